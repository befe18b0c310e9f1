/** When a channel is given up for a while, and when not. */
import { expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { createBreaker } from './breaker.ts';
import type { Outcome, Refusal } from './channels/channel.ts';

const lines: string[] = [];
function world() {
  const clock = { now: 0 };
  lines.length = 0;
  return { clock, breaker: createBreaker({ log: createLog('worker', 'info', (line) => lines.push(line)), metrics: createMetrics('worker'), monotonic: () => clock.now }) };
}
const hang: Outcome = { kind: 'unknown', code: 'Deadline' };
const taken: Outcome = { kind: 'accepted', providerId: 'x' };
const refused = (scope: Refusal['scope']): Outcome => ({ kind: 'rejected', class: 'F', scope, code: 'isv.X', retries: 0, endsAs: 'F', retryAfterMs: null, page: false });
const times = (n: number, act: () => void): void => { for (let i = 0; i < n; i++) act(); };

it('opens after some silences in a row, lets one message try now and then, closes with the first answer, and says both once [RF12]', () => {
  const { clock, breaker } = world();
  times(limits.breakerFailures - 1, () => breaker.note('sms', hang));
  breaker.note('sms', taken);
  times(limits.breakerFailures - 1, () => breaker.note('sms', hang));
  expect(breaker.admits('sms')).toBe(true);
  breaker.note('sms', refused('provider'));
  expect([breaker.admits('sms'), breaker.admits('voice')]).toEqual([false, true]);
  clock.now += limits.breakerTryMs;
  expect([breaker.admits('sms'), breaker.admits('sms')]).toEqual([true, false]);
  breaker.note('sms', hang);
  expect(breaker.admits('sms')).toBe(false);
  clock.now += limits.breakerTryMs;
  expect(breaker.admits('sms')).toBe(true);
  breaker.note('sms', taken);
  expect(breaker.admits('sms')).toBe(true);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['the gateway does not answer: messages go by the other channel at once', 'the gateway answers again']);
});

it('stays closed where there is no better way, and over what is an answer [RF12 LAW5]', () => {
  const { breaker } = world();
  for (const scope of ['recipient', 'message', 'account'] as const) times(limits.breakerFailures, () => breaker.note('sms', refused(scope)));
  expect(breaker.admits('sms')).toBe(true);
  times(limits.breakerFailures, () => { breaker.note('sms', hang); breaker.note('voice', hang); });
  expect([breaker.admits('sms'), breaker.admits('voice'), breaker.admits('sms')]).toEqual([true, true, true]);
  breaker.note('voice', taken);
  expect([breaker.admits('sms'), breaker.admits('voice')]).toEqual([false, true]);
});
