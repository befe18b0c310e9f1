/**
 * What a dry run of rule parameters costs at a county of 20,000 people: a day of 30,000 events, decided twice, and 480,000 readings of vital signs. Prints seconds by
 * proposal. Alone: node_modules/.bin/node bench/replay.ts [people] [events]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createTryRules } from '#alerts/rules-try.ts';
import { limits } from '#core/limits.ts';
import type { RuleEntry } from '#core/rule-params.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { startEmbedded } from '#store/embedded.ts';
import { migrate } from '#store/migrate.ts';
import { openDb } from '#store/pool.ts';
import { createSeal } from '#store/seal.ts';
import { fillCounty } from './county.ts';

const proposals: readonly (readonly [string, RuleEntry[]])[] = [
  ['nothing', []], ['windows and holds', [{ param: 'fallWindowS', scope: 'model', id: 'watch', value: 10 }, { param: 'clearHoldS', scope: 'county', id: '', value: 900 }, { param: 'flapEnds', scope: 'county', id: '', value: 2 }]],
  ['a class', [{ param: 'graceS', scope: 'class', id: '60s', value: 300 }]], ['heart rate of the county', [{ param: 'heartRateHigh', scope: 'county', id: '', value: 120 }]], ['mornings', [{ param: 'routineM', scope: 'county', id: '', value: 120 }]],
];

const people = Number(process.argv[2] ?? 20_000);
const events = Number(process.argv[3] ?? 30_000);
const data = mkdtempSync(join(tmpdir(), 'anling-replay-'));
const server = await startEmbedded({ data, port: 0, database: 'anling', settings: {} });
const db = openDb({ url: server.url, max: 6, name: 'replay', statementMs: 600_000 });
const own = openDb({ url: server.url, max: 1, name: 'rules-try', statementMs: limits.tryStatementMs });
try {
  await migrate({ url: server.url });
  const seal = createSeal({ seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: 'x' });
  const { devices } = await fillCounty(db, seal, people);
  await db.query(
    `insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, source, kind, edge, source_event_id, received_at, data_enc, trace)
     select gen_random_uuid(), mod(abs(hashtext(coalesce(d.home_id, d.id))), 16), k.urgency, d.id, d.home_id, d.person_id, 'mqtt', k.kind, k.edge, 'e' || i, anling_now(), null, 'bench'
     from generate_series(1, $1::int) i cross join lateral (select (array[1, 1, 1, 1, 3, 3, 3, 3, 3, 3])[1 + mod(i, 10)]::int2 as urgency, (array['sos', 'fall', 'fall', 'smoke', 'tamper', 'tamper', 'low-battery', 'low-battery', 'fault', 'removed'])[1 + mod(i, 10)] as kind,
       (array['raise', 'raise', 'repeat', 'raise', 'raise', 'clear', 'raise', 'clear', 'raise', 'raise'])[1 + mod(i, 10)] as edge) k
     join lateral (select * from device where no = 1 + mod(i::bigint * 7919, $2::bigint)::int) d on true`, [events, devices]);
  await db.query(`update person set routine_by = '09:00' where high_risk`);
  await db.query(`insert into vital (received_at, device_no, heart_rate, breath) select anling_now() - make_interval(mins => 3 * t), d.no, 60 + mod(d.no * 31 + t * 17, 66), 16 from (select no from device where model = 'fall-radar' order by no limit 1000) d, generate_series(1, 479) t`);
  await db.query('vacuum analyze');
  const evaluate = createEvaluate({ db, seal, log: createLog('bench', 'error'), metrics: createMetrics('bench') });
  while ((await evaluate()) > 0);
  const attempt = createTryRules({ db: own, seal, breathe });
  for (const [what, entries] of proposals) {
    const longest = turns();
    const t = await attempt(entries);
    console.log(`${what.padEnd(26)} ${(t.tookMs / 1000).toFixed(1).padStart(6)} s  ${t.events} events, ${t.alerts.was} alerts, ${t.rows.length} differences, ${t.agreement.same} of ${t.agreement.of} as they were, longest turn ${longest().toFixed(0)} ms${t.gaps.length > 0 ? `, gaps: ${t.gaps.join(' ')}` : ''}`);
  }
} finally {
  await own.close();
  await db.close();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}

/** How long others waited for their turn at most. */
function turns(): () => number {
  let worst = 0;
  let last = performance.now();
  const timer = setInterval(() => { const now = performance.now(); worst = Math.max(worst, now - last - 5); last = now; }, 5);
  return () => { clearInterval(timer); return worst; };
}
