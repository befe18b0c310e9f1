/**
 * Area outage (片区失联, B4, 2.1, FIELD F4): one incident with its figures. One message per role when it opens (the town's duty
 * room, the duty leader), none to villages, none on recovery; it ends by itself when its members are back, and says who is not.
 */
import { type Decision, deviceSubject, openAlert, type Rule, type Tell } from '#core/decision.ts';
import type { StoredEvent } from '#core/event.ts';
import type { RegionCode } from '#core/ids.ts';
import { outageWords } from '#core/outage.ts';

const counted = ['members', 'homes', 'silent', 'back', 'presumed', 'people', 'cause', 'outageId', 'fromAt', 'town'] as const;

export const outage: Rule = {
  kinds: ['outage'],
  raise: (event) => [{
    type: 'raise', kind: 'outage', priority: 2, subject: deviceSubject(event), regionCode: regionOf(event), plan: 'none', end: null, summary: figures(event),
  }],
  repeat: (event, facts) => withAlert(event, facts, (alertId) => ({ type: 'note', alertId, what: event.data['tell'] === true ? 'outage-told' : 'outage-figures', summary: figures(event), detail: figures(event), tell: tellings(event) })),
  // The one P2 that ends by itself: it is about machines; whoever lies in it has an alert of his own.
  clear: (event, facts) => withAlert(event, facts, (alertId) => ({
    type: 'close', alertId, outcome: 'D1', what: String(event.data['how'] ?? 'recovered'), summary: figures(event), detail: { ...figures(event), ...(event.data['by'] ? { by: event.data['by'] } : {}) },
  })),
};

function withAlert(event: StoredEvent, facts: Parameters<Rule['raise']>[1], then: (alertId: NonNullable<ReturnType<typeof openAlert>>['id']) => Decision): Decision[] {
  const alert = openAlert(facts, 'outage', deviceSubject(event));
  return alert ? [then(alert.id)] : [{ type: 'ignore', reason: 'outage-already-ended' }];
}

const regionOf = (event: StoredEvent): RegionCode | null => (event.data['regionCode'] as RegionCode | undefined) ?? null;
const figures = (event: StoredEvent): Record<string, unknown> => Object.fromEntries(counted.filter((key) => event.data[key] !== undefined).map((key) => [key, event.data[key]]));

// Asked for once, a little after the opening: then the figures are worth telling, and a larger incident may have absorbed this one.
function tellings(event: StoredEvent): Tell[] {
  if (event.data['tell'] !== true) return [];
  const params = outageWords(event.data);
  const leader: Tell = { target: 'duty-leader', channel: 'sms', template: 'outage', params };
  return regionOf(event)?.endsWith('000000') ? [leader] : [{ target: 'town-duty', channel: 'sms', template: 'outage', params }, leader];
}
