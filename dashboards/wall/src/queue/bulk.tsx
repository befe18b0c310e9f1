/** 成批认领: alarms of devices taken by the dozen: how many of what, for whom, one confirmation. Emergencies are never among them. */
import { useSignal } from '@preact/signals';
import type { EventKind } from '#core/event.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { status } from '#wall/state/county.ts';
import { bulk } from '#wall/state/dialogs.ts';
import { me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { live } from '#wall/state/wall.ts';
import { sectionOf } from './order.ts';

/** The house takes so many in one action. */
const most = 200;

export function BulkDialog() {
  const close = (): void => { bulk.value = null; };
  return <Dialog title={t('bulk.title')} onClose={close}><BulkForm close={close} /></Dialog>;
}

function BulkForm({ close }: { close(): void }) {
  const to = useSignal('');
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const alerts = (bulk.value ?? []).flatMap((id) => live.value.alerts.get(id) ?? []);
  const free = alerts.filter((a) => sectionOf(a) === 'technical');
  const taken = free.slice(0, most);
  const kinds = new Map<EventKind, number>();
  for (const { kind } of taken) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const others = (status.value?.load ?? []).filter((who) => who.userId !== me.value?.id);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (busy.value || taken.length === 0) return;
    busy.value = true;
    const answer = await post<{ done: number; missed: readonly unknown[] }>('/api/v1/alerts/claims', { ids: taken.map((a) => a.id), ...(to.value ? { to: to.value } : {}) });
    busy.value = false;
    problem.value = answer.ok ? null : answer.problem;
    if (!answer.ok) return;
    say(answer.value.missed.length > 0 ? t('bulk.some', { n: answer.value.done, m: answer.value.missed.length }) : t('bulk.done', { n: answer.value.done }));
    close();
  };
  return (
    <form class="stack" data-test="bulk-form" onSubmit={(event) => void submit(event)}>
      <p><b class="digits" data-test="bulk-count">{t('bulk.count', { n: taken.length })}</b> {[...kinds].map(([kind, n]) => `${kindName(kind)} ${n}`).join(' · ')}</p>
      <p class="dim">{t('bulk.help')}{free.length > most && ` ${t('bulk.most', { n: most })}`}</p>
      <label>{t('bulk.who')}<select data-test="bulk-to" value={to.value} onChange={(event) => { to.value = event.currentTarget.value; }}>
        <option value="">{t('bulk.me')}</option>{others.map((who) => <option key={who.userId} value={who.userId}>{who.name}{who.onDuty ? '' : ` (${t('bulk.off')})`}</option>)}</select></label>
      {problem.value && <p class="trouble" role="alert" data-test="bulk-trouble">{problem.value.fields.some((f) => f.field === 'ids') ? t('bulk.refused') : problemText(problem.value)}</p>}
      <p><button type="submit" class="strong" data-test="bulk-go" disabled={busy.value || taken.length === 0}>{t('bulk.go', { n: taken.length })}</button></p>
    </form>
  );
}
