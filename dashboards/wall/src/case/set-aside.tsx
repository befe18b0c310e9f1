/** What is set aside with an end: a case on the shelf (暂挂, never an emergency), a promise to call back (回访). One press, one sentence, one confirmation. */
import { useSignal } from '@preact/signals';
import { countyDay, dayOf } from '#core/clock.ts';
import type { AlertView } from '#core/live.ts';
import { t } from '#wall/i18n/text.ts';
import { shelve } from '#wall/state/actions.ts';
import { promise } from '#wall/state/board.ts';
import { asking } from '#wall/state/case.ts';
import { serverNow } from '#wall/state/wall.ts';

const hour = 3_600_000;
type Choice = { key: string; text: string; at(now: number): number };
/** Nine in the morning of the county's next day. */
const tomorrow = (now: number): number => (countyDay(dayOf(now))?.to ?? now) + 9 * hour;
const hours = (n: number): Choice => ({ key: `${n}h`, text: t('board.hours', { n }), at: (now) => now + n * hour - 5_000 });
const minutes = (n: number): Choice => ({ key: `${n}m`, text: t('board.min', { n }), at: (now) => now + n * 60_000 });

function Aside({ title, help, label, must, choices, test, onDone }: { title: string; help: string; label: string; must: boolean; choices: readonly Choice[]; test: string; onDone(at: number, text: string): Promise<boolean> }) {
  const chosen = useSignal(choices[0]?.key ?? '');
  const text = useSignal('');
  const close = (): void => { asking.value = null; };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const choice = choices.find((c) => c.key === chosen.value);
    if (choice && (!must || text.value.trim() !== '') && await onDone(choice.at(serverNow.peek()), text.value.trim())) close();
  };
  return (
    <form class="close-panel" data-part="aside" data-test={test} onSubmit={(event) => void submit(event)} onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); close(); } }}>
      <h3>{title}</h3>
      {help !== '' && <p class="dim small">{help}</p>}
      <fieldset class="outcomes" aria-label={title}>
        {choices.map((c) => <button key={c.key} type="button" class="outcome" aria-pressed={chosen.value === c.key} data-choice={c.key} onClick={() => { chosen.value = c.key; }}>{c.text}</button>)}
      </fieldset>
      <div class="close-row">
        <input aria-label={label} placeholder={label} maxLength={2000} required={must} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} />
        <button type="submit" class="strong" disabled={must && text.value.trim() === ''} data-test={`${test}-confirm`}>{title}</button>
        <button type="button" class="plain" onClick={close}>{t('act.cancel')}</button>
      </div>
    </form>
  );
}

export function ShelvePanel({ alert }: { alert: AlertView }) {
  return <Aside title={t('act.shelve')} help={t('shelf.help')} label={t('shelf.reason')} must choices={[hours(1), hours(2), hours(4), hours(8)]} test="shelve-panel" onDone={(at, text) => shelve(alert, Math.round(at), text)} />;
}
export function CallbackPanel({ alert }: { alert: AlertView }) {
  const choices = [minutes(10), minutes(30), hours(1), { key: 'tomorrow', text: t('board.tomorrow'), at: tomorrow }];
  return <Aside title={t('act.callback')} help="" label={t('board.words')} must={false} choices={choices} test="callback-panel" onDone={(at, text) => promise(alert.id, at, text)} />;
}
