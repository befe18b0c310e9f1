/**
 * SQL of who can be called: responders of the alerts' villages and towns, the county's desk, contacts of the persons.
 * Telephone numbers stay sealed here; only store/outbox-insert.ts carries them over.
 */
import type { Alert } from '#core/alert.ts';
import type { AlertId, Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { PartyFacts, PartyRole } from '#core/roster.ts';
import { type Row, type Sql, together } from './pool.ts';
import { offDuty, readTurns, type Turns } from './schedules.ts';

/** What of an alert its roster is looked up by. */
export type RosterKey = Pick<Alert, 'id' | 'flags' | 'homeId' | 'personId' | 'regionCode'>;
/** Facts as from anywhere, and what changes them by where the alert is. */
type Responder = { facts: Omit<PartyFacts, 'walkMinutes'>; walkMinutes: number | null; languages: readonly string[]; region: string; lat: number | null; lon: number | null; desk: boolean; cutOff: boolean };

type Place = { code: string; lat: number | null; lon: number | null };
type Scope = { from: string; to: string };
/** What an elder speaks: of the file, else of the village or town. */
type Speech = { id: string; homeId: string | null; language: string | null };
/** Rows that rosters are made of; standby keeps those of the whole county. */
export type RosterRows = { responders: readonly Row[]; contacts: readonly Row[]; places: readonly Place[]; scopes: readonly Scope[]; turns: Turns; speech?: readonly Speech[] };

const responderRows = `select 'responder:' || p.id as party, p.role, p.ord, p.region_code, encode(p.phone_bidx, 'hex') as phone_key, p.landline, p.key_holder, p.walk_minutes, p.languages,
       to_char(p.quiet_from, 'HH24:MI') as quiet_from, to_char(p.quiet_to, 'HH24:MI') as quiet_to, p.opted_out_at is not null as opted_out, p.absent_until, r.lat, r.lon, coalesce(l.told, 0) as called
     from responder p join region r on r.code = p.region_code left join responder_load l on l.responder_id = p.id`;
const contactRows = `select 'contact:' || c.id as party, c.person_id, p.home_id, c.relation, c.ord, c.key_holder, c.walk_minutes, encode(c.phone_bidx, 'hex') as phone_key, c.opted_out_at is not null as opted_out, c.absent_until,
       c.emergencies_only, to_char(c.quiet_from, 'HH24:MI') as quiet_from, to_char(c.quiet_to, 'HH24:MI') as quiet_to, c.withdrawn_at is not null as withdrawn
     from contact c join person p on p.id = c.person_id`;

const speechRows = `select p.id, p.home_id as "homeId", coalesce(p.language, v.language, t.language) as language from person p left join region v on v.code = p.region_code left join region t on t.code = v.parent_code`;

/** The roster of each alert; `at` asks whose turn it will be (null: now). In an outage it reaches further: to the nearest villages that still have a signal. */
export async function rostersOf(sql: Sql, alerts: readonly RosterKey[], at: number | null = null): Promise<Map<AlertId, PartyFacts[]>> {
  if (alerts.length === 0) return new Map();
  const towns = [...new Set(alerts.flatMap((a) => (a.regionCode ? [a.regionCode.slice(0, 9)] : [])))];
  const [people, homes] = [alerts.flatMap((a) => a.personId ?? []), alerts.flatMap((a) => (a.personId === null && a.homeId ? [a.homeId] : []))];
  const [turns, scopes, responders, contacts, speech, places] = await together([
    readTurns(sql, at), outageScopes(sql),
    sql.query(
      `${responderRows}
       where left(p.region_code, 9) = any($1) or p.role in ('seat', 'shift-leader', 'duty-leader') or $2 and p.role = 'care-worker' and exists (${openScopes}) order by p.role, p.ord, p.id`, [towns, alerts.some(inOutage)], 'roster-responders'),
    sql.query(
      `${contactRows} where c.person_id in (select id from person where id = any($1) union select id from person where home_id = any($2)) order by p.high_risk desc, p.id, c.ord, c.id`,
      [people, homes], 'roster-contacts'),
    sql.query<Speech>(`${speechRows} where p.id = any($1) or p.home_id = any($2)`, [people, homes], 'roster-speech'),
    sql.query<Place>('select code, lat, lon from region where code = any($1)', [[...new Set(alerts.flatMap((a) => a.regionCode ?? []))]], 'roster-places'),
  ]);
  return rostersFrom({ responders, contacts, places, scopes, turns, speech }, alerts, at);
}

const openScopes = `select scope_from as "from", scope_to as "to" from outage where ended_at is null and (subject_type = 'region' or scope_from = scope_to)`;

/** Everybody of the county, for who must go on without the database. */
export async function allRosterRows(sql: Sql): Promise<RosterRows> {
  return {
    responders: await sql.query(`${responderRows} order by p.role, p.ord, p.id`), contacts: await sql.query(`${contactRows} order by p.high_risk desc, p.id, c.ord, c.id`),
    places: await sql.query<Place>('select code, lat, lon from region'), scopes: await outageScopes(sql), turns: await readTurns(sql, null, limits.standbyTurnsMs),
    speech: await sql.query<Speech>(speechRows),
  };
}

/**
 * `at`: whose turn it is then (null: when the rows were read). Each alert sees all of its town, so what does not depend on the alert is made once
 * (256 alerts among 1,443 responders: 4 ms instead of 22; on a busy machine it was two fifths of a worker with 10,000 open escalations).
 */
export function rostersFrom(rows: RosterRows, alerts: readonly RosterKey[], at: number | null): Map<AlertId, PartyFacts[]> {
  const { scopes } = rows;
  const off = offDuty(rows.turns, at);
  const responders = rows.responders.map((r) => responder(r, off, scopes));
  const contacts = contactsFrom(rows.contacts, alerts.length);
  const spoken = Map.groupBy(rows.speech ?? [], (s) => s.homeId);
  const byPerson = new Map((rows.speech ?? []).map((s) => [s.id, s]));
  const speechOf = (a: RosterKey): Set<string> => new Set((a.personId === null ? (a.homeId === null ? [] : (spoken.get(a.homeId) ?? [])) : [byPerson.get(a.personId)]).flatMap((s) => s?.language ?? []));
  const places = new Map(rows.places.map((r) => [r.code, r]));
  const desk = responders.filter((p) => p.desk);
  const byTown = Map.groupBy(responders.filter((p) => !p.desk), (p) => p.region.slice(0, 9));
  const near = (a: RosterKey): Responder[] => [...(a.regionCode ? (byTown.get(a.regionCode.slice(0, 9)) ?? []) : []), ...desk];
  const far = (a: RosterKey): Responder[] => (inOutage(a) ? responders.filter((p) => p.facts.role === 'care-worker' && p.region.slice(0, 9) !== a.regionCode?.slice(0, 9) && !lies(p.region, scopes)) : []);
  return new Map(alerts.map((a) => {
    const [speech, place] = [speechOf(a), places.get(a.regionCode ?? '')];
    const seen = (list: readonly Responder[]): PartyFacts[] => {
      const facts: PartyFacts[] = [];
      for (const p of list) { const f = asSeenFrom(a, p, place, speech); if (f) facts.push(f); }
      return facts;
    };
    const own = contacts(a).map((f): PartyFacts => (inOutage(a) && f.reach === 'village' ? { ...f, cutOff: true } : f));
    const further = seen(far(a)).sort((x, y) => x.distanceKm - y.distanceKm).slice(0, farVillages);
    return [a.id, [...own, ...seen(near(a)), ...further]];
  }));
}

/** Care-workers of other towns that an alert in an outage may call. */
const farVillages = 9;
const inOutage = (a: Pick<Alert, 'flags'>): boolean => a.flags.includes('in-outage');
/** Whether a region lies in one of these. */
export const lies = (region: string, scopes: readonly Scope[]): boolean => scopes.some((s) => region >= s.from && region <= s.to);

/** Regions that lie in an open outage, as codes from and to; of a mast or a line only where it is one village's. */
export function outageScopes(sql: Sql): Promise<Scope[]> {
  return sql.query(openScopes, [], 'roster-outages');
}

const walkOf = (r: Row): Pick<PartyFacts, 'walkMinutes'> => (r['walk_minutes'] === null ? {} : { walkMinutes: r['walk_minutes'] as number });
const deskRoles: ReadonlySet<string> = new Set(['seat', 'shift-leader', 'duty-leader']);

function responder(r: Row, off: ReadonlySet<Party>, scopes: readonly Scope[]): Responder {
  const [party, landline, region, desk] = [r['party'] as Party, r['landline'] as boolean, r['region_code'] as string, deskRoles.has(r['role'] as string)];
  return {
    facts: {
      party, role: r['role'] as PartyRole, ord: r['ord'] as number, phoneKey: r['phone_key'] as string, landline, keyHolder: r['key_holder'] as boolean, reach: 'county', distanceKm: 0,
      ...(r['quiet_from'] === null ? {} : { quiet: { from: r['quiet_from'] as string, to: r['quiet_to'] as string } }),
      optedOut: r['opted_out'] as boolean, absentUntil: r['absent_until'] as number | null, ...(r['called'] ? { called: r['called'] as number } : {}), ...(off.has(party) ? { offDuty: true as const } : {}),
    },
    walkMinutes: r['walk_minutes'] as number | null, languages: r['languages'] as string[] | undefined ?? [], region, lat: r['lat'] as number | null, lon: r['lon'] as number | null, desk,
    cutOff: !landline && !desk && lies(region, scopes),
  };
}

/** Null: not for an alert there. `speech`: what its elders speak. */
function asSeenFrom({ regionCode }: RosterKey, p: Responder, home: Place | undefined, speech: ReadonlySet<string>): PartyFacts | null {
  const { region, lat, lon, desk } = p;
  const facts: PartyFacts = { ...p.facts };
  if (p.cutOff) facts.cutOff = true;
  if (speech.size > 0 && p.languages.length > 0 && !p.languages.some((l) => speech.has(l))) facts.strange = true;
  if (regionCode === null) { facts.keyHolder = false; return desk ? facts : null; }
  if (!region.startsWith(regionCode.slice(0, 6))) return null;
  const [village, town] = [region === regionCode, region.startsWith(regionCode.slice(0, 9))];
  facts.keyHolder &&= village;
  facts.reach = facts.role === 'town-duty' ? 'town' : village ? 'village' : desk || !town ? 'county' : 'town';
  if (village && p.walkMinutes !== null) facts.walkMinutes = p.walkMinutes; // measured to the middle of his own village
  if (village || desk || facts.role === 'town-duty') return facts;
  facts.distanceKm = home?.lat != null && home.lon != null && lat !== null && lon !== null
    ? Math.hypot((lat - home.lat) * 111, (lon - home.lon) * 100) : Math.abs(Number(region.slice(9)) - Number(regionCode.slice(9))) / 100;
  return facts;
}

/** Contacts of the alert's person; of everybody in the home when no person is named. */
function contactsFrom(rows: readonly Row[], alerts: number): (alert: RosterKey) => PartyFacts[] {
  // Standby asks for one alert among the contacts of the county: for few a look through is less than an index.
  const [byPerson, byHome] = alerts < 8 ? [] : [Map.groupBy(rows, (r) => r['person_id']), Map.groupBy(rows, (r) => r['home_id'])];
  const of = ({ personId, homeId }: RosterKey): readonly Row[] => {
    if (personId !== null) return byPerson ? (byPerson.get(personId) ?? []) : rows.filter((r) => r['person_id'] === personId);
    return homeId === null ? [] : byHome ? (byHome.get(homeId) ?? []) : rows.filter((r) => r['home_id'] === homeId);
  };
  return (alert) => of(alert)
    .map((r, i) => ({
      party: r['party'] as Party, role: r['relation'] as PartyRole, ord: i + 1, keyHolder: r['key_holder'] as boolean, reach: r['relation'] === 'family' && !r['key_holder'] ? 'county' : 'village', distanceKm: 0,
      phoneKey: r['phone_key'] as string, landline: false, optedOut: r['opted_out'] as boolean, absentUntil: r['absent_until'] as number | null, ...walkOf(r),
      ...(r['quiet_from'] ? { quiet: { from: r['quiet_from'] as string, to: r['quiet_to'] as string } } : {}), ...(r['emergencies_only'] ? { emergenciesOnly: true as const } : {}), ...(r['withdrawn'] ? { withdrawn: true as const } : {}),
    }));
}

/** Parties with this number, and those for whom somebody has bound it (F20). */
export async function partiesByPhone(sql: Sql, bidx: Uint8Array): Promise<{ party: Party; nameEnc: Buffer }[]> {
  return await sql.query<{ party: Party; nameEnc: Buffer } & Row>(
    `select 'responder:' || id as party, name_enc as "nameEnc" from responder where phone_bidx = $1 union all select 'contact:' || id, name_enc from contact where phone_bidx = $1
     union all select a.party, coalesce(r.name_enc, c.name_enc) from reply_alias a left join responder r on a.party = 'responder:' || r.id left join contact c on a.party = 'contact:' || c.id where a.phone_bidx = $1 and coalesce(r.id, c.id) is not null`, [bidx], 'roster-by-phone');
}

const split = (parties: readonly Party[]): [string[], string[]] => [
  parties.filter((p) => p.startsWith('responder:')).map((p) => p.slice(10)), parties.filter((p) => p.startsWith('contact:')).map((p) => p.slice(8)),
];

/** Marks parties absent until then (8: off today), opted out, or proven reachable (5). */
export async function markParties(sql: Sql, parties: readonly Party[], mark: { absentUntil: number | null } | 'opted-out' | 'verified'): Promise<void> {
  const set = mark === 'opted-out' ? 'opted_out_at = coalesce(opted_out_at, anling_now())' : mark === 'verified' ? 'verified_at = anling_now()' : 'absent_until = to_timestamp($2::float8 / 1000)';
  const more = typeof mark === 'string' ? [] : [mark.absentUntil];
  const [responders, contacts] = split(parties);
  await sql.query(`update responder set ${set} where id = any($1)`, [responders, ...more]);
  await sql.query(`update contact set ${set} where id = any($1)`, [contacts, ...more]);
}

/** Until when these are away, the longest; null: nobody is. */
export async function absentUntil(sql: Sql, parties: readonly Party[]): Promise<number | null> {
  const [responders, contacts] = split(parties);
  const [row] = await sql.query<{ until: number | null }>(
    `select max(absent_until) as until from (select absent_until from responder where id = any($1) union all select absent_until from contact where id = any($2)) x where absent_until > anling_now()`, [responders, contacts], 'roster-absent');
  return row?.until ?? null;
}
