/** The auditor on the rows of the alarm path: each class of planted fault is found within 60 s, a healthy village is never accused, and when no worker listens a leader's telephone rings. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuditor } from '#auditor/auditor.ts';
import type { PageCall } from '#auditor/page.ts';
import { limits } from '#core/limits.ts';
import { createLog } from '#ops/log.ts';
import { readConservation } from '#store/audit-looks.ts';
import { openFindings, readAuditor } from '#store/findings.ts';
import { beat } from '#store/nodes.ts';
import { type Alarm, operator, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
let nowMs: number;
let calls: Parameters<PageCall>[0][];
let answer: (template: string) => Awaited<ReturnType<PageCall>>;
let look: () => Promise<string[]>;

function auditor(): void {
  const { look: once } = createAuditor({
    db: a.db, seal: a.seal, metrics: a.metrics, log: createLog('test', 'silent'), deadManUrl: null, monotonic: () => nowMs,
    call: async (message) => { calls.push(message); return answer(message.template); },
  });
  look = async () => (await once()).map((f) => `${f.kind} ${f.ref}`);
}
beforeEach(async () => {
  a = await testAlarm();
  [nowMs, calls, answer] = [0, [], () => ({ state: 'accepted', code: null })];
  auditor();
});
afterEach(() => a.close());

/** Seconds go by for the house and for the auditor; the loops of the worker turn unless it is held. */
async function pass(seconds: number, worker: 'runs' | 'held' = 'runs'): Promise<string[]> {
  let found: string[] = [];
  for (let gone = 0; gone < seconds;) {
    const step = Math.min(seconds - gone, 10);
    gone += step;
    await a.advance(step * 1000);
    if (worker === 'runs') { await a.settle(); await deliver(); }
    nowMs += step * 1000;
    found = await look();
  }
  return found;
}
/** The gateway takes what is due, and its receipts come. */
const deliver = (): Promise<unknown> => a.db.query(`update outbox set state = 'delivered', accepted_at = anling_now(), done_at = anling_now() where state = 'due'`);
const sos = async (): Promise<string> => { await a.event('sos'); await a.settle(); await deliver(); return (await a.alert()).id; };
const id = async (text: string): Promise<string> => String(Object.values((await q(text))[0] ?? {})[0]);
const q = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => a.db.query(text, values);

describe('a healthy house', { timeout: 240_000 }, () => {
  it('is never accused: an emergency through claim, lapse, answer, arrival and close, its repeats, a night of rounds [E3 I3 I5]', async () => {
    for (const role of ['edge', 'worker', 'web']) await beat(a.db, { id: role, role });
    const keep = (): Promise<unknown> => q('update node set beat_at = anling_now()');
    const seen: string[] = [];
    const live = async (seconds: number): Promise<void> => { for (let gone = 0; gone < seconds; gone += 20) { await keep(); seen.push(...(await pass(20))); } };
    const alertId = await sos() as never;
    await live(100);
    await a.respond({ alertId, action: 'claim' });
    await live(180); // nobody acts: it lapses and the plan goes on
    await a.event('sos', { id: 'again' });
    await live(400); // a round ends, the next begins
    await a.reply('15404250001', '1');
    await live(60);
    await a.respond({ alertId, action: 'arrive', actor: { type: 'party', id: 'responder:cw' as never, name: '' } });
    await live(60);
    await a.respond({ alertId, action: 'close', outcome: 'R1', actor: operator() });
    await live(120);
    expect(seen).toEqual([]);
    expect(await openFindings(a.db)).toEqual([]);
    const life = await readAuditor(a.db);
    expect(life.lookedAt).toBe(life.cleanAt);
    expect(calls).toEqual([]);
  });

  it('what only looks wrong for a moment is not said: a clock that jumps, a backlog that is worked off', async () => {
    await sos();
    await q('update alert set demo = true'); // only a demonstration's clock travels
    await a.advance(10 * 60_000); // every timer is late at once
    nowMs += 5_000;
    expect(await look()).toEqual([]);
    await a.settle();
    expect(await pass(30)).toEqual([]);
  });
});

/** Each plants one fault beside an open, unanswered emergency of its own; `#` in what is expected is that alert, `$` what the planting answers. */
const faults: readonly [expected: string, what: string, plant: (alertId: string) => Promise<unknown>][] = [
  ['event-waits event $', 'an acknowledged event that nobody evaluates', () => a.event('fall', { personId: null, homeId: null, deviceId: 'lost' })],
  ['raise-lost event $', 'an emergency evaluated to nothing', async () => { const e = await a.event('sos', { deviceId: 'nil', personId: null, homeId: null }); await q(`update event set evaluated_at = anling_now(), result = 'ignored:bug' where id = $1`, [e]); return e; }],
  ['timer-missing alert #', 'a deleted timer', (alert) => q(`delete from timer where alert_id = $1 and slot = 'plan'`, [alert])],
  ['timer-far alert #', 'a timer set for next week', (alert) => q(`update timer set due_at = due_at + interval '7 days' where alert_id = $1 and slot = 'plan' and fired_at is null`, [alert])],
  ['claim-endless alert #', 'a claim that cancels every timer', async (alert) => { await a.respond({ alertId: alert as never, action: 'claim' }); await q(`update timer set cancelled_at = anling_now() where alert_id = $1 and fired_at is null`, [alert]); }],
  ['timer-late timer $', 'a timer that nobody fires', (alert) => id(`select id from timer where alert_id = ${alert} and slot = 'plan' and fired_at is null`)],
  ['step-skipped alert # step 3', 'a step that was left out', (alert) => q(`update alert set plan_step = plan_step + 2 where id = $1`, [alert])],
  ['step-skipped alert # round 0', 'a line of the log that is gone', (alert) => q(`update alert_log set detail = jsonb_set(detail, '{step}', '1') where alert_id = $1 and action = 'plan-step'`, [alert])],
  ['send-stuck message $', 'a message that stays in sending', (alert) => id(`update outbox set state = 'sending', lease_until = anling_now() where id = (select max(id) from outbox where alert_id = ${alert}) returning id`)],
  ['send-stuck message $', 'a message that nobody takes', (alert) => id(`update outbox set state = 'due', due_at = anling_now() where id = (select max(id) from outbox where alert_id = ${alert}) returning id`)],
  ['failure-unhandled message $', 'a failure that nobody reacts to', (alert) => id(`update outbox set state = 'failed', error_code = 'x' where id = (select max(id) from outbox where alert_id = ${alert}) returning id`)],
  ['failure-silent message $', 'a failure ticked off without a next channel', (alert) => id(`update outbox set state = 'failed', error_code = 'x', handled_at = anling_now() where id = (select max(id) from outbox where alert_id = ${alert}) returning id`)],
  ['receipt-late message $', 'a receipt that nobody asks for', (alert) => id(`update outbox set state = 'accepted', check_at = anling_now() where id = (select max(id) from outbox where alert_id = ${alert}) returning id`)],
  ['answer-unread reply $', 'an answer that nobody reads', () => id(`insert into reply (dedupe, channel, from_enc, from_bidx, content_enc, received_at, trace) values ('x', 'sms', '\\x00', '\\x00', '\\x00', anling_now(), 't') returning id`)],
  ['answer-unread receipt $', 'a callback that nobody reads', () => id(`insert into receipt (kind, dedupe, body_enc, received_at) values ('sms-up', 'x', '\\x00', anling_now()) returning id`)],
  ['feed-hole number $', 'a number of the feed that is missing', async () => { const seq = await id('select max(seq) from feed'); await q('delete from feed where seq = $1::bigint - 1', [seq]); return seq; }],
  ['feed-hole counter $', 'a number that was given to nothing', () => id('update feed_counter set seq = seq + 1 returning seq')],
  ['role-silent worker', 'a process that is gone', () => q(`insert into node (id, role, started_at, beat_at) values ('w', 'worker', anling_now(), anling_now())`)],
  ['console-behind console t at 0', 'a wall that shows the past', () => q(`insert into console (tab_id, user_id, beat_at, last_seq) values ('t', 'op1', anling_now() + interval '1 hour', 0)`)],
  ['spool-stuck e', 'a spool that the database does not take', () => q(`insert into node (id, role, started_at, beat_at, detail) values ('e', 'edge', anling_now(), anling_now() + interval '1 hour', '{"edge":{"spooled":7,"open":{}}}')`)],
  ['ledger-open f', 'a door whose sums do not come out', () => q(`insert into node (id, role, started_at, beat_at, detail) values ('f', 'edge', anling_now(), anling_now() + interval '1 hour', '{"edge":{"spooled":0,"open":{"urgent":1}}}')`)],
  ['count-wrong alert #', 'an alert that counts another number than it has events', (alert) => q('update alert set count = count + 1 where id = $1', [alert])],
];

describe('planted faults', { timeout: 240_000 }, () => {
  it('are found within 60 s, each class, and nobody else is accused [E3 G5 I1 I3 I5 LAW6]', async () => {
    const alerts: string[] = [];
    for (const i of faults.keys()) {
      await q(`insert into home (id, region_code, address_enc, place_enc) select $1, region_code, address_enc, place_enc from home where id = 'h1'`, [`x${i}`]);
      await a.event('sos', { deviceId: `x${i}`, homeId: `x${i}`, personId: null });
      await a.settle();
      alerts.push((await a.alert()).id);
    }
    await deliver();
    expect(await pass(20)).toEqual([]);
    const expected: string[] = [];
    for (const [i, [text, , plant]] of faults.entries()) { const alert = alerts[i] as string; expected.push(text.replace('#', alert).replace('$', String(await plant(alert)))); }
    const from = await a.now();
    const found = await pass(60, 'held');
    expect((await a.now()) - from).toBeLessThan(61_000);
    // The held worker leaves every other timer late as well, and has not heard of the audit's own event.
    const own = await id(`select id from event where kind = 'audit' order by id limit 1`);
    const said = (await openFindings(a.db)).map((f) => `${f.kind} ${f.ref}`);
    expect(said.toSorted()).toEqual(found.toSorted());
    expect(found.filter((f) => !f.startsWith('timer-late') && f !== `event-waits event ${own}`).toSorted()).toEqual(expected.filter((f) => !f.startsWith('timer-late')).toSorted());
    expect(found.filter((f) => f.startsWith('timer-late')).length).toBeGreaterThan(0);
    expect(new Set(found.map((f) => f.split(' ')[0])).size).toBe(new Set(faults.map(([text]) => text.split(' ')[0])).size);
    expect(calls.length).toBeGreaterThan(0); // nobody evaluates: a leader's telephone rings
  });

  it('counts the events of the small emergencies first, and no more than a look can read: a button that is stuck does not blind it [E3]', async () => {
    const small = await sos();
    await q(`insert into home (id, region_code, address_enc, place_enc) select 'x1', region_code, address_enc, place_enc from home where id = 'h1'`);
    await a.event('sos', { deviceId: 'x1', homeId: 'x1', personId: null });
    await a.settle();
    await deliver();
    const stuck = (await a.alert()).id;
    expect(small).not.toBe(stuck);
    await q('update alert set count = $2 where id = $1', [stuck, limits.auditCounted]);
    expect((await pass(40)).filter((f) => f.startsWith('count-wrong'))).toEqual([]); // both together would be one event too many
    expect(await readConservation(a.db)).toMatchObject({ raises: 1, opened: 1, merged: 0, lost: 0 });
    await q('update alert set count = $2 where id = $1', [stuck, limits.auditCounted - 1]);
    expect((await pass(40)).filter((f) => f.startsWith('count-wrong'))).toEqual([`count-wrong alert ${stuck}`]);
  });

  it('a self-check that has died is found within ten minutes [B8 E3]', async () => {
    await q(`insert into canary (device_id, secret_hash, secret_enc, run, next_at, ok_at) values ('c', '\\x00', '\\x00', 5, anling_now() + interval '5 minutes', anling_now())`);
    for (const role of ['edge', 'web']) await q(`insert into node (id, role, started_at, beat_at) values ($1, $1, anling_now(), anling_now() + interval '1 hour')`, [role]);
    for (let minutes = 0; minutes < 8; minutes++) expect(await pass(60)).toEqual([]);
    expect(await pass(120)).toEqual(['canary-silent self-check']);
  });

  it('a step that was late stands in the books of the real, not of a demonstration whose clock travels', async () => {
    const alertId = await sos();
    await a.advance(5 * 60_000);
    await a.settle();
    await deliver();
    nowMs += 20_000;
    await look();
    expect((await pass(20)).filter((f) => f.startsWith('step-late'))).not.toEqual([]);
    await q('update alert set demo = true where id = $1', [alertId]);
    expect(await pass(10)).toEqual([]);
  });
});

describe('what is found is said', { timeout: 240_000 }, () => {
  const fault = (): Promise<unknown> => q(`insert into receipt (kind, dedupe, body_enc, received_at) values ('sms-up', $1, '\\x00', anling_now())`, [Math.random().toString()]);

  it('to the desk, once for each class, as P2 without a telephone; and it ends by itself [E3]', async () => {
    await fault();
    await pass(60);
    expect(await a.alerts()).toMatchObject([{ kind: 'audit', priority: 2, state: 'open', subject: { type: 'system', id: 'auditor' }, plan: null, count: 1, summary: { reason: 'answer-unread' } }]);
    await fault();
    await pass(40);
    expect(await a.alerts()).toMatchObject([{ count: 1 }]);
    await q(`insert into node (id, role, started_at, beat_at) values ('w', 'worker', anling_now(), anling_now())`); // another class: told, and the end of the first is not the end
    await pass(60);
    await q('update receipt set processed_at = anling_now()');
    await pass(20);
    expect(await a.alerts()).toMatchObject([{ count: 2, state: 'open', summary: { reason: 'answer-unread role-silent' } }]);
    await q('delete from node');
    await pass(20);
    expect(await a.alerts()).toMatchObject([{ state: 'closed', outcome: 'D2' }]);
    expect(await a.sent()).toEqual([]);
    expect(calls).toEqual([]); // the worker took it up each time
  });

  it('by telephone within 60 s when no worker takes it up: one leader after the other, bounded, in words the provider knows [E3 RF22]', async () => {
    await a.event('sos');
    for (let s = 0; s < 60 && calls.length === 0; s += 5) await pass(5, 'held');
    expect(calls.map((c) => [c.channel, c.to, c.template])).toEqual([['voice', '15404250008', 'voice-audit']]);
    await pass(60, 'held');
    expect(calls.map((c) => c.to)).toEqual(['15404250008', '15404250007']);
    await pass(10 * 60, 'held');
    expect(calls).toHaveLength(2); // nobody twice in twenty minutes
    answer = (template) => (template === 'voice-audit' ? { state: 'failed', code: 'no-code' } : { state: 'accepted', code: null });
    await pass(15 * 60, 'held');
    expect(calls.slice(2).map((c) => c.template)).toEqual(['voice-audit', 'voice-desk', 'voice-audit', 'voice-desk']);
    expect((await q('select count(*)::int as n, count(*) filter (where state = $1)::int as failed from audit_page', ['failed']))[0]).toEqual({ n: 6, failed: 2 });
    await a.settle();
    await deliver();
    const before = calls.length;
    await pass(120);
    expect(calls).toHaveLength(before);
  });

  it('a successor knows what was said before it: nothing is told twice, and the end is told', async () => {
    await fault();
    await pass(40);
    auditor();
    await pass(40);
    expect(await a.alerts()).toMatchObject([{ count: 1, state: 'open' }]);
    auditor();
    await q('update receipt set processed_at = anling_now()');
    await pass(20);
    expect(await a.alerts()).toMatchObject([{ state: 'closed' }]);
  });

  it('of two auditors one looks, and a look that cannot be made is no clean look', async () => {
    await q('alter table alert_log rename to gone');
    await expect(look()).rejects.toThrow();
    expect((await readAuditor(a.db)).lookedAt).toBeNull();
    await q('alter table gone rename to alert_log');
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const other = a.db.tx(async (sql) => { await sql.query(`select pg_advisory_xact_lock(hashtext('anling-audit'))`); held.resolve(); await release.promise; });
    await held.promise;
    expect(await look()).toEqual([]);
    expect((await readAuditor(a.db)).lookedAt).toBeNull();
    release.resolve();
    await other;
  });

  it('the sums of events and alerts, of messages and their fates, come out on both sides; a lost row opens them [E3 I2 I5]', async () => {
    for (let i = 0; i < 3; i++) { await a.event('sos', { id: `e${i}` }); await a.settle(); }
    await a.event('sos', { id: 'e2' });
    await a.settle();
    const law = await readConservation(a.db);
    expect(law).toMatchObject({ raises: 4, opened: 1, merged: 3, lost: 0 });
    expect(Object.values(law.messages).reduce((x, y) => x + y, 0)).toBe(law.outbox);
    expect(law.outbox).toBeGreaterThan(0);
    await q(`delete from event where source_event_id = 'e1'`);
    const open = await readConservation(a.db);
    expect(open.raises).not.toBe(open.opened + open.merged);
  });

  it('one look at a busy county costs little', async () => {
    await sos();
    await q(`insert into event (ingest_id, shard, urgency, device_id, source, kind, received_at, trace, evaluated_at, result, alert_id) select gen_random_uuid(), 1, 1, 'd1', 'mqtt', 'sos', anling_now(), 't', anling_now(), 'merged', (select max(id) from alert) from generate_series(1, 20000)`);
    await q(`insert into feed (seq, type, payload) select (select seq from feed_counter) + n, 'alert', '{}' from generate_series(1, 20000) n`);
    await q('update feed_counter set seq = seq + 20000');
    await q('update alert set count = count + 20000');
    const began = performance.now();
    await look();
    console.log(`one look over 20,000 events and feed rows: ${Math.round(performance.now() - began)} ms`);
    expect(performance.now() - began).toBeLessThan(limits.auditLookMs);
  });
});
