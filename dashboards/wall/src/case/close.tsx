/** Closing: at most eight outcomes for the kind, a sentence, one confirmation. Only this ends an alert. */
import { useSignal } from '@preact/signals';
import type { Outcome } from '#core/alert.ts';
import type { AlertView } from '#core/live.ts';
import { outcomeName, t } from '#wall/i18n/text.ts';
import { close, needsNote } from '#wall/state/actions.ts';
import { closing, openCase } from '#wall/state/case.ts';
import { allOutcomes, outcomesFor } from './outcomes.ts';

/** What somebody on site last said he found: marked, never chosen for the operator. */
function reportedOutcome(): Outcome | null {
  const said = [...openCase.value?.timeline ?? []].reverse().find((entry) => entry.actorType === 'party' && typeof entry.detail['outcome'] === 'string')?.detail['outcome'] as Outcome | undefined;
  return said !== undefined && allOutcomes.includes(said) ? said : null;
}

export function ClosePanel({ alert }: { alert: AlertView }) {
  const chosen = useSignal<Outcome | null>(null);
  const text = useSignal('');
  const all = useSignal(false);
  const must = needsNote(alert);
  const reported = reportedOutcome();
  const usual = outcomesFor(alert.kind);
  const first = reported === null || usual.includes(reported) ? usual : [reported, ...usual.slice(0, 7)];
  const offered = all.value ? [...first, ...allOutcomes.filter((code) => !first.includes(code))] : first;
  const ready = chosen.value !== null && (!must || text.value.trim() !== '');
  const submit = (event: SubmitEvent): void => { event.preventDefault(); if (chosen.value && ready) void close(alert, chosen.value, text.value.trim()); };
  return (
    <form class="close-panel" data-part="close" data-test="close-panel" onSubmit={submit} onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); closing.value = false; } }}>
      <h3>{t('case.closeTitle')}</h3>
      <fieldset class="outcomes" aria-label={t('case.closeTitle')}>
        {offered.map((code) => (
          <button key={code} type="button" class="outcome" aria-pressed={chosen.value === code} data-outcome={code} onClick={() => { chosen.value = code; }}><code>{code}</code>{outcomeName(code)}{code === reported && <i class="flag" data-test="reported">{t('case.reported')}</i>}</button>
        ))}
        <button type="button" class="tool" aria-expanded={all.value} onClick={() => { all.value = !all.value; }}>{all.value ? t('act.less') : t('act.more')}</button>
      </fieldset>
      <div class="close-row">
        <input aria-label={must ? t('case.closeNoteNeeded') : t('case.closeNote')} placeholder={must ? t('case.closeNoteNeeded') : t('case.closeNote')} maxLength={2000} value={text.value}
          required={must} onInput={(event) => { text.value = event.currentTarget.value; }} />
        <button type="submit" class="strong" disabled={!ready} data-test="close-confirm">{chosen.value === null ? t('case.closePick') : t('act.close')}</button>
        <button type="button" class="plain" onClick={() => { closing.value = false; }}>{t('act.cancel')}</button>
      </div>
    </form>
  );
}
