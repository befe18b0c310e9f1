/**
 * The alarm path under 20,000 heartbeats per second over 1,000 connections: from the publish of an SOS to its PUBACK, to the
 * first request at the stand-in gateway, to the frame at a console's websocket. Ours and the bare prototype of the three hops
 * (baseline/door.ts, baseline/alarm.ts) in turns, the same load, the same stand-in, every SOS of another elder.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { beat } from './heartbeats.ts';
import type { BenchHouse, Device } from './house.ts';
import { type Load, startLoad } from './load/load.ts';
import type { Press } from './load/sender.ts';
import type { Part } from './parts.ts';
import { type Figure, figure, quantile } from './results.ts';

const pressesPerSecond = 10;
const lateMs = 20_000;

/** Where a side is driven and watched. */
type Side = { mqttPort: number; socket(): WebSocket; /** First SMS request by device, wall-clock ms. */ requests(): Promise<Map<string, number>>; end(): Promise<void> };
/** Milliseconds from the publish, one per press. */
export type Legs = { puback: number[]; sms: number[]; frame: number[] };
type Ledger = { requests: { at: number; outId: string; action: string }[] };

export const standin = async <T>(house: BenchHouse, path: string, body?: object): Promise<T> =>
  (await fetch(`${house.house.standin}${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json() as Promise<T>;

export async function ours(house: BenchHouse): Promise<Side> {
  const login = await fetch(`${house.house.base}/api/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json', origin: house.house.base }, body: JSON.stringify({ username: 'admin', password: house.house.password }) });
  const cookie = login.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
  return {
    mqttPort: house.house.mqttPort,
    socket() {
      const ws = new WebSocket(`${house.house.base.replace('http', 'ws')}/api/v1/live`, { headers: { cookie, origin: house.house.base } });
      ws.on('open', () => ws.send(JSON.stringify({ type: 'hello', epoch: null, lastSeq: 0, tabId: 'bench' })));
      return ws;
    },
    async requests() {
      const rows = await house.db.query<{ outId: string; device: string }>(`select o.out_id as "outId", a.device_id as device from outbox o join alert a on a.id = o.alert_id where a.closed_at is null`);
      const device = new Map(rows.map((r) => [r.outId, r.device]));
      return firstOf((await standin<Ledger>(house, '/api/requests')).requests.filter((r) => r.action === 'SendSms'), (outId) => device.get(outId));
    },
    end: () => house.closeAll(),
  };
}

async function prototype(house: BenchHouse): Promise<Side> {
  const door = await house.peer('door.ts', house.databaseUrl);
  const worker = await house.peer('alarm.ts', 'worker', house.databaseUrl, house.house.standin);
  const web = await house.peer('alarm.ts', 'web', house.databaseUrl);
  return {
    mqttPort: door.port,
    socket: () => new WebSocket(`ws://127.0.0.1:${web.port}`),
    requests: async () => firstOf((await standin<Ledger>(house, '/api/requests')).requests, (outId) => outId),
    async end() { for (const peer of [door, worker, web]) await peer.stop(); },
  };
}

function firstOf(requests: Ledger['requests'], deviceOf: (outId: string) => string | undefined): Map<string, number> {
  const first = new Map<string, number>();
  for (const { at, outId } of requests) {
    const device = deviceOf(outId);
    if (device !== undefined) first.set(device, Math.min(at, first.get(device) ?? Infinity));
  }
  return first;
}

export async function legs(house: BenchHouse, side: Side, beats: readonly Device[], pressers: readonly Device[], perSecond: number): Promise<Legs & { beatsPerSecond: number; missing: string[] }> {
  await standin(house, '/api/clear', {});
  const frames = new Map<string, number>();
  const console_ = side.socket();
  console_.on('message', (data) => {
    const now = performance.timeOrigin + performance.now();
    const { type, alert } = JSON.parse(String(data)) as { type: string; alert?: { deviceId: string | null } };
    if (type === 'alert' && alert?.deviceId && !frames.has(alert.deviceId)) frames.set(alert.deviceId, now);
  });
  await new Promise((resolve, reject) => { console_.once('open', resolve); console_.once('error', reject); });
  const background = await startLoad({ port: side.mqttPort, devices: beats, rest: 'heartbeat', payload: beat, qos: 1, window: 8, perSecond });
  const buttons = await startLoad({ port: side.mqttPort, devices: pressers, rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 1, perSecond: pressesPerSecond, once: true });
  try {
    background.go();
    await sleep(3_000);
    await background.look();
    buttons.go();
    await sleep(pressers.length / pressesPerSecond * 1_000 + 500);
    const { acknowledged, ms } = await background.look();
    const { presses, requests } = await settled(buttons, side, pressers.length, () => frames.size);
    const from = (at: (press: Press) => number | null | undefined): number[] => presses.flatMap((press) => { const t = at(press); return t === null || t === undefined ? [] : [t - press.sentAt]; });
    const got = { puback: from((p) => p.acknowledgedAt), sms: from((p) => requests.get(p.device)), frame: from((p) => frames.get(p.device)) };
    const missing = Object.entries(got).flatMap(([leg, times]) => (times.length === pressers.length ? [] : [`${pressers.length - times.length} of ${pressers.length} presses have no ${leg}`]));
    return { ...got, beatsPerSecond: acknowledged / ms * 1_000, missing };
  } finally {
    await Promise.all([background.stop(), buttons.stop()]);
    console_.close();
  }
}

/** The presses and their requests, when every one has come through everywhere, or is given up. */
async function settled(buttons: Load, side: Side, count: number, frames: () => number): Promise<{ presses: Press[]; requests: Map<string, number> }> {
  for (const end = performance.now() + lateMs; ; await sleep(250)) {
    const { presses } = await buttons.look();
    const through = presses.length === count && presses.every((p) => p.acknowledgedAt !== null) && frames() >= count;
    const late = performance.now() > end;
    const requests = through || late ? await side.requests() : new Map<string, number>();
    if (late || requests.size >= count) return { presses, requests };
  }
}

export const alarm: Part = {
  name: 'alarm', about: 'P1 from publish to PUBACK, SMS request and websocket frame, with 20,000 heartbeats per second running',
  async run(stage): Promise<Figure[]> {
    const house = await stage.house();
    await standin(house, '/api/settings', { windows: false });
    const [rounds, presses, connections, perSecond] = stage.quick ? [1, 40, 200, 1_000] as const : [2, 150, 1_000, 20_000] as const;
    const beats = await house.devices(connections);
    const got: Record<'baseline' | 'ours', (Legs & { beatsPerSecond: number })[]> = { baseline: [], ours: [] };
    for (let round = 0; round < rounds; round++)
      for (const name of ['baseline', 'ours'] as const) {
        const pressers = await house.elders(presses);
        const side = await (name === 'ours' ? ours(house) : prototype(house));
        const before = [house.cpu('worker'), house.cpu('web')] as const;
        const one = await legs(house, side, beats, pressers, perSecond);
        const each = [house.cpu('worker') - before[0], house.cpu('web') - before[1]].map((s) => (s * 1_000 / presses).toFixed(1));
        await side.end();
        got[name].push(one);
        if (one.missing.length > 0) throw new Error(`${name}: ${one.missing.join('; ')}`);
        if (name === 'ours' && round === 0) stage.note(`CPU per press, from the evaluation to the last message: worker ${each[0]} ms, web ${each[1]} ms`);
        if (one.beatsPerSecond < perSecond * 0.9) stage.note(`${name}: only ${Math.round(one.beatsPerSecond)} of ${perSecond} heartbeats per second were acknowledged beside the alarms`);
        stage.say(`${name}: ${Math.round(one.beatsPerSecond)} heartbeats/s; ${(['puback', 'sms', 'frame'] as const).map((leg) => `${leg} p50 ${quantile(one[leg], 0.5).toFixed(1)} p99 ${quantile(one[leg], 0.99).toFixed(1)} ms`).join(', ')}`);
      }
    stage.note(`${presses * rounds} presses a side, ${pressesPerSecond} per second, beside ${perSecond.toLocaleString('en-US')} heartbeats per second over ${connections.toLocaleString('en-US')} connections`);
    return (['puback', 'sms', 'frame'] as const).flatMap((leg) => [0.5, 0.99].map((share) => {
      const of = (side: 'ours' | 'baseline'): number[] => got[side].map((one) => quantile(one[leg], share));
      return figure('alarm', `SOS publish to ${{ puback: 'PUBACK', sms: 'SMS request', frame: 'websocket frame' }[leg]}, p${share * 100}`, 'ms', 'less', { ours: of('ours'), baseline: of('baseline') });
    }));
  },
};
