/**
 * SQL of telephone calls that come in: who may be calling, whether somebody has opened it, which alarm it raised. A call that nobody
 * opens becomes `missed`, and if it is an elder's or their family's and has raised nothing yet, it raises then: no cry is lost
 * because a telephone was not picked up (law 5).
 */
import { randomUUID } from 'node:crypto';
import type { CallView } from '#core/live.ts';
import { limits } from '#core/limits.ts';
import { maskName, maskPhone } from '#core/messages.ts';
import { insertDeskEvent } from './desk-events.ts';
import { hint, type Row, type Sql } from './pool.ts';
import { seenFrom } from './regions.ts';
import type { Seal } from './seal.ts';
import { readNow, setSystemTimers } from './timers.ts';

export type CallTarget = { personId: string | null; homeId: string | null; deviceId: string | null; regionCode: string | null; matched: CallView['matched'] };
const told = (sql: Sql): Promise<void> => hint(sql, ['anling_call']);
const ofNumber = (seal: Seal, digits: string): Buffer | null => (digits === '' ? null : seal.blind('phone', digits));

/** The call as a row, or the ringing one of the same number once more. `digits` empty: withheld, never merged. */
export async function noteCall(sql: Sql, seal: Seal, digits: string, target: CallTarget, trace: string): Promise<{ id: string; fresh: boolean }> {
  const bidx = ofNumber(seal, digits);
  const [again] = bidx === null ? [] : await sql.query<{ id: string }>(
    `update call set count = count + 1, last_at = anling_now() where id = (
       select id from call where from_bidx = $1 and state = 'ringing' and last_at > anling_now() - $2 * interval '1 ms' order by id desc limit 1 for update) returning id`, [bidx, limits.callOpenMs]);
  if (target.deviceId !== null) // A one-key telephone has no heartbeat: its call is its sign of life.
    await sql.query(`update presence set last_seen_at = anling_now(), state = 'online' where device_id = $1`, [target.deviceId]);
  await told(sql);
  if (again) return { id: again.id, fresh: false };
  const [row] = await sql.query<{ id: string }>(
    'insert into call (from_enc, from_bidx, matched, person_id, home_id, device_id, region_code, trace) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id',
    [seal.sealOrNull('call.from', digits || null), bidx, target.matched, target.personId, target.homeId, target.deviceId, target.regionCode, trace]);
  const id = (row as { id: string }).id;
  await setSystemTimers(sql, [{ slot: `call:${id}`, dueAt: (await readNow(sql)) + limits.callOpenMs, payload: { callId: id } }]);
  return { id, fresh: true };
}

/** The call has raised this event; the first one stands. */
export async function callRaised(sql: Sql, id: string, eventId: string): Promise<void> {
  await sql.query('update call set event_id = coalesce(event_id, $2) where id = $1', [id, eventId]);
}

/** The newest ringing call of this number. */
export async function ringingCall(sql: Sql, seal: Seal, digits: string): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>(`select id from call where from_bidx is not distinct from $1 and state = 'ringing' order by id desc limit 1`, [ofNumber(seal, digits)]);
  return row?.id ?? null;
}

/** Somebody has it. False: somebody else had it before. */
export async function openCall(sql: Sql, id: string, by: { actor: string; name: string }): Promise<boolean> {
  const rows = await sql.query(`update call set state = 'opened', opened_at = anling_now(), opened_by = $2, opened_by_name = $3 where id = $1 and state <> 'opened' returning id`, [id, by.actor, by.name]);
  if (rows.length > 0) await told(sql);
  return rows.length > 0;
}

/** Nobody has opened it in time, or it was hung up. Whoever took its alarm meanwhile has opened it. */
export async function missCall(sql: Sql, seal: Seal, id: string): Promise<void> {
  const [call] = await sql.query<{ personId: string | null; homeId: string | null; from: Buffer | null; matched: CallView['matched']; eventId: string | null; taken: boolean; claimedBy: string | null; trace: string }>(
    `select c.person_id as "personId", c.home_id as "homeId", c.from_enc as "from", c.matched, c.event_id as "eventId", coalesce(a.state not in ('open', 'confirming'), false) as taken, a.claimed_by as "claimedBy", c.trace
     from call c left join event e on e.id = c.event_id left join alert a on a.id = e.alert_id where c.id = $1 and c.state = 'ringing' for update of c`, [id]);
  if (!call) return;
  if (call.taken) { await openCall(sql, id, { actor: call.claimedBy === null ? 'house' : `user:${call.claimedBy}`, name: '' }); return; }
  await sql.query(`update call set state = 'missed' where id = $1`, [id]);
  if (call.eventId === null && (call.matched === 'person' || call.matched === 'contact' || call.matched === 'home')) {
    const from = seal.openIfReadable('call.from', call.from);
    const event = await insertDeskEvent(sql, seal, {
      ingestId: randomUUID(), source: 'phone', kind: 'phone-in', personId: call.personId, homeId: call.homeId, deviceId: null, trace: call.trace,
      data: { ...(from === null ? {} : { from }), note: '来电无人接听', by: 'house' },
    });
    await callRaised(sql, id, event.id);
  }
  await told(sql);
}

export type CallRow = CallView & { regionCode: string | null };
const columns = `c.id, c.at, c.last_at as "lastAt", c.count, c.state, c.from_enc, c.matched, c.person_id as "personId", c.home_id as "homeId", c.device_id as "deviceId", c.region_code as "regionCode",
  e.alert_id as "alertId", c.opened_at as "openedAt", c.opened_by_name as "openedByName", p.name_enc, v.name as village, t.name as town`;
const joins = `call c left join event e on e.id = c.event_id left join person p on p.id = c.person_id
  left join region v on v.code = c.region_code and v.level = 'village' left join region t on t.code = left(c.region_code, 9) || '000' and t.level = 'town'`;
const shown = (seal: Seal) => ({ from_enc, name_enc, ...row }: Row): CallRow => {
  const from = seal.openIfReadable('call.from', from_enc as Buffer | null);
  const name = seal.openIfReadable('person.name', name_enc as Buffer | null);
  return { ...(row as CallRow), from: from === null ? null : maskPhone(from), name: name === null ? null : maskName(name) };
};

/** What rings, and what was missed and not opened since, oldest first: the strip of the consoles. */
export async function waitingCalls(sql: Sql, seal: Seal): Promise<CallRow[]> {
  return (await sql.query(
    `select ${columns} from ${joins} where c.state <> 'opened' and (c.state = 'ringing' or c.at > anling_now() - $1 * interval '1 ms') order by (c.state = 'ringing') desc, c.id limit $2`,
    [limits.callMissedMs, limits.callRows], 'calls-waiting')).map(shown(seal));
}

/** Newest first, of a scope's digits. */
export async function listCalls(sql: Sql, seal: Seal, prefix: string, state: CallView['state'] | null, rows: number): Promise<CallRow[]> {
  return (await sql.query(
    `select ${columns} from ${joins} where ${seenFrom('c.region_code')} and ($2::text is null or c.state = $2) order by c.id desc limit $3`, [prefix, state, rows])).map(shown(seal));
}

/** One call, and its number in plain text: whoever shows that has it audited. */
export async function findCall(sql: Sql, seal: Seal, id: string): Promise<{ call: CallRow; from: string | null } | null> {
  const [row] = await sql.query(`select ${columns} from ${joins} where c.id = $1`, [id]);
  return row ? { call: shown(seal)(row), from: seal.openIfReadable('call.from', row['from_enc'] as Buffer | null) } : null;
}

/** Forgets old calls; an alarm that one of them raised is an event of its own. */
export async function pruneCalls(sql: Sql): Promise<void> {
  await sql.query(`delete from call where id in (select id from call where last_at < anling_now() - make_interval(days => $1) order by id limit 5000)`, [limits.callDays]);
}
