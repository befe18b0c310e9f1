/**
 * Taking over from standby: what it did while the database was away becomes rows, in the transaction that evaluates the event (or,
 * for a case that was open before, in standby's own). Steps that were made are made; nothing is sent a second time.
 */
import { house } from '#core/change.ts';
import { endOf, type Handover, taken } from '#core/handover.ts';
import type { AlertId } from '#core/ids.ts';
import { lockAlerts } from '#store/alerts.ts';
import type { Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { unsealed } from '#store/sealed-value.ts';
import { readNow } from '#store/timers.ts';
import { advance, apply, type ApplyTools, type Work, workOf } from './apply.ts';
import { fullCases } from './cases.ts';

export const handoverLabel = 'standby.case';

export function openHandover(seal: Seal, bodyEnc: Uint8Array): Handover {
  return unsealed<Handover>(seal, handoverLabel, bodyEnc);
}

/** Puts the changes onto the case, each at its time. */
export function takeOver(work: Work, h: Handover): void {
  const { alert } = work.standing;
  const changes = taken(work.standing, h, endOf(alert, h), work.isNew);
  for (const { at, change } of changes) advance(work, change, at);
  const detail = { since: h.startedAt, steps: changes.reduce((n, c) => n + c.change.log.filter((l) => l.action === 'plan-step').length, 0), sends: changes.reduce((n, c) => n + c.change.sends.length, 0) };
  const rings = work.standing.alert.state === 'open' ? { ring: 'p1' as const } : { ring: 'soft' as const };
  work.change = { ...work.change, log: [...work.change.log, { actor: house('standby'), action: 'standby-handed-over', detail }], feed: { what: 'standby-handed-over', ...rings, detail } };
}

/** Cases that were open before the database went away, together; one alert may come more than once. */
export async function takeOverOpen(sql: Sql, tools: ApplyTools, handed: readonly { alertId: AlertId; handover: Handover }[]): Promise<void> {
  const alerts = await lockAlerts(sql, [...new Set(handed.map((h) => h.alertId))]);
  const works = new Map([...(await fullCases(sql, alerts))].map(([id, c]) => [id, workOf(c)]));
  const now = await readNow(sql);
  for (const { alertId, handover } of handed) {
    const work = works.get(alertId);
    if (work) takeOver(work, handover);
  }
  await apply(sql, tools, [...works.values()], {}, now);
}
