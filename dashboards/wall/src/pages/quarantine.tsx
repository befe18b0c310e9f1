/** 待查报文: what devices sent and nobody could read. Find, look at the bytes, and replay one or all after a decoder was mended. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { can } from '#wall/state/session.ts';
import { say, sayBad, sayProblem } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { Choice, filter, setFilter, Sure, usePaged, withQuery } from './paging.tsx';

type Frame = { id: string; deviceId: string; topic: string; bytes: number; reason: string; receivedAt: number; replayedAt: number | null; replayResult: string | null };
type Raw = { text: string | null; hex: string; kept: number };
type Portion = { tried: number; replayed: number; unreadable: number; other: number; next: string | null };

export function Quarantine() {
  const chosen = { q: filter('q'), reason: filter('reason'), replayed: filter('replayed') };
  const list = usePaged<Frame>(withQuery('/api/v1/quarantine', { ...chosen, limit: '100' }), 'frames');
  const reasons = useFetched<{ reasons: { reason: string; open: number; all: number }[] }>('/api/v1/quarantine/reasons');
  const again = (): void => { list.again(); reasons.again(); };
  return (
    <Page title={t('quarantine.title')} help={t('quarantine.help')} onRefresh={again} test="quarantine">
      <div class="filters">
        <label>{t('act.find')}<input type="search" placeholder={t('quar.find')} maxLength={100} value={chosen.q} data-filter="q" onChange={(event) => setFilter('q', event.currentTarget.value.trim())} /></label>
        <Choice name="reason" label={t('quarantine.reason')} options={(reasons.value?.reasons ?? []).map((r) => [r.reason, t('quar.count', { reason: r.reason, n: r.all })])} />
        <Choice name="replayed" label={t('quar.state')} options={[['open', t('quar.open')], ['done', t('quar.done')]]} />
        {can(may.openQuarantine) && <ReplayAll chosen={chosen} onDone={again} />}
      </div>
      {list.rows === null ? <Waiting problem={list.problem} /> : list.rows.length === 0 ? <p class="empty">{Object.values(chosen).some(Boolean) ? t('set.none') : t('quarantine.empty')}</p> : (
        <div class="card scroll"><table class="table">
          <thead><tr><th>{t('quarantine.at')}</th><th>{t('quarantine.device')}</th><th>{t('quarantine.topic')}</th><th>{t('quarantine.reason')}</th><th>{t('quarantine.bytes')}</th><th>{t('quarantine.result')}</th><th /></tr></thead>
          <tbody>{list.rows.map((frame) => <FrameRow key={frame.id} frame={frame} onDone={again} />)}</tbody>
        </table>{list.more && <button type="button" class="plain" data-test="more" onClick={list.more}>{t('act.next')}</button>}</div>
      )}
    </Page>
  );
}

/** Portion after portion, the oldest first, until nothing that fits is open. */
function ReplayAll({ chosen, onDone }: { chosen: { q: string; reason: string }; onDone(): void }) {
  const done = useSignal<Omit<Portion, 'next' | 'tried'> | null>(null);
  const run = async (): Promise<void> => {
    const filters = { ...(chosen.q ? { q: chosen.q } : {}), ...(chosen.reason ? { reason: chosen.reason } : {}) };
    const sum = { replayed: 0, unreadable: 0, other: 0 };
    for (let after: string | null = '1'; after !== null;) {
      const answer: Awaited<ReturnType<typeof post<Portion>>> = await post<Portion>('/api/v1/quarantine/replay', after === '1' ? filters : { ...filters, after }, false);
      if (!answer.ok) { sayProblem(answer.problem); break; }
      for (const key of ['replayed', 'unreadable', 'other'] as const) sum[key] += answer.value[key];
      done.value = { ...sum };
      after = answer.value.next;
    }
    onDone();
  };
  return (
    <span class="said" title={t('quar.allHelp')}><Sure label={t('act.replayAll')} test="replay-all" run={() => void run()} />
      {done.value ? <span class="small" role="status" data-test="replay-progress">{t('quar.progress', done.value)}</span> : <span class="dim small">{t('quar.sorted')}</span>}</span>
  );
}

const resultText = (result: string): string => maybeText(`replay.${result}`) ?? result;

function FrameRow({ frame, onDone }: { frame: Frame; onDone(): void }) {
  const raw = useSignal<Raw | null>(null);
  const look = async (): Promise<void> => {
    if (raw.value) { raw.value = null; return; }
    const answer = await post<Raw>(`/api/v1/quarantine/${frame.id}/reveal`);
    if (answer.ok) raw.value = answer.value; else sayProblem(answer.problem);
  };
  const replay = async (): Promise<void> => {
    const answer = await post<{ result: string; reason: string | null }>(`/api/v1/quarantine/${frame.id}/replay`);
    if (answer.ok) (answer.value.result === 'replayed' ? say : sayBad)([resultText(answer.value.result), answer.value.reason].filter(Boolean).join(' · ')); else sayProblem(answer.problem);
    onDone();
  };
  return (
    <>
      <tr data-id={frame.id}>
        <td class="digits">{dayMinute(frame.receivedAt)}</td><td><code>{frame.deviceId}</code></td><td><code>{frame.topic}</code></td><td>{frame.reason}</td><td class="digits">{frame.bytes}</td>
        <td>{frame.replayResult === null ? '–' : resultText(frame.replayResult)}</td>
        <td>{can(may.openQuarantine) && <button type="button" class="small-button" aria-expanded={raw.value !== null} onClick={() => void look()}>{t('act.look')}</button>} {can(may.openQuarantine) && frame.replayedAt === null && <button type="button" class="small-button" onClick={() => void replay()}>{t('act.replay')}</button>}</td>
      </tr>
      {raw.value && <tr><td colSpan={7}><pre class="raw" data-test="raw">{raw.value.text ?? raw.value.hex}</pre></td></tr>}
    </>
  );
}
