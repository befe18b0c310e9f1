/** What people answer and providers report while the database is away. What is not clearly an answer waits for it, and is shown then. */
import type { Party } from '#core/ids.ts';
import { type Answer, parseKey, parseReply, targetOf } from '#core/reply.ts';
import { act } from '#core/transition.ts';
import { type Kept, seen, sendsOf } from './case.ts';
import { openColumn } from './county.ts';
import { active, keep, put, type Room, type Said } from './room.ts';
import { react } from './post.ts';

export function takeSaid(room: Room, said: Said, at: number): void {
  if (said.kind === 'answer') { answered(room, said, at); return; }
  const found = ofMessage(room, said);
  if (!found) return;
  const { kept, send } = found;
  if (said.kind === 'failed') {
    if (send.done.state !== 'accepted' && send.done.state !== 'unknown') return;
    const handled = send.done.handled;
    Object.assign(send.done, { state: 'failed', code: said.code, class: said.class });
    if (!handled) react(room, kept, send);
    keep(room, kept);
    return;
  }
  const answer = parseKey(said.key);
  if (answer.meaning !== 'act' || send.purpose === 'desk' || kept.replies.some((r) => r.dedupe === said.dedupe)) return;
  const result = respond(room, kept, send.party, answer, 'dtmf');
  kept.replies.push({ dedupe: said.dedupe, channel: 'dtmf', from: openColumn(room.county(), send.party, 'phone', room.seal), text: said.key, outId: send.done.outId, at, result });
  keep(room, kept);
}

function answered(room: Room, said: Extract<Said, { kind: 'answer' }>, at: number): void {
  const number = room.seal.blind('phone', said.from);
  const mine = new Set([...room.county().lines.values()].filter((l) => number.equals(l.phoneBidx)).map((l) => l.party));
  const pending = active(room).flatMap((k) => [...k.standing.engagements].filter(([p]) => mine.has(p)).map(([party, e]) =>
    ({ alertId: k.key, party, slip: k.slips.get(party)?.no ?? null, open: k.standing.alert.state !== 'closed', state: e.state, at: k.handover.startedAt })));
  const answer = parseReply(said.content);
  // Not available today: he declines what waits for him; that he is away all day the database learns on its return.
  if (answer.meaning === 'off-today') for (const p of pending.filter((x) => x.open && (x.state === 'notified' || x.state === 'seen' || x.state === 'accepted'))) {
    const kept = room.cases.get(p.alertId);
    if (kept) { respond(room, kept, p.party, { meaning: 'act', action: 'decline', slip: null }, 'sms'); keep(room, kept); }
  }
  if (answer.meaning !== 'act') return;
  const target = targetOf(answer, pending);
  const to = target.kind === 'one' ? pending.find((p) => p.alertId === target.alertId) : undefined;
  const kept = room.cases.get(to?.alertId ?? '');
  if (!kept || !to || kept.replies.some((r) => r.dedupe === said.dedupe)) return;
  const result = respond(room, kept, to.party, answer, 'sms');
  kept.replies.push({ dedupe: said.dedupe, channel: 'sms', from: said.from, text: said.content, outId: null, at, result });
  keep(room, kept);
  room.log.info({ key: kept.key, party: to.party, result }, 'standby took an answer');
}

function respond(room: Room, kept: Kept, party: Party, answer: Extract<Answer, { meaning: 'act' }>, via: 'sms' | 'dtmf'): string {
  const result = act(seen(room.desk, kept), { action: answer.action, actor: { type: 'party', id: party, name: openColumn(room.county(), party, 'name', room.seal) }, via }, room.now());
  if (result.kind === 'change') put(room, kept, result.change);
  return result.kind === 'change' ? answer.action : `${answer.action}-${result.kind}`;
}

function ofMessage(room: Room, said: { outId: string | null; providerId: string }): { kept: Kept; send: ReturnType<typeof sendsOf>[number] } | null {
  for (const kept of active(room)) {
    const send = sendsOf(kept).find(({ done }) => (said.outId === null ? done.providerId === said.providerId : done.outId === said.outId));
    if (send) return { kept, send };
  }
  return null;
}
