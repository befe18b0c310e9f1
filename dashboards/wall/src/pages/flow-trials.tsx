/** A tab tried with the last 24 hours before it is used: what it would have done against what was done. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { FlowActAt, Trial } from '#core/flow-acts.ts';
import { get, type Problem, post } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { refine, route } from '#wall/state/route.ts';
import { editsFlows } from './flow-versions.tsx';
import { useFetched, Waiting } from './page.tsx';
import { FieldProblem } from './paging.tsx';

type Row = { id: string; askedAt: number; by: string; byName: string | null; tab: string; tabName: string; drawn: boolean; state: 'asked' | 'running' | 'done'; doneAt: number | null };
const lookMs = 1_000;

/** The one that is open stands in the address, so that the editor's button leads to it. */
export function Trials({ on }: { on: boolean }) {
  const found = useFetched<{ trials: Row[]; tabs: { id: string; name: string; disabled: boolean }[] }>('/api/v1/flows-trials');
  const tab = useSignal('');
  const answer = useSignal('{}');
  const problem = useSignal<Problem | null>(null);
  const open = route.value.query['trial'] ?? null;
  const show = (id: string | null): void => { const { trial: _, ...rest } = route.peek().query; refine(id === null ? rest : { ...rest, trial: id }); };
  const { trials = [], tabs = [] } = found.value ?? {};
  const chosen = tab.value || tabs[0]?.id;
  const ask = async (): Promise<void> => {
    const said = await post<{ id: string }>('/api/v1/flows-trials', { tab: chosen, answer: answer.value });
    problem.value = said.ok ? null : said.problem;
    if (said.ok) { show(said.value.id); found.again(); }
  };
  return (
    <section class="card stack" data-test="flows-trials"><h2>{t('trial.title')}</h2><p class="dim small">{t('trial.help')}</p>
      {found.value === null ? <Waiting problem={found.problem} /> : editsFlows() && (tabs.length === 0 ? <p class="dim">{t('trial.noTabs')}</p> : (
        <fieldset class="form-row" disabled={!on}>
          <label>{t('flows.tab')}<select value={chosen} data-test="trial-tab" onChange={(event) => { tab.value = event.currentTarget.value; }}>{tabs.map((one) => <option key={one.id} value={one.id}>{one.name}{one.disabled ? ` (${t('flows.tabOff')})` : ''}</option>)}</select></label>
          <label>{t('trial.answer')}<input maxLength={4000} value={answer.value} data-test="trial-answer" onInput={(event) => { answer.value = event.currentTarget.value; }} /></label><FieldProblem problem={problem.value} field="tab" />
          <button type="button" class="strong" data-test="try" onClick={() => void ask()}>{t('trial.go')}</button>
        </fieldset>
      ))}
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {trials.length > 0 && <table class="table"><thead><tr><th>{t('flows.when')}</th><th>{t('flows.tab')}</th><th>{t('flows.who')}</th><th>{t('trial.state')}</th><th /></tr></thead>
        <tbody>{trials.map((one) => [
          <tr key={one.id} data-trial={one.id}><td class="digits">{dayMinute(one.askedAt)}</td><td>{one.tabName}{one.drawn ? ` (${t('trial.drawn')})` : ''}</td><td>{one.byName ?? one.by}</td><td>{t(`trialState.${one.state}`)}</td>
            <td>{editsFlows() && <button type="button" class="small-button" aria-expanded={open === one.id} onClick={() => show(open === one.id ? null : one.id)}>{t('flows.look')}</button>}</td></tr>,
          open === one.id && editsFlows() && <tr key={`${one.id} open`}><td colSpan={5}><Found id={one.id} done={found.again} /></td></tr>,
        ])}</tbody></table>}
    </section>
  );
}

/** Looked at again until it is done. */
function Found({ id, done }: { id: string; done(): void }) {
  const now = useSignal<(Row & { result: Trial | null }) | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waited = false;
    const look = (): void => void get<Row & { result: Trial | null }>(`/api/v1/flows-trials/${id}`).then((answer) => {
      if (answer.ok) now.value = answer.value;
      if (answer.ok && answer.value.state === 'done') { if (waited) done(); } else { waited = true; timer = setTimeout(look, lookMs); }
    });
    look();
    return () => clearTimeout(timer);
  }, [id]);
  const row = now.value;
  if (row === null || row.state !== 'done') return <p class="dim" data-test="trial-runs">{t('trial.runs')}</p>;
  if (row.result === null) return <p class="trouble">{t('trial.lost')}</p>;
  const { end, detail, upTo, items, less, messages, ms, lines, tried, refused, difference: { added, gone, changed, same }, cut } = row.result;
  return (
    <div class="stack" data-test="trial">
      <p><b class={end === 'whole' ? '' : 'warn'}>{t(`trialEnd.${end}`)}</b> {end === 'whole' ? '' : detail} {t('trial.sum', { items, messages, tried, s: Math.max(1, Math.round(ms / 1000)) })}</p>
      {(end !== 'whole' || less) && <p class="warn">{t('trial.upTo', { time: dayMinute(upTo) })}</p>}
      {added.length + gone.length + changed.length + refused.length === 0 ? <p data-test="no-difference">{t(same === 0 ? 'trial.silent' : 'trial.same', { n: same })}</p> : same > 0 && <p class="dim">{t('trial.same', { n: same })}</p>}
      <Acts name="trial.added" list={added} test="added" /><Acts name="trial.gone" list={gone} test="gone" />
      <Acts name="trial.changed" list={changed.map(({ was, is }) => ({ ...is, said: `${was.said} → ${is.said}` }))} test="changed" />
      <Acts name="trial.refused" list={refused.map((r) => ({ ...r, said: `${r.said} (${r.why})` }))} test="refused" />
      {cut && <p class="dim small">{t('trial.cut')}</p>}
      {lines.length > 0 && <details><summary>{t('trial.lines', { n: lines.length })}</summary><pre class="small">{lines.join('\n')}</pre></details>}
    </div>
  );
}

function Acts({ name, list, test }: { name: 'trial.added' | 'trial.gone' | 'trial.changed' | 'trial.refused'; list: readonly FlowActAt[]; test: string }) {
  if (list.length === 0) return null;
  return <><h3>{t(name, { n: list.length })}</h3><table class="table" data-test={`trial-${test}`}><tbody>{list.map((act, i) => <tr key={i}><td class="digits">{dayMinute(act.at)}</td><td>{t(`flowAct.${act.what}`)}</td><td class="small">{act.target}</td><td>{act.said}</td></tr>)}</tbody></table></>;
}
