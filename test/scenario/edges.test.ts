/** Several edges of one county (G4): on one port, one connection per device over all of them, an edge that dies costs its devices a reconnect. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { insertCommands } from '#store/commands.ts';
import { beat } from '#store/nodes.ts';
import { logIn } from '#test/harness/client.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { connectDevice, makeDevice, makeDevices, publishPacket, RawDevice, startTestEdge, type TestDevice, type TestEdge, topic, until } from '#test/harness/edge.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { reservePorts } from '#test/harness/ports.ts';
import { pidsOf } from '#test/harness/processes.ts';
import { root } from '../../scripts/run.ts';

let t: TestDatabase;
let [one, two]: TestEdge[] = [];
const clients = new Set<MqttClient>();
beforeAll(async () => {
  t = await testDatabase({ max: 8 });
  const [port = 0] = await reservePorts(1);
  const env = { ANLING_EDGES: '2', ANLING_MQTT_PORT: String(port) };
  one = await startTestEdge(t, { env });
  two = await startTestEdge(t, { env: { ANLING_EDGES: '2' } });
  for (const edge of [one, two]) await beat(t.db, { id: edge.nodeId, role: 'edge' });
});
afterEach(async () => { for (const c of clients) await c.endAsync(true); clients.clear(); });
afterAll(async () => { await Promise.all([one?.stop(), two?.stop()]); await t?.close(); });

const at = async (edge: TestEdge | undefined, device: TestDevice): Promise<MqttClient & { heard: string[]; gone: boolean }> => {
  const client = Object.assign(await connectDevice(edge as TestEdge, device, { will: { topic: topic(device, 'status'), payload: Buffer.from('{"online":false}'), qos: 1, retain: false } }), { heard: [] as string[], gone: false });
  clients.add(client);
  client.on('close', () => { client.gone = true; });
  client.on('message', (_, payload) => { client.heard.push((JSON.parse(String(payload)) as { name: string }).name); });
  await client.subscribeAsync(topic(device, 'command'), { qos: 1 });
  return client;
};
const sessionOf = async (device: TestDevice): Promise<{ edge: string; former: string[] } | undefined> =>
  (await t.db.query<{ edge: string; former: string[] }>('select edge, former from device_session where device_id = $1', [device.id]))[0];
const command = (device: TestDevice): Promise<string[]> => insertCommands(t.db, t.seal, [{ deviceId: device.id, alertId: null, name: 'test-call', say: null, args: {}, shown: false, by: 'test', validMs: 60_000, trace: 't' }]);

describe('a device that comes to another edge', () => {
  it('is cut off where it was, without its will, and commands find it where it is, there and back [A7 G4 LAW2]', async () => {
    const device = await makeDevice(t.db, t.seal);
    let before = await at(one, device);
    await until('it is written down', async () => (await sessionOf(device))?.edge === one?.nodeId);
    for (const edge of [two, one, two]) {
      const now = await at(edge, device);
      await until('the older connection is ended', () => before.gone);
      expect(now.gone).toBe(false);
      await command(device);
      await until('the command is heard at the newer one', () => now.heard.length === 1);
      expect(before.heard.length).toBeLessThanOrEqual(1); // its own, from before
      await until('nothing is left to end', async () => { const s = await sessionOf(device); return s?.edge === edge?.nodeId && s?.former.length === 0; });
      before = now;
    }
    await sleep(50);
    expect(await t.db.query('select from presence where device_id = $1 and lost_at is not null', [device.id])).toEqual([]);
    const [row] = await t.db.query<{ n: string }>(`select count(*) as n from command where device_id = $1 and state = 'acknowledged'`, [device.id]);
    expect(row?.n).toBe('3');
  });

  it('is found by the row when the hint is lost: a poll is enough [G4 LAW2]', async () => {
    const device = await makeDevice(t.db, t.seal);
    const client = await at(one, device);
    await until('it is written down', async () => (await sessionOf(device))?.edge === one?.nodeId);
    // Another edge, which tells nobody.
    await t.db.query(`update device_session set edge = $2, since = anling_now(), former = array[$3] where device_id = $1`, [device.id, two?.nodeId, one?.nodeId]);
    await until('the connection is ended', () => client.gone);
  });

  it('and whose older connection is at an edge that has died leaves nothing behind [G4]', async () => {
    const device = await makeDevice(t.db, t.seal);
    await t.db.query(`insert into device_session (device_id, edge, since, former) values ($1, 'edge-dead', anling_now() - interval '1 hour', array['edge-older'])`, [device.id]);
    await at(two, device);
    await until('it is written down, and nobody is asked to end anything', async () => {
      const s = await sessionOf(device);
      return s?.edge === two?.nodeId && !s?.former.includes('edge-dead');
    });
  });
});

describe('two edges on one port', () => {
  it('share its connections, both take alarms, and the one that stays takes over [G4]', async () => {
    const shared = await startTestEdge(t, { env: { ANLING_EDGES: '2', ANLING_MQTT_PORT: String(one?.port) } });
    try {
      const devices = await makeDevices(t.db, t.seal, 64);
      const port = shared.port;
      expect(port).toBe(one?.port);
      const raws = await Promise.all(devices.map(async (device) => { const raw = new RawDevice(port); expect(await raw.login(device)).toBe(0); return { raw, device }; }));
      const connected = await Promise.all([one as TestEdge, shared].map((edge) => edge.metric('devices_connected')));
      expect(Math.min(...connected), connected.join()).toBeGreaterThan(5);
      for (const { raw, device } of raws) raw.send(publishPacket(device, 'event', '{"kind":"sos"}'));
      await until('all are acknowledged', () => raws.every(({ raw }) => raw.count('puback') === 1));
      await shared.stop();
      await until('its devices are cut off', () => raws.filter(({ raw }) => raw.closed).length === connected[1]);
      for (const { device } of raws.filter(({ raw }) => raw.closed)) {
        const again = new RawDevice(port);
        expect(await again.login(device)).toBe(0);
        again.send(publishPacket(device, 'event', '{"kind":"sos"}'));
        await until('acknowledged', () => again.count('puback') === 1);
        again.socket.destroy();
      }
      for (const { raw } of raws) raw.socket.destroy();
      const [row] = await t.db.query<{ n: string }>('select count(distinct device_id) as n from event where device_id = any($1)', [devices.map((d) => d.id)]);
      expect(row?.n).toBe('64');
    } finally { await shared.stop().catch(() => {}); }
  });
});

describe('ANLING_EDGES=2', () => {
  let house: House;
  beforeAll(async () => { house = await makeHouse(root, { name: 'edges', roles: 'edge,web', env: { ANLING_EDGES: '2' } }); await house.start(); await house.ready(60_000); }, 90_000);
  afterAll(async () => { await house?.stop(); });

  it('starts two processes on the same doors, tells of both, and starts one again that was killed while the other goes on [G4 G1]', async () => {
    const edges = (): number[] => pidsOf('edge', house.pid() ?? 0, house.data);
    expect(edges()).toHaveLength(2);
    const { roles } = await (await fetch(`${house.base}/readyz`)).json() as { roles: { role: string }[] };
    expect(roles.map((r) => r.role)).toEqual(expect.arrayContaining(['edge', 'edge-2', 'web']));
    const client = await logIn(house);
    const { rows } = await client.call<{ rows: TestDevice[] }>('POST', '/api/v1/devices/bulk', { rows: Array.from({ length: 40 }, () => ({ model: 'sos-button' })) });
    const raws = await Promise.all(rows.map(async (device) => { const raw = new RawDevice(house.mqttPort); expect(await raw.login(device)).toBe(0); return { raw, device }; }));
    const text = await (await fetch(`${house.base}/metrics`)).text();
    const connected = ['edge', 'edge-2'].map((role) => Number(new RegExp(`^anling_devices_connected\\{role="${role}"\\} (\\d+)$`, 'm').exec(text)?.[1]));
    expect(connected.reduce((a, b) => a + b), connected.join()).toBe(40);
    expect(Math.min(...connected)).toBeGreaterThan(2);
    const [victim = 0] = edges();
    process.kill(victim, 'SIGKILL');
    await until('its devices are cut off', () => raws.some(({ raw }) => raw.closed));
    await sleep(100);
    const left = raws.filter(({ raw }) => !raw.closed);
    expect(left.length).toBeGreaterThan(2);
    for (const { raw, device } of left) raw.send(publishPacket(device, 'event', '{"kind":"sos"}'));
    await until('who is at the other one is acknowledged', () => left.every(({ raw }) => raw.count('puback') === 1));
    await until('the killed one is back', () => edges().length === 2 && !edges().includes(victim));
    await house.ready(30_000);
    for (const { raw } of raws) raw.socket.destroy();
  }, 60_000);
});
