/** The house's own press among the rows of the alarm path: it is marked by its credential alone, opens nothing, reaches nobody, and its failure is told to the desk once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCanary } from '#canary/canary.ts';
import { createLog } from '#ops/log.ts';
import { endPress, ensureCanary, readCanary, takePress } from '#store/canary.ts';
import { findDevices, listDevices } from '#store/devices.ts';
import { beat } from '#store/nodes.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); await ensureCanary(a.db, a.seal); });
afterEach(() => a.close());
const listen = (host: string, port: number): Record<string, unknown> => ({ listen: { host, bind: '0.0.0.0', port, tls: false } });
const house = async (): Promise<void> => {
  for (const [role, host, port] of [['edge', 'far', 1], ['web', 'far', 2], ['edge', 'here', 3], ['web', 'here', 4], ['worker', 'here', 0]] as const) await beat(a.db, { id: `${role}-${host}`, role, detail: listen(host, port) });
};
const id = async (): Promise<string> => (await a.db.query<{ id: string }>('select device_id as id from canary'))[0]!.id;

describe('the press [B8]', () => {
  it('is taken by one worker, when it is due, for the doors of its own machine; a worker of the release before stops it', async () => {
    expect(await takePress(a.db, a.seal, 'here')).toBeNull(); // no doors were ever open: nothing to check
    await house();
    const both = await Promise.all([takePress(a.db, a.seal, 'here'), takePress(a.db, a.seal, 'here')]);
    expect(both.filter((p) => p !== null)).toMatchObject([{ run: '1', edge: { port: 3 }, web: { port: 4 } }]);
    await endPress(a.db, '1', { failed: null, legs: { acknowledged: 3 } });
    expect(await readCanary(a.db)).toMatchObject({ failures: 0, failed: null, legs: { acknowledged: 3 } });
    await a.advance(299_000);
    expect(await takePress(a.db, a.seal, 'here')).toBeNull();
    await a.advance(2_000);
    await beat(a.db, { id: 'old', role: 'worker', detail: { pid: 1 } });
    expect(await takePress(a.db, a.seal, 'here')).toBeNull();
    await a.advance(121_000);
    expect(await takePress(a.db, a.seal, 'nowhere')).not.toBeNull();
    expect(await readCanary(a.db)).toMatchObject({ failures: 1 });
  });

  it('is known to the doors and is in no list of devices', async () => {
    const [known] = await findDevices(a.db, a.seal, [await id(), 'd1']).then((all) => all.filter((d) => d.canary));
    expect(known).toMatchObject({ id: await id(), no: 0, homeId: null, status: 'installed' });
    expect((await listDevices(a.db, a.seal, 0, 100)).some((d) => d.canary)).toBe(false);
  });

  it('opens no alert; one dry message without a number and one frame go out in the transaction that evaluates it', async () => {
    await a.event('sos', { deviceId: await id(), homeId: null, personId: null, flags: ['canary'], id: '7' });
    await a.settle();
    expect(await a.alerts()).toEqual([]);
    expect(await a.db.query('select result, alert_id from event')).toEqual([{ result: 'canary', alert_id: null }]);
    expect(await a.db.query(`select dry, state, priority, octet_length(to_bidx) as number from outbox`)).toEqual([{ dry: true, state: 'due', priority: 1, number: 0 }]);
    expect(await a.db.query(`select type, alert_id, payload->'detail'->>'run' as run from feed`)).toEqual([{ type: 'canary', alert_id: null, run: '7' }]);
    await expect(a.db.query(`update outbox set to_bidx = '\\x01'`)).rejects.toThrow(/outbox_dry_reaches_nobody/);
  });

  it('nothing else is taken for it: a registered device, a home or a person with the same mark is an alarm [LAW5]', async () => {
    await a.event('sos', { flags: ['canary'] });
    await a.event('sos', { deviceId: await id(), homeId: 'h1', personId: null, flags: ['canary'] });
    await a.event('sos', { deviceId: await id(), homeId: null, personId: null, flags: [] });
    await a.settle();
    expect((await a.alerts()).map((x) => [x.kind, x.priority])).toEqual([['sos', 1], ['sos', 1], ['sos', 1]]);
  });

  it('its failure is told to the desk once, as P2 without a telephone, and ends by itself', async () => {
    await house();
    await takePress(a.db, a.seal, 'here');
    await endPress(a.db, '1', { failed: null, legs: {} });
    await a.advance(9 * 60_000);
    await a.db.query(`delete from node where role = 'edge'`); // nobody can press: only the judge is left
    const canary = startCanary({ db: a.db, seal: a.seal, metrics: a.metrics, log: createLog('test', 'silent'), host: 'here' });
    await expect.poll(() => canary.ready(), { timeout: 30_000, interval: 200 }).toMatch(/no worker presses/);
    await expect.poll(async () => (await a.db.query(`select 1 from event where kind = 'self-check'`)).length, { timeout: 10_000 }).toBe(1);
    await a.settle();
    expect(await a.alerts()).toMatchObject([{ kind: 'self-check', priority: 2, state: 'open', subject: { type: 'system', id: 'canary' }, plan: null }]);
    expect(await a.sent()).toEqual([]);
    await a.db.query(`update canary set next_at = anling_now() + interval '5 minutes', failures = 0`);
    await expect.poll(() => canary.ready(), { timeout: 10_000, interval: 200 }).toBeNull();
    await expect.poll(async () => (await a.db.query(`select 1 from event where kind = 'self-check'`)).length, { timeout: 10_000 }).toBe(2);
    await canary.stop();
    await a.settle();
    expect(await a.alerts()).toMatchObject([{ state: 'closed', outcome: 'D2' }]);
  });
});
