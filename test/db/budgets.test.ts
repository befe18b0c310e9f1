/** Budgets per number on real rows: what of the provider's windows is kept for emergencies, what waits, what is told in one text, what goes out all the same. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { standinProvider } from '#core/provider.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { accepted, type FakeGateway, fakeGateway, put, row, type RowOptions, send, type Sending, state } from './notify-fixture.ts';

let t: TestDatabase;
let gateway: FakeGateway;
let running: Sending | null = null;
const slow = { timeout: 25_000, interval: 20 };
beforeAll(async () => { t = await testDatabase({ max: 10 }); });
afterAll(() => t.close());
afterEach(async () => { await running?.stop(); running = null; await t.db.query('delete from outbox'); });
const run = (budget: Partial<typeof standinProvider.budget> = {}): void => {
  gateway = fakeGateway(() => accepted());
  running = send(t, gateway, { settings: () => ({ ...standinProvider, budget: { ...standinProvider.budget, ...budget } }) });
};
/** Puts one and waits until it is decided; its state and why. */
async function one(o: RowOptions): Promise<string> {
  const outId = await put(t, o);
  await expect.poll(async () => { const r = await row(t, outId); return r.state !== 'sending' && !(r.state === 'due' && r.error_code === null); }, slow).toBe(true);
  const r = await row(t, outId);
  return `${r.state}${r.error_code === null ? '' : ` ${r.error_code}`}`;
}

describe('a reserve for emergencies [2.5 E7]', () => {
  it('what is less urgent stops at seventy of a hundred; an emergency goes on to the whole, then takes another way before the provider refuses', async () => {
    run({ smsPerDay: 10 });
    for (let i = 0; i < 7; i++) expect(await one({ priority: 2 })).toBe('accepted');
    expect(await one({ priority: 2 })).toBe('failed local.RESERVE');
    for (let i = 0; i < 3; i++) expect(await one({ priority: 1 })).toBe('accepted');
    const outId = await put(t, { priority: 1 });
    await expect.poll(async () => { const r = await row(t, outId); return `${r.state} ${r.template}`; }, slow).toBe('accepted concern');
    for (let i = 0; i < 9; i++) expect(await one({ priority: 1 }), 'another text says the same').toBe('accepted');
    expect(await one({ priority: 1 })).toBe('failed local.SMS_DAY');
    expect(await one({ priority: 1, template: 'gas' }), 'each text has its own').toBe('accepted');
    expect(gateway.sent.map((m) => m.template)).toEqual([...Array<string>(10).fill('sos'), ...Array<string>(10).fill('concern'), 'gas']);
  });
  it('of an emergency only the first round has the whole; whoever is searched for a second time leaves the reserve, and another elder’s first press has it [2.5]', async () => {
    run({ smsPerDay: 10 });
    for (let i = 0; i < 7; i++) expect(await one({ round: 1 })).toBe('accepted');
    expect(await one({ round: 1 })).toBe('failed local.RESERVE');
    for (let i = 0; i < 3; i++) expect(await one({ round: 0 })).toBe('accepted');
    expect(await one({ round: 1, lastWay: true }), 'but nobody is left to a budget').toBe('accepted');
  });
  it('calls: two of the hour are kept', async () => {
    run();
    const seen: string[] = [];
    for (const priority of [2, 2, 2, 2, 1, 1, 1]) { await t.advance(66_000); seen.push(await one({ channel: 'voice', priority })); }
    expect(seen).toEqual(['accepted', 'accepted', 'accepted', 'failed local.RESERVE', 'accepted', 'accepted', 'failed local.CALLS_HOUR']);
  });
  it('what an account limits by itself: a minute, an hour, all texts of a number', async () => {
    run({ smsPerMinute: 1, smsPerHour: 2, smsPerNumberDay: 4 });
    expect([await one({}), await one({}), await one({ template: 'fall' })]).toEqual(['accepted', 'failed local.SMS_MINUTE', 'accepted']);
    await t.advance(66_000);
    expect([await one({}), await one({ template: 'gas' })]).toEqual(['accepted', 'accepted']);
    await t.advance(66_000);
    expect([await one({}), await one({ template: 'smoke' })]).toEqual(['failed local.SMS_HOUR', 'failed local.SMS_NUMBER']);
  });
  it('a technical notice waits, uncounted, and goes when there is room; after a day it is given up and shown', async () => {
    run({ smsPerDay: 2 });
    expect(await one({ priority: 4, template: 'battery' })).toBe('accepted');
    const waits = await put(t, { priority: 4, template: 'battery' });
    expect(await one({ priority: 4, template: 'battery', to: '15404250009' }), 'others do not wait for it').toBe('accepted');
    expect(await one({ priority: 4, template: 'taken', to: '15404250009' })).toBe('accepted');
    expect(await one({ priority: 4, template: 'taken', to: '15404250009' }), 'a word about a case is of no use later').toBe('failed local.RESERVE');
    const held = (times: number): Promise<void> => expect.poll(async () => { const r = await row(t, waits); return `${r.state} ${r.error_code} ${r.attempts} ${Number(r.lease_token) >= times}`; }, slow).toBe('due local.RESERVE 0 true');
    await held(1);
    for (let i = 2; i < limits.sendAttempts + 3; i++) { await t.advance(limits.budgetWaitMs + 1_000); await held(i); }
    await t.advance(24 * 3_600_000 + limits.sendMs);
    await expect.poll(() => state(t, waits), slow).toBe('accepted');
    const hopeless = await put(t, { priority: 4, template: 'battery' });
    await t.db.query(`update outbox set created_at = created_at - interval '27 hours' where out_id = $1`, [hopeless]);
    await t.advance(limits.budgetWaitMs + 1_000);
    await expect.poll(() => state(t, hopeless), slow).toBe('failed');
  });
  it('only the last way left goes out whatever the budget says, and the log tells of it', async () => {
    run({ smsPerDay: 1 });
    await one({});
    await one({});
    expect(await one({})).toBe('failed local.SMS_DAY');
    const last = await put(t, { lastWay: true });
    await expect.poll(() => state(t, last), slow).toBe('accepted');
    expect(running?.lines.join()).toContain('the last way left');
  });
});

describe('technical notices are throttled apart from alarms, and bundled [E13 E7]', () => {
  const battery: RowOptions = { priority: 4, template: 'battery', purpose: 'notice' };
  const texts = (): string[] => gateway.sent.map((m) => `${m.template}${m.template === 'notices' ? ` ${m.params['n']}` : ''}`);
  it('one in three minutes, three in twenty, eight in two hours; the rest is told in one text; an alarm never waits behind them', async () => {
    run();
    expect(await one(battery)).toBe('accepted');
    const rest = [await put(t, battery), await put(t, battery), await put(t, battery)];
    await expect.poll(async () => Promise.all(rest.map(async (o) => (await row(t, o)).error_code)), slow).toEqual(['local.NOTICES', 'local.NOTICES', 'local.NOTICES']);
    expect(await one({ priority: 1 }), 'an alarm to the same number').toBe('accepted');
    await t.advance(3 * 60_000 + 1_000);
    await expect.poll(async () => (await Promise.all(rest.map((o) => state(t, o)))).sort(), slow).toEqual(['accepted', 'withdrawn', 'withdrawn']);
    expect(texts()).toEqual(['battery', 'sos', 'notices 3']);
    const codes = await Promise.all(rest.map(async (o) => (await row(t, o)).error_code));
    expect(codes.filter((c) => c === 'local.BUNDLED').length).toBe(2);
    await t.advance(3 * 60_000 + 1_000);
    expect(await one(battery)).toBe('accepted');
    await t.advance(3 * 60_000 + 1_000);
    expect(await one(battery), 'the fourth in twenty minutes').toBe('due local.NOTICES');
    expect(await one({ ...battery, to: '15404250002' }), 'another number').toBe('accepted');
  });
});
