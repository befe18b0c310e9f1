/** 声音: where this browser sounds, and what the county has recorded for the wall to say; an administrator uploads it here, a part at a time. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type EventKind, kindInfo } from '#core/event.ts';
import { may } from '#core/user.ts';
import { get, type Problem, put, remove } from '#wall/api/client.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { canChooseOutput, chooseOutput, chosenOutput } from '#wall/sound/engine.ts';
import { fetchVoice } from '#wall/sound/voice.ts';
import { regionNames, regions } from '#wall/state/county.ts';
import { soundOpen } from '#wall/state/dialogs.ts';
import { can } from '#wall/state/session.ts';
import { playTestAgain } from '#wall/state/sounding.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

export function SoundDialog() {
  return <Dialog title={t('sound.title')} onClose={() => { soundOpen.value = false; }}><Output /><Voice /></Dialog>;
}

/** Loudspeaker or headset. Browsers name them only to whom they let at the microphone; it is asked for here and let go at once. */
function Output() {
  const list = useSignal<readonly { id: string; label: string }[]>([]);
  const chosen = useSignal(chosenOutput());
  const look = async (): Promise<void> => {
    const all = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
    list.value = all.filter((d) => d.kind === 'audiooutput' && d.deviceId !== '' && d.deviceId !== 'default').map((d) => ({ id: d.deviceId, label: d.label || d.deviceId.slice(0, 6) }));
  };
  const name = async (): Promise<void> => {
    const stream = await navigator.mediaDevices?.getUserMedia?.({ audio: true }).catch(() => null);
    for (const track of stream?.getTracks() ?? []) track.stop();
    await look();
  };
  useEffect(() => { void look(); }, []);
  if (!canChooseOutput()) return <p class="dim" data-test="no-output">{t('sound.noChoice')}</p>;
  return (
    <p class="stack">
      <label>{t('sound.output')}<select data-test="output" value={chosen.value} onChange={(event) => { chosen.value = event.currentTarget.value; void chooseOutput(chosen.value).then(playTestAgain); }}>
        <option value="">{t('sound.default')}</option>{list.value.map((d) => <option key={d.id} value={d.id}>{d.label}</option>)}</select></label>
      {list.value.length === 0 && <button type="button" class="plain" data-test="output-name" onClick={() => void name()}>{t('sound.names')}</button>}
      <span class="dim small">{t('sound.outputHelp')}</span>
    </p>
  );
}

const kinds = (Object.keys(kindInfo) as EventKind[]).filter((kind) => kindInfo[kind].priority === 1);

function Voice() {
  const here = useSignal<ReadonlySet<string> | null>(null);
  const part = useSignal('unclaimed');
  const problem = useSignal<Problem | null>(null);
  const load = async (): Promise<void> => {
    const answer = await get<{ parts: readonly { part: string }[] }>('/api/v1/desk/voice');
    if (answer.ok) here.value = new Set(answer.value.parts.map((p) => p.part));
  };
  useEffect(() => { void load(); }, []);
  const all = ['unclaimed', ...kinds.map((kind) => `kind-${kind}`), ...(regions.value ?? []).filter((r) => r.level === 'town').map((r) => `town-${r.code}`)];
  const done = async (answer: { ok: true } | { ok: false; problem: Problem }): Promise<void> => { problem.value = answer.ok ? null : answer.problem; await load(); await fetchVoice(); };
  const upload = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const file = new FormData(form).get('file');
    if (!(file instanceof File) || file.size === 0) return;
    const data = await read(file);
    await done(await put(`/api/v1/desk/voice/${part.value}`, { data }));
    if (problem.value === null) form.reset();
  };
  return (
    <form class="stack" data-test="voice-form" onSubmit={(event) => void upload(event)}>
      <h3>{t('sound.voice')}</h3>
      <p class="dim">{t('sound.voiceHelp')}</p>
      <p data-test="voice-count">{here.value === null ? t('common.loading') : t('sound.count', { n: all.filter((p) => here.value?.has(p)).length, m: all.length })}</p>
      {can(may.writeProvider) && <>
        <label>{t('sound.part')}<select data-test="voice-part" value={part.value} onChange={(event) => { part.value = event.currentTarget.value; }}>{all.map((p) => <option key={p} value={p}>{partName(p)}{here.value?.has(p) ? ' ✓' : ''}</option>)}</select></label>
        <label>{t('sound.file')}<input type="file" name="file" accept="audio/wav,audio/mpeg,audio/ogg,.wav,.mp3,.ogg" required data-test="voice-file" /></label>
        {problem.value && <p class="trouble" role="alert">{problem.value.fields[0]?.expected ?? problemText(problem.value)}</p>}
        <p class="buttons"><button type="submit" class="strong" data-test="voice-save">{t('act.save')}</button>
          {here.value?.has(part.value) && <button type="button" class="plain" onClick={() => void remove(`/api/v1/desk/voice/${part.value}`).then(done)}>{t('filter.drop')}</button>}</p>
      </>}
    </form>
  );
}

function partName(part: string): string {
  if (part === 'unclaimed') return t('state.open');
  const rest = part.slice(5);
  return part.startsWith('town-') ? regionNames.value.get(rest) ?? rest : kindName(rest as EventKind);
}

/** In base64. */
function read(file: File): Promise<string> {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => resolve('');
    reader.readAsDataURL(file);
  });
}
