/** 短信语音设置: sign, mode, limits and the code of every text, each with its words at their longest and what the provider says of it. */
import { type Signal, signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ProviderSettings, signCharsMax } from '#core/provider.ts';
import { may } from '#core/user.ts';
import { type Problem, send } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { keepUnsaved } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { say } from '#wall/state/toast.ts';
import { Page, useFetched, Waiting } from './page.tsx';
import { FieldProblem } from './paging.tsx';
import { TestSend } from './provider-test.tsx';
import { ProviderPrompts } from './provider-prompts.tsx';
import { ProviderTexts } from './provider-texts.tsx';
import { WhiteListCard } from './white-list.tsx';

export type Check = { template: string; code: string | null; state: string; checkedAt: number };
export type ProviderView = { provider: ProviderSettings; updatedAt: number | null; updatedBy: string | null; warnings: readonly string[]; gateway: 'standin' | 'aliyun' | 'http'; checks: readonly Check[] };
/** The form as its parts see it. */
export type ProviderForm = { draft: Signal<ProviderSettings>; problem: Problem | null; set(change: Partial<ProviderSettings>): void; frozen: boolean };

export function Provider() {
  const view = useFetched<ProviderView>('/api/v1/settings/provider');
  return (
    <Page title={t('prov.title')} help={t('prov.help')} onRefresh={view.again} test="provider">
      {view.value === null ? <Waiting problem={view.problem} /> : (
        <>
          <Settings key={view.value.updatedAt ?? 0} view={view.value} again={view.again} />
          <WhiteListCard />
          {can(may.testProvider) && <TestSend gateway={view.value.gateway} />}
        </>
      )}
    </Page>
  );
}

const checkedAgainMs = 2_500; // the worker reads the setting every second and asks at once

function Settings({ view, again }: { view: ProviderView; again(): void }) {
  const draft = useRef(signal(view.provider)).current;
  const problem = useSignal<Problem | null>(null);
  const conflict = useSignal(false);
  useEffect(() => () => keepUnsaved(draft, false), []);
  const set = (change: Partial<ProviderSettings>): void => { draft.value = { ...draft.value, ...change }; keepUnsaved(draft, true); };
  const form: ProviderForm = { draft, problem: problem.value, set, frozen: !can(may.writeProvider) };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const answer = await send('PUT', '/api/v1/settings/provider', { provider: draft.value, updatedAt: view.updatedAt });
    problem.value = answer.ok ? null : answer.problem;
    conflict.value = !answer.ok && answer.problem.code === 'E_CONFLICT';
    if (!answer.ok) return;
    keepUnsaved(draft, false);
    say(t('set.saved'));
    again();
    setTimeout(again, checkedAgainMs);
  };
  return (
    <form class="card stack" data-test="provider-form" onSubmit={(event) => void submit(event)}>
      <p class="dim small">{maybeText(`prov.${view.gateway}`)} · {view.updatedAt === null ? t('prov.never') : t('prov.updated', { who: view.updatedBy ?? '', time: dayMinute(view.updatedAt) })}</p>
      {view.warnings.length > 0 && <ul class="warnings" aria-label={t('prov.warnings')}>{view.warnings.map((w) => <li key={w}>▲ {w}</li>)}</ul>}
      <Agreed form={form} />
      <ProviderTexts form={form} checks={view.checks} />
      <ProviderPrompts form={form} />
      {conflict.value && <p class="trouble" role="alert" data-test="conflict">{t('set.version')} <button type="button" class="small-button" onClick={() => { keepUnsaved(draft, false); again(); }}>{t('set.latest')}</button></p>}
      {problem.value && !conflict.value && problem.value.fields.length === 0 && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      {!form.frozen && <p class="buttons"><button type="submit" class="strong" data-test="save-provider">{t('act.save')}</button></p>}
    </form>
  );
}

const limitsOf = ['smsPerDay', 'smsPerMinute', 'smsPerHour', 'smsPerNumberDay', 'voicePerMinute', 'voicePerHour', 'voicePerDay'] as const;

function Agreed({ form: { draft, problem, set, frozen } }: { form: ProviderForm }) {
  const { sign, mode, shownNumber, playTimes, voiceFile, budget } = draft.value;
  const chars = [...sign].length + 2;
  return (
    <fieldset disabled={frozen} class="form-row">
      <label>{t('prov.sign')}<input value={sign} minLength={2} maxLength={12} required data-test="sign" onInput={(event) => set({ sign: event.currentTarget.value })} /><FieldProblem problem={problem} field="provider.sign" />
        {sign !== '' && chars > signCharsMax && <span class="warn small" data-test="sign-long">{t('prov.signLong', { n: chars })}</span>}</label>
      <label>{t('prov.mode')}<select value={mode} data-test="mode" onChange={(event) => set({ mode: event.currentTarget.value as ProviderSettings['mode'] })}><option value="public">{t('prov.public')}</option><option value="dedicated">{t('prov.dedicated')}</option></select></label>
      <label>{t('prov.shown')}<input inputMode="numeric" maxLength={20} value={shownNumber ?? ''} data-test="shown" onInput={(event) => set({ shownNumber: event.currentTarget.value.trim() || null })} /><FieldProblem problem={problem} field="provider.shownNumber" /></label>
      <label>{t('prov.times')}<input type="number" min={1} max={3} value={playTimes} onInput={(event) => set({ playTimes: Number(event.currentTarget.value) })} /><FieldProblem problem={problem} field="provider.playTimes" /></label>
      <label>{t('prov.mns')}<input inputMode="numeric" maxLength={20} value={draft.value.mnsAccount ?? ''} data-test="mns" onInput={(event) => set({ mnsAccount: event.currentTarget.value.trim() || null })} /><FieldProblem problem={problem} field="provider.mnsAccount" /><span class="dim small">{t('prov.mnsHelp')}</span></label>
      <label>{t('prov.voiceFile')}<input maxLength={100} value={voiceFile ?? ''} onInput={(event) => set({ voiceFile: event.currentTarget.value.trim() || null })} /><span class="dim small">{t('prov.voiceFileHelp')}</span></label>
      {limitsOf.map((name) => <label key={name}>{t(`prov.${name}`)}<input type="number" min={name.startsWith('sms') && name !== 'smsPerDay' ? 0 : 1} value={budget[name]} onInput={(event) => set({ budget: { ...budget, [name]: Number(event.currentTarget.value) } })} /><FieldProblem problem={problem} field={`provider.budget.${name}`} /></label>)}
    </fieldset>
  );
}
