/** An edge that starts while the database is away (after a power cut the network is often the last to come): who was known is let in, pressed, acknowledged (W17). */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#core/ids.ts';
import type { KnownDevice } from '#core/publish.ts';
import { readKnownDevices, writeKnownDevices } from '#store/known-devices.ts';
import { createSeal } from '#store/seal.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { makeDevice, makeHome, publishPacket, RawDevice, startTestEdge, type TestDevice, type TestEdge, until } from '#test/harness/edge.ts';
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts';

let t: TestDatabase;
let proxy: FaultProxy;
let data: string;
let edge: TestEdge | null = null;
const raws: RawDevice[] = [];
beforeEach(async () => {
  t = await testDatabase();
  proxy = await startFaultProxy({ port: Number(new URL(t.url).port) });
  data = mkdtempSync(join(tmpdir(), 'anling-doors-first-'));
});
afterEach(async () => {
  for (const raw of raws.splice(0)) raw.socket.destroy();
  await proxy.heal();
  await edge?.stop();
  edge = null;
  await proxy.close();
  await t.close();
  rmSync(data, { recursive: true, force: true });
});

const start = async (ready = true): Promise<TestEdge> => { edge = await startTestEdge(t, { data, databaseUrl: proxy.through(t.url), ready }); return edge; };
async function login(device: TestDevice): Promise<{ raw: RawDevice; code: number | null }> {
  const raw = new RawDevice((edge as TestEdge).port);
  raws.push(raw);
  return { raw, code: await raw.login(device) };
}
const http = async (device: TestDevice, body: string): Promise<number> =>
  (await fetch(`http://127.0.0.1:${edge?.httpPort}/api/v1/devices/${device.id}/events`, { method: 'POST', body, headers: { authorization: `Basic ${Buffer.from(`${device.id}:${device.secret}`).toString('base64')}` } })).status;

describe('an edge whose database is away from the beginning', () => {
  for (const mode of ['refuse', 'swallow'] as const)
    it(`${mode === 'refuse' ? 'refused' : 'with no answer at all'}: lets in whom it knew, keeps their alarms, and no one else [W17 A2 RF3 I1]`, async () => {
      const homeId = await makeHome(t.db, t.seal);
      const [known, revoked] = [await makeDevice(t.db, t.seal, { homeId }), await makeDevice(t.db, t.seal, { homeId, status: 'revoked' })];
      await start();
      await edge?.stop();
      await proxy.set({ mode });
      await start(false);
      const { raw, code } = await login(known);
      expect(code).toBe(0);
      raw.send(publishPacket(known, 'event', '{"kind":"sos","id":"e1"}', 1, 1));
      await until('acknowledged', () => raw.count('puback') === 1);
      expect(await http(known, '{"kind":"sos","id":"e2"}')).toBe(200);
      expect([(await login({ ...known, secret: 'wrong' })).code, (await login(revoked)).code, (await login({ id: 'd-never-seen', secret: 'x' })).code]).toEqual([4, 4, 3]);
      expect(edge?.services.find((s) => s.name === 'devices')?.ready()).toMatch(/not all are loaded/);
      await proxy.heal();
      proxy.cutAll(); // a network that is back says so to connections of before; else they end by their own bounds
      await until('both are in the database, with their home', async () => (await t.db.query('select 1 from event where device_id = $1 and home_id = $2', [known.id, homeId])).length === 2, 30_000);
      await until('the edge is ready', () => edge?.services.every((s) => s.ready() === null) ?? false, 30_000);
    });

  it('learns on return whom it must not let in any more, and keeps that for the next time [W17 M18]', async () => {
    const [one, two] = [await makeDevice(t.db, t.seal), await makeDevice(t.db, t.seal)];
    await start();
    await edge?.stop();
    await proxy.set({ mode: 'refuse' });
    await start(false);
    const { raw, code } = await login(one);
    expect(code).toBe(0);
    await t.db.query(`update device set status = 'revoked' where id = $1`, [one.id]);
    await t.db.query(`delete from presence where device_id = $1`, [two.id]);
    await t.db.query(`delete from device where id = $1`, [two.id]);
    await proxy.heal();
    await until('its session is cut', () => raw.closed, 30_000);
    await until('the edge is ready', () => edge?.services.every((s) => s.ready() === null) ?? false, 30_000);
    await until('who is gone is forgotten', async () => (await edge?.metric('devices_known')) === 1);
    await edge?.stop();
    await proxy.set({ mode: 'refuse' });
    await start(false);
    expect([(await login(one)).code, (await login(two)).code]).toEqual([4, 3]);
  });
});

describe('the file of known devices', () => {
  const made = (count: number): { device: KnownDevice; secret: string }[] => Array.from({ length: count }, (_, i) => {
    const secret = randomBytes(32).toString('base64url');
    return { secret, device: { id: newId('d') as KnownDevice['id'], no: i + 1, homeId: i % 2 ? newId('h') as KnownDevice['homeId'] : null, secretHash: t.seal.secretHash(secret), status: 'installed' } };
  });

  it('holds neither a secret nor an id that can be read, and comes back whole, a page at a turn [W17 LAW8]', async () => {
    const file = join(data, 'spool', 'devices.sealed');
    const all = made(10_000);
    let turns = 0;
    const beat = setInterval(() => { turns++; }, 0);
    const from = performance.now();
    await writeKnownDevices(file, t.seal, all.map((d) => d.device));
    const wroteMs = performance.now() - from;
    const read = await readKnownDevices(file, t.seal);
    clearInterval(beat);
    console.log(`10,000 known devices: ${(statSync(file).size / 1e6).toFixed(1)} MB, written in ${wroteMs.toFixed(0)} ms, read in ${(performance.now() - from - wroteMs).toFixed(0)} ms, ${turns} turns of others between`);
    expect(turns).toBeGreaterThan(20);
    expect(read.map((d) => ({ ...d, secretHash: Buffer.from(d.secretHash).toString('hex') }))).toEqual(all.map(({ device }) => ({ ...device, secretHash: Buffer.from(device.secretHash).toString('hex') })));
    const bytes = readFileSync(file);
    expect([statSync(file).mode & 0o077, all.slice(0, 50).some(({ device, secret }) => bytes.includes(device.id) || bytes.includes(secret) || bytes.includes(Buffer.from(device.secretHash))), readdirSync(join(data, 'spool'))]).toEqual([0, false, ['devices.sealed']]);
  });

  it('damaged, cut short, of other keys or not to be written: nothing breaks but the memory [W17 RF6]', async () => {
    const file = join(data, 'spool', 'devices.sealed');
    const device = await makeDevice(t.db, t.seal);
    await start();
    await edge?.stop();
    const whole = readFileSync(file);
    expect((await readKnownDevices(file, t.seal)).map((d) => d.id)).toEqual([device.id]);
    await expect(readKnownDevices(file, createSeal({ ...t.keys, seal: randomBytes(32) }))).rejects.toThrow(/key/);
    await expect(writeKnownDevices(join(file, 'a file is no folder'), t.seal, [])).rejects.toThrow();
    expect(readFileSync(file)).toEqual(whole);
    for (const broken of [whole.subarray(0, whole.length - 7), Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), whole]), Buffer.from('x')]) {
      writeFileSync(file, broken);
      await start();
      expect([(await login(device)).code, edge?.lines.some((line) => line.includes('cannot be read'))]).toEqual([0, true]);
      await edge?.stop();
      expect((await readKnownDevices(file, t.seal)).map((d) => d.id)).toEqual([device.id]);
    }
  });
});
