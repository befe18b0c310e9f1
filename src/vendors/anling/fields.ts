/**
 * Reading one field of a device's JSON: tolerant in the value, strict in the result. A wrong type costs the field, never
 * the alarm; what a field could not use is kept with the unknown ones.
 */
import { createHash } from 'node:crypto';
import { limits } from '#core/limits.ts';

export type Json = Record<string, unknown>;

/** Under this name an event's `data` holds the fields of the frame that the protocol does not know. */
export const unknownFields = '$unknown';

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A finite number inside the bounds, from a number or a numeric text; else undefined. */
export function number(value: unknown, low: number, high: number): number | undefined {
  const n = typeof value === 'string' && value.trim() !== '' && value.length <= 32 ? Number(value) : value;
  return typeof n === 'number' && n >= low && n <= high ? n + 0 : undefined; // + 0: no negative zero
}

export function integer(value: unknown, low: number, high: number): number | undefined {
  const n = number(value, low, high);
  return n === undefined ? undefined : Math.round(n);
}

export function boolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return value === 1 || value === '1' || value === 'true' ? true : value === 0 || value === '0' || value === 'false' ? false : undefined;
}

// Null bytes do not fit PostgreSQL's text; the other control characters fit no screen.
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
const controls = /[\u0000-\u001f\u007f]/g;

/** Nothing to clean: what nearly every device sends. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;

/** A short text without control characters; too long ones keep their head and a hash, so that two never become one. Empty is undefined. */
export function text(value: unknown, max: number): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  if (typeof value === 'string' && value.length <= max && plain.test(value)) return value;
  const clean = String(value).replace(controls, '').trim().toWellFormed();
  if (clean === '') return undefined;
  return clean.length <= max ? clean : `${clean.slice(0, max - 17).toWellFormed()}~${createHash('sha256').update(clean).digest('hex').slice(0, 16)}`;
}

const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s?(Z|[+-]\d\d:?\d\d)?$/i;
const earliest = Date.UTC(2020, 0, 1);

/**
 * A device's time: epoch milliseconds or ISO 8601 (without a zone: Beijing time). `absurd` before 2020, more than a day in
 * the future, or not a time at all; `missing` when there is none.
 */
export function time(value: unknown, now: number): number | 'missing' | 'absurd' {
  if (value === undefined || value === null || value === '') return 'missing';
  let ms = number(value, -8.64e15, 8.64e15);
  if (ms === undefined && typeof value === 'string' && value.length <= 40) {
    const parts = iso.exec(value.trim());
    if (parts) ms = Date.parse(`${parts[1]}T${parts[2]}${zone(parts[3])}`);
  }
  if (ms === undefined || Number.isNaN(ms) || ms < earliest || ms > now + limits.futureMs) return 'absurd';
  return Math.round(ms);
}

function zone(given: string | undefined): string {
  if (given === undefined) return '+08:00';
  return given.length === 5 ? `${given.slice(0, 3)}:${given.slice(3)}` : given.toUpperCase();
}

/** Whether anything lies deeper than `max` levels; a loop, because a frame may be nested as deep as it is long. */
export function deeperThan(value: unknown, max: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > max) return true;
    level = level.flatMap((v) => (typeof v === 'object' && v !== null ? Object.values(v).filter((c) => typeof c === 'object' && c !== null) : []));
  }
  return false;
}

/** The object, or null when it holds nothing. */
export const orNull = (object: Json): Json | null => (Object.keys(object).length === 0 ? null : object);
