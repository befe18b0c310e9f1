/** 外出, 住院, 已转移 (C9): set for one person, one home, or all homes of many villages at once, always with an end; ended the same way. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { type Problem, post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { fromLocal, toLocal } from './fields.ts';
import { Card } from './file.tsx';
import { word } from './words.tsx';

export const modeNames = ['away', 'hospital', 'evacuated'] as const;
export type Target = { people?: readonly string[]; homes?: readonly string[]; regions?: readonly string[] };
const dayMs = 86_400_000;
/** A first guess of the end; whoever sets it changes it. */
const usualDays: Record<(typeof modeNames)[number], number> = { away: 7, hospital: 14, evacuated: 2 };

/** Sets or ends; null on success, else why not. */
export async function sendMode(target: Target, mode: string | null, until: number | null): Promise<Problem | null> {
  const answer = await post<{ homes: number; people: number; missing: string[] }>('/api/v1/modes', { mode, ...(until === null ? {} : { until }), ...target }, false);
  if (!answer.ok) return answer.problem;
  const { homes, people, missing } = answer.value;
  say([mode === null ? t('modes.ended', { homes, people }) : t('modes.done', { homes, people }), missing.length > 0 ? t('modes.missing', { n: missing.length }) : null].filter(Boolean).join(' · '));
  return null;
}

function ModeDialog({ title, target, onClose }: { title: string; target: Target; onClose(done: boolean): void }) {
  const mode = useSignal<(typeof modeNames)[number]>('away');
  const until = useSignal(toLocal(serverNow.peek() + usualDays.away * dayMs));
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    problem.value = await sendMode(target, mode.value, fromLocal(until.value));
    if (problem.value === null) onClose(true);
  };
  return (
    <Dialog title={title} onClose={() => onClose(false)}>
      <form class="stack" data-test="mode-form" onSubmit={(event) => void submit(event)}>
        <label>{t('modes.mode')}<select name="mode" value={mode.value} onChange={(event) => { const next = event.currentTarget.value as typeof mode.value; mode.value = next; until.value = toLocal(serverNow.peek() + usualDays[next] * dayMs); }}>
          {modeNames.map((name) => <option key={name} value={name}>{word('flag', name)}</option>)}</select></label>
        <label>{t('modes.until')}<input type="datetime-local" name="until" required value={until.value} onInput={(event) => { until.value = event.currentTarget.value; }} /></label>
        <p class="dim small">{t('modes.help')}</p>
        {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
        <button type="submit" class="strong">{t('act.set')}</button>
      </form>
    </Dialog>
  );
}

/** What holds for one person or home, with the keys to set and end it. */
export function ModeCard({ target, mode, until, onChange }: { target: Target; mode: string | null; until: number | null; onChange(): void }) {
  const open = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const mine = can(may.act);
  const end = async (): Promise<void> => { problem.value = await sendMode(target, null, null); if (problem.value === null) onChange(); };
  return (
    <Card title={t('modes.title')} test="mode-card" tools={mine && (mode === null
      ? <button type="button" class="small-button" data-test="mode-set" onClick={() => { open.value = true; }}>{t('act.set')}</button>
      : <button type="button" class="small-button" data-test="mode-end" onClick={() => void end()}>{t('act.endNow')}</button>)}>
      <p>{mode === null ? <span class="dim">{t('modes.none')}</span> : <><b>{word('flag', mode)}</b> {until !== null && t('files.until', { time: dayMinute(until) })}</>}</p>
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {open.value && <ModeDialog title={t('modes.title')} target={target} onClose={(done) => { open.value = false; if (done) onChange(); }} />}
    </Card>
  );
}
