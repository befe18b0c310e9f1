/**
 * Answers to a roll-call by SMS (2.2): the words of whoever keeps one village's list, put to its numbers. A number that is on no list is
 * asked back; what belongs to no list is shown to the desk. An answer never touches an alert; who needs help becomes one.
 */
import type { Party } from '#core/ids.ts';
import type { MessageParams, TemplateName } from '#core/messages.ts';
import type { RollAnswer, RollMark } from '#core/rollcall.ts';
import type { Sql } from '#store/pool.ts';
import { keptLists, markPeople, raiseHelp } from '#store/rollcall.ts';
import type { Seal } from '#store/seal.ts';

export type RollReply = { parties: readonly Party[]; /** by name and office, for who reads of it later */ who: string; from: string | undefined; trace: string; tell(template: Extract<TemplateName, 'roll-which'>, params: MessageParams): Promise<void> };
export type RollResult = 'roll-call' | 'reply-unread';

const by = (r: Pick<RollReply, 'parties'>): string => `party:${r.parties.find((p) => p.startsWith('responder:')) ?? r.parties[0]}`;

/** Null: none of these parties keeps a list of an open roll-call. */
export async function answerRollCall(sql: Sql, seal: Seal, answer: RollAnswer, r: RollReply): Promise<RollResult | null> {
  const kept = await keptLists(sql, r.parties);
  if (!kept) return null;
  const [regionCode, ...others] = kept.regions;
  // Numbers are a village's: of who keeps several nobody knows which is meant.
  if (regionCode === undefined || others.length > 0) return 'reply-unread';
  const marks = new Map<number, RollMark>(answer.numbers === 'rest' ? [] : answer.numbers.map((n) => [n, answer.mark]));
  const done = await markPeople(sql, seal, { id: kept.id, regionCode, marks, rest: answer.numbers === 'rest', by: by(r), via: 'sms', who: r.who, trace: r.trace, ...(r.from === undefined ? {} : { from: r.from }) });
  if (done.over) return 'reply-unread';
  if (done.missing.length === 0) return 'roll-call';
  await r.tell('roll-which', { list: done.missing.slice(0, 8).join('、'), count: String(kept.people) });
  return 'reply-unread';
}

/** 求助 and no number, from somebody who keeps a list: an alarm of his village. False: he keeps none. */
export async function cryRollCall(sql: Sql, seal: Seal, r: Omit<RollReply, 'tell'>): Promise<boolean> {
  const kept = await keptLists(sql, r.parties);
  const regionCode = kept?.regions[0];
  if (regionCode === undefined) return false;
  await raiseHelp(sql, seal, { regionCode, by: by(r), via: 'sms', trace: r.trace, ...(r.from === undefined ? {} : { from: r.from }) }, { personId: null, homeId: null, note: `平安清点中回“求助”,没说几号,${r.who}` });
  return true;
}
