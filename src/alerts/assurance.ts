/**
 * Assurance (可达性, E10, E11, 2.17): who answered lately, the weekly ring, numbers to be mended, villages with nobody. One worker's turn
 * each limits.assuranceLookMs, from rows alone; it reads what the alarm path wrote and touches nothing of it. A gap becomes one technical notice.
 */
import { randomUUID } from 'node:crypto';
import { type AssuranceSettings, defaultAssurance, noticesOf, ringDue, ringHours, shiftOf, verdictOf, weekOf } from '#core/assurance.ts';
import { dayOf } from '#core/clock.ts';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { TemplateName } from '#core/messages.ts';
import { showRegion } from '#core/region.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { judgeNumbers, takeTaskDigests } from '#store/number-tasks.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import { type Db, hint, type Sql } from '#store/pool.ts';
import { keepGaps, needyVillages, reachPeople, readNotices, saveNotices } from '#store/reach-gaps.ts';
import { holdAssurance, takeProofs } from '#store/reach-proofs.ts';
import { confirmable, endRings, insertRings, ringable, type Ringable, type RingKind, ringsOfDay, takeRingCalls } from '#store/rings.ts';
import { offDuty, readTurns } from '#store/schedules.ts';
import type { Seal } from '#store/seal.ts';
import { readSetting } from '#store/settings.ts';
import { insertHouseEvents } from '#store/supervision.ts';
import { readNow } from '#store/timers.ts';
import { type Loop, startLoop } from '#work/loop.ts';

export type AssuranceOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics };
export type Assured = { held: boolean; proven: number; rung: number; answered: number; silent: number; opened: number; closed: number; gaps: number };

export function startAssurance(options: AssuranceOptions): Loop {
  const look = createAssurance(options);
  return startLoop({
    name: 'assurance', pollMs: limits.assuranceLookMs, turn: async () => { await look(); return false; },
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'who can be reached could not be looked at; it is looked at again'),
  });
}

/** One look. */
export function createAssurance(options: AssuranceOptions): () => Promise<Assured> {
  const { db, seal, log, metrics } = options;
  const rings = metrics.counter('ring_tests_total', 'rings and how they ended', ['what']);
  const silent = metrics.gauge('villages_without_responder', 'villages with homes where nobody could come now');
  let reachedAt = 0; // when villages and numbers were looked at last
  let gaps = 0;
  return () => db.tx(async (sql) => {
    const none: Assured = { held: false, proven: 0, rung: 0, answered: 0, silent: 0, opened: 0, closed: 0, gaps: 0 };
    if (!(await holdAssurance(sql))) return none;
    const settings = { ...defaultAssurance, ...(await readSetting<Partial<AssuranceSettings>>(sql, 'assurance')) };
    const now = await readNow(sql);
    const proven = await takeProofs(sql);
    const ended = await endRings(sql);
    const rung = await ring(sql, seal, settings, now);
    let tasks = { opened: 0, closed: 0 };
    if (now - reachedAt >= limits.reachLookMs || now < reachedAt) {
      tasks = await judgeNumbers(sql);
      await tellVillages(sql, options);
      gaps = await lookForGaps(sql, options, now);
      silent.set({}, gaps);
      reachedAt = now;
    }
    rings.inc({ what: 'rung' }, rung);
    rings.inc({ what: 'answered' }, ended.answered);
    rings.inc({ what: 'silent' }, ended.silent);
    if (rung + ended.answered + ended.silent + tasks.opened + tasks.closed > 0) log.info({ rung, ...ended, tasks }, 'assurance');
    return { held: true, proven, rung, ...ended, ...tasks, gaps };
  });
}

type Callee = Pick<Ringable, 'party' | 'phoneEnc' | 'phoneBidx' | 'demo'>;
const numberOf = (p: Pick<Callee, 'phoneBidx'>): string => p.phoneBidx.toString('hex');
/** One harmless message to each number, whoever may stand in several roles with it; answers the out ids by number. The least urgent there is: everything else goes first. */
async function say(sql: Sql, seal: Seal, to: readonly (Callee & { channel: 'sms' | 'voice'; template: TemplateName })[]): Promise<Map<string, string>> {
  const once = [...new Map(to.map((p) => [numberOf(p), p])).values()];
  const outIds = await insertOutbox(sql, seal, once.map((p) => ({
    alertId: null, party: p.party, channel: p.channel, template: p.template, params: {}, to: seal.openIfReadable(`${p.party.split(':')[0]}.phone`, p.phoneEnc) ?? '', toBidx: p.phoneBidx,
    priority: 4, purpose: 'notice', round: null, step: null, slip: null, trace: `ring-${randomUUID().slice(0, 13)}`, demo: p.demo,
  })));
  return new Map(once.map((p, i) => [numberOf(p), outIds[i] ?? '']));
}

/** Begins the rings whose minute it is, calls those who did not answer their text, asks for the year's confirmations; answers how many. */
async function ring(sql: Sql, seal: Seal, settings: AssuranceSettings, now: number): Promise<number> {
  const night = shiftOf(now) === 'night';
  if (!night && !ringHours(settings, now)) return 0;
  let left = Math.min(limits.ringsPerLook, settings.perDay - (await ringsOfDay(sql)));
  if (left <= 0) return 0;
  const calls = night ? [] : await takeRingCalls(sql, left);
  await say(sql, seal, calls.map((p) => ({ ...p, channel: 'voice', template: 'voice-ring' })));
  left -= calls.length;
  const due = settings.weekly && left > 0 ? (await weekly(sql, settings, night, now)).slice(0, left) : [];
  left -= due.length;
  // By night a text makes no sound; a landline and whoever refuses texts are called by day too.
  const begun = await begin(sql, seal, due.map((p) => ({ ...p, channel: night || p.landline || p.optedOut ? 'voice' as const : 'sms' as const })), night ? 'night' : 'day', weekOf(now).day);
  const yearly = settings.yearly && !night && left > 0 ? await confirmable(sql, left) : [];
  const asked = await begin(sql, seal, yearly.map((p) => ({ ...p, channel: 'sms' as const })), 'yearly', dayOf(now));
  if (calls.length + begun + asked > 0) await hint(sql, ['anling_outbox']);
  return calls.length + begun + asked;
}

async function weekly(sql: Sql, settings: AssuranceSettings, night: boolean, now: number): Promise<Ringable[]> {
  const off = offDuty(await readTurns(sql, null), null);
  const shift = night ? 'night' : 'day';
  return (await ringable(sql, shift, weekOf(now).day)).filter((p) => !off.has(p.party) && ringDue(numberOf(p), p.role, shift, settings, now));
}

async function begin(sql: Sql, seal: Seal, people: readonly (Callee & { channel: 'sms' | 'voice' })[], kind: RingKind, week: string): Promise<number> {
  const template = (channel: 'sms' | 'voice'): TemplateName => (kind === 'yearly' ? 'confirm' : channel === 'sms' ? 'ring' : 'voice-ring');
  const outIds = await say(sql, seal, people.map((p) => ({ ...p, template: template(p.channel) })));
  await insertRings(sql, people.map((p) => ({ party: p.party, kind, week, channel: p.channel, outId: outIds.get(numberOf(p)) ?? '' })));
  return people.length;
}

/** The morning's message to a village about its numbers. */
async function tellVillages(sql: Sql, { seal, log }: AssuranceOptions): Promise<void> {
  const villages = await takeTaskDigests(sql);
  for (const v of villages) if (!v.party) log.warn({ regionCode: v.regionCode, numbers: v.count }, 'numbers to be mended, and nobody there who can get a message');
  const told = villages.flatMap((v) => (v.party && v.phoneEnc && v.phoneBidx ? [{ ...v, party: v.party as Party, phoneEnc: v.phoneEnc, phoneBidx: v.phoneBidx }] : []));
  await insertOutbox(sql, seal, told.map((v) => ({
    alertId: null, party: v.party, channel: 'sms', template: 'numbers', params: { village: showRegion(v.village), count: String(v.count) }, to: seal.openIfReadable('responder.phone', v.phoneEnc) ?? '', toBidx: v.phoneBidx,
    priority: 4, purpose: 'notice', round: null, step: null, slip: null, trace: randomUUID().slice(0, 18), demo: v.demo,
  })));
  if (told.length > 0) await hint(sql, ['anling_outbox']);
}

/** Villages where nobody could come: one notice each when it has lasted, ended when somebody is there again; answers how many there are. */
async function lookForGaps(sql: Sql, { seal, log }: AssuranceOptions, now: number): Promise<number> {
  const people = Map.groupBy(await reachPeople(sql, ''), (p) => p.regionCode);
  const gaps = (await needyVillages(sql, '')).filter((v) => verdictOf(people.get(v.code) ?? [], now).level === 'nobody').map((v) => v.code);
  const wanted = noticesOf(await keepGaps(sql, gaps));
  const shown = await readNotices(sql);
  const raised = new Map([...wanted].filter(([code, n]) => n > (shown.get(code) ?? 0)));
  const over = [...shown.keys()].filter((code) => !wanted.has(code));
  await saveNotices(sql, wanted, over);
  const about = (code: string): Record<string, unknown> => ({ subject: { type: 'region', id: code }, regionCode: code });
  await insertHouseEvents(sql, seal, [
    ...[...raised].map(([code, villages]) => ({ kind: 'no-responder' as const, edge: 'raise' as const, data: { ...about(code), villages } })),
    ...over.map((code) => ({ kind: 'no-responder' as const, edge: 'clear' as const, data: { ...about(code), reason: 'somebody-there' } })),
  ]);
  if (raised.size + over.length > 0) log.warn({ raised: [...raised.keys()], over }, 'villages without anybody to call');
  return gaps.length;
}
