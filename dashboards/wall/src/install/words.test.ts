/** Both languages say the same things and fill in the same values. */
import { describe, expect, it } from 'vitest';
import { fill, lang, w } from './words.ts';

const flat = (value: unknown, path = ''): [string, string][] => (typeof value === 'string' ? [[path, value]] : Object.entries(value as object).flatMap(([key, v]) => flat(v, `${path}.${key}`)));

describe('the installer’s words', () => {
  it('are whole in both languages, with the same values to fill [UI3.5]', () => {
    lang.value = 'zh';
    const zh = flat(w());
    lang.value = 'en';
    const en = new Map(flat(w()));
    const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();
    expect(zh.length).toBeGreaterThan(100);
    for (const [path, text] of zh) { expect([path, holes(en.get(path) ?? '')]).toEqual([path, holes(text)]); expect(text.trim(), path).not.toBe(''); expect(en.get(path)?.trim(), path).not.toBe(''); }
    expect(en.size).toBe(zh.length);
    expect(fill('{n} of {all}', { n: 1 })).toBe('1 of {all}');
  });
});
