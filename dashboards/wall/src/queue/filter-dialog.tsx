/** 筛选: make one, look at mine, throw one away. */
import { useSignal } from '@preact/signals';
import { type EventKind, kindInfo } from '#core/event.ts';
import type { Problem } from '#wall/api/client.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { Dialog } from '#wall/shell/dialog.tsx';
import { problemText } from '#wall/shell/problem.ts';
import { regionNames, regions } from '#wall/state/county.ts';
import { filterEditor, filterOn, filters, saveFilters } from '#wall/state/filters.ts';
import type { Filter } from './filter.ts';

const kinds = (Object.keys(kindInfo) as EventKind[]).filter((kind) => kindInfo[kind].priority > 1 && kind !== 'cancel' && kind !== 'test');

export function FilterDialog() {
  const close = (): void => { filterEditor.value = false; };
  return <Dialog title={t('filter.title')} onClose={close}><Mine /><Make close={close} /></Dialog>;
}

function Mine() {
  if (filters.value.length === 0) return <p class="dim">{t('filter.none')}</p>;
  return (
    <ul class="choices" data-test="filters">{filters.value.map((f) => (
      <li key={f.name} class="facts-line"><b>{f.name}</b><span class="dim">{saysWhat(f)}</span><button type="button" class="small-button" aria-label={`${t('filter.drop')} ${f.name}`} data-test="filter-drop" onClick={() => void saveFilters(filters.value.filter((other) => other !== f))}>{t('filter.drop')}</button></li>
    ))}</ul>
  );
}

const saysWhat = (f: Filter): string => [...f.towns.map((code) => regionNames.value.get(code) ?? code), ...f.kinds.map(kindName), ...f.priorities.map((p) => `P${p}`), ...(f.mine ? [t('filter.mine')] : [])].join(' · ');

function Make({ close }: { close(): void }) {
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const made: Filter = { name: String(form.get('name')).trim(), towns: form.getAll('towns').map(String), kinds: form.getAll('kinds').map(String) as EventKind[], priorities: form.getAll('priorities').map(Number), mine: form.get('mine') !== null };
    problem.value = await saveFilters([...filters.value.filter((f) => f.name !== made.name), made]);
    if (problem.value !== null) return;
    filterOn.value = filters.value.find((f) => f.name === made.name) ?? null;
    close();
  };
  return (
    <form class="stack" data-test="filter-form" onSubmit={(event) => void submit(event)}>
      <p class="dim">{t('filter.help')}</p>
      <label>{t('filter.name')}<input name="name" required maxLength={20} autocomplete="off" /></label>
      <fieldset class="kinds"><legend>{t('filter.towns')}</legend>{(regions.value ?? []).filter((r) => r.level === 'town').map((r) => <label key={r.code}><input type="checkbox" name="towns" value={r.code} />{regionNames.value.get(r.code)}</label>)}</fieldset>
      <fieldset class="kinds"><legend>{t('filter.kinds')}</legend>{kinds.map((kind) => <label key={kind}><input type="checkbox" name="kinds" value={kind} />{kindName(kind)}</label>)}</fieldset>
      <fieldset class="kinds"><legend>{t('filter.more')}</legend>{[2, 3, 4].map((p) => <label key={p}><input type="checkbox" name="priorities" value={p} />P{p}</label>)}<label><input type="checkbox" name="mine" />{t('filter.mine')}</label></fieldset>
      {problem.value && <p class="trouble" role="alert">{problemText(problem.value)}</p>}
      <p><button type="submit" class="strong" data-test="filter-save">{t('act.save')}</button></p>
    </form>
  );
}
