/** Wills: said when a connection is gone, never of one that stands, however long the broker runs. */
import mqtt from 'mqtt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Publish } from '#core/publish.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { createEdgeMeter } from '#ops/edge-meter.ts';
import { type MqttDoor, startMqttDoor } from './listen.ts';

let door: MqttDoor;
let heard: Publish[];
const beatMs = 40;
const device = (id: string): never => ({ id, no: 1, homeId: null, secretHash: new Uint8Array(), status: 'installed' }) as never;

beforeEach(async () => {
  heard = [];
  door = await startMqttDoor({
    host: '127.0.0.1', port: 0, tlsPort: 0, certificate: null, brokerBeatMs: beatMs, log: createLog('edge', 'fatal', () => {}), meter: createEdgeMeter(createMetrics('edge')), newTrace: () => 't',
    accept: async (publish) => { heard.push(publish); return { result: 'noted' }; }, login: async (id) => ({ device: device(id) }), misuse: () => {}, hurry: () => {}, connected: () => {},
  });
});
afterEach(() => door.stop());

const connect = (id: string): Promise<mqtt.MqttClient> =>
  mqtt.connectAsync(`mqtt://127.0.0.1:${door.port}`, { clientId: id, username: id, password: 'x', protocolVersion: 4, reconnectPeriod: 0, will: { topic: `care/v1/${id}/status`, payload: Buffer.from('{"online":false}'), qos: 1, retain: false } }, false);
const wills = (): string[] => heard.filter((p) => p.channel === 'status').map((p) => p.device.id);

it('of a device that stays connected is never published, however often the broker looks for dead ones; of one that goes it is [M6 B4]', async () => {
  const [stays, goes] = [await connect('stays'), await connect('goes')];
  // The broker looks each fourth beat.
  for (let looks = 0; looks < 3; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 5 * beatMs));
    await stays.publishAsync('care/v1/stays/heartbeat', '{}', { qos: 1 });
  }
  expect(wills()).toEqual([]);
  goes.stream.destroy();
  while (wills().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(wills()).toEqual(['goes']);
  await stays.endAsync(true);
});
