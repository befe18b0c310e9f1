/** One device at a time: classes, exact deadlines across restarts, blind windows, installs that never spoke, mains, modes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSweep } from '#alerts/sweep.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { emptyDevice } from '#core/registry.ts';
import { countNeverReported, insertDevices, listRegistered, replaceSecret, replaceSecrets } from '#store/device-registry.ts';
import { presenceCounts } from '#store/outages.ts';
import { updatePresence } from '#store/presence.ts';
import { type County, testCounty, village } from './supervision-fixture.ts';

const minute = 60_000;
let c: County;
beforeEach(async () => { c = await testCounty(); });
afterEach(() => c.close());

describe('offline by class', () => {
  it.each([['fall-radar', 180], ['watch', 900], ['gas', 10_800], ['sos-button', 90_000]])('%s: raised at %d s of silence and at most 5 % later, once [B1]', async (model, graceS) => {
    const [id] = await c.homes({ region: village(0, 1), homes: 1, models: [model] });
    const from = await c.now();
    await c.sweep();
    await c.pass(graceS * 1000 - 2_000, { stepMs: graceS * 250 });
    expect(await c.events('offline')).toEqual([]);
    await c.pass(graceS * 50, { stepMs: 1_000 * Math.max(1, graceS / 400) });
    const raised = await c.events('offline');
    expect(raised).toMatchObject([{ edge: 'raise', deviceId: id, urgency: 3 }]);
    expect(raised[0]!.receivedAt - from).toBeGreaterThanOrEqual(graceS * 1000);
    expect(raised[0]!.receivedAt - from).toBeLessThanOrEqual(graceS * 1050);
    await c.pass(10 * minute, { stepMs: minute });
    expect(await c.events('offline')).toHaveLength(1);
  });

  it('is not raised when exactly one heartbeat of three is lost, again and again [B1]', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 1 });
    for (let i = 0; i < 10; i++) {
      await c.pass(2 * minute, { stepMs: 10_000 });
      await c.heard(ids);
      await c.pass(minute, { stepMs: 10_000 });
      await c.heard(ids);
    }
    expect(await c.events()).toEqual([]);
  });

  it('ends with the first sign of life, and the next silence is declared as exactly [B1]', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 1 });
    await c.pass(4 * minute);
    await c.heard(ids);
    await c.sweep();
    expect((await c.events('offline')).map((e) => e.edge)).toEqual(['raise', 'clear']);
    const back = await c.now();
    await c.pass(3 * minute + 5_000);
    const events = await c.events('offline');
    expect(events.map((e) => e.edge)).toEqual(['raise', 'clear', 'raise']);
    expect(events[2]!.receivedAt - back).toBeLessThanOrEqual(3 * minute + 9_000);
  });

  it('of a device that is revoked ends too', async () => {
    const [id] = await c.homes({ region: village(0, 1), homes: 1 });
    await c.pass(4 * minute, { stepMs: 20_000 });
    await c.db.query(`update device set status = 'revoked' where id = $1`, [id]);
    await c.pass(5 * minute, { stepMs: 20_000 });
    expect((await c.events('offline')).map((e) => [e.edge, e.data['reason']])).toEqual([['raise', undefined], ['clear', 'device-revoked']]);
  });

  it('a restart during the wait moves the deadline by at most 2 s; a worker that comes late declares at once [B2]', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 3 });
    const from = await c.now();
    await c.sweep();
    await c.pass(150_000);
    const restarted = createSweep({ db: c.db, seal: c.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
    for (let s = 150; s < 183; s++) { await c.advance(from + (s + 1) * 1_000 - await c.now()); await restarted(); } // to the second, whatever the turns themselves take
    const raised = await c.events('offline');
    expect(raised).toHaveLength(ids.length);
    for (const e of raised) expect(Math.abs(e.receivedAt - from - 180_000)).toBeLessThanOrEqual(2_000);
    await c.heard(ids);
    await restarted();
    await c.advance(30 * minute); // nobody swept
    const came = await c.now();
    await restarted(); await restarted();
    const late = (await c.events('offline')).filter((e) => e.edge === 'raise').slice(ids.length);
    expect(late).toHaveLength(ids.length);
    for (const e of late) expect(e.receivedAt - came).toBeLessThanOrEqual(20_000); // at once, on any machine; its grace is three minutes
  });

  it('two workers sweeping at once declare once [B2]', async () => {
    await c.homes({ region: village(0, 1), homes: 4 });
    const other = createSweep({ db: c.db, seal: c.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
    for (let i = 0; i < 10; i++) { await c.advance(20_000); await Promise.all([c.sweep(), other(), c.sweep()]); }
    expect(await c.events('offline')).toHaveLength(4);
  });
});

describe('our own blindness', () => {
  it('while no edge beats nothing is declared, and afterwards every device has its full grace anew [B3]', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 3 });
    await c.sweep();
    for (let i = 0; i < 8; i++) { await c.advance(5 * minute, { edgesUp: false }); expect(await c.sweep()).toMatchObject({ hearing: false, looked: 0 }); }
    await c.edgeBeats();
    const back = await c.now();
    await c.pass(3 * minute - 5_000);
    expect((await c.events()).map((e) => e.kind)).toEqual(['blind-window']);
    expect((await c.events())[0]!.data).toMatchObject({ devices: ids.length, why: 'no door was open' });
    await c.pass(15_000);
    const raised = await c.events('offline');
    expect(raised).toHaveLength(ids.length);
    for (const e of raised) expect(e.receivedAt - back).toBeGreaterThanOrEqual(3 * minute);
  });

  it('each window is noticed once, whoever looks [B3]', async () => {
    for (let i = 0; i < 3; i++) { await c.advance(2 * minute, { edgesUp: false }); await c.edgeBeats(); }
    await Promise.all([c.sweep(), c.sweep(), c.sweep()]);
    await c.sweep();
    expect(await c.events('blind-window')).toHaveLength(3);
  });
});

describe('never reported [B6]', () => {
  it('is noticed once when its class is over, is never online, and ends with the first report', async () => {
    const [id] = await c.homes({ region: village(0, 1), homes: 1, heard: false });
    await c.pass(2 * minute + 50_000);
    expect(await c.events()).toEqual([]);
    await c.pass(20 * minute, { stepMs: 20_000 });
    expect(await c.events()).toMatchObject([{ kind: 'never-reported', edge: 'raise', deviceId: id, urgency: 4 }]);
    expect(await c.db.query('select state from presence')).toEqual([{ state: 'never' }]);
    await c.heard([id!]);
    await c.sweep();
    expect((await c.events()).filter((e) => e.deviceId === id).map((e) => `${e.kind} ${e.edge}`)).toEqual(['never-reported raise', 'never-reported clear']);
    await c.pass(4 * minute);
    expect((await c.events('offline')).map((e) => e.edge)).toEqual(['raise']); // once heard it is supervised like any other
  });

  it('of a whole village that waits for its installers is one notice, which ends with the last one', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 40, heard: false });
    await c.pass(4 * minute);
    expect(await c.events()).toMatchObject([{ kind: 'never-reported', deviceId: null, data: { subject: { type: 'region', id: village(0, 1) }, count: 40 } }]);
    await c.heard(ids.slice(0, 39));
    await c.sweep();
    const region = async (): Promise<number> => (await c.events('never-reported')).filter((e) => e.edge === 'clear' && e.deviceId === null).length;
    expect(await region()).toBe(0);
    await c.heard(ids.slice(39));
    await c.sweep();
    expect(await region()).toBe(1);
  });

  it('is not asked of devices in stock or revoked', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 2, heard: false });
    await c.db.query(`update device set status = case id when $1 then 'stock' else 'revoked' end`, [ids[0]]);
    await c.pass(10 * minute, { stepMs: 30_000 });
    expect(await c.events()).toEqual([]);
  });
});

describe('a device whose secret nobody knows [B6]', () => {
  const filter = { prefix: '', after: null, limit: 10, q: null, homeId: null, personId: null, model: null, status: null };
  beforeEach(async () => {
    await c.homes({ region: village(0, 1), homes: 1, models: [] });
    await insertDevices(c.db, c.seal, ['silent-1', 'silent-2'].map((id) => ({ ...emptyDevice, id, model: 'fall-radar', homeId: 'x0-h1', secretHash: c.seal.secretHash(id), demo: false })), { secretKnown: false });
  });

  it('is not proven by what an edge held back from before its rest', async () => {
    const [id = ''] = await c.homes({ region: village(0, 1), homes: 1 });
    await c.db.tx(async (sql) => { await replaceSecrets(sql, [{ id, secretHash: c.seal.secretHash('nobody knows') }], false); });
    await updatePresence(c.db, [{ deviceId: id, ageMs: 9_000, seen: true, saidOffline: false, battery: 50, rssi: null, mains: null, fw: null, cell: null, temp: null }]);
    expect((await listRegistered(c.db, { ...filter, presence: 'never' })).rows.map((d) => [d.id, d.state, d.lastSeenAt, d.battery])).toContainEqual([id, 'never', null, null]);
    await c.heard([id]);
    expect((await listRegistered(c.db, { ...filter, presence: 'online' })).rows.map((d) => d.id)).toEqual([id]);
  });

  it('is 从未上线 and owes nothing, however long; a new secret begins its supervision', async () => {
    await c.pass(60 * minute, { stepMs: 5 * minute });
    expect(await c.events()).toEqual([]);
    expect(await countNeverReported(c.db, '')).toEqual([]);
    expect((await listRegistered(c.db, { ...filter, presence: 'never-reported' })).rows).toEqual([]);
    expect((await listRegistered(c.db, { ...filter, presence: 'never' })).rows.map((d) => [d.id, d.status, d.neverReported])).toEqual([['silent-1', 'installed', false], ['silent-2', 'installed', false]]);
    expect((await presenceCounts(c.db)).map(({ online, offline, never }) => ({ online, offline, never }))).toEqual([{ online: 0, offline: 0, never: 2 }]);
    await replaceSecret(c.db, 'silent-1', c.seal.secretHash('told'));
    await c.pass(2 * minute + 50_000);
    expect(await c.events()).toEqual([]);
    await c.pass(minute);
    expect(await c.events()).toMatchObject([{ kind: 'never-reported', edge: 'raise', deviceId: 'silent-1' }]);
    expect(await countNeverReported(c.db, '')).toEqual([{ code: village(0, 1), count: 1 }]);
    // Another secret is no second chance: the notice stands until the device is heard.
    await replaceSecret(c.db, 'silent-1', c.seal.secretHash('again'));
    await c.heard(['silent-1']);
    await c.sweep();
    expect((await c.events('never-reported')).filter((e) => e.deviceId !== null).map((e) => e.edge)).toEqual(['raise', 'clear']);
  });

  it('that speaks all the same is supervised from then on', async () => {
    await c.heard(['silent-2']);
    await c.sweep();
    await c.pass(4 * minute);
    expect(await c.events()).toMatchObject([{ kind: 'offline', edge: 'raise', deviceId: 'silent-2' }]);
  });
});

describe('mains [B5]', () => {
  it('lost and restored in two minutes is no notice; lost for longer than the delay is one per home', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 1, models: ['gas', 'gas'] });
    const during = (mains: boolean) => ({ stepMs: 30_000, each: (): Promise<void> => c.heard(ids, { mains }) });
    await c.pass(2 * minute, during(false));
    await c.pass(10 * minute, during(true));
    expect(await c.events()).toEqual([]);
    await c.heard(ids, { mains: false });
    const lostAt = await c.now();
    await c.pass(30 * minute, during(false));
    const events = await c.events('mains-lost');
    expect(events).toMatchObject([{ edge: 'raise', homeId: 'x0-h1', data: { subject: { type: 'home', id: 'x0-h1' }, devices: 2 } }]);
    expect(events[0]!.receivedAt - lostAt).toBeGreaterThanOrEqual(10 * minute);
    await c.heard(ids.slice(0, 1), { mains: true });
    await c.sweep();
    expect(await c.events('mains-lost')).toHaveLength(1);
    await c.heard(ids, { mains: true });
    await c.sweep();
    expect((await c.events('mains-lost')).map((e) => e.edge)).toEqual(['raise', 'clear']);
  });

  it('toggling every second is no notice, and one notice when it stays off [B5]', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 1, models: ['gas'] });
    for (let i = 0; i < 60; i++) { await c.heard(ids, { mains: i % 2 === 0 }); await c.pass(1_000); }
    await c.pass(9 * minute, { stepMs: minute });
    expect(await c.events()).toEqual([]);
    await c.pass(3 * minute, { stepMs: minute });
    expect(await c.events('mains-lost')).toHaveLength(1);
  });
});
