/** What standby hands over late, on real rows: with others at the same alerts nobody waits for each other for ever. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { handoverLabel, takeOverOpen } from '#alerts/handover.ts';
import { house, nothing } from '#core/change.ts';
import type { Handover } from '#core/handover.ts';
import { createLog } from '#ops/log.ts';
import { forgetKnown, handOver, type HandParts, settle } from '#standby/hand.ts';
import type { Kept } from '#standby/case.ts';
import { lockAlerts } from '#store/alerts.ts';
import { openDb } from '#store/pool.ts';
import { othersElsewhere } from '#store/standby.ts';
import { sealed } from '#store/sealed-value.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';
import { until } from '#test/harness/edge.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(async () => { await a.close(); });

it('a case of an event that an earlier absence has counted on another alert: what was done about it is put there too [A2 LAW4 I5]', async () => {
  await a.event('sos');
  await a.settle();
  const alert = await a.alert();
  await a.event('sos');
  await a.settle();
  const [event] = await a.db.query<{ id: string }>('select ingest_id as id from event where alert_id = $1 order by id desc limit 1', [alert.id]);
  const startedAt = await a.now();
  const handover: Handover = { startedAt, fromVersion: null, changes: [{ at: startedAt, change: { ...nothing(), log: [{ actor: house('plan'), action: 'plan-step', detail: { round: 0, step: 5, sends: [] } }] } }] };
  // The first absence knew the alert; the second, of a standby begun anew, did not.
  await a.db.query(`insert into standby_case (key, alert_id, started_at, body_enc, merged_at) values ($1, $2, anling_now(), $3, anling_now()), ($4, null, anling_now(), $3, null)`, [`alert ${alert.id} x`, alert.id, sealed(a.seal, handoverLabel, handover), event?.id]);
  await a.db.query('insert into standby_event (ingest_id, case_key, opens) values ($1, $2, false)', [event?.id, `alert ${alert.id} x`]);
  const log = createLog('test', 'silent');
  const cases = new Map([[event?.id ?? '', { key: event?.id, alertId: null, handed: true, handover, events: [], replies: [] } as unknown as Kept]]);
  await settle({
    db: a.db, ledger: { left: [], holds: () => true, relieved: () => false, save: () => true, forget: () => true, close() {} }, log, seal: a.seal, handoverLabel,
    takeOverOpen: (sql, handed) => takeOverOpen(sql, { seal: a.seal, log }, handed), s: { duty: null, waiting: new Map(), handedAt: 0 },
    work: { cases, settled: async () => {}, busy: () => false, forget: (key) => { cases.delete(key); }, keep() {} },
  });
  expect([...cases.values()].map((k) => k.alertId)).toEqual([alert.id]);
  expect(await a.db.query('select key from standby_case where merged_at is null')).toEqual([]);
  expect((await a.log(alert.id)).filter((l) => l.action === 'standby-handed-over')).toHaveLength(1);
});

it('cases whose events were evaluated before they came are put on their alerts in one order, also beside somebody who locks the same [A2 LAW4 RF9]', async () => {
  await a.event('sos');
  await a.event('fall', { deviceId: 'd4' });
  await a.settle();
  const [first, second] = await a.alerts();
  if (!first || !second) throw new Error('two alerts are wanted');
  const startedAt = await a.now();
  const handover: Handover = { startedAt, fromVersion: null, changes: [] };
  // The key that comes first is of the alert that comes last.
  const kept: Kept[] = [];
  for (const [key, alertId] of [['k1', second.id], ['k2', first.id]] as const) {
    const [event] = await a.db.query<{ id: string }>('select ingest_id as id from event where alert_id = $1', [alertId]);
    await a.db.query('insert into standby_case (key, started_at, body_enc) values ($1, anling_now(), $2)', [key, sealed(a.seal, handoverLabel, handover)]);
    await a.db.query('insert into standby_event (ingest_id, case_key, opens) values ($1, $2, true)', [event?.id, key]);
    kept.push({ key, alertId: null, handed: true, handover, events: [], replies: [] } as unknown as Kept);
  }
  const log = createLog('test', 'silent');
  const cases = new Map(kept.map((k) => [k.key, k]));
  const other = openDb({ url: a.url, max: 2, name: 'other' });
  const parts: HandParts = {
    db: other, ledger: { left: [], holds: () => true, relieved: () => false, save: () => true, forget: () => true, close() {} }, log, seal: a.seal, handoverLabel,
    takeOverOpen: (sql, handed) => takeOverOpen(sql, { seal: a.seal, log }, handed), s: { duty: null, waiting: new Map(), handedAt: 0 },
    work: { cases, settled: async () => {}, busy: () => false, forget: (key) => { cases.delete(key); }, keep() {} },
  };
  let settling: Promise<unknown> = Promise.resolve();
  await a.db.tx(async (sql) => {
    await lockAlerts(sql, [first.id]);
    settling = settle(parts).then(() => 'done', (error: Error) => error.message);
    await until('it waits for the first alert', async () => (await other.query(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0);
    await lockAlerts(sql, [second.id]);
  });
  expect(await settling).toBe('done');
  expect([...cases.values()].map((k) => k.alertId)).toEqual([second.id, first.id]);
  expect(await a.db.query('select key from standby_case where merged_at is null')).toEqual([]);
  await other.close();
});

it('knows of workers and pages of another machine, of which it hears no echo, for a day [A2 LAW6]', async () => {
  const beat = async (id: string, role: string, host: string | null, hours: number): Promise<void> => {
    await a.db.query(`insert into node (id, role, started_at, beat_at, detail) values ($1, $2, anling_now(), anling_now() - make_interval(hours => $4), $3)`, [id, role, JSON.stringify(host === null ? {} : { listen: { host } }), hours]);
  };
  await beat('w1', 'worker', 'here', 0);
  await beat('w2', 'worker', null, 0);
  await beat('e1', 'edge', 'there', 0);
  await beat('w3', 'worker', 'there', 25);
  expect(await othersElsewhere(a.db, 'here')).toBe(false);
  await beat('web', 'web', 'there', 1);
  expect(await othersElsewhere(a.db, 'here')).toBe(true);
});

it('a database that goes away again after each handover: what is handed over three times is told three times, each part once, and stays in sight until a look has seen it [A2 LAW4 LAW6]', async () => {
  await a.event('sos');
  await a.settle();
  const alert = await a.alert();
  const log = createLog('test', 'silent');
  const startedAt = await a.now();
  const kept = { key: `alert ${alert.id} x`, alertId: alert.id, handed: false, handover: { startedAt, fromVersion: null, from: { state: 'open', planRound: 0, planStep: 1 }, changes: [] }, events: [], replies: [], standing: { alert } } as unknown as Kept;
  const cases = new Map([[kept.key, kept]]);
  const s = { duty: 'away' as const, waiting: new Map(), handedAt: 0, lookedAt: performance.now() };
  const parts: HandParts = {
    db: a.db, ledger: { left: [], holds: () => true, relieved: () => false, save: () => true, forget: () => true, close() {} }, log, seal: a.seal, handoverLabel, takeOverOpen: (sql, handed) => takeOverOpen(sql, { seal: a.seal, log }, handed), s,
    work: { cases, settled: async () => {}, busy: () => false, forget: (key) => { cases.delete(key); }, keep() {} },
  };
  const forget = (): number => { forgetKnown({ s, work: parts.work } as never); return cases.size; };
  for (const [i, note] of ['first', 'second', 'third'].entries()) {
    kept.handed = false;
    // A round is named once, where it begins.
    kept.handover.changes.push({ at: startedAt, change: { ...nothing(), patch: { ...(i === 0 ? { planRound: 1 } : {}), planStep: i + 1 }, log: [{ actor: house('plan'), action: 'told-by-test', detail: { note } }] } });
    expect(await handOver(parts)).toBe('over');
    expect([kept.handed, forget()]).toEqual([true, 1]);
    expect(await a.alert()).toMatchObject({ planRound: 1, planStep: i + 1 });
  }
  expect(await handOver(parts)).toBe('over');
  expect((await a.log(alert.id)).filter((l) => l.action === 'told-by-test').map((l) => l.detail['note'])).toEqual(['first', 'second', 'third']);
  s.lookedAt = performance.now();
  expect(forget()).toBe(0);
});
