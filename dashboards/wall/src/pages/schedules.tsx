/** 排班: whose turn it is at the seats, among the leaders and in the towns, the next seven days as a bar, the gaps of thirty, stand-ins and swaps; `#/schedules/ID` edits one. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { post, type Problem, send } from '#wall/api/client.ts';
import { fromLocal, toLocal } from '#wall/files/fields.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem, scopeName, Sure } from './paging.tsx';
import { Holidays } from './holidays.tsx';
import { emptySchedule, type PersonName, type ScheduleView, ScheduleEditor, type SpanView } from './schedule-editor.tsx';

export function Schedules() {
  const list = useFetched<{ schedules: ScheduleView[] }>('/api/v1/schedules');
  const { id } = route.value;
  const all = list.value?.schedules;
  const chosen = id === null || id === 'new' ? null : all?.find((s) => s.id === id);
  return (
    <Page title={t('sched.title')} help={t('sched.help')} onRefresh={list.again} test="schedules">
      {all === undefined ? <Waiting problem={list.problem} /> : id === 'new' ? <ScheduleEditor key="new" start={emptySchedule(serverNow.value)} version={0} onDone={list.again} />
        : chosen ? <ScheduleEditor key={`${chosen.id} ${chosen.version}`} start={chosen} version={chosen.version} onDone={list.again} /> : (
          <>
            {can(may.writeSchedules) && <p class="filters"><span class="grow" /><a class="strong" data-test="new-schedule" href={hashOf('schedules', 'new')}>{t('act.add')}</a></p>}
            {all.length === 0 && <p class="empty">{t('sched.none')}</p>}
            {all.map((s) => <Card key={s.id} schedule={s} onChange={list.again} />)}
            <Holidays />
          </>
        )}
    </Page>
  );
}

function Card({ schedule: s, onChange }: { schedule: ScheduleView; onChange(): void }) {
  const gap = s.gaps.reduce((ms, g) => ms + g.to - g.from, 0);
  return (
    <section class="card plan" data-schedule={s.id}>
      <header class="plan-head"><h2 class="plan-title">{s.name}</h2><span class="dim">{t(`role.${s.role}`)} · {scopeName(s.regionCode)}</span>{s.demo && <i class="flag">{t('note.demo')}</i>}<span class="grow" />
        <a class="small-button" href={hashOf('schedules', s.id)}>{can(may.writeSchedules) ? t('act.edit') : t('act.look')}</a></header>
      <p data-test="on-duty">{s.now ? <>{t('sched.now')} <b>{s.now.name}</b></> : <b class="warn">▲ {t('sched.nobody')}</b>}</p>
      <Week turns={s.turns} />
      {s.gaps.length > 0 && <ul class="warnings" data-test="gaps"><li>▲ {t('sched.gaps', { n: s.gaps.length, time: duration(gap, lang.value) })}</li>
        {s.gaps.slice(0, 3).map((g) => <li key={g.from} class="digits small">{dayMinute(g.from)} – {dayMinute(g.to)}</li>)}</ul>}
      <Overrides schedule={s} onChange={onChange} />
    </section>
  );
}

/** Seven days as one bar: the wider, the longer; who it is stands in it, a gap is hatched and says so. */
function Week({ turns }: { turns: readonly SpanView[] }) {
  return (
    <ol class="week" aria-label={t('sched.week')}>
      {turns.map((s) => (
        <li key={s.from} class={`turn${s.who ? '' : ' gap'}${s.instead ? ' instead' : ''}`} style={{ flexGrow: Math.max(1, (s.to - s.from) / 3_600_000) }} title={`${dayMinute(s.from)} – ${dayMinute(s.to)} ${s.who?.name ?? t('sched.gap')}${s.instead ? ` (${t('sched.instead')})` : ''}`}>
          <span class="digits small">{dayMinute(s.from)}</span><span>{s.who?.name ?? t('sched.gap')}{s.instead && <i class="flag">{t('sched.instead')}</i>}</span>
        </li>
      ))}
    </ol>
  );
}

type Draft = { from: string; to: string; out: string; in: string };

function Overrides({ schedule: s, onChange }: { schedule: ScheduleView; onChange(): void }) {
  const open = useSignal<Draft | null>(null);
  const problem = useSignal<Problem | null>(null);
  const takeBack = async (id: string): Promise<void> => {
    const answer = await send('DELETE', `/api/v1/schedules/${s.id}/overrides/${id}`);
    if (answer.ok) onChange(); else sayProblem(answer.problem);
  };
  const add = async (d: Draft): Promise<void> => {
    const answer = await post(`/api/v1/schedules/${s.id}/overrides`, { from: fromLocal(d.from), to: fromLocal(d.to), out: d.out || null, in: d.in || null }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { open.value = null; say(t('set.saved')); onChange(); }
  };
  const name = (who: PersonName | null): string => who?.name ?? t('sched.whoever');
  const begin = (): void => { open.value = { from: toLocal(serverNow.value), to: toLocal(serverNow.value + 12 * 3_600_000), out: '', in: s.people[0]?.id ?? '' }; };
  return (
    <div class="stack">
      {s.overrides.length > 0 && <ul class="said" data-test="overrides">{s.overrides.map((o) => (
        <li key={o.id}><span class="digits">{dayMinute(o.from)} – {dayMinute(o.to)}</span> {o.in ? t('sched.standsIn', { in: o.in.name, out: name(o.out) }) : t('sched.leftOpen', { out: name(o.out) })}{o.swap && <i class="flag">{t('sched.swap')}</i>}
          {can(may.writeSchedules) && <Sure label={t('act.takeBack')} test="take-back" run={() => void takeBack(o.id)} />}</li>
      ))}</ul>}
      {can(may.writeSchedules) && open.value === null && <p><button type="button" class="small-button" data-test="stand-in" onClick={begin}>{t('sched.addInstead')}</button></p>}
      {open.value !== null && (
        <form class="form-row" data-test="stand-in-form" onSubmit={(event) => { event.preventDefault(); if (open.value) void add(open.value); }}>
          {(['from', 'to'] as const).map((field) => <label key={field}>{t(`sched.${field}`)}<input type="datetime-local" required value={open.value?.[field]} onInput={(event) => { if (open.value) open.value = { ...open.value, [field]: event.currentTarget.value }; }} /><FieldProblem problem={problem.value} field={field} /></label>)}
          {(['out', 'in'] as const).map((field) => <label key={field}>{t(`sched.${field}`)}<select value={open.value?.[field]} data-test={field} onChange={(event) => { if (open.value) open.value = { ...open.value, [field]: event.currentTarget.value }; }}>
            <option value="">{field === 'out' ? t('sched.whoever') : t('sched.gap')}</option>{s.people.map((p) => <option key={p.id} value={p.id}>{p.name}</option>)}</select><FieldProblem problem={problem.value} field={field} /></label>)}
          <span class="buttons"><button type="submit" class="strong" data-test="save-stand-in">{t('act.save')}</button><button type="button" class="plain" onClick={() => { open.value = null; problem.value = null; }}>{t('act.drop')}</button></span>
          {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
        </form>
      )}
    </div>
  );
}
