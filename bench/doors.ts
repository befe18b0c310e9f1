/**
 * What a frame costs at the doors: heartbeats and SOS over real sockets at a pace that a county may send, and SOS as fast as
 * they go; the edge alone in this process, so that its CPU and how long its event loop was held (law 8: 5 ms) are its own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startEmbedded } from '#store/embedded.ts';
import { migrate } from '#store/migrate.ts';
import { openDb } from '#store/pool.ts';
import { createSeal } from '#store/seal.ts';
import { makeDevices, startTestEdge } from '#test/harness/edge.ts';
import { beat } from './heartbeats.ts';
import { measure } from './load/load.ts';
import type { LoadOptions } from './load/sender.ts';
import type { Part } from './parts.ts';
import { type Figure, figure } from './results.ts';

const runs: readonly (Pick<LoadOptions, 'rest' | 'payload' | 'qos' | 'window' | 'perSecond'> & { name: string })[] = [
  { name: 'heartbeats QoS 0, 5,000/s', rest: 'heartbeat', payload: beat, qos: 0, window: 1, perSecond: 5_000 },
  { name: 'heartbeats QoS 1, 5,000/s', rest: 'heartbeat', payload: beat, qos: 1, window: 25, perSecond: 5_000 },
  { name: 'SOS QoS 1, 500/s', rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 60, perSecond: 500 },
  { name: 'SOS QoS 1, as fast as they go', rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 8, perSecond: Infinity },
];

export const doors: Part = {
  name: 'doors', about: 'CPU of the edge per frame, and how long its event loop is held',
  async run(stage): Promise<Figure[]> {
    const data = mkdtempSync(join(tmpdir(), 'anling-bench-'));
    const server = await startEmbedded({ data, port: 0, database: 'anling', settings: {} });
    const db = openDb({ url: server.url, max: 2, name: 'bench' });
    try {
      await migrate({ url: server.url });
      const seal = createSeal({ seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: 'x' });
      const devices = await makeDevices(db, seal, 200);
      const edge = await startTestEdge({ url: server.url, seal }, { logLevel: 'error' });
      const figures: Figure[] = [];
      for (const { name, ...load } of runs) {
        const delay = monitorEventLoopDelay({ resolution: 1 });
        let [cpu, frames] = [process.threadCpuUsage(), 0];
        const got = await measure({ ...load, port: edge.port, devices }, stage.quick ? 0.5 : 1, stage.quick ? 1 : 4, {
          begin() { cpu = process.threadCpuUsage(); delay.enable(); },
          end(mark) { cpu = process.threadCpuUsage(cpu); delay.disable(); frames = load.qos === 0 ? mark.sent : mark.acknowledged; },
        });
        const each = (cpu.user + cpu.system) / Math.max(1, frames);
        const held = delay.percentile(99) / 1e6 - 1;
        stage.say(`${name}: ${Math.round(got.perSecond)}/s, edge ${each.toFixed(1)} µs each, p50 ${got.p50.toFixed(1)} ms, p99 ${got.p99.toFixed(1)} ms, loop held p99 ${held.toFixed(1)} ms, max ${(delay.max / 1e6 - 1).toFixed(1)} ms`);
        if (load.perSecond === Infinity) figures.push(figure('doors', name, 'per second', 'more', { ours: [got.perSecond] }));
        figures.push(figure('doors', `${name}: CPU of the edge`, 'µs each', 'less', { ours: [each] }), figure('doors', `${name}: event loop held, p99`, 'ms', 'less', { ours: [Math.max(0, held)] }));
      }
      await edge.stop();
      return figures;
    } finally {
      await db.close();
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    }
  },
};
