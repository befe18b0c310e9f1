/**
 * Durable heartbeats per second: QoS 1, acknowledged after the commit, as fast as they are acknowledged, over 200 and over
 * 5,000 connections; ours, the baseline door, and bare aedes in turns, the median of the rounds.
 */
import { type BenchHouse, cpuSeconds, type Device } from './house.ts';
import { type Measured, measure } from './load/load.ts';
import type { Part, Stage } from './parts.ts';
import { type Figure, figure } from './results.ts';

/** The whole heartbeat of protocol v1. */
export const beat = '{"time":1790000000000,"seq":42,"battery":87,"rssi":-71,"mains":true,"fw":"1.4.2","temp":21.5,"cell":"38840001"}';

type Side = 'bare' | 'baseline' | 'ours';
type Sample = Measured & { cpuUs: number };

async function onPeer(house: BenchHouse, side: Side, act: (port: number, pid: number) => Promise<Sample>): Promise<Sample> {
  if (side === 'ours') return await act(house.house.mqttPort, house.edgePid());
  const peer = await (side === 'bare' ? house.peer('bare.ts') : house.peer('door.ts', house.databaseUrl));
  try { return await act(peer.port, peer.pid); } finally { await peer.stop(); }
}

async function sample(house: BenchHouse, side: Side, devices: readonly Device[], window: number, [warmS, seconds]: readonly [number, number]): Promise<Sample> {
  return await onPeer(house, side, async (port, pid) => {
    let [used, frames] = [0, 0];
    const span = { begin() { used = cpuSeconds(pid); }, end(mark: { acknowledged: number }) { used = cpuSeconds(pid) - used; frames = mark.acknowledged; } };
    const got = await measure({ port, devices, rest: 'heartbeat', payload: beat, qos: 1, window, perSecond: Infinity }, warmS, seconds, span);
    return { ...got, cpuUs: used * 1e6 / Math.max(1, frames) };
  });
}

export const heartbeats: Part = {
  name: 'heartbeats', about: 'durable heartbeats per second at 200 and at 5,000 connections',
  async run(stage: Stage): Promise<Figure[]> {
    const house = await stage.house();
    const figures: Figure[] = [];
    const rounds = stage.quick ? 1 : 3;
    for (const { connections, window } of [{ connections: 200, window: 60 }, { connections: stage.quick ? 500 : 5_000, window: 4 }]) {
      const devices = await house.devices(connections);
      const got: Record<Side, Sample[]> = { bare: [], baseline: [], ours: [] };
      for (let round = 0; round < rounds; round++)
        for (const side of ['bare', 'baseline', 'ours'] as const) {
          const one = await sample(house, side, devices, window, stage.quick ? [0.5, 1] : [2, 5]);
          got[side].push(one);
          stage.say(`${connections} connections, ${side}: ${Math.round(one.perSecond)}/s, p50 ${one.p50.toFixed(1)} ms, p99 ${one.p99.toFixed(1)} ms, ${one.cpuUs.toFixed(1)} µs CPU each; generator ${one.senderUs.toFixed(1)} µs each, busy ${Math.round(one.senderBusy * 100)} %`);
        }
      const of = (pick: (s: Sample) => number): { ours: number[]; baseline: number[]; bare: number[] } => ({ ours: got.ours.map(pick), baseline: got.baseline.map(pick), bare: got.bare.map(pick) });
      const title = `heartbeats over ${connections.toLocaleString('en-US')} connections`;
      figures.push(
        figure('heartbeats', title, 'per second', 'more', of((s) => s.perSecond)),
        costs(figure('heartbeats', `${title}: CPU of the door's process`, 'µs each', 'less', of((s) => s.cpuUs))),
        costs(figure('heartbeats', `${title}: publish to PUBACK, p99`, 'ms', 'less', of((s) => s.p99))),
      );
      const busy = Math.max(...got.bare.map((s) => s.senderBusy));
      const ceiling = Math.round(1e6 / Math.max(...got.bare.map((s) => s.senderUs)));
      stage.note(`${connections} connections: the generator costs ${Math.max(...got.bare.map((s) => s.senderUs)).toFixed(1)} µs per message against bare aedes, so its own ceiling is ${ceiling.toLocaleString('en-US')}/s; it was busy ${Math.round(busy * 100)} % of its time there`);
    }
    return figures;
  },
};

/** Bare aedes keeps nothing: its cost is shown, but no baseline is weak for costing more. */
const costs = (f: Figure): Figure => ({ ...f, bare: null });
