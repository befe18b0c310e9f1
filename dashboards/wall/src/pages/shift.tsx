/** 值班日志: a day of the desk line by line, on paper too; and the hand-over that both sign and for which both count the open cases (D9). */
import { useSignal } from '@preact/signals';
import { clockTime, countyDay, dayOf } from '#core/clock.ts';
import type { EventKind } from '#core/event.ts';
import type { Outcome } from '#core/alert.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { kindName, maybeText, outcomeName, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { PinTrouble, seated, useSeats, WhoAndPin } from '#wall/shell/seat.tsx';
import { go, route } from '#wall/state/route.ts';
import { type Me, mayAct, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { serverNow, tabId } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';

type Counts = { open: number; urgent: number; shelved: number; callbacks: number; pinned: number; away: number };
type Handover = { id: string; fromId: string; fromName: string; open: number; offeredAt: number; toName: string | null; takenAt: number | null; note: string | null };
type Line = { at: number; what: string; name: string | null; alertId: string | null; kind: EventKind | null; priority: number | null; town: string | null; village: string | null; detail: Record<string, unknown>; note: string | null };

export function Shift() {
  const today = dayOf(serverNow.value);
  const day = countyDay(route.value.query['day'] ?? '') ? (route.value.query['day'] ?? today) : today;
  const log = useFetched<{ day: string; lines: readonly Line[]; truncated: boolean }>(`/api/v1/desk/log?day=${day}`);
  const value = log.value?.day === day ? log.value : null;
  return (
    <Page title={t('tab.shift')} help={t('shift.help')} onRefresh={log.again} test="shift">
      {mayAct.value && <HandoverCard onChange={log.again} />}
      <form class="card form-row no-print" onSubmit={(event) => event.preventDefault()}>
        <label>{t('shift.day')}<input type="date" name="day" value={day} max={today} onChange={(event) => { if (event.currentTarget.value !== '') go('shift', null, { day: event.currentTarget.value }); }} /></label>
        <button type="button" class="plain" onClick={() => print()}>{t('act.print')}</button>
      </form>
      {mayAct.value && day === today && <Write onWritten={log.again} />}
      <section class="card scroll" data-test="log">
        <h2><span class="digits">{day}</span> {t('shift.printed')}</h2>
        {value === null ? <Waiting problem={log.problem} /> : value.lines.length === 0 ? <p class="empty">{t('shift.empty')}</p> : <Lines lines={value.lines} />}
        {value?.truncated && <p class="warn">{t('shift.truncated')}</p>}
        <p class="print-only dim">{me.value?.name} · <span class="digits">{dayMinute(serverNow.value)}</span></p>
      </section>
    </Page>
  );
}

function Lines({ lines }: { lines: readonly Line[] }) {
  return (
    <table class="table">
      <thead><tr><th>{t('shift.time')}</th><th>{t('shift.what')}</th><th>{t('shift.who')}</th><th>{t('shift.words')}</th></tr></thead>
      <tbody>{lines.map((line, i) => (
        <tr key={`${line.at}-${i}`} data-what={line.what}>
          <td class="digits">{clockTime(line.at)}</td><td>{maybeText(`shift.what.${line.what}`) ?? line.what}</td><td>{line.name ?? ''}</td><td>{wordsOf(line)}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

function wordsOf(line: Line): string {
  const { detail } = line;
  const number = (key: string): number => Number(detail[key] ?? 0);
  const said = [
    line.kind && line.alertId ? `${kindName(line.kind)} ${[line.town, line.village].filter(Boolean).join(' ')} ${t('case.number', { id: line.alertId })}` : '',
    typeof detail['outcome'] === 'string' ? outcomeName(detail['outcome'] as Outcome) : '',
    typeof detail['from'] === 'string' ? t('shift.fromWho', { who: detail['from'] }) : '', detail['rung'] === true ? t('shift.rung') : '',
    line.what === 'handover-signed' ? t('shift.counts', { open: number('open'), urgent: number('urgent'), shelved: number('shelved'), callbacks: number('callbacks'), pinned: number('pinned'), away: number('away') }) : '',
    line.what.startsWith('flood-') ? t('shift.flood', { n: number('lastTen'), m: number('operators') }) + (number('called') === 0 ? '' : t('shift.called', { n: number('called') })) : '',
    line.what === 'handover-taken' ? t('shift.counted', { open: number('open'), was: number('was') }) : '', line.note ?? '',
  ];
  return said.filter((part) => part !== '').join(' · ');
}

function Write({ onWritten }: { onWritten(): void }) {
  const text = useSignal('');
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const answer = await post('/api/v1/desk/log', { note: text.value.trim() }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { text.value = ''; onWritten(); }
  };
  return (
    <form class="card form-row no-print" data-test="write" onSubmit={(event) => void submit(event)}>
      <input class="grow" aria-label={t('shift.write')} placeholder={t('shift.write')} maxLength={2000} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} />
      <button type="submit" class="strong" disabled={text.value.trim() === ''}>{t('act.add')}</button>
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
    </form>
  );
}

function refusal(problem: Problem): string {
  const { reason, open } = problem.more;
  return reason === 'count' ? t('handover.wrong', { n: Number(open) }) : reason === 'same-person' ? t('handover.same') : problem.status === 404 ? t('handover.gone') : problemText(problem);
}

function HandoverCard({ onChange }: { onChange(): void }) {
  const state = useFetched<{ now: Counts; handovers: readonly Handover[] }>('/api/v1/desk/handovers');
  const again = (): void => { state.again(); onChange(); };
  if (state.value === null) return <section class="card"><Waiting problem={state.problem} /></section>;
  const { now, handovers } = state.value;
  const waiting = handovers.filter((h) => h.takenAt === null);
  const [last] = handovers.filter((h) => h.takenAt !== null);
  return (
    <section class="card" data-test="handover">
      <h2>{t('handover.title')}</h2>
      <p>{t('shift.counts', now)}</p>
      {waiting.map((h) => <Take key={h.id} handover={h} onTaken={again} />)}
      {!waiting.some((h) => h.fromId === me.value?.id) && <Sign onSigned={again} />}
      <p class="dim small">{last ? t('handover.taken', { from: last.fromName, to: last.toName ?? '', time: dayMinute(last.takenAt ?? 0) }) : t('handover.none')}</p>
    </section>
  );
}

function Sign({ onSigned }: { onSigned(): void }) {
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const note = String(form.get('note')).trim();
    const answer = await post('/api/v1/desk/handovers', { open: Number(form.get('open')), ...(note === '' ? {} : { note }) }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('handover.signed')); onSigned(); }
  };
  return (
    <form class="form-row no-print" data-test="sign" onSubmit={(event) => void submit(event)}>
      <label>{t('handover.count')}<input name="open" type="number" min={0} max={100_000} required class="digits narrow" /></label>
      <label class="grow">{t('handover.note')}<input name="note" maxLength={2000} autocomplete="off" /></label>
      <button type="submit" class="strong">{t('act.handOver')}</button>
      {problem.value && <p class="trouble" role="alert" data-test="sign-trouble">{refusal(problem.value)}</p>}
    </form>
  );
}

/** Taken as oneself, or at the console of whoever leaves by the own PIN: then this console goes over with it. */
function Take({ handover: h, onTaken }: { handover: Handover; onTaken(): void }) {
  const people = useSeats();
  const problem = useSignal<Problem | null>(null);
  const own = h.fromId === me.value?.id;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const userId = String(form.get('userId') ?? '');
    const answer = await post<Me>(`/api/v1/desk/handovers/${h.id}/take`, { open: Number(form.get('open')), ...(userId === '' ? {} : { userId, pin: String(form.get('pin')), tabId }) }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (!answer.ok) return;
    say(t('handover.done'));
    if (userId !== '') seated(answer.value);
    onTaken();
  };
  const trouble = problem.value;
  return (
    <form class="form-row no-print" data-test="take" onSubmit={(event) => void submit(event)}>
      <p class="wide"><b>{t('handover.waits', { who: h.fromName, time: dayMinute(h.offeredAt) })}</b> {h.note && <span>{h.note}</span>}</p>
      <WhoAndPin people={people} {...(own ? {} : { self: t('handover.self') })} />
      <label>{t('handover.count')}<input name="open" type="number" min={0} max={100_000} required class="digits narrow" /></label>
      <button type="submit" class="strong">{t('act.takeShift')}</button>
      {trouble && (trouble.fields.some((f) => f.field === 'pin') || trouble.status === 429 ? <PinTrouble problem={trouble} /> : <p class="trouble" role="alert" data-test="take-trouble">{refusal(trouble)}</p>)}
    </form>
  );
}

