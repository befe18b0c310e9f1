/**
 * One alert in full: its timeline, who is engaged, what was sent, what is due next; and, for a revealed case only, the
 * people and the way there in plain text. Nothing here is cached.
 */
import { maskName, maskPhone } from '#core/messages.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';
import { dueShown } from './timers.ts';

export type TimelineEntry = { id: string; at: number; actorType: string; actorId: string; actorName: string | null; action: string; detail: Record<string, unknown>; note: string | null };

/** The log of an alert in order. `withNotes` opens free text, which may hold personal data. */
export async function readTimeline(sql: Sql, seal: Seal, alertId: string, withNotes: boolean, limit: number): Promise<TimelineEntry[]> {
  const rows = await sql.query<Omit<TimelineEntry, 'note' | 'actorName'> & { noteEnc: Buffer | null; userName: string | null; partyName: Buffer | null; contactName: Buffer | null }>(
    `select l.id, l.at, l.actor_type as "actorType", l.actor_id as "actorId", l.action, l.detail, l.note_enc as "noteEnc", u.display_name as "userName", r.name_enc as "partyName", c.name_enc as "contactName"
     from alert_log l left join app_user u on l.actor_type = 'user' and u.id = l.actor_id
       left join responder r on l.actor_type = 'party' and 'responder:' || r.id = l.actor_id left join contact c on l.actor_type = 'party' and 'contact:' || c.id = l.actor_id
     where l.alert_id = $1 order by l.at, l.id limit $2`, [alertId, limit]);
  return rows.map(({ noteEnc, userName, partyName, contactName, ...row }) => ({
    ...row, actorName: userName ?? maskedOrNull(seal.openOrNull('responder.name', partyName) ?? seal.openOrNull('contact.name', contactName)),
    note: withNotes ? seal.openOrNull('alert_log.note', noteEnc) : null,
  }));
}
const maskedOrNull = (name: string | null): string | null => (name === null ? null : maskName(name));

export type EngagementRow = { party: string; state: string; role: string | null; name: string | null; phone: string | null; notifiedAt: number | null; acceptedAt: number | null; arrivedAt: number | null; arriveBy: number | null; updatedAt: number };

/** Everybody's part in the alert, names and numbers masked. */
export async function readEngagements(sql: Sql, seal: Seal, alertId: string): Promise<EngagementRow[]> {
  const rows = await sql.query<Omit<EngagementRow, 'name' | 'phone'> & Sealed>(
    `select e.party, e.state, e.notified_at as "notifiedAt", e.accepted_at as "acceptedAt", e.arrived_at as "arrivedAt", e.departed_at as "departedAt", e.arrive_by as "arriveBy", e.updated_at as "updatedAt", ${partyColumns}
     from engagement e ${partyJoins('e.party')} where e.alert_id = $1 order by e.updated_at`, [alertId]);
  return rows.map((row) => ({ ...plainOf(row), ...maskedParty(seal, row) }));
}

type Sealed = { role: string | null; rName: Buffer | null; rPhone: Buffer | null; cName: Buffer | null; cPhone: Buffer | null };
const partyColumns = 'coalesce(r.role, c.relation) as role, r.name_enc as "rName", r.phone_enc as "rPhone", c.name_enc as "cName", c.phone_enc as "cPhone"';
const partyJoins = (party: string): string => `left join responder r on ${party} = 'responder:' || r.id left join contact c on ${party} = 'contact:' || c.id`;
const partyText = (seal: Seal, row: Sealed): { name: string | null; phone: string | null } => ({
  name: seal.openOrNull('responder.name', row.rName) ?? seal.openOrNull('contact.name', row.cName), phone: seal.openOrNull('responder.phone', row.rPhone) ?? seal.openOrNull('contact.phone', row.cPhone),
});
function maskedParty(seal: Seal, row: Sealed): { name: string | null; phone: string | null } {
  const { name, phone } = partyText(seal, row);
  return { name: maskedOrNull(name), phone: phone === null ? null : maskPhone(phone) };
}
function plainOf<T extends Sealed>(row: T): Omit<T, 'rName' | 'rPhone' | 'cName' | 'cPhone'> {
  const { rName: _a, rPhone: _b, cName: _c, cPhone: _d, ...rest } = row;
  return rest;
}

export type SentMessage = {
  id: string; outId: string; party: string; channel: string; template: string; state: string; to: string; round: number | null; step: number | null;
  dueAt: number; acceptedAt: number | null; doneAt: number | null; attempts: number; errorCode: string | null;
};

/** What was sent for the alert and what became of it; numbers masked, texts not included. */
export async function readMessages(sql: Sql, seal: Seal, alertId: string, limit: number): Promise<SentMessage[]> {
  const rows = await sql.query<Omit<SentMessage, 'to'> & { toEnc: Buffer }>(
    `select id, out_id as "outId", party, channel, template, state, to_enc as "toEnc", round, step, due_at as "dueAt", accepted_at as "acceptedAt", done_at as "doneAt", attempts, error_code as "errorCode"
     from outbox where alert_id = $1 order by id limit $2`, [alertId, limit]);
  return rows.map(({ toEnc, ...row }) => ({ ...row, to: maskPhone(seal.open('outbox.to', toEnc)) }));
}

/** What happens next by itself, soonest first. */
export async function readDue(sql: Sql, alertId: string): Promise<{ slot: string; dueAt: number }[]> {
  return sql.query(`select t.slot, ${dueShown('t')} as "dueAt" from timer t where t.alert_id = $1 and t.fired_at is null and t.cancelled_at is null order by 2`, [alertId]);
}

export type Candidate = {
  party: string; role: string; name: string; phone: string; near: 'home' | 'village' | 'town' | 'county'; keyHolder: boolean; walkMinutes: number | null; languages: string[];
  landline: boolean; absentUntil: number | null; optedOut: boolean; /** 撤回同意: the house asks him no more, a human may dial */ withdrawn: boolean;
  /** When he last stood at a door, and when his telephone last said where, of any case. */ lastArrivedAt: number | null; lastPositionAt: number | null;
  /** The code of their own page /j/{code} for this alert; only when `plain`, because whoever has it answers for them. */ code: string | null;
};

/** Who can be sent: the person's contacts, the village's and town's responders, the county's. `plain` opens names and numbers. */
export async function readCandidates(sql: Sql, seal: Seal, at: { id: string; homeId: string | null; personId: string | null; regionCode: string | null }, plain: boolean): Promise<Candidate[]> {
  const rows = await sql.query<Omit<Candidate, 'name' | 'phone'> & Sealed & { near_no: number; ord: number }>(
    `select q.*, s.code, (select max(e.arrived_at) from engagement e where e.party = q.party) as "lastArrivedAt", (select max(w.at) from party_position w where w.party = q.party) as "lastPositionAt" from (
     select 'contact:' || c.id as party, c.relation as role, 'home' as near, c.key_holder as "keyHolder", c.walk_minutes as "walkMinutes", array_remove(array[c.language], null) as languages,
       false as landline, c.absent_until as "absentUntil", c.opted_out_at is not null as "optedOut", c.withdrawn_at is not null as withdrawn, null::bytea as "rName", null::bytea as "rPhone", c.name_enc as "cName", c.phone_enc as "cPhone", 0 as near_no, c.ord
     from contact c join person p on p.id = c.person_id where (p.id = $1 or ($1::text is null and p.home_id = $2))
     union all
     select 'responder:' || r.id, r.role, case when r.region_code = $3 then 'village' when right(r.region_code, 6) = '000000' then 'county' else 'town' end,
       r.key_holder and r.region_code = $3, r.walk_minutes, r.languages, r.landline, r.absent_until, r.opted_out_at is not null, false, r.name_enc, r.phone_enc, null, null,
       case when r.region_code = $3 then 1 when right(r.region_code, 6) = '000000' then 3 else 2 end, r.ord
     from responder r where $3::text is not null and r.region_code in ($3, left($3, 9) || '000', left($3, 6) || '000000')
     ) q left join slip s on s.alert_id = $4 and s.party = q.party order by q.near_no, q.withdrawn, q.ord, q.party limit 100`, [at.personId, at.homeId, at.regionCode, at.id]);
  return rows.map((row) => {
    const { near_no: _n, ord: _o, ...rest } = plainOf(row);
    const { name, phone } = plain ? partyText(seal, row) : maskedParty(seal, row);
    return { ...rest, name: name ?? '', phone: phone ?? '', code: plain ? rest.code : null };
  });
}

export type RevealedPerson = {
  id: string; name: string; phone: string | null; sex: string | null; birthYear: number | null; living: string | null; ability: string | null; category: string[]; riskTags: string[]; highRisk: boolean;
  language: string | null; hearing: string | null; healthNote: string | null; note: string | null;
};
export type RevealedHome = {
  id: string; address: string; place: string; landmark: string | null; roadEnd: string | null; walkMinutes: number | null; keyWith: string | null; dog: boolean; lat: number | null; lon: number | null; crs: string;
};

/** Name, number and notes of a person; the caller audits every use. */
export async function revealPerson(sql: Sql, seal: Seal, id: string): Promise<RevealedPerson | null> {
  const [row] = await sql.query<Omit<RevealedPerson, 'name' | 'phone' | 'healthNote' | 'note'> & { name_enc: Buffer; phone_enc: Buffer | null; health_note_enc: Buffer | null; note_enc: Buffer | null }>(
    `select id, name_enc, phone_enc, sex, birth_year as "birthYear", living, ability, category, risk_tags as "riskTags", high_risk as "highRisk", language, hearing, health_note_enc, note_enc from person where id = $1`, [id]);
  if (!row) return null;
  const { name_enc, phone_enc, health_note_enc, note_enc, ...rest } = row;
  return {
    ...rest, name: seal.open('person.name', name_enc), phone: seal.openOrNull('person.phone', phone_enc),
    healthNote: seal.openOrNull('person.health_note', health_note_enc), note: seal.openOrNull('person.note', note_enc),
  };
}

/** The way to a home; the caller audits every use. */
export async function revealHome(sql: Sql, seal: Seal, id: string): Promise<RevealedHome | null> {
  const [row] = await sql.query<Omit<RevealedHome, 'address' | 'place' | 'landmark' | 'keyWith'> & { address_enc: Buffer; place_enc: Buffer; landmark_enc: Buffer | null; key_with_enc: Buffer | null }>(
    `select id, address_enc, place_enc, landmark_enc, road_end as "roadEnd", walk_minutes as "walkMinutes", key_with_enc, dog, lat, lon, crs from home where id = $1`, [id]);
  if (!row) return null;
  const { address_enc, place_enc, landmark_enc, key_with_enc, ...rest } = row;
  return {
    ...rest, address: seal.open('home.address', address_enc), place: seal.open('home.place', place_enc),
    landmark: seal.openOrNull('home.landmark', landmark_enc), keyWith: seal.openOrNull('home.key_with', key_with_enc),
  };
}
