/** The sender on real rows: claims, leases, tokens, retries, guards, lanes, budgets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { standinProvider } from '#core/provider.ts';
import type { Gateway, Outcome, Refusal } from '#notify/channels/channel.ts';
import { claimSends } from '#store/outbox.ts';
import { withdrawOutbox } from '#store/outbox-insert.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { accepted, fakeGateway, openAlert, put, row, saveSend, send, type Sending, state } from './notify-fixture.ts';

let t: TestDatabase;
const running: Sending[] = [];
const slow = { timeout: 25_000, interval: 20 };
const run = (gateway: Gateway | null, more: object = {}): Sending => { const s = send(t, gateway, more); running.push(s); return s; };
beforeAll(async () => { t = await testDatabase({ max: 10 }); });
afterAll(() => t.close());
afterEach(async () => {
  await Promise.all(running.splice(0).map((s) => s.stop()));
  await t.db.query('delete from outbox');
});
const until = (outId: string, wanted: string): Promise<void> => expect.poll(() => state(t, outId), slow).toBe(wanted);
const refusal = (more: Partial<Refusal>): Refusal => ({ kind: 'rejected', class: 'F', scope: 'recipient', code: 'isv.X', retries: 0, endsAs: 'F', retryAfterMs: null, page: false, ...more });
const claim = { channel: 'sms', fromPriority: 1, toPriority: 9, rows: 10, leaseMs: limits.sendLeaseMs, gateway: 'standin' } as const;

describe('one message', () => {
  it('is sent once, accepted with the provider’s id, and logged with its trace', async () => {
    const gateway = fakeGateway(() => accepted('1'));
    const s = run(gateway);
    const outId = await put(t);
    await until(outId, 'accepted');
    const stored = await row(t, outId);
    expect(stored).toMatchObject({ attempts: 1, provider: 'standin', provider_id: 'biz1', error_code: null });
    expect(gateway.sent).toMatchObject([{ outId, to: '15404250001', template: 'sos', params: { name: '陈' } }]);
    const line = s.lines.find((l) => l.includes('message accepted')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ outboxId: stored.id, trace: stored.trace, channel: 'sms', providerId: 'biz1' });
    expect(s.lines.join()).not.toMatch(/15404250001|陈|下厝角/);
    expect(await s.metrics.text()).toMatch(/anling_sends\{channel="sms",outcome="accepted",role="worker"\} 1/);
  });
  it('goes out most urgent first', async () => {
    for (const priority of [3, 2, 1, 3]) await put(t, { priority, to: `1540425000${priority}` });
    expect((await claimSends(t.db, claim)).map((s) => s.priority)).toEqual([1, 2, 3, 3]);
    expect(await claimSends(t.db, claim)).toEqual([]);
  });
  it('is claimed by one of many workers only [LAW3]', async () => {
    for (let i = 0; i < 40; i++) await put(t, { to: `154042500${10 + i}` });
    const got = await Promise.all(Array.from({ length: 8 }, () => claimSends(t.db, { ...claim, rows: 7 })));
    const ids = got.flat().map((s) => s.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(40);
  });
});

describe('doubt is resent [I6 RF12 LAW6]', () => {
  it('a worker that dies in the middle costs one lease and at most one duplicate, under the same out_id', async () => {
    const outId = await put(t);
    await claimSends(t.db, claim); // this worker is killed now: maybe before, maybe behind the request
    const gateway = fakeGateway(() => accepted('2'));
    run(gateway);
    await t.advance(limits.sendLeaseMs - 1_500);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(gateway.sent.length).toBe(0);
    await t.advance(1_600);
    await until(outId, 'accepted');
    expect(gateway.sent.map((m) => m.outId)).toEqual([outId]);
    expect(await row(t, outId)).toMatchObject({ attempts: 2, provider_id: 'biz2' });
  });
  it('a row that kills its sender each time ends as unknown, not in a loop', async () => {
    const outId = await put(t);
    for (let i = 0; i < limits.sendAttempts; i++) { await claimSends(t.db, claim); await t.advance(limits.sendLeaseMs + 1); }
    const gateway = fakeGateway(() => accepted());
    run(gateway);
    await until(outId, 'unknown');
    expect(gateway.sent).toEqual([]);
    expect(await row(t, outId)).toMatchObject({ error_code: 'local.ATTEMPTS', handled_at: null });
  });
  it('an outcome without the lease’s token is not saved', async () => {
    const outId = await put(t);
    const [first] = await claimSends(t.db, claim);
    await t.advance(limits.sendLeaseMs + 1);
    const [second] = await claimSends(t.db, claim);
    expect(await saveSend(t.db, first!, { state: 'failed', code: 'x', class: 'F' })).toBeNull();
    expect(await saveSend(t.db, second!, { state: 'accepted', providerId: 'p', checkMs: 1 })).toBe('accepted');
    expect(await row(t, outId)).toMatchObject({ state: 'accepted', provider_id: 'p' });
  });
  it('a process that was held longer than its lease sends nothing on waking', async () => {
    let now = 0;
    const gateway = fakeGateway(() => accepted());
    const s = run(gateway, { monotonic: () => { now += limits.sendLeaseMs; return now; } });
    const outId = await put(t);
    await expect.poll(async () => (await row(t, outId)).attempts, slow).toBe(1);
    await s.stop();
    expect(gateway.sent).toEqual([]);
    expect(await state(t, outId)).toBe('sending');
  });
  it('connections lost in the middle of a send cost no duplicate: the outcome is saved when the database is back [F5]', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => { release = resolve; });
    const gateway = fakeGateway(async () => { await held; return accepted('9'); });
    run(gateway);
    const outId = await put(t);
    await expect.poll(() => gateway.sent.length, slow).toBe(1);
    await t.db.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`);
    release();
    await until(outId, 'accepted');
    expect(gateway.sent.length).toBe(1);
    expect(await row(t, outId)).toMatchObject({ attempts: 1, provider_id: 'biz9' });
  });
  it('a timeout is unknown and left to the alert path and to reconciliation', async () => {
    run(fakeGateway(() => ({ kind: 'unknown', code: 'Deadline' })));
    const outId = await put(t);
    await until(outId, 'unknown');
    expect(await row(t, outId)).toMatchObject({ error_code: 'Deadline', error_class: 'U', handled_at: null, attempts: 1 });
  });
});

describe('failures [I5 RF12]', () => {
  it.each<[string, Outcome, string, string]>([
    ['F', refusal({ code: 'isv.BUSINESS_LIMIT_CONTROL' }), 'failed', 'F'],
    ['P', refusal({ class: 'P', scope: 'account', code: 'isv.SMS_TEMPLATE_ILLEGAL', page: true }), 'failed', 'P'],
    ['R with a long wait', refusal({ class: 'R', retries: 2, retryAfterMs: 9_000, code: 'Throttling.User' }), 'failed', 'F'],
  ])('%s fails at once, unhandled, after one request', async (_, outcome, wanted, cls) => {
    const gateway = fakeGateway(() => outcome);
    run(gateway);
    const outId = await put(t);
    await until(outId, wanted);
    expect(await row(t, outId)).toMatchObject({ error_class: cls, handled_at: null, attempts: 1 });
    expect(gateway.sent.length).toBe(1);
  });
  it('R is tried again, bounded by its code and by the limit, within 15 seconds', async () => {
    const gateway = fakeGateway(() => refusal({ class: 'R', retries: 9, code: 'isp.SYSTEM_ERROR' }));
    run(gateway);
    const began = performance.now();
    const outId = await put(t);
    await until(outId, 'failed');
    expect(gateway.sent.length).toBe(limits.sendAttempts);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(new Set(gateway.sent.map((m) => m.outId)).size).toBe(1);
  });
  it('R that may have gone out ends as unknown; R that then works is accepted', async () => {
    const gateway = fakeGateway((m, _, n) => (m.to.endsWith('1') || n === 1 ? refusal({ class: 'R', retries: 1, endsAs: 'U', code: 'ServiceUnavailable' }) : accepted()));
    run(gateway);
    const lucky = await put(t, { to: '15404250002' });
    await until(lucky, 'accepted');
    const outId = await put(t);
    await until(outId, 'unknown');
    expect(gateway.sent.filter((m) => m.to.endsWith('1')).length).toBe(2);
  });
  it('a refused text is said again without variables, an ordinary notice is not', async () => {
    const gateway = fakeGateway((m, _, n) => (gateway.sent[n - 1]?.plain ? accepted(m.outId) : refusal({ class: 'P', scope: 'message', code: 'isv.BLACK_KEY_CONTROL_LIMIT' })), { plain: true });
    run(gateway);
    const alarm = await put(t);
    await until(alarm, 'accepted');
    const notice = await put(t, { template: 'taken', to: '15404250002' });
    await until(notice, 'failed');
    expect(gateway.sent.map((m) => m.plain)).toEqual([false, true, false]);
  });
  it('money, credentials and templates are said loudly, once, and to /readyz', async () => {
    const gateway = fakeGateway(() => refusal({ code: 'isv.AMOUNT_NOT_ENOUGH', scope: 'account', page: true }));
    const s = run(gateway);
    for (const to of ['15404250001', '15404250002']) await until(await put(t, { to }), 'failed');
    expect(s.lines.filter((l) => l.includes('an administrator is needed')).length).toBe(1);
    expect(await s.metrics.text()).toMatch(/anling_gateway_refuses\{channel="sms",role="worker"\} 1/);
  });
  it('a row that cannot be opened fails, it does not stop the others', async () => {
    const gateway = fakeGateway(() => accepted());
    const broken = await put(t);
    await t.db.query(`update outbox set params_enc = '\\x00' where out_id = $1`, [broken]);
    run(gateway);
    const fine = await put(t, { to: '15404250002' });
    await until(broken, 'failed');
    await until(fine, 'accepted');
    expect(await row(t, broken)).toMatchObject({ error_code: 'local.UNREADABLE' });
  });
});

describe('withdrawn rows are never sent [E5]', () => {
  it('neither what is due, nor what would be tried again', async () => {
    const alertId = await openAlert(t);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => { release = resolve; });
    const gateway = fakeGateway(async (m) => { if (m.to.endsWith('1')) { await held; return refusal({ class: 'R', retries: 2 }); } return accepted(); });
    run(gateway);
    const flying = await put(t, { alertId });
    await expect.poll(() => gateway.sent.length, slow).toBe(1);
    const later = await put(t, { alertId, to: '15404250002', dueInS: 3_600 });
    await withdrawOutbox(t.db, [{ alertId, what: 'search' }]);
    release();
    await until(flying, 'withdrawn');
    expect(await state(t, later)).toBe('withdrawn');
    await t.advance(3_700_000);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(gateway.sent.length).toBe(1);
  });
  it('nor what a dead worker left behind', async () => {
    const alertId = await openAlert(t);
    const outId = await put(t, { alertId });
    await claimSends(t.db, claim);
    await withdrawOutbox(t.db, [{ alertId, what: 'search' }]);
    await t.advance(limits.sendLeaseMs + 1);
    const gateway = fakeGateway(() => accepted());
    run(gateway);
    await until(outId, 'withdrawn');
    expect(gateway.sent).toEqual([]);
  });
});

describe('who may reach whom', () => {
  it('demonstration rows and numbers never reach a real gateway, real rows never the stand-in [FF18 FF23]', async () => {
    const real = fakeGateway(() => accepted(), { name: 'aliyun' });
    const first = run(real);
    const demoRow = await put(t, { to: '13800138000', demo: true });
    const demoNumber = await put(t, { to: '+86 154 0425 0001', demo: false });
    const demoHotline = await put(t, { to: '0598-0350425', demo: false, channel: 'voice' });
    const fine = await put(t, { to: '13900139000', demo: false });
    await until(demoRow, 'failed');
    await until(demoNumber, 'failed');
    await until(demoHotline, 'failed');
    await until(fine, 'accepted');
    expect(real.sent.map((m) => m.to)).toEqual(['13900139000']);
    expect([(await row(t, demoRow)).error_code, (await row(t, demoNumber)).error_code, (await row(t, demoHotline)).error_code]).toEqual(['local.DEMO_ROW', 'local.DEMO_NUMBER', 'local.DEMO_NUMBER']);
    await first.stop();
    const standin = fakeGateway(() => accepted());
    run(standin);
    const realRow = await put(t, { to: '13900139000', demo: false });
    await until(realRow, 'failed');
    expect(standin.sent).toEqual([]);
    expect((await row(t, realRow)).error_code).toBe('local.REAL_ROW');
  });
  it('the database itself refuses both [FF18]', async () => {
    const demo = await put(t);
    const real = await put(t, { demo: false, to: '13900139000' });
    await expect(t.db.query(`update outbox set provider = 'aliyun' where out_id = $1`, [demo])).rejects.toMatchObject({ constraint: 'outbox_demo_stays' });
    await expect(t.db.query(`update outbox set provider = 'standin' where out_id = $1`, [real])).rejects.toMatchObject({ constraint: 'outbox_real_rings' });
  });
  it('without a gateway every message fails at once, nothing waits in silence', async () => {
    run(null);
    const outId = await put(t, { demo: false, to: '13900139000' });
    await until(outId, 'failed');
    expect(await row(t, outId)).toMatchObject({ error_code: 'local.NO_GATEWAY', handled_at: null });
  });
  it('a number that opted out gets calls, no SMS [FF21]', async () => {
    await t.db.query(`insert into region (code, level, name) values ('350425000000', 'county', 'x') on conflict do nothing`);
    const phone = '15404250077';
    await t.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx, opted_out_at, demo) values ('r77', 'doctor', '350425000000', '\\x00', '\\x00', $1, anling_now(), true)`, [t.seal.blind('phone', phone)]);
    const gateway = fakeGateway(() => accepted());
    run(gateway);
    const text = await put(t, { to: phone });
    const call = await put(t, { to: phone, channel: 'voice' });
    await until(text, 'failed');
    await until(call, 'accepted');
    expect(gateway.sent.map((m) => m.channel)).toEqual(['voice']);
    expect((await row(t, text)).error_code).toBe('local.OPTED_OUT');
  });
});

describe('whose speech', () => {
  it('a call knows what its callee speaks and what happened; a text needs neither [E14]', async () => {
    await t.db.query(`insert into region (code, level, name) values ('350425000000', 'county', 'x') on conflict do nothing`);
    await t.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx, languages, demo) values ('r78', 'doctor', '350425000000', '\\x00', '\\x00', $1, '{闽南话,普通话}', true)`, [t.seal.blind('phone', '15404250078')]);
    const gateway = fakeGateway(() => accepted());
    run(gateway);
    const alertId = await openAlert(t);
    await until(await put(t, { to: '15404250078', channel: 'voice', party: 'responder:r78', alertId }), 'accepted');
    await until(await put(t, { to: '15404250078', party: 'responder:r78', alertId }), 'accepted');
    await until(await put(t, { to: '15404250079', channel: 'voice' }), 'accepted');
    expect(gateway.sent.map((m) => [m.channel, m.languages, m.kind])).toEqual([['voice', ['闽南话', '普通话'], 'sos'], ['sms', [], null], ['voice', [], null]]);
  });
});

describe('the provider’s windows, mirrored', () => {
  it('50 texts of one template to one number in 24 h; the next takes another way, another template does not', async () => {
    run(fakeGateway(() => accepted()));
    for (let i = 0; i < standinProvider.budget.smsPerDay; i++) await put(t, { template: 'gas' });
    await expect.poll(async () => (await t.db.query(`select from outbox where state = 'accepted'`)).length, { timeout: 10_000 }).toBe(50);
    const over = await put(t, { template: 'gas' });
    const other = await put(t, { template: 'smoke' });
    await until(over, 'failed');
    await until(other, 'accepted');
    expect(await row(t, over)).toMatchObject({ error_code: 'local.SMS_DAY', error_class: 'F' });
    await t.advance(24 * 3_600_000 + 1_000 + limits.sendMs);
    await until(await put(t, { template: 'gas' }), 'accepted');
  });
  it('calls: 1 a minute, 5 an hour; refused ones that never left do not count', async () => {
    run(fakeGateway(() => accepted()));
    const codes: (string | null)[] = [];
    for (const pause of [0, 10_000, 66_000, 66_000, 66_000, 66_000, 66_000, 3_610_000]) {
      await t.advance(pause);
      const outId = await put(t, { channel: 'voice' });
      await expect.poll(() => state(t, outId), slow).not.toMatch(/due|sending/);
      codes.push((await row(t, outId)).error_code);
    }
    expect(codes).toEqual([null, 'local.CALLS_MINUTE', null, null, null, null, 'local.CALLS_HOUR', null]);
  });
  it('of two messages at the same moment one goes', async () => {
    const ids = [await put(t, { channel: 'voice' }), await put(t, { channel: 'voice' })];
    run(fakeGateway(async () => { await new Promise((resolve) => setTimeout(resolve, 200)); return accepted(); }));
    await expect.poll(async () => Promise.all(ids.map((id) => state(t, id))), slow).toEqual(['accepted', 'failed']);
  });
});

describe('lanes [LAW8]', () => {
  it('a gateway that hangs on everything else holds up no emergency, and SMS no call', async () => {
    const hangs = Promise.withResolvers<void>();
    const gateway = fakeGateway(async (m) => {
      if (m.template === 'battery') await hangs.promise;
      return accepted();
    });
    run(gateway);
    for (let i = 0; i < 40; i++) await put(t, { template: 'battery', priority: 3, to: `154042501${10 + i}` });
    await expect.poll(() => gateway.sent.length, slow).toBe(limits.sendOther);
    const text = await put(t, { to: '15404250201' });
    const call = await put(t, { channel: 'voice', to: '15404250202', priority: 2 });
    await t.db.query(`select pg_notify('anling_outbox', '')`);
    await until(text, 'accepted');
    await until(call, 'accepted');
    expect(gateway.sent.filter((m) => m.template === 'battery').length).toBe(limits.sendOther); // all of them hang still
    hangs.resolve();
  });
});
