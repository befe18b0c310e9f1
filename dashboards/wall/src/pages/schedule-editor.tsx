/** One schedule being written: its people in turn, hand-over, days and hours, layer over layer; refusals stand at their lines. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type DutyRole, dutyRoles, type Layer } from '#core/schedule.ts';
import { may } from '#core/user.ts';
import { post, type Problem, send } from '#wall/api/client.ts';
import { toLocal } from '#wall/files/fields.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { go, keepUnsaved } from '#wall/state/route.ts';
import { can, me } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { useFetched } from './page.tsx';
import { FieldProblem, ScopePicker, Sure, withQuery } from './paging.tsx';

export type PersonName = { id: string; name: string };
export type SpanView = { from: number; to: number; who: PersonName | null; instead: boolean };
type Spec = { id: string | null; name: string; role: DutyRole; regionCode: string; layers: readonly Layer[] };
export type ScheduleView = Spec & {
  id: string; version: number; demo: boolean; now: PersonName | null; turns: readonly SpanView[]; gaps: readonly SpanView[]; people: readonly PersonName[];
  overrides: readonly { id: string; from: number; to: number; out: PersonName | null; in: PersonName | null; swap: boolean }[];
};

const newLayer = (day: string): Layer => ({ members: [], startDay: day, handOver: '08:00', turnHours: 24, days: 'all', window: null, endDay: null });
export const emptySchedule = (now: number): Spec => ({ id: null, name: '', role: 'town-duty', regionCode: me.value?.scopeCode ?? '', layers: [newLayer(toLocal(now).slice(0, 10))] });

export function ScheduleEditor({ start, version, onDone }: { start: Spec; version: number; onDone(): void }) {
  const draft = useSignal<Spec>(start);
  const problem = useSignal<Problem | null>(null);
  const key = useRef({}).current;
  const frozen = !can(may.writeSchedules);
  const d = draft.value;
  const fetched = useFetched<{ responders: (PersonName & { role: string })[] }>(withQuery('/api/v1/responders', { role: d.role, region: d.role === 'town-duty' ? d.regionCode : undefined, limit: '200' })).value?.responders ?? [];
  const people = fetched.filter((p) => p.role === d.role); // until the answer for another role has come the list is of the one before
  useEffect(() => () => keepUnsaved(key, false), []);
  const set = (change: Partial<Spec>): void => { draft.value = { ...draft.value, ...change }; keepUnsaved(key, true); };
  const put = (i: number, change: Partial<Layer>): void => set({ layers: d.layers.map((layer, k) => (k === i ? { ...layer, ...change } : layer)) });
  const leave = (): void => { keepUnsaved(key, false); onDone(); go('schedules'); };
  const save = async (): Promise<void> => {
    const { id, name, role, regionCode, layers } = draft.value;
    const answer = id === null ? await post('/api/v1/schedules', { name, role, regionCode, layers }, false) : await send('PUT', `/api/v1/schedules/${id}`, { name, layers, version });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('set.saved')); leave(); }
  };
  const remove = async (): Promise<void> => {
    const answer = await send('DELETE', `/api/v1/schedules/${d.id}?version=${version}`);
    if (answer.ok) leave(); else sayProblem(answer.problem);
  };
  return (
    <form class="card stack" data-test="schedule-form" onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <fieldset disabled={frozen} class="form-row">
        <label>{t('plan.name')}<input required maxLength={60} value={d.name} data-test="schedule-name" onInput={(event) => set({ name: event.currentTarget.value })} /><FieldProblem problem={problem.value} field="name" /></label>
        <label>{t('users.role')}<select value={d.role} disabled={d.id !== null} data-test="schedule-role" onChange={(event) => set({ role: event.currentTarget.value as Spec['role'] })}>{dutyRoles.map((role) => <option key={role} value={role}>{t(`role.${role}`)}</option>)}</select></label>
        {d.id === null && <label for="schedule-scope">{t('set.scope')}<ScopePicker id="schedule-scope" value={d.regionCode} onChange={(code) => set({ regionCode: code })} test="schedule-scope" /><FieldProblem problem={problem.value} field="regionCode" /></label>}
      </fieldset>
      {d.layers.map((layer, i) => <LayerForm key={i} layer={layer} i={i} people={people} problem={problem.value} frozen={frozen} put={(change) => put(i, change)} onRemove={d.layers.length > 1 ? () => set({ layers: d.layers.filter((_, k) => k !== i) }) : null} />)}
      {!frozen && <p><button type="button" class="small-button" data-test="add-layer" onClick={() => set({ layers: [...d.layers, newLayer(d.layers[0]?.startDay ?? '')] })}>{t('sched.addLayer')}</button> <span class="dim small">{t('sched.layerHelp')}</span></p>}
      {problem.value && <p class="trouble" role="alert">{problem.value.code === 'E_CONFLICT' ? t('set.version') : problemText(problem.value)}</p>}
      <p class="buttons">
        {!frozen && <button type="submit" class="strong" data-test="save-schedule">{t('act.save')}</button>}
        <button type="button" class="plain" onClick={() => go('schedules')}>{t('act.back')}</button><span class="grow" />
        {!frozen && d.id !== null && <Sure label={t('act.remove')} test="remove-schedule" run={() => void remove()} />}
      </p>
    </form>
  );
}

type LayerProps = { layer: Layer; i: number; people: readonly PersonName[]; problem: Problem | null; frozen: boolean; put(change: Partial<Layer>): void; onRemove: (() => void) | null };

function LayerForm({ layer, i, people, problem, frozen, put, onRemove }: LayerProps) {
  const field = (name: string): string => `layers.${i}.${name}`;
  return (
    <fieldset disabled={frozen} class="stack layer"><legend>{t('sched.layer', { n: i + 1 })}</legend>
      <div class="form-row">
        <label>{t('sched.startDay')}<input type="date" required value={layer.startDay} onInput={(event) => put({ startDay: event.currentTarget.value })} /><FieldProblem problem={problem} field={field('startDay')} /></label>
        <label>{t('sched.handOver')}<input type="time" required value={layer.handOver} onInput={(event) => put({ handOver: event.currentTarget.value })} /></label>
        <label>{t('sched.turnHours')}<input type="number" min={1} max={744} required value={layer.turnHours} onInput={(event) => put({ turnHours: Number(event.currentTarget.value) })} /></label>
        <label>{t('sched.days')}<select value={layer.days} onChange={(event) => put({ days: event.currentTarget.value as Layer['days'] })}>{(['all', 'work', 'rest'] as const).map((days) => <option key={days} value={days}>{t(`sched.days.${days}`)}</option>)}</select></label>
        <label class="tick"><input type="checkbox" checked={layer.window !== null} onChange={() => put({ window: layer.window === null ? { from: '20:00', to: '08:00' } : null })} />{t('sched.window')}</label>
        {layer.window && (['from', 'to'] as const).map((end) => <label key={end}>{t(`sched.${end}`)}<input type="time" required value={layer.window?.[end]} onInput={(event) => { if (layer.window) put({ window: { ...layer.window, [end]: event.currentTarget.value } }); }} /></label>)}
        <label>{t('sched.endDay')}<input type="date" value={layer.endDay ?? ''} onInput={(event) => put({ endDay: event.currentTarget.value || null })} /><FieldProblem problem={problem} field={field('endDay')} /></label>
        <FieldProblem problem={problem} field={field('window')} />
      </div>
      <ol class="members" aria-label={t('sched.members')}>
        {layer.members.map((id, k) => <li key={`${id}${k}`}>{people.find((p) => p.id === id)?.name ?? id}
          <button type="button" class="tool" aria-label={t('act.remove')} onClick={() => put({ members: layer.members.filter((_, n) => n !== k) })}>✕</button><FieldProblem problem={problem} field={field(`members.${k}`)} /></li>)}
      </ol>
      <p><select value="" aria-label={t('sched.addMember')} data-test={`add-member-${i}`} onChange={(event) => { if (event.currentTarget.value) put({ members: [...layer.members, event.currentTarget.value] }); event.currentTarget.value = ''; }}>
        <option value="">{people.length === 0 ? t('sched.nobodyInRole') : t('sched.addMember')}</option>{people.map((p) => <option key={p.id} value={p.id}>{p.name}</option>)}</select>
        <FieldProblem problem={problem} field={field('members')} />{onRemove && <button type="button" class="small-button" onClick={onRemove}>{t('act.remove')}</button>}</p>
    </fieldset>
  );
}
