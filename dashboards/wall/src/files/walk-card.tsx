/** 走测 on a home's file: begun, led from room to room, what each device saw, and the swap that puts the file right. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import type { WalkFinding, WalkResult, WalkStep } from '#core/walk-test.ts';
import { type Problem, post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Card, useOne } from './file.tsx';
import { word } from './words.tsx';

type View = { devices: number; rooms: string[]; walk: { begunAt: number; until: number; running: boolean; steps: WalkStep[]; result: Omit<WalkResult, 'devices'> & { devices: (WalkFinding & { type: string })[] } } | null };

export function WalkCard({ homeId, onChange }: { homeId: string; onChange(): void }) {
  const found = useOne<View>(`/api/v1/homes/${homeId}/walk-test`);
  const problem = useSignal<Problem | null>(null);
  const room = useSignal('');
  const view = found.value;
  if (view === null || view.devices === 0) return null;
  const { walk } = view;
  const send = async (path: string, body: object, done?: string): Promise<void> => {
    const answer = await post(`/api/v1/homes/${homeId}/${path}`, body, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok && done) { say(done); onChange(); }
    found.again();
  };
  const step = (where: string): void => { room.value = ''; void send('walk-test', { act: 'step', room: where }); };
  const of = (id: string): WalkFinding | undefined => walk?.result.devices.find((d) => d.id === id);
  const here = walk?.steps.at(-1)?.room;
  return (
    <Card title={t('walk.title')} test="walk">
      <p class="dim small">{t('walk.help')}</p>
      {can(may.writeDevices) && (walk?.running ? <>
        <p>{t('walk.running', { time: dayMinute(walk.until) })}{here !== undefined && <> · <b>{t('walk.here', { room: here })}</b></>}</p>
        <p class="buttons">{view.rooms.map((r) => <button key={r} type="button" class={r === here ? 'strong' : 'small-button'} data-room={r} onClick={() => step(r)}>{r}</button>)}
          <input aria-label={t('walk.other')} placeholder={t('walk.other')} maxLength={40} value={room.value} onInput={(event) => { room.value = event.currentTarget.value; }} /><button type="button" class="small-button" disabled={room.value.trim() === ''} onClick={() => step(room.value.trim())}>{t('walk.step')}</button></p>
        <p class="buttons"><button type="button" class="strong" data-test="walk-end" onClick={() => void send('walk-test', { act: 'end' })}>{t('walk.end')}</button><button type="button" class="plain" onClick={found.again}>{t('act.refresh')}</button></p>
      </> : <p class="buttons"><button type="button" class="small-button" data-test="walk-begin" onClick={() => void send('walk-test', { act: 'begin' })}>{t('walk.begin')}</button></p>)}
      {walk !== null && walk.steps.length > 0 && <>
        <p data-test="walk-result" class={walk.result.kind === 'swapped' || walk.result.kind === 'elsewhere' ? 'warn' : undefined}><b>{word('walkKind', walk.result.kind)}</b> <span class="dim small digits">{dayMinute(walk.begunAt)}</span></p>
        <ul class="lines-list">{walk.result.devices.map((d) => (
          <li key={d.id}><a href={hashOf('devices', d.id)}>{word('deviceType', d.type)}</a><span>{d.room ?? t('files.unknown')}</span><span class={d.verdict === 'right' ? undefined : 'warn'}>{word('walkVerdict', d.verdict)}{d.verdict === 'elsewhere' && d.seenIn !== null ? ` ${d.seenIn}` : ''}</span><span class="dim small digits">{t('walk.times', { n: d.sightings })}</span></li>
        ))}</ul>
        {can(may.writeDevices) && walk.result.swaps.map(({ a, b }) => {
          const [roomOfA, roomOfB] = [of(a)?.room ?? '', of(b)?.room ?? ''];
          return <p key={a} class="buttons"><button type="button" class="strong" data-test="swap-rooms" onClick={() => void send('swap-rooms', { a, roomOfA, b, roomOfB }, t('walk.swapped'))}>{t('walk.swap', { a: roomOfA, b: roomOfB })}</button></p>;
        })}
      </>}
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
    </Card>
  );
}
