/**
 * Alarms that reach the house through a human: a telephone call, an entry at the wall. They become event rows like a device's
 * (the same queue, the same rules), committed before anybody is answered. The caller's number is sealed in the event's data;
 * an unknown one becomes a subject by its masked form and its keyed index, never by itself.
 */
import { kindInfo, type EventKind } from '#core/event.ts';
import { maskPhone } from '#core/messages.ts';
import { shardOf } from '#core/shard.ts';
import { hint, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type Caller = { personId: string | null; homeId: string | null; regionCode: string | null; how: 'device' | 'person' | 'contact' | 'home' | 'responder'; /** a one-key telephone */ deviceId: string | null };

/**
 * Whose number this is. Of several persons of one home the home is meant; of persons of several homes the first by risk and id
 * (the others stand in `others`). Null: nobody's.
 */
export async function findCaller(sql: Sql, seal: Seal, phone: string): Promise<(Caller & { others: string[] }) | null> {
  const [oneKey] = await sql.query<Omit<Caller, 'how'>>(
    `select d.id as "deviceId", d.person_id as "personId", coalesce(d.home_id, p.home_id) as "homeId", coalesce(h.region_code, p.registered_region_code) as "regionCode"
     from device d left join person p on p.id = d.person_id left join home h on h.id = coalesce(d.home_id, p.home_id) where d.phone_bidx = $1 and d.status = 'installed' order by d.id limit 1`, [seal.blind('phone', phone)]);
  if (oneKey) return { ...oneKey, how: 'device', others: [] };
  const rows = await sql.query<{ personId: string; homeId: string | null; regionCode: string | null; rank: number }>(
    `select p.id as "personId", p.home_id as "homeId", coalesce(h.region_code, p.registered_region_code) as "regionCode", v.rank
     from (select id, 0 as rank from person where phone_bidx = $1 union all select person_id, 1 from contact where phone_bidx = $1) v
       join person p on p.id = v.id left join home h on h.id = p.home_id order by v.rank, p.high_risk desc, p.id limit 20`, [seal.blind('phone', phone)]);
  const best = rows.filter((r) => r.rank === rows[0]?.rank);
  const [first] = best;
  if (!first) return await findResponderCall(sql, seal, phone);
  const people = [...new Set(best.map((r) => r.personId))];
  const oneHome = people.length > 1 && first.homeId !== null && best.every((r) => r.homeId === first.homeId);
  const others = oneHome ? [] : people.filter((id) => id !== first.personId);
  return { deviceId: null, personId: oneHome ? null : first.personId, homeId: first.homeId, regionCode: first.regionCode, how: oneHome ? 'home' : first.rank === 0 ? 'person' : 'contact', others };
}

async function findResponderCall(sql: Sql, seal: Seal, phone: string): Promise<(Caller & { others: string[] }) | null> {
  const [row] = await sql.query<{ regionCode: string }>('select region_code as "regionCode" from responder where phone_bidx = $1 order by id limit 1', [seal.blind('phone', phone)]);
  return row ? { deviceId: null, personId: null, homeId: null, regionCode: row.regionCode, how: 'responder', others: [] } : null;
}

/** A subject for a number that is nobody's: masked, and told apart by its keyed index. */
export function numberSubject(seal: Seal, phone: string): { type: 'number'; id: string } {
  return { type: 'number', id: `${maskPhone(phone)}#${seal.blind('phone', phone).toString('hex').slice(0, 12)}` };
}

export type DeskEvent = {
  ingestId: string; source: 'phone' | 'wall'; kind: EventKind; personId: string | null; homeId: string | null; deviceId: string | null;
  /** `subject` and `regionCode` name what the row has no column for; the rest is kept for the timeline. */ data: Record<string, unknown>; trace: string;
};

/** Inserts the event and wakes the evaluators. The event's id; the same for a repeated ingest id. */
export async function insertDeskEvent(sql: Sql, seal: Seal, e: DeskEvent): Promise<{ id: string; receivedAt: number; fresh: boolean }> {
  const subject = (e.data['subject'] as { id?: string } | undefined)?.id ?? e.personId ?? '';
  const [row] = await sql.query<{ id: string; receivedAt: number }>(
    `insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, source, kind, edge, received_at, data_enc, trace)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 'raise', anling_now(), $9, $10) on conflict (ingest_id) do nothing returning id, received_at as "receivedAt"`,
    [e.ingestId, shardOf(e.homeId, e.deviceId, subject), kindInfo[e.kind].priority, e.deviceId, e.homeId, e.personId, e.source, e.kind,
      seal.seal('event.data', JSON.stringify({ data: e.data })), e.trace]);
  if (row) {
    await hint(sql, ['anling_event']);
    return { ...row, fresh: true };
  }
  const [known] = await sql.query<{ id: string; receivedAt: number }>('select id, received_at as "receivedAt" from event where ingest_id = $1', [e.ingestId]);
  return { id: known?.id ?? '', receivedAt: known?.receivedAt ?? 0, fresh: false };
}

/** The numbers and notes that callers left with one alert, newest first: [telephone, note]; for an audited look. */
export async function alertCallers(sql: Sql, seal: Seal, alertId: string): Promise<{ at: number; from: string | null; note: string | null }[]> {
  const rows = await sql.query<{ at: number; data: Buffer }>(
    `select received_at as at, data_enc as data from event where alert_id = $1 and source in ('phone', 'wall') and data_enc is not null order by id desc limit 50`, [alertId]);
  return rows.map(({ at, data }) => {
    const { data: inner } = JSON.parse(seal.open('event.data', data)) as { data?: { from?: string; note?: string } };
    return { at, from: inner?.from ?? null, note: inner?.note ?? null };
  });
}
