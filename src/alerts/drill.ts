/**
 * The running of drills (2.16): real plans, real people, texts that begin with 演练. Beside the alarm path, never in it: an imagined alarm is no
 * alert, so nothing that escalates, counts, audits or stands by can meet it, and a real press opens a real alert at once. A real emergency
 * of the town ends its imagined ones; messages go behind all others.
 */
import { randomUUID } from 'node:crypto';
import type { Contacted } from '#core/change.ts';
import { clockTime } from '#core/clock.ts';
import { drillDueMs, type DrillFacts, type DrillSend, drillStep, drillVerdict } from '#core/drill.ts';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import {
  busyParties, type CaseMove, drillAnswers, drillRosters, drillRuns, drillSent, type DrillSent, type DueCase, endDrills, familyNumbers, insertDrillCalls, moveCases, type NewDrillCall, saveAnswers, takeDueCases, yieldToAlarms,
} from '#store/drills.ts';
import { insertOutbox, type NewOutbox, type PartyLine, partyLines, recentCalls } from '#store/outbox-insert.ts';
import { type Db, hint, type Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { readNow } from '#store/timers.ts';
import { type Loop, startLoop } from '#work/loop.ts';

export type DrillOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics };
const casesPerTurn = 50;

export function startDrills(options: DrillOptions): Loop {
  const turn = createDrills(options);
  return startLoop({
    name: 'drills', pollMs: limits.drillLookMs, turn,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'drills could not be moved on; it is tried again'),
  });
}

/** One turn; true when there may be more to do at once. */
export function createDrills(options: DrillOptions): () => Promise<boolean> {
  const { db, log, metrics } = options;
  const counted = metrics.counter('drill_cases_total', 'imagined alarms that ended, and how', ['how']);
  return () => db.tx(async (sql) => {
    if (!(await drillRuns(sql))) return false;
    counted.inc({ how: 'yielded' }, await yieldToAlarms(sql));
    counted.inc({ how: 'answered' }, await hear(sql, options));
    const cases = await takeDueCases(sql, casesPerTurn);
    const moves = await run(sql, options, cases);
    for (const m of moves) if (m.state !== 'running') counted.inc({ how: m.state });
    for (const d of await endDrills(sql)) log.info({ drill: d.id, how: d.how }, 'a drill has ended');
    return cases.length === casesPerTurn;
  });
}

async function hear(sql: Sql, { seal, log }: DrillOptions): Promise<number> {
  const heard = (await drillAnswers(sql)).flatMap((h) => {
    const verdict = drillVerdict(h.channel, seal.openIfReadable('reply.content', h.contentEnc) ?? '');
    return h.callIds.map((callId) => ({ callId, at: h.at, verdict }));
  });
  // The first word of each counts; a later one does not make him slower.
  const first = [...new Map(heard.toReversed().map((h) => [h.callId, h])).values()];
  if (first.length > 0) log.info({ answers: first.length }, 'answers to a drill');
  return saveAnswers(sql, first);
}

/** The due step of each case: one after the other, so that a person's share of the drill holds across them. */
async function run(sql: Sql, { seal, log }: DrillOptions, cases: readonly DueCase[]): Promise<CaseMove[]> {
  if (cases.length === 0) return [];
  const now = await readNow(sql);
  const rosters = await drillRosters(sql, cases);
  const everybody = [...rosters.values()].flat();
  const keys = [...new Set(everybody.map((p) => p.phoneKey))];
  const [family, busy, calls] = [await familyNumbers(sql, keys), await busyParties(sql, [...new Set(everybody.map((p) => p.party))]), await recentCalls(sql, keys)];
  const lines = await partyLines(sql, [...new Set(everybody.map((p) => p.party).filter((p) => p.startsWith('responder:')))]);
  const sent = await drillSent(sql, [...new Set(cases.map((c) => c.drillId))]);
  const rows: { outbox: NewOutbox; call: Omit<NewDrillCall, 'outId'> }[] = [];
  const moves = cases.map((c): CaseMove => {
    if (now - c.dueAt > limits.drillLateMs) return { id: c.id, step: c.step, dueAt: c.dueAt, state: 'late', skipped: [] };
    if (c.step >= c.plan.steps.length) return { id: c.id, step: c.step, dueAt: c.dueAt, state: 'nobody', skipped: [] };
    const facts: DrillFacts = { plan: c.plan, kind: c.kind, roster: rosters.get(c.id) ?? [], family, busy, declined: new Set(sent.filter((s) => s.caseId === c.id && s.verdict === 'declined').map((s) => s.party)), contacted: contactedIn(sent, c.id), sent: shares(sent, c.drillId), calls };
    const { sends, skipped } = drillStep(facts, c.step, now);
    for (const send of sends) {
      const line = lines.get(send.party);
      if (!line) continue;
      sent.push({ drillId: c.drillId, caseId: c.id, party: send.party, phoneKey: send.phoneKey, channel: send.channel, verdict: null });
      if (send.channel === 'voice') calls.set(send.phoneKey, [...(calls.get(send.phoneKey) ?? []), now]);
      rows.push({ outbox: messageOf(c, send, line, seal), call: { caseId: c.id, party: send.party, role: send.role, phoneBidx: line.phoneBidx, step: c.step, channel: send.channel } });
    }
    return { id: c.id, step: c.step + 1, dueAt: c.beginsAt + drillDueMs(c.plan, c.step + 1), state: 'running', skipped };
  });
  await moveCases(sql, moves);
  const outIds = await insertOutbox(sql, seal, rows.map((r) => r.outbox));
  await insertDrillCalls(sql, rows.map((r, i) => ({ ...r.call, outId: outIds[i] ?? '' })));
  if (rows.length > 0) { await hint(sql, ['anling_outbox']); log.info({ cases: cases.length, messages: rows.length }, 'messages of a drill due'); }
  return moves;
}

function contactedIn(sent: readonly DrillSent[], caseId: string): Map<Party, Contacted> {
  const mine = Map.groupBy(sent.filter((s) => s.caseId === caseId), (s) => s.party);
  return new Map([...mine].map(([party, list]) => [party, { sms: list.filter((s) => s.channel === 'sms').length, voice: list.filter((s) => s.channel === 'voice').length, rounds: [0], reached: true }]));
}

function shares(sent: readonly DrillSent[], drillId: string): Map<string, { sms: number; voice: number }> {
  const out = new Map<string, { sms: number; voice: number }>();
  for (const s of sent) if (s.drillId === drillId) { const had = out.get(s.phoneKey) ?? { sms: 0, voice: 0 }; out.set(s.phoneKey, { ...had, [s.channel]: had[s.channel] + 1 }); }
  return out;
}

function messageOf(c: DueCase, send: DrillSend, line: PartyLine, seal: Seal): NewOutbox {
  return {
    alertId: null, party: send.party, channel: send.channel, template: send.template, params: { place: seal.openIfReadable('home.place', c.placeEnc) ?? '', time: clockTime(c.beginsAt), no: String(c.no) },
    to: seal.openIfReadable('responder.phone', line.phoneEnc) ?? '', toBidx: line.phoneBidx, priority: 4, purpose: 'notice', round: null, step: null, slip: null, trace: `drill-${c.drillId}-${randomUUID().slice(0, 8)}`, demo: line.demo,
  };
}
