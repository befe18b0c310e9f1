/**
 * The vigilance of the desk (值守确认, FIELD F3), judged by the worker from rows: a web role that hangs, a browser that shows nothing or a tab
 * that was closed hides no sleeping operator. Whose phone cannot be rung is followed by the next.
 */
import { randomUUID } from 'node:crypto';
import { overBudget } from '#core/roster.ts';
import { limits } from '#core/limits.ts';
import { vigilanceStep } from '#core/vigilance.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { insertOutbox, recentCalls } from '#store/outbox-insert.ts';
import { type Db, hint, type Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { askDesk, deskLeaders, type DeskRow, endQuestion, holdVigilance, noteRung, readDesk } from '#store/vigilance.ts';
import { type Loop, startLoop } from '#work/loop.ts';

export type VigilanceOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics };

export function startVigilance(options: VigilanceOptions): Loop {
  const look = createVigilance(options);
  return startLoop({
    name: 'vigilance', pollMs: limits.vigilanceLookMs, turn: look,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'the desk could not be watched; it is looked at again'),
  });
}

/** One step; true when there may be another at once. */
export function createVigilance(options: VigilanceOptions): () => Promise<boolean> {
  const { db, log, metrics } = options;
  const steps = metrics.counter('vigilance_total', 'questions to the desk by night, and what became of them', ['what']);
  return () => db.tx(async (sql) => {
    if (!(await holdVigilance(sql))) return false;
    const desk = await readDesk(sql);
    if (desk.callFailed) await ring(sql, options, desk);
    const step = vigilanceStep(desk);
    if (step.do === 'nothing') return false;
    steps.inc({ what: step.do });
    log[step.do === 'missed' ? 'warn' : 'info']({ inputAt: desk.inputAt, askedAt: desk.askedAt, missed: desk.missed }, `vigilance: ${step.do}`);
    if (step.do === 'ask') await askDesk(sql, desk.inputAt ?? desk.now);
    else if (desk.openId !== null) await endQuestion(sql, desk.openId, step.do, step.do === 'answered' ? step.at : desk.now);
    if (step.do === 'missed' && step.ring) await ring(sql, options, { ...desk, rung: [] });
    return true;
  });
}

/** The first leader who is there, not called too often and not tried in vain just now; his phone rings. */
async function ring(sql: Sql, { seal, log }: VigilanceOptions, desk: DeskRow): Promise<void> {
  const leaders = await deskLeaders(sql);
  const calls = await recentCalls(sql, leaders.map((l) => l.phoneKey));
  const who = leaders.find((l) => !desk.rung.includes(l.party) && !(l.absentUntil !== null && l.absentUntil > desk.now) && !overBudget({ calls }, l, desk.now));
  if (!who) {
    if (desk.rung.length === 0) log.error({ missed: desk.missed }, 'nobody is awake at the desk, and no leader can be rung');
    return;
  }
  const trace = randomUUID().slice(0, 18);
  const [outId = ''] = await insertOutbox(sql, seal, [{
    alertId: null, party: who.party, channel: 'voice', template: 'voice-vigilance', params: {}, to: seal.openIfReadable('responder.phone', who.phoneEnc) ?? '', toBidx: who.phoneBidx,
    priority: 1, purpose: 'desk', round: null, step: null, slip: null, trace, demo: who.demo,
  }]);
  await noteRung(sql, who.party, outId);
  log.warn({ party: who.party, outId, trace }, 'nobody confirmed that the desk is awake: its leader is rung');
  await hint(sql, ['anling_outbox']);
}
