/**
 * A test press (测试). Inside the booked window of its device it is information: shown, never to a phone, ends by itself.
 * Outside it always escalates (B7): somebody may be pressing the only button he can reach.
 */
import { inTest, lifeSubject, type Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

const shownMs = 30 * 60_000;

export const test: Rule = {
  kinds: ['test'],
  raise(event, facts, now) {
    // Booked is what came before the window ended, however late it is looked at.
    if (!inTest(facts, Math.min(now, event.receivedAt))) return [lifeRaise(event, facts, now, { priority: 2, flags: ['unbooked-test'] })];
    return [{ type: 'raise', kind: 'test', priority: 4, subject: lifeSubject(event), flags: ['test'], plan: 'none', ring: 'soft', end: { afterMs: shownMs, outcome: 'T1', what: 'test-over' } }];
  },
};
