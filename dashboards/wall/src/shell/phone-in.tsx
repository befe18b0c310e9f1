/**
 * An emergency by telephone or by hand (电话报警), by keys alone: one field finds a number, a name, a file number or a village; a number
 * that is nobody's raises too. Enter raises what is chosen.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { post, type Problem } from '#wall/api/client.ts';
import { zhSoon } from '#wall/i18n/soon.zh-CN.ts';
import { kindName, learn, t } from '#wall/i18n/text.ts';
import { phoneIn } from '#wall/state/dialogs.ts';
import { type Choice, numberOf, peopleFor, placesFor } from '#wall/state/find-who.ts';
import { say } from '#wall/state/toast.ts';
import { Dialog } from './dialog.tsx';
import { problemText } from './problem.ts';

learn(zhSoon);
type Prefill = NonNullable<typeof phoneIn.value>;

const kinds = ['phone-in', 'sos', 'fall', 'smoke', 'gas'] as const;
type Raised = { name: string | null };
/** Names are asked for when nobody has typed for so long. */
const restMs = 180;

export function PhoneIn() {
  const prefill = phoneIn.value;
  return prefill === null ? null : <Entry prefill={prefill} onClose={() => { phoneIn.value = null; }} />;
}

function Entry({ prefill, onClose }: { prefill: Prefill; onClose(): void }) {
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const text = useSignal(prefill.from);
  const { choices, chosen, choose, none } = useChoices(prefill, text.value);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const note = String(form.get('note')).trim();
    const kind = String(form.get('kind'));
    if (chosen === null || busy.value) return;
    busy.value = true;
    const answer = await post<Raised>('/api/v1/alerts', { ...(prefill.from === '' ? {} : { from: prefill.from }), ...chosen.body, ...(note === '' ? {} : { note }), ...(kind === 'phone-in' ? {} : { kind }) });
    busy.value = false;
    if (!answer.ok) { problem.value = answer.problem; return; }
    say(answer.value.name !== null ? t('phone.matched', { who: answer.value.name }) : chosen.body.regionCode === undefined ? t('phone.unknown') : t('phone.matched', { who: chosen.label }));
    onClose();
  };
  const keys = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || event.isComposing || choices.length === 0) return;
    event.preventDefault();
    choose(choices[Math.min(choices.length - 1, Math.max(0, choices.findIndex((c) => c.key === chosen?.key) + step))] ?? null);
  };
  return (
    <Dialog title={t('phone.title')} onClose={onClose}>
      <form class="stack" data-test="phone-in" onSubmit={(event) => void submit(event)}>
        <label>{t('phone.who')}<input name="who" maxLength={60} autofocus autocomplete="off" role="combobox" aria-expanded={choices.length > 0} aria-controls="phone-choices" value={text.value} onKeyDown={keys} onInput={(event) => { text.value = event.currentTarget.value; }} /></label>
        <ul class="choices" id="phone-choices" data-test="choices">
          {choices.map((c) => (
            <li key={c.key}><button type="button" class="choice" tabIndex={-1} aria-pressed={c.key === chosen?.key} onClick={() => choose(c)}><b>{c.label}</b> <span class="dim">{c.note}</span></button></li>
          ))}
        </ul>
        {none && <p class="dim small" data-test="nobody">{t('phone.nobody')}</p>}
        <fieldset class="kinds"><legend>{t('phone.kind')}</legend>{kinds.map((kind) => <label key={kind}><input type="radio" name="kind" value={kind} defaultChecked={kind === 'phone-in'} /> {kindName(kind)}</label>)}</fieldset>
        <label>{t('phone.note')}<input name="note" maxLength={2000} autocomplete="off" /></label>
        <p class="dim small">{t('phone.keys')}</p>
        {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
        <button type="submit" class="strong" disabled={busy.value || chosen === null}>{t('act.raise')}</button>
      </form>
    </Dialog>
  );
}

/** What the typed text may mean; the first stands chosen until another is. Answers to what was typed before are dropped. */
function useChoices(prefill: Prefill, typed: string): { choices: readonly Choice[]; chosen: Choice | null; choose(choice: Choice | null): void; none: boolean } {
  const people = useSignal<{ for: string; found: readonly Choice[] }>({ for: '', found: [] });
  const picked = useSignal<string | null>(null);
  const newest = useRef('');
  const text = typed.trim();
  newest.current = text;
  useEffect(() => {
    picked.value = null;
    if (text.length < 2) return undefined;
    const timer = setTimeout(() => void peopleFor(text).then((found) => { if (newest.current === text) people.value = { for: text, found }; }), restMs);
    return () => clearTimeout(timer);
  }, [text]);
  const number = numberOf(text);
  const own: Choice[] = prefill.who !== null && text === prefill.from.trim() ? [{ key: `p${prefill.who.id}`, label: prefill.who.label, note: '', body: { personId: prefill.who.id } }] : [];
  const byNumber: Choice[] = number === null ? [] : [{ key: 'number', label: t('phone.byNumber', { n: number }), note: t('phone.byNumberNote'), body: { from: number } }];
  const found = people.value.for === text ? people.value.found.filter((c) => !own.some((o) => o.key === c.key)) : [];
  const choices = [...own, ...byNumber, ...found, ...(number === null && text.length > 0 ? placesFor(text) : [])];
  const chosen = choices.find((c) => c.key === picked.value) ?? choices[0] ?? null;
  return { choices, chosen, choose: (choice) => { picked.value = choice?.key ?? null; }, none: text.length >= 2 && number === null && people.value.for === text && choices.length === 0 };
}
