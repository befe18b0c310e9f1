/** 型号目录: each model with its supervision, alarms, window, power and acceptance; an administrator changes what is safe, and is told first what would fall silent. */
import { useSignal } from '@preact/signals';
import type { DeviceType } from '#core/decision.ts';
import { confirmWindowMaxS, learningDaysMax, mayLearn, mayWait } from '#core/device-models.ts';
import type { EventKind } from '#core/event.ts';
import { may } from '#core/user.ts';
import { patch, type Problem } from '#wall/api/client.ts';
import { word } from '#wall/files/words.tsx';
import { kindName, lang, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { hashOf } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem } from './paging.tsx';

type Model = { id: string; name: string; vendor: string; type: DeviceType; power: 'mains' | 'battery'; supervisionClass: string; periodS: number; graceS: number; confirmWindowS: number; batteryKind: string | null; batteryDays: number | null; learningDays: number; alarms: EventKind[]; profile: string; devices: number; installed: number };
type Class = { id: string; name: string; periodS: number; graceS: number };

const span = (s: number): string => (s % 3600 === 0 ? t('models.hours', { n: s / 3600 }) : s % 60 === 0 ? t('device.minutes', { n: s / 60 }) : t('models.seconds', { n: s }));

export function DeviceModels() {
  const view = useFetched<{ models: Model[]; classes: Class[] }>('/api/v1/device-catalogue');
  const editing = useSignal<string | null>(null);
  const chosen = view.value?.models.find((m) => m.id === editing.value);
  return (
    <Page title={t('tab.device-models')} help={t('models.help')} test="device-models" onRefresh={view.again}>
      {view.value === null ? <Waiting problem={view.problem} /> : <>
        <div class="card scroll"><table class="table list">
          <thead><tr><th scope="col">{t('devices.model')}</th><th scope="col">{t('models.alarms')}</th><th scope="col">{t('models.class')}</th><th scope="col">{t('models.window')}</th><th scope="col">{t('models.learning')}</th><th scope="col">{t('models.power')}</th><th scope="col">{t('models.profile')}</th><th scope="col">{t('models.count')}</th><th /></tr></thead>
          <tbody>{view.value.models.map((m) => (
            <tr key={m.id} data-id={m.id}>
              <th scope="row">{m.name} <code class="small">{m.id}</code></th><td>{m.alarms.map((kind) => kindName(kind)).join(lang.value === 'zh' ? '、' : ', ')}</td><td>{t('models.classText', { period: span(m.periodS), grace: span(m.graceS) })}</td>
              <td class="digits">{m.confirmWindowS === 0 ? t('models.atOnce') : t('models.seconds', { n: m.confirmWindowS })}</td><td class="digits">{m.learningDays === 0 ? '–' : t('models.learnDays', { n: m.learningDays })}</td><td>{[word('power', m.power), m.batteryKind, m.batteryDays === null ? null : t('models.days', { n: m.batteryDays })].filter(Boolean).join(' · ')}</td><td>{word('deviceType', m.profile)}</td>
              <td class="digits"><a href={hashOf('devices', null, { model: m.id })}>{m.installed} / {m.devices}</a></td><td>{can(may.writeModels) && <button type="button" class="small-button" data-test="edit-model" onClick={() => { editing.value = m.id; }}>{t('act.edit')}</button>}</td>
            </tr>
          ))}</tbody>
        </table></div>
        {chosen && <Editor key={`${chosen.id} ${chosen.name} ${chosen.supervisionClass} ${chosen.confirmWindowS} ${chosen.learningDays}`} model={chosen} classes={view.value.classes} done={() => { editing.value = null; view.again(); }} again={view.again} />}
      </>}
    </Page>
  );
}

function Editor({ model, classes, done, again }: { model: Model; classes: readonly Class[]; done(): void; again(): void }) {
  const problem = useSignal<Problem | null>(null);
  const silent = useSignal<number | null>(null);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const { name, supervisionClass, confirmWindowS } = model;
    const answer = await patch(`/api/v1/device-catalogue/${model.id}`, {
      was: { name, supervisionClass, confirmWindowS }, name: String(form.get('name')).trim(), supervisionClass: String(form.get('class')), confirmWindowS: Number(form.get('window') ?? 0),
      ...(mayLearn(model.type) ? { learningDays: Number(form.get('learning')) } : {}), ...(model.power === 'battery' ? { batteryKind: String(form.get('batteryKind')).trim() || null, batteryDays: Number(form.get('batteryDays')) || null } : {}), ...(silent.value === null ? {} : { silent: silent.value }),
    });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('set.saved')); done(); return; }
    const { silent: n } = answer.problem.more as { silent?: number };
    silent.value = n ?? null;
    if (answer.problem.code === 'E_CONFLICT' && n === undefined) again();
  };
  return (
    <form class="card stack" data-test="model-editor" onSubmit={(event) => void save(event)} onInput={() => { silent.value = null; }}>
      <h2>{model.name} · {word('deviceType', model.type)}</h2>
      <div class="form-row">
        <label>{t('files.name')}<input name="name" required maxLength={40} defaultValue={model.name} /><FieldProblem problem={problem.value} field="name" /></label>
        <label>{t('models.class')}<select name="class" data-test="model-class">{classes.map((c) => <option key={c.id} value={c.id} selected={c.id === model.supervisionClass}>{t('models.classText', { period: span(c.periodS), grace: span(c.graceS) })}</option>)}</select><FieldProblem problem={problem.value} field="supervisionClass" /></label>
        {mayWait(model.type) && <label>{t('models.window')}<input name="window" type="number" min={0} max={confirmWindowMaxS} required defaultValue={model.confirmWindowS} /><span class="dim small">{t('models.windowHelp')}</span><FieldProblem problem={problem.value} field="confirmWindowS" /></label>}
        {mayLearn(model.type) && <label>{t('models.learning')}<input name="learning" type="number" min={0} max={learningDaysMax} required defaultValue={model.learningDays} /><span class="dim small">{t('models.learningHelp')}</span><FieldProblem problem={problem.value} field="learningDays" /></label>}
        {model.power === 'battery' && <label>{t('models.batteryKind')}<input name="batteryKind" maxLength={40} defaultValue={model.batteryKind ?? ''} /><FieldProblem problem={problem.value} field="batteryKind" /></label>}
        {model.power === 'battery' && <label>{t('models.batteryDays')}<input name="batteryDays" type="number" min={1} max={7_300} defaultValue={model.batteryDays ?? ''} /><FieldProblem problem={problem.value} field="batteryDays" /></label>}
      </div>
      {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert" data-test="model-problem">{silent.value === null ? problemText(problem.value) : t('models.silent', { n: silent.value })}</p>}
      <p class="buttons"><button type="submit" class="strong" data-test="save-model">{silent.value === null ? t('act.save') : t('act.saveAnyway')}</button><button type="button" class="plain" onClick={done}>{t('act.cancel')}</button></p>
    </form>
  );
}
