/** Who would be called for one home now by the plan that is being written: names masked, gaps with their reasons; nothing is sent. */
import { type Signal, useSignal } from '@preact/signals';
import type { EventKind } from '#core/event.ts';
import { get, post, type Problem } from '#wall/api/client.ts';
import { roleText } from '#wall/case/people.tsx';
import { duration } from '#wall/format/time.ts';
import { kindName, lang, maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { withQuery } from './paging.tsx';
import type { Draft } from './plan-words.ts';

type Who = { role: string | null; name: string | null };
type Answer = { planName: string; mostCalls: number; steps: readonly { atS: number; sends: readonly (Who & { party: string; channel: 'sms' | 'voice' })[]; skipped: readonly (Who & { target: string; reason: string })[] }[] };

export function PlanPreview({ draft }: { draft: Signal<Draft> }) {
  const wanted = useSignal('');
  const kind = useSignal<EventKind | ''>('');
  const answer = useSignal<Answer | null>(null);
  const problem = useSignal<Problem | 'nobody' | null>(null);
  const ask = async (): Promise<void> => {
    answer.value = null;
    problem.value = null;
    const homes = await get<{ homes: { id: string }[] }>(withQuery('/api/v1/homes', { q: wanted.value.trim(), limit: '1' }));
    const home = homes.ok ? homes.value.homes[0] : undefined;
    if (!home) { problem.value = homes.ok ? 'nobody' : homes.problem; return; }
    const asked = await post<Answer>('/api/v1/plans/preview', { homeId: home.id, kind: kind.value || draft.value.kinds[0] || 'sos', plan: { ...draft.value, name: draft.value.name || '–' } }, false);
    if (asked.ok) answer.value = asked.value; else problem.value = asked.problem;
  };
  return (
    <section class="preview" aria-label={t('plan.preview')} data-test="preview">
      <h3>{t('plan.preview')}</h3><p class="dim small">{t('plan.previewHelp')}</p>
      <div class="form-row">
        <label>{t('plan.previewHome')}<input value={wanted.value} maxLength={100} data-test="preview-home" autocomplete="off" onInput={(event) => { wanted.value = event.currentTarget.value; }} onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); void ask(); } }} /></label>
        <label>{t('plan.previewKind')}<select value={kind.value || draft.value.kinds[0]} onChange={(event) => { kind.value = event.currentTarget.value as EventKind; }}>{draft.value.kinds.map((k) => <option key={k} value={k}>{kindName(k)}</option>)}</select></label>
        <button type="button" class="plain" data-test="preview-run" disabled={wanted.value.trim() === ''} onClick={() => void ask()}>{t('act.preview')}</button>
      </div>
      {problem.value && <p class="trouble" role="alert">{problem.value === 'nobody' ? t('plan.previewNone') : problemText(problem.value)}</p>}
      {answer.value && <Called answer={answer.value} name={draft.value.name} />}
    </section>
  );
}

function Called({ answer, name }: { answer: Answer; name: string }) {
  const whoText = ({ role, name: own }: Who): string => [role && roleText(role), own].filter(Boolean).join(' ');
  return (
    <>
      <p class="dim small">{t('plan.previewBy', { name, n: answer.mostCalls })}</p>
      <ol class="plan-line" data-test="preview-steps">{answer.steps.map((step) => (
        <li key={step.atS}><time class="digits">{step.atS === 0 ? t('plan.soon') : duration(step.atS * 1000, lang.value)}</time>
          <span class="said">
            <span>{step.sends.map((s, i) => <span key={i} class={`call ${s.channel}`}>{t(`channel.${s.channel}`)} {whoText(s)}</span>)}{step.sends.length === 0 && <b class="warn">{t('plan.previewNobody')}</b>}</span>
            {step.skipped.map((s, i) => <span key={i} class="dim small">{maybeText(`target.${s.target}`) ?? s.target} {s.name} {maybeText(`skip.${s.reason}`) ?? s.reason}</span>)}
          </span></li>
      ))}</ol>
    </>
  );
}
