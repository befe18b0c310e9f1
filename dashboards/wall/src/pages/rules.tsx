/** 规则参数: what the county has set of windows, classes and thresholds; tried on the last 24 hours, adopted with a reason, every version with a way back. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { inOrder, type RuleChange, ruleChanges, type RuleEntry, type RuleParam, type RuleScope } from '#core/rule-params.ts';
import { may } from '#core/user.ts';
import { post, type Problem } from '#wall/api/client.ts';
import { Picker } from '#wall/files/picker.tsx';
import { RegionPicker } from '#wall/files/region.tsx';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { hashOf, keepUnsaved } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem } from './paging.tsx';
import { type Difference, RuleDifference } from './rules-difference.tsx';

type Param = { param: RuleParam; scopes: readonly RuleScope[]; min: number; max: number; own: number | null; tenth: boolean };
type Class = { id: string; name: string; periodS: number; ownGraceS: number; min: number; max: number };
type Model = { id: string; name: string; falls: boolean; windowS: number };
type Version = { no: number; reason: string; byName: string; at: number; backTo: number | null; changes: readonly RuleChange[] };
type View = { no: number; entries: readonly RuleEntry[]; versions: readonly Version[]; params: readonly Param[]; classes: readonly Class[]; models: readonly Model[] };

export function Rules() {
  const view = useFetched<View>('/api/v1/rules');
  const adopted = useSignal<View | null>(null);
  const shown = adopted.value ?? view.value;
  const again = (): void => { adopted.value = null; view.again(); };
  return (
    <Page title={t('tab.rules')} help={t('rules.help')} onRefresh={again} test="rules">
      {shown === null ? <Waiting problem={view.problem} /> : <>
        <Draft key={shown.no} view={shown} adopted={(next) => { adopted.value = next; }} again={again} />
        <Versions view={shown} adopted={(next) => { adopted.value = next; }} again={again} />
      </>}
    </Page>
  );
}

const span = (value: number | null): string => (value === null ? t('rules.unset') : String(value));
/** Where a value holds, in words. */
function placeText({ scope, id }: Pick<RuleEntry, 'scope' | 'id'>, view: Pick<View, 'classes' | 'models'>): string {
  switch (scope) {
    case 'county': return t('files.wholeCounty');
    case 'class': return view.classes.find((c) => c.id === id)?.name ?? id;
    case 'model': return view.models.find((m) => m.id === id)?.name ?? id;
    case 'region': return placeOf(id) || id;
    case 'person': return id;
  }
}

function Draft({ view, adopted, again }: { view: View; adopted(next: View): void; again(): void }) {
  const entries = useSignal<readonly RuleEntry[]>(view.entries);
  const problem = useSignal<Problem | null>(null);
  const tried = useSignal<{ of: string; answer: Difference } | null>(null);
  const running = useSignal(false);
  const key = useRef({}).current;
  const text = JSON.stringify(inOrder(entries.value));
  const changes = ruleChanges(view.entries, entries.value);
  useEffect(() => keepUnsaved(key, changes.length > 0), [changes.length > 0]);
  useEffect(() => () => keepUnsaved(key, false), []);
  const change = (next: readonly RuleEntry[]): void => { entries.value = next; problem.value = null; };
  const attempt = async (): Promise<void> => {
    running.value = true;
    const answer = await post<Difference>('/api/v1/rules/try', { entries: entries.value }, false);
    running.value = false;
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) tried.value = { of: text, answer: answer.value };
  };
  const adopt = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason')).trim();
    const answer = await post<View>('/api/v1/rules', { after: view.no, entries: entries.value, reason }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { keepUnsaved(key, false); say(t('rules.adopted', { no: answer.value.no })); adopted(answer.value); }
  };
  const fresh = tried.value?.of === text ? tried.value.answer : null;
  return (
    <section class="card stack" data-test="rules-draft">
      <h2>{view.no === 0 ? t('rules.none') : t('rules.version', { no: view.no })}</h2>
      {entries.value.length === 0 ? <p class="dim" data-test="rules-empty">{t('rules.empty')}</p> : <Lines view={view} entries={entries.value} problem={problem.value} change={change} />}
      {can(may.tryRules) && <AddLine view={view} add={(entry) => change([...entries.value, entry])} />}
      {problem.value && <p class="trouble" role="alert" data-test="rules-problem">{problem.value.code === 'E_CONFLICT' ? t('rules.conflict') : problemText(problem.value)}{problem.value.code === 'E_CONFLICT' && <> <button type="button" class="small-button" onClick={again}>{t('set.latest')}</button></>}</p>}
      {changes.length > 0 && <Changes changes={changes} view={view} />}
      {can(may.tryRules) && <p class="buttons">
        <button type="button" class="strong" data-test="rules-try" disabled={running.value} onClick={() => void attempt()}>{t('act.try')}</button>
        {changes.length > 0 && <button type="button" class="plain" data-test="rules-discard" onClick={() => { change(view.entries); tried.value = null; }}>{t('act.discard')}</button>}
        {running.value && <span class="dim" role="status">{t('rules.running')}</span>}
      </p>}
      {tried.value && <RuleDifference of={tried.value.answer} stale={fresh === null} />}
      {can(may.writeRules) && changes.length > 0 && <form class="form-row" data-test="rules-adopt" onSubmit={(event) => void adopt(event)}>
        <label>{t('rules.reason')}<input name="reason" required minLength={2} maxLength={200} placeholder={t('rules.reasonHint')} /><FieldProblem problem={problem.value} field="reason" /></label>
        <button type="submit" data-test="rules-save" disabled={fresh === null}>{t('act.enable')}</button>
        {fresh === null && <span class="dim small">{t('rules.tryFirst')}</span>}
      </form>}
    </section>
  );
}

function Lines({ view, entries, problem, change }: { view: View; entries: readonly RuleEntry[]; problem: Problem | null; change(next: readonly RuleEntry[]): void }) {
  const editable = can(may.tryRules);
  return (
    <table class="table" data-test="rules-lines">
      <thead><tr><th scope="col">{t('rules.param')}</th><th scope="col">{t('rules.where')}</th><th scope="col">{t('rules.value')}</th><th scope="col">{t('rules.own')}</th><th scope="col" /></tr></thead>
      <tbody>{entries.map((e, i) => {
        const own = e.param === 'graceS' ? (view.classes.find((c) => c.id === e.id)?.ownGraceS ?? null) : (view.params.find((p) => p.param === e.param)?.own ?? null);
        return (
          <tr key={`${e.param} ${e.scope} ${e.id}`} data-line={i}>
            <th scope="row">{t(`ruleParam.${e.param}`)}</th>
            <td>{e.scope === 'person' ? <a href={hashOf('people', e.id)}>{t('rules.person')} {e.id}</a> : placeText(e, view)}<FieldProblem problem={problem} field={`entries.${i}.id`} /><FieldProblem problem={problem} field={`entries.${i}.scope`} /></td>
            <td>{editable ? <input type="number" step="any" value={e.value} aria-label={t('rules.value')} aria-invalid={problem?.fields.some((f) => f.field === `entries.${i}.value`) ?? false}
              onInput={(event) => change(entries.map((x, n) => (n === i ? { ...x, value: Number(event.currentTarget.value) } : x)))} /> : e.value}<FieldProblem problem={problem} field={`entries.${i}.value`} /></td>
            <td class="digits">{own ?? t('rules.declared')}</td>
            <td>{editable && <button type="button" class="small-button" data-test="rules-remove" onClick={() => change(entries.filter((_, n) => n !== i))}>{t('act.remove')}</button>}</td>
          </tr>
        );
      })}</tbody>
    </table>
  );
}

function AddLine({ view, add }: { view: View; add(entry: RuleEntry): void }) {
  const param = useSignal<RuleParam>('fallWindowS');
  const scope = useSignal<RuleScope | ''>('');
  const id = useSignal('');
  const info = view.params.find((p) => p.param === param.value) as Param;
  const at = scope.value !== '' && info.scopes.includes(scope.value) ? scope.value : (info.scopes[0] as RuleScope);
  const models = view.models.filter((m) => param.value !== 'fallWindowS' || m.falls);
  const choices = at === 'class' ? view.classes.map((c) => [c.id, c.name] as const) : models.map((m) => [m.id, m.name] as const);
  const chosen = at === 'county' ? '' : at === 'class' || at === 'model' ? (choices.some(([c]) => c === id.value) ? id.value : (choices[0]?.[0] ?? '')) : id.value;
  const grace = view.classes.find((c) => c.id === chosen);
  const window = at === 'model' && param.value === 'fallWindowS' ? view.models.find((m) => m.id === chosen)?.windowS : undefined;
  const bounds = param.value === 'graceS' && grace ? { min: grace.min, max: grace.max } : { min: info.min, max: window ?? info.max };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (at !== 'county' && chosen === '') return;
    add({ param: param.value, scope: at, id: chosen, value: Number(new FormData(form).get('value')) });
    form.reset();
  };
  return (
    <form class="form-row" data-test="rules-add" onSubmit={submit}>
      <label>{t('rules.param')}<select name="param" value={param.value} onChange={(event) => { param.value = event.currentTarget.value as RuleParam; id.value = ''; }}>{view.params.map((p) => <option key={p.param} value={p.param}>{t(`ruleParam.${p.param}`)}</option>)}</select></label>
      <label>{t('rules.scope')}<select name="scope" value={at} onChange={(event) => { scope.value = event.currentTarget.value as RuleScope; id.value = ''; }}>{info.scopes.map((s) => <option key={s} value={s}>{t(`ruleScope.${s}`)}</option>)}</select></label>
      {(at === 'class' || at === 'model') && <label>{t('rules.where')}<select name="id" value={chosen} onChange={(event) => { id.value = event.currentTarget.value; }}>{choices.map(([value, name]) => <option key={value} value={value}>{name}</option>)}</select></label>}
      {at === 'region' && <RegionPicker id="rule-region" value={id.value} onChange={(code) => { id.value = code; }} />}
      {at === 'person' && <label for="rule-person">{t('rules.person')}<Picker kind="person" id="rule-person" value={id.value} onChange={(found) => { id.value = found; }} /></label>}
      <label>{t('rules.value')}<input name="value" type="number" step={info.tenth ? '0.1' : '1'} min={bounds.min} max={bounds.max} required /><span class="dim small">{t('rules.bounds', bounds)}</span></label>
      <button type="submit" class="plain" data-test="rules-add-line" disabled={at !== 'county' && chosen === ''}>{t('act.add')}</button>
      <p class="dim small">{t(`ruleHelp.${helpOf(param.value)}`)}</p>
    </form>
  );
}

const helpOf = (param: RuleParam) => (param === 'fallWindowS' || param === 'graceS' || param === 'clearHoldS' || param === 'flapEnds' || param === 'fusionS' || param === 'routineM' ? param : 'vital');

function Changes({ changes, view }: { changes: readonly RuleChange[]; view: Pick<View, 'classes' | 'models'> }) {
  return <ul class="small" data-test="rules-changes">{changes.map((c) => <li key={`${c.param} ${c.scope} ${c.id}`}>{t(`ruleParam.${c.param}`)} · {placeText(c, view)}: {span(c.was)} → <b>{span(c.now)}</b></li>)}</ul>;
}

function Versions({ view, adopted, again }: { view: View; adopted(next: View): void; again(): void }) {
  const to = useSignal<number | null>(null);
  const problem = useSignal<Problem | null>(null);
  if (view.versions.length === 0) return null;
  const back = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason')).trim();
    const answer = await post<View>('/api/v1/rules/back', { after: view.no, to: to.value, reason }, false);
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { to.value = null; say(t('rules.adopted', { no: answer.value.no })); adopted(answer.value); }
  };
  const older = [...view.versions.slice(1), ...(view.versions.at(-1)?.no === 1 ? [null] : [])];
  const button = (no: number) => can(may.writeRules) && <button type="button" class="small-button" data-test="rules-back" data-no={no} onClick={() => { to.value = no; problem.value = null; }}>{t('act.goBack')}</button>;
  return (
    <section class="card stack" data-test="rules-versions">
      <h2>{t('rules.versions')}</h2>
      <table class="table"><thead><tr><th scope="col">{t('rules.no')}</th><th scope="col">{t('note.at')}</th><th scope="col">{t('rules.by')}</th><th scope="col">{t('rules.reason')}</th><th scope="col">{t('rules.changes')}</th><th scope="col" /></tr></thead>
        <tbody>
          {view.versions.slice(0, 1).map((v) => <VersionLine key={v.no} v={v} view={view}><b>{t('rules.holds')}</b></VersionLine>)}
          {older.map((v) => (v === null ? <tr key={0} data-no={0}><td class="digits">0</td><td colSpan={4}>{t('rules.none')}</td><td>{button(0)}</td></tr> : <VersionLine key={v.no} v={v} view={view}>{button(v.no)}</VersionLine>))}
        </tbody></table>
      {to.value !== null && <form class="form-row" data-test="rules-back-form" onSubmit={(event) => void back(event)}>
        <label>{t('rules.backTo', { no: to.value })}<input name="reason" required minLength={2} maxLength={200} placeholder={t('rules.reasonHint')} /></label>
        <button type="submit" class="strong" data-test="rules-back-save">{t('act.goBack')}</button><button type="button" class="plain" onClick={() => { to.value = null; }}>{t('act.cancel')}</button>
        {problem.value && <p class="trouble" role="alert">{problem.value.code === 'E_CONFLICT' ? t('rules.conflict') : problemText(problem.value)} <button type="button" class="small-button" onClick={again}>{t('set.latest')}</button></p>}
      </form>}
    </section>
  );
}

function VersionLine({ v, view, children }: { v: Version; view: View; children: preact.ComponentChildren }) {
  return <tr data-no={v.no}><td class="digits">{v.no}</td><td class="digits">{dayMinute(v.at)}</td><td>{v.byName}</td><td>{v.backTo === null ? v.reason : `${t('rules.wentBack', { no: v.backTo })} ${v.reason}`}</td><td><Changes changes={v.changes} view={view} /></td><td>{children}</td></tr>;
}
