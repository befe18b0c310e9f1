/**
 * A day of 2,000 devices over every door at once (issue 7): our own MQTT and HTTP, each vendor's cloud, watches on TCP, Aliyun's devices on our
 * broker. Each reports every hour and presses twice; in the morning the database goes away. Whatever was acknowledged is in the database,
 * each once; what was not is sent again by its sender. The counts by door are printed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DoorKind, emptySettings } from '#core/vendor-door.ts';
import { clockChannel } from '#store/clock-travel.ts';
import { insertDoor } from '#store/vendor-doors.ts';
import { alinkPassword } from '#vendors/aliyun/alink.ts';
import { encode } from '#vendors/anling/encode.ts';
import type { Account } from '#vendors/push.ts';
import { pushVendors } from '#vendors/push-vendors.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { encodeWatch } from '#vendors/watch/frame.ts';
import { type DatabaseGate, databaseGate, testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { connectDevice, makeDevices, makeHome, startTestEdge, type TestDevice, type TestEdge, until } from '#test/harness/edge.ts';
import { reservePorts } from '#test/harness/ports.ts';

const hour = 3_600_000;
const key = 'a-key-of-this-very-door';
const mapping = { device: 'sn', time: 'at', events: [{ at: 'code', is: '01', kind: 'sos' as const }], readings: { battery: 'power' }, else: 'unreadable' as const };
const clouds = Object.keys(pushVendors) as DoorKind[];
const doors = ['mqtt', 'http', ...clouds, 'watch', 'alink'] as const;
type Door = (typeof doors)[number];
/** One device: what it says resolves when it is acknowledged. */
type Sender = { id: string; door: Door; send(decoded: Decoded, at: number): Promise<void>; close(): void };

let t: TestDatabase;
let edge: TestEdge;
let gate: DatabaseGate;
let data: string;
let travelled = 0;
const senders: Sender[] = [];
const now = (): number => Date.now() + travelled;
const sos: Decoded = { channel: 'event', event: { kind: 'sos', edge: 'raise', flags: [] } };

const account = (kind: DoorKind): Account => ({
  secrets: Object.fromEntries(Object.keys(pushVendors[kind]?.secrets ?? {}).filter((name) => name !== 'aesKey').map((name) => [name, key])), settings: { ...emptySettings, mapping: kind === 'mapping' ? mapping : null },
});

beforeAll(async () => {
  t = await testDatabase({ max: 12 });
  data = mkdtempSync(join(tmpdir(), 'anling-doors-day-'));
  const [port = 0] = await reservePorts(1);
  for (const kind of clouds) await insertDoor(t.db, t.seal, { name: kind, kind, title: '', ...account(kind), enabled: true, by: 'test' });
  await insertDoor(t.db, t.seal, { name: 'watch', kind: 'watch', title: '', secrets: {}, settings: { ...emptySettings, port, addresses: ['127.0.0.0/8'] }, enabled: true, by: 'test' });
  await insertDoor(t.db, t.seal, { name: 'alink', kind: 'alink', title: '', secrets: {}, settings: emptySettings, enabled: true, by: 'test' });
  const homeId = await makeHome(t.db, t.seal);
  const all = await makeDevices(t.db, t.seal, 2_000, { homeId });
  const named = all.map((device, i) => ({ device, door: doors[i % doors.length] as Door, name: nameOf(doors[i % doors.length] as Door, i) }));
  const bound = named.filter(({ door }) => door !== 'mqtt' && door !== 'http');
  await t.db.query('update device d set door = v.door, door_key = v.name, door_secret_enc = case when v.door = $4 then $5::bytea end from unnest($1::text[], $2::text[], $3::text[]) as v (id, door, name) where d.id = v.id',
    [bound.map((b) => b.device.id), bound.map((b) => b.door), bound.map((b) => b.name), 'alink', t.seal.seal('device.door_secret', 'its device secret')]);
  edge = await startTestEdge(t, { data, logLevel: 'error' });
  gate = databaseGate(t.url);
  await until('the watches’ port is open', () => new Promise((resolve) => { const probe = connect({ port, host: '127.0.0.1' }).on('connect', () => { probe.destroy(); resolve(true); }).on('error', () => resolve(false)); }));
  for (let i = 0; i < named.length; i += 50) senders.push(...(await Promise.all(named.slice(i, i + 50).map(({ device, door, name }) => senderOf(door, device, name, port)))));
}, 120_000);
afterAll(async () => {
  for (const sender of senders) sender.close();
  await gate?.back();
  await gate?.close();
  await edge?.stop();
  await t?.close();
  rmSync(data, { recursive: true, force: true });
});

const nameOf = (door: Door, i: number): string => (door === 'aliyun' || door === 'alink' ? `pk1/dev${i}` : `86${String(i).padStart(13, '0')}`);

async function senderOf(door: Door, device: TestDevice, name: string, watchPort: number): Promise<Sender> {
  const base = { id: device.id, door };
  const timed = (decoded: Decoded, at: number): Decoded => (decoded.channel === 'event' ? { ...decoded, event: { ...decoded.event, deviceTime: at, sourceEventId: `${at}` } } : decoded);
  if (door === 'mqtt' || door === 'alink') {
    const client: MqttClient = door === 'mqtt' ? await connectDevice(edge, device) : await alink(name);
    const [topic, body] = door === 'mqtt'
      ? [(d: Decoded) => `care/v1/${device.id}/${d.channel}`, (d: Decoded, at: number) => Buffer.from(encode(timed(d, at)))]
      : [(d: Decoded) => `/sys/${name}/thing/event/${d.channel === 'event' ? 'SosAlarm' : 'property'}/post`, (d: Decoded, at: number) => Buffer.from(JSON.stringify({ id: `${at}`, version: '1.0', params: d.channel === 'event' ? { value: {}, time: at } : { Battery: { value: 70, time: at } } }))];
    return { ...base, send: async (d, at) => { await client.publishAsync(topic(d), body(d, at), { qos: 1 }); }, close: () => { client.end(true); } };
  }
  if (door === 'http') return {
    ...base, close() {},
    send: (d, at) => posted(`/api/v1/devices/${device.id}/${d.channel === 'event' ? 'events' : 'heartbeats'}`, { method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${device.id}:${device.secret}`).toString('base64')}` }, body: Buffer.from(encode(timed(d, at))) }),
  };
  if (door === 'watch') return { ...base, ...watch(name, watchPort) };
  const vendor = pushVendors[door];
  if (!vendor) throw new Error(door);
  return {
    ...base, close() {},
    send(d, at) {
      const { query, headers, body } = vendor.encode(name, d, account(door), at);
      return posted(`/vendors/${door}?${new URLSearchParams(query)}`, { method: 'POST', headers, body: Buffer.from(body) });
    },
  };
}

async function posted(path: string, request: RequestInit): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${edge.httpPort}${path}`, request);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path.split('?')[0]} is answered ${answer.status} ${text}`);
}

function alink(name: string): Promise<MqttClient> {
  const [productKey = '', deviceName = ''] = name.split('/');
  const fields = { clientId: 'mac', deviceName, productKey, timestamp: String(Date.now()) };
  return mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, { clientId: `mac|securemode=3,signmethod=hmacsha1,timestamp=${fields.timestamp}|`, username: `${deviceName}&${productKey}`, password: alinkPassword('its device secret', 'sha1', fields), reconnectPeriod: 0, protocolVersion: 4 }, false);
}

/** Its answers come in the order of its frames. */
function watch(name: string, port: number): Pick<Sender, 'send' | 'close'> {
  const socket: Socket = connect({ port, host: '127.0.0.1' });
  const waiting: (() => void)[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk) => { for (let n = chunk.toString('latin1').split(']').length - 1; n > 0; n--) waiting.shift()?.(); });
  return { send: (d, at) => new Promise((resolve) => { waiting.push(resolve); socket.write(encodeWatch(name, d, at)); }), close: () => { socket.destroy(); } };
}

/** Every item through `work`, so many at once. */
async function each<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => { while (next < items.length) await work(items[next++] as T); }));
}

it('every acknowledged event of 2,000 devices over thirteen doors is in the database, each once [A9 A1 A2 G5 I1 LAW1]', async () => {
  const tally = Object.fromEntries(doors.map((door) => [door, { devices: 0, beats: 0, presses: 0, again: 0 }])) as Record<Door, { devices: number; beats: number; presses: number; again: number }>;
  const pressed: { id: string; door: Door; at: number }[] = [];
  for (const { door } of senders) tally[door].devices++;
  const say = async (sender: Sender, decoded: Decoded): Promise<number> => {
    const at = now();
    for (let tries = 0; ; tries++) {
      try { await sender.send(decoded, at); return at; } catch (error) { if (tries > 20) throw error; tally[sender.door].again++; await new Promise((r) => setTimeout(r, 500)); }
    }
  };
  for (let h = 0; h < 24; h++) {
    if (h > 0) {
      travelled += hour;
      await t.advance(hour);
      await t.db.query('select pg_notify($1, $2)', [clockChannel, '']);
    }
    const away = h === 8;
    // The doors that sign with the time must have heard of the hour before the database, which tells it, is gone.
    if (away) { for (const door of ['tencent', 'watch-cloud']) await say(senders.find((s) => s.door === door) as Sender, { channel: 'heartbeat', reading: { battery: 70 }, extra: null }); await gate.away(); }
    await each(senders.map((sender, i) => ({ sender, i })), 500, async ({ sender, i }) => {
      await say(sender, { channel: 'heartbeat', reading: { battery: 70 }, extra: null });
      tally[sender.door].beats++;
      if ((i * 7 + h) % 12 !== 0) return; // twice a day, each at its own hours
      const at = await say(sender, sos);
      pressed.push({ id: sender.id, door: sender.door, at });
      tally[sender.door].presses++;
    });
    if (away) { await gate.back(); await until('the disk is empty', async () => (await edge.metric('spool_rows')) === 0, 60_000); }
  }
  await until('nothing is under way', async () => (await edge.metric('intake_inflight')) + (await edge.metric('intake_spooled')) === 0, 60_000);
  const rows = await t.db.query<{ id: string; n: number; names: number }>(`select device_id as id, count(*)::int as n, count(distinct source_event_id)::int as names from event where kind = 'sos' group by 1`);
  const stored = new Map(rows.map((r) => [r.id, r]));
  const wanted = new Map<string, number>();
  for (const { id } of pressed) wanted.set(id, (wanted.get(id) ?? 0) + 1);
  console.log('door            devices   reports   presses   in the database   sent again');
  for (const door of doors) {
    const mine = senders.filter((s) => s.door === door);
    const inRows = mine.reduce((sum, s) => sum + (stored.get(s.id)?.n ?? 0), 0);
    console.log(`${door.padEnd(14)} ${[tally[door].devices, tally[door].beats, tally[door].presses, inRows, tally[door].again].map((n, i) => String(n).padStart([8, 10, 10, 18, 13][i] ?? 8)).join('')}`);
  }
  expect(pressed).toHaveLength(4_000);
  for (const [id, n] of wanted) expect(stored.get(id)?.names, id).toBe(n); // each press its own occurrence
  if (Object.values(tally).every((d) => d.again === 0)) expect(rows.reduce((sum, r) => sum + r.n, 0)).toBe(4_000);
  expect(await edge.metric('intake_unaccounted')).toBe(0);
  expect(await t.db.query(`select device_id from event where kind = 'unreadable-alarm'`)).toEqual([]);
  // Signs of life are written together, of one device every ten seconds.
  await until('each device is seen in this hour', async () => (await t.db.query(`select d.id from device d join presence p on p.device_id = d.id where d.status = 'installed' and p.last_seen_at < anling_now() - interval '1 hour'`)).length === 0, 30_000);
}, 170_000);
