/**
 * A device that is not registered was refused (设备未登记, FIELD F24): shown at the desk, merged by the id it gave. Nobody
 * knows a home to send people to, so there is no plan; the desk rings softly once.
 */
import { deviceSubject, type Rule } from '#core/decision.ts';

export const unknownDevice: Rule = {
  kinds: ['unknown-device'],
  raise: (event) => [{ type: 'raise', kind: 'unknown-device', priority: 2, subject: deviceSubject(event), plan: 'none', ring: 'soft' }],
};
