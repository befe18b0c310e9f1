/** Telemetry without end from one device. */
import { expect, it } from 'vitest';
import type { DeviceId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { KnownDevice, Misuse } from '#core/publish.ts';
import { createFloodWatch } from './flood.ts';

const device = (no: number): KnownDevice => ({ id: `d${no}` as DeviceId, no, homeId: null, secretHash: new Uint8Array(), status: 'installed' });

it('merges what comes faster than any model sends, of that device only, tells of it once an hour, and stops with it [RF16 LAW7]', () => {
  const told: Misuse[] = [];
  const merged = createFloodWatch((misuse) => told.push(misuse));
  let n = 0;
  const send = (no: number, atMs: number): boolean => merged({ device: device(no), arrivedMs: atMs });
  for (let ms = 0; ms < 10_000; ms++) if (send(1, ms)) n++; // 1,000 a second
  // The burst, and what flows back meanwhile, is written as it comes.
  expect(n).toBe(10_000 - limits.telemetryBurst - Math.floor(9_999 * limits.telemetryPerS / 1_000));
  expect(send(2, 10_000)).toBe(false);
  expect(told).toEqual([{ deviceId: 'd1', homeId: null, what: 'flooding', detail: { perSecond: limits.telemetryPerS } }]);
  for (let s = 20; s < 3_000; s++) expect(send(1, s * 1_000)).toBe(false); // once a second again
  for (let ms = 0; ms < 60_000; ms++) send(1, 3_000_000 + ms);
  expect(told).toHaveLength(1);
  for (let ms = 0; ms < 60_000; ms++) send(1, 4_000_000 + ms);
  expect(told).toHaveLength(2);
});
