/**
 * Outages (片区失联): each look brings members up to date, asks core/outage.ts about the losses of the last minutes, writes what it
 * decided with the events that show it, and ends what has recovered. One transaction per look: an incident and its event are one.
 */
import { randomUUID } from 'node:crypto';
import { causeOf, decideOutages, suspicions, type Alive, type Loss, type Opening, type OutageSubject, traitOf } from '#core/outage.ts';
import { limits } from '#core/limits.ts';
import { showRegion } from '#core/region.ts';
import type { Logger } from '#ops/log.ts';
import {
  addMembers, aliveSince, countOutage, endOutage, holdOutages, insertOutage, noteReported, openOutages, type OutageCounts, type OutageRow, recentLosses, refreshMembers, refreshPresumed, regionName, releaseMembers,
  lives, setBlow, setCause, setRecovering, takeSingleAlarms,
} from '#store/outages.ts';
import type { Db, Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { type Hearing, type HouseEvent, insertHouseEvents } from '#store/supervision.ts';

export type OutageWatch = { db: Db; seal: Seal; log: Logger };
type Lost = Loss & { lastSeenAt: number | null };

/** Who was heard so soon after the last sign of life of the lost may have been heard before the blow: that proves nothing. */
const marginMs = 60_000;
/** Losses by will or mains are seconds old: what was heard since then is proof against them. */
const proofMs = 90_000;

/** One look. Resolves with how many incidents are open. */
export function lookForOutages(watch: OutageWatch, hearing: Hearing): Promise<number> {
  return watch.db.tx(async (sql) => {
    await holdOutages(sql);
    const losses = await recentLosses(sql, hearing.since, hearing.edgeStartedAt);
    let open = await openOutages(sql);
    await releaseMembers(sql);
    if (losses.length < limits.outageDevices && open.length === 0) return 0;
    for (const o of open.filter((x) => x.alertClosed)) await endOutage(sql, o.id, 'closed');
    open = open.filter((x) => !x.alertClosed);
    const events: HouseEvent[] = [];
    const since = Math.min(lastLife(losses) ?? hearing.now - proofMs, hearing.now - marginMs);
    if (losses.some((l) => l.outageId === null) && (open.length > 0 || await suspected(sql, losses, since))) {
      const alive = await aliveSince(sql, since);
      const decision = decideOutages(losses, alive, open);
      for (const opening of decision.opens) events.push(...await openOutage(watch, sql, opening, open, hearing.now));
      events.push(...await joinOutages(sql, decision.joins, open, losses, alive));
    }
    await refreshMembers(sql);
    const now = await openOutages(sql);
    for (const o of now) events.push(...await follow(watch, sql, o, hearing.now));
    await insertHouseEvents(sql, watch.seal, events);
    return now.length;
  });
}

/**
 * Whether the living must be counted, which costs as much as there are devices: among a million some fall silent every minute, here and there. Where so many of
 * a place or a cloud are heard that it cannot be an incident, that is found by reading no more than those: what it costs grows with the losses.
 */
async function suspected(sql: Sql, losses: readonly Loss[], since: number): Promise<boolean> {
  const suspects = suspicions(losses);
  // Masts and power areas are not found by an index; so many places are a typhoon.
  if (suspects.length > suspectsMax || suspects.some(({ subject: { type } }) => type === 'cell' || type === 'power-area')) return true;
  for (const { subject, disprovedBy } of suspects) if (!await lives(sql, subject, since, disprovedBy)) return true;
  return false;
}
const suspectsMax = 200;

async function openOutage(watch: OutageWatch, sql: Sql, opening: Opening, open: readonly OutageRow[], now: number): Promise<HouseEvent[]> {
  const ingestId = randomUUID();
  const trace = randomUUID().slice(0, 18);
  const fromAt = lastLife(opening.members) ?? now;
  const made = await insertOutage(sql, { ...opening, fromAt, trace, ingestId });
  await refreshPresumed(sql, { id: made.id, ...opening });
  const counts = await countOutage(sql, made.id);
  await noteReported(sql, made.id, counts, false);
  watch.log.warn({ outageId: made.id, subject: `${opening.subject.type}:${opening.subject.id}`, cause: opening.cause, members: counts.members, homes: counts.homes, absorbs: opening.absorbs, trace }, 'outage opened');
  const absorbed = open.filter((o) => opening.absorbs.includes(o.id)).map((o) => ended(o, o.counts, 'absorbed', { by: made.id }));
  return [
    event('raise', { subject: opening.subject, trace, ingestId }, { ...counts, cause: opening.cause, fromAt, outageId: made.id, regionCode: made.regionCode, town: showRegion(await regionName(sql, made.regionCode)) }),
    ...absorbed, ...await clearSingles(sql, made.id),
  ];
}

async function joinOutages(sql: Sql, joins: readonly { outageId: string; member: Loss }[], open: readonly OutageRow[], losses: readonly Lost[], alive: readonly Alive[]): Promise<HouseEvent[]> {
  const events: HouseEvent[] = [];
  for (const o of open) {
    const members = joins.filter((j) => j.outageId === o.id).map((j) => j.member);
    if (members.length === 0) continue;
    await addMembers(sql, o.id, members);
    events.push(...await clearSingles(sql, o.id));
    // A second blow (the masts die an hour after the power): what falls now may have another cause, and takes others along.
    const recent = losses.filter((l) => l.outageId === o.id || members.includes(l));
    const cause = causeOf(recent, alive);
    if (recent.length >= limits.outageDevices && cause !== o.cause && cause !== 'power' && o.cause !== 'vendor') await setCause(sql, o.id, cause, traitOf(recent, cause), lastLife(recent) ?? 0);
    // Who beats seldom is missed late: the blow was after the last sign of life of all who fell with it, and what others said before it proves nothing.
    else if (recent.length >= limits.outageDevices && o.cause !== 'power') await setBlow(sql, o.id, lastLife(members) ?? 0);
  }
  return events;
}

/** Members' own alarms, raised before anybody could see the incident, end in its favour. */
async function clearSingles(sql: Sql, outageId: string): Promise<HouseEvent[]> {
  return (await takeSingleAlarms(sql, outageId)).flatMap((s) => {
    const data = { reason: 'in-outage', outageId };
    return [
      ...(s.offline ? [{ kind: 'offline' as const, edge: 'clear' as const, deviceId: s.deviceId, homeId: s.homeId, data }] : []),
      ...(s.mains ? [{ kind: 'mains-lost' as const, edge: 'clear' as const, deviceId: s.deviceId, homeId: s.homeId, data: { ...data, ...(s.homeId === null ? {} : { subject: { type: 'home', id: s.homeId } }) } }] : []),
    ];
  });
}

/** Figures, the one message, and the end of an incident that is open. */
async function follow(watch: OutageWatch, sql: Sql, o: OutageRow, now: number): Promise<HouseEvent[]> {
  await refreshPresumed(sql, o);
  const counts = await countOutage(sql, o.id);
  const recovered = counts.members > 0 && counts.back >= counts.members * limits.recoveredShare;
  if (recovered !== (o.recoveringAt !== null)) await setRecovering(sql, o.id, recovered);
  if (recovered && o.recoveringAt !== null && now - o.recoveringAt >= limits.recoveredMs) {
    await endOutage(sql, o.id, 'recovered');
    watch.log.info({ outageId: o.id, alertId: o.alertId, members: counts.members, stillSilent: counts.silent, trace: o.trace }, 'outage recovered');
    return [ended(o, counts, 'recovered', {})];
  }
  const tell = !o.told && !recovered && now - o.openedAt >= limits.outageTellMs;
  if (!tell && !worthShowing(o, counts, now)) return [];
  await noteReported(sql, o.id, counts, tell);
  const town = tell ? { tell: true, town: showRegion(await regionName(sql, o.regionCode)) } : {};
  return [event('repeat', o, { ...counts, cause: o.cause, outageId: o.id, regionCode: o.regionCode, ...town })];
}

// At once when a tenth has changed, else within a minute.
function worthShowing(o: OutageRow, counts: OutageCounts, now: number): boolean {
  const keys = ['members', 'silent', 'back', 'presumed', 'people'] as const;
  const changed = Math.max(...keys.map((k) => Math.abs(counts[k] - (o.counts[k] ?? 0))));
  return changed > 0 && now - o.reportedAt >= limits.outageReportMs && (changed >= counts.members * 0.1 || now - o.reportedAt >= 6 * limits.outageReportMs);
}

const ended = (o: OutageRow, counts: Partial<OutageCounts>, how: 'recovered' | 'absorbed', more: Record<string, unknown>): HouseEvent =>
  event('clear', o, { ...counts, cause: o.cause, outageId: o.id, regionCode: o.regionCode, how, ...more });

function event(edge: HouseEvent['edge'], o: { subject: OutageSubject; trace: string; ingestId?: string }, data: Record<string, unknown>): HouseEvent {
  return { kind: 'outage', edge, data: { subject: o.subject, ...data }, trace: o.trace, ...(o.ingestId === undefined ? {} : { ingestId: o.ingestId }) };
}

// The last sign of life among the silent, with the margin; null when none is silent.
function lastLife(members: readonly Loss[]): number | null {
  const times = (members as readonly Lost[]).filter((m) => m.how === 'silent').map((m) => m.lastSeenAt ?? 0);
  return times.length === 0 ? null : Math.max(...times) + marginMs;
}
