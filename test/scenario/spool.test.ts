/** The database goes away under a real edge: what devices send is kept on this machine's disk, acknowledged, and comes back in order (A2, F2 to F6). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDb } from '#store/pool.ts';
import { type DatabaseGate, databaseGate, testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { makeDevice, makeHome, publishPacket, RawDevice, startTestEdge, type TestDevice, type TestEdge, until } from '#test/harness/edge.ts';

let t: TestDatabase;
let edge: TestEdge;
let data: string;
let device: TestDevice;
let gate: DatabaseGate;
const undo: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  t = await testDatabase({ max: 12 });
  data = mkdtempSync(join(tmpdir(), 'anling-spool-edge-'));
  edge = await startTestEdge(t, { data });
  device = await makeDevice(t.db, t.seal, { homeId: await makeHome(t.db, t.seal) });
  gate = databaseGate(t.url);
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await gate.back();
  await gate.close();
  await edge.stop();
  await t.close();
  rmSync(data, { recursive: true, force: true });
});

async function login(on: TestEdge = edge): Promise<RawDevice> {
  const raw = new RawDevice(on.port);
  undo.push(async () => raw.socket.destroy());
  expect(await raw.login(device)).toBe(0);
  return raw;
}
const events = (): Promise<Record<string, unknown>[]> => t.db.query('select source_event_id as id, kind, device_time, received_at, flags from event where device_id = $1 order by event.id', [device.id]);
const press = (raw: RawDevice, ...ids: number[]): void => raw.send(...ids.map((id) => publishPacket(device, 'event', `{"kind":"sos","id":"e${id}","data":{"words":"王翠屏摔了"}}`, 1, id)));
const acknowledged = (raw: RawDevice): number[] => raw.packets.filter((p) => p.cmd === 'puback').map((p) => p.messageId as number);

describe('while the database is away', () => {
  it('acknowledges alarms, vital signs and heartbeats from the disk, in order, and commits them all on return, alarms first [A2 RF2 RF3 I1 I7 LAW1]', async () => {
    const raw = await login();
    press(raw, 1);
    await until('the first PUBACK', () => acknowledged(raw).length === 1);
    await gate.away();
    const gone = Date.now();
    press(raw, 2);
    raw.send(publishPacket(device, 'heartbeat', '{"battery":77}', 1, 3), publishPacket(device, 'vitals', '{"heartRate":70}', 1, 4), publishPacket(device, 'status', '{"online":true}', 1, 5));
    press(raw, 6, 7);
    raw.send(publishPacket(device, 'event', 'not json: fall', 1, 8));
    await until('all are acknowledged while nobody can reach the database', () => acknowledged(raw).length === 8);
    const kept = Date.now();
    expect(acknowledged(raw)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    // From now on nothing waits for the database first.
    const times: number[] = [];
    for (let id = 20; id < 60; id++) {
      const pressed = performance.now();
      press(raw, id);
      await until('its PUBACK', () => acknowledged(raw).includes(id));
      times.push((raw.packets.find((p) => p.cmd === 'puback' && p.messageId === id)?.atMs ?? 0) - pressed);
    }
    times.sort((a, b) => a - b);
    console.log(`PUBACK of an SOS while the database is away: p50 ${times[20]?.toFixed(1)} ms, p99 ${times[39]?.toFixed(1)} ms`);
    expect([raw.closed, await edge.metric('spool_rows') > 40]).toEqual([false, true]);
    await gate.back();
    await until('everything is in the database', async () => (await edge.metric('spool_rows')) === 0, 20_000);
    const stored = await events();
    expect(stored.map((e) => e['id']).filter((id) => id !== null)).toEqual(['e1', 'e2', 'e6', 'e7', ...Array.from({ length: 40 }, (_, i) => `e${20 + i}`)]);
    expect(stored.filter((e) => e['kind'] === 'unreadable-alarm')).toHaveLength(1);
    // When they arrived, not when the database took them.
    const second = stored.find((e) => e['id'] === 'e2') as { received_at: number };
    expect([second.received_at >= gone - 100, second.received_at <= kept], `${second.received_at} of ${gone} to ${kept}`).toEqual([true, true]);
    const { no } = (await t.db.query<{ no: number }>('select no from device where id = $1', [device.id]))[0] as { no: number };
    expect([(await t.db.query('select battery from heartbeat where device_no = $1', [no])), (await t.db.query('select heart_rate from vital where device_no = $1', [no]))]).toEqual([[{ battery: 77 }], [{ heart_rate: 70 }]]);
    // And the lane is the database's again: nothing new goes through the spool.
    const through = await edge.metric('spooled_total', { lane: 'urgent' });
    press(raw, 99);
    await until('the next PUBACK', () => acknowledged(raw).includes(99));
    expect([await edge.metric('spooled_total', { lane: 'urgent' }), (await events()).at(-1)?.['id']]).toEqual([through, 'e99']);
  });

  it('survives the edge: what was acknowledged is in the next one’s spool, and nobody reads it on the disk [A2 I1 RF1]', async () => {
    const raw = await login();
    await gate.away();
    press(raw, 1, 2);
    await until('acknowledged', () => acknowledged(raw).length === 2);
    for (const file of readdirSync(join(data, 'spool'))) {
      const bytes = readFileSync(join(data, 'spool', file));
      expect([file, bytes.includes('王翠屏'), bytes.includes(Buffer.from('王翠屏').toString('base64').slice(0, 8)), bytes.includes(device.id)]).toEqual([file, false, false, false]);
    }
    await edge.stop();
    await gate.back();
    edge = await startTestEdge(t, { data });
    await until('both are in the database', async () => (await events()).length === 2);
    expect((await events()).map((e) => e['id'])).toEqual(['e1', 'e2']);
    await until('the spool is empty', async () => (await edge.metric('spool_rows')) === 0); // forgotten after the commit, never before it
  });

  it('takes a lock that lasts as it takes an absence; each event is one row all the same [RF4 RF5 LAW1]', async () => {
    const raw = await login();
    const holder = openDb({ url: t.url, max: 1, name: 'holder', statementMs: 60_000 });
    const release = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const done = holder.tx(async (sql) => { await sql.query('lock table event in exclusive mode'); locked.resolve(); await release.promise; });
    undo.push(async () => { release.resolve(); await done.catch(() => {}); await holder.close(); });
    await locked.promise;
    press(raw, 1, 2, 3);
    await until('acknowledged behind the lock', () => acknowledged(raw).length === 3);
    expect(await events()).toEqual([]);
    release.resolve();
    await until('all are there', async () => (await events()).length >= 3 && (await edge.metric('spool_rows')) === 0);
    expect((await events()).map((e) => e['id'])).toEqual(['e1', 'e2', 'e3']);
  });
});
