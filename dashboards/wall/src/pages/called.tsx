/** Who would be called for a home, a person or a device: when it is asked about, the plan's steps with names, and the desk's ladder beside them; nothing is sent. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DeskRung } from '#core/escalation.ts';
import { type EventKind, eventKinds, kindInfo } from '#core/event.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { roleText } from '#wall/case/people.tsx';
import { Card } from '#wall/files/file.tsx';
import { dayMinute, duration } from '#wall/format/time.ts';
import { kindName, lang, maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';

type Who = { role: string | null; name: string | null };
export type CalledAnswer = {
  planName: string; at: number; inOutage: boolean; mostCalls: number; roundS: number;
  steps: readonly { atS: number; sends: readonly (Who & { party: string; channel: 'sms' | 'voice'; cutOff?: boolean; strange?: boolean })[]; skipped: readonly (Who & { target: string; reason: string })[] }[];
  desk: readonly { atS: number; ring: DeskRung['ring']; calls: readonly (Who & { party: string })[] }[];
};
export type Subject = { homeId: string } | { personId: string } | { deviceId: string };
/** Now, or the next time that the clock shows this. */
export type When = string | null;

export const askCalled = (subject: Subject, kind: EventKind, when: When, plan?: object): ReturnType<typeof post<CalledAnswer>> =>
  post<CalledAnswer>('/api/v1/plans/preview', { ...subject, kind, ...(plan ? { plan } : {}), ...(when === null ? {} : { clock: when }) }, false);

const nightTime = '02:10';
/** Now, tonight at ten past two, or any time of the coming day. */
export function WhenPicker({ when }: { when: Signal<When> }) {
  return (
    <span class="when">
      <button type="button" class="small-button" aria-pressed={when.value === null} data-test="when-now" onClick={() => { when.value = null; }}>{t('act.now')}</button>
      <button type="button" class="small-button" aria-pressed={when.value === nightTime} data-test="when-night" onClick={() => { when.value = nightTime; }}>{nightTime}</button>
      <input type="time" aria-label={t('plan.when')} value={when.value ?? ''} data-test="when-clock" onChange={(event) => { when.value = event.currentTarget.value || null; }} />
    </span>
  );
}

/** Of one file: asked when the page opens, and again for another time or alert. */
export function WhoCard({ subject, kind: first = 'sos' }: { subject: Subject; kind?: EventKind }) {
  const kind = useSignal<EventKind>(first);
  const when = useSignal<When>(null);
  const answer = useSignal<CalledAnswer | null>(null);
  const problem = useSignal<Problem | null>(null);
  const key = `${Object.values(subject)[0]} ${kind.value} ${when.value ?? ''}`;
  useEffect(() => {
    let gone = false;
    void askCalled(subject, kind.value, when.value).then((asked) => {
      if (gone) return;
      answer.value = asked.ok ? asked.value : null;
      problem.value = asked.ok ? null : asked.problem;
    });
    return () => { gone = true; };
  }, [key]);
  return (
    <Card title={t('who.title')} test="who-called">
      <p class="buttons"><select aria-label={t('plan.previewKind')} value={kind.value} onChange={(event) => { kind.value = event.currentTarget.value as EventKind; }}>{eventKinds.filter((k) => kindInfo[k].priority === 1 || k === first).map((k) => <option key={k} value={k}>{kindName(k)}</option>)}</select>
        <WhenPicker when={when} /></p>
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {answer.value && <Called answer={answer.value} name={answer.value.planName} />}
    </Card>
  );
}

const whoText = ({ role, name }: Who): string => [role && roleText(role), name].filter(Boolean).join(' ');
const time = (s: number): string => (s === 0 ? t('plan.soon') : duration(s * 1000, lang.value));

export function Called({ answer, name }: { answer: CalledAnswer; name: string }) {
  return (
    <>
      <p class="dim small">{t('plan.previewBy', { name, n: answer.mostCalls })} · {dayMinute(answer.at)}{answer.inOutage && <b class="warn"> {t('plan.previewOutage')}</b>}</p>
      <ol class="plan-line" data-test="preview-steps">{answer.steps.map((step) => (
        <li key={step.atS}><time class="digits">{time(step.atS)}</time>
          <span class="said">
            <span>{step.sends.map((s, i) => <span key={i} class={`call ${s.channel}`}>{t(`channel.${s.channel}`)} {whoText(s)}{s.cutOff && <i class="flag">{t('mark.cutOff')}</i>}{s.strange && <i class="flag">{t('mark.strange')}</i>}</span>)}{step.sends.length === 0 && <b class="warn">{t('plan.previewNobody')}</b>}</span>
            {step.skipped.map((s, i) => <span key={i} class="dim small">{maybeText(`target.${s.target}`) ?? s.target} {s.name} {maybeText(`skip.${s.reason}`) ?? s.reason}</span>)}
          </span></li>
      ))}<li class="dim"><time class="digits">{time(answer.roundS)}</time><span>{t('plan.nextRound')}</span></li></ol>
      <ol class="plan-line desk-line" aria-label={t('plan.desk')} data-test="preview-desk">{answer.desk.map((rung) => (
        <li key={rung.atS}><time class="digits">{time(rung.atS)}</time><span>{t(`rung.${rung.ring}`)} {rung.calls.map(whoText).join(' · ') || <b class="warn">{t('plan.previewNobody')}</b>}</span></li>
      ))}</ol>
    </>
  );
}
