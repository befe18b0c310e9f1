/** My own password: everybody changes it here; all logins end, because somebody else may hold one. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { FieldProblem } from '#wall/pages/paging.tsx';
import { factorOpen, passwordOpen, pinOpen } from '#wall/state/dialogs.ts';
import { askWhoIAm, can, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

export function PasswordDialog() {
  const problem = useSignal<Problem | null>(null);
  const differs = useSignal(false);
  if (!passwordOpen.value) return null;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [current, next, again] = ['current', 'next', 'again'].map((name) => String(form.get(name)));
    differs.value = next !== again;
    if (differs.value) return;
    const answer = await post('/api/v1/me/password', { current, next }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (!answer.ok) return;
    passwordOpen.value = false;
    say(t('pw.done'));
    await askWhoIAm();
  };
  return (
    <Dialog title={t('pw.title')} onClose={() => { passwordOpen.value = false; problem.value = null; differs.value = false; }}>
      <form class="stack" data-test="password-form" onSubmit={(event) => void submit(event)}>
        <input class="unseen" name="username" autocomplete="username" value={me.value?.name ?? ''} readOnly tabIndex={-1} aria-hidden="true" />
        <label>{t('pw.current')}<input name="current" type="password" required autofocus autocomplete="current-password" maxLength={512} /><FieldProblem problem={problem.value} field="current" /></label>
        <label>{t('pw.next')}<input name="next" type="password" required autocomplete="new-password" maxLength={512} /><FieldProblem problem={problem.value} field="next" /></label>
        <label>{t('pw.again')}<input name="again" type="password" required autocomplete="new-password" maxLength={512} />{differs.value && <span class="trouble small" role="alert">{t('pw.differs')}</span>}</label>
        {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
        <p class="dim small">{t('pw.help')}</p>
        <p class="buttons"><button type="submit" class="strong">{t('act.save')}</button><span class="grow" />
          <button type="button" class="plain" data-test="my-factor" onClick={() => { passwordOpen.value = false; factorOpen.value = true; }}>{t('act.factor')}</button>
          {can(may.pin) && <button type="button" class="plain" data-test="my-pin" onClick={() => { passwordOpen.value = false; pinOpen.value = true; }}>{t('act.myPin')}</button>}</p>
      </form>
    </Dialog>
  );
}
