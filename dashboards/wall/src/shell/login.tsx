/** Logging in, and saying plainly that a desk without a login hears nothing. */
import { useSignal } from '@preact/signals';
import { lang, t } from '#wall/i18n/text.ts';
import { endedByItself, logIn } from '#wall/state/session.ts';
import { chooseLang } from '#wall/state/settings.ts';
import { problemText } from './problem.ts';

export function Login() {
  const busy = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    trouble.value = null;
    const answer = await logIn(String(form.get('username')), String(form.get('password')));
    busy.value = false;
    if (answer.ok) return;
    const { status, more } = answer.problem;
    trouble.value = status === 401 ? t('login.wrong') : status === 429 ? t('login.tooMany', { s: Number(more['retryAfterS'] ?? 60) }) : problemText(answer.problem);
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={(event) => void submit(event)}>
        <img class="login-bell" src="/bell.svg" alt="" width="56" height="56" />
        <h1>{t('app.name')}<small>{t('app.promise')}</small></h1>
        {endedByItself.value && <p class="login-ended" role="alert">{t('login.ended')}</p>}
        <label>{t('login.user')}<input name="username" autocomplete="username" required maxLength={64} autofocus spellcheck={false} /></label>
        <label>{t('login.password')}<input name="password" type="password" autocomplete="current-password" required maxLength={512} /></label>
        {trouble.value && <p class="trouble" role="alert">{trouble.value}</p>}
        <button type="submit" class="strong" disabled={busy.value}>{busy.value ? t('login.busy') : t('act.login')}</button>
        <p class="login-note">{t('login.silent')}</p>
        <button type="button" class="plain" onClick={() => chooseLang(lang.value === 'zh' ? 'en' : 'zh')}>{t('strip.lang')}</button>
      </form>
    </main>
  );
}
