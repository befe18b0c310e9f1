/** What the schedule routes share: the body's shapes, its checks, and the view with turns and gaps. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { dayOf } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import { isDate } from '#core/registry.ts';
import { dutyRoles, gaps, type Holidays, onDuty, type Override, type Schedule, spans } from '#core/schedule.ts';
import type { Caller } from '#core/user.ts';
import { respondersOf } from '#store/responders.ts';
import { listHolidays, listOverrides, listSchedules, type ScheduleRow } from '#store/schedules.ts';
import type { Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import type { FieldProblem } from './errors.ts';
import { shownName } from './registry.ts';
import { Day, OwnId } from './registry-schemas.ts';
import { clockText, EpochMs, Nullable, OneOf, RegionCodeText, Shape } from './schemas.ts';

const Clock = clockText('a time of the day, HH:mm');
const LayerBody = Shape({
  members: Type.Array(OwnId, { minItems: 1, maxItems: limits.scheduleMembers, description: 'responders in the order of their turns' }), startDay: Day, handOver: Clock,
  turnHours: Type.Integer({ minimum: 1, maximum: 24 * 31 }), days: OneOf(['all', 'work', 'rest']), window: Nullable(Shape({ from: Clock, to: Clock })), endDay: Nullable(Day),
});
export const scheduleFields = { name: Type.String({ minLength: 1, maxLength: 60 }), layers: Type.Array(LayerBody, { minItems: 1, maxItems: limits.scheduleLayers }) };
export const ScheduleBody = Shape({ id: Type.Optional(OwnId), role: OneOf(dutyRoles), regionCode: RegionCodeText, ...scheduleFields });
const Who = Nullable(Shape({ id: Type.String(), name: Type.String({ description: 'masked' }) }));
const SpanView = Shape({ from: EpochMs, to: EpochMs, who: Who, instead: Type.Boolean({ description: 'by a stand-in' }) });
export const ScheduleView = Shape({
  id: Type.String(), role: OneOf(dutyRoles), regionCode: RegionCodeText, ...scheduleFields, version: Type.Integer(), updatedAt: EpochMs, demo: Type.Boolean(),
  now: Who, turns: Type.Array(SpanView), gaps: Type.Array(SpanView, { description: 'hours without anybody in the next 30 days' }),
  overrides: Type.Array(Shape({ id: Type.String(), from: EpochMs, to: EpochMs, out: Who, in: Who, swap: Type.Boolean() })), people: Type.Array(Shape({ id: Type.String(), name: Type.String() })),
});
export const gapDays = 30;

/** Everybody of the layers must be there, of the schedule's role, and of its place. */
export async function scheduleProblems(sql: Sql, seal: Seal, s: Pick<ScheduleRow, 'role' | 'regionCode' | 'layers'>): Promise<FieldProblem[]> {
  const known = await respondersOf(sql, seal, s.layers.flatMap((l) => l.members));
  const problems: FieldProblem[] = [];
  for (const [i, layer] of s.layers.entries()) {
    if (!isDate(layer.startDay)) problems.push({ field: `layers.${i}.startDay`, expected: 'a day that exists' });
    if (layer.endDay !== null && !(isDate(layer.endDay) && layer.endDay > layer.startDay)) problems.push({ field: `layers.${i}.endDay`, expected: 'a day after startDay' });
    if (layer.window?.from !== undefined && layer.window.from === layer.window.to) problems.push({ field: `layers.${i}.window`, expected: 'two different times, or null for the whole day' });
    for (const [k, id] of layer.members.entries()) {
      const who = known.get(id);
      if (who?.role !== s.role || (s.role === 'town-duty' && who.regionCode.slice(0, 9) !== s.regionCode.slice(0, 9))) problems.push({ field: `layers.${i}.members.${k}`, expected: `a responder of the role ${s.role}${s.role === 'town-duty' ? ' in this town' : ''}` });
    }
  }
  return problems;
}
export type Turns = { schedule: Schedule; overrides: readonly (Override & { swapOf: string | null })[]; holidays: Holidays; names: ReadonlyMap<string, string> };
/** Schedules with all that deciding about them needs, of that time; names as this caller may see them. A night belongs to the day it begins on, so the day before counts too. */
export async function turnsOf(sql: Sql, seal: Seal, rows: readonly ScheduleRow[], caller: Caller | null, from: number, to: number): Promise<(row: ScheduleRow) => Turns> {
  const all = Map.groupBy(await listOverrides(sql, rows.map((r) => r.id), from, to), (o) => o.scheduleId);
  const holidays: Holidays = new Map((await listHolidays(sql, dayOf(from - 86_400_000), dayOf(to))).map((h) => [h.day, h.kind]));
  const membersOf = (row: ScheduleRow): string[] => [...row.layers.flatMap((l) => l.members), ...(all.get(row.id) ?? []).flatMap((o) => [o.out, o.in])].filter((id): id is string => id !== null);
  const people = await respondersOf(sql, seal, rows.flatMap(membersOf));
  return (row) => {
    const overrides = all.get(row.id) ?? [];
    const names = new Map(membersOf(row).flatMap((id) => { const p = people.get(id); return p ? [[id, caller === null ? p.name : shownName(caller, p.name)] as const] : []; }));
    return { schedule: { layers: row.layers, overrides }, overrides, holidays, names };
  };
}

export function viewOf(row: ScheduleRow, t: Turns, now: number, from: number, to: number): Static<typeof ScheduleView> {
  const person = (id: string | null): { id: string; name: string } | null => (id === null ? null : { id, name: t.names.get(id) ?? id });
  const named = (list: ReturnType<typeof spans>): Static<typeof SpanView>[] => list.map((s) => ({ ...s, who: person(s.who) }));
  return {
    ...row, layers: row.layers, now: person(onDuty(t.schedule, now, t.holidays).who), turns: named(spans(t.schedule, from, to, t.holidays)), gaps: named(gaps(t.schedule, now, gapDays, t.holidays)),
    overrides: t.overrides.map((o) => ({ id: o.id, from: o.from, to: o.to, out: person(o.out), in: person(o.in), swap: o.swapOf !== null || t.overrides.some((x) => x.swapOf === o.id) })),
    people: [...t.names].map(([id, name]) => ({ id, name })),
  };
}

/** Hours of the next 30 days in which a schedule has nobody, by role: of the county's desk, and of the duty rooms that a plan of this region calls. */
export async function gapHours(sql: Sql, seal: Seal, prefix: string, now: number): Promise<Record<string, number>> {
  const rows = (await listSchedules(sql, prefix.slice(0, 6))).filter((s) => s.role !== 'town-duty' || s.regionCode.startsWith(prefix.slice(0, 9)));
  const of = await turnsOf(sql, seal, rows, null, now, now + gapDays * 86_400_000);
  const hours: Record<string, number> = {};
  for (const row of rows) {
    const t = of(row);
    const ms = gaps(t.schedule, now, gapDays, t.holidays).reduce((sum, g) => sum + g.to - g.from, 0);
    if (ms > 0) hours[row.role] = (hours[row.role] ?? 0) + Math.ceil(ms / 3_600_000);
  }
  return hours;
}
