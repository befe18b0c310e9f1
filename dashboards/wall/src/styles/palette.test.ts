/** Contrast of both themes (WCAG 2.1: 4.5 for text, 3 for large marks) and what the oldest kernel understands. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const themes = { wall: css.slice(0, css.indexOf('[data-theme')), desk: css.slice(css.indexOf('[data-theme')) };
const token = (theme: keyof typeof themes, name: string): string => {
  const value = new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(themes[theme])?.[1];
  if (value === undefined) throw new Error(`${theme} has no --${name}`);
  return value;
};
const luminance = (hex: string): number => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: string, b: string): number => { const [x = 0, y = 0] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };

describe.each(['wall', 'desk'] as const)('the %s theme', (theme) => {
  const of = (name: string): string => token(theme, name);
  it.each([
    ['text', 'ground'], ['text', 'panel'], ['text', 'raised'], ['dim', 'ground'], ['dim', 'panel'], ['p1', 'ground'], ['p2', 'ground'], ['p3', 'ground'], ['p4', 'ground'],
    ['p1', 'panel'], ['drill', 'panel'], ['p2', 'p2-tint'], ['p3', 'panel'], ['on-p1', 'p1-fill'], ['on-p1', 'p1-fill-hover'], ['on-bar-red', 'bar-red'], ['on-bar-amber', 'bar-amber'], ['on-strong', 'strong'],
  ])('%s on %s can be read', (front, back) => expect(contrast(of(front), of(back))).toBeGreaterThanOrEqual(4.5));
  it('keeps calm what is well: a normal dot is the quietest thing that still can be seen', () => {
    expect(contrast(of('quiet'), of('ground'))).toBeLessThan(contrast(of('p3'), of('ground')));
    expect(contrast(of('quiet'), of('panel'))).toBeGreaterThan(1.5);
  });
});

it('uses nothing that Chrome 94 does not know and no build step adds', () => {
  const root = new URL('..', import.meta.url).pathname;
  const files = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(folder, e.name)) : [join(folder, e.name)]));
  const banned = /\.(toSorted|toReversed|toSpliced|findLast|findLastIndex|isWellFormed)\(|structuredClone|Object\.groupBy|Map\.groupBy|AbortSignal\.(timeout|any)|Promise\.(withResolvers|try)|URL\.(canParse|parse)\(|crypto\.randomUUID\(|\.(values|keys|entries)\(\)\.(map|filter|some|every|reduce|find|toArray)\(/;
  const bannedCss = /:has\(|@container|\d(dvh|svh|cqw|cqi)\b|color-mix\(|@layer|\btext-wrap\b|\binset-area\b/;
  for (const file of files(root)) {
    if (/\.test\.ts$/.test(file)) continue;
    const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect([file, (file.endsWith('.css') ? bannedCss : banned).exec(text)?.[0] ?? null]).toEqual([file, null]);
  }
});
