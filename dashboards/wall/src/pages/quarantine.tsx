/** 待查报文: what devices sent and nobody could read. Look at the bytes, and replay after a decoder was mended. */
import { useSignal } from '@preact/signals';
import { post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { say, sayBad, sayProblem } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Frame = { id: string; deviceId: string; topic: string; bytes: number; reason: string; receivedAt: number; replayedAt: number | null; replayResult: string | null };
type Raw = { text: string | null; hex: string; kept: number };

export function Quarantine() {
  const list = useFetched<{ frames: Frame[] }>('/api/v1/quarantine');
  return (
    <Page title={t('quarantine.title')} help={t('quarantine.help')} onRefresh={list.again} test="quarantine">
      {list.value === null ? <Waiting problem={list.problem} /> : list.value.frames.length === 0 ? <p class="empty">{t('quarantine.empty')}</p> : (
        <div class="card scroll"><table class="table">
          <thead><tr><th>{t('quarantine.at')}</th><th>{t('quarantine.device')}</th><th>{t('quarantine.topic')}</th><th>{t('quarantine.reason')}</th><th>{t('quarantine.bytes')}</th><th>{t('quarantine.result')}</th><th /></tr></thead>
          <tbody>{list.value.frames.map((frame) => <FrameRow key={frame.id} frame={frame} onDone={list.again} />)}</tbody>
        </table></div>
      )}
    </Page>
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
        <td><button type="button" class="small-button" aria-expanded={raw.value !== null} onClick={() => void look()}>{t('act.look')}</button> {frame.replayedAt === null && <button type="button" class="small-button" onClick={() => void replay()}>{t('act.replay')}</button>}</td>
      </tr>
      {raw.value && <tr><td colSpan={7}><pre class="raw" data-test="raw">{raw.value.text ?? raw.value.hex}</pre></td></tr>}
    </>
  );
}
