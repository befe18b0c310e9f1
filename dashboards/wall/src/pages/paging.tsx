/** Lists that come page by page, filters that stand in the address, and problems said at their fields: what the settings' pages share. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { get, type Problem } from '#wall/api/client.ts';
import { maybeText, t } from '#wall/i18n/text.ts';
import { refine, route } from '#wall/state/route.ts';
import { regions } from '#wall/state/county.ts';
import { showRegion } from '#core/region.ts';

export type Paged<T> = { rows: readonly T[] | null; problem: Problem | null; more: (() => void) | null; again(): void };

/** The first page of `path`, and further ones on demand; `rows` names the list in the answer. A later question's answer never gives way to an earlier one's. */
export function usePaged<T>(path: string, rows: string): Paged<T> {
  const list = useSignal<{ path: string; rows: readonly T[]; next: string | null } | null>(null);
  const problem = useSignal<Problem | null>(null);
  const asked = useSignal(path);
  asked.value = path;
  const load = (cursor: string | null): void => {
    const url = cursor === null ? path : `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
    void get<Record<string, unknown> & { next: string | null }>(url).then((answer) => {
      if (asked.peek() !== path) return;
      if (!answer.ok) { problem.value = answer.problem; return; }
      problem.value = null;
      const fresh = answer.value[rows] as T[];
      list.value = { path, rows: cursor === null ? fresh : [...(list.peek()?.rows ?? []), ...fresh], next: answer.value.next };
    });
  };
  useEffect(() => load(null), [path]);
  const now = list.value?.path === path ? list.value : null;
  return { rows: now?.rows ?? null, problem: problem.value, more: now?.next ? () => load(now.next) : null, again: () => load(null) };
}

/** One look when something opens; null until it is there. */
export function useOpened<T>(path: string): T | null {
  const value = useSignal<T | null>(null);
  useEffect(() => { void get<T>(path).then((answer) => { if (answer.ok) value.value = answer.value; }); }, [path]);
  return value.value;
}

/** A question with the filters that are set. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const set = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
  return set.size === 0 ? path : `${path}?${set}`;
}
export const filter = (name: string): string => route.value.query[name] ?? '';
export const setFilter = (name: string, value: string): void => refine({ ...route.peek().query, [name]: value });

/** A choice in the row of filters; the empty one is "all". */
export function Choice({ name, label, options }: { name: string; label: string; options: readonly (readonly [value: string, text: string])[] }) {
  return <label>{label}<select value={filter(name)} data-filter={name} onChange={(event) => setFilter(name, event.currentTarget.value)}><option value="">{t('set.all')}</option>{options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</select></label>;
}

/** What is wrong with this field, in words under it; `field` as the server names it, numbers in it as they come. */
export function FieldProblem({ problem, field }: { problem: Problem | null; field: string }) {
  const found = problem?.fields.find((f) => f.field === field);
  if (!found) return null;
  const known = maybeText(`expect.${field}`) ?? maybeText(`expect.${field.replace(/\.\d+(?=\.|$)/g, '.n').replace(/(templates)\.[\w-]+$/, '$1.n')}`);
  return <span class="trouble small" role="alert" data-problem={field}>{known ?? t('set.wrong', { expected: found.expected })}</span>;
}

/** Pressed twice before it does what cannot be undone. */
export function Sure({ label, run, test }: { label: string; run(): void; test?: string }) {
  const armed = useSignal(false);
  return <button type="button" class={armed.value ? 'small-button armed' : 'small-button'} data-test={test} onBlur={() => { armed.value = false; }} onClick={() => { if (armed.value) run(); armed.value = !armed.value; }}>{armed.value ? t('set.sure') : label}</button>;
}

/** The regions that the caller may choose, towns with their villages. */
export function ScopePicker({ id, value, onChange, test }: { id: string; value: string; onChange(code: string): void; test?: string }) {
  const all = regions.value ?? [];
  const towns = all.filter((r) => r.level === 'town');
  return (
    <select id={id} value={value} data-test={test} onChange={(event) => onChange(event.currentTarget.value)}>
      {!all.some((r) => r.code === value) && <option value={value}>{value === '000000000000' ? t('set.all') : value}</option>}
      {all.filter((r) => r.level === 'county').map((r) => <option key={r.code} value={r.code}>{r.name}</option>)}
      {towns.map((town) => (
        <optgroup key={town.code} label={town.name}>
          <option value={town.code}>{t('set.wholeTown', { town: town.name })}</option>
          {all.filter((r) => r.level === 'village' && r.code.startsWith(town.code.slice(0, 9))).map((r) => <option key={r.code} value={r.code}>{showRegion(r.name)}</option>)}
        </optgroup>
      ))}
    </select>
  );
}

/** The name of a scope: 大田县, 屏山乡, 屏山乡 内洋村. */
export function scopeName(code: string): string {
  const all = regions.value ?? [];
  const find = (c: string): string | undefined => all.find((r) => r.code === c)?.name;
  if (code === '000000000000') return t('set.all');
  const [town, own] = [find(`${code.slice(0, 9)}000`), find(code)];
  return own === undefined ? code : town === undefined || own === town || code.endsWith('000000') ? showRegion(own) : `${town} ${showRegion(own)}`;
}

export function Facts({ children }: { children: ComponentChildren }) { return <dl class="facts">{children}</dl>; }
export function FactLine({ name, children }: { name: string; children: ComponentChildren }) { return <div><dt>{name}</dt><dd>{children}</dd></div>; }
