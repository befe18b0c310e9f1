/** A crowd at the door, and the time that a connection has for its CONNECT meanwhile. */
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { limits } from '#core/limits.ts';
import { createCrowd } from './crowd.ts';
import { Guard } from './guard.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

it('is there while so many devices a second are let in, and a second after', () => {
  let now = 5_000;
  const crowd = createCrowd(() => now);
  for (let i = 1; i < limits.crowdPerS; i++) crowd.entered();
  expect(crowd.here()).toBe(false);
  crowd.entered();
  expect(crowd.here()).toBe(true);
  now += 1_000;
  expect(crowd.here()).toBe(true);
  now += 1_000;
  expect(crowd.here()).toBe(false);
  for (let i = 0; i < limits.crowdPerS; i++) crowd.entered();
  now += 60_000;
  expect(crowd.here()).toBe(false);
});

it('a connection that sends no CONNECT is cut after its time, within a crowd after five times that at the latest [M10 LAW7]', () => {
  let crowded = true;
  const cutAfter = (): number => {
    let closed = false;
    const guard = new Guard(new Duplex({ read() {}, write(_, __, done) { done(); } }), 'a', { closed: () => { closed = true; }, oversize: () => {}, alarmWaits: () => {}, crowded: () => crowded });
    let ms = 0;
    for (; !closed && ms < 100_000; ms += 1_000) vi.advanceTimersByTime(1_000);
    guard.destroy();
    return ms;
  };
  expect(cutAfter()).toBe(limits.connectMs * limits.connectTimes);
  crowded = false;
  expect(cutAfter()).toBe(limits.connectMs);
});
