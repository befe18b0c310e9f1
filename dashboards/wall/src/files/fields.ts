/**
 * The fields of a form as data: what each holds, how it is typed, and both ways between what the API says and what an input shows.
 * Pure; form.tsx draws them.
 */
import { charCount, isDate } from '#core/registry.ts';
import type { TextKey } from '#wall/i18n/text.ts';

export type FieldKind = 'text' | 'long' | 'phone' | 'date' | 'hour' | 'instant' | 'number' | 'choice' | 'many' | 'yes' | 'words' | 'region' | 'home' | 'person';
export type Field = {
  name: string; label: TextKey; kind: FieldKind; /** values of choice and many, their texts under `words` */ values?: readonly string[]; words?: string; text?: (value: string) => string;
  /** characters, counted as people count them */ max?: number; required?: boolean; /** stands masked until the file is shown */ secret?: boolean; hint?: TextKey; wide?: boolean;
};
export type Section = { title: TextKey; fields: readonly Field[] };
export type Values = Readonly<Record<string, unknown>>;
/** What an input holds. */
export type Shown = string | boolean | readonly string[];

const countyMs = 8 * 3_600_000;
/** Epoch ms as the county's wall clock, for a datetime-local input. */
export const toLocal = (ms: number): string => new Date(ms + countyMs).toISOString().slice(0, 16);
export const fromLocal = (text: string): number => Date.parse(`${text}:00Z`) - countyMs;

/** What the API said, as the input shows it. */
export function shownOf(field: Field, value: unknown): Shown {
  if (field.kind === 'yes') return value === true;
  if (field.kind === 'many') return (value as readonly string[] | null | undefined) ?? [];
  if (value === null || value === undefined) return '';
  if (field.kind === 'words') return (value as readonly string[]).join('、');
  if (field.kind === 'instant') return toLocal(value as number);
  return String(value);
}

/** What an input holds, as the API takes it. */
export function sentOf(field: Field, shown: Shown): unknown {
  if (typeof shown === 'boolean' || typeof shown === 'object') return shown;
  const text = shown.trim();
  if (field.kind === 'words') return text === '' ? [] : text.split(/[、,,\s]+/u).filter((word) => word !== '');
  if (text === '') return null;
  if (field.kind === 'number') return Number(text);
  if (field.kind === 'instant') return fromLocal(text);
  return text;
}

const same = (a: Shown, b: Shown): boolean => (typeof a === 'object' && typeof b === 'object' ? [...a].sort().join('\n') === [...b].sort().join('\n') : a === b);

/** What can be said before the server is asked: the key of a text, or null. */
export function problemOf(field: Field, shown: Shown): TextKey | null {
  if (field.required && (shown === '' || (typeof shown === 'string' && shown.trim() === ''))) return 'expect.something';
  if (typeof shown !== 'string' || shown.trim() === '') return null;
  if (field.max !== undefined && charCount(shown.trim()) > field.max) return 'expect.shorter';
  if (field.kind === 'date' && !isDate(shown)) return 'expect.day';
  if (field.kind === 'number' && !Number.isFinite(Number(shown))) return 'expect.number';
  return null;
}

/** Only what was changed, as the API takes it: `edits` over what it said. */
export function changesOf(fields: readonly Field[], edits: Readonly<Record<string, Shown>>, base: Values): Record<string, unknown> {
  const changed = fields.filter((field) => { const edit = edits[field.name]; return edit !== undefined && !same(edit, shownOf(field, base[field.name])); });
  return Object.fromEntries(changed.map((field) => [field.name, sentOf(field, edits[field.name] ?? '')]));
}
