/** An administrator's own reading of any JSON: where things stand and what they mean, tried at each change on a frame that was set aside, or on a text. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { deviceKinds, edges, kindInfo } from '#core/event.ts';
import type { DoorPreview, Mapping } from '#core/vendor-door.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { lang, maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { AnyProblem, slug } from './door-words.tsx';
import { useFetched } from './page.tsx';

const readings = ['battery', 'rssi', 'mains', 'temp', 'heartRate', 'breath', 'spo2', 'sbp', 'dbp', 'bodyTemp', 'bed'] as const;
const places = ['device', 'time', 'id', 'list'] as const;
type Frame = { id: string; deviceId: string; reason: string; receivedAt: number };
type Preview = DoorPreview & { frame: string };
/** A pause in typing so long, and the table is tried. */
const pauseMs = 400;

export function MappingEditor({ draft, problem, changed }: { draft: Signal<Mapping>; problem: Problem | null; changed(): void }) {
  const set = (change: Partial<Mapping>): void => { draft.value = { ...draft.value, ...change }; changed(); };
  const place = (name: (typeof places)[number], text: string): void => {
    const { [name]: _, ...rest } = draft.value;
    draft.value = { ...rest, ...(text === '' && name !== 'device' ? {} : { [name]: text }) } as Mapping;
    changed();
  };
  const line = (n: number, change: Partial<Mapping['events'][number]>): void => set({ events: draft.value.events.map((e, i) => (i === n ? without({ ...e, ...change }) : e)) });
  return (
    <fieldset class="stack" data-test="mapping">
      <div class="form-row">
        {places.map((name) => <label key={name}>{t(`mapping.${name}`)}<input data-place={name} maxLength={200} value={draft.value[name] ?? ''} placeholder={name === 'device' ? 'dev.sn' : ''} onInput={(event) => place(name, event.currentTarget.value.trim())} /></label>)}
        <label>{t('mapping.else')}<select value={draft.value.else} onChange={(event) => set({ else: event.currentTarget.value as Mapping['else'] })}><option value="unreadable">{t('mapping.elseUnreadable')}</option><option value="heartbeat">{t('mapping.elseHeartbeat')}</option></select></label>
      </div>
      <table class="table">
        <thead><tr><th>{t('mapping.at')}</th><th>{t('mapping.is')}</th><th>{t('mapping.kind')}</th><th>{t('mapping.edge')}</th><th /></tr></thead>
        <tbody>{draft.value.events.map((e, n) => (
          <tr key={n} data-line={n}>
            <td><input aria-label={t('mapping.at')} value={e.at} placeholder="alarm.code" onInput={(event) => line(n, { at: event.currentTarget.value.trim() })} /></td>
            <td><input aria-label={t('mapping.is')} value={e.is ?? ''} placeholder="01" onInput={(event) => line(n, { is: event.currentTarget.value })} /></td>
            <td><select aria-label={t('mapping.kind')} value={e.kind} onChange={(event) => line(n, { kind: event.currentTarget.value as typeof e.kind })}>{deviceKinds.map((kind) => <option key={kind} value={kind}>{kindInfo[kind][lang.value]}</option>)}</select></td>
            <td><select aria-label={t('mapping.edge')} value={e.edge ?? 'raise'} onChange={(event) => line(n, { edge: event.currentTarget.value as (typeof edges)[number] })}>{edges.map((edge) => <option key={edge} value={edge}>{maybeText(`edge.${edge}`) ?? edge}</option>)}</select></td>
            <td><button type="button" class="small-button" onClick={() => set({ events: draft.value.events.filter((_, i) => i !== n) })}>{t('act.remove')}</button></td>
          </tr>
        ))}</tbody>
      </table>
      <p><button type="button" class="plain" data-test="add-line" onClick={() => set({ events: [...draft.value.events, { at: '', kind: 'sos' }] })}>{t('act.add')}</button></p>
      <details><summary>{t('mapping.readings')}</summary><div class="form-row">
        {readings.map((name) => <label key={name}>{maybeText(`reading.${name}`) ?? name}<input data-reading={name} value={draft.value.readings[name] ?? ''} onInput={(event) => {
          const { [name]: _, ...rest } = draft.value.readings;
          const text = event.currentTarget.value.trim();
          set({ readings: text === '' ? rest : { ...rest, [name]: text } });
        }} /></label>)}
      </div></details>
      <AnyProblem problem={problem} under="settings.mapping" />
      <Trial draft={draft} />
    </fieldset>
  );
}

/** A line without what was left empty. */
function without({ is, ...e }: Mapping['events'][number]): Mapping['events'][number] {
  return { ...e, ...(is === undefined || is === '' ? {} : { is }) };
}

/** Each change is tried at once: on the frame that was chosen, or on what was pasted. */
function Trial({ draft }: { draft: Signal<Mapping> }) {
  const frames = useFetched<{ frames: readonly Frame[] }>('/api/v1/quarantine?replayed=open&q=vendor&limit=50');
  const chosen = useSignal('');
  const text = useSignal('');
  const seen = useSignal<Preview | null>(null);
  const problem = useSignal<Problem | null>(null);
  const asked = useSignal(0);
  const table = JSON.stringify(draft.value);
  useEffect(() => {
    if (text.value === '' && chosen.value === '') { seen.value = null; return; }
    const turn = ++asked.value;
    const timer = setTimeout(() => void post<Preview>('/api/v1/vendor-doors/preview', { kind: 'mapping', settings: { mapping: draft.peek() }, ...(text.peek() === '' ? { quarantineId: chosen.peek() } : { text: text.peek() }) }, false).then((answer) => {
      if (turn !== asked.peek()) return;
      problem.value = answer.ok ? null : answer.problem;
      seen.value = answer.ok ? answer.value : null;
      // The frame is looked at once (and audited once); from then on its text is tried.
      if (answer.ok && text.peek() === '') text.value = answer.value.frame;
    }), pauseMs);
    return () => clearTimeout(timer);
  }, [table, text.value, chosen.value]);
  return (
    <section class="stack" data-test="trial">
      <h3>{t('mapping.try')}</h3><p class="dim small">{t('mapping.tryHelp')}</p>
      <div class="form-row">
        <label>{t('mapping.frame')}<select value={chosen.value} data-test="trial-frame" onChange={(event) => { chosen.value = event.currentTarget.value; text.value = ''; }}><option value="">–</option>{(frames.value?.frames ?? []).map((f) => <option key={f.id} value={f.id}>{dayMinute(f.receivedAt)} {f.deviceId} · {f.reason}</option>)}</select></label>
        <label class="wide">{t('mapping.text')}<textarea rows={5} data-test="trial-text" value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} /></label>
      </div>
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {seen.value && <div data-test="trial-said" role="status">
        {seen.value.problem !== null && <p class="trouble">{maybeText(`readWhy.${slug(seen.value.problem)}`) ?? seen.value.problem}</p>}
        {seen.value.messages.map((m, i) => (
          <p key={i}><code>{m.keys.join(' / ')}</code> → {m.said.map((s, n) => <span key={n} class="said"> {saidText(s)}</span>)}{m.unreadable !== null && <b class="trouble"> {maybeText(`readWhy.${slug(m.unreadable)}`) ?? m.unreadable}</b>}</p>
        ))}
      </div>}
    </section>
  );
}

function saidText({ channel, what }: { channel: string; what: unknown }): string {
  const event = (what as { event?: { kind: keyof typeof kindInfo; edge: string; deviceTime?: number } }).event;
  if (event) return `${kindInfo[event.kind][lang.value]} (${maybeText(`edge.${event.edge}`) ?? event.edge})${event.deviceTime === undefined ? ` ${t('mapping.noTime')}` : ` ${dayMinute(event.deviceTime)}`}`;
  const reading = Object.entries((what as { reading?: Record<string, unknown> }).reading ?? {}).filter(([name]) => name !== 'deviceTime');
  return reading.length === 0 ? t('mapping.alive') : `${channel === 'vitals' ? t('mapping.vitals') : t('mapping.beat')} ${reading.map(([name, value]) => `${maybeText(`reading.${name}`) ?? name} ${String(value)}`).join(', ')}`;
}
