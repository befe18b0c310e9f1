/** 演练 (2.16): begin one for chosen villages or homes, see those that were; `#/drills/ID` is one with its scores, `#/drills/new` begins one. */
import { useSignal } from '@preact/signals';
import { clockTime } from '#core/clock.ts';
import { eventKinds, type EventKind, kindInfo } from '#core/event.ts';
import { may } from '#core/user.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { DemoMark } from '#wall/files/words.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { kindName, maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { go, hashOf, route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { serverNow } from '#wall/state/wall.ts';
import { DrillReport } from './drill-report.tsx';
import { type Drill, HowText } from './drill-words.tsx';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem, Sure } from './paging.tsx';
import { VillageTicks } from './village-ticks.tsx';

const urgent = eventKinds.filter((k) => kindInfo[k].priority === 1);

export function Drills() {
  const { id } = route.value;
  if (id === 'new') return <NewDrill />;
  return id === null ? <List /> : <DrillReport key={id} id={id} />;
}

function List() {
  const list = useFetched<{ drills: readonly Drill[] }>('/api/v1/drills');
  const drills = list.value?.drills;
  return (
    <Page title={t('drill.title')} help={t('drill.help')} onRefresh={list.again} test="drills">
      {can(may.startDrills) && <p class="filters"><span class="grow" /><a class="strong" data-test="new-drill" href={hashOf('drills', 'new')}>{t('act.begin')}</a></p>}
      {drills === undefined ? <Waiting problem={list.problem} /> : drills.length === 0 ? <p class="empty">{t('drill.none')}</p> : (
        <section class="card scroll">
          <table class="table" data-test="drill-list">
            <thead><tr><th>{t('drill.name')}</th><th>{t('drill.kind')}</th><th>{t('drill.where')}</th><th>{t('drill.started')}</th><th>{t('drill.result')}</th></tr></thead>
            <tbody>{drills.map((d) => (
              <tr key={d.id} data-drill={d.id}>
                <td><a href={hashOf('drills', d.id)}>{d.name}</a> <DemoMark demo={d.demo} /></td><td>{kindName(d.kind)}</td><td>{[d.town, d.village].filter(Boolean).join(' ') || t('files.wholeCounty')}</td>
                <td><span class="digits">{dayMinute(d.startedAt)}</span> <span class="dim">{d.startedBy}</span></td><td><HowText drill={d} /></td>
              </tr>
            ))}</tbody>
          </table>
        </section>
      )}
    </Page>
  );
}

/** A drill by night is allowed, and rings on bedside tables. */
const isNight = (at: number): boolean => { const clock = clockTime(at); return clock >= '21:00' || clock < '07:00'; };

function NewDrill() {
  const draft = useSignal({ name: t('drill.defaultName'), kind: 'sos' as EventKind, perVillage: 1, spreadMinutes: 0, homes: '' });
  const picked = useSignal<ReadonlySet<string>>(new Set());
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const set = (more: Partial<typeof draft.value>): void => { draft.value = { ...draft.value, ...more }; };
  const homeIds = draft.value.homes.split(/[\s,，、]+/).filter((h) => h !== '');
  const begin = async (): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    const { name, kind, perVillage, spreadMinutes } = draft.value;
    const answer = await post<{ id: string; cases: number }>('/api/v1/drills', { name, kind, perVillage, spreadMinutes, homeIds, regions: [...picked.value] }, false);
    busy.value = false;
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('drill.begun', { n: answer.value.cases })); go('drills', answer.value.id); }
  };
  const { name, kind, perVillage, spreadMinutes, homes } = draft.value;
  return (
    <Page title={t('drill.newTitle')} help={t('drill.newHelp')} test="new-drill-page">
      <p><a href={hashOf('drills')}>‹ {t('drill.title')}</a></p>
      <section class="card stack">
        <div class="form-row">
          <label>{t('drill.name')}<input value={name} maxLength={40} data-test="drill-name" onInput={(event) => set({ name: event.currentTarget.value })} /><FieldProblem problem={problem.value} field="name" /></label>
          <label>{t('drill.kind')}<select value={kind} data-test="drill-kind" onChange={(event) => set({ kind: event.currentTarget.value as EventKind })}>{urgent.map((k) => <option key={k} value={k}>{kindName(k)}</option>)}</select></label>
          <label>{t('drill.perVillage')}<input type="number" min={1} max={10} value={perVillage} onInput={(event) => set({ perVillage: Number(event.currentTarget.value) })} /></label>
          <label>{t('drill.spread')}<input type="number" min={0} max={60} value={spreadMinutes} onInput={(event) => set({ spreadMinutes: Number(event.currentTarget.value) })} /></label>
        </div>
        <VillageTicks picked={picked} label={t('drill.villages')} test="drill-villages" />
        <FieldProblem problem={problem.value} field="regions" />
        <label>{t('drill.homes')}<input value={homes} placeholder="home-1 home-2" data-test="drill-homes" onInput={(event) => set({ homes: event.currentTarget.value })} /><FieldProblem problem={problem.value} field="homeIds" />
          {problem.value?.fields.filter((f) => f.field.startsWith('homeIds.')).map((f) => <span key={f.field} class="trouble small" role="alert">{t('drill.noHome', { id: homeIds[Number(f.field.slice(8))] ?? '' })}</span>)}</label>
        {isNight(serverNow.value) && <p class="warn" data-test="drill-night">▲ {t('drill.night')}</p>}
        {problem.value && <p class="trouble" role="alert" data-test="drill-problem">{(typeof problem.value.more['reason'] === 'string' ? maybeText(`drill.refused.${problem.value.more['reason']}`) : null) ?? problemText(problem.value)}</p>}
        <p class="buttons"><Sure label={t('act.begin')} test="begin-drill" run={() => void begin()} /><span class="dim">{t('drill.promise')}</span></p>
      </section>
    </Page>
  );
}
