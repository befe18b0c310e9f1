/** 方言录音: which announcement somebody hears who has no Mandarin, by language and by what happened; empty ones stay Mandarin. */
import { useSignal } from '@preact/signals';
import { eventKinds } from '#core/event.ts';
import { promptKeys } from '#core/prompts.ts';
import { kindName, maybeText, t } from '#wall/i18n/text.ts';
import { FieldProblem } from './paging.tsx';
import type { ProviderForm } from './provider.tsx';

/** The county's speech groups (FIELD 5); others that are in use stand beside them. */
const speech = ['前路话', '后路话', '闽南话', '桃源话', '客家话'];

export function ProviderPrompts({ form: { draft, problem, set, frozen } }: { form: ProviderForm }) {
  const { prompts } = draft.value;
  const languages = [...new Set([...speech, ...Object.keys(prompts)])];
  const language = useSignal(languages[0] ?? '');
  const own = prompts[language.value] ?? {};
  const change = (key: string, code: string): void => {
    const { [key]: _, ...rest } = own;
    const mine = code.trim() === '' ? rest : { ...rest, [key]: code.trim() };
    const { [language.value]: __, ...others } = prompts;
    set({ prompts: Object.keys(mine).length === 0 ? others : { ...others, [language.value]: mine } });
  };
  return (
    <fieldset disabled={frozen} class="texts" data-test="prompts"><legend>{t('prompts.title')}</legend>
      <p class="dim small">{t('prompts.help')}</p>
      <label>{t('prompts.language')}<select value={language.value} data-test="prompt-language" onChange={(event) => { language.value = event.currentTarget.value; }}>{languages.map((l) => <option key={l} value={l}>{l} ({Object.keys(prompts[l] ?? {}).length})</option>)}</select></label>
      <div class="form-row">{promptKeys.map((key) => (
        <label key={key}>{nameOf(key)}<input value={own[key] ?? ''} maxLength={100} spellcheck={false} data-prompt={key} placeholder={key.includes('.') ? '' : 'TTS_ / .wav'} onInput={(event) => change(key, event.currentTarget.value)} />
          <FieldProblem problem={problem} field={`provider.prompts.${language.value}.${key}`} /></label>
      ))}</div>
    </fieldset>
  );
}

function nameOf(key: string): string {
  const [template = '', kind] = key.split('.');
  const what = eventKinds.find((k) => k === kind);
  return `${maybeText(`tpl.${template}`) ?? template}${what ? ` · ${kindName(what)}` : ''}`;
}
