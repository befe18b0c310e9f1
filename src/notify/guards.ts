/**
 * What must hold right before a message leaves: no demonstration row and no demonstration number ever reaches a real
 * gateway, no real alarm the stand-in (FIELD F18, F23), no SMS a number that opted out (F21), no call or text beyond what the
 * provider would take (PROVIDERS 0.6, 0.7). A refusal here is early and cheap: the alert path takes the next channel.
 */
import type { ProviderSettings } from '#core/provider.ts';
import { isDemoNumber } from '#core/provider.ts';
import type { ChannelKind, FailureClass } from './channels/channel.ts';

export type Guarded = { channel: ChannelKind; to: string; demo: boolean; provider: string | null };
export type Seen = { optedOut: boolean; sms24h: number; voice1m: number; voice1h: number; voice24h: number };
export type Refusal = { code: string; class: FailureClass };

/** Whether a message may go to a gateway at all; null: it may. `gateway` null: none is configured. */
export function guardGateway(send: Guarded, gateway: { name: string; real: boolean } | null): Refusal | null {
  if (gateway === null) return { code: 'local.NO_GATEWAY', class: 'P' };
  if (gateway.real && (send.demo || isDemoNumber(send.to))) return { code: send.demo ? 'local.DEMO_ROW' : 'local.DEMO_NUMBER', class: 'P' };
  if (!gateway.real && !send.demo) return { code: 'local.REAL_ROW', class: 'P' };
  // The claim wrote the provider under the database's own constraint; a row without one was refused there.
  return send.provider === gateway.name ? null : { code: 'local.WRONG_GATEWAY', class: 'P' };
}

/** Whether the number may be reached by this channel now; null: it may. */
export function guardNumber(send: Guarded, seen: Seen, budget: ProviderSettings['budget']): Refusal | null {
  if (send.channel === 'sms') {
    if (seen.optedOut) return { code: 'local.OPTED_OUT', class: 'P' };
    return seen.sms24h >= budget.smsPerDay ? { code: 'local.SMS_DAY', class: 'F' } : null;
  }
  if (seen.voice1m >= budget.voicePerMinute) return { code: 'local.CALLS_MINUTE', class: 'F' };
  if (seen.voice1h >= budget.voicePerHour) return { code: 'local.CALLS_HOUR', class: 'F' };
  return seen.voice24h >= budget.voicePerDay ? { code: 'local.CALLS_DAY', class: 'F' } : null;
}
