/** 门码 (一码通): whether a home has a code at its door, a new one, printing, and the end of one; and the codes of a whole village on one sheet. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { type Problem, post, remove } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Card, useOne } from './file.tsx';

type State = { valid: { issuedAt: number; issuedBy: string } | null; revoked: number };
/** A sheet to print, in the language of the screen. */
export const sheetOf = (kind: 'doors' | 'devices', query: Record<string, string>): string => `/labels/${kind}?${new URLSearchParams({ ...query, ...(lang.value === 'en' ? { lang: 'en' } : {}) })}`;

export function DoorCard({ homeId }: { homeId: string }) {
  const door = useOne<State>(`/api/v1/homes/${homeId}/door`);
  const asking = useSignal<'issue' | 'revoke' | null>(null);
  const problem = useSignal<Problem | null>(null);
  const run = async (what: 'issue' | 'revoke'): Promise<void> => {
    asking.value = null;
    const path = `/api/v1/homes/${homeId}/door`;
    const answer = what === 'issue' ? await post<State>(path, {}, false) : await remove(path);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) say(t(what === 'issue' ? 'door.issued' : 'door.revoked'));
    door.again();
  };
  const valid = door.value?.valid ?? null;
  const trouble = problem.value ?? door.problem;
  return (
    <Card title={t('door.title')} test="door-card">
      {door.value !== null && <p>{valid === null ? <span class="dim">{t('door.none')}</span> : <span class="digits">{t('door.since', { time: dayMinute(valid.issuedAt) })}</span>}</p>}
      {can(may.writeFiles) && door.value !== null && <p class="buttons">
        <button type="button" class="small-button" data-test="door-issue" onClick={() => { if (valid === null) void run('issue'); else asking.value = 'issue'; }}>{t(valid === null ? 'act.issue' : 'act.issueAnew')}</button>
        {valid !== null && <a class="small-button" data-test="door-print" target="_blank" rel="noopener" href={sheetOf('doors', { home: homeId })}>{t('act.print')}</a>}
        {valid !== null && <button type="button" class="small-button" data-test="door-revoke" onClick={() => { asking.value = 'revoke'; }}>{t('act.revoke')}</button>}
      </p>}
      {trouble && <p class="trouble" role="alert">{problemText(trouble)}</p>}
      {asking.value && (
        <Dialog title={t(asking.value === 'issue' ? 'act.issueAnew' : 'act.revoke')} onClose={() => { asking.value = null; }}>
          <p>{t('door.sure')}</p>
          <p class="buttons"><button type="button" class="strong" data-test="door-sure" onClick={() => void run(asking.value ?? 'issue')}>{t(asking.value === 'issue' ? 'act.issueAnew' : 'act.revoke')}</button><button type="button" class="plain" onClick={() => { asking.value = null; }}>{t('act.cancel')}</button></p>
        </Dialog>
      )}
    </Card>
  );
}

/** All homes of the chosen village get a code where they have none, and the sheet opens. */
export function VillageDoors({ region }: { region: string }) {
  const problem = useSignal<Problem | null>(null);
  const made = useSignal<string | null>(null);
  if (region === '' || region.endsWith('000')) return null;
  const issue = async (): Promise<void> => {
    const answer = await post<{ issued: number; homes: number }>('/api/v1/door-codes', { region }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (!answer.ok) return;
    made.value = region;
    say(t('door.village', { n: answer.value.issued, all: answer.value.homes }));
  };
  return (
    <>
      {made.value === region ? <a class="strong" data-test="village-print" target="_blank" rel="noopener" href={sheetOf('doors', { region })}>{t('act.printDoors')}</a> : <button type="button" class="plain" data-test="village-doors" onClick={() => void issue()}>{t('act.issueDoors')}</button>}
      {problem.value && <span class="trouble" role="alert">{problemText(problem.value)}</span>}
    </>
  );
}
