/** One plan being written: times, calls, the desk's ladder; warnings and refusals stand at the lines they concern. */
import { signal, useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { DeskRung, PlanAction, PlanStep, PlanTarget } from '#core/escalation.ts';
import { type EventKind, eventKinds, kindInfo } from '#core/event.ts';
import { concernPlan, emergencyPlan, firePlan } from '#core/plan.ts';
import { may } from '#core/user.ts';
import { post, type Problem, send } from '#wall/api/client.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { go, keepUnsaved } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { FieldProblem, ScopePicker, Sure } from './paging.tsx';
import { PlanPreview } from './plan-preview.tsx';
import { type Draft, type Warning, warningText } from './plan-words.ts';

const targets: readonly PlanTarget[] = ['care-worker', 'key-holder', 'neighbour', 'family-1', 'family-2', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'nearby', 'fire-station', 'neighbour-villages', 'shift-leader', 'duty-leader', 'seat'];
const rungs: readonly DeskRung['ring'][] = ['other-seat', 'shift-leader', 'duty-leader'];
const lintMs = 400;
type Verdict = { warnings: readonly Warning[]; problem: Problem | null };
/** What every part of the form reads and changes. */
type Form = { draft: Signal<Draft>; verdict: Signal<Verdict>; set(change: Partial<Draft>): void; frozen: boolean };

/** The house's own plan for these kinds: that of a fire where nothing else is in it. */
function houseOf(kinds: readonly EventKind[]): typeof emergencyPlan {
  if (!kinds.some((k) => kindInfo[k].priority === 1)) return concernPlan;
  return kinds.every((k) => firePlan.kinds.includes(k)) ? firePlan : emergencyPlan;
}

export function PlanEditor({ id, version, start, warnings, onDone }: { id: string | null; version: number; start: Draft; warnings: readonly Warning[]; onDone(): void }) {
  const draft = useRef(signal(start)).current;
  const verdict = useRef(signal<Verdict>({ warnings, problem: null })).current;
  const conflict = useSignal(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const frozen = !can(may.writePlans);
  useEffect(() => () => { clearTimeout(timer.current); keepUnsaved(draft, false); }, []);
  const lint = async (): Promise<void> => {
    const answer = await post<{ warnings: Warning[] }>('/api/v1/plans/lint', { ...draft.peek(), name: draft.peek().name || '–' }, false);
    verdict.value = answer.ok ? { warnings: answer.value.warnings, problem: null } : { warnings: [], problem: answer.problem };
  };
  const set = (change: Partial<Draft>): void => { draft.value = { ...draft.value, ...change }; keepUnsaved(draft, true); clearTimeout(timer.current); timer.current = setTimeout(() => void lint(), lintMs); };
  const form: Form = { draft, verdict, set, frozen };
  const leave = (): void => { keepUnsaved(draft, false); onDone(); go('plans'); };
  const save = async (): Promise<void> => {
    const answer = id === null ? await post('/api/v1/plans', draft.value, false) : await send('PUT', `/api/v1/plans/${id}`, { ...draft.value, version });
    if (answer.ok) { say(t('set.saved')); leave(); return; }
    if (answer.problem.code === 'E_CONFLICT') conflict.value = true; else verdict.value = { warnings: [], problem: answer.problem };
  };
  const remove = async (): Promise<void> => {
    const answer = await send('DELETE', `/api/v1/plans/${id}?version=${version}`);
    if (answer.ok) leave(); else if (answer.problem.code === 'E_CONFLICT') conflict.value = true; else sayProblem(answer.problem);
  };
  const restore = (): void => { const { steps, roundS, desk } = houseOf(draft.peek().kinds); set({ steps, roundS, desk }); };
  const { problem } = verdict.value;
  return (
    <form class="card stack" data-test="plan-form" onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <Head form={form} />
      <Steps form={form} />
      <Ladder form={form} />
      {conflict.value && <p class="trouble" role="alert" data-test="conflict">{t('set.version')} <button type="button" class="small-button" onClick={() => { keepUnsaved(draft, false); onDone(); }}>{t('set.latest')}</button></p>}
      {problem && problem.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem)}</p>}
      <Lines form={form} of={(f) => f.length === 0} />
      <p class="buttons">
        {!frozen && <button type="submit" class="strong" data-test="save-plan" disabled={problem !== null && problem.fields.length > 0}>{t('act.save')}</button>}
        <button type="button" class="plain" onClick={() => go('plans')}>{t('act.back')}</button><span class="grow" />
        {!frozen && <Sure label={t('act.default')} test="restore" run={restore} />}
        {!frozen && id !== null && <Sure label={t('act.remove')} test="remove-plan" run={() => void remove()} />}
      </p>
      {!frozen && id !== null && <p class="dim small">{t('plan.removeHelp')}</p>}
      {can(may.readFiles) && <PlanPreview draft={draft} />}
    </form>
  );
}

/** Warnings whose fields fit. */
function Lines({ form, of }: { form: Form; of(fields: readonly string[]): boolean }) {
  const found = form.verdict.value.warnings.filter((w) => of(w.fields));
  return found.length === 0 ? null : <ul class="warnings">{found.map((w) => <li key={w.code} data-warning={w.code}>▲ {warningText(w)}</li>)}</ul>;
}

function Head({ form }: { form: Form }) {
  const { draft, verdict, set, frozen } = form;
  const { name, kinds, scopeCode, roundS } = draft.value;
  const { problem } = verdict.value;
  const flip = (kind: EventKind): void => set({ kinds: kinds.includes(kind) ? kinds.filter((k) => k !== kind) : [...kinds, kind] });
  return (
    <fieldset disabled={frozen} class="stack">
      <div class="form-row">
        <label>{t('plan.name')}<input required maxLength={60} value={name} data-test="plan-name" onInput={(event) => set({ name: event.currentTarget.value })} /><FieldProblem problem={problem} field="name" /></label>
        <label for="plan-scope">{t('set.scope')}<ScopePicker id="plan-scope" value={scopeCode} onChange={(code) => set({ scopeCode: code })} test="plan-scope" /><FieldProblem problem={problem} field="scopeCode" /></label>
        <label>{t('plan.roundS')}<input type="number" min={60} max={14_400} value={roundS} data-test="round" onInput={(event) => set({ roundS: Number(event.currentTarget.value) })} /><FieldProblem problem={problem} field="roundS" /></label>
      </div>
      <fieldset class="kinds"><legend>{t('plan.kinds')}</legend>
        {eventKinds.filter((kind) => kindInfo[kind].priority <= 2).map((kind) => <label key={kind} class="tick"><input type="checkbox" checked={kinds.includes(kind)} onChange={() => flip(kind)} />{kindName(kind)}</label>)}
        <FieldProblem problem={problem} field="kinds" /></fieldset>
      <Conditions form={form} />
    </fieldset>
  );
}

/** Only then, only for them; empty means always and everybody. */
function Conditions({ form: { draft, set, verdict } }: { form: Form }) {
  const { priority, hours, risk } = draft.value;
  const clock = (end: 'from' | 'to', value: string): void => {
    const { hours: _h, ...rest } = draft.value;
    if (value === '') { draft.value = rest; set({}); } else set({ hours: { from: hours?.from ?? value, to: hours?.to ?? value, [end]: value } });
  };
  const choose = (name: 'priority' | 'risk', value: string): void => { const { [name]: _old, ...rest } = draft.value; draft.value = rest; set(value === '' ? {} : { [name]: name === 'priority' ? Number(value) : value }); };
  return (
    <div class="form-row" data-test="conditions">
      <label>{t('plan.priority')}<select value={priority ?? ''} data-test="plan-priority" onChange={(event) => choose('priority', event.currentTarget.value)}><option value="">{t('plan.any')}</option>{[1, 2].map((n) => <option key={n} value={n}>{t('plan.onlyPriority', { n })}</option>)}</select></label>
      <label>{t('plan.riskOf')}<select value={risk ?? ''} data-test="plan-risk" onChange={(event) => choose('risk', event.currentTarget.value)}><option value="">{t('plan.any')}</option>{(['high', 'normal'] as const).map((r) => <option key={r} value={r}>{t(`plan.risk.${r}`)}</option>)}</select></label>
      <label>{t('plan.hoursFrom')}<input type="time" value={hours?.from ?? ''} data-test="plan-from" onChange={(event) => clock('from', event.currentTarget.value)} /></label>
      <label>{t('plan.hoursTo')}<input type="time" value={hours?.to ?? ''} data-test="plan-to" onChange={(event) => clock('to', event.currentTarget.value)} /></label>
      <Lines form={{ draft, set, verdict, frozen: true }} of={(fields) => fields.includes('priority')} />
    </div>
  );
}

const replaced = <T,>(list: readonly T[], i: number, value: T): T[] => list.map((old, k) => (k === i ? value : old));
const without = <T,>(list: readonly T[], i: number): T[] => list.filter((_, k) => k !== i);
const swapped = <T,>(list: readonly T[], i: number, k: number): T[] => { const out = [...list]; const [a, b] = [out[i], out[k]]; if (a !== undefined && b !== undefined) { out[i] = b; out[k] = a; } return out; };

function Steps({ form }: { form: Form }) {
  const { draft, set, frozen, verdict } = form;
  const { steps } = draft.value;
  const put = (i: number, step: PlanStep): void => set({ steps: replaced(steps, i, step) });
  const add = (): void => set({ steps: [...steps, { atS: (steps.at(-1)?.atS ?? -30) + 30, actions: [{ target: 'care-worker', channel: 'voice' }] }] });
  return (
    <fieldset disabled={frozen} class="stack"><legend>{t('plan.steps')}</legend>
      {steps.map((step, i) => (
        <div key={i} class="step" data-step={i}>
          <label>{t('plan.at')}<input type="number" min={0} max={7_200} value={step.atS} data-test={`at-${i}`} onInput={(event) => put(i, { ...step, atS: Number(event.currentTarget.value) })} /></label>
          <div class="step-calls">
            {step.actions.map((action, k) => <Call key={k} form={form} step={step} i={i} k={k} action={action} put={(next) => put(i, next)} />)}
            <FieldProblem problem={verdict.value.problem} field={`steps.${i}.atS`} /><FieldProblem problem={verdict.value.problem} field={`steps.${i}.actions`} />
            <Lines form={form} of={(fields) => fields.includes(`steps.${i}`)} />
          </div>
          <span class="step-tools">
            <button type="button" class="small-button" onClick={() => put(i, { ...step, actions: [...step.actions, { target: 'neighbour', channel: 'voice' }] })}>{t('plan.addCall')}</button>
            <button type="button" class="small-button" aria-label={t('act.remove')} data-test={`remove-step-${i}`} onClick={() => set({ steps: without(steps, i) })}>✕</button>
          </span>
        </div>
      ))}
      <FieldProblem problem={verdict.value.problem} field="steps" /><Lines form={form} of={(fields) => fields.includes('steps')} />
      {!frozen && <p><button type="button" class="small-button" data-test="add-step" onClick={add}>{t('plan.addStep')}</button></p>}
    </fieldset>
  );
}

function Call({ form, step, i, k, action, put }: { form: Form; step: PlanStep; i: number; k: number; action: PlanAction; put(step: PlanStep): void }) {
  const change = (next: PlanAction): void => put({ ...step, actions: replaced(step.actions, k, next) });
  return (
    <div class="call-line">
      <select value={action.channel} aria-label={t('note.channel')} onChange={(event) => change({ ...action, channel: event.currentTarget.value as PlanAction['channel'] })}>{(['sms', 'voice'] as const).map((c) => <option key={c} value={c}>{t(`channel.${c}`)}</option>)}</select>
      <select value={action.target} aria-label={t('note.who')} data-test={`target-${i}-${k}`} onChange={(event) => change({ ...action, target: event.currentTarget.value as PlanTarget })}>{targets.map((x) => <option key={x} value={x}>{t(`target.${x}`)}</option>)}</select>
      <button type="button" class="tool" aria-label={t('act.up')} disabled={k === 0} onClick={() => put({ ...step, actions: swapped(step.actions, k, k - 1) })}>↑</button>
      <button type="button" class="tool" aria-label={t('act.down')} disabled={k === step.actions.length - 1} onClick={() => put({ ...step, actions: swapped(step.actions, k, k + 1) })}>↓</button>
      <button type="button" class="tool" aria-label={t('act.remove')} onClick={() => put({ ...step, actions: without(step.actions, k) })}>✕</button>
      <Lines form={form} of={(fields) => fields.includes(`steps.${i}.actions.${k}`)} />
    </div>
  );
}

function Ladder({ form }: { form: Form }) {
  const { draft, set, frozen } = form;
  const { desk } = draft.value;
  return (
    <fieldset disabled={frozen} class="stack"><legend>{t('plan.desk')}</legend>
      {desk.map((rung, i) => (
        <div key={i} class="step">
          <label>{t('plan.at')}<input type="number" min={0} max={7_200} value={rung.atS} onInput={(event) => set({ desk: replaced(desk, i, { ...rung, atS: Number(event.currentTarget.value) }) })} /></label>
          <select value={rung.ring} aria-label={t('note.who')} onChange={(event) => set({ desk: replaced(desk, i, { ...rung, ring: event.currentTarget.value as DeskRung['ring'] }) })}>{rungs.map((r) => <option key={r} value={r}>{t(`rung.${r}`)}</option>)}</select>
          <button type="button" class="small-button" aria-label={t('act.remove')} onClick={() => set({ desk: without(desk, i) })}>✕</button>
        </div>
      ))}
      <Lines form={form} of={(fields) => fields.includes('desk')} />
      {!frozen && <p><button type="button" class="small-button" onClick={() => set({ desk: [...desk, { atS: (desk.at(-1)?.atS ?? 0) + 60, ring: 'shift-leader' }] })}>{t('plan.addRung')}</button></p>}
    </fieldset>
  );
}
