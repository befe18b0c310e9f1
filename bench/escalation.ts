/**
 * Timers under a county's worst night: 10,000 emergencies that nobody takes, each calling on by its plan, rounds without end. How late each rung is by
 * its due time, as the house decides, writes and sends it, beside a bare table of timers (baseline/timers.ts) on a second database of the same server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openAlert } from '#core/decide-raise.ts';
import type { Raise } from '#core/decision.ts';
import type { StoredEvent } from '#core/event.ts';
import type { AlertId, EventId, HomeId, PersonId, RegionCode } from '#core/ids.ts';
import { emergencyPlan } from '#core/plan.ts';
import { insertAlerts, nextAlertIds } from '#store/alerts.ts';
import { openDb, withRetry } from '#store/pool.ts';
import { readNow, setTimers } from '#store/timers.ts';
import type { BenchHouse } from './house.ts';
import type { Part } from './parts.ts';
import { type Figure, figure, quantile } from './results.ts';

type Elder = { id: PersonId; homeId: HomeId; regionCode: RegionCode };
const roundMs = 300_000;

/** All open from the first moment; their plans begin one after the other over a round, so that the load is as even as it stays. */
async function openAll(house: BenchHouse, elders: readonly Elder[]): Promise<void> {
  const now = (await readNow(house.db)) + 5_000;
  for (let from = 0; from < elders.length; from += 500) {
    const some = elders.slice(from, from + 500);
    await house.db.tx(async (sql) => {
      const ids = await nextAlertIds(sql, some.length);
      const opened = some.map((elder, i) => {
        const at = now + Math.floor(((from + i) / elders.length) * roundMs);
        const raise: Raise = { type: 'raise', kind: 'sos', priority: 1, subject: { type: 'person', id: elder.id } };
        const event = { id: '0' as EventId, kind: 'sos', edge: 'raise', source: 'http', urgency: 1, deviceId: null, homeId: elder.homeId, personId: elder.id, room: null, regionCode: elder.regionCode, sourceEventId: null, ref: null, deviceTime: null, receivedAt: now, flags: [], confidence: null, data: {}, trace: `bench-${from + i}` } satisfies StoredEvent;
        const { alert, change } = openAlert(raise, event, emergencyPlan, true, at);
        return { alert: { ...alert, ...change.patch, id: ids[i] as AlertId }, timers: change.timers };
      });
      await insertAlerts(sql, opened.map((o) => o.alert));
      await setTimers(sql, opened.flatMap((o) => (['plan', 'desk'] as const).flatMap((slot) => { const set = o.timers[slot]; return set ? [{ alertId: o.alert.id, slot, set }] : []; })));
    });
  }
  await house.db.query('analyze alert, timer'); // a county has statistics of a year, this house is a minute old
}

/** Milliseconds late of every rung that fired in the span; what is due and has not fired counts as late as it is. */
async function lateness(house: BenchHouse, spanMs: number): Promise<{ late: number[]; sends: number }> {
  const rows = await house.db.query<{ late: number }>(
    `select extract(epoch from coalesce(fired_at, anling_now()) - due_at)::float8 * 1000 as late from timer
     where alert_id is not null and cancelled_at is null and slot in ('plan', 'desk') and due_at > anling_now() - $1 * interval '1 ms' and due_at < anling_now()`, [spanMs]);
  const [sent] = await house.db.query<{ n: number }>(`select count(*)::int as n from outbox where sent_at > anling_now() - $1 * interval '1 ms'`, [spanMs]);
  return { late: rows.map((r) => Math.max(0, r.late)), sends: sent?.n ?? 0 };
}

/** Nobody is searched for any more: what follows in this run is not burdened. */
async function endAll(house: BenchHouse): Promise<void> {
  await house.db.query(`update alert set state = 'closed', closed_at = anling_now(), closed_by = 'bench', outcome = 'F1', plan_state = 'ended' where trace like 'bench-%' and state <> 'closed'`);
  await house.db.query(`update timer set cancelled_at = anling_now() where fired_at is null and cancelled_at is null and alert_id in (select id from alert where trace like 'bench-%')`);
  await house.db.query(`update outbox set state = 'withdrawn', withdrawn_at = anling_now(), done_at = anling_now() where state = 'due' and trace like 'bench-%'`);
}

async function bare(house: BenchHouse, count: number, warmMs: number, spanMs: number): Promise<number[]> {
  const db = openDb({ url: house.databaseUrl, max: 1, name: 'bench', statementMs: 60_000 });
  try {
    await db.query('drop table if exists bare_timer, bare_fired, bare_message');
    await db.query(`create table bare_timer (id bigint primary key, step int not null, base_at timestamptz not null, due_at timestamptz not null)`);
    await db.query('create index on bare_timer (due_at)');
    await db.query(`create table bare_fired (timer_id bigint, late_ms float8, at timestamptz default now())`);
    await db.query('create table bare_message (timer_id bigint, step int)');
    await db.query(`insert into bare_timer select i, 0, now() + i * ($2::float8 / $1) * interval '1 ms', now() + i * ($2::float8 / $1) * interval '1 ms' from generate_series(1, $1::int) i`, [count, roundMs]);
    const peer = await house.peer('timers.ts', house.databaseUrl);
    await sleep(warmMs + spanMs);
    await peer.stop();
    return (await db.query<{ late: number }>(`select late_ms as late from bare_fired where at > (select max(at) from bare_fired) - $1 * interval '1 ms'`, [spanMs])).map((r) => r.late);
  } finally {
    await db.close();
  }
}

export const escalation: Part = {
  name: 'escalation', about: 'lateness of rungs with 10,000 open escalations that nobody takes',
  async run(stage): Promise<Figure[]> {
    const house = await stage.house();
    const [count, warmMs, spanMs] = stage.quick ? [200, 3_000, 5_000] as const : [10_000, 60_000, 120_000] as const;
    await fetch(`${house.house.standin}/api/settings`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ windows: false }) });
    const seeded = new Set((await house.elders(count)).map((e) => e.personId));
    const elders = (await house.db.query<Elder>(`select id, home_id as "homeId", region_code as "regionCode" from person where home_id is not null`)).filter((e) => seeded.has(e.id));
    const floor = await bare(house, count, warmMs, spanMs);
    await openAll(house, elders);
    const cpu = house.cpu('worker');
    await sleep(warmMs + spanMs);
    const { late, sends } = await lateness(house, spanMs);
    const [open] = await house.db.query<{ n: number }>(`select count(*)::int as n from alert where state = 'open' and trace like 'bench-%'`);
    stage.note(`${(open?.n ?? 0).toLocaleString('en-US')} open escalations, ${late.length.toLocaleString('en-US')} rungs due in ${spanMs / 1_000} s (${Math.round(late.length / spanMs * 1_000)} a second) with ${sends.toLocaleString('en-US')} messages sent; the worker used ${((house.cpu('worker') - cpu) / (warmMs + spanMs) * 1_000).toFixed(2)} of a core; the latest rung ${Math.round(Math.max(...late))} ms`);
    await withRetry(10, () => endAll(house)); // beside a worker that goes on meanwhile
    if (late.length === 0) throw new Error('no rung was due');
    return [0.5, 0.99].map((share) => figure('escalation', `rung after its due time, ${count.toLocaleString('en-US')} open, p${share * 100}`, 'ms', 'less', { ours: [quantile(late, share)], baseline: [quantile(floor, share)] }));
  },
};
