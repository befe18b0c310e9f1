/** Slips (单号) as the caregiver's link needs them: what her code stands for, who else goes, and her other open ones. */
import type { AlertState } from '#core/alert.ts';
import type { EngagementState } from '#core/change.ts';
import type { EventKind } from '#core/event.ts';
import { maskName } from '#core/messages.ts';
import { showRegion } from '#core/region.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type SlipCase = {
  party: string; no: number; alertId: string; kind: EventKind; state: AlertState; openedAt: number; closedAt: number | null; count: number; flags: string[];
  personId: string | null; homeId: string | null; town: string | null; village: string | null; now: number; demo: boolean; /** she has sent a picture */ photo: boolean;
  /** masked, e.g. 陈*水 */ name: string | null;
  mine: EngagementState | null; departed: boolean; /** she is not to be called until then */ absentUntil: number | null; /** her own name, for the log */ partyName: string;
  /** Somebody else who goes or is there, masked, since when. */ other: { name: string; role: string; at: number } | null;
};

// As people say it: 内洋村, not 内洋村委会.
const shown = (region: string | null): string | null => region && showRegion(region);

/** What a code stands for; null for one that never was. */
export async function findSlip(sql: Sql, seal: Seal, code: string): Promise<SlipCase | null> {
  const [row] = await sql.query<Row & Omit<SlipCase, 'name' | 'partyName' | 'other'> & { nameEnc: Buffer | null; rName: Buffer | null; cName: Buffer | null; level: string | null; region: string | null; parent: string | null }>(
    `select s.party, s.no, s.alert_id as "alertId", a.kind, a.state, a.opened_at as "openedAt", a.closed_at as "closedAt", a.count, a.flags, a.person_id as "personId", a.home_id as "homeId", a.demo, exists (select from alert_photo f where f.alert_id = a.id and f.party = s.party) as photo,
       anling_now() as now, p.name_enc as "nameEnc", v.name as region, v.level, w.name as parent, e.state as mine, e.departed_at is not null as departed, coalesce(r.absent_until, c.absent_until) as "absentUntil", r.name_enc as "rName", c.name_enc as "cName"
     from slip s join alert a on a.id = s.alert_id left join person p on p.id = a.person_id left join region v on v.code = a.region_code left join region w on w.code = v.parent_code
       left join engagement e on e.alert_id = a.id and e.party = s.party
       left join responder r on 'responder:' || r.id = s.party left join contact c on 'contact:' || c.id = s.party
     where s.code = $1`, [code], 'slip');
  if (!row) return null;
  const { nameEnc, rName, cName, level, region, parent, ...rest } = row;
  const name = seal.openOrNull('person.name', nameEnc);
  return {
    ...(rest as Omit<SlipCase, 'name' | 'partyName' | 'other' | 'town' | 'village'>),
    town: shown(level === 'town' ? region : level === 'village' ? parent : null), village: shown(level === 'village' ? region : null), name: name === null ? null : maskName(name),
    partyName: seal.openOrNull('responder.name', rName) ?? seal.openOrNull('contact.name', cName) ?? '', other: await findOther(sql, seal, row.alertId, row.party),
  };
}

async function findOther(sql: Sql, seal: Seal, alertId: string, party: string): Promise<SlipCase['other']> {
  const [row] = await sql.query<{ at: number; role: string; rName: Buffer | null; cName: Buffer | null }>(
    `select coalesce(e.arrived_at, e.accepted_at, e.updated_at) as at, coalesce(r.role, c.relation, 'other') as role, r.name_enc as "rName", c.name_enc as "cName" from engagement e
       left join responder r on 'responder:' || r.id = e.party left join contact c on 'contact:' || c.id = e.party
     where e.alert_id = $1 and e.party <> $2 and e.state in ('accepted', 'arrived', 'done') order by e.arrived_at nulls last, e.accepted_at nulls last limit 1`, [alertId, party]);
  if (!row) return null;
  const name = seal.openOrNull('responder.name', row.rName) ?? seal.openOrNull('contact.name', row.cName);
  return { name: name === null ? '' : maskName(name), role: row.role, at: row.at };
}

type OtherSlip = { alertId: string; code: string; no: number; kind: EventKind; openedAt: number; village: string | null; mine: EngagementState | null };
/** Her other slips whose alerts are open, newest first. */
export async function otherSlips(sql: Sql, party: string, alertId: string): Promise<OtherSlip[]> {
  const rows = await sql.query<OtherSlip>(
    `select s.alert_id as "alertId", s.code, s.no, a.kind, a.opened_at as "openedAt", v.name as village, e.state as mine from slip s join alert a on a.id = s.alert_id
       left join region v on v.code = a.region_code left join engagement e on e.alert_id = a.id and e.party = s.party
     where s.party = $1 and s.alert_id <> $2 and a.state <> 'closed' order by s.created_at desc limit 20`, [party, alertId]);
  return rows.map((r) => ({ ...r, village: shown(r.village) }));
}
