/**
 * 60,000 heartbeats a second are offered to one edge over 1,000 connections, more than two cores take: back-pressure must slow them, and them alone. An SOS
 * is acknowledged as ever; what was acknowledged is counted against the rows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beat } from './heartbeats.ts';
import { startLoad } from './load/load.ts';
import type { Part } from './parts.ts';
import { type Figure, figure, quantile } from './results.ts';

export const overload: Part = {
  name: 'overload', about: 'P1 while 60,000 heartbeats per second are offered; what was acknowledged is there',
  async run(stage): Promise<Figure[]> {
    const house = await stage.house();
    const [presses, connections, perSecond] = stage.quick ? [20, 200, 60_000] as const : [200, 1_000, 60_000] as const;
    const beats = await house.devices(connections);
    const pressers = await house.elders(presses);
    const rows = async (): Promise<number> => (await house.db.query<{ n: number }>('select count(*)::float8 as n from heartbeat'))[0]?.n ?? 0;
    const [before, began] = [await rows(), performance.timeOrigin + performance.now()];
    const background = await startLoad({ port: house.house.mqttPort, devices: beats, rest: 'heartbeat', payload: beat, qos: 1, window: 16, perSecond });
    const buttons = await startLoad({ port: house.house.mqttPort, devices: pressers, rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 1, perSecond: 10, once: true });
    let acknowledged = 0;
    try {
      background.go();
      await sleep(3_000);
      acknowledged += (await background.look()).acknowledged;
      buttons.go();
      await sleep(presses * 100 + 2_000);
      const span = await background.look();
      acknowledged += span.acknowledged;
      const times = (await buttons.look()).presses.map((p) => ({ device: p.device, ms: p.acknowledgedAt === null ? Infinity : p.acknowledgedAt - p.sentAt }));
      const turns = house.turns(began + 3_000);
      background.hold();
      await sleep(3_000);
      acknowledged += (await background.look()).acknowledged;
      const stored = await house.db.query<{ device_id: string }>('select distinct device_id from event where device_id = any($1)', [pressers.map((p) => p.id)]);
      const there = new Set(stored.map((r) => r.device_id));
      const lost = times.filter((t) => t.ms !== Infinity && !there.has(t.device)).length + Math.max(0, acknowledged - (await rows() - before));
      if (times.some((t) => t.ms === Infinity)) stage.note(`${times.filter((t) => t.ms === Infinity).length} presses were not acknowledged within 2 s`);
      stage.note(`${presses} presses, 10 per second, beside ${perSecond.toLocaleString('en-US')} heartbeats per second offered over ${connections.toLocaleString('en-US')} connections; of ${turns.spans} looks at the edge's loop ${turns.over} found a turn of more than 5 ms of CPU; by the clock the longest was ${turns.wallMs.toFixed(0)} ms`);
      const ms = times.map((t) => t.ms);
      return [
        figure('overload', 'SOS publish to PUBACK, p50', 'ms', 'less', { ours: [quantile(ms, 0.5)] }),
        figure('overload', 'SOS publish to PUBACK, p99', 'ms', 'less', { ours: [quantile(ms, 0.99)] }),
        figure('overload', 'heartbeats acknowledged', 'per second', 'more', { ours: [span.acknowledged / span.ms * 1_000] }),
        figure('overload', 'heartbeat publish to PUBACK, p99', 'ms', 'less', { ours: [span.p99] }),
        figure('overload', 'frames acknowledged and lost', 'count', 'less', { ours: [lost] }),
        figure('overload', 'the edge\'s longest turn', 'ms', 'less', { ours: [turns.longestMs] }),
      ];
    } finally {
      await Promise.all([background.stop().catch(() => {}), buttons.stop()]);
      await house.closeAll();
    }
  },
};
