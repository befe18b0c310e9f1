/** Who would be called for one home now, or tonight at 02:10, by the plan that is being written: names masked, gaps with their reasons; nothing is sent. */
import { type Signal, useSignal } from '@preact/signals';
import type { EventKind } from '#core/event.ts';
import { get, type Problem } from '#wall/api/client.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { askCalled, Called, type CalledAnswer, WhenPicker, type When } from './called.tsx';
import { withQuery } from './paging.tsx';
import type { Draft } from './plan-words.ts';

export function PlanPreview({ draft }: { draft: Signal<Draft> }) {
  const wanted = useSignal('');
  const kind = useSignal<EventKind | ''>('');
  const answer = useSignal<CalledAnswer | null>(null);
  const when = useSignal<When>(null);
  const problem = useSignal<Problem | 'nobody' | null>(null);
  const ask = async (): Promise<void> => {
    answer.value = null;
    problem.value = null;
    const homes = await get<{ homes: { id: string }[] }>(withQuery('/api/v1/homes', { q: wanted.value.trim(), limit: '1' }));
    const home = homes.ok ? homes.value.homes[0] : undefined;
    if (!home) { problem.value = homes.ok ? 'nobody' : homes.problem; return; }
    const asked = await askCalled({ homeId: home.id }, kind.value || draft.value.kinds[0] || 'sos', when.value, { ...draft.value, name: draft.value.name || '–' });
    if (asked.ok) answer.value = asked.value; else problem.value = asked.problem;
  };
  return (
    <section class="preview" aria-label={t('plan.preview')} data-test="preview">
      <h3>{t('plan.preview')}</h3><p class="dim small">{t('plan.previewHelp')}</p>
      <div class="form-row">
        <label>{t('plan.previewHome')}<input value={wanted.value} maxLength={100} data-test="preview-home" autocomplete="off" onInput={(event) => { wanted.value = event.currentTarget.value; }} onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); void ask(); } }} /></label>
        <label>{t('plan.previewKind')}<select value={kind.value || draft.value.kinds[0]} onChange={(event) => { kind.value = event.currentTarget.value as EventKind; }}>{draft.value.kinds.map((k) => <option key={k} value={k}>{kindName(k)}</option>)}</select></label>
        <WhenPicker when={when} />
        <button type="button" class="plain" data-test="preview-run" disabled={wanted.value.trim() === ''} onClick={() => void ask()}>{t('act.preview')}</button>
      </div>
      {problem.value && <p class="trouble" role="alert">{problem.value === 'nobody' ? t('plan.previewNone') : problemText(problem.value)}</p>}
      {answer.value && <Called answer={answer.value} name={draft.value.name} />}
    </section>
  );
}
