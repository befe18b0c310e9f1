/** 每月试按: villages with what is overdue, the devices of one with their last press, a window for it, the list as a file, the county's settings. */
import { useSignal } from '@preact/signals';
import { pressable, type TestCallSettings, type TestCallState } from '#core/test-call.ts';
import { may } from '#core/user.ts';
import { type Problem, post, put } from '#wall/api/client.ts';
import { useOne } from '#wall/files/file.tsx';
import { DemoMark, word } from '#wall/files/words.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf, route } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem } from './paging.tsx';

type Village = { code: string | null; town: string | null; village: string | null; devices: number; pressed: number; due: number; overdue: number; away: number };
type Device = { id: string; type: string; homeId: string | null; room: string | null; demo: boolean; state: TestCallState; dueAt: number; testUntil: number | null; lastPressAt: number | null; kind: string | null; booked: boolean | null; alertId: string | null };
const place = (v: { town: string | null; village: string | null }): string => [v.town, v.village].filter(Boolean).join(' ') || t('files.unknown');

export function TestCalls() {
  const region = route.value.id;
  const view = useFetched<{ on: boolean; periodDays: number; villages: Village[] }>('/api/v1/test-calls');
  const all = view.value?.villages ?? [];
  const shown = all.find((v) => v.code === region);
  const sum = (of: 'devices' | 'overdue' | 'due'): number => all.reduce((n, v) => n + v[of], 0);
  return (
    <Page title={t('tab.test-calls')} help={t('press.help')} test="test-calls" onRefresh={view.again}>
      {view.value === null ? <Waiting problem={view.problem} /> : <>
        {!view.value.on && <p class="warn" data-test="press-off">{t('press.off')}</p>}
        <p class="buttons"><span data-test="press-counts">{t('press.counts', { devices: sum('devices'), overdue: sum('overdue'), due: sum('due') })}</span> <a class="plain file-link" download href={`/api/v1/test-calls.csv${region === null ? '' : `?region=${region}`}`} data-test="file">{t('act.file')}</a></p>
        {region !== null && shown ? <OneVillage key={region} village={shown} onBooked={view.again} /> : all.length === 0 ? <p class="empty" data-test="none">{t('press.none')}</p> : (
          <div class="card scroll"><table class="table list">
            <thead><tr><th scope="col">{t('files.place')}</th><th scope="col">{t('press.devices')}</th><th scope="col">{word('callState', 'overdue')}</th><th scope="col">{word('callState', 'due')}</th><th scope="col">{word('callState', 'pressed')}</th><th scope="col">{word('callState', 'away')}</th></tr></thead>
            <tbody>{all.map((v) => (
              <tr key={v.code} data-id={v.code}><th scope="row">{v.code === null ? t('files.unknown') : <a href={hashOf('test-calls', v.code)}>{place(v)}</a>}</th><td class="digits">{v.devices}</td><td class={v.overdue > 0 ? 'digits warn' : 'digits'}>{v.overdue}</td><td class="digits">{v.due}</td><td class="digits">{v.pressed}</td><td class="digits">{v.away}</td></tr>
            ))}</tbody>
          </table></div>
        )}
        <Settings on={view.value.on} onSaved={view.again} />
      </>}
    </Page>
  );
}

function OneVillage({ village, onBooked }: { village: Village; onBooked(): void }) {
  const found = useOne<{ devices: Device[]; more: boolean }>(`/api/v1/test-calls/devices?region=${village.code}`);
  const minutes = useSignal(60);
  const problem = useSignal<Problem | null>(null);
  const devices = found.value?.devices ?? [];
  const [running, wanted] = [devices.filter((d) => d.testUntil !== null), village.due + village.overdue];
  const book = async (length: number, n: number): Promise<void> => {
    const answer = await post<{ testUntil: number | null }>('/api/v1/test-calls/window', { region: village.code, minutes: length, devices: n }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) say(answer.value.testUntil === null ? t('press.ended') : t('press.booked', { time: dayMinute(answer.value.testUntil) }));
    found.again();
    onBooked();
  };
  return (
    <section class="card stack" data-test="press-village">
      <h2>{place(village)}</h2>
      <p><a class="plain" href={hashOf('test-calls')}>{t('press.all')}</a></p>
      {can(may.writeDevices) && wanted > 0 && <div class="stack">
        <p class="dim">{t('press.windowHelp', { minutes: minutes.value, n: wanted })}</p>
        <p class="buttons"><label>{t('press.minutes')}<input type="number" min={5} max={120} value={minutes.value} onInput={(event) => { minutes.value = Number(event.currentTarget.value); }} /></label>
          <button type="button" class="strong" data-test="press-book" onClick={() => void book(minutes.value, wanted)}>{t('press.window')}</button></p>
      </div>}
      {running.length > 0 && <p data-test="press-running"><b>{t('press.running', { time: dayMinute(Math.max(...running.map((d) => d.testUntil ?? 0))), n: running.length })}</b> {can(may.writeDevices) && <button type="button" class="small-button" data-test="press-end" onClick={() => void book(0, running.length)}>{t('press.end')}</button>}</p>}
      {problem.value && <p class="trouble" role="alert">{problem.value.code === 'E_CONFLICT' ? t('press.changed') : problemText(problem.value)}</p>}
      {found.value === null ? <Waiting problem={found.problem} /> : (
        <div class="scroll"><table class="table list">
          <thead><tr><th scope="col">{t('devices.id')}</th><th scope="col">{t('devices.model')}</th><th scope="col">{t('press.last')}</th><th scope="col">{t('press.how')}</th><th scope="col">{t('press.dueAt')}</th><th scope="col">{t('press.state')}</th></tr></thead>
          <tbody>{devices.map((d) => (
            <tr key={d.id} data-id={d.id}><th scope="row"><a href={hashOf('devices', d.id)}><code>{d.id}</code></a> <DemoMark demo={d.demo} /></th><td>{[word('deviceType', d.type), d.room].filter(Boolean).join(' · ')}</td>
              <td class="digits">{d.lastPressAt === null ? t('press.never') : dayMinute(d.lastPressAt)}</td><td>{d.lastPressAt === null ? '' : word('callHow', d.booked === true ? 'booked' : d.kind === 'test' ? 'unbooked' : 'alarm')}</td>
              <td class="digits">{dayMinute(d.dueAt)}</td><td class={d.state === 'overdue' ? 'warn' : undefined}>{word('callState', d.state)}{d.testUntil !== null && d.testUntil > serverNow.value ? ` · ${t('press.booked', { time: dayMinute(d.testUntil) })}` : ''}</td></tr>
          ))}</tbody>
        </table></div>
      )}
      {found.value?.more && <p class="dim">{t('press.more')}</p>}
    </section>
  );
}

function Settings({ on, onSaved }: { on: boolean; onSaved(): void }) {
  const known = useFetched<{ settings: TestCallSettings; updatedAt: number | null }>('/api/v1/test-calls/settings');
  const startOpen = useSignal(!on);
  const draft = useSignal<TestCallSettings | null>(null);
  const problem = useSignal<Problem | null>(null);
  const mayWrite = can(may.writeReach) && (me.value?.scopeCode ?? '').endsWith('000000');
  const now = draft.value ?? known.value?.settings ?? null;
  const set = (more: Partial<TestCallSettings>): void => { if (now) draft.value = { ...now, ...more }; };
  const save = async (): Promise<void> => {
    const answer = await put('/api/v1/test-calls/settings', { settings: draft.value, updatedAt: known.value?.updatedAt ?? null });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { draft.value = null; say(t('set.saved')); known.again(); onSaved(); }
  };
  return (
    <details class="card stack" open={startOpen.value} data-test="press-settings">
      <summary>{t('press.settings')}</summary><p class="dim">{t('press.settingsHelp')}</p>
      {now === null ? <Waiting problem={known.problem} /> : (
        <fieldset disabled={!mayWrite} class="stack">
          <label class="tick"><input type="checkbox" checked={now.on} data-test="press-on" onChange={(event) => set({ on: event.currentTarget.checked })} /> {t('press.on')}</label>
          <label class="tick"><input type="checkbox" checked={now.remind} onChange={(event) => set({ remind: event.currentTarget.checked })} /> {t('press.remind')}</label>
          <label>{t('press.period')}<input type="number" min={7} max={180} value={now.periodDays} data-test="press-period" onInput={(event) => set({ periodDays: Number(event.currentTarget.value) })} /><FieldProblem problem={problem.value} field="settings.periodDays" /></label>
          <div class="buttons"><span class="dim">{t('press.types')}</span>{pressable.map((type) => (
            <label key={type} class="tick"><input type="checkbox" checked={now.types.includes(type)} onChange={(event) => set({ types: event.currentTarget.checked ? [...now.types, type] : now.types.filter((x) => x !== type) })} /> {word('deviceType', type)}</label>
          ))}<FieldProblem problem={problem.value} field="settings.types" /></div>
          {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
          {mayWrite && <p class="buttons"><button type="button" class="strong" disabled={draft.value === null} data-test="save-press" onClick={() => void save()}>{t('act.save')}</button></p>}
        </fieldset>
      )}
    </details>
  );
}
