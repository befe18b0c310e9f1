/**
 * What the auditor may find (核查发现, E3): the classes, how long each must stand before it is said, and whether it is something stuck
 * (the outside dead-man hears nothing meanwhile) or a thing of the past that somebody must know of. Facts only: how a row is judged
 * stands in store/audit-looks.ts, apart from the code that is judged.
 */
import { limits } from './limits.ts';

type Class = { stuck: boolean; holdMs: number };
const stuck = (holdMs: number = limits.auditHoldMs): Class => ({ stuck: true, holdMs });
const past: Class = { stuck: false, holdMs: limits.auditHoldMs };

/** In the order in which they are worse: what may be an elder nobody hears first. */
export const findingClasses = {
  'event-waits': stuck(), 'raise-lost': stuck(), 'timer-missing': stuck(), 'claim-endless': stuck(), 'timer-far': stuck(), 'timer-late': stuck(), 'step-skipped': stuck(),
  'send-stuck': stuck(), 'failure-unhandled': stuck(limits.auditSpoolMs), 'failure-silent': past, 'receipt-late': stuck(), 'answer-unread': stuck(),
  'role-silent': stuck(), 'feed-hole': stuck(), 'console-behind': stuck(), 'spool-stuck': stuck(limits.auditSpoolMs), 'ledger-open': stuck(limits.auditSpoolMs), 'canary-silent': stuck(limits.auditSpoolMs),
  'count-wrong': past, 'step-late': past,
} as const satisfies Record<string, Class>;
export type FindingKind = keyof typeof findingClasses;
export const findingKinds = Object.keys(findingClasses) as FindingKind[];

export type Finding = { kind: FindingKind; ref: string; detail: Record<string, unknown> };
export type OpenFinding = Finding & { foundAt: number };

/** How many of each class, the worst first: what the desk is told and what the wall's bar says. */
export function summarize(findings: readonly Pick<Finding, 'kind'>[]): { kind: FindingKind; n: number }[] {
  return findingKinds.flatMap((kind) => { const n = findings.filter((f) => f.kind === kind).length; return n > 0 ? [{ kind, n }] : []; });
}

/**
 * What was seen at every look for the class's time, by the monotonic clock: a moment's impression (a clock that jumps, a backlog being
 * worked off) is nothing to be said. What was said once stands until it is gone, across a pause or a restart of the auditor (`standing`).
 */
export function createHold(monotonic: () => number): (seen: readonly Finding[], standing?: readonly Pick<Finding, 'kind' | 'ref'>[]) => Finding[] {
  const keyOf = (f: Pick<Finding, 'kind' | 'ref'>): string => `${f.kind} ${f.ref}`;
  let since = new Map<string, number>();
  let lastAt: number | null = null;
  return (seen, standing = []) => {
    const now = monotonic();
    for (const f of standing) since.set(keyOf(f), Number.NEGATIVE_INFINITY);
    // A pause of our own proves nothing about the time between.
    const gap = lastAt !== null && now - lastAt > limits.auditEveryMs * 3;
    lastAt = now;
    const sinceOf = (f: Finding): number => {
      const at = since.get(keyOf(f)) ?? now;
      return at === Number.NEGATIVE_INFINITY || now - at >= findingClasses[f.kind].holdMs && !gap ? Number.NEGATIVE_INFINITY : gap ? now : at;
    };
    since = new Map(seen.map((f) => [keyOf(f), sinceOf(f)]));
    return seen.filter((f) => since.get(keyOf(f)) === Number.NEGATIVE_INFINITY);
  };
}
