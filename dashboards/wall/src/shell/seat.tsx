/** 换人: another person sits down at this console by PIN; the wall and its sound go on. And the own PIN. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, post, type Problem, put } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { FieldProblem, useOpened } from '#wall/pages/paging.tsx';
import { hide } from '#wall/state/case.ts';
import { pinOpen, seatOpen } from '#wall/state/dialogs.ts';
import { type Me, me, sitDown } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { tabId } from '#wall/state/wall.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

export type SeatPerson = { id: string; name: string };

/** The console is another person's now; what was shown in plain text to the one before is masked again. */
export function seated(next: Me): void { hide(); sitDown(next); say(t('seat.now', { who: next.name })); }

export function SeatDialog() {
  return <Dialog title={t('seat.title')} onClose={() => { seatOpen.value = false; }}><SeatForm /></Dialog>;
}

function SeatForm() {
  const people = useSeats();
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const answer = await post<Me>('/api/v1/desk/seat', { userId: String(form.get('userId')), pin: String(form.get('pin')), tabId }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { seatOpen.value = false; seated(answer.value); }
  };
  if (people !== null && people.length === 0) return <p>{t('seat.nobody')}</p>;
  return (
    <form class="stack" data-test="seat-form" onSubmit={(event) => void submit(event)}>
      <p class="dim">{t('seat.help')}</p>
      <WhoAndPin people={people} />
      <PinTrouble problem={problem.value} />
      <p><button type="submit" class="strong">{t('act.sit')}</button></p>
    </form>
  );
}

/** Those who have a PIN for this desk; null while they are asked for. */
export function useSeats(): readonly SeatPerson[] | null { return useOpened<{ people: readonly SeatPerson[] }>('/api/v1/desk/seats')?.people ?? null; }

export function WhoAndPin({ people, self }: { people: readonly SeatPerson[] | null; self?: string }) {
  const who = useSignal('');
  return (
    <>
      <label>{t('seat.who')}<select name="userId" data-test="seat-who" required={self === undefined} value={who.value} onChange={(event) => { who.value = event.currentTarget.value; }}>
        <option value="">{self ?? ''}</option>{(people ?? []).map((p) => <option key={p.id} value={p.id}>{p.name}</option>)}</select></label>
      {(self === undefined || who.value !== '') && <label>{t('seat.pin')}<input name="pin" type="password" inputMode="numeric" pattern="[0-9]{6}" minLength={6} maxLength={6} required autocomplete="off" /></label>}
    </>
  );
}

export function PinTrouble({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  const text = problem.fields.some((f) => f.field === 'pin') ? t('seat.wrong') : problem.status === 429 ? t('login.tooMany', { s: Number(problem.more['retryAfterS'] ?? 60) }) : problemText(problem);
  return <p class="trouble" role="alert" data-test="pin-trouble">{text}</p>;
}

export function PinDialog() {
  return <Dialog title={t('seat.mine')} onClose={() => { pinOpen.value = false; }}><PinForm /></Dialog>;
}

function PinForm() {
  const problem = useSignal<Problem | null>(null);
  const setAt = useSignal<number | null>(null);
  useEffect(() => { void get<{ setAt: number | null }>('/api/v1/me/pin').then((answer) => { if (answer.ok) setAt.value = answer.value.setAt; }); }, []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const answer = await put('/api/v1/me/pin', { password: String(form.get('password')), pin: String(form.get('pin')) });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { pinOpen.value = false; say(t('seat.set')); }
  };
  return (
    <form class="stack" data-test="pin-form" onSubmit={(event) => void submit(event)}>
      <p class="dim">{t('seat.mineHelp')} {setAt.value !== null && t('seat.setAt', { time: dayMinute(setAt.value) })}</p>
      <input class="unseen" name="username" autocomplete="username" value={me.value?.name ?? ''} readOnly tabIndex={-1} aria-hidden="true" />
      <label>{t('pw.current')}<input name="password" type="password" required autofocus autocomplete="current-password" maxLength={512} /><FieldProblem problem={problem.value} field="password" /></label>
      <label>{t('seat.pin')}<input name="pin" type="password" inputMode="numeric" required minLength={6} maxLength={6} autocomplete="new-password" /><FieldProblem problem={problem.value} field="pin" /></label>
      {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      <p><button type="submit" class="strong">{t('act.save')}</button></p>
    </form>
  );
}
