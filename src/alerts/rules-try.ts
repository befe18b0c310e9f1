/**
 * A dry run of rule parameters (试运行, C10): the last 24 hours decided twice by the engine's own rules, as they are set and as they would be, and the difference. It reads
 * on a connection of its own, writes nothing, and lets others have their turn after every few events.
 */
import { limits } from '#core/limits.ts';
import { isVital, narrowest, type RuleEntries, ruleChanges, ruleValue, setValue, type VitalLimits, vitalLimits } from '#core/rule-params.ts';
import type { Tried, TryRules } from '#core/rule-try.ts';
import { vitalsChanges, type VitalsMemory } from '#core/vitals.ts';
import { eventsUnder, type Measuring, type Morning } from '#rules/past-change.ts';
import { type History, replay, type Replayed } from '#rules/replay.ts';
import { agreement, diffReplays } from '#rules/replay-diff.ts';
import { routineSigns } from '#store/daily.ts';
import type { Db } from '#store/pool.ts';
import { everOutside, pastActs, pastAlerts, pastEvents, type PastEventRow, pastFacts, pastHours, pastReadings, pastSilences } from '#store/rule-history.ts';
import { readRules, readRuleWorld, silentAtOnce } from '#store/rule-versions.ts';
import type { Seal } from '#store/seal.ts';
import { readNow } from '#store/timers.ts';
import { type Measured, measuredBy } from '#store/vital-limits.ts';

/** `breathe` gives others their turn; `db` is a pool of its own. */
export function createTryRules({ db, seal, breathe }: { db: Db; seal: Seal; breathe(): Promise<void> }): TryRules {
  return async (entries) => {
    const started = performance.now();
    const rules = await readRules(db);
    const past = await load(db, seal);
    const { change, gaps } = await whatChanges(db, past, rules, entries);
    const was = await run(past, rules, breathe);
    const now = await run({ ...past, events: eventsUnder(past.events, change) }, entries, breathe);
    const opened = (all: readonly Replayed[]): number => all.filter((r) => r.openedBy !== null).length;
    return {
      from: past.from, to: past.to, tookMs: Math.round(performance.now() - started), events: past.events.length, agreement: agreement(was, past.alerts, past.from), alerts: { was: opened(was), now: opened(now) },
      rows: diffReplays(was, now), silentAtOnce: await silentAtOnce(db, entries.filter((e) => e.param === 'graceS' && change.graces.has(e.id))), gaps: [...(past.complete ? [] : ['events' as const]), ...gaps],
    };
  };
}

async function run(h: History, rules: RuleEntries, breathe: () => Promise<void>): Promise<Replayed[]> {
  const steps = replay(h, rules);
  for (let n = 1; ; n++) {
    const step = steps.next();
    if (step.done) return step.value;
    if (n % limits.tryEventsPerTurn === 0) await breathe();
  }
}

type Past = History & { events: readonly PastEventRow[]; complete: boolean };

async function load(db: Db, seal: Seal): Promise<Past> {
  const to = (await readNow(db)) + 1; // rows have parts of a millisecond
  const from = to - limits.tryMs;
  const { events, complete } = await pastEvents(db, seal, from, to);
  const alerts = await pastAlerts(db, from, to);
  const added = new Map<string, number>();
  for (const e of events) if (e.alertId !== null && /^(data-unreadable )?(merged|duplicate)/.test(e.result)) added.set(e.alertId, (added.get(e.alertId) ?? 0) + 1);
  // The count of an alert that is older than the stretch, without what the stretch added.
  return { from, to, events, complete, alerts: alerts.map((a) => (a.openedAt > from ? a : { ...a, count: a.count - (added.get(a.id) ?? 0) })), acts: await pastActs(db, alerts, from), ...(await pastFacts(db, events)) };
}

type Changed = { change: Parameters<typeof eventsUnder>[1]; gaps: Tried['gaps'] };

/** What the proposal changes before any rule is asked: read only for whom it changes. */
async function whatChanges(db: Db, past: Past, was: RuleEntries, now: RuleEntries): Promise<Changed> {
  const { from, to } = past;
  const differs = ruleChanges(was, now);
  const { classes } = await readRuleWorld(db, []);
  const graces = new Map(classes.flatMap((c) => { const s = setValue(now, 'graceS', { supervisionClass: c.id }) ?? c.ownGraceS; return s === c.graceS ? [] : [[c.id, s] as const]; }));
  const silences = graces.size === 0 ? [] : await pastSilences(db, [...graces.keys()], from, to);
  const tooShort = classes.some((c) => { const s = graces.get(c.id); return s !== undefined && s * 1000 < c.graceS * 1000 - Math.min(limits.settleMs, c.graceS * 250); });
  const { measuring, complete } = differs.some((d) => isVital(d.param)) ? await measured(db, from, to, was, now) : { measuring: [], complete: true };
  const mornings = differs.some((d) => d.param === 'routineM') ? await judged(db, from, to, was, now) : [];
  return { change: { from, to, graces, silences, measuring, mornings }, gaps: [...(complete ? [] : ['readings' as const]), ...(tooShort ? ['silences' as const] : [])] };
}

/** Devices whose limits would be others, with their readings; an hour more, for how each stood at the beginning. */
async function measured(db: Db, from: number, to: number, was: RuleEntries, now: RuleEntries): Promise<{ measuring: Measuring[]; complete: boolean }> {
  const named = await measuredBy(db, [...was, ...now], true);
  const devices = named.filter((d) => JSON.stringify(vitalLimits(was, d)) !== JSON.stringify(vitalLimits(now, d)));
  const before = from - 3_600_000;
  const outside = await everOutside(db, devices, narrowest(devices.flatMap((d) => [vitalLimits(was, d), vitalLimits(now, d)])), before, to);
  const measuring: Measuring[] = [];
  let read = 0;
  for (let i = 0; i < outside.length && read <= limits.tryReadings; i += devicesPerLook) {
    const some = outside.slice(i, i + devicesPerLook);
    const readings = await pastReadings(db, some, before, to, limits.tryReadings + 1 - read);
    read += readings.length;
    const byDevice = Map.groupBy(readings, (r) => r.deviceId);
    for (const d of some) measuring.push(crossings(d, vitalLimits(now, d), byDevice.get(d.id) ?? []));
  }
  return { complete: read <= limits.tryReadings, measuring };
}

/** A few at a time: what is made of one answer is one turn of the loop. */
const devicesPerLook = 10;

/** Only the readings that cross a limit or come back: the others change nothing, and are many. */
function crossings({ id, homeId, room, personId, regionCode }: Measured, bounds: VitalLimits, readings: Measuring['readings']): Measuring {
  const memory: VitalsMemory = {};
  return { deviceId: id, homeId, room, personId, regionCode, limits: bounds, readings: readings.filter((r) => vitalsChanges(memory, r.reading, bounds).length > 0) };
}

/** Mornings of people whose window would be another; movements are looked for as far back as any window may reach. */
async function judged(db: Db, from: number, to: number, was: RuleEntries, now: RuleEntries): Promise<Morning[]> {
  const hours = (await pastHours(db, from, to)).map((p) => ({ ...p, wasMs: ruleValue(was, 'routineM', p) * 60_000, nowMs: ruleValue(now, 'routineM', p) * 60_000 })).filter((p) => p.wasMs !== p.nowMs);
  const signs = new Map((await routineSigns(db, hours.map((p) => ({ ...p, from: p.until - Math.max(p.wasMs, p.nowMs), before: p.until })))).map((s) => [`${s.personId} ${s.until}`, s.movedAt]));
  return hours.map((p) => ({ ...p, movedAt: signs.get(`${p.personId} ${p.until}`) ?? null }));
}
