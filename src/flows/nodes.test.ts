/** Every node of flows/nodes: help and words in Chinese and in English, an example to import, its place in the tables of docs/flows.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const nodes = join(root, 'flows', 'nodes');
const read = (...path: string[]): string => readFileSync(join(nodes, ...path), 'utf8');
const languages = ['zh-CN', 'en-US'] as const;
const sets = Object.keys((JSON.parse(read('package.json')) as { 'node-red': { nodes: Record<string, string> } })['node-red'].nodes);
/** What a file of forms registers, with the fields of each. */
const forms = sets.flatMap((set) => [...read(`${set}.html`).matchAll(/registerType\('([\w-]+)'[\s\S]*?defaults: (\{.*\}),/g)].map((m) => ({ set, type: m[1] as string, fields: Object.keys(JSON.parse(m[2] as string) as object) })));
const keysOf = (value: unknown, path = ''): string[] => (typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([k, v]) => keysOf(v, `${path}.${k}`)) : [path]);
type Item = { id: string; type: string; wires?: string[][]; [field: string]: unknown };
const examples = readdirSync(join(nodes, 'examples')).map((name) => ({ name, items: JSON.parse(read('examples', name)) as Item[] }));

describe('the nodes of the flows [C11]', () => {
  it('stand in the palette as they are registered', () => {
    expect(forms.map((f) => f.type).toSorted()).toEqual(['anling-alerts', 'anling-command', 'anling-events', 'anling-gate', 'anling-http', 'anling-look', 'anling-note', 'anling-notify', 'anling-raise', 'anling-samples']);
    const code = sets.map((set) => read(`${set}.js`)).join('\n');
    expect(forms.filter(({ type }) => !new RegExp(`(registerType|act)\\('${type}'`).test(code))).toEqual([]);
  });

  it.each(languages)('have help and every word of their forms in %s', (language) => {
    const short = forms.filter(({ set, type }) => {
      const help = new RegExp(`data-help-name="${type}">([\\s\\S]*?)</script>`).exec(read('locales', language, `${set}.html`))?.[1] ?? '';
      const words = help.replace(/<[^>]+>/g, '').trim();
      const chinese = words.replace(/[^\u4e00-\u9fff]/g, '').length / words.length;
      return words.length < 12 || (language === 'zh-CN' ? chinese < 0.2 : chinese > 0.1);
    });
    expect(short.map((f) => f.type)).toEqual([]);
    for (const set of sets) {
      const words = JSON.parse(read('locales', language, `${set}.json`)) as Record<string, unknown>;
      const named = [...read(`${set}.html`).matchAll(/data-i18n="([\w.-]+)"|_\('([\w.-]+)'\)/g)].map((m) => m[1] ?? m[2] ?? '');
      expect([set, named.filter((path) => typeof path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], words) !== 'string')]).toEqual([set, []]);
    }
  });

  it('have the same words in both languages', () => {
    for (const set of sets) expect(keysOf(JSON.parse(read('locales', 'en-US', `${set}.json`)))).toEqual(keysOf(JSON.parse(read('locales', 'zh-CN', `${set}.json`))));
  });

  it('have each an example, whose fields are those of the form and whose wires end at a node', () => {
    const shown = new Set(examples.flatMap(({ items }) => items.map((n) => n.type)));
    expect(forms.filter(({ type }) => !shown.has(type)).map((f) => f.type)).toEqual([]);
    for (const { name, items } of examples) {
      expect(name).toMatch(/^\d .*[\u4e00-\u9fff]+\.json$/); // its name in both languages too
      const ids = new Set(items.map((n) => n.id));
      expect([name, items.flatMap((n) => (n.wires ?? []).flat()).filter((to) => !ids.has(to))]).toEqual([name, []]);
      for (const item of items) {
        const form = forms.find((f) => f.type === item.type);
        if (form) expect([name, item.type, Object.keys(item).filter((k) => !['id', 'type', 'x', 'y', 'z', 'wires', ...form.fields].includes(k))]).toEqual([name, item.type, []]);
      }
    }
  });
});
