/** A vendor's history that answers badly (FEATURES 2.15): what fails is tried again, what was left behind is read later, a long failure stands at the desk, and one edge reads. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEdge, until } from '#test/harness/edge.ts';
import { minute, type PullHouse, pullHouse } from '#test/harness/pull-house.ts';
import { claimPull, finishPull, type PullEnd } from '#store/vendor-pulls.ts';

let h: PullHouse;
beforeAll(async () => { h = await pullHouse(); });
afterAll(() => h?.stop());
const sos = (at: number) => ({ at, event: { serviceId: 'sos', eventType: 2, eventContent: {} } });

describe('a history that answers badly', () => {
  it('“too many requests”: it is left alone for as long as it says, and nothing is lost [2.15]', async () => {
    const button = await h.device();
    await h.cloud.hear({ ...button, ...sos(h.now()) }, null);
    h.cloud.fail = { status: 429, times: 1, retryAfter: 30 };
    await h.round();
    expect(await h.state()).toMatchObject({ why: 'the vendor says: too many requests' });
    expect(await h.events(button.id)).toEqual([]);
    const [due] = await h.a.db.query<{ s: number }>(`select extract(epoch from due_at - anling_now())::float8 as s from vendor_pull`);
    expect(due?.s).toBeGreaterThan(15);
    expect(due?.s).toBeLessThanOrEqual(30);
    await h.round(minute);
    expect(await h.events(button.id)).toMatchObject([{ kind: 'sos', flags: ['pulled'] }]);
    expect(await h.state()).toMatchObject({ why: null, failingSince: null });
  });

  it('one device that cannot be read holds up no other, and is read from where it was left [2.15]', async () => {
    const [first, second] = [await h.device(), await h.device()];
    const at = h.now();
    await h.cloud.hear({ ...first, ...sos(at) }, null);
    await h.cloud.hear({ ...second, ...sos(at + 1) }, null);
    h.cloud.broken = second.deviceId;
    await h.round();
    expect(await h.events(first.id)).toHaveLength(1);
    expect(await h.events(second.id)).toEqual([]);
    expect(await h.state()).toMatchObject({ behind: 1, failingSince: null, why: 'the platform answers with code 500' });
    await h.round(20 * minute); // by now beyond what a round overlaps with the one before
    expect(await h.state()).toMatchObject({ behind: 1 });
    h.cloud.broken = null;
    await h.round();
    expect(await h.events(second.id)).toMatchObject([{ kind: 'sos', device_time: at + 1 }]);
    expect(await h.state()).toMatchObject({ behind: 0 });
  });

  it('passing failures are tried again within the round; an answer that is not understood is a failure, never “nothing” [2.15]', async () => {
    const button = await h.device();
    await h.cloud.hear({ ...button, ...sos(h.now()) }, null);
    h.cloud.fail = { status: 500, times: 2 };
    await h.round();
    expect(await h.events(button.id)).toHaveLength(1);
    const cursor = (await h.state())?.cursorAt;
    h.cloud.says = '{"code":0,"result":{"rows":[]}}';
    await h.round();
    expect(await h.state()).toMatchObject({ why: 'the answer holds no list', cursorAt: cursor });
    expect((await h.state())?.failingSince).not.toBeNull();
    h.cloud.says = null;
  });

  it('a failure of a quarter of an hour is a fault at the desk until it is over [2.15 B5]', async () => {
    h.cloud.fail = { status: 403, times: 1_000 };
    for (let i = 0; i < 5; i++) await h.round();
    await h.a.settle();
    const fault = async () => (await h.a.alerts()).find((x) => x.kind === 'fault' && x.subject.type === 'vendor');
    expect(await fault()).toMatchObject({ state: 'open', subject: { id: 'telecom:history' } });
    expect(await h.a.db.query(`select id from event where kind = 'fault'`)).toHaveLength(1);
    const late = await h.device();
    await h.cloud.hear({ ...late, ...sos(h.now()) }, null);
    h.cloud.fail = null;
    await h.round();
    expect(await h.events(late.id)).toHaveLength(1);
    await h.a.pass(15 * 60, 60);
    expect(await fault()).toMatchObject({ state: 'closed', outcome: 'D2' });
  });

  it('the cursor stands while the database takes no alarm, and the next round brings it [2.15 LAW1]', async () => {
    const button = await h.device();
    await h.cloud.hear({ ...button, ...sos(h.now()) }, null);
    await h.a.db.query('alter table event add constraint nothing_goes check (id < 0) not valid');
    const before = await h.state();
    await h.forward(4 * minute);
    await until('it was tried', async () => (await h.state())?.lastAt !== before?.lastAt);
    await until('an alarm was refused', () => h.edge.lines.some((line) => line.includes('histories not read') || line.includes('not made durable')), 40_000);
    await h.a.db.query('alter table event drop constraint nothing_goes');
    await h.round(5 * minute);
    await until('it is there', async () => (await h.events(button.id)).length >= 1);
    expect(await h.events(button.id)).toHaveLength(1);
  });
});

describe('two edges', () => {
  it('one reads; who lost the lease moves no cursor [2.15]', async () => {
    await h.edge.stop();
    await h.forward(5 * minute);
    const mine = await h.a.db.tx((sql) => claimPull(sql, ['telecom'], 'edge-a'));
    expect(mine).toMatchObject({ door: 'telecom' });
    expect(await h.a.db.tx((sql) => claimPull(sql, ['telecom'], 'edge-b'))).toBeNull();
    await h.forward(3 * minute); // edge-a hangs
    const theirs = await h.a.db.tx((sql) => claimPull(sql, ['telecom'], 'edge-b'));
    expect(theirs).toMatchObject({ door: 'telecom', cursorAt: mine?.cursorAt });
    const end: PullEnd = { cursorAt: 1, behind: {}, ok: true, why: null, skewMs: 0, nextMs: 0, records: 0, missing: 0, filled: 0, alarms: 0, oldestMs: 0 };
    expect(await h.a.db.tx((sql) => finishPull(sql, h.a.seal, mine ?? { door: '', token: '' }, end))).toBe(false);
    expect(await h.a.db.tx((sql) => finishPull(sql, h.a.seal, theirs ?? { door: '', token: '' }, { ...end, cursorAt: 2_000 }))).toBe(true);
    expect((await h.state())?.cursorAt).toBe(2_000);
    h.edge = await startTestEdge(h.a);
  });
});
