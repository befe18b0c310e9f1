/** Two replays of the same stretch beside each other: which alerts would have come, stayed away, called sooner or later, been graver, ended otherwise (C10). Pure. */
import type { Alert } from '#core/alert.ts';
import { type DiffChange, diffChanges, type DiffRow } from '#core/rule-try.ts';
import type { Replayed } from './replay.ts';

const sameMs = 1_000;
const keyOf = (r: Replayed): string => `${r.subject.type} ${r.subject.id} ${r.kind}`;

/** Those of the one that belong to those of the other: opened by the same event, else open at the same time. */
function pairs(was: readonly Replayed[], now: readonly Replayed[]): { both: [Replayed, Replayed][]; gone: Replayed[]; fresh: Replayed[] } {
  const rest = new Set(now);
  const byEvent = new Map(now.map((r) => [`${r.openedBy ?? r.alertId} ${keyOf(r)}`, r]));
  const both: [Replayed, Replayed][] = [];
  const alone: Replayed[] = [];
  for (const r of was) {
    const same = byEvent.get(`${r.openedBy ?? r.alertId} ${keyOf(r)}`);
    if (same) { both.push([r, same]); rest.delete(same); } else alone.push(r);
  }
  const byKey = new Map<string, Replayed[]>();
  for (const r of rest) byKey.set(keyOf(r), [...(byKey.get(keyOf(r)) ?? []), r]);
  const gone = alone.filter((r) => {
    const near = byKey.get(keyOf(r))?.find((x) => rest.has(x) && x.openedAt < (r.closedAt ?? Infinity) && r.openedAt < (x.closedAt ?? Infinity));
    if (near) { both.push([r, near]); rest.delete(near); }
    return !near;
  });
  return { both, gone, fresh: [...rest] };
}

/** All differences, the gravest first. */
export function diffReplays(was: readonly Replayed[], now: readonly Replayed[]): DiffRow[] {
  const { both, gone, fresh } = pairs(was, now);
  const row = (change: DiffChange, r: Replayed, more: Partial<DiffRow> = {}): DiffRow => ({
    change, kind: r.kind, priority: r.priority, wasPriority: null, subject: r.subject, deviceId: r.deviceId, homeId: r.homeId, personId: r.personId, regionCode: r.regionCode, at: r.openedAt, byMs: null, alertId: r.alertId, ...more,
  });
  const rows = [
    ...fresh.map((r) => row('added', r)), ...gone.map((r) => row('dropped', r)),
    ...both.flatMap(([a, b]) => {
      const real = { alertId: a.alertId ?? b.alertId };
      const byMs = a.calledAt !== null && b.calledAt !== null ? b.calledAt - a.calledAt : null;
      const endMs = a.closedAt !== null && b.closedAt !== null ? b.closedAt - a.closedAt : null;
      const otherEnd = (a.closedAt === null) !== (b.closedAt === null) || a.outcome !== b.outcome || (endMs !== null && Math.abs(endMs) > sameMs);
      return [
        ...(a.priority === b.priority ? [] : [row('priority', b, { wasPriority: a.priority, ...real })]),
        ...(byMs !== null && Math.abs(byMs) > sameMs ? [row(byMs < 0 ? 'sooner' : 'later', b, { byMs, ...real })] : []),
        ...(otherEnd ? [row('ended', b, { byMs: endMs, ...real })] : []),
        ...(b.flags.includes('confirmed') !== a.flags.includes('confirmed') || b.flags.includes('flapping') !== a.flags.includes('flapping') ? [row('marked', b, real)] : []),
      ];
    }),
  ];
  return rows.sort((a, b) => a.priority - b.priority || diffChanges.indexOf(a.change) - diffChanges.indexOf(b.change) || b.at - a.at);
}

/** How many of the alerts that this stretch opened the replay gives exactly as they are: kind, subject, event, priority, count and how it ended. */
export function agreement(replayed: readonly Replayed[], alerts: readonly Alert[], from: number): { of: number; same: number } {
  const real = new Map(alerts.filter((a) => a.openedAt > from).map((a) => [a.id, a]));
  const mine = replayed.filter((r) => r.openedBy !== null);
  const alike = (r: Replayed): boolean => {
    const a = r.alertId === null ? undefined : real.get(r.alertId);
    return a !== undefined && a.kind === r.kind && a.subject.id === r.subject.id && a.priority === r.priority && a.count === r.count && a.outcome === r.outcome && (a.closedAt === null) === (r.closedAt === null);
  };
  const same = mine.filter(alike).length;
  return { of: Math.max(real.size, mine.length), same };
}
