/**
 * What a crowd costs: **idle**, 15,000 devices that only stay connected to one edge, by resident memory per connection; **storm**, all of them cut off and
 * coming again at once with their own credentials, by the edge's CPU per connect, while others press their buttons. Plain and TLS (the same certificate),
 * beside bare aedes, which lets anybody in and keeps nothing.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchHouse, cpuSeconds, type Device } from './house.ts';
import { type Came, type Crowd, startCrowd } from './load/crowd.ts';
import { startLoad } from './load/load.ts';
import type { Part, Stage } from './parts.ts';
import { type Figure, figure, quantile } from './results.ts';

type Side = 'bare' | 'ours';
type Door = { port: number; pid: number; stop(): Promise<void> };
const ways = [{ name: 'plain', tls: false }, { name: 'TLS', tls: true }] as const;
const county = 100_000;
const settleMs = 4_000;

/** KiB of anonymous memory that is resident: what the process itself holds. */
function memoryKib(pid: number): number {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

/** As many as the open-file limit allows; a crowd and its door each have a process. */
function countFor(stage: Stage): number {
  const soft = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1_024);
  const wanted = stage.quick ? 300 : 15_000;
  if (soft < wanted + 1_000) stage.note(`the open-file limit of ${soft} allows ${soft - 1_000} connections instead of ${wanted}`);
  return Math.min(wanted, soft - 1_000);
}

async function doorOf(house: BenchHouse, side: Side, tls: boolean): Promise<Door> {
  if (side === 'bare') return await house.peer('bare.ts', ...(tls ? [join(house.house.data, 'device-door.crt'), join(house.house.data, 'device-door.key')] : []));
  return { port: tls ? Number(house.house.env['ANLING_MQTTS_PORT']) : house.house.mqttPort, pid: house.edgePid(), stop: () => Promise.resolve() };
}

const inWords = ({ ms, refused, cut, lost }: Came): string => `all in after ${(ms / 1_000).toFixed(1)} s, ${refused} tries refused, ${cut} cut off, ${lost} lost`;

async function idleOn(house: BenchHouse, side: Side, tls: boolean, devices: readonly Device[]): Promise<{ eachKib: number; baseKib: number; came: Came }> {
  if (side === 'ours') await house.freshEdge();
  const door = await doorOf(house, side, tls);
  const crowd = startCrowd({ port: door.port, tls, devices });
  try {
    await sleep(settleMs);
    const baseKib = memoryKib(door.pid);
    const came = await crowd.come();
    await sleep(settleMs);
    return { eachKib: (memoryKib(door.pid) - baseKib) / devices.length, baseKib, came };
  } finally {
    await crowd.leave();
    await door.stop();
  }
}

export const idle: Part = {
  name: 'idle', about: 'resident memory per idle connection, 15,000 on one edge',
  async run(stage): Promise<Figure[]> {
    const house = await stage.house();
    const devices = await house.devices(countFor(stage));
    const figures: Figure[] = [];
    for (const { name, tls } of ways) {
      const got: Record<Side, number[]> = { bare: [], ours: [] };
      for (let round = 0; round < (stage.quick ? 1 : 2); round++)
        for (const side of ['bare', 'ours'] as const) {
          const { eachKib, baseKib, came } = await idleOn(house, side, tls, devices);
          got[side].push(eachKib);
          stage.say(`${name}, ${side}: ${eachKib.toFixed(1)} KiB per connection above ${(baseKib / 1_024).toFixed(0)} MiB; ${inWords(came)}`);
          if (side === 'ours' && round === 0) stage.note(`${name}: ${county.toLocaleString('en-US')} devices on ${Math.ceil(county / devices.length)} edges would be ${((eachKib * county + baseKib * Math.ceil(county / devices.length)) / 2 ** 20).toFixed(1)} GiB`);
        }
      figures.push(figure('idle', `${devices.length.toLocaleString('en-US')} idle devices, ${name}: memory per connection`, 'KiB', 'less', { ours: got.ours, baseline: got.bare }));
    }
    return figures;
  },
};

type Stormed = { cpuUs: number; came: Came; presses: number[]; unacknowledged: number };

async function stormOn(house: BenchHouse, side: Side, tls: boolean, devices: readonly Device[], pressers: readonly Device[]): Promise<Stormed> {
  const door = await doorOf(house, side, tls);
  const crowd: Crowd = startCrowd({ port: door.port, tls, devices });
  const plain = side === 'ours' ? house.house.mqttPort : tls ? null : door.port;
  const buttons = plain === null ? null : await startLoad({ port: plain, devices: pressers, rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 1, perSecond: 10, once: true });
  try {
    await crowd.come();
    await sleep(settleMs);
    const before = cpuSeconds(door.pid);
    buttons?.go();
    const came = await crowd.storm();
    await sleep(1_000);
    const cpuUs = (cpuSeconds(door.pid) - before) * 1e6 / devices.length;
    const presses = (await buttons?.look())?.presses ?? [];
    await sleep(presses.some((p) => p.acknowledgedAt === null) ? 5_000 : 0);
    const all = ((await buttons?.look())?.presses ?? []).slice(0, presses.length);
    return { cpuUs, came, presses: all.flatMap((p) => (p.acknowledgedAt === null ? [] : [p.acknowledgedAt - p.sentAt])), unacknowledged: all.filter((p) => p.acknowledgedAt === null).length };
  } finally {
    await Promise.all([crowd.leave(), buttons?.stop()]);
    await door.stop();
  }
}

export const storm: Part = {
  name: 'storm', about: '15,000 devices come again at once, with credentials; CPU per connect, and alarms meanwhile',
  async run(stage): Promise<Figure[]> {
    const house = await stage.house();
    const devices = await house.devices(countFor(stage));
    const figures: Figure[] = [];
    for (const { name, tls } of ways) {
      const got: Record<Side, Stormed[]> = { bare: [], ours: [] };
      for (let round = 0; round < (stage.quick ? 1 : 2); round++)
        for (const side of ['bare', 'ours'] as const) {
          const one = await stormOn(house, side, tls, devices, await house.elders(stage.quick ? 20 : 400));
          got[side].push(one);
          stage.say(`${name}, ${side}: ${one.cpuUs.toFixed(0)} µs per connect, ${inWords(one.came)}; ${one.presses.length} presses meanwhile p99 ${quantile(one.presses, 0.99).toFixed(0)} ms`);
          if (one.unacknowledged > 0) throw new Error(`${name}, ${side}: ${one.unacknowledged} presses were not acknowledged`);
          if (side === 'ours') await house.closeAll();
          if (round === 0) stage.note(`${name}, ${side}: ${inWords(one.came)}`);
        }
      const title = `${devices.length.toLocaleString('en-US')} reconnects at once, ${name}`;
      figures.push(
        figure('storm', `${title}: CPU of the edge`, 'µs each', 'less', { ours: got.ours.map((s) => s.cpuUs), baseline: got.bare.map((s) => s.cpuUs) }),
        figure('storm', `${title}: until all are back`, 's', 'less', { ours: got.ours.map((s) => s.came.ms / 1_000), baseline: got.bare.map((s) => s.came.ms / 1_000) }),
        figure('storm', `${title}: SOS publish to PUBACK, p99`, 'ms', 'less', { ours: got.ours.map((s) => quantile(s.presses, 0.99)) }),
      );
    }
    return figures;
  },
};
