/** What a detector's state means when its cloud comes to one edge, and when it may come to another one with the next word. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Publish } from '#core/publish.ts';
import { createEdgeMeter } from '#ops/edge-meter.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { createDeliver, type DeliverOptions } from './vendor-deliver.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

function cloud(alone: boolean): { says(on: boolean): Promise<void>; edges: string[] } {
  const edges: string[] = [];
  const deliver = createDeliver({
    alone, log: createLog('edge', 'silent'), meter: createEdgeMeter(createMetrics('edge')), newTrace: () => 'trace', stranger: () => Promise.reject(new Error('no stranger')),
    devices: { byDoor: () => Promise.resolve({ id: 'smoke', status: 'active', vendor: { key: 'k' } } as never) },
    accept: ((publish: Publish) => { edges.push((JSON.parse(Buffer.from(publish.payload).toString()) as { edge?: string }).edge ?? 'raise'); return Promise.resolve('committed'); }) as unknown as DeliverOptions['accept'],
  });
  const says = (on: boolean): Promise<void> => deliver({ name: 'door' } as never, [{ keys: ['k'], states: [{ on, event: { kind: 'smoke', edge: 'raise', flags: [] } }], decoded: [], raw: new Uint8Array(), alarm: true }] as never, '127.0.0.1');
  return { says, edges };
}

it('of one edge: begins once, goes on, ends once', async () => {
  const { says, edges } = cloud(true);
  for (const on of [true, true, false, false, true]) { await says(on); await vi.advanceTimersByTimeAsync(600_000); }
  expect(edges).toEqual(['raise', 'repeat', 'clear', 'raise']);
});

it('beside others an end or a new beginning that this edge did not hear of costs neither a ring nor an end [C1 LAW5 G4]', async () => {
  const { says, edges } = cloud(false);
  await says(true);
  await says(true); // pushed again within the minute
  await vi.advanceTimersByTimeAsync(600_000); // its end went to another edge
  await says(true);
  await says(false);
  await vi.advanceTimersByTimeAsync(600_000); // and its next beginning
  await says(false);
  expect(edges).toEqual(['raise', 'repeat', 'raise', 'clear', 'clear']);
});
