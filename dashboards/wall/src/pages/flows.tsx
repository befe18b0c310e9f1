/** 自定规则: whether the flows run, what was ended and why, how far behind they are, and which hosts they may ask. What they do is edited in the editor. */
import { useSignal } from '@preact/signals';
import { may } from '#core/user.ts';
import { type Problem, put } from '#wall/api/client.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { lang, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { can, me } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Trials } from './flow-trials.tsx';
import { editsFlows, Versions } from './flow-versions.tsx';
import { Page, useFetched, Waiting } from './page.tsx';
import { FactLine, Facts, FieldProblem } from './paging.tsx';

type Incident = { id: string; at: number; what: 'stuck' | 'memory' | 'flood' | 'ended' | 'unusable'; tab: string | null; tabName: string | null; node: string | null; nodeName: string | null; detail: string };
type State = {
  on: boolean; up: boolean; restarts: number; since: number | null; pausedMs: number | null; safe: boolean; rssBytes: number | null; incidents: readonly Incident[];
  places: readonly { nodeId: string; stream: string; label: string; behind: number; askedAt: number }[]; uses: readonly { what: string; windowAt: number; used: number; refused: number }[];
};
type Host = { host: string; port: number | null; inside: boolean };
const megabyte = 1_048_576;

export function Flows() {
  const found = useFetched<State>('/api/v1/flows-state');
  const round = useSignal(0);
  const state = found.value;
  return (
    <Page title={t('flows.title')} help={t('flows.help')} onRefresh={() => { found.again(); round.value++; }} test="flows">
      {state === null ? <Waiting problem={found.problem} /> : !state.on ? <p class="card" data-test="flows-off">{t('flows.off')}</p> : <Running state={state} />}
      {state !== null && state.incidents.length > 0 && <Incidents list={state.incidents} />}
      {state?.on && state.places.length > 0 && <Places list={state.places} />}
      {state !== null && <Trials key={`trials ${round.value}`} on={state.on} />}
      {state !== null && <Versions key={`versions ${round.value}`} on={state.up} />}
      <Hosts />
    </Page>
  );
}

function Running({ state }: { state: State }) {
  const words = state.safe ? t('flows.safe') : state.up ? t('flows.up') : state.pausedMs === null ? t('flows.starting') : t('flows.paused', { s: duration(state.pausedMs, lang.value) });
  return (
    <section class="card stack" data-test="flows-state">
      <p><b class={state.up && !state.safe ? '' : 'warn'}>{words}</b> {state.up && editsFlows() && <a href="/flows/" target="_blank" rel="noopener" data-test="flows-editor">{t('flows.editor')}</a>}</p>
      <Facts>
        <FactLine name={t('flows.since')}>{state.since === null ? '–' : dayMinute(state.since)}</FactLine>
        <FactLine name={t('flows.restarts')}>{state.restarts}</FactLine>
        <FactLine name={t('flows.memory')}>{state.rssBytes === null ? '–' : `${Math.round(state.rssBytes / megabyte)} MB`}</FactLine>
      </Facts>
      {state.uses.some((u) => u.refused > 0) && <p class="warn" data-test="flows-refused">{t('flows.refused', { list: state.uses.filter((u) => u.refused > 0).map((u) => `${u.what} ${u.refused}`).join(', ') })}</p>}
    </section>
  );
}

function Incidents({ list }: { list: readonly Incident[] }) {
  return (
    <section class="card stack"><h2>{t('flows.incidents')}</h2><p class="dim small">{t('flows.incidentsHelp')}</p>
      <table class="table" data-test="flows-incidents"><thead><tr><th>{t('flows.when')}</th><th>{t('flows.what')}</th><th>{t('flows.tab')}</th><th>{t('flows.node')}</th><th>{t('flows.detail')}</th></tr></thead>
        <tbody>{list.map((i) => <tr key={i.id}><td class="digits">{dayMinute(i.at)}</td><td>{t(`flowEnd.${i.what}`)}</td><td>{i.tabName ?? i.tab ?? '–'}</td><td>{i.nodeName ?? i.node ?? '–'}</td><td class="small">{i.detail}</td></tr>)}</tbody></table>
    </section>
  );
}

function Places({ list }: { list: State['places'] }) {
  return (
    <section class="card stack"><h2>{t('flows.places')}</h2>
      <table class="table" data-test="flows-places"><thead><tr><th>{t('flows.node')}</th><th>{t('flows.stream')}</th><th>{t('flows.behind')}</th><th>{t('flows.asked')}</th></tr></thead>
        <tbody>{list.map((p) => <tr key={`${p.stream} ${p.nodeId}`}><td>{p.label || p.nodeId}</td><td>{p.stream}</td><td class={p.behind > 0 ? 'digits warn' : 'digits'}>{p.behind}</td><td class="digits">{dayMinute(p.askedAt)}</td></tr>)}</tbody></table>
    </section>
  );
}

function Hosts() {
  const known = useFetched<{ allow: Host[]; updatedAt: number | null }>('/api/v1/settings/flows');
  const draft = useSignal<Host[] | null>(null);
  const problem = useSignal<Problem | null>(null);
  const writes = can(may.writeProvider) && (me.value?.scopeCode ?? '').endsWith('000000');
  const rows = draft.value ?? known.value?.allow ?? null;
  const set = (at: number, more: Partial<Host>): void => { if (rows) draft.value = rows.map((h, i) => (i === at ? { ...h, ...more } : h)); };
  const save = async (): Promise<void> => {
    const answer = await put('/api/v1/settings/flows', { allow: rows, updatedAt: known.value?.updatedAt ?? null });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { draft.value = null; say(t('set.saved')); known.again(); }
  };
  return (
    <section class="card stack" data-test="flows-hosts"><h2>{t('flows.hosts')}</h2><p class="dim small">{t('flows.hostsHelp')}</p>
      {rows === null ? <Waiting problem={known.problem} /> : (
        <fieldset class="stack" disabled={!writes}>
          {rows.length === 0 && <p class="dim">{t('flows.noHosts')}</p>}
          {rows.map((h, i) => (
            <div key={i} class="form-row" data-host={i}>
              <label>{t('flows.host')}<input maxLength={253} value={h.host} onInput={(event) => set(i, { host: event.currentTarget.value.trim() })} /><FieldProblem problem={problem.value} field={`allow.${i}.host`} /></label>
              <label>{t('flows.port')}<input type="number" min={1} max={65_535} placeholder="80, 443" value={h.port ?? ''} onInput={(event) => set(i, { port: event.currentTarget.value === '' ? null : Number(event.currentTarget.value) })} /><FieldProblem problem={problem.value} field={`allow.${i}.port`} /></label>
              <label class="tick"><input type="checkbox" checked={h.inside} onChange={(event) => set(i, { inside: event.currentTarget.checked })} /> {t('flows.inside')}</label><FieldProblem problem={problem.value} field={`allow.${i}.inside`} />
              {writes && <button type="button" class="small-button" onClick={() => { draft.value = rows.filter((_, at) => at !== i); }}>{t('act.remove')}</button>}
            </div>
          ))}
          {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
          {writes && <p class="buttons"><button type="button" class="small-button" data-test="add-host" onClick={() => { draft.value = [...rows, { host: '', port: null, inside: false }]; }}>{t('act.add')}</button>
            <button type="button" class="strong" disabled={draft.value === null} data-test="save-hosts" onClick={() => void save()}>{t('act.save')}</button></p>}
        </fieldset>
      )}
    </section>
  );
}
