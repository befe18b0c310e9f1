/** The alarm path as the worker runs it: its own loops, woken by hints, and found by polls when every hint is lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAlerts } from '#alerts/start.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type Db, openDb } from '#store/pool.ts';
import type { Service } from '#work/loop.ts';
import { type Alarm, phone, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
let service: Service;
let dbs: Db[];
const metrics = createMetrics('worker');
beforeEach(async () => {
  a = await testAlarm();
  dbs = [];
  service = await startAlerts({ seal: a.seal, log: createLog('test', 'silent'), metrics, db: (name, max) => { const db = openDb({ url: a.url, max, name }); dbs.push(db); return db; } });
});
afterEach(async () => {
  await service.stop();
  await Promise.all(dbs.map((db) => db.close()));
  await a.close();
});

/** A second is the promise; a machine that does much else gets five, by the rows' own times where there are some. */
const patienceMs = 5_000;
async function until(check: () => Promise<boolean>, withinMs: number): Promise<number> {
  const began = performance.now();
  while (!(await check())) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - began;
}
const due = async (n: number): Promise<boolean> => (await a.db.query('select 1 from outbox')).length >= n;

describe('the worker', () => {
  it('turns an event into messages within a second, hinted, and within the poll when the hint is lost [G1 LAW2 E1]', async () => {
    await until(async () => service.ready() === null, patienceMs);
    await a.event('sos');
    await a.db.query(`select pg_notify('anling_event', '')`);
    const hinted = await until(() => due(3), patienceMs);
    await a.event('smoke', { deviceId: 'd3' }); // no hint at all
    const polled = await until(() => due(6), patienceMs);
    console.log(`event to messages: ${Math.round(hinted)} ms hinted, ${Math.round(polled)} ms found by the poll`);
  });

  it('takes an answer and sends nothing of the search after it [E5 E6]', async () => {
    await a.event('sos');
    await until(() => due(3), patienceMs);
    await a.sent();
    await a.db.query(`insert into reply (dedupe, channel, from_enc, from_bidx, content_enc, received_at, trace) values ('x', 'sms', $1, $2, $3, anling_now(), 't')`,
      [a.seal.seal('reply.from', phone['cw'] as string), a.seal.blind('phone', phone['cw'] as string), a.seal.seal('reply.content', '我去')]);
    await a.db.query(`select pg_notify('anling_reply', '')`);
    await until(async () => (await a.alert()).state === 'committed', patienceMs);
    const [taken] = await a.db.query<{ ms: number }>('select extract(epoch from committed_at - (select received_at from reply))::float8 * 1000 as ms from alert');
    expect(taken?.ms).toBeLessThan(patienceMs);
    await a.sent();
    for (let i = 0; i < 5; i++) { await a.advance(60_000); await new Promise((resolve) => setTimeout(resolve, 300)); }
    expect(await a.sentLines()).toEqual([]);
    const text = await metrics.text();
    for (const name of ['anling_events_evaluated_total', 'anling_timer_lateness_seconds', 'anling_p1_unguarded_total', 'anling_replies_total', 'anling_evaluate_batch_seconds']) expect(text).toContain(name);
  });
});
