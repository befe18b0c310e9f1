/**
 * What due timers do: the alerts' rows are locked, each due timer is put to core/decide-timer.ts, and the answers are written
 * together with the mark that they fired (E1: never before, possibly late, not twice, on any worker).
 */
import type { AlertId } from '#core/ids.ts';
import { timerDue } from '#core/decide-timer.ts';
import type { Slot } from '#core/change.ts';
import { lockFreeAlerts } from '#store/alerts.ts';
import { type Sql, together } from '#store/pool.ts';
import { dueTimersOf, readNow } from '#store/timers.ts';
import { advance, apply, type ApplyTools, workOf } from './apply.ts';
import { fullCases } from './cases.ts';

export type Fired = { alertId: AlertId; slot: Slot; lateMs: number };

/** Fires what is due of these alerts; those that another transaction holds are left for the next turn. */
export async function fireTimers(sql: Sql, tools: ApplyTools, ids: readonly AlertId[]): Promise<Fired[]> {
  const alerts = await lockFreeAlerts(sql, ids);
  if (alerts.length === 0) return [];
  const [due, now, cases] = await together([dueTimersOf(sql, alerts.map((a) => a.id)), readNow(sql), fullCases(sql, alerts)]);
  if (due.length === 0) return [];
  const works = new Map([...cases].map(([id, c]) => [id, workOf(c)]));
  const fired: (Fired & { id: string })[] = [];
  for (const t of due) {
    const work = works.get(t.alertId);
    if (!work) continue;
    const live = work.standing.timers.get(t.slot);
    if (live?.dueAt !== t.dueAt) continue; // replaced or cancelled by one that fired before it
    const timers = new Map(work.standing.timers);
    timers.delete(t.slot);
    work.standing = { ...work.standing, timers };
    advance(work, timerDue(t.slot, work.standing, t.payload, now), now);
    fired.push({ id: t.id, alertId: t.alertId, slot: t.slot, lateMs: Math.max(0, now - t.dueAt) });
  }
  await apply(sql, tools, [...works.values()], { fired: fired.map((f) => f.id) }, now);
  return fired;
}
