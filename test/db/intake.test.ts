/** The durable gate against a real database: presence, derived events, quarantine and replay, refused logins, telemetry. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { channelOf, topicPrefix, traceSource, type KnownDevice, type Publish } from '#core/publish.ts';
import { startIntake, type Intake } from '#intake/accept.ts';
import { replayQuarantined } from '#intake/replay.ts';
import { createEdgeMeter } from '#ops/edge-meter.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics, type Metrics } from '#ops/metrics.ts';
import { findDevices, listDevices } from '#store/devices.ts';
import { openDb, type Db } from '#store/pool.ts';
import { noteUnregistered } from '#store/unregistered.ts';
import { verifyAudit } from '#store/audit.ts';
import { anling } from '#vendors/anling/index.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { makeDevice, makeDevices, makeHome, until } from '#test/harness/edge.ts';

let t: TestDatabase;
let intake: Intake;
let metrics: Metrics;
let pools: Db[];
const lines: string[] = [];
const newTrace = traceSource();

beforeAll(async () => {
  t = await testDatabase();
  metrics = createMetrics('edge');
  pools = [openDb({ url: t.url, max: 2, name: 'urgent' }), openDb({ url: t.url, max: 4, name: 'edge' })];
  const [urgentDb, db] = pools as [Db, Db];
  intake = startIntake({ urgentDb, db, seal: t.seal, log: createLog('edge', 'info', (line) => lines.push(line)), meter: createEdgeMeter(metrics), vendor: anling, answered: async () => {}, spool: null, newTrace });
});
afterAll(async () => { await intake.stop(); for (const db of pools) await db.close(); await t.close(); });

async function known(options: Parameters<typeof makeDevice>[2] = {}): Promise<KnownDevice> {
  const { id } = await makeDevice(t.db, t.seal, options);
  const [device] = await findDevices(t.db, t.seal, [id]);
  return device as KnownDevice;
}
function frame(device: KnownDevice, rest: string, payload: unknown, over: Partial<Publish> = {}): Publish {
  const topic = topicPrefix(device.id) + rest;
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return { device, channel: channelOf(topic, topicPrefix(device.id)) ?? 'other', topic, payload: bytes, qos: 1, door: 'mqtt', trace: newTrace(), arrivedMs: performance.now(), hurry: true, flapping: false, ...over };
}
const send = (device: KnownDevice, rest: string, payload: unknown, over: Partial<Publish> = {}) => intake.accept(frame(device, rest, payload, over));
const events = (device: KnownDevice): Promise<Record<string, unknown>[]> => t.db.query('select * from event where device_id = $1 order by id', [device.id]);
const data = (row: Record<string, unknown> | undefined): Record<string, unknown> => JSON.parse(t.seal.open('event.data', row?.['data_enc'] as Buffer))['data'];
const presence = async (device: KnownDevice): Promise<Record<string, unknown>> => (await t.db.query('select * from presence where device_id = $1', [device.id]))[0] as Record<string, unknown>;

describe('events', () => {
  it('take home, person and room from the device’s row at the insert, not from what the door remembers', async () => {
    const device = await known();
    const home = await makeHome(t.db, t.seal);
    await t.db.query(`update device set home_id = $2, room = '卧室' where id = $1`, [device.id, home]);
    await send(device, 'event', { kind: 'sos' });
    expect(await events(device)).toMatchObject([{ home_id: home, room: '卧室' }]);
  });

  it('seal location and data; nothing of them stands in the row in clear', async () => {
    const device = await known();
    await send(device, 'event', { kind: 'fall', location: { lat: 25.69, lon: 117.84 }, data: { note: '王秀英摔倒' } });
    const [row] = await events(device);
    expect(JSON.parse(t.seal.open('event.data', row?.['data_enc'] as Buffer))).toEqual({ location: { lat: 25.69, lon: 117.84 }, data: { note: '王秀英摔倒' } });
    const [text] = await t.db.query<{ row: string }>('select e::text as row from event e where device_id = $1', [device.id]);
    expect(text?.row).not.toContain('王秀英');
    expect(lines.join('')).not.toContain('王秀英');
  });

  it('shuffled and 24 h late ones keep both times and are flagged late; order of arrival is the order of ids [A5 RF13 I7]', async () => {
    const device = await known();
    const now = Date.now();
    const times = [now - 86_400_000, now - 5_000, now - 43_200_000, now];
    await Promise.all(times.map((time, i) => send(device, 'event', { kind: 'sos', time, id: `n${i}` })));
    const rows = await events(device);
    expect(rows.map((r) => r['source_event_id'])).toEqual(['n0', 'n1', 'n2', 'n3']);
    expect(rows.map((r) => r['device_time'])).toEqual(times);
    expect(rows.map((r) => (r['flags'] as string[]).includes('late'))).toEqual([true, false, true, false]);
  });

  it('the same capture five times is five rows under one id; the alert merges them [A4]', async () => {
    const device = await known();
    const capture = { kind: 'smoke', id: 'cap', time: Date.now() };
    for (let i = 0; i < 5; i++) expect(await send(device, 'event', capture)).toEqual({ result: 'stored' });
    expect(new Set((await events(device)).map((e) => e['source_event_id']))).toEqual(new Set(['cap']));
    expect(await events(device)).toHaveLength(5);
  });

  it('a frame without id and time has no source id, so it is always a new event [A4 LAW5]', async () => {
    const device = await known();
    await send(device, 'event', { kind: 'sos' });
    await send(device, 'event', { kind: 'sos', seq: 1 });
    await send(device, 'event', { kind: 'sos', seq: 1, time: 1_790_000_000_000 });
    expect((await events(device)).map((e) => e['source_event_id'])).toEqual([null, null, 't:1790000000000:1']);
  });

  it('one trace leads from the frame to the row and the log line', async () => {
    const device = await known();
    const publish = frame(device, 'event', { kind: 'sos' });
    await intake.accept(publish);
    expect(await events(device)).toMatchObject([{ trace: publish.trace }]);
    expect(lines.some((line) => line.includes('event committed') && line.includes(publish.trace))).toBe(true);
  });
});

describe('presence', () => {
  it('is written once in ten seconds per device, however often it speaks; the newest reading wins', async () => {
    const device = await known();
    await send(device, 'heartbeat', { battery: 80, rssi: -70, fw: '1.0', cell: 'c1', temp: 20.5, mains: true });
    await until('the first sign', async () => (await presence(device))['state'] === 'online');
    expect(await presence(device)).toMatchObject({ battery: 80, rssi: -70, fw: '1.0', cell: 'c1', mains: true, low_battery: false, mains_lost_at: null });
    const version = await t.db.query('select xmin::text from presence where device_id = $1', [device.id]);
    for (let i = 0; i < 20; i++) await send(device, 'heartbeat', { battery: 79, mains: true });
    expect(await t.db.query('select xmin::text from presence where device_id = $1', [device.id])).toEqual(version);
  });

  it('an event is a sign of life too, and a device without a presence row gets one', async () => {
    const device = await known();
    await t.db.query('delete from presence where device_id = $1', [device.id]);
    await send(device, 'event', { kind: 'test' });
    await until('a row', async () => (await presence(device))?.['state'] === 'online');
    expect((await presence(device))['check_at']).toBeGreaterThan(Date.now());
  });

  it('mains lost and back are written at once; the notice is supervision’s', async () => {
    const device = await known();
    await send(device, 'heartbeat', { mains: true });
    await until('online', async () => (await presence(device))['state'] === 'online');
    await send(device, 'heartbeat', { mains: false });
    await until('lost', async () => (await presence(device))['mains_lost_at'] !== null);
    const lostAt = (await presence(device))['mains_lost_at'];
    await send(device, 'event', { kind: 'mains-lost' });
    await send(device, 'heartbeat', { mains: false });
    expect((await presence(device))['mains_lost_at']).toBe(lostAt);
    await send(device, 'event', { kind: 'mains-lost', edge: 'clear' });
    await until('back', async () => (await presence(device))['mains_lost_at'] === null);
    expect((await events(device)).map((e) => e['source'])).toEqual(['mqtt', 'mqtt']);
  });

  it('a low battery raises once and clears once, across restarts of the edge [B5]', async () => {
    const device = await known();
    for (const battery of [50, 19, 18, 25, 29, 19]) await send(device, 'heartbeat', { battery });
    await until('raised', async () => (await events(device)).length === 1);
    expect(await events(device)).toMatchObject([{ kind: 'low-battery', edge: 'raise', source: 'heartbeat' }]);
    const [urgentDb, db] = pools as [Db, Db];
    const second = startIntake({ urgentDb, db, seal: t.seal, log: createLog('edge', 'silent'), meter: createEdgeMeter(createMetrics('edge')), vendor: anling, answered: async () => {}, spool: null, newTrace });
    await second.accept(frame(device, 'heartbeat', { battery: 12 }));
    await until('written by the second edge', async () => (await presence(device))['battery'] === 12);
    expect(await events(device)).toHaveLength(1);
    await second.accept(frame(device, 'heartbeat', { battery: 95 }));
    await until('cleared', async () => (await events(device)).length === 2);
    expect(data((await events(device))[1])).toEqual({ battery: 95 });
    expect((await events(device))[1]).toMatchObject({ edge: 'clear' });
    await second.stop();
  });

  it('is acknowledged with a status of QoS 1 and not before', async () => {
    const device = await known();
    expect(await send(device, 'status', { online: false })).toEqual({ result: 'noted' });
    expect((await presence(device))['lost_at']).not.toBeNull();
    expect((await presence(device))['state']).toBe('never');
    expect(await events(device)).toHaveLength(0);
    expect(await send(device, 'status', { online: true })).toEqual({ result: 'noted' });
    expect(await presence(device)).toMatchObject({ lost_at: null, state: 'online' });
  });
});

describe('vital signs', () => {
  it('raise when they leave their hard limits, once, and clear when they are well inside again', async () => {
    const device = await known();
    for (const heartRate of [72, 141, 150, 128, 126, 90, 38]) await send(device, 'vitals', { heartRate, bed: 'in' });
    expect((await events(device)).map((e) => [e['kind'], e['edge'], data(e)['value']])).toEqual([['vital-high', 'raise', 141], ['vital-high', 'clear', 90], ['vital-low', 'raise', 38]]);
    expect(await events(device)).toMatchObject([{ source: 'vitals', urgency: 2 }, {}, {}]);
    const rows = await t.db.query('select v.heart_rate, v.bed from vital v join device d on d.no = v.device_no where d.id = $1 order by v.received_at', [device.id]);
    expect(rows).toHaveLength(7);
    expect(rows[0]).toEqual({ heart_rate: 72, bed: 'in' });
  });
});

describe('telemetry', () => {
  it('QoS 0 is not waited for, QoS 1 resolves after its row is there', async () => {
    const device = await known();
    const count = async (): Promise<number> => (await t.db.query('select 1 from heartbeat h join device d on d.no = h.device_no where d.id = $1', [device.id])).length;
    await intake.accept(frame(device, 'heartbeat', { seq: 1 }, { qos: 0, hurry: false }));
    expect(await count()).toBe(0);
    await intake.accept(frame(device, 'heartbeat', { seq: 2 }, { hurry: false }));
    expect(await count()).toBe(2);
  });

  it('a full queue sheds QoS 0, counted, and lets QoS 1 wait; the alarm of the same moment is committed [A3 LAW7]', async () => {
    const [device, other] = [await known(), await known()];
    const holder = openDb({ url: t.url, max: 1, name: 'holder', statementMs: 60_000 });
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const done = holder.tx(async (sql) => { await sql.query('lock table heartbeat in exclusive mode'); held.resolve(); await gate.promise; });
    await held.promise;
    const results = new Map<string, number>();
    const rows = limits.telemetryQueueRows + 500;
    // Five milliseconds apart: faster than any model sends, and its heartbeats would be merged instead.
    for (let i = 0; i < rows; i++) void intake.accept({ ...frame(device, 'heartbeat', '{}', { qos: 0, hurry: false }), arrivedMs: performance.now() - (rows - i) * 5 }).then(({ result }) => results.set(result, (results.get(result) ?? 0) + 1));
    await until('some are shed', () => (results.get('shed') ?? 0) === 500, 25_000);
    let waited = true;
    const qos1 = intake.accept(frame(device, 'heartbeat', '{}', { hurry: false })).then(() => { waited = false; });
    await send(other, 'event', { kind: 'sos' });
    expect(waited).toBe(true); // nothing of telemetry has moved since, and the alarm is committed
    gate.resolve();
    await done;
    await holder.close();
    await qos1;
    await until('all written', async () => ((await t.db.query<{ n: number }>('select count(*)::int as n from heartbeat h join device d on d.no = h.device_no where d.id = $1', [device.id]))[0]?.n ?? 0) === limits.telemetryQueueRows + 1, 30_000);
  }, 60_000);
});

describe('quarantine', () => {
  it('1,000 malformed frames: no crash, 1,000 rows, and a replay after a decoder fix yields the right events [A10 RF15]', async () => {
    const device = await known();
    const bad = Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? `{"kind":"panic-${i}"}` : `{"kind":"sos","n":${i}`));
    await Promise.all(bad.map((payload) => send(device, 'event', payload)));
    const rows = await t.db.query<{ id: string; reason: string; trace: string }>('select id, reason, trace from quarantine where device_id = $1 order by id', [device.id]);
    expect(rows).toHaveLength(1_000);
    expect(await events(device)).toHaveLength(1_000);
    const panic = rows.find((r) => r.reason === 'unknown kind') as { id: string; trace: string };
    const fixed = { ...anling, decode: (...[channel, bytes, now]: Parameters<typeof anling.decode>) => anling.decode(channel, Buffer.from(Buffer.from(bytes).toString().replace(/panic-\d+/, 'sos')), now) };
    expect(await replayQuarantined({ db: t.db, seal: t.seal, vendor: anling }, panic.id, 'user:u1')).toEqual({ result: 'still-unreadable', reason: 'unknown kind' });
    const both = await Promise.all([1, 2].map(() => replayQuarantined({ db: t.db, seal: t.seal, vendor: fixed }, panic.id, 'user:u1')));
    expect(both.map((r) => r.result).toSorted()).toEqual(['replayed', 'replayed-before']);
    expect(await t.db.query(`select kind, flags, trace, device_id from event where source = 'replay'`)).toEqual([{ kind: 'sos', flags: ['time-missing', 'replayed'], trace: panic.trace, device_id: device.id }]);
    expect(await t.db.query('select replayed_by, replay_result from quarantine where id = $1', [panic.id])).toEqual([{ replayed_by: 'user:u1', replay_result: 'sos' }]);
    expect(await replayQuarantined({ db: t.db, seal: t.seal, vendor: fixed }, '999999999', 'user:u1')).toEqual({ result: 'not-found' });
  }, 60_000);

  it('keeps nothing in clear: not in the row, not in the log', async () => {
    const device = await known();
    await send(device, 'event', '{"kind":"sos","name":"陈美兰"');
    const [row] = await t.db.query<{ row: string }>('select q::text as row from quarantine q where device_id = $1', [device.id]);
    expect(row?.row).not.toContain('陈美兰');
    expect(lines.join('')).not.toContain('陈美兰');
  });
});

describe('refused logins', () => {
  it('are bounded: a scan of random ids does not push out a device that comes again [FIELD-F24 LAW7]', async () => {
    const one = (presentedId: string, count = 1) => ({ presentedId, count, reason: 'unknown' as const, address: '127.0.0.1', door: 'mqtt' });
    await noteUnregistered(t.db, [one('real', 5)], limits.unregisteredRows);
    for (let i = 0; i < 3; i++) await noteUnregistered(t.db, Array.from({ length: 900 }, (_, n) => one(`scan-${i}-${n}`)), limits.unregisteredRows);
    expect(await t.db.query('select count(*)::int as n from unregistered')).toEqual([{ n: limits.unregisteredRows }]);
    expect(await t.db.query(`select count from unregistered where presented_id = 'real'`)).toEqual([{ count: '5' }]);
  });

  it('show nothing of what a stranger may write into an id', async () => {
    intake.refused({ presentedId: '<script>\u0000 13900000000"', reason: 'unknown', address: '127.0.0.1', door: 'mqtt' });
    await until('listed', async () => (await t.db.query(`select 1 from unregistered where presented_id = '_script___13900000000_'`)).length === 1);
  });
});

describe('misuse', () => {
  it('audits the first ones and raises one fault in ten minutes; the chain stays whole', async () => {
    const device = await known();
    for (let i = 0; i < 8; i++) intake.misuse({ deviceId: device.id, homeId: null, what: 'foreign-topic', detail: { topic: 'x' } });
    await until('three audit rows', async () => (await t.db.query('select 1 from audit where target = $1', [`device:${device.id}`])).length === 3);
    await until('one fault', async () => (await events(device)).length === 1);
    expect(await events(device)).toMatchObject([{ kind: 'fault' }]);
    expect(await verifyAudit(t.db, t.seal)).toMatchObject({ ok: true });
  });
});

it('lists devices in pages by their number', async () => {
  await makeDevices(t.db, t.seal, 5);
  const all: string[] = [];
  for (let after = 0; ;) {
    const page = await listDevices(t.db, t.seal, after, 2);
    if (page.length === 0) break;
    all.push(...page.map((d) => d.id));
    after = page.at(-1)?.no ?? Infinity;
  }
  expect(all).toHaveLength((await t.db.query<{ n: number }>('select count(*)::int as n from device'))[0]?.n ?? 0);
});
