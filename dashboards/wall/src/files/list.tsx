/**
 * A list of files: filters and search stand in the address, pages follow by cursor (the back button is the page before), and what
 * could not be fetched is said. A list that is being asked for again stays on screen.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { get, type Problem } from '#wall/api/client.ts';
import { maybeText, type TextKey, t } from '#wall/i18n/text.ts';
import { Waiting } from '#wall/pages/page.tsx';
import { hashOf, type Query, refine, route } from '#wall/state/route.ts';
import { RegionPicker } from './region.tsx';

/** A filter: one of some words, or yes. */
export type Filter = { name: string; label: TextKey; /** values; empty: a yes/no filter */ values: readonly string[]; /** texts of the values stand under it */ words?: string; text?: (value: string) => string };
type Spec<T> = {
  page: string; path: string; rows: string; title: TextKey; help: TextKey; search: TextKey; filters: readonly Filter[]; columns: readonly (TextKey | null)[]; cells(row: T): readonly ComponentChildren[]; extra?: ComponentChildren;
};

/** Filters as they were when a list was left, by page: a file's way back leads there. */
const left = new Map<string, Query>();
export const backTo = (page: string): string => hashOf(page, null, left.get(page) ?? {});

const pageSize = 50;

export function FileList<T extends { id: string }>({ spec }: { spec: Spec<T> }) {
  const { query } = route.value;
  left.set(spec.page, query);
  const { after = '', ...filters } = query;
  const search = new URLSearchParams({ ...filters, ...(after === '' ? {} : { cursor: after }), limit: String(pageSize) });
  const state = useRows<T>(`${spec.path}?${search}`, spec.rows);
  const set = (name: string, value: string): void => { const { after: _a, ...rest } = route.peek().query; refine({ ...rest, [name]: value }); };
  const narrowed = Object.keys(filters).length > 0;
  return (
    <main class="page" data-test={spec.page}>
      <div class="page-inner wide">
        <header class="page-head"><h1>{t(spec.title)}</h1><p>{t(spec.help)}</p>{spec.extra}</header>
        <search class="filters">
          <SearchBox value={query['q'] ?? ''} hint={t(spec.search)} onChange={(q) => set('q', q)} />
          <RegionPicker value={query['region'] ?? ''} onChange={(code) => set('region', code)} any={t('files.anywhere')} />
          {spec.filters.map((filter) => <FilterControl key={filter.name} filter={filter} value={query[filter.name] ?? ''} onChange={(value) => set(filter.name, value)} />)}
          {narrowed && <button type="button" class="plain" onClick={() => refine({})}>{t('act.clear')}</button>}
        </search>
        {state.rows === null ? <Waiting problem={state.problem} /> : <>
          {state.problem && <Waiting problem={state.problem} />}
          <Table spec={spec} rows={state.rows} narrowed={narrowed} loading={state.loading} />
          <p class="pager">
            <span class="dim">{t('files.shown', { n: state.rows.length })}</span>
            {after !== '' && <a class="plain" href={hashOf(spec.page, null, filters)}>{t('files.first')}</a>}
            {state.next !== null && <a class="plain" data-test="next" href={hashOf(spec.page, null, { ...filters, after: state.next })}>{t('files.next')}</a>}
          </p>
        </>}
      </div>
    </main>
  );
}

function Table<T extends { id: string }>({ spec, rows, narrowed, loading }: { spec: Spec<T>; rows: readonly T[]; narrowed: boolean; loading: boolean }) {
  if (rows.length === 0) return <p class="empty" data-test="none">{t(narrowed ? 'files.noneFound' : 'files.none')}</p>;
  return (
    <div class={`card scroll${loading ? ' loading' : ''}`}><table class="table list">
      <thead><tr>{spec.columns.map((label, i) => <th key={label ?? i} scope="col">{label === null ? null : t(label)}</th>)}</tr></thead>
      <tbody>{rows.map((row) => (
        <tr key={row.id} data-id={row.id}>{spec.cells(row).map((cell, i) => (i === 0 ? <th key="name" scope="row"><a href={hashOf(spec.page, row.id)}>{cell}</a></th> : <td key={spec.columns[i]}>{cell}</td>))}</tr>
      ))}</tbody>
    </table></div>
  );
}

/** Takes what is typed after a pause, or at once with Enter. */
function SearchBox({ value, hint, onChange }: { value: string; hint: string; onChange(value: string): void }) {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => { if (box.current && box.current !== document.activeElement) box.current.value = value; }, [value]);
  useEffect(() => () => { if (timer.current) clearTimeout(timer.current); }, []);
  const take = (text: string, waitMs: number): void => {
    if (timer.current) clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(text.trim()), waitMs);
  };
  return (
    <label class="search-box">{t('files.search')}
      <input ref={box} type="search" data-test="search" defaultValue={value} maxLength={100} placeholder={hint} autocomplete="off" spellcheck={false}
        onInput={(event) => { if (!event.isComposing) take(event.currentTarget.value, 350); }} onKeyDown={(event) => { if (event.key === 'Enter' && !event.isComposing) take(event.currentTarget.value, 0); }} />
    </label>
  );
}

function FilterControl({ filter, value, onChange }: { filter: Filter; value: string; onChange(value: string): void }) {
  if (filter.values.length === 0) return <label class="tick"><input type="checkbox" name={filter.name} checked={value === 'true'} onChange={(event) => onChange(event.currentTarget.checked ? 'true' : '')} />{t(filter.label)}</label>;
  return (
    <label>{t(filter.label)}
      <select name={filter.name} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{t('files.any')}</option>
        {filter.values.map((word) => <option key={word} value={word}>{filter.text?.(word) ?? maybeText(`${filter.words}.${word}`) ?? word}</option>)}
      </select>
    </label>
  );
}

/** Rows of the last answer that was asked for; an older answer that comes late is not shown. */
function useRows<T>(path: string, name: string): { rows: readonly T[] | null; next: string | null; problem: Problem | null; loading: boolean } {
  const state = useSignal<{ rows: readonly T[] | null; next: string | null; problem: Problem | null; loading: boolean }>({ rows: null, next: null, problem: null, loading: true });
  useEffect(() => {
    let current = true;
    state.value = { ...state.peek(), loading: true };
    void get<Record<string, unknown>>(path).then((answer) => {
      if (!current) return;
      state.value = answer.ok ? { rows: answer.value[name] as readonly T[], next: answer.value['next'] as string | null, problem: null, loading: false } : { ...state.peek(), problem: answer.problem, loading: false };
    });
    return () => { current = false; };
  }, [path]);
  return state.value;
}
