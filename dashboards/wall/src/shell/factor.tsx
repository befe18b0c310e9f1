/** The second factor: given after the password, bound to an authenticator, recovery codes shown once. Whoever may already work on alarms may do it later. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, post, type Problem } from '#wall/api/client.ts';
import { qrCode } from '#wall/format/qr.ts';
import { t } from '#wall/i18n/text.ts';
import { FieldProblem } from '#wall/pages/paging.tsx';
import { factorOpen } from '#wall/state/dialogs.ts';
import { askWhoIAm, logOut, me } from '#wall/state/session.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

type State = { enrolled: boolean; owed: boolean; recoveryLeft: number };
type Key = { secret: string; uri: string };

/** The second step of a login, in place of the pages: nothing else is open. */
export function FactorGate() {
  return (
    <main class="login">
      <section class="login-card" data-test="factor-gate">
        <img class="login-bell" src="/bell.svg" alt="" width="56" height="56" />
        <h1>{t('factor.title')}<small>{me.value?.name}</small></h1>
        <FactorSteps />
        <p class="login-note">{t('login.silent')}</p>
        <button type="button" class="plain" onClick={() => void logOut()}>{t('act.logout')}</button>
      </section>
    </main>
  );
}

export function FactorDialog() {
  return <Dialog title={t('factor.title')} onClose={() => { factorOpen.value = false; }}><div class="stack" data-test="factor-dialog"><FactorSteps /></div></Dialog>;
}

/** What is to be done next: give it, make it, or read what there is. */
function FactorSteps() {
  const state = useSignal<State | null>(null);
  const key = useSignal<Key | null>(null);
  const recovery = useSignal<readonly string[] | null>(null);
  const look = (): void => { void get<State>('/api/v1/me/factor').then((answer) => { if (answer.ok) state.value = answer.value; }); };
  useEffect(look, []);
  const done = (): void => { factorOpen.value = false; void askWhoIAm(); };
  if (recovery.value !== null) return <Recovery codes={recovery.value} onDone={done} />;
  if (state.value === null) return <p class="dim">{t('common.loading')}</p>;
  const whole = me.value?.proof !== 'desk' && me.value?.proof !== 'none';
  if (state.value.enrolled && !whole) return <Verify onDone={done} />;
  if (key.value !== null) return <FirstCode made={key.value} onMade={(codes) => { recovery.value = codes; }} />;
  return <Begin state={state.value} onKey={(made) => { key.value = made; }} />;
}

function Verify({ onDone }: { onDone(): void }) {
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const answer = await post('/api/v1/me/factor/verify', { code: String(new FormData(event.currentTarget as HTMLFormElement).get('code')).trim() }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) onDone();
  };
  return (
    <form class="stack" data-test="factor-verify" onSubmit={(event) => void submit(event)}>
      <p>{t('factor.give')}</p>
      <label>{t('factor.code')}<input name="code" class="code-input digits" inputMode="numeric" autocomplete="one-time-code" required minLength={6} maxLength={24} autofocus /><FieldProblem problem={problem.value} field="code" /></label>
      <Trouble problem={problem.value} />
      <p class="dim small">{t('factor.codeHelp')}</p>
      <button type="submit" class="strong">{t('act.ok')}</button>
    </form>
  );
}

function Begin({ state, onKey }: { state: State; onKey(key: Key): void }) {
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const answer = await post<Key>('/api/v1/me/factor/begin', { password: String(new FormData(event.currentTarget as HTMLFormElement).get('password')) }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) onKey(answer.value);
  };
  return (
    <form class="stack" data-test="factor-begin" onSubmit={(event) => void submit(event)}>
      <p>{state.enrolled ? t('factor.have', { n: state.recoveryLeft }) : state.owed ? t('factor.owed') : t('factor.none')}</p>
      <input class="unseen" name="username" autocomplete="username" value={me.value?.name ?? ''} readOnly tabIndex={-1} aria-hidden="true" />
      <label>{t('pw.current')}<input name="password" type="password" required autocomplete="current-password" maxLength={512} autofocus /><FieldProblem problem={problem.value} field="password" /></label>
      <Trouble problem={problem.value} />
      <button type="submit" class="strong">{t('factor.begin')}</button>
    </form>
  );
}

function FirstCode({ made, onMade }: { made: Key; onMade(codes: readonly string[]): void }) {
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const answer = await post<{ recovery: string[] }>('/api/v1/me/factor/confirm', { code: String(new FormData(event.currentTarget as HTMLFormElement).get('code')).trim() }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) onMade(answer.value.recovery);
  };
  return (
    <form class="stack" data-test="factor-first" onSubmit={(event) => void submit(event)}>
      <p>{t('factor.scan')}</p>
      <Picture text={made.uri} />
      <p>{t('factor.key')}</p>
      <p><code class="made-value" data-test="factor-key">{made.secret.replace(/(.{4})/g, '$1 ').trim()}</code></p>
      <p><a href={made.uri} data-test="factor-uri">{t('factor.link')}</a></p>
      <label>{t('factor.first')}<input name="code" class="code-input digits" inputMode="numeric" autocomplete="one-time-code" required minLength={6} maxLength={8} autofocus /><FieldProblem problem={problem.value} field="code" /></label>
      <Trouble problem={problem.value} />
      <button type="submit" class="strong">{t('act.ok')}</button>
    </form>
  );
}

/** Dark on white in either theme, with the quiet border that readers ask for. Drawn here: nobody else sees the key. */
function Picture({ text }: { text: string }) {
  const rows = qrCode(text);
  if (rows === null) return null;
  const size = rows.length + 8;
  const path = rows.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x + 4} ${y + 4}h1v1h-1z`] : []))).join('');
  return <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t('factor.scan')} data-test="factor-qr"><rect width={size} height={size} fill="#fff" /><path d={path} fill="#000" shape-rendering="crispEdges" /></svg>;
}

function Recovery({ codes, onDone }: { codes: readonly string[]; onDone(): void }) {
  return (
    <div class="stack" data-test="factor-recovery">
      <p><b>{t('factor.made')}</b></p>
      <ul class="recovery digits">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>
      <button type="button" class="strong" onClick={onDone}>{t('act.done')}</button>
    </div>
  );
}

const Trouble = ({ problem }: { problem: Problem | null }) => (problem && problem.fields.length === 0 ? <p class="trouble" role="alert">{problem.status === 429 ? t('login.tooMany', { s: Number(problem.more['retryAfterS'] ?? 60) }) : problemText(problem)}</p> : null);
