/**
 * What an operator does: each is one request with an idempotency key and the version that was seen, so that two people at
 * once have one winner and the other reads who it was. The screen changes by the feed, not by hope.
 */
import { isShelved, type Outcome } from '#core/alert.ts';
import { consentNeeded } from '#core/consent.ts';
import type { AlertView } from '#core/live.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { isUnclaimed } from '#wall/queue/order.ts';
import { closing, refreshCase, reveal } from './case.ts';
import { selected } from './selection.ts';
import { me } from './session.ts';
import { say, sayBad, sayProblem } from './toast.ts';
import { live, serverNow, tabId } from './wall.ts';

type Ref = Pick<AlertView, 'id' | 'version'>;
/** What became of a telephone call (FIELD F14). */
export const callResults = ['reached', 'no-answer', 'busy', 'off', 'wrong-number'] as const;
export type CallResult = (typeof callResults)[number];

/** One action on one alert; says what happened and looks at the case again. True when it was done. */
async function act(alert: Ref, path: string, body: Record<string, unknown>, done: string, refused: (problem: Problem) => string | null = () => null): Promise<boolean> {
  const expectedVersion = live.value.alerts.get(alert.id)?.version ?? alert.version;
  const answer = await post(`/api/v1/alerts/${alert.id}/${path}`, { expectedVersion, ...body });
  const own = answer.ok ? null : refused(answer.problem);
  if (answer.ok) say(done); else if (own !== null) sayBad(own); else sayProblem(answer.problem);
  refreshCase(alert.id);
  return answer.ok;
}

/** Somebody else has it, and has it still. */
export const heldByOther = (alert: AlertView): boolean =>
  alert.claimedBy !== null && alert.claimedBy !== me.value?.id && alert.state !== 'open' && !alert.flags.includes('claim-lapsed');
/** A claim that came a moment ago is not taken over by a hand that meant to be first. */
export const justClaimed = (alert: AlertView): boolean => alert.claimedAt !== null && serverNow.value - alert.claimedAt < 2_000;

const claiming = new Set<string>();
/** 接警: one request however often the key is pressed. Who has the case sees it in full. */
export async function claim(alert: AlertView): Promise<void> {
  if (claiming.has(alert.id)) return;
  claiming.add(alert.id);
  const path = isUnclaimed(alert) && !heldByOther(alert) ? 'claim' : 'take-over';
  const done = await act(alert, path, { tabId }, t(path === 'claim' ? 'ok.claim' : 'ok.takeOver')).finally(() => claiming.delete(alert.id));
  if (done && selected.peek() === alert.id) await reveal();
}
export const release = (alert: Ref): Promise<boolean> => act(alert, 'release', {}, t('ok.release'));
export const note = (alert: Ref, text: string): Promise<boolean> => act(alert, 'notes', { note: text }, t('ok.note'));
export const dispatch = (alert: Ref, party: string, who: string): Promise<boolean> => act(alert, 'dispatch', { party, tabId }, t('ok.dispatch', { who }),
  (problem) => (problem.fields.some((f) => f.field === 'party' && f.expected.startsWith(consentNeeded)) ? t('error.withdrawn', { who }) : null));
/** 升级: the plan's next rung at once. Why the house refuses is said in its own words. */
export async function escalate(alert: AlertView): Promise<void> {
  if (claiming.has(alert.id)) return;
  claiming.add(alert.id);
  await act(alert, 'escalate', { tabId }, t('ok.escalate'), (problem) => problem.fields.map(({ field }) => maybeText(`escalate.${field}`)).find((text) => text !== null) ?? null).finally(() => claiming.delete(alert.id));
}
/** Whose search runs and is nobody else's: what the button offers; the house decides. */
export const mayEscalate = (alert: AlertView): boolean => (alert.state === 'open' || alert.state === 'claimed') && !heldByOther(alert) && (alert.planState === 'running' || alert.planState === 'suspended') && !isShelved(alert);
/** He said on the telephone that he goes, or that he cannot. */
export const accept = (alert: Ref, party: string, who: string): Promise<boolean> => act(alert, 'accept', { party }, t('ok.accept', { who }));
export const depart = (alert: Ref, party: string): Promise<boolean> => act(alert, 'depart', { party }, t('ok.depart'));
export const decline = (alert: Ref, party: string, who: string): Promise<boolean> => act(alert, 'decline', { party }, t('ok.decline', { who }));
export const arrive = (alert: Ref, party: string | null): Promise<boolean> => act(alert, 'arrive', party === null ? {} : { party }, t('ok.arrive'));

/** The result of a call by hand to the elder: reached ends the search (已叫应), everything else is a step. */
export const calledElder = (alert: Ref, result: CallResult): Promise<boolean> =>
  act(alert, 'steps', { tabId, result, note: t('role.elder'), ...(result === 'reached' ? { contact: 'elder' } : {}) }, result === 'reached' ? t('ok.contact') : stepText(result));
/** The result of a call by hand to a contact or responder. Only an acceptance ends the search, so reaching somebody is a step. */
export const calledParty = (alert: Ref, party: string, result: CallResult): Promise<boolean> => act(alert, 'steps', { tabId, party, result }, stepText(result));
/** 120, 119 or 110 has it: a step, because help from outside is no acceptance of ours. */
export const calledService = (alert: Ref, service: string): Promise<boolean> => act(alert, 'steps', { tabId, note: t('emergency.note', { n: service }) }, t('emergency.note', { n: service }));
/** A step of the script was taken; `text` begins with its number. One press, one line. */
export async function scriptStep(alert: Ref, text: string): Promise<void> {
  const once = `${alert.id} ${text}`;
  if (claiming.has(once)) return;
  claiming.add(once);
  await act(alert, 'steps', { tabId, note: text }, t('ok.step', { what: text })).finally(() => claiming.delete(once));
}
const stepText = (result: CallResult): string => t('ok.step', { what: maybeText(`call.${result}`) ?? result });

/** 绑定: a stranger's number speaks for this one from now on, and his answer counts as theirs. */
export async function bind(alert: Ref, reply: string, party: string): Promise<void> {
  const answer = await post(`/api/v1/replies/${reply}/bind`, { party }, false);
  if (answer.ok) say(t('ok.bind')); else sayProblem(answer.problem);
  refreshCase(alert.id);
}

/** 暂挂: out of the queue for a reason, until a time; the server refuses it for an emergency. */
export const shelve = (alert: Ref, until: number, text: string): Promise<boolean> => act(alert, 'shelve', { until, note: text, tabId }, t('ok.shelve'));
export const unshelve = (alert: Ref): Promise<boolean> => act(alert, 'unshelve', {}, t('ok.unshelve'));

/** 办结: the only end of an alert. */
export async function close(alert: Ref, outcome: Outcome, text: string): Promise<void> {
  if (await act(alert, 'close', { outcome, note: text, tabId }, t('ok.close'))) closing.value = false;
}
/** An emergency is closed with evidence of a human: a contact, an arrival, or a sentence of what was found. */
export const needsNote = (alert: AlertView): boolean => alert.priority === 1 && alert.arrivedAt === null && !alert.flags.includes('contacted') && !alert.flags.includes('noted');
