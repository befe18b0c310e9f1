/**
 * The provider's windows per telephone number, mirrored (PROVIDERS 1, 2): how much of each is used, and how much a message of some
 * urgency may use of it. The first round of an emergency has all of it; everything else leaves the reserve (limits.budgetReserve).
 */
import { limits } from './limits.ts';
import type { providerBudget } from './provider.ts';

export type Budget = Record<keyof typeof providerBudget, number>;
/** What a number got of us lately; `sms1m` to `sms24h` of one template, `smsAll` of all. */
export type Used = { sms1m: number; sms1h: number; sms24h: number; smsAll: number; voice1m: number; voice1h: number; voice24h: number };
export type Window = { code: string; used: number; most: number };

/** Ours roll, so that they are never wider than the provider's, which begin with a minute, an hour or the first submit. */
export function windowsOf(channel: 'sms' | 'voice', used: Used, budget: Budget): Window[] {
  const all: Window[] = channel === 'sms' ? [
    { code: 'local.SMS_MINUTE', used: used.sms1m, most: budget.smsPerMinute }, { code: 'local.SMS_HOUR', used: used.sms1h, most: budget.smsPerHour },
    { code: 'local.SMS_DAY', used: used.sms24h, most: budget.smsPerDay }, { code: 'local.SMS_NUMBER', used: used.smsAll, most: budget.smsPerNumberDay },
  ] : [
    { code: 'local.CALLS_MINUTE', used: used.voice1m, most: budget.voicePerMinute }, { code: 'local.CALLS_HOUR', used: used.voice1h, most: budget.voicePerHour },
    { code: 'local.CALLS_DAY', used: used.voice24h, most: budget.voicePerDay },
  ];
  return all.filter((w) => w.most > 0);
}

/** What of a window a message may use: all of it in the first round of an emergency (`round` null: no search of its own), the unreserved part for everything else, so that whoever is searched for a second time leaves room for whoever is searched for first. */
export const allowed = (most: number, { priority, round = null }: { priority: number; round?: number | null }): number =>
  (priority === 1 && (round ?? 0) === 0 ? most : Math.max(1, Math.floor(most * (1 - limits.budgetReserve))));
