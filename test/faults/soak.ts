/** A house under its nominal load for minutes or hours: what its processes hold (memory, descriptors, queues) must not grow, and goes back when the load ends (F20, I9). */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import { logIn } from '#test/harness/client.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { pidsOf, type Victim } from '#test/harness/processes.ts';
import { Presser } from '#test/torture/presser.ts';
import { seedPeople, type Seeded } from '#test/torture/seed.ts';

const watched = ['edge', 'worker', 'web', 'supervisor'] as const;
type Held = { mb: number; fds: number };
export type SoakRow = { process: string; troughMb: number; laterMb: number; slopeMbPerHour: number; fds: number; fdsAfter: number };
export type Soak = { minutes: number; samples: number; beats: number; presses: number; rows: SoakRow[]; waiting: number };

const held = (pid: number): Held => ({ mb: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024, fds: readdirSync(`/proc/${pid}/fd`).length });

/** `minutes` of load after a warm-up of a fifth of it (at most ten minutes). */
export async function soak(minutes: number, say: (line: string) => void): Promise<Soak> {
  const house = await makeHouse(process.cwd(), { name: 'soak' });
  const ends: (() => void)[] = [];
  try {
    await house.start();
    await house.ready(180_000);
    const buttons = await seedPeople(house, 300);
    const beats = { n: 0 };
    const pressers = load(house, buttons, beats, ends);
    await sleep(Math.min(minutes * 12_000, 600_000));
    const idle = sample(house);
    const series: { atH: number; all: Record<string, Held> }[] = [];
    const began = performance.now();
    for (const end = began + minutes * 60_000; performance.now() < end;) {
      await sleep(Math.min(10_000, minutes * 2_000));
      series.push({ atH: (performance.now() - began) / 3_600_000, all: sample(house) });
      if (series.length % 30 === 0) say(`${(series.length / 6).toFixed(0)} min: ${watched.map((w) => `${w} ${Math.round(series.at(-1)?.all[w]?.mb ?? 0)} MB`).join(', ')}`);
    }
    for (const end of ends.splice(0)) end();
    await sleep(15_000);
    const after = sample(house);
    return {
      minutes, samples: series.length, beats: beats.n, presses: pressers.reduce((n, one) => n + one.ledger.acked.length, 0), waiting: await waiting(house),
      rows: watched.map((process) => {
        const mb = series.map((s) => s.all[process]?.mb ?? 0);
        const third = Math.ceil(mb.length / 3);
        return {
          process, troughMb: Math.round(Math.min(...mb.slice(0, third))), laterMb: Math.round(Math.min(...mb.slice(-third))), slopeMbPerHour: Math.round(slope(series.map((s) => s.atH), mb) * 10) / 10,
          fds: idle[process]?.fds ?? 0, fdsAfter: after[process]?.fds ?? 0,
        };
      }),
    };
  } finally {
    for (const end of ends) end();
    await house.stop();
    rmSync(house.folder, { recursive: true, force: true });
  }
}

const sample = (house: House): Record<string, Held> => Object.fromEntries(watched.map((name) => [name, held(pidsOf(name as Victim, house.pid() as number, house.data)[0] as number)]));

/** Heartbeats of all, presses of some, an operator who closes what is open. */
function load(house: House, buttons: readonly Seeded[], beats: { n: number }, ends: (() => void)[]): Presser[] {
  const sockets = buttons.slice(60).map((b): [Seeded, Socket] => {
    const socket = connect({ port: house.mqttPort, host: '127.0.0.1' });
    socket.on('error', () => {}).resume();
    socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: b.id, username: b.id, password: Buffer.from(b.secret) } as unknown as Packet));
    return [b, socket];
  });
  let id = 0;
  const beat = setInterval(() => {
    for (const [b, socket] of sockets) { socket.write(generate({ cmd: 'publish', topic: `care/v1/${b.id}/heartbeat`, payload: '{"battery":77,"rssi":-70}', qos: 1, messageId: (id++ % 60_000) + 1, dup: false, retain: false } as Packet)); beats.n++; }
  }, 2_000);
  const pressers = buttons.slice(0, 60).map((b) => new Presser({ id: b.id, secret: b.secret, port: house.mqttPort, kind: 'sos', pauseMs: 20_000 }));
  for (const presser of pressers) presser.start();
  let stopped = false;
  void (async () => {
    for (const client = await logIn(house); !stopped; await sleep(2_000)) {
      const { alerts } = await client.call<{ alerts: { id: string }[] }>('GET', '/api/v1/alerts?state=open&limit=50').catch(() => ({ alerts: [] }));
      for (const alert of alerts) await client.call('POST', `/api/v1/alerts/${alert.id}/close`, { outcome: 'F1', note: 'soak' }).catch(() => {});
    }
  })().catch(() => {});
  ends.push(() => { stopped = true; clearInterval(beat); for (const presser of pressers) presser.end(); for (const [, socket] of sockets) socket.destroy(); });
  return pressers;
}

/** Rows that wait in the doors. */
async function waiting(house: House): Promise<number> {
  const text = await fetch(`${house.base}/metrics`).then((answer) => answer.text());
  return [...text.matchAll(/^anling_(?:urgent_waiting|telemetry_waiting|spool_rows|presence_waiting|sockets_half_open)\S* (\d+)/gm)].reduce((n, m) => n + Number(m[1]), 0);
}

/** Least squares. */
function slope(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [x, y].map((list) => list.reduce((a, b) => a + b, 0) / Math.max(1, list.length)) as [number, number];
  const over = x.reduce((sum, v, i) => sum + (v - mx) * ((y[i] ?? 0) - my), 0);
  return over / Math.max(1e-9, x.reduce((sum, v) => sum + (v - mx) ** 2, 0));
}
