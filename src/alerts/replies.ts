/**
 * What people answered, put to the alerts (E6, FIELD F2, F20, F21): number -> party -> slip -> respond, in the transaction that
 * marks the reply. Strangers are shown and never answered; what nobody understands is shown too.
 */
import { offUntil, untilWord } from '#core/absence.ts';
import { type Change, house, nothing, type Send, withFlags } from '#core/change.ts';
import { pullPlan } from '#core/decide-plan.ts';
import type { AlertId, Party } from '#core/ids.ts';
import type { MessageParams } from '#core/messages.ts';
import { type Answer, digitOf, parseKey, parseReply, targetOf } from '#core/reply.ts';
import { criesForHelp } from '#core/rollcall.ts';
import type { Metrics } from '#ops/metrics.ts';
import { lockAlerts, newestOpenAlert } from '#store/alerts.ts';
import { appendAudit } from '#store/audit.ts';
import { withdrawContacts } from '#store/contacts.ts';
import { alertPlaces, insertOutbox, partyLines } from '#store/outbox-insert.ts';
import { type Db, isTransient, lockTimeout, type Sql, sqlState, withRetry } from '#store/pool.ts';
import { callByOutId, holdReply, markReply, type PartyPending, pendingOf, queuedReplies, type ReplyRow } from '#store/reply-reads.ts';
import { wasTested } from '#store/rings.ts';
import { absentUntil, markParties, partiesByPhone } from '#store/roster.ts';
import { insertHouseEvents } from '#store/supervision.ts';
import { readNow } from '#store/timers.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { advance, apply, type ApplyTools, type Work, workOf } from './apply.ts';
import { fullCases } from './cases.ts';
import { respondIn } from './respond.ts';
import { answerRollCall, cryRollCall, type RollReply } from './rollcall.ts';

export type RepliesOptions = ApplyTools & { db: Db; metrics: Metrics; pollMs?: number };
type Done = { result: string; alertId: AlertId | null };
type Known = { party: Party; name: string };

const perTurn = 64;

export function startReplies(options: RepliesOptions): Loop {
  const turn = createReplies(options);
  return startLoop({
    name: 'replies', ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
    turn: async () => (await turn()) > 0,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'reading replies failed; they stay queued'),
  });
}

/** One turn; answers how many replies were evaluated. */
export function createReplies(options: RepliesOptions): () => Promise<number> {
  const { db, log, metrics } = options;
  const evaluated = metrics.counter('replies_total', 'replies evaluated', ['channel', 'result']);
  return async () => {
    let n = 0;
    let failed: unknown = null;
    const held = new Set<string>(); // what one person answers is read in its order
    for (const reply of await queuedReplies(db, perTurn)) {
      const from = reply.fromBidx.toString('hex');
      if (held.has(from)) continue;
      const done = await one(options, reply).catch((error: unknown) => { failed = error; held.add(from); return null; });
      if (!done) continue;
      n++;
      evaluated.inc({ channel: reply.channel, result: done.result });
      log.info({ alertId: done.alertId, trace: reply.trace, channel: reply.channel, result: done.result }, 'reply');
    }
    if (failed !== null && n === 0) throw failed;
    return n;
  };
}

async function one(options: RepliesOptions, reply: ReplyRow): Promise<Done | null> {
  const { db, log } = options;
  const hold = (work: (sql: Sql) => Promise<Done>): Promise<Done | null> => withRetry(4, () => db.tx(async (sql) => {
    if (!(await holdReply(sql, reply.id))) return null;
    const done = await work(sql);
    await markReply(sql, reply.id, done.result, done.alertId);
    return done;
  }), (error) => sqlState(error) !== lockTimeout);
  try {
    return await hold((sql) => evaluate(sql, options, reply));
  } catch (error) {
    if (isTransient(error)) throw error;
    // One broken reply must not hold up the others; it is shown to the desk instead.
    log.error({ trace: reply.trace, error: (error as Error).message }, 'a reply could not be evaluated; it is shown on the newest case');
    return hold((sql) => show(sql, options, reply, null, 'reply-failed', 'reply could not be read'));
  }
}

async function evaluate(sql: Sql, o: RepliesOptions, reply: ReplyRow): Promise<Done> {
  const text = o.seal.open('reply.content', reply.contentEnc);
  const known: Known[] = (await partiesByPhone(sql, reply.fromBidx)).map((p) => ({ party: p.party, name: o.seal.openIfReadable(`${p.party.split(':')[0]}.name`, p.nameEnc) ?? '' }));
  if (reply.channel === 'dtmf') return key(sql, o, reply, text, known);
  if (known.length === 0) return show(sql, o, reply, null, 'stranger-reply', `${o.seal.openIfReadable('reply.from', reply.fromEnc) ?? '?'}：${text}`);
  const pending = await pendingOf(sql, known.map((k) => k.party));
  return answer(sql, o, reply, parseReply(text), text, known, pending);
}

async function answer(sql: Sql, o: RepliesOptions, reply: ReplyRow, a: Answer, text: string, known: Known[], pending: PartyPending[]): Promise<Done> {
  const parties = known.map((k) => k.party);
  const heard = async (): Promise<Done> => {
    await markParties(sql, parties, 'verified');
    return { result: 'ring-test', alertId: null };
  };
  switch (a.meaning) {
    case 'ring-test': return heard();
    case 'opted-out': {
      await markParties(sql, parties, 'opted-out');
      const left = await withdrawContacts(sql, parties, reply.fromBidx);
      await page(sql, o, parties);
      const done = await show(sql, o, reply, openOf(pending), 'opted-out', text, (work, now) => ({ timers: pullPlan(work.standing.alert, now), patch: { flags: withFlags(work.standing.alert, ['opted-out']) } }));
      // Last: whoever writes the audit waits for nobody's alert.
      if (left.length > 0) await appendAudit(sql, o.seal, left.map(({ party, at }) => ({ actor: `party:${party}`, action: 'contact.withdraw', target: party, result: 'ok', detail: { via: reply.channel, consent: { withdrawnAt: { from: null, to: at } } } })));
      if (left.length > 0) o.log.warn({ parties: left.map((l) => l.party), trace: reply.trace }, 'a contact has withdrawn consent by text; nobody calls or texts him any more');
      if (parties.some((p) => p.startsWith('responder:'))) o.log.error({ parties, trace: reply.trace }, 'a duty number has opted out of messages; it is called instead, an administrator must restore it');
      return done;
    }
    case 'off-today': return offToday(sql, o, reply, known, pending);
    case 'back': return back(sql, o, reply, parties);
    case 'roll-call': {
      const result = await answerRollCall(sql, o.seal, a, rollReply(sql, o, reply, known));
      return result === null ? show(sql, o, reply, openOf(pending), 'reply-unread', text) : { result, alertId: null };
    }
    case 'unknown':
      if (criesForHelp(text) && openOf(pending) === null && (await cryRollCall(sql, o.seal, rollReply(sql, o, reply, known)))) return { result: 'roll-call', alertId: null };
      if (await answersTest(sql, reply, pending)) return heard();
      return show(sql, o, reply, openOf(pending) ?? pending[0]?.alertId ?? null, 'reply-unread', text);
    case 'act': {
      const target = targetOf(a, pending);
      if (target.kind === 'none' && (await answersTest(sql, reply, pending))) return heard();
      if (target.kind === 'none') return show(sql, o, reply, openOf(pending), 'reply-unread', text);
      if (target.kind === 'which') return askWhich(sql, o, { reply, text, pending, slips: target.slips, key: digitOf(a.action) });
      const who = pending.find((p) => p.alertId === target.alertId) as PartyPending;
      return respond(sql, o, reply, who.alertId, a.action, { party: who.party, name: known.find((k) => k.party === who.party)?.name ?? '' });
    }
  }
}

const rollReply = (sql: Sql, o: RepliesOptions, reply: ReplyRow, known: readonly Known[]): RollReply => ({
  parties: known.map((k) => k.party), who: `${known[0]?.name ?? ''}短信`, from: o.seal.openIfReadable('reply.from', reply.fromEnc) ?? undefined, trace: reply.trace,
  tell: (template, params) => tell(sql, o, reply, known.map((k) => k.party), template, params),
});

/** Who has no alarm to answer and was rung to try his telephone means that, in whatever words: it belongs on nobody's case. */
const answersTest = async (sql: Sql, reply: ReplyRow, pending: readonly PartyPending[]): Promise<boolean> => pending.length === 0 && (await wasTested(sql, reply.fromBidx));

const openOf = (pending: readonly PartyPending[]): AlertId | null => pending.find((p) => p.open)?.alertId ?? null;

async function respond(sql: Sql, o: RepliesOptions, reply: ReplyRow, alertId: AlertId, action: 'accept' | 'seen' | 'decline' | 'depart' | 'arrive' | 'done' | 'need-help', who: Known): Promise<Done> {
  const result = await respondIn(sql, o, { alertId, action, actor: { type: 'party', id: who.party, name: who.name }, via: reply.channel, trace: reply.trace });
  return { result: result.kind === 'ok' ? action : `${action}-${result.kind}`, alertId };
}

/** A key pressed during a call: the call's own alert and party; a desk call is no promise to go. */
async function key(sql: Sql, o: RepliesOptions, reply: ReplyRow, keys: string, known: Known[]): Promise<Done> {
  const call = reply.outId === null ? null : await callByOutId(sql, reply.outId);
  if (!call?.alertId) return { result: 'key-without-call', alertId: null };
  const a = parseKey(keys);
  if (call.purpose === 'desk' || a.meaning !== 'act') return show(sql, o, reply, call.alertId, call.purpose === 'desk' ? 'desk-answered' : 'key-unread', keys.slice(0, 16));
  return respond(sql, o, reply, call.alertId, a.action, { party: call.party, name: known.find((k) => k.party === call.party)?.name ?? '' });
}

/** A duty number that opted out is nothing to be found by chance: the desk hears of it, case or no case (F21). Relatives stand on their case and in the list. */
async function page(sql: Sql, o: RepliesOptions, parties: readonly Party[]): Promise<void> {
  await insertHouseEvents(sql, o.seal, parties.filter((p) => p.startsWith('responder:')).map((party) => ({ kind: 'audit', edge: 'raise', data: { subject: { type: 'number', id: party }, reason: 'opted-out' } })));
}

/** 8: absent until the county's midnight (six hours at least); what waits for him goes to the next, and he is told until when, once. */
async function offToday(sql: Sql, o: RepliesOptions, reply: ReplyRow, known: Known[], pending: PartyPending[]): Promise<Done> {
  const now = await readNow(sql);
  const parties = known.map((k) => k.party);
  const before = await absentUntil(sql, parties);
  const until = Math.max(before ?? 0, offUntil(now));
  await markParties(sql, parties, { absentUntil: until });
  if (before === null) await tell(sql, o, reply, parties, 'away', { until: untilWord(until, now) });
  const mine = pending.filter((p) => p.open && (p.state === 'notified' || p.state === 'seen' || p.state === 'accepted'));
  for (const p of mine) await respond(sql, o, reply, p.alertId, 'decline', { party: p.party, name: known.find((k) => k.party === p.party)?.name ?? '' });
  return { result: 'off-today', alertId: mine[0]?.alertId ?? null };
}

/** 7: back again, before his time. */
async function back(sql: Sql, o: RepliesOptions, reply: ReplyRow, parties: readonly Party[]): Promise<Done> {
  if (await absentUntil(sql, parties) === null) return { result: 'back', alertId: null };
  await markParties(sql, parties, { absentUntil: null });
  await tell(sql, o, reply, parties, 'back', {});
  return { result: 'back', alertId: null };
}

/** A word to the number that wrote, about no case; an answering machine that says 外出 hears it once. */
async function tell(sql: Sql, o: RepliesOptions, reply: ReplyRow, parties: readonly Party[], template: 'away' | 'back' | 'roll-which', params: MessageParams): Promise<void> {
  const line = [...(await partyLines(sql, parties)).values()].find((l) => !l.withdrawn);
  const to = o.seal.openIfReadable('reply.from', reply.fromEnc);
  if (reply.channel !== 'sms' || !line || line.optedOut || to === null) return;
  await insertOutbox(sql, o.seal, [{ alertId: null, party: line.party, to, toBidx: reply.fromBidx, channel: 'sms', template, params, priority: 3, purpose: 'notice', round: null, step: null, slip: null, trace: reply.trace, demo: line.demo }]);
}

type Unclear = { reply: ReplyRow; text: string; pending: readonly PartyPending[]; slips: readonly number[]; key: string };
/** Several wait for an answer and it names none: asked back, the plans go on. Who withdrew consent is not: the desk reads what he wrote. */
async function askWhich(sql: Sql, o: RepliesOptions, { reply, text, pending, slips, key }: Unclear): Promise<Done> {
  const asked = pending.filter((p) => p.open && p.slip !== null && slips.includes(p.slip));
  const lines = await partyLines(sql, asked.map((p) => p.party));
  const first = asked.find((p) => !lines.get(p.party)?.withdrawn);
  if (!first) return asked[0] ? show(sql, o, reply, asked[0].alertId, 'reply-unread', text) : { result: 'which-none', alertId: null };
  const places = await alertPlaces(sql, asked.map((p) => p.alertId));
  const named = asked.slice(0, 3).map((p) => `${p.slip}${corner(o.seal.openIfReadable('home.place', places.get(p.alertId)?.placeEnc))}`);
  const send: Send = { party: first.party, channel: 'sms', template: 'which', purpose: 'notice', round: null, step: null, params: { n: String(asked.length), list: named.join('、'), key, eg: `${key}27` } };
  return change(sql, o, first.alertId, () => ({ ...nothing(), sends: [send], log: [{ actor: house('replies'), action: 'which-asked', detail: { party: first.party, slips } }] }), 'which-asked');
}

/** The end of a place is what tells neighbours apart: 下厝角12号. */
const corner = (place: string | null): string => [...(place?.replace(/^.*村/u, '') ?? '')].slice(-7).join('');

/** Shown on a case (the given one, else the newest open), softly rung; never answered. Without any it stands in the list of loose answers. */
async function show(sql: Sql, o: RepliesOptions, reply: ReplyRow, on: AlertId | null, action: string, note: string, more: (work: Work, now: number) => Partial<Change> = () => ({})): Promise<Done> {
  const alertId = on ?? (await newestOpenAlert(sql));
  if (alertId === null) return { result: action, alertId: null };
  return change(sql, o, alertId, (work, now) => ({ ...nothing(), log: [{ actor: house('replies'), action, note, detail: { reply: reply.id } }], feed: { what: action, ring: 'soft' }, ...more(work, now) }), action);
}

async function change(sql: Sql, o: RepliesOptions, alertId: AlertId, make: (work: Work, now: number) => Change, result: string): Promise<Done> {
  const alerts = await lockAlerts(sql, [alertId]);
  const [c] = (await fullCases(sql, alerts)).values();
  if (!c) return { result, alertId: null };
  const now = await readNow(sql);
  const work = workOf(c);
  advance(work, make(work, now), now);
  await apply(sql, o, [work], {}, now);
  return { result, alertId };
}
