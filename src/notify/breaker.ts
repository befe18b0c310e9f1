/**
 * The breaker of each channel: when the gateway no longer answers one of them, the messages behind do not wait for their own deadline,
 * they fail over at once, and one in a while tries whether it answers again. It opens only while the other channel works: where
 * there is no better way every message is tried as ever (law 5). A refusal in words is an answer, and is as fast as we would be.
 */
import type { Monotonic } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { ChannelKind, Outcome } from './channels/channel.ts';

export type Breaker = {
  /** Whether a message may be tried now; one that may not goes the other way at once. */ admits(channel: ChannelKind): boolean;
  note(channel: ChannelKind, outcome: Outcome): void;
};
type State = { inARow: number; triedAt: number };

const other = { sms: 'voice', voice: 'sms' } as const;

export function createBreaker({ log, metrics, monotonic }: { log: Logger; metrics: Metrics; monotonic: Monotonic }): Breaker {
  const gauge = metrics.gauge('gateway_silent', 'The gateway does not answer on this channel', ['channel']);
  const states: Record<ChannelKind, State> = { sms: { inARow: 0, triedAt: 0 }, voice: { inARow: 0, triedAt: 0 } };
  const silent = (channel: ChannelKind): boolean => states[channel].inARow >= limits.breakerFailures;
  return {
    admits(channel) {
      const state = states[channel];
      if (!silent(channel) || silent(other[channel])) return true;
      const now = monotonic();
      if (now - state.triedAt < limits.breakerTryMs) return false;
      state.triedAt = now;
      return true;
    },
    note(channel, outcome) {
      const state = states[channel];
      const was = silent(channel);
      state.inARow = outcome.kind === 'unknown' || (outcome.kind === 'rejected' && outcome.scope === 'provider') ? state.inARow + 1 : 0;
      if (silent(channel) === was) return;
      if (!was) state.triedAt = monotonic();
      gauge.set({ channel }, was ? 0 : 1);
      if (was) log.info({ channel }, 'the gateway answers again');
      else log.error({ channel, code: outcome.kind === 'accepted' ? undefined : outcome.code }, 'the gateway does not answer: messages go by the other channel at once');
    },
  };
}
