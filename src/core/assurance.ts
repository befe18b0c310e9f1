/**
 * 可达性 (E10, E11): whose turn of the weekly ring it is, and what the proofs say of a village before anything happens there. Pure.
 * A ring asks for a 5, which accepts no alarm (FIELD F2); by night it goes only to roles that the county has named for it.
 */
import { countyMinute, countyZoneMs, dayMs, dayOf } from './clock.ts';
import { limits } from './limits.ts';
import type { ResponderRole } from './roster.ts';

/** Setting 'assurance'. Off until the county has told its people: the first ring must not come out of the blue. */
export type AssuranceSettings = {
  /** 每周试铃. */ weekly: boolean; /** 每年核对号码, of contacts too. */ yearly: boolean; /** HH:mm of the county's day between which rings go out. */ from: string; to: string;
  /** Roles that are rung by night too, each person once in limits.ringNightWeeks. */ nightRoles: readonly ResponderRole[]; /** Texts and calls of tests in a day. */ perDay: number;
};
export const defaultAssurance: AssuranceSettings = { weekly: false, yearly: false, from: '08:30', to: '17:30', nightRoles: [], perDay: 300 };
export type Shift = 'day' | 'night';

const minutes = (hhmm: string): number => Number(hhmm.slice(0, 2)) * 60 + Number(hhmm.slice(3));

/** Night is when a text makes no sound: from limits.nightFromMin to limits.nightToMin of the county's day. */
export function shiftOf(at: number): Shift {
  const minute = countyMinute(at);
  return minute >= limits.nightFromMin || minute < limits.nightToMin ? 'night' : 'day';
}

/** The county's Monday of this moment (a Thursday was day 0), as a date and as a moment. */
export function weekOf(at: number): { day: string; from: number } {
  const days = Math.floor((at + countyZoneMs) / dayMs);
  const from = (days - ((days + 3) % 7)) * dayMs - countyZoneMs;
  return { day: dayOf(from), from };
}

/** A number from a text that is the same on every machine (FNV-1a): spreads people over the week. */
function spread(text: string): number {
  let h = 0x811c9dc5;
  for (const c of text) h = Math.imul(h ^ (c.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return h;
}

/** Whether the week's ring of this number (`key`) is due: its own minute has come, and it is an hour in which rings go out. What was missed is made up for until the week ends: Sunday is nobody's own. */
export function ringDue(key: string, role: ResponderRole, shift: Shift, settings: AssuranceSettings, now: number): boolean {
  if (!settings.weekly) return false;
  const week = weekOf(now);
  const own = spread(`${key} ${week.day} ${shift}`);
  const slot = (from: number, to: number): number => week.from + (own % 6) * dayMs + (from + (Math.floor(own / 6) % Math.max(1, to - from))) * 60_000;
  const minute = countyMinute(now);
  if (shift === 'day') {
    const [from, to] = [minutes(settings.from), minutes(settings.to)];
    return minute >= from && minute < to && now >= slot(from, to);
  }
  const turn = (Math.floor(week.from / (7 * dayMs)) + spread(key)) % limits.ringNightWeeks === 0;
  const [from, to] = [limits.nightFromMin, limits.nightFromMin + limits.ringNightMinutes];
  return turn && settings.nightRoles.includes(role) && minute >= from && minute < to && now >= slot(from, to);
}

/** Whether tests may go out at all at this moment. */
export const ringHours = (settings: AssuranceSettings, now: number): boolean => countyMinute(now) >= minutes(settings.from) && countyMinute(now) < minutes(settings.to);

/** One person of a village as the verdict sees him. */
export type ReachFacts = { absentUntil: number | null; offDuty: boolean; cutOff: boolean; broken: boolean; dayAt: number | null; nightAt: number | null };
export type Unavailable = 'absent' | 'cut-off' | 'broken';
/** Why he could not be called now; null: he could. Without a turn he comes after the others, but he comes. */
export function unavailable(p: Pick<ReachFacts, 'absentUntil' | 'cutOff' | 'broken'>, now: number): Unavailable | null {
  if (p.absentUntil !== null && p.absentUntil > now) return 'absent';
  if (p.broken) return 'broken';
  return p.cutOff ? 'cut-off' : null;
}

export const reachLevels = ['nobody', 'cut-off', 'unproven', 'no-night', 'good'] as const;
/** nobody: the gap that is told before an alarm. cut-off: the outage there is on the wall itself. unproven: nobody there answered lately; no-night: nobody by night. */
export type ReachLevel = (typeof reachLevels)[number];
export type Verdict = { level: ReachLevel; people: number; available: number; day: number; night: number };

const within = (at: number | null, ms: number, now: number): boolean => at !== null && at > now - ms;
export function verdictOf(people: readonly ReachFacts[], now: number): Verdict {
  const there = people.filter((p) => unavailable(p, now) === null);
  const night = there.filter((p) => within(p.nightAt, limits.provenNightMs, now)).length;
  const day = there.filter((p) => within(p.dayAt, limits.provenDayMs, now) || within(p.nightAt, limits.provenDayMs, now)).length;
  const counts = { people: people.length, available: there.length, day, night };
  if (there.length === 0) return { level: people.some((p) => unavailable(p, now) === 'cut-off') ? 'cut-off' : 'nobody', ...counts };
  return { level: day === 0 ? 'unproven' : night === 0 ? 'no-night' : 'good', ...counts };
}

/** Notices out of gaps: a village each, one for the town where more than limits.reachGroup of its villages have nobody. */
export function noticesOf(gaps: readonly string[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const [town, codes] of Map.groupBy(gaps, (code) => code.slice(0, 9))) {
    if (codes.length > limits.reachGroup) out.set(`${town}000`, codes.length);
    else for (const code of codes) out.set(code, 1);
  }
  return out;
}
