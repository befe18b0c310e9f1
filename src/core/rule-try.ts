/** What a dry run of rule parameters (试运行) answers: the difference it would have made in the last 24 hours. */
import type { EventKind, Priority } from './event.ts';
import type { AlertId } from './ids.ts';
import type { RuleEntries } from './rule-params.ts';

/** It would have come, stayed away, been graver or less, called sooner or later, ended otherwise, been marked otherwise. */
export const diffChanges = ['added', 'dropped', 'priority', 'sooner', 'later', 'ended', 'marked'] as const;
export type DiffChange = (typeof diffChanges)[number];
/** One alert that would be another; `alertId`: the one that there was. Times epoch ms, `byMs` how much later (negative: sooner). */
export type DiffRow = {
  change: DiffChange; kind: EventKind; priority: Priority; wasPriority: Priority | null; subject: { type: string; id: string }; deviceId: string | null; homeId: string | null; personId: string | null; regionCode: string | null;
  at: number; byMs: number | null; alertId: AlertId | null;
};
/** What the records cannot say: more events or readings than a dry run looks at, silences shorter than were written down. */
export const tryGaps = ['events', 'readings', 'silences'] as const;
export type Tried = {
  from: number; to: number; tookMs: number; events: number; /** how many of the alerts that there were the replay gives exactly */ agreement: { of: number; same: number };
  alerts: { was: number; now: number }; rows: DiffRow[]; /** devices that would be offline at once */ silentAtOnce: number; gaps: (typeof tryGaps)[number][];
};
export type TryRules = (entries: RuleEntries) => Promise<Tried>;
