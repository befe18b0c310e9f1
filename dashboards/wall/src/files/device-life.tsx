/** 履历: what a device was and where it hung, who came after it, and what may be done with it now; each act says what it costs before it is done. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DeviceLife, LifeAct } from '#core/device-life.ts';
import { may } from '#core/user.ts';
import { type Problem, post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Card, useOne } from './file.tsx';
import type { DeviceFile } from './shapes.ts';
import { word } from './words.tsx';

type Line = { at: number; life: DeviceLife; homeId: string | null; personId: string | null; room: string | null; replacedBy: string | null; actor: string | null };
type Chain = readonly { id: string; at: number }[];
type History = { life: DeviceLife; acts: readonly LifeAct[]; lines: readonly Line[]; replaces: Chain; replacedBy: Chain };

export function DeviceLifeCard({ device, onChange }: { device: DeviceFile; onChange(): void }) {
  const history = useOne<History>(`/api/v1/devices/${device.id}/life`);
  useEffect(() => { if (history.value !== null) history.again(); }, [device.version]);
  const h = history.value;
  return (
    <Card title={t('life.title')} test="device-life">
      {h === null ? <p class="dim">{history.problem ? problemText(history.problem) : t('common.loading')}</p> : <>
        {h.replacedBy.map((r) => <p key={r.id} data-test="replaced-by">{t('life.replacedBy')} <a href={hashOf('devices', r.id)}><code>{r.id}</code></a> <span class="dim small digits">{dayMinute(r.at)}</span></p>)}
        {h.replaces.map((r) => <p key={r.id} data-test="replaces">{t('life.replaces')} <a href={hashOf('devices', r.id)}><code>{r.id}</code></a> <span class="dim small digits">{dayMinute(r.at)}</span></p>)}
        {can(may.writeDevices) && <Acts id={device.id} acts={h.acts} onChange={() => { history.again(); onChange(); }} />}
        <ul class="lines-list" data-test="life-lines">{h.lines.map((line) => (
          <li key={`${line.at} ${line.life} ${line.homeId} ${line.room}`}><span class="digits small">{dayMinute(line.at)}</span><b>{word('deviceStatus', line.life)}</b>
            {line.homeId !== null && <a href={hashOf('homes', line.homeId)}>{t('modes.home', { id: line.homeId })}</a>}{line.personId !== null && <a href={hashOf('people', line.personId)}>{t('life.person', { id: line.personId })}</a>}<span>{line.room ?? ''}</span><span class="dim small">{line.actor ?? ''}</span></li>
        ))}</ul>
      </>}
    </Card>
  );
}

/** Revoking has its own button beside the secret. */
function Acts({ id, acts, onChange }: { id: string; acts: readonly LifeAct[]; onChange(): void }) {
  const asking = useSignal<LifeAct | null>(null);
  const by = useSignal('');
  const problem = useSignal<Problem | null>(null);
  const act = asking.value;
  const run = async (): Promise<void> => {
    if (act === null) return;
    const answer = act === 'replace' ? await post(`/api/v1/devices/${id}/replace`, { by: by.value.trim() }, false) : await post(`/api/v1/devices/${id}/life`, { act }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (!answer.ok) return;
    asking.value = null;
    by.value = '';
    say(t('life.done'));
    onChange();
  };
  return (
    <>
      <p class="buttons">{acts.filter((a) => a !== 'revoke').map((a) => <button key={a} type="button" class="small-button" data-act={a} onClick={() => { problem.value = null; asking.value = a; }}>{word('lifeAct', a)}</button>)}</p>
      {act !== null && (
        <Dialog title={word('lifeAct', act)} onClose={() => { asking.value = null; }}>
          <p>{word('lifeSure', act)}</p>
          {act === 'replace' && <label>{t('life.by')}<input name="by" maxLength={64} autocomplete="off" value={by.value} onInput={(event) => { by.value = event.currentTarget.value; }} /></label>}
          {problem.value && <p class="trouble" role="alert" data-test="life-problem">{problemText(problem.value)}</p>}
          <p class="buttons"><button type="button" class="strong" data-test="life-sure" disabled={act === 'replace' && by.value.trim() === ''} onClick={() => void run()}>{word('lifeAct', act)}</button><button type="button" class="plain" onClick={() => { asking.value = null; }}>{t('act.cancel')}</button></p>
        </Dialog>
      )}
    </>
  );
}
