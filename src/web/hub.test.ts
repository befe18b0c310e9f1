/** Sockets behind which nobody is. */
import { expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createMetrics } from '#ops/metrics.ts';
import { Hub, type HubClient } from './hub.ts';

it('cuts a socket that leaves every ping unanswered, never one that answers now and then, and counts no time in which nobody was asked [RF17 LAW7]', () => {
  const hub = new Hub({ metrics: createMetrics('web') });
  const client = (answers: (n: number) => boolean): HubClient & { closed: number[] } => {
    const closed: number[] = [];
    let [asked, unanswered] = [0, 0];
    return { tabId: 't', scopeCode: '350425000000', desk: true, credential: Buffer.alloc(1), sent: 0, live: true, closed, send: () => {}, buffered: () => 0, close: (code) => closed.push(code), ask() { unanswered = answers(++asked) ? 0 : unanswered + 1; return unanswered; } };
  };
  const [there, sleepy, gone] = [client(() => true), client((n) => n % limits.liveUnanswered === 0), client(() => false)];
  for (const one of [there, sleepy, gone]) hub.add(one);
  for (let n = 0; n < limits.liveUnanswered; n++) hub.endSilent();
  expect(hub.clients.size).toBe(3);
  for (let n = 0; n < 100; n++) hub.endSilent();
  expect([there.closed, sleepy.closed, gone.closed, hub.clients.size]).toEqual([[], [], [1013], 2]);
});
