/** 试发: one harmless text or call, watched until its receipt is there. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, post, type Problem } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { type Notification, StateText } from './notifications.tsx';
import { FieldProblem } from './paging.tsx';
import type { ProviderView } from './provider.tsx';

const askMs = 1_000;
/** States after which nothing more comes. */
const ended: ReadonlySet<string> = new Set(['delivered', 'answered', 'failed', 'unknown', 'withdrawn']);

export function TestSend({ gateway }: { gateway: ProviderView['gateway'] }) {
  const channel = useSignal<'sms' | 'voice'>('sms');
  const problem = useSignal<Problem | null>(null);
  const sent = useSignal<string | null>(null);
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [to, again] = ['to', 'again'].map((name) => String(form.get(name) ?? '').trim());
    busy.value = true;
    const answer = await post<{ id: string }>('/api/v1/settings/provider/test', { channel: channel.value, to, ...(again ? { again } : {}) });
    busy.value = false;
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) sent.value = answer.value.id;
  };
  const other = problem.value?.fields.find((f) => f.field !== 'to' && f.field !== 'again');
  return (
    <form class="card stack" data-test="test-send" onSubmit={(event) => void submit(event)}>
      <h2>{t('test.title')}</h2><p class="dim">{t('test.help')}</p>
      <div class="form-row">
        <label>{t('note.channel')}<select value={channel.value} data-test="test-channel" onChange={(event) => { channel.value = event.currentTarget.value as 'sms' | 'voice'; }}>{(['sms', 'voice'] as const).map((c) => <option key={c} value={c}>{t(`channel.${c}`)}</option>)}</select></label>
        <label>{t('test.to')}<input name="to" inputMode="tel" required minLength={5} maxLength={24} autocomplete="off" placeholder={gateway === 'standin' ? '154 0425 0001' : ''} /><FieldProblem problem={problem.value} field="to" /></label>
        <label>{t('test.again')}<input name="again" inputMode="tel" maxLength={24} autocomplete="off" /><FieldProblem problem={problem.value} field="again" /></label>
        <button type="submit" class="strong" data-test="send-test" disabled={busy.value}>{t('act.test')}</button>
      </div>
      {other && <FieldProblem problem={problem.value} field={other.field} />}
      {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problem.value.status === 429 ? t('test.tooMany') : problemText(problem.value)}</p>}
      {sent.value !== null && <Outcome key={sent.value} id={sent.value} />}
    </form>
  );
}

function Outcome({ id }: { id: string }) {
  const row = useSignal<Notification | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const ask = async (): Promise<void> => {
      const answer = await get<Notification>(`/api/v1/notifications/${id}`);
      if (stopped) return;
      if (answer.ok) row.value = answer.value;
      if (!row.value || !ended.has(row.value.state)) timer = setTimeout(() => void ask(), askMs);
    };
    void ask();
    return () => { stopped = true; clearTimeout(timer); };
  }, [id]);
  const now = row.value;
  return (
    <p class="test-outcome" role="status" data-test="test-outcome" data-state={now?.state}>
      {now === null ? t('test.sent') : <StateText row={now} />} {(now === null || !ended.has(now.state)) && <span class="dim">{t('test.wait')}</span>} <a href="#/notifications">{t('test.open')}</a>
    </p>
  );
}
