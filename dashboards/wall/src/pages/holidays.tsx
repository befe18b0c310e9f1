/** 放假 and 调休上班 of a year, one line a day, as they are published: written here, by whoever has the whole county. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { type Problem, put } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { can, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { useFetched, Waiting } from './page.tsx';

type Holiday = { day: string; kind: 'rest' | 'work'; name: string };
const line = (h: Holiday): string => `${h.day} ${h.kind === 'rest' ? '放假' : '上班'} ${h.name}`;

export function Holidays() {
  const year = useSignal(new Date(serverNow.value + 8 * 3_600_000).getUTCFullYear());
  const known = useFetched<{ holidays: Holiday[] }>(`/api/v1/holidays?year=${year.value}`);
  const text = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const mayWrite = can(may.writeSchedules) && (me.value?.scopeCode ?? '').endsWith('000000');
  const shown = text.value ?? known.value?.holidays.map(line).join('\n') ?? '';
  const save = async (): Promise<void> => {
    const holidays = shown.split('\n').map((l) => l.trim()).filter((l) => l !== '').map((l) => { const [day = '', kind = '', ...name] = l.split(/\s+/); return { day, kind: kind === '上班' ? 'work' : 'rest', name: name.join(' ') || kind }; });
    const answer = await put('/api/v1/holidays', { year: year.value, holidays });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { text.value = null; say(t('set.saved')); known.again(); }
  };
  return (
    <section class="card stack" data-test="holidays">
      <header class="plan-head"><h2 class="plan-title">{t('sched.holidays')}</h2><label>{t('sched.year')}<input type="number" min={2020} max={2100} value={year.value} onInput={(event) => { year.value = Number(event.currentTarget.value); text.value = null; }} /></label></header>
      {known.value === null ? <Waiting problem={known.problem} /> : mayWrite ? <>
        <label>{t('sched.holidayHelp')}<textarea rows={6} spellcheck={false} value={shown} placeholder={'2027-02-06 放假 春节\n2027-02-20 上班 调休'} data-test="holiday-text" onInput={(event) => { text.value = event.currentTarget.value; }} /></label>
        {problem.value && <p class="trouble" role="alert">{problemText(problem.value)} {problem.value.fields.map((f) => t('sched.holidayLine', { n: Number(f.field.split('.')[1] ?? 0) + 1 })).join(' ')}</p>}
        <p class="buttons"><button type="button" class="strong" disabled={text.value === null} data-test="save-holidays" onClick={() => void save()}>{t('act.save')}</button></p>
      </> : known.value.holidays.length === 0 ? <p class="dim">{t('sched.noHolidays')}</p> : <ul>{known.value.holidays.map((h) => <li key={h.day} class="digits">{line(h)}</li>)}</ul>}
    </section>
  );
}
