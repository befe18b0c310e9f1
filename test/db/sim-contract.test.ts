/**
 * The simulation's store is honest: the same operations of src/alerts and src/store, two of them at once where the house has two
 * workers, on tables in memory and on PostgreSQL, and after each every row of the alarm path is the same. Both have the same clock, which
 * only goes where the test puts it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createFailures } from '#alerts/failures.ts';
import { createReplies } from '#alerts/replies.ts';
import { createRespond } from '#alerts/respond.ts';
import { createTimers } from '#alerts/timers.ts';
import type { AlertAction } from '#core/alert.ts';
import type { EventKind } from '#core/event.ts';
import type { AlertId, Party } from '#core/ids.ts';
import { shardOf } from '#core/shard.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { insertEvents } from '#store/events.ts';
import { claimSends, claimWaiting, markNoReceipt, numberFacts, saveSends, type SendResult } from '#store/outbox.ts';
import type { Db, Row } from '#store/pool.ts';
import { applyFate } from '#store/receipts.ts';
import { insertReply } from '#store/replies.ts';
import { lockAlerts } from '#store/alerts.ts';
import { phone, testAlarm, type Alarm } from '#test/harness/alarm.ts';
import { Database } from '#test/sim/database.ts';
import { Chance, Clock, Process } from '#test/sim/runtime.ts';
import type { Rec, Table } from '#test/sim/memory.ts';
import type { Statement } from '#test/sim/statements-alerts.ts';
import { statements } from '#test/sim/statements-queue.ts';

let a: Alarm;
let base = 0;
/** What the alarm path's transactions write; numbers that a lost transaction may have spent, and random codes, are left out. */
const compared: Record<string, { columns: string; order: string }> = {
  event: { columns: 'ingest_id, shard, urgency, device_id, home_id, person_id, kind, edge, source_event_id, device_time, received_at, flags, evaluated_at, result, alert_id, attempts', order: 'id' },
  alert: { columns: 'id, kind, priority, state, subject_type, subject_id, device_id, count, duplicate_count, version, state_version, opened_at, last_raised_at, flags, claimed_at, claimed_by, claim_tab, last_step_at, first_human_at, committed_at, committed_how, arrived_at, closed_at, closed_by, outcome, plan, plan_base_at, plan_round, plan_step, plan_state, summary', order: 'id' },
  alert_log: { columns: 'alert_id, at, actor_type, actor_id, action, detail', order: 'alert_id, id' },
  engagement: { columns: 'alert_id, party, state, notified_at, accepted_at, arrived_at, arrive_by, departed_at, updated_at', order: 'alert_id, party' },
  slip: { columns: 'party, alert_id, created_at', order: 'party, alert_id' },
  timer: { columns: 'alert_id, slot, due_at, payload, fired_at, cancelled_at, attempts', order: 'alert_id, slot, id' },
  outbox: { columns: 'alert_id, party, channel, template, purpose, round, step, priority, state, due_at, created_at, lease_until, lease_token, attempts, provider, provider_id, error_code, error_class, accepted_at, done_at, handled_at, sent_at, check_at, checks, withdrawn_at, demo, dry', order: 'id' },
  reply: { columns: 'dedupe, channel, out_id is null as spoken, evaluated_at, result, alert_id', order: 'dedupe' },
  feed: { columns: 'seq, at, type, alert_id, region_code, payload', order: 'seq' },
};

beforeAll(async () => {
  a = await testAlarm();
  base = Math.ceil(await a.now());
  // The one clock stands where its offset says.
  await a.db.query(`create or replace function anling_now() returns timestamptz language sql stable as $$ select to_timestamp(${base} / 1000.0) + offset_ms * interval '1 ms' from clock_offset $$`);
  await a.db.query('update clock_offset set offset_ms = 0');
}, 120_000);
afterAll(async () => { await a.close(); });

/** PostgreSQL's side: as it was seeded, its identities from one again. */
async function emptied(): Promise<void> {
  await a.db.query('truncate event, alert, alert_log, engagement, slip, timer, outbox, reply, feed, console, command restart identity cascade');
  await a.db.query('update feed_counter set seq = 0');
  await a.db.query('update clock_offset set offset_ms = 0');
  await a.db.query('update responder set absent_until = null, opted_out_at = null, verified_at = null');
  await a.db.query('update contact set absent_until = null, opted_out_at = null, verified_at = null, withdrawn_at = null, withdrawn_how = null');
}

/** The same files in memory. */
async function inMemory(): Promise<{ db: Db; database: Database; put(ms: number): void }> {
  const clock = new Clock();
  const database = new Database(clock, new Chance(1));
  for (const [name, sql] of [['region', 'select code as id, * from region'], ['device_model', 'select * from device_model'], ...['home', 'person', 'device', 'responder', 'contact', 'app_user'].map((t) => [t, `select * from ${t}`]), ['presence', 'select device_id as id, * from presence']] as [string, string][])
    for (const row of await a.db.query(sql)) (database.tables[name as 'home'] as unknown as Table).put(String(row['id']), row as Rec);
  const put = (ms: number): void => { clock.now = ms; database.steppedMs = base - Date.UTC(2030, 0, 7, 0, 0, 0); };
  put(0);
  // No time passes on the way: what is due on the clock runs as soon as it is asked for.
  clock.at = ((_: number, __: unknown, run: () => void) => { const m = { run: run as (() => void) | null }; if (_ <= clock.now + 2) queueMicrotask(() => m.run?.()); return m; }) as never;
  const db = database.db(new Process('one'));
  return { db, database, put };
}

type Side = { db: Db; evaluate(): Promise<number>; fire(): Promise<number>; fail(): Promise<number>; replies(): Promise<number>; respond: ReturnType<typeof createRespond> };
const sideOf = (db: Db): Side => {
  const tools = { db, seal: a.seal, metrics: createMetrics('test'), log: createLog('test', 'silent') };
  return { db, evaluate: createEvaluate({ ...tools, lanes: 1 }), fire: createTimers(tools), fail: createFailures(tools), replies: createReplies(tools), respond: createRespond(tools) };
};

type Op =
  | { do: 'press'; kind: EventKind; device: number; id: number; again: boolean; clear: boolean } | { do: 'evaluate' | 'fire' | 'fail' | 'replies' } | { do: 'pass'; ms: number }
  | { do: 'act'; action: AlertAction; alert: number; party: number; op: number; contact: boolean } | { do: 'send'; rows: number; results: number[]; late: boolean; dies: boolean } | { do: 'fate'; row: number; what: number }
  | { do: 'says'; who: number; text: string } | { do: 'fire-held'; alert: number } | { do: 'wait' };
const parties = ['responder:cw', 'responder:doctor', 'contact:keyholder', 'contact:family1', 'responder:cadre'];
const people = ['cw', 'doctor', 'keyholder', 'family1', 'cadre'];
const texts = ['1', '0', '收到', '2', '3', '9', '5', '8', 'T', '110', '你好', '1 1'];
const opOf: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('press' as const), kind: fc.constantFrom<EventKind>('sos', 'fall', 'smoke', 'low-battery', 'cancel'), device: fc.integer({ min: 1, max: 4 }), id: fc.integer({ min: 1, max: 4 }), again: fc.boolean(), clear: fc.integer({ min: 0, max: 4 }).map((n) => n === 0) }) },
  { weight: 4, arbitrary: fc.constant<Op>({ do: 'evaluate' }) }, { weight: 5, arbitrary: fc.constant<Op>({ do: 'fire' }) }, { weight: 3, arbitrary: fc.constant<Op>({ do: 'fail' }) }, { weight: 2, arbitrary: fc.constant<Op>({ do: 'replies' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(500, 13_000, 30_000, 61_000, 125_000, 1_300_000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('act' as const), action: fc.constantFrom<AlertAction>('claim', 'release', 'take-over', 'step', 'note', 'accept', 'decline', 'dispatch', 'escalate', 'arrive', 'need-help', 'done', 'close'), alert: fc.integer({ min: 1, max: 3 }), party: fc.integer({ min: 0, max: 4 }), op: fc.integer({ min: 1, max: 2 }), contact: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), rows: fc.integer({ min: 1, max: 4 }), results: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 8, maxLength: 8 }), late: fc.boolean(), dies: fc.integer({ min: 0, max: 2 }).map((n) => n === 0) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fate' as const), row: fc.integer({ min: 1, max: 12 }), what: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('says' as const), who: fc.integer({ min: 0, max: 4 }), text: fc.constantFrom(...texts) }).filter(({ who, text }) => text !== 'T' || who === 0 || who === 1 || who === 4) }, // consent withdrawn by text (test/db/consent-reply.test.ts) is not kept in memory
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fire-held' as const), alert: fc.integer({ min: 1, max: 3 }) }) }, { weight: 1, arbitrary: fc.constant<Op>({ do: 'wait' }) },
);

const results: readonly SendResult[] = [
  { state: 'accepted', providerId: 'g1', checkMs: 60_000 }, { state: 'failed', code: 'isv.X', class: 'F' }, { state: 'unknown', code: 'local.TIMEOUT', class: 'U', checkMs: 60_000 }, { state: 'due', code: 'isp.T', class: 'R', againMs: 800 },
  { state: 'accepted', providerId: 'g2', checkMs: 60_000 }, { state: 'accepted', providerId: 'g3', checkMs: 60_000 },
];

/** One operation on one side; answers what its caller saw, without times on the way and random ids. */
async function perform(s: Side, op: Op, n: number, now: number): Promise<unknown> {
  switch (op.do) {
    case 'press': return await insertEvents(s.db, [{
      ingestId: `00000000-0000-4000-8000-${String(op.again ? op.id : n).padStart(12, '0')}`, shard: shardOf('h1', `d${op.device}`), urgency: op.kind === 'low-battery' ? 3 : op.kind === 'cancel' ? 4 : 1, deviceId: `d${op.device}`, source: 'mqtt', kind: op.kind,
      edge: op.clear ? 'clear' : 'raise', sourceEventId: `e${op.id}`, ref: null, deviceTime: op.id === 4 ? now - 3_600_000 : null, flags: [], confidence: null, dataSealed: null, trace: `t${n}`, ageMs: 0,
    }]);
    case 'evaluate': case 'fire': case 'fail': case 'replies': return await s[op.do]();
    case 'act': {
      const party = parties[op.party] as Party;
      const desk = ['claim', 'release', 'take-over', 'dispatch', 'escalate', 'close', 'note', 'step'].includes(op.action);
      return await s.respond({
        alertId: String(op.alert) as AlertId, action: op.action, actor: desk ? { type: 'user', id: `op${op.op}`, name: '接警' } : { type: 'party', id: party, name: '' }, via: desk ? 'wall' : 'link', trace: 't', tabId: `tab${op.op}`,
        ...(desk ? { party, note: '核实', outcome: 'F1' as const } : {}), ...(op.contact && op.action === 'step' ? { contact: 'elder' as const } : {}),
      });
    }
    case 'send': return await send(s.db, op);
    case 'fate': return await applyFate(s.db, String(op.row), ([{ state: 'delivered', code: null, class: null }, { state: 'failed', code: 'X', class: 'F' }, { state: 'due', code: 'X', class: 'F' }] as const)[op.what] as never);
    case 'says': return (await insertReply(s.db, a.seal, { dedupe: `r${n}`, channel: 'sms', from: phone[people[op.who] as string] as string, content: op.text, outId: null, receivedAt: now })) !== null;
    case 'fire-held': return await s.db.tx(async (sql) => {
      await lockAlerts(sql, [String(op.alert) as AlertId]);
      return await s.fire(); // another worker, while this one holds the alert
    });
    case 'wait': {
      const waiting = (await claimWaiting(s.db, 4, 60_000, 4)).sort((x, y) => Number(x.id) - Number(y.id));
      const marked = [];
      for (const w of waiting) marked.push(await markNoReceipt(s.db, w.id));
      return [waiting.map((w) => [w.id, w.state, w.ageMs]), marked];
    }
    case 'pass': return null;
  }
}

/** Two senders at once: what one has taken in a transaction that is still open, the other passes over; outcomes need the token. */
async function send(db: Db, op: Extract<Op, { do: 'send' }>): Promise<unknown> {
  const take = { channel: 'sms' as const, fromPriority: 1, toPriority: 9, rows: op.rows, leaseMs: 12_000, gateway: 'none' };
  const [first, second] = await db.tx(async (sql) => [await claimSends(sql, take), await claimSends(db, take)] as const);
  const calls = await claimSends(db, { ...take, channel: 'voice' });
  const all = [...first, ...second, ...calls];
  const facts = await numberFacts(db, all.map((x) => x.id));
  const saves = all.map((x, i) => ({ send: op.late && i % 2 === 0 ? { id: x.id, token: String(Number(x.token) - 1) } : x, result: results[op.results[i % 8] as number] as SendResult }));
  const kept = op.dies ? [] : await saveSends(db, saves); // a sender that died saves nothing
  return [all.map((x) => [x.id, x.token, x.attempts, x.withdrawn, x.ageMs, facts.get(x.id)]), kept];
}

const plain = (rows: readonly Row[]): string[] => rows.map((r) => JSON.stringify(r, Object.keys(r).sort().concat(Object.keys(flat(r)))));
/** Every key on every level, so that JSON lists them in one order. */
function flat(value: unknown, into: Record<string, true> = {}): Record<string, true> {
  if (Array.isArray(value)) for (const v of value) flat(v, into);
  else if (value !== null && typeof value === 'object') for (const [k, v] of Object.entries(value)) { into[k] = true; flat(v, into); }
  return Object.fromEntries(Object.keys(into).sort().map((k) => [k, true]));
}

async function rowsOf(name: string, database: Database): Promise<[string[], string[]]> {
  const { columns, order } = compared[name] as { columns: string; order: string };
  const real = await a.db.query(`select ${columns} from ${name} order by ${order}`);
  const keys = order.split(', ');
  const value = (r: Rec, key: string): string | number => { const v = key === 'seq' ? r.id : r[key]; return key.endsWith('id') && key !== 'ingest_id' || key === 'seq' ? Number(v) : String(v); };
  const sorted = [...(database.tables[name as 'event'] as unknown as Table).rows.values()].sort((x, y) => { for (const k of keys) { const [p, q] = [value(x, k), value(y, k)]; if (p !== q) return p < q ? -1 : 1; } return 0; });
  const mine = sorted.map((r) => Object.fromEntries(columns.split(', ').map((c) => (c === 'seq' ? ['seq', r.id] : c.startsWith('out_id is null') ? ['spoken', r['out_id'] === null] : [c, r[c]]))));
  // A slip's number is drawn by chance: two are the same when there are as many; so is the id of what the house raises itself.
  const drawn = (rows: string[]): string[] => rows.map((r) => r.replace(/"ingest_id":"[^"]*","kind":"audit"/, '"kind":"audit"').replace(/"slips":\[([^\]]*)\]/g, (_, list: string) => `"slips":${list.split(',').length}`));
  return [drawn(plain(real)), drawn(plain(mine))];
}

/** Random histories on both sides; every answer and every row is compared after every operation. Answers how many rows were. */
async function compare(numRuns: number, twist?: Readonly<Record<string, Statement>>): Promise<number> {
  let rowsCompared = 0;
  const begin: Op[] = [{ do: 'press', kind: 'sos', device: 1, id: 1, again: false, clear: false }, { do: 'evaluate' }, { do: 'fire' }];
  await fc.assert(fc.asyncProperty(fc.array(opOf, { minLength: 10, maxLength: 30 }), async (ops) => {
    await emptied();
    const memory = await inMemory();
    memory.database.twist = twist;
    const [real, model] = [sideOf(a.db), sideOf(memory.db)];
    let ahead = 0;
    for (const [n, op] of [...begin, ...ops].entries()) {
      if (op.do === 'pass') {
        ahead += op.ms;
        memory.put(ahead);
        await a.db.query('update clock_offset set offset_ms = $1', [ahead]);
      }
      const saw = [await perform(real, op, n, base + ahead), await perform(model, op, n, base + ahead)];
      expect(saw[1], `answer to ${JSON.stringify(op)}`).toEqual(saw[0]);
      for (const name of Object.keys(compared)) {
        const [rows, mine] = await rowsOf(name, memory.database);
        expect(mine, `${name} after ${JSON.stringify(op)}`).toEqual(rows);
        rowsCompared += rows.length;
      }
    }
  }), { numRuns, endOnFailure: twist !== undefined, ...(process.env['ANLING_SIM_CONTRACT_SEED'] ? { seed: Number(process.env['ANLING_SIM_CONTRACT_SEED']) } : {}) });
  return rowsCompared;
}

it('keeps what PostgreSQL keeps, whatever is done in whatever order, by two at once [C1 E1 E5 I2 I6 RF10]', async () => {
  expect(await compare(Number(process.env['ANLING_SIM_CONTRACT_RUNS'] ?? 10))).toBeGreaterThan(500);
}, 240_000);

/** A store that forgets one thing. */
const nothing: Statement = () => [];
const controls: [string, Readonly<Record<string, Statement>>][] = [
  ['lets no lease end', { 'outbox-claim': (t, d, p) => (statements['outbox-claim'] as Statement)(t, d, [...p.slice(0, 4), 1e11, p[5]]) }],
  ['withdraws nothing', { 'outbox-withdraw': nothing }],
  ['cancels no timer', { 'timers-cancel': nothing }],
  ['saves without the token', { 'outbox-save': (t, d, p) => (statements['outbox-save'] as Statement)(t, d, [p[0], (p[0] as string[]).map((id) => t.get(d.outbox, id)?.lease_token), ...p.slice(2)]) }],
];
it.each(controls)('goes red for a store in memory that %s (control)', async (_, twist) => {
  await expect(compare(60, twist)).rejects.toThrow();
}, 240_000);
