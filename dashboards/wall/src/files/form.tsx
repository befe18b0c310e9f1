/**
 * A form over a file: what was typed lies over what the server said, so fetching the file again loses nothing. Saving sends only
 * changes with the version that was seen; a refusal stands at its field, a conflict in words with the way out. What is not saved is
 * asked for before it is left.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Answer, patch, type Problem, post } from '#wall/api/client.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { keepUnsaved } from '#wall/state/route.ts';
import { say } from '#wall/state/toast.ts';
import { changesOf, type Field, problemOf, type Section, type Shown, shownOf, type Values } from './fields.ts';
import { Control } from './control.tsx';

export type FormProps = {
  sections: readonly Section[]; /** what the server said, plain where it was shown */ base: Values; /** the file's masked texts stay shut until it is shown */ shut: boolean; mayWrite: boolean;
  /** null: a new file is opened */ version: number | null; path: string; onSaved(id: string, changes: Values): void; onReload?: () => void;
  /** more to send with a new file */ also?: Values; buttons?: ComponentChildren; /** names the form to whoever closes it */ formKey?: object; test: string;
};

export function FileForm({ sections, base, shut, mayWrite, version, path, onSaved, onReload, also = {}, buttons, formKey, test }: FormProps) {
  const edits = useSignal<Readonly<Record<string, Shown>>>({});
  const wrong = useSignal<Readonly<Record<string, string>>>({});
  const trouble = useSignal<Problem | null>(null);
  const seen = useSignal<Values | null>(null);
  const busy = useSignal(false);
  const box = useRef<HTMLFormElement>(null);
  const fields = sections.flatMap((section) => section.fields);
  const changes = changesOf(fields, edits.value, base);
  const dirty = Object.keys(changes).length > 0;
  const own = useRef({});
  const key = formKey ?? own.current;
  useEffect(() => keepUnsaved(key, dirty), [dirty]);
  useEffect(() => () => keepUnsaved(key, false), []);
  const focusFirst = (): void => { requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()); };
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (busy.value) return;
    const early = Object.fromEntries(fields.map((field) => [field.name, problemOf(field, edits.value[field.name] ?? shownOf(field, base[field.name])), field] as const)
      .filter(([name, key, field]) => key !== null && (version === null || name in changes) && !(field.secret && shut)).map(([name, key]) => [name, t(key ?? 'expect.something')]));
    wrong.value = early;
    trouble.value = null;
    if (Object.keys(early).length > 0) { focusFirst(); return; }
    busy.value = true;
    const answer: Answer<{ id: string }> = version === null ? await post(path, { ...also, ...given(changes) }) : await patch(path, { version, ...changes });
    busy.value = false;
    if (answer.ok) { edits.value = {}; seen.value = null; keepUnsaved(key, false); say(t('files.saved')); onSaved(answer.value.id, changes); return; }
    wrong.value = atFields(answer.problem, fields);
    trouble.value = answer.problem;
    focusFirst();
  };
  const conflict = trouble.value?.code === 'E_CONFLICT' && trouble.value.fields.length === 0;
  const drop = (): void => { edits.value = {}; wrong.value = {}; trouble.value = null; seen.value = null; };
  return (
    <form ref={box} class="file-form" data-test={test} noValidate onSubmit={(event) => void save(event)}>
      {trouble.value && <div class="notice" role="alert" data-test="form-trouble">
        <b>{conflict ? t('files.conflict') : problemText(trouble.value)}</b>
        {conflict && onReload && <button type="button" class="small-button" data-test="reload" onClick={() => { seen.value = base; trouble.value = null; onReload(); }}>{t('act.fetchNew')}</button>}
      </div>}
      {sections.map((section) => (
        <fieldset key={section.title} class="card file-section" disabled={busy.value}>
          <legend>{t(section.title)}</legend>
          <div class="file-grid">{section.fields.map((field) => (
            <Control key={field.name} field={field} shown={edits.value[field.name] ?? shownOf(field, base[field.name])} shut={shut && field.secret === true} readOnly={!mayWrite} wrong={wrong.value[field.name] ?? null}
              theirs={edits.value[field.name] !== undefined && seen.value !== null && field.name in changes && seen.value[field.name] !== base[field.name] ? shownOf(field, base[field.name]) : null}
              onChange={(value) => { edits.value = { ...edits.value, [field.name]: value }; if (wrong.value[field.name]) { const { [field.name]: _w, ...rest } = wrong.value; wrong.value = rest; } }} />
          ))}</div>
        </fieldset>
      ))}
      <div class="file-actions">
        {mayWrite && <button type="submit" class="strong" data-test="save" disabled={busy.value || !dirty}>{t(version === null ? 'act.create' : 'act.save')}</button>}
        {mayWrite && dirty && version !== null && <button type="button" class="plain" data-test="drop" onClick={drop}>{t('act.drop')}</button>}
        {dirty && <span class="dim" role="status">{t('files.unsaved')}</span>}
        {buttons}
      </div>
    </form>
  );
}

/** A new file is sent without what was left empty. */
const given = (changes: Readonly<Record<string, unknown>>): Record<string, unknown> => Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null));

/** What the server said of each field, in the page's words where it has some; a field that is not on the form is named in the notice. */
function atFields(problem: Problem, fields: readonly Field[]): Record<string, string> {
  const names = new Set(fields.map((field) => field.name));
  return Object.fromEntries(problem.fields.map(({ field, expected }) => [field.split(/[./]/)[0] ?? field, expected] as const).filter(([name]) => names.has(name))
    .map(([name, expected]) => [name, problem.code === 'E_CONFLICT' ? t('expect.taken') : (name === 'number' ? null : maybeText(`expect.${name}`)) ?? t('expect.asSaid', { expected })]));
}
