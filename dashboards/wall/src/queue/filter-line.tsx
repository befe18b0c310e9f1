/** Which saved filter is on, and how much it hides: while one is on this line stands, and one press takes it off. */
import { t } from '#wall/i18n/text.ts';
import { filterEditor, filterOn, filters } from '#wall/state/filters.ts';
import { search } from '#wall/state/search.ts';
import { filterHidden } from '#wall/state/selection.ts';

export function FilterLine() {
  const on = filterOn.value;
  if (on === null) return null;
  return (
    <div class="queue-search filter-line" role="status" data-test="filter-line">
      <b class="warn">{t('filter.hidden', { name: on.name, n: filterHidden.value })}</b>
      <button type="button" class="small-button" data-test="filter-off" onClick={() => { filterOn.value = null; }}>{t('filter.all')}</button>
    </div>
  );
}

/** The choice in the line of the search; what is chosen puts that line away. */
export function FilterChoice() {
  return (
    <select class="tool filter-choice" aria-label={t('filter.title')} data-test="filter-choice" value={filterOn.value?.name ?? ''} onChange={(event) => {
      const name = event.currentTarget.value;
      if (name === '+') filterEditor.value = true; else filterOn.value = filters.value.find((f) => f.name === name) ?? null;
      search(null);
    }}>
      <option value="">{t('filter.all')}</option>{filters.value.map((f) => <option key={f.name} value={f.name}>{f.name}</option>)}<option value="+">{t('filter.edit')}</option>
    </select>
  );
}
