/** The line of the search above the queue: / opens it, ↑ ↓ move, Enter takes the first, Esc gives the whole queue back. */
import { useEffect, useRef } from 'preact/hooks';
import { t } from '#wall/i18n/text.ts';
import { mayAct } from '#wall/state/session.ts';
import { matches, search, searching, tooMany } from '#wall/state/search.ts';
import { moveSelection, select, selected, shownQueue } from '#wall/state/selection.ts';
import { FilterChoice } from './filter-line.tsx';

const field = '.queue-search input';
/** Opens the line, or takes the keys back to it. */
export function openSearch(): void {
  if (searching.peek() === null) search(''); // the line takes the keys itself when it comes
  else document.querySelector<HTMLInputElement>(field)?.focus();
}

export function SearchLine() {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => { box.current?.focus(); return () => search(null); }, []);
  const { found, hidden } = shownQueue.value;
  const keys = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Escape') { event.stopPropagation(); search(null); return; }
    if (event.key === 'Enter') { if (!found.some((row) => row.id === selected.peek())) select(found[0]?.id ?? selected.peek()); box.current?.blur(); } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') moveSelection(event.key === 'ArrowDown' ? 1 : -1); else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <search class="queue-search" data-test="search">
      <input ref={box} type="search" aria-label={t('help.search')} placeholder={t('search.hint')} autocomplete="off" maxLength={60} value={searching.value ?? ''} onInput={(event) => search(event.currentTarget.value)} onKeyDown={keys} />
      <span class="dim" role="status" data-test="search-result">{matches.value === null ? '' : [t('search.n', { n: found.length }), hidden > 0 ? t('search.hidden', { n: hidden }) : '', tooMany.value ? t('search.narrower') : ''].filter(Boolean).join(' · ')}</span>
      {mayAct.value && <FilterChoice />}
      <button type="button" class="tool" aria-label={t('act.cancel')} onClick={() => search(null)}>✕</button>
    </search>
  );
}
