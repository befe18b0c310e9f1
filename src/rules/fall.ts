/**
 * A fall (跌倒): P1, after the declared window of its device model (a county may shorten it), in which the device itself may cancel (law 5, C3; radars
 * have waited themselves and declare 0). The window began with the fall: what came late has so much less of it left. The device's clock
 * can only shorten the wait, never lengthen it (law 9).
 */
import { type Rule, ruleWhere } from '#core/decision.ts';
import { setValue } from '#core/rule-params.ts';
import { lifeRaise } from './raise.ts';

const windowMsMax = 30_000;

export const fall: Rule = {
  kinds: ['fall'],
  raise(event, facts, now) {
    const declaredMs = event.flags.includes('late') || event.flags.includes('pulled') ? 0 : Math.min(facts.device?.confirmWindowMs ?? 0, (setValue(facts.rules, 'fallWindowS', ruleWhere(facts, event)) ?? Infinity) * 1000, windowMsMax);
    const windowMs = Math.max(0, declaredMs - Math.max(0, event.receivedAt - (event.deviceTime ?? event.receivedAt)));
    const summary = { fallId: event.sourceEventId, confirmUntil: event.receivedAt + windowMs };
    return [lifeRaise(event, facts, now, windowMs > 0 ? { confirmMs: Math.max(0, event.receivedAt + windowMs - now), summary } : {})];
  },
};
