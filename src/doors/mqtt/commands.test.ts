/** The loop of commands against a device that does not answer: others come first, then it has failed; one at a time per device. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { limits } from '#core/limits.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type Claimed, startCommands } from './commands.ts';
import type { CommandOutcome } from './sessions.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

function house(outcome: () => Promise<CommandOutcome>) {
  const rows = new Map<string, Claimed & { state: string }>();
  const sent: string[] = [];
  const loop = startCommands({
    reachable: (id) => id !== 'away', send: async (_id, payload) => { sent.push(String(payload)); return await outcome(); },
    open: async () => [...rows.values()].filter((r) => r.state === 'due'), expire: async () => 0,
    claim: async (ids) => ids.flatMap((id) => {
      const first = [...rows.values()].find((r) => r.deviceId === id && (r.state === 'due' || r.state === 'sent'));
      if (first?.state !== 'due') return [];
      first.state = 'sent';
      first.attempts++;
      return [first];
    }),
    settle: async (c, what) => { (rows.get(c.id) as { state: string }).state = what; },
    log: createLog('edge', 'silent'), metrics: createMetrics('edge'),
  });
  const add = (id: string, deviceId: string): void => { rows.set(id, { id, deviceId, token: '1', name: 'voice', attempts: 0, trace: 't', ageMs: 0, payload: Buffer.from(id), state: 'due' }); loop.wake(); };
  return { rows, sent, add, loop };
}

it('leaves a device that does not answer to other edges for a lease, and gives the command up at last', async () => {
  const h = house(async () => 'no-answer');
  h.add('1', 'd1');
  await vi.advanceTimersByTimeAsync(limits.commandLeaseMs - 1_500);
  expect(h.sent).toEqual(['1']);
  expect(h.rows.get('1')?.state).toBe('due');
  await vi.advanceTimersByTimeAsync(limits.commandTries * limits.commandLeaseMs + 5_000);
  expect(h.rows.get('1')).toMatchObject({ state: 'failed', attempts: limits.commandTries });
  expect(h.sent).toHaveLength(limits.commandTries);
  const stopped = h.loop.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  await stopped;
});

it('sends the commands of one device one after the other, of several at once, of those elsewhere none', async () => {
  const answers: (() => void)[] = [];
  const h = house(() => new Promise((resolve) => answers.push(() => resolve('acknowledged'))));
  h.add('1', 'd1'); h.add('2', 'd1'); h.add('3', 'd2'); h.add('4', 'away');
  await vi.advanceTimersByTimeAsync(1_100);
  expect(h.sent).toEqual(['1', '3']);
  for (const answer of answers.splice(0)) answer();
  await vi.advanceTimersByTimeAsync(10);
  expect(h.sent).toEqual(['1', '3', '2']);
  expect(h.rows.get('4')?.state).toBe('due');
  for (const answer of answers.splice(0)) answer();
  const stopped = h.loop.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  await stopped;
});
