/**
 * What must hold right before a message leaves: no demonstration row and no demonstration number ever reaches a real
 * gateway, no real alarm the stand-in (FIELD F18, F23), no SMS a number that opted out (F21), no call or text beyond what the
 * provider would take (PROVIDERS 0.6, 0.7), with a reserve for emergencies. A refusal here is early and cheap: the alert path
 * takes the next channel before the provider's limit bites. Only the last way left goes out all the same (core/last-way.ts).
 */
import { allowed, type Used, windowsOf } from '#core/budget.ts';
import { limits } from '#core/limits.ts';
import type { TemplateName } from '#core/messages.ts';
import { isDemoNumber, type ProviderSettings, technicalNotices } from '#core/provider.ts';
import type { ChannelKind, FailureClass } from './channels/channel.ts';

export type Guarded = { channel: ChannelKind; to: string; demo: boolean; provider: string | null };
export type Budgeted = { channel: ChannelKind; template: TemplateName; priority: number; /** of the search; null: it is none */ round: number | null; lastWay: boolean };
/** `notices`: milliseconds since each technical notice of the longest window. */
export type Seen = Used & { optedOut: boolean; /** exempt from the provider's limits on texts */ listed: boolean; notices: readonly number[] };
/** `waitMs`: not now, again after this; absent: another way at once. */
export type Refusal = { code: string; class: FailureClass; waitMs?: number };

/** Whether a message may go to a gateway at all; null: it may. `gateway` null: none is configured. */
export function guardGateway(send: Guarded, gateway: { name: string; real: boolean } | null): Refusal | null {
  if (gateway === null) return { code: 'local.NO_GATEWAY', class: 'P' };
  if (gateway.real && (send.demo || isDemoNumber(send.to))) return { code: send.demo ? 'local.DEMO_ROW' : 'local.DEMO_NUMBER', class: 'P' };
  if (!gateway.real && !send.demo) return { code: 'local.REAL_ROW', class: 'P' };
  // The claim wrote the provider under the database's own constraint; a row without one was refused there.
  return send.provider === gateway.name ? null : { code: 'local.WRONG_GATEWAY', class: 'P' };
}

/** Whether the number may be reached by this channel now; null: it may. */
export function guardNumber(send: Budgeted, seen: Seen, budget: ProviderSettings['budget']): Refusal | null {
  if (send.channel === 'sms' && seen.optedOut) return { code: 'local.OPTED_OUT', class: 'P' };
  if (send.lastWay) return null;
  const held = send.channel === 'sms' && seen.listed ? [] : windowsOf(send.channel, seen, budget);
  const full = held.find((w) => w.used >= allowed(w.most, send));
  if (!full) return noticeDue(send, seen);
  const code = full.used < full.most ? 'local.RESERVE' : full.code;
  // What is told of devices is as true in an hour; a word about a case is not: it fails at once, and is shown.
  return { code, class: 'F', ...(send.priority > 2 && technicalNotices.has(send.template) ? { waitMs: limits.budgetWaitMs } : {}) };
}

/** A technical notice before its time waits until the window has room again (E13). */
function noticeDue(send: Budgeted, seen: Seen): Refusal | null {
  if (send.channel !== 'sms' || send.priority <= 2 || !technicalNotices.has(send.template)) return null;
  const newest = [...seen.notices].sort((a, b) => a - b);
  const waits = limits.noticeWindows.map(({ ms, most }) => ms - (newest[most - 1] ?? ms));
  const waitMs = Math.max(...waits);
  return waitMs > 0 ? { code: 'local.NOTICES', class: 'F', waitMs } : null;
}
