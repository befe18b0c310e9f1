/** 设备设置: what a device should be beside what it says it is; and a test call, and a restart. */
import { useSignal } from '@preact/signals';
import { sensitivities, type SettingName, type ShownSetting } from '#core/device-config.ts';
import { may } from '#core/user.ts';
import { type Problem, post, put } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { FieldProblem, Sure } from '#wall/pages/paging.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { can } from '#wall/state/session.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { Card, useOne } from './file.tsx';

const textOf = (value: unknown): string => (value === null || value === undefined ? '' : Array.isArray(value) ? value.join(',') : String(value));
const shownOf = (value: unknown): string => maybeText(`sensitivity.${textOf(value)}`) ?? textOf(value);

/** What was typed, as the setting has it. */
function typedValue(name: SettingName, text: string): unknown {
  if (name === 'callNumbers') return text.split(/[,，;\s]+/).filter((part) => part !== '');
  return name === 'fallSensitivity' ? text : Number(text);
}

export function DeviceConfig({ id }: { id: string }) {
  const found = useOne<{ settings: ShownSetting[] }>(`/api/v1/devices/${id}/config`);
  const writes = can(may.writeDevices);
  const command = async (name: 'test-call' | 'reboot'): Promise<void> => {
    const answer = await post(`/api/v1/devices/${id}/commands`, { name }, false);
    if (answer.ok) say(t('config.sent')); else sayProblem(answer.problem);
  };
  const settings = found.value?.settings ?? [];
  if (settings.length === 0) return null;
  return (
    <Card title={t('config.title')} test="device-config">
      {settings.map((s) => <Setting key={`${s.name} ${textOf(s.desired)} ${textOf(s.reported)}`} id={id} setting={s} writes={writes} onChange={found.again} />)}
      {writes && <p class="dim small">{t('config.help')}</p>}
      {writes && <p class="buttons"><button type="button" class="small-button" data-test="test-call" onClick={() => void command('test-call')}>{t('config.testCall')}</button><Sure label={t('config.reboot')} test="reboot" run={() => void command('reboot')} /> <span class="dim small">{t('config.rebootSure')}</span></p>}
    </Card>
  );
}

function Setting({ id, setting: s, writes, onChange }: { id: string; setting: ShownSetting; writes: boolean; onChange(): void }) {
  const typed = useSignal(textOf(s.desired));
  const problem = useSignal<Problem | null>(null);
  const save = async (value: unknown): Promise<void> => {
    const answer = await put(`/api/v1/devices/${id}/config`, { desired: { [s.name]: value } });
    problem.value = answer.ok ? null : answer.problem;
    if (answer.ok) { say(t('config.saved')); onChange(); }
  };
  const field = `setting-${s.name}`;
  return (
    <div class="field" data-setting={s.name}>
      <label class="field-name" for={field}>{t(`setting.${s.name}`)}</label>
      {writes && <span class="buttons">
        {s.name === 'fallSensitivity'
          ? <select id={field} value={typed.value} onChange={(event) => { typed.value = event.currentTarget.value; }}><option value="">{t('config.none')}</option>{sensitivities.map((v) => <option key={v} value={v}>{t(`sensitivity.${v}`)}</option>)}</select>
          : <input id={field} value={typed.value} inputMode={s.name === 'callNumbers' ? 'tel' : 'numeric'} maxLength={80} onInput={(event) => { typed.value = event.currentTarget.value; }} />}
        {typed.value.trim() !== '' && typed.value !== textOf(s.desired) && <button type="button" class="small-button" data-test="want" onClick={() => void save(typedValue(s.name, typed.value.trim()))}>{t('act.save')}</button>}
        {s.desired !== null && typed.value === textOf(s.desired) && <button type="button" class="small-button" data-test="take-back" onClick={() => void save(null)}>{t('config.take')}</button>}
      </span>}
      <p class="small">{!writes && <>{t('config.want')} {shownOf(s.desired) || t('config.none')} · </>}{t('config.has')} <b class="digits">{shownOf(s.reported) || t('config.none')}</b>{s.reportedAt !== null && <span class="dim digits"> {dayMinute(s.reportedAt)}</span>}
        {s.state !== null && <> · <span class={s.state === 'agreed' || s.state === 'own' ? 'dim' : 'warn'} data-state={s.state}>{t(`settingState.${s.state}`)}</span></>}</p>
      <FieldProblem problem={problem.value} field={`desired.${s.name}`} />
      {problem.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
    </div>
  );
}
