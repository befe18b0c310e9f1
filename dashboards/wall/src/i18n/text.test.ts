/** The dictionaries: whole, with the same values to fill, and short enough for a button. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertStates, outcomes } from '#core/alert.ts';
import { responderRoles, riskTags } from '#core/registry.ts';
import { userRoles } from '#core/user.ts';
import { english } from './english.ts';
import { zhPages } from './pages.zh-CN.ts';
import { zhSoon } from './soon.zh-CN.ts';
import { chinese, lang, loadEnglish, maybeText, type TextKey, t } from './text.ts';

const { words: en, outcomes: enOutcomes } = english;
const zh: Readonly<Record<TextKey, string>> = { ...chinese, ...zhSoon, ...zhPages };

const root = new URL('..', import.meta.url).pathname;
const sources = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  const path = join(folder, entry.name);
  return entry.isDirectory() ? sources(path) : /\.tsx?$/.test(entry.name) && !/\.test\.ts$|\/i18n\//.test(path) ? [readFileSync(path, 'utf8')] : [];
});
/** Whether a word is used by these files or by what they import, other than on demand. */
function neededBy(entries: string[]): (key: string) => boolean {
  const read = new Map<string, string>();
  const walk = (file: string): void => {
    if (read.has(file)) return;
    const text = readFileSync(file, 'utf8');
    read.set(file, text);
    for (const [, from = ''] of text.matchAll(/^(?:import|export) (?!type)(?:[^'"]*? from )?'([^']+)'/gm)) {
      const path = from.startsWith('#wall/') ? join(root, from.slice('#wall/'.length)) : from.startsWith('.') ? join(dirname(file), from) : '';
      if (/\.tsx?$/.test(path) && !path.includes('/i18n/')) walk(path);
    }
  };
  for (const entry of entries) walk(join(root, entry));
  const code = [...read.values()].join('\n');
  const prefixes = builtIn(code);
  return (key) => code.includes(`'${key}'`) || prefixes.some((prefix) => key.startsWith(prefix));
}
/** What is put together is put together somewhere: `flag.${…}`, words: 'flag', word('flag', …). */
const builtIn = (code: string): string[] => [...new Set([...code.matchAll(/`([\w.-]+)\.\$\{|words: '([\w.-]+)'|\bword\('([\w.-]+)'/g)].map((m) => `${m[1] ?? m[2] ?? m[3]}.`))];
const keys = Object.keys(zh) as TextKey[];
const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

describe('the dictionaries', () => {
  it('have the same keys and the same values to fill, and no empty text', () => {
    expect(Object.keys(en).sort()).toEqual([...keys].sort());
    for (const key of keys) {
      expect([key, holes(en[key])]).toEqual([key, holes(zh[key])]);
      expect(zh[key].trim(), key).not.toBe('');
      expect(en[key].trim(), key).not.toBe('');
    }
    expect(Object.keys(enOutcomes).sort()).toEqual(Object.keys(outcomes).sort());
  });

  it('have no key twice: one part would silently speak for another', () => {
    const chinese = readdirSync(`${root}i18n`).filter((name) => name.endsWith('zh-CN.ts')).map((name) => readFileSync(`${root}i18n/${name}`, 'utf8')).join('\n');
    const written = [...chinese.matchAll(/'([\w.-]+)': '/g)].map((m) => m[1] ?? '');
    expect(written.filter((key, i) => written.indexOf(key) !== i)).toEqual([]);
    expect(written.length).toBe(keys.length);
  });

  it('keep every button to four characters (FIELD 4)', () => {
    for (const key of keys.filter((k) => k.startsWith('act.') || k.startsWith('call.'))) expect([...zh[key].replace(/60秒$/, '')].length, `${key} ${zh[key]}`).toBeLessThanOrEqual(4);
  });

  it('name every state, role, risk and user role of the contract', () => {
    for (const key of [...alertStates.map((s) => `state.${s}`), ...responderRoles.map((r) => `role.${r}`), ...userRoles.map((r) => `user.${r}`), ...riskTags.map((r) => `risk.${r}`)]) expect(zh, key).toHaveProperty([key]);
  });

  it('hold no word that no page uses', () => {
    const code = sources(root).join('\n');
    const built = builtIn(code);
    expect(keys.filter((key) => !code.includes(`'${key}'`) && !built.some((prefix) => key.startsWith(prefix)))).toEqual([]);
  });

  it('what comes with the first row needs no word that comes later, and what comes right after it none of the other pages', () => {
    const later = (first: string[], words: object): string[] => { const needs = neededBy(first); return Object.keys(words).filter(needs); };
    // Of a finding of the audit the bar on the desk says the name; what to do stands in the case and under 运行状况.
    expect(later(['main.tsx', 'map/map.tsx', 'map/geo-map.tsx', 'tv/start.tsx'], { ...zhSoon, ...zhPages }).filter((key) => !/^audit\..*\.do$/.test(key))).toEqual([]);
    // The case puts a device's state together (device.online); words of the device's own page begin alike.
    expect(later(['case/panel.tsx', 'shell/asked.tsx', 'shell/phone-in.tsx'], zhPages).filter((key) => !key.startsWith('device.'))).toEqual([]);
  });

  it('fill values and fall back to what came', async () => {
    await loadEnglish();
    lang.value = 'en';
    expect(t('strip.cannotHear', { n: 7 })).toBe('7 people cannot be heard');
    lang.value = 'zh';
    expect(t('strip.cannotHear', { n: 7 })).toBe('现在听不到 7 人');
    expect(maybeText('log.something-new')).toBeNull();
  });
});
