/** 平安清点 (2.2): those that were and one that begins; `#/rollcalls/ID` is one, with `village` its list, with `paper` its printed forms. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { DemoMark } from '#wall/files/words.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { go, hashOf, route } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem, Sure } from './paging.tsx';
import { RollCall } from './rollcall.tsx';
import { RollPapers } from './rollcall-paper.tsx';
import { RollVillageList } from './rollcall-village.tsx';
import { type Roll, rollPlace, RollState } from './rollcall-words.tsx';
import { VillageTicks } from './village-ticks.tsx';

export function RollCalls() {
  const { id, query } = route.value;
  if (id === null) return <List />;
  if (id === 'new') return <NewRollCall />;
  if (query['paper']) return <RollPapers key={id} id={id} village={query['paper']} />;
  return query['village'] ? <RollVillageList key={`${id} ${query['village']}`} id={id} code={query['village']} /> : <RollCall key={id} id={id} />;
}

function List() {
  const list = useFetched<{ rolls: readonly Roll[] }>('/api/v1/rollcalls');
  const rolls = list.value?.rolls;
  return (
    <Page title={t('roll.title')} help={t('roll.help')} onRefresh={list.again} test="rollcalls">
      {can(may.writeRolls) && <p class="filters"><span class="grow" /><a class="strong" data-test="new-roll" href={hashOf('rollcalls', 'new')}>{t('act.begin')}</a></p>}
      {rolls === undefined ? <Waiting problem={list.problem} /> : rolls.length === 0 ? <p class="empty">{t('roll.none')}</p> : (
        <section class="card scroll">
          <table class="table" data-test="roll-list">
            <thead><tr><th>{t('roll.name')}</th><th>{t('roll.where')}</th><th>{t('roll.started')}</th><th>{t('roll.result')}</th></tr></thead>
            <tbody>{rolls.map((r) => (
              <tr key={r.id} data-roll={r.id}>
                <td><a href={hashOf('rollcalls', r.id)}>{r.name}</a> <DemoMark demo={r.demo} /></td><td>{rollPlace(r)}{r.kind !== 'region' && <span class="dim"> {t(`roll.kind.${r.kind}`)}</span>}</td>
                <td><span class="digits">{dayMinute(r.startedAt)}</span> <span class="dim">{r.startedBy}</span></td><td><RollState roll={r} /></td>
              </tr>
            ))}</tbody>
          </table>
        </section>
      )}
    </Page>
  );
}

type Offer = { alertId: string | null; blindId: string | null; town: string | null; village: string | null; fromAt: number; toAt: number | null; cause: string | null };
const scopes = ['county', 'regions', 'outage', 'blind'] as const;
type Scope = (typeof scopes)[number];

function NewRollCall() {
  const { query } = route.value;
  const draft = useSignal({ name: t('roll.defaultName'), scope: (query['outage'] ? 'outage' : query['blind'] ? 'blind' : 'regions') as Scope, outage: query['outage'] ?? '', tell: true, textLists: true });
  const picked = useSignal<ReadonlySet<string>>(new Set(query['region'] ? [query['region']] : []));
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const offers = useFetched<{ offers: readonly Offer[] }>('/api/v1/rollcalls/offers').value?.offers ?? [];
  const set = (more: Partial<typeof draft.value>): void => { draft.value = { ...draft.value, ...more }; };
  const { name, scope, tell, textLists } = draft.value;
  const outages = offers.filter((o) => o.alertId !== null);
  const outage = draft.value.outage || (outages[0]?.alertId ?? '');
  const begin = async (): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    const who = scope === 'county' ? { regions: [me.value?.scopeCode ?? ''] } : scope === 'regions' ? { regions: [...picked.value] } : scope === 'outage' ? { outage } : { blind: true };
    const answer = await post<{ id: string; people: number; villages: number; told: number }>('/api/v1/rollcalls', { name, tell, textLists, ...who });
    busy.value = false;
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('roll.begun', { people: answer.value.people, villages: answer.value.villages, told: answer.value.told })); go('rollcalls', answer.value.id); }
  };
  const running = problem.value?.more['id'];
  return (
    <Page title={t('roll.newTitle')} help={t('roll.newHelp')} test="new-roll-page">
      <p><a href={hashOf('rollcalls')}>‹ {t('roll.title')}</a></p>
      <section class="card stack">
        <div class="form-row"><label>{t('roll.name')}<input value={name} maxLength={40} data-test="roll-name" onInput={(event) => set({ name: event.currentTarget.value })} /><FieldProblem problem={problem.value} field="name" /></label></div>
        <fieldset class="stack" data-test="roll-scope"><legend>{t('roll.scope')}</legend>
          {scopes.map((s) => <label key={s} class="tick"><input type="radio" name="roll-scope" value={s} checked={scope === s} onChange={() => set({ scope: s })} />{t(`roll.scope.${s}`)}</label>)}</fieldset>
        {scope === 'regions' && <VillageTicks picked={picked} label={t('roll.villages')} test="roll-villages" wholeTown={t('roll.wholeTown')} />}
        {scope === 'outage' && (outages.length === 0 ? <p class="dim">{t('roll.noOutage')}</p> : <label>{t('roll.outage')}<select value={outage} data-test="roll-outage" onChange={(event) => set({ outage: event.currentTarget.value })}>
          {outages.map((o) => <option key={o.alertId} value={o.alertId ?? ''}>{rollPlace(o)} {dayMinute(o.fromAt)} {o.cause === null ? '' : (maybeText(`outage.cause.${o.cause}`) ?? o.cause)}</option>)}</select></label>)}
        {scope === 'blind' && <Blind offers={offers.filter((o) => o.blindId !== null)} />}
        {(['regions', 'outage', 'blind'] as const).map((f) => <FieldProblem key={f} problem={problem.value} field={f} />)}
        <label class="tick"><input type="checkbox" checked={tell} data-test="roll-tell" onChange={(event) => set({ tell: event.currentTarget.checked })} />{t('roll.tell')}</label>
        <label class="tick"><input type="checkbox" checked={tell && textLists} disabled={!tell} onChange={(event) => set({ textLists: event.currentTarget.checked })} />{t('roll.textLists')}</label>
        {problem.value && <p class="trouble" role="alert" data-test="roll-problem">{problem.value.more['reason'] === 'running' ? t('roll.refused.running') : problemText(problem.value)}{typeof running === 'string' && <> <a href={hashOf('rollcalls', running)}>{t('roll.openRunning')}</a></>}</p>}
        <p class="buttons"><Sure label={t('act.begin')} test="begin-roll" run={() => void begin()} /></p>
      </section>
    </Page>
  );
}

function Blind({ offers }: { offers: readonly Offer[] }) {
  const list = offers.map((o) => `${dayMinute(o.fromAt)}–${o.toAt === null ? '' : dayMinute(o.toAt).slice(6)}`).join('、');
  return <p class="dim">{offers.length === 0 ? t('roll.noBlind') : t('roll.blindNow', { list })}</p>;
}
