/**
 * Is a device alive? (FEATURES B1-B3, B6.) Pure: what is known of one device -> what the sweep does with it. A deadline counts
 * from the later of its last sign of life and our own return, so neither a restart nor a blind window of ours can end it early.
 */
import { limits } from './limits.ts';

export type PresenceState = 'never' | 'online' | 'silent' | 'offline';
/** One device as the sweep sees it; times are epoch milliseconds. */
export type Watched = {
  state: PresenceState; lastSeenAt: number | null; registeredAt: number; graceMs: number;
  /** Since when our doors have been open without a gap; null: a gap was never seen. */ hearingSince: number | null;
  /** Declared silent at, while it is. */ silentAt: number | null;
  offlineRaised: boolean; neverRaised: boolean;
  /** Part of an outage, open or ended: it stays listed there and raises nothing of its own. */ inOutage: boolean;
  /** Away, hospital, evacuated, or an installer at work: technical alarms wait until then; null: no such thing. */ mutedUntil: number | null;
  /** In stock or revoked: nobody expects it to speak. */ watched: boolean;
};
/** What to do; `at` is when to look again (epoch ms), null: only its return brings it back to the sweep. */
export type Verdict =
  | { do: 'wait'; at: number | null }
  | { do: 'silent'; at: number }
  | { do: 'offline'; raise: boolean; at: number | null }
  | { do: 'never'; at: number };

/**
 * Milliseconds of silence after which a device is suspected. The rest of its grace is the time in which an outage may form,
 * so that a single device is offline at its grace and not later (60 s class: 2 of 3 heartbeats missing, offline at 180 s).
 */
export function suspectMs(graceMs: number): number {
  return graceMs - Math.min(limits.settleMs, graceMs / 4);
}

/** The sweep's decision for one due device. */
export function supervise(w: Watched, now: number): Verdict {
  if (!w.watched) return { do: 'wait', at: now + w.graceMs };
  const base = Math.max(w.lastSeenAt ?? w.registeredAt, w.hearingSince ?? 0);
  const offlineAt = base + w.graceMs;
  if (w.lastSeenAt === null) return neverHeard(w, offlineAt, now);
  const heardSince = w.silentAt === null || w.lastSeenAt > w.silentAt;
  if (heardSince || w.state === 'online' || w.state === 'never') {
    const suspectAt = base + suspectMs(w.graceMs);
    return now < suspectAt ? { do: 'wait', at: suspectAt } : { do: 'silent', at: Math.max(offlineAt, now) };
  }
  if (w.inOutage) return w.state === 'offline' ? { do: 'wait', at: null } : { do: 'offline', raise: false, at: null };
  if (now < offlineAt) return { do: 'wait', at: offlineAt };
  if (w.offlineRaised) return { do: 'wait', at: null };
  if (w.mutedUntil !== null && w.mutedUntil > now) return w.state === 'offline' ? { do: 'wait', at: w.mutedUntil } : { do: 'offline', raise: false, at: w.mutedUntil };
  return { do: 'offline', raise: true, at: null };
}

// Looked at again within the suspect time, so that a device which speaks once and dies is still declared in time.
function neverHeard(w: Watched, dueAt: number, now: number): Verdict {
  const again = now + suspectMs(w.graceMs);
  if (now < dueAt) return { do: 'wait', at: Math.min(dueAt, again) };
  if (w.neverRaised) return { do: 'wait', at: again };
  if (w.mutedUntil !== null && w.mutedUntil > now) return { do: 'wait', at: Math.min(w.mutedUntil, again) };
  return { do: 'never', at: again };
}

/** One notice per village when many of its devices never reported (bulk registration before the installers come), else one per device. */
export function groupNever<T extends { village: string | null }>(devices: readonly T[]): { single: T[]; villages: Map<string, T[]> } {
  const byVillage = new Map<string, T[]>();
  const single: T[] = [];
  for (const d of devices) {
    if (d.village === null) single.push(d);
    else byVillage.set(d.village, [...(byVillage.get(d.village) ?? []), d]);
  }
  const villages = new Map<string, T[]>();
  for (const [village, list] of byVillage) {
    if (list.length >= limits.neverReportedGroup) villages.set(village, list);
    else single.push(...list);
  }
  return { single, villages };
}
