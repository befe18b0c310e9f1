/** `npm run coverage` writes docs/coverage.md: every owned promise and the tests that show it, read from the tests' titles. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { owned } from './owned.ts';
import { root } from './run.ts';

const folders = ['src', 'device-simulators', 'dashboards/wall/src', 'test'];
const idShape = /^(?:UI\d\.\d{1,2}|LAW\d+|RF\d+|FF\d+|FIELD\d+|\d\.\d+|[A-G]\d+|[IM]\d+|W\d+)$/;
export const page = join(root, 'docs', 'coverage.md');
export type Shown = { file: string; title: string };

/** Titles of tests with the ids in their brackets; a test inherits the ids of nobody else. */
export function titlesWithIds(): Map<string, Shown[]> {
  const found = new Map<string, Shown[]>();
  for (const folder of folders.filter((name) => existsSync(join(root, name))))
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!/\.test\.tsx?$/.test(entry.name) || entry.parentPath.includes('node_modules')) continue;
      const path = join(entry.parentPath, entry.name);
      // it('…', …), it.each([…])('…', …), describe('…', …): a string that is the first of several arguments and has ids in brackets
      for (const [, , title = ''] of readFileSync(path, 'utf8').matchAll(/\((['"`])((?:\\.|(?!\1)[^\n])*\[[^\]\n]+\](?:\\.|(?!\1)[^\n])*)\1\s*,/g))
        for (const id of idsOf(title)) {
          const list = found.get(id) ?? [];
          const file = path.slice(root.length + 1);
          if (!list.some((s) => s.file === file && s.title === title)) found.set(id, [...list, { file, title }]);
        }
    }
  return found;
}

/** Ids in the brackets of a title: `[C1 I2 LAW5]`. Brackets with anything else in them are words. */
export function idsOf(title: string): string[] {
  return [...title.matchAll(/\[([^\]]+)\]/g)].flatMap(([, inner = '']) => {
    const words = inner.split(/[\s,]+/).filter(Boolean);
    return words.length > 0 && words.every((word) => idShape.test(word)) ? words : [];
  });
}

/** The page as it should be now. */
export function coveragePage(): string {
  const shown = titlesWithIds();
  const clean = (text: string): string => text.replace(/\s*\[[^\]]+\]\s*$/, '').replaceAll('|', '\\|').replaceAll("\\'", "'");
  const sections = owned.map(({ title, rows }) => [
    `## ${title}`, '| id | promise | shown by |', '|---|---|---|',
    ...rows.map(({ id, promise }) => `| ${id} | ${promise} | ${(shown.get(id) ?? []).sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0)).map((s) => `${clean(s.title)} (\`${s.file}\`)`).join('<br>') || '—'} |`),
  ].join('\n'));
  return `${['# Which test shows which promise', 'Made by `npm run coverage` from the titles of the tests; a test fails when it is not current, or when a promise has no test.', ...sections].join('\n\n')}\n`;
}

/** Owned ids without any test. */
export function uncovered(): string[] {
  const shown = titlesWithIds();
  return owned.flatMap(({ rows }) => rows.map(({ id }) => id)).filter((id) => !shown.has(id));
}

if (import.meta.main) {
  writeFileSync(page, coveragePage());
  const left = uncovered();
  console.log(left.length === 0 ? 'docs/coverage.md written; every promise has a test' : `docs/coverage.md written; without a test: ${left.join(' ')}`);
}
