/** A house with one account at a vendor that drops pushes, both in the same travelled time. */
import { emptySettings, type PullState } from '#core/vendor-door.ts';
import { clockChannel } from '#store/clock-travel.ts';
import { insertDoor } from '#store/vendor-doors.ts';
import { pullStates } from '#store/vendor-pulls.ts';
import { type Alarm, testAlarm } from './alarm.ts';
import { type CtwingCloud, ctwingAccount, startCtwingCloud } from './ctwing-cloud.ts';
import { makeDevice, startTestEdge, type TestEdge, until } from './edge.ts';

export const minute = 60_000;
const key = 'a-key-of-this-very-door';
export type PullDevice = { id: string; imei: string; deviceId: string };
export type PullHouse = {
  a: Alarm; cloud: CtwingCloud; edge: TestEdge;
  push(body: string): Promise<number>; /** the vendor's */ now(): number; device(model?: string): Promise<PullDevice>;
  /** Time goes on, at the house and at the vendor. */ forward(ms: number): Promise<void>;
  state(): Promise<PullState | undefined>; /** Until the account was read once more, whatever came of it. */ round(ms?: number): Promise<void>;
  events(id: string): Promise<Record<string, unknown>[]>; stop(): Promise<void>;
};

export async function pullHouse(): Promise<PullHouse> {
  const a = await testAlarm({ runs: true });
  const cloud = await startCtwingCloud();
  const { appKey, appSecret, masterKey, product } = ctwingAccount;
  await insertDoor(a.db, a.seal, {
    name: 'telecom', kind: 'ctwing', title: '电信', secrets: { key, appKey, appSecret, masterKeys: `${product}=${masterKey}` }, settings: { ...emptySettings, history: { url: cloud.url } }, enabled: true, by: 'test',
  });
  const edge = await startTestEdge(a);
  let devices = 0;
  const ended = async (): Promise<string> => (await a.db.query<{ n: string }>(`select lease_token || ' ' || (lease_until is null) as n from vendor_pull where door = 'telecom'`))[0]?.n ?? '';
  const house: PullHouse = {
    a, cloud, edge, now: () => Date.now() + cloud.offsetMs,
    push: async (body) => (await fetch(`http://127.0.0.1:${edge.httpPort}/vendors/telecom?key=${key}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status,
    async device(model = 'sos-button') {
      const imei = `8600000000${String(++devices).padStart(5, '0')}`;
      const { id } = await makeDevice(a.db, a.seal, { homeId: 'h1', model });
      await a.db.query(`update device set door = 'telecom', door_key = $2 where id = $1`, [id, imei]);
      cloud.devices.push({ deviceId: `p${imei}`, imei });
      return { id, imei, deviceId: `p${imei}` };
    },
    async forward(ms) {
      cloud.offsetMs += ms;
      await a.advance(ms);
      await a.db.query('select pg_notify($1, $2)', [clockChannel, '']);
    },
    state: async () => (await pullStates(a.db)).get('telecom'),
    async round(ms = 4 * minute) {
      const before = await ended();
      await house.forward(ms);
      await until('the history was read', async () => { const n = await ended(); return n !== before && n.endsWith('true'); });
    },
    events: (id) => a.db.query('select kind, edge, source, device_time, received_at, flags, result, alert_id from event where device_id = $1 order by id', [id]),
    async stop() { await edge.stop(); await cloud.close(); await a.close(); },
  };
  return house;
}
