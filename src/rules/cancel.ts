/**
 * `cancel` (取消): ends only a fall of the same device inside its declared window that no human has taken and that was not
 * raised again (C3, C4). Anything else is a note on what is open, shown and rung softly: it never takes an alarm away.
 */
import type { Alert } from '#core/alert.ts';
import type { Facts, Rule } from '#core/decision.ts';
import type { StoredEvent } from '#core/event.ts';

export const cancel: Rule = {
  kinds: ['cancel'],
  raise(event, facts) {
    const own = facts.open.filter((a) => a.deviceId !== null && a.deviceId === event.deviceId && a.priority <= 2);
    const fall = own.find((a) => a.kind === 'fall');
    const why = fall ? whyNot(event, fall) : 'no-fall';
    if (fall && why === null) {
      // The courtesy ring: somebody asks how the elder is, at once when the risk is high.
      const ring = facts.person?.highRisk ? 'p2' : 'soft';
      return [{ type: 'close', alertId: fall.id, outcome: 'C1', what: 'self-cancelled', flags: ['self-cancelled'], ring, detail: { courtesyCall: true } }];
    }
    const shown = fall ?? newestOf(own) ?? newestOf(facts.open.filter((a) => a.priority <= 2));
    if (!shown) return [{ type: 'ignore', reason: 'cancel-without-alert' }];
    return [{ type: 'note', alertId: shown.id, what: 'cancel-pressed', flags: ['cancel-pressed'], ring: 'soft', detail: { deviceId: event.deviceId, why } }];
  },
};

const newestOf = (alerts: Facts['open']): Alert | undefined => [...alerts].sort((a, b) => b.lastRaisedAt - a.lastRaisedAt)[0];

/** Null when the cancel ends this fall, else why not. Judged by arrival times: a device's clock never decides a deadline (law 9). */
function whyNot(event: StoredEvent, fall: Alert): string | null {
  const until = fall.summary['confirmUntil'];
  const id = fall.summary['fallId'];
  if (typeof until !== 'number') return 'no-window';
  if (event.receivedAt >= until) return 'window-over';
  if (fall.state !== 'confirming' && !(fall.state === 'open' && fall.claimedAt === null && fall.firstHumanAt === null)) return 'taken';
  if (fall.count - fall.duplicateCount > 1) return 'raised-again';
  if (event.ref !== null && id !== null && event.ref !== id) return 'other-event';
  return null;
}
