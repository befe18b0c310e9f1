/** What an administrator must see of the gateway: money, credentials, templates. Told once per change, shown while it lasts. */
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { ChannelKind, Outcome } from './channels/channel.ts';

export type Trouble = {
  note(channel: ChannelKind, outcome: Outcome): void;
  /** In words for /readyz; null when there is none. */
  reason(): string | null;
};

export function createTrouble(log: Logger, metrics: Metrics): Trouble {
  const gauge = metrics.gauge('gateway_refuses', 'The gateway refuses us for a reason that an administrator must remove', ['channel']);
  const current = new Map<ChannelKind, string>();
  return {
    note(channel, outcome) {
      if (outcome.kind === 'accepted') {
        if (current.delete(channel)) log.info({ channel }, 'the gateway takes messages again');
        return gauge.set({ channel }, 0);
      }
      if (outcome.kind !== 'rejected' || !outcome.page || current.get(channel) === outcome.code) return;
      current.set(channel, outcome.code);
      gauge.set({ channel }, 1);
      log.error({ channel, code: outcome.code, scope: outcome.scope }, 'the gateway refuses our messages: an administrator is needed');
    },
    reason: () => (current.size === 0 ? null : [...current].map(([channel, code]) => `the gateway refuses ${channel}: ${code}`).join('; ')),
  };
}
