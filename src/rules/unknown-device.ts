/**
 * A device that is not registered was refused (设备未登记, FIELD F24): shown at the desk, merged by the id it gave. Nobody
 * knows a home to send people to, so there is no plan; the desk rings softly once. An emergency of one that a vendor's door
 * vouches for is a P1 like any other (A11, law 5): it rings, and its plan calls whoever has no home to be called for.
 */
import { deviceSubject, type Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const unknownDevice: Rule = {
  kinds: ['unknown-device'],
  raise: (event, facts, now) => (event.urgency === 1
    ? [lifeRaise(event, facts, now, { priority: 1, subject: deviceSubject(event), summary: { door: event.data['door'], key: event.data['key'], said: event.data['kind'] } })]
    : [{ type: 'raise', kind: 'unknown-device', priority: 2, subject: deviceSubject(event), plan: 'none', ring: 'soft' }]),
};
