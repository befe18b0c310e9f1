/** The county's weekly ring: on or off, its hours, who is rung by night too, the bound of a day. */
import { useSignal } from '@preact/signals';
import { responderRoles } from '#core/registry.ts';
import { may } from '#core/user.ts';
import { type Problem, put } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { can, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { useFetched, Waiting } from './page.tsx';
import { FieldProblem } from './paging.tsx';

type Settings = { weekly: boolean; yearly: boolean; from: string; to: string; nightRoles: string[]; perDay: number };
type View = { settings: Settings; updatedAt: number | null; updatedBy: string | null };

export function RingSettings({ on, onSaved }: { on: boolean; onSaved(): void }) {
  const known = useFetched<View>('/api/v1/assurance/settings');
  const startOpen = useSignal(!on); // saving does not fold it away
  const draft = useSignal<Settings | null>(null);
  const problem = useSignal<Problem | null>(null);
  const mayWrite = can(may.writeReach) && (me.value?.scopeCode ?? '').endsWith('000000');
  const now = draft.value ?? known.value?.settings ?? null;
  const set = (more: Partial<Settings>): void => { if (now) draft.value = { ...now, ...more }; };
  const save = async (): Promise<void> => {
    const answer = await put<View>('/api/v1/assurance/settings', { settings: draft.value, updatedAt: known.value?.updatedAt ?? null });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { draft.value = null; say(t('set.saved')); known.again(); onSaved(); }
  };
  return (
    <details class="card stack no-print" open={startOpen.value} data-test="ring-settings">
      <summary>{t('reach.settings')}</summary><p class="dim">{t('reach.settingsHelp')}</p>
      {now === null ? <Waiting problem={known.problem} /> : (
        <fieldset disabled={!mayWrite} class="stack">
          <label class="tick"><input type="checkbox" checked={now.weekly} data-test="ring-weekly" onChange={(event) => set({ weekly: event.currentTarget.checked })} /> {t('reach.weekly')}</label>
          <label class="tick"><input type="checkbox" checked={now.yearly} onChange={(event) => set({ yearly: event.currentTarget.checked })} /> {t('reach.yearly')}</label>
          <div class="form-row">
            <label>{t('reach.from')}<input type="time" value={now.from} onInput={(event) => set({ from: event.currentTarget.value })} /></label>
            <label>{t('reach.to')}<input type="time" value={now.to} data-test="ring-to" onInput={(event) => set({ to: event.currentTarget.value })} /><FieldProblem problem={problem.value} field="settings.to" /></label>
            <label>{t('reach.perDay')}<input type="number" min={1} max={5000} value={now.perDay} onInput={(event) => set({ perDay: Number(event.currentTarget.value) })} /></label>
          </div>
          <div class="buttons"><span class="dim">{t('reach.nightRoles')}</span>{responderRoles.map((role) => (
            <label key={role} class="tick"><input type="checkbox" checked={now.nightRoles.includes(role)} onChange={(event) => set({ nightRoles: event.currentTarget.checked ? [...now.nightRoles, role] : now.nightRoles.filter((r) => r !== role) })} /> {t(`role.${role}`)}</label>
          ))}</div>
          {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
          {mayWrite && <p class="buttons"><button type="button" class="strong" disabled={draft.value === null} data-test="save-ring" onClick={() => void save()}>{t('act.save')}</button></p>}
        </fieldset>
      )}
    </details>
  );
}
