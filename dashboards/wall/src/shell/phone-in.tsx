/** A call for help by telephone (电话报警): the number finds the home; a number that is nobody's raises too. One field is enough. */
import { signal, useSignal } from '@preact/signals';
import { post, type Problem } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { say } from '#wall/state/toast.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

export const phoneInOpen = signal(false);
type Raised = { matched: string; name: string | null };

export function PhoneIn() {
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  if (!phoneInOpen.value) return null;
  const done = (): void => { phoneInOpen.value = false; problem.value = null; };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const note = String(form.get('note')).trim();
    busy.value = true;
    const answer = await post<Raised>('/api/v1/alerts', { from: String(form.get('from')).trim(), ...(note === '' ? {} : { note }) });
    busy.value = false;
    if (!answer.ok) { problem.value = answer.problem; return; }
    say(answer.value.name === null ? t('phone.unknown') : t('phone.matched', { who: answer.value.name }));
    done();
  };
  return (
    <Dialog title={t('phone.title')} onClose={done}>
      <form class="stack" data-test="phone-in" onSubmit={(event) => void submit(event)}>
        <label>{t('phone.from')}<input name="from" inputMode="tel" required maxLength={32} autofocus autocomplete="off" /></label>
        <label>{t('phone.note')}<input name="note" maxLength={2000} autocomplete="off" /></label>
        <p class="dim small">{t('phone.help')}</p>
        {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
        <button type="submit" class="strong" disabled={busy.value}>{t('act.raise')}</button>
      </form>
    </Dialog>
  );
}
