/** Choosing a home or a person: what is chosen now with the way to it, and a search by what the lists are searched by. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, type Problem } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { problemText } from '#wall/shell/problem.ts';
import { placeOf } from '#wall/shell/unheard.tsx';
import { hashOf } from '#wall/state/route.ts';

type Row = { id: string; regionCode: string | null; name?: string; place?: string | null; people?: number; number?: string | null };
const of = { home: { path: '/api/v1/homes', page: 'homes', rows: 'homes' }, person: { path: '/api/v1/people', page: 'people', rows: 'people' } } as const;

const rowText = (row: Row): string => [row.name, placeOf(row.regionCode), row.place, row.number, row.people === undefined ? null : t('files.people', { n: row.people })].filter(Boolean).join(' · ');

export function Picker({ kind, value, id, disabled = false, invalid = false, onChange }: { kind: keyof typeof of; value: string; id: string; disabled?: boolean; invalid?: boolean; onChange(id: string): void }) {
  const { path, page, rows } = of[kind];
  const chosen = useSignal<Row | null>(null);
  const found = useSignal<readonly Row[] | Problem | null>(null);
  const open = useSignal(false);
  const q = useSignal('');
  useEffect(() => {
    if (value === '' || chosen.peek()?.id === value) return;
    chosen.value = null;
    void get<Row>(`${path}/${value}`).then((answer) => { if (answer.ok) chosen.value = answer.value; });
  }, [value]);
  const find = async (): Promise<void> => {
    const answer = await get<Record<string, Row[]>>(`${path}?limit=20&q=${encodeURIComponent(q.value.trim())}`);
    found.value = answer.ok ? (answer.value[rows] ?? []) : answer.problem;
  };
  const take = (row: Row | null): void => { chosen.value = row; open.value = false; found.value = null; onChange(row?.id ?? ''); };
  return (
    <span class="picker" data-test={`pick-${kind}`}>
      <span class="picked">
        {value === '' ? <span class="dim">{t('files.nothing')}</span> : <a href={hashOf(page, value)}>{chosen.value?.id === value ? rowText(chosen.value) : value}</a>}
        {!disabled && <button type="button" id={id} class="small-button" aria-expanded={open.value} aria-invalid={invalid} onClick={() => { open.value = !open.value; }}>{t('act.choose')}</button>}
        {!disabled && value !== '' && <button type="button" class="small-button" onClick={() => take(null)}>{t('act.loosen')}</button>}
      </span>
      {open.value && (
        <span class="picker-box">
          <span class="picker-line"><input type="search" name={`${kind}-q`} value={q.value} maxLength={100} aria-label={t('files.search')} placeholder={t('files.searchPeople')} autocomplete="off" onInput={(event) => { q.value = event.currentTarget.value; }}
            onKeyDown={(event) => { if (event.key === 'Enter' && !event.isComposing) { event.preventDefault(); if (q.value.trim() !== '') void find(); } else if (event.key === 'Escape') open.value = false; }} />
          <button type="button" class="small-button" disabled={q.value.trim() === ''} onClick={() => void find()}>{t('act.find')}</button></span>
          {found.value !== null && ('status' in found.value ? <span class="trouble">{problemText(found.value)}</span> : found.value.length === 0 ? <span class="dim">{t('files.noneFound')}</span>
            : <ul class="picker-list">{found.value.map((row) => <li key={row.id}><button type="button" data-pick={row.id} onClick={() => take(row)}>{rowText(row)}</button></li>)}</ul>)}
        </span>
      )}
    </span>
  );
}
