/** Every text with its words, its length as it is paid, its code, and what the provider says of that code. */
import { render, smsParts, templates, type TemplateName, variables, worstValues } from '#core/messages.ts';
import { vitalTemplates } from '#core/provider.ts';
import { dayMinute } from '#wall/format/time.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { FieldProblem } from './paging.tsx';
import type { Check, ProviderForm } from './provider.tsx';

const names = Object.keys(templates) as TemplateName[];
const vital: ReadonlySet<string> = new Set(vitalTemplates);
const charsPerSecond = 4.2;

export function ProviderTexts({ form, checks }: { form: ProviderForm; checks: readonly Check[] }) {
  const states = new Map(checks.map((c) => [c.template, c]));
  const sign = states.get('sign');
  const at = checks[0]?.checkedAt;
  return (
    <fieldset disabled={form.frozen} class="texts"><legend>{t('prov.texts')}</legend>
      <p class="dim small">{t('prov.worst')} · {at === undefined ? t('prov.notChecked') : t('prov.checked', { time: dayMinute(at) })}{sign && <> · {t('tpl.sign')} <StateMark state={sign.state} /></>}</p>
      {[...names].sort((a, b) => Number(vital.has(b)) - Number(vital.has(a))).map((name) => <Text key={name} name={name} form={form} check={states.get(name)} />)}
    </fieldset>
  );
}

function StateMark({ state }: { state: string }) {
  const bad = state !== 'approved' && state !== 'not-asked';
  return <b class={bad ? 'trouble' : state === 'approved' ? '' : 'dim'} data-state={state}>{bad ? '▲ ' : ''}{maybeText(`tstate.${state}`) ?? state}</b>;
}

function Text({ name, form, check }: { name: TemplateName; form: ProviderForm; check: Check | undefined }) {
  const { draft, set, problem } = form;
  const codes = draft.value.templates;
  const own = codes[name] ?? '';
  const template = templates[name];
  const sms = template.channel === 'sms';
  const { sign } = draft.value;
  const words = render(name, variables(name, worstValues, sms ? sign : ''));
  const { chars, parts } = smsParts(sign, words);
  const change = (code: string): void => { const { [name]: _, ...rest } = codes; set({ templates: code.trim() === '' ? rest : { ...rest, [name]: code.trim() } }); };
  return (
    <div class="text-line" data-template={name}>
      <span class="text-name"><b>{maybeText(`tpl.${name}`) ?? name}</b> <span class="dim small">{t(`channel.${template.channel}`)}</span>{vital.has(name) && <i class="flag">{t('prov.vital')}</i>}{'dedicated' in template && <i class="flag">{t('prov.dedicatedOnly')}</i>}</span>
      <span class="said"><code class="template">{template.text}</code><span class="dim" data-test="words">{sms && sign !== '' ? `【${sign}】` : ''}{words}</span>
        <span class={sms && parts > 1 ? 'warn small' : 'dim small'} data-test="length">{sms ? t('prov.chars', { chars, parts }) : t('prov.seconds', { s: Math.round([...words].length / charsPerSecond) })}</span></span>
      <span class="said"><input class="text-code" value={own} maxLength={64} aria-label={t('prov.codeFor', { name: maybeText(`tpl.${name}`) ?? name })} placeholder={sms ? 'SMS_' : 'TTS_'} spellcheck={false} onInput={(event) => change(event.currentTarget.value)} />
        <FieldProblem problem={problem} field={`provider.templates.${name}`} />
        <span class="small">{check && check.code === (own || null) ? <StateMark state={check.state} /> : own === '' ? <StateMark state="no-code" /> : <span class="dim">{t('prov.notChecked')}</span>}</span></span>
    </div>
  );
}
