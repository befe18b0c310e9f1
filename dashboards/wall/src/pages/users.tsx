/** 用户: who may log in, what the role allows in words, in which region; passwords are made here and shown once. */
import { useSignal } from '@preact/signals';
import { type UserRole, userRoles } from '#core/user.ts';
import { post, type Problem, send } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { SecondFactorRoles } from './users-factor.tsx';
import { FieldProblem, ScopePicker, scopeName, Sure } from './paging.tsx';

type User = { id: string; username: string; role: UserRole; scopeCode: string; displayName: string; disabledAt: number | null; passwordChangedAt: number; failedCount: number; lockedUntil: number | null; version: number; demo: boolean };
type Shown = { name: string; username: string; password: string };

/** Why a change of users was refused. */
function refusal(problem: Problem): string {
  if (problem.more['reason'] === 'last-admin') return t('users.lastAdmin');
  if (problem.more['reason'] === 'name-taken') return t('users.taken');
  return problem.code === 'E_CONFLICT' ? t('set.version') : problemText(problem);
}

export function Users() {
  const list = useFetched<{ users: User[] }>('/api/v1/users');
  const find = useSignal('');
  const editing = useSignal<User | 'new' | null>(null);
  const shown = useSignal<Shown | null>(null);
  const wanted = find.value.trim().toLowerCase();
  const users = list.value?.users.filter((u) => wanted === '' || `${u.username} ${u.displayName}`.toLowerCase().includes(wanted));
  return (
    <Page title={t('users.title')} help={t('users.help')} onRefresh={list.again} test="users">
      <div class="filters">
        <label>{t('act.find')}<input type="search" placeholder={t('users.find')} data-test="find-user" value={find.value} onInput={(event) => { find.value = event.currentTarget.value; }} /></label>
        <span class="grow" /><button type="button" class="strong" data-test="add-user" onClick={() => { editing.value = 'new'; }}>{t('act.add')}</button>
      </div>
      {users === undefined ? <Waiting problem={list.problem} /> : users.length === 0 ? <p class="empty">{t('set.none')}</p> : (
        <div class="card scroll"><table class="table">
          <thead><tr><th>{t('users.name')}</th><th>{t('users.username')}</th><th>{t('users.role')}</th><th>{t('set.scope')}</th><th>{t('users.state')}</th><th /></tr></thead>
          <tbody>{users.map((u) => (
            <tr key={u.id} data-user={u.username}>
              <td>{u.displayName}{u.id === me.value?.id && <i class="flag">{t('users.self')}</i>}{u.demo && <i class="flag">{t('note.demo')}</i>}</td><td><code>{u.username}</code></td>
              <td title={t(`can.${u.role}`)}>{t(`user.${u.role}`)}</td><td>{scopeName(u.scopeCode)}</td>
              <td><UserState user={u} /></td>
              <td><button type="button" class="small-button" onClick={() => { editing.value = u; }}>{t('act.edit')}</button></td>
            </tr>
          ))}</tbody>
        </table></div>
      )}
      <SecondFactorRoles />
      {editing.value !== null && <Editor key={editing.value === 'new' ? 'new' : editing.value.id} user={editing.value === 'new' ? null : editing.value} onShown={(value) => { shown.value = value; }} onClose={(changed) => { editing.value = null; if (changed) list.again(); }} />}
      {shown.value && <PasswordShown shown={shown.value} onClose={() => { shown.value = null; }} />}
    </Page>
  );
}

function UserState({ user: u }: { user: User }) {
  const locked = u.lockedUntil !== null && u.lockedUntil > serverNow.value;
  return <span class="said"><span class={u.disabledAt !== null || locked ? 'warn' : ''}>{u.disabledAt !== null ? t('users.off') : locked ? t('users.locked') : t('users.on')}</span>
    <span class="dim small">{[u.failedCount > 0 && t('users.failed', { n: u.failedCount }), t('users.changed', { time: dayMinute(u.passwordChangedAt) })].filter(Boolean).join(' · ')}</span></span>;
}

function PasswordShown({ shown, onClose }: { shown: Shown; onClose(): void }) {
  return (
    <Dialog title={t('users.made', { name: shown.name })} onClose={onClose}>
      <p><b>{t('set.shownOnce')}</b></p>
      <dl class="facts"><div><dt>{t('users.username')}</dt><dd><code>{shown.username}</code></dd></div><div><dt>{t('login.password')}</dt><dd><code class="made-value" data-test="new-password">{shown.password}</code></dd></div></dl>
      <p><button type="button" class="strong" onClick={onClose}>{t('act.done')}</button></p>
    </Dialog>
  );
}

function Editor({ user, onShown, onClose }: { user: User | null; onShown(shown: Shown): void; onClose(changed: boolean): void }) {
  const problem = useSignal<Problem | null>(null);
  const role = useSignal<UserRole>(user?.role ?? 'operator');
  const scope = useSignal(user?.scopeCode ?? me.value?.scopeCode ?? '');
  const change = async (body: Record<string, unknown>): Promise<void> => {
    const answer = await send<User>('PATCH', `/api/v1/users/${user?.id}`, { ...body, version: user?.version });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('set.saved')); onClose(true); }
  };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const displayName = String(form.get('displayName')).trim();
    if (user) return change({ role: role.value, scopeCode: scope.value, displayName });
    const username = String(form.get('username')).trim();
    const answer = await post<{ password: string }>('/api/v1/users', { username, role: role.value, scopeCode: scope.value, displayName }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { onShown({ name: displayName, username, password: answer.value.password }); onClose(true); }
  };
  const resetFactor = async (): Promise<void> => {
    const answer = await post(`/api/v1/users/${user?.id}/factor/reset`, {}, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('set.saved')); onClose(true); }
  };
  const renew = async (): Promise<void> => {
    if (!user) return;
    const answer = await post<{ password: string }>(`/api/v1/users/${user.id}/password`, user.disabledAt === null ? {} : { enable: true }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { onShown({ name: user.displayName, username: user.username, password: answer.value.password }); onClose(true); }
  };
  return (
    <Dialog title={user ? user.displayName : t('users.new')} onClose={() => onClose(problem.value?.code === 'E_CONFLICT')}>
      <form class="stack" data-test="user-form" onSubmit={(event) => void submit(event)}>
        {!user && <label>{t('users.username')}<input name="username" required minLength={2} maxLength={64} autocomplete="off" spellcheck={false} autofocus /><FieldProblem problem={problem.value} field="username" /></label>}
        <label>{t('users.name')}<input name="displayName" required maxLength={60} defaultValue={user?.displayName ?? ''} autocomplete="off" /><FieldProblem problem={problem.value} field="displayName" /></label>
        <label>{t('users.role')}<select value={role.value} data-test="role" onChange={(event) => { role.value = event.currentTarget.value as UserRole; }}>{userRoles.map((r) => <option key={r} value={r}>{t(`user.${r}`)}</option>)}</select><span class="dim small" data-test="can">{t(`can.${role.value}`)}</span></label>
        <label for="user-scope">{t('set.scope')}<ScopePicker id="user-scope" value={scope.value} onChange={(code) => { scope.value = code; }} test="scope" /><FieldProblem problem={problem.value} field="scopeCode" /></label>
        {problem.value && <p class="trouble" role="alert" data-test="user-problem">{refusal(problem.value)}</p>}
        <p class="buttons"><button type="submit" class="strong">{user ? t('act.save') : t('act.add')}</button>
          {user && <Sure label={t('act.newPassword')} test="renew" run={() => void renew()} />}
          {user && user.id !== me.value?.id && <Sure label={t('act.resetFactor')} test="reset-factor" run={() => void resetFactor()} />}
          {user && <Sure label={user.disabledAt === null ? t('act.disable') : t('act.enable')} test="disable" run={() => void change({ disabled: user.disabledAt === null })} />}</p>
        {user && <p class="dim small">{t('users.passwordHelp')} {t('factor.resetHelp')} {user.demo && t('users.demoHelp')}</p>}
      </form>
    </Dialog>
  );
}
