/** One message on its way: written down under the token, then handed to the gateway, then what is known of it; a failure goes on to the next. */
import { sendFailed } from '#core/decide-failure.ts';
import { type Kept, seen, sendsOf } from './case.ts';
import { keep, put, type Room, type SendResult } from './room.ts';

type OwnSend = ReturnType<typeof sendsOf>[number];
const unreadable: SendResult = { state: 'failed', provider: null, providerId: null, code: 'local.UNREADABLE', class: 'P' };

/** Everything of the case that is due. */
export function postDue(room: Room, kept: Kept): void {
  for (const send of sendsOf(kept)) if (send.done.state === 'due' && !room.underWay.has(send.done.outId)) post(room, kept, send);
}

function post(room: Room, kept: Kept, send: OwnSend): void {
  const { done } = send;
  const row = room.desk.compose(kept, send, (party) => kept.slips.get(party) ?? { no: 0, code: '' }, done.at);
  done.state = 'sending';
  if (!mayLeave(room, kept)) { done.state = 'due'; return; }
  const trying = row ? room.send({ channel: send.channel, outId: done.outId, to: row.to, template: row.template, params: row.params, demo: row.demo }) : Promise.resolve(unreadable);
  room.underWay.set(done.outId, trying.then((result) => {
    if (done.state === 'sending') Object.assign(done, result); // a report may have been faster
    room.sent(send.channel, result.state);
    room.log.info({ key: kept.key, outId: done.outId, channel: send.channel, template: send.template, party: send.party, state: result.state, code: result.code }, 'standby sent a message');
    react(room, kept, send);
    keep(room, kept);
  }).catch((error: unknown) => {
    room.log.error({ key: kept.key, outId: done.outId, error: (error as Error).name }, 'standby could not send a message');
  }).finally(() => { room.underWay.delete(done.outId); }));
}

/** Nothing leaves but under the flag, and written down under the token: whoever was relieved or has a newer one beside him sends nothing. */
function mayLeave(room: Room, kept: Kept): boolean {
  try {
    return room.held() && room.ledger.save([kept]);
  } catch (error) {
    room.log.error({ key: kept.key, error: (error as Error).message }, 'standby cannot write down what it is about to send; it tries again');
    return false;
  }
}

/** What did not go, or perhaps did not, goes another way (law 6). */
export function react(room: Room, kept: Kept, send: OwnSend): void {
  const { party, channel, template, purpose, round, step, done } = send;
  if (done.state !== 'failed' && done.state !== 'unknown') return;
  done.handled = true;
  put(room, kept, sendFailed(seen(room.desk, kept), { party, channel, template, purpose, round, step, state: done.state, errorCode: done.code, errorClass: done.class }, room.now()));
}
