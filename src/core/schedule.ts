/**
 * 排班: whose turn it is at a duty (E9). A schedule is layers of rotations, a later layer over an earlier one where it has somebody, and
 * overrides on top: a stand-in for one person, or for whoever it is. Pure, in the county's time (UTC+8, no daylight saving), where every day has 24
 * hours. Only seats, leaders and town duty rooms have turns; village people are always on (FIELD F9).
 */
import { clockTime, countyZoneMs, dayMs, dayOf } from './clock.ts';

/** Whose duties have turns. */
export const dutyRoles = ['seat', 'shift-leader', 'duty-leader', 'town-duty'] as const;
export type DutyRole = (typeof dutyRoles)[number];
/** Which days a layer is for; `rest` are Saturdays, Sundays and public holidays, less the days worked instead. */
export type DayKind = 'all' | 'work' | 'rest';
/** `rest`: a public holiday (放假); `work`: a weekend day worked instead (调休上班). By day, `yyyy-MM-dd`. */
export type Holidays = ReadonlyMap<string, 'rest' | 'work'>;

export type Layer = {
  /** Responders in the order of their turns. */ members: string[];
  /** Day of the first turn, and the time of each hand-over (交接班). */ startDay: string; handOver: string;
  /** Hours of one turn: 12 for two shifts a day, 24, 168 for a week. */ turnHours: number;
  days: DayKind;
  /** Only between these times of the day; they may pass midnight and then belong to the day they begin on. Null: the whole day. */ window: { from: string; to: string } | null;
  /** The first day on which it is no longer valid. */ endDay: string | null;
};
export type Override = { id: string; from: number; to: number; /** for whom; null: for whoever has the turn */ out: string | null; /** who comes; null: nobody, a gap on purpose */ in: string | null };
export type Schedule = { layers: readonly Layer[]; /** later ones over earlier ones */ overrides: readonly Override[] };
export type Span = { from: number; to: number; /** null: nobody, a gap */ who: string | null; /** by an override */ instead: boolean };

const midnight = (day: string): number => Date.parse(`${day}T00:00:00Z`) - countyZoneMs;
const minutesMs = (clock: string): number => (Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))) * 60_000;

export function isRestDay(day: string, holidays: Holidays): boolean {
  const known = holidays.get(day);
  if (known !== undefined) return known === 'rest';
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

const fitsDay = (days: DayKind, day: string, holidays: Holidays): boolean => days === 'all' || (days === 'rest') === isRestDay(day, holidays);

/** The day a moment counts to in this layer: the hours after midnight of a window that passes it belong to the day before. Null: outside. */
function dayInWindow(layer: Layer, at: number): string | null {
  if (layer.window === null) return dayOf(at);
  const { from, to } = layer.window;
  const clock = clockTime(at);
  if (from < to) return clock >= from && clock < to ? dayOf(at) : null;
  return clock >= from ? dayOf(at) : clock < to ? dayOf(at - dayMs) : null;
}

function turnOf(layer: Layer, at: number, holidays: Holidays): string | null {
  const start = midnight(layer.startDay) + minutesMs(layer.handOver);
  if (at < start || layer.members.length === 0 || (layer.endDay !== null && at >= midnight(layer.endDay))) return null;
  const day = dayInWindow(layer, at);
  if (day === null || !fitsDay(layer.days, day, holidays)) return null;
  const turn = Math.floor((at - start) / (layer.turnHours * 3_600_000));
  return layer.members[turn % layer.members.length] ?? null;
}

/** Whose turn it is at `at`. */
export function onDuty(schedule: Schedule, at: number, holidays: Holidays): Pick<Span, 'who' | 'instead'> {
  let who: string | null = null;
  for (const layer of schedule.layers) who = turnOf(layer, at, holidays) ?? who;
  let instead = false;
  for (const o of schedule.overrides) {
    if (at < o.from || at >= o.to || (o.out !== null && o.out !== who)) continue;
    [who, instead] = [o.in, true];
  }
  return { who, instead };
}

/** Moments between `from` and `to` at which the answer may change. */
function edges(schedule: Schedule, from: number, to: number): number[] {
  const at = new Set<number>([from]);
  const add = (ms: number): void => { if (ms > from && ms < to) at.add(ms); };
  for (const layer of schedule.layers) {
    const start = midnight(layer.startDay) + minutesMs(layer.handOver);
    const turnMs = layer.turnHours * 3_600_000;
    add(start);
    if (layer.endDay !== null) add(midnight(layer.endDay));
    for (let ms = start + Math.max(0, Math.floor((from - start) / turnMs)) * turnMs; ms < to; ms += turnMs) add(ms);
    for (let day = midnight(dayOf(from)); day < to; day += dayMs) {
      if (layer.days !== 'all') add(day);
      if (layer.window) { add(day + minutesMs(layer.window.from)); add(day + minutesMs(layer.window.to)); }
    }
  }
  for (const o of schedule.overrides) { add(o.from); add(o.to); }
  return [...at].sort((a, b) => a - b);
}

/** Who is on from `from` to `to`, without holes: a gap is a span of nobody. Equal neighbours are one span. */
export function spans(schedule: Schedule, from: number, to: number, holidays: Holidays): Span[] {
  const out: Span[] = [];
  const moments = edges(schedule, from, to);
  moments.forEach((at, i) => {
    const end = moments[i + 1] ?? to;
    const { who, instead } = onDuty(schedule, at, holidays);
    const last = out.at(-1);
    if (last && last.who === who && last.instead === instead) last.to = end;
    else out.push({ from: at, to: end, who, instead });
  });
  return out;
}

/** When nobody is on (缺口), of the next `days` days. */
export const gaps = (schedule: Schedule, now: number, days: number, holidays: Holidays): Span[] => spans(schedule, now, now + days * dayMs, holidays).filter((s) => s.who === null);

/** Two people change a turn each: who would have it comes for the other, both ways. */
export function swap(a: { who: string; from: number; to: number }, b: { who: string; from: number; to: number }): Omit<Override, 'id'>[] {
  return [{ from: a.from, to: a.to, out: a.who, in: b.who }, { from: b.from, to: b.to, out: b.who, in: a.who }];
}

const utc = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
const escaped = (text: string): string => text.replace(/[\\;,]/g, (c) => `\\${c}`).replace(/\r?\n/g, '\\n');

const octets = new TextEncoder();
/** Lines of at most 75 octets, a longer one goes on after a space (RFC 5545 3.1); no character is cut in two. */
function folded(line: string): string {
  const out: string[] = [];
  let now = '';
  for (const char of line) {
    if (octets.encode(now + char).length > 74) { out.push(now); now = ''; }
    now += char;
  }
  return [...out, now].join('\r\n ');
}

/** The turns as a calendar to subscribe to (RFC 5545). `names`: what stands for each person; a gap stands in it as 缺口. */
export function calendar(schedule: { id: string; name: string }, turns: readonly Span[], names: ReadonlyMap<string, string>, now: number): string {
  const events = turns.flatMap((s) => [
    'BEGIN:VEVENT', `UID:${schedule.id}-${utc(s.from)}@anling`, `DTSTAMP:${utc(now)}`, `DTSTART:${utc(s.from)}`, `DTEND:${utc(s.to)}`,
    `SUMMARY:${escaped(s.who === null ? `缺口 ${schedule.name}` : `${names.get(s.who) ?? s.who} ${schedule.name}${s.instead ? '（代班）' : ''}`)}`, 'END:VEVENT',
  ]);
  return [...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Anling//duty//ZH', 'CALSCALE:GREGORIAN', `X-WR-CALNAME:${escaped(schedule.name)}`, 'X-WR-TIMEZONE:Asia/Shanghai'], ...events, 'END:VCALENDAR'].map(folded).join('\r\n').concat('\r\n');
}
