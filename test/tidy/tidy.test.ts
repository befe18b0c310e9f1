/** The house's own rules that no linter knows [LAW7 LAW9 LAW10 in part]: each can fail, each names the line that breaks it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keys } from '#config';
import { errorCodes } from '#core/errors.ts';
import { coveragePage, idsOf, page, uncovered } from '../../scripts/coverage.ts';
import { owned } from '../../scripts/owned.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
function files(folder: string, shape: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && shape.test(e.name) && !/node_modules|[\\/]dist([\\/.]|$)/.test(e.parentPath)).map((e) => relative(root, join(e.parentPath, e.name))).sort();
}
const sources = files('src', /\.ts$/).filter((file) => !file.endsWith('.test.ts'));
/** Lines of `from` that match, as `file:line: text`, without comments. */
function lines(from: readonly string[], pattern: RegExp): string[] {
  return from.flatMap((file) => read(file).split('\n').flatMap((line, i) => {
    const code = line.replace(/^\s*(\/\/|\*|\/\*).*$/, '').replace(/\s\/\/ .*$/, '');
    return pattern.test(code) ? [`${file}:${i + 1}: ${line.trim()}`] : [];
  }));
}
const except = (list: readonly string[], allowed: readonly RegExp[]): string[] => list.filter((line) => !allowed.some((pattern) => pattern.test(line)));

describe('layers', () => {
  it('SQL stands only in src/store [LAW10]', () => {
    const sql = /(['"`])\s*(select|insert into|update \w+ set|delete from|with \w+ as|create (table|index|extension|database)|listen|notify) /i;
    expect(except(lines(sources, sql), [/^src\/store\//])).toEqual([]);
    expect(except(lines(sources, /from 'pg'/), [/^src\/store\/pool\.ts:/])).toEqual([]);
  });

  it('every folder of src is named in ARCHITECTURE.md, every folder of the allow-list exists [LAW10]', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name);
    const page_ = read('ARCHITECTURE.md');
    expect(folders.filter((name) => !page_.includes(`| \`${name}\` |`))).toEqual([]);
    const biome = JSON.parse(read('biome.json')) as { overrides: { includes: string[]; linter: { rules: { style?: { noRestrictedImports?: unknown } } } }[] };
    const guarded = biome.overrides.filter((o) => o.linter.rules.style?.noRestrictedImports).map((o) => /^src\/(.+)\/\*\*$/.exec(o.includes[0] ?? '')?.[1]);
    expect(folders.filter((name) => !guarded.includes(name))).toEqual([]);
  });

  it('files of src and migrations hold no clock but the one clock, outside the edges [LAW9]', () => {
    const edges = [/^src\/(work|doors|ops|web|flows)\//, /^src\/store\/(pool|embedded|keeper|startup|migrate|spool-thread)\.ts/, /^src\/(main|role|house|engine|admin)\.ts/, /^src\/intake\/(clock|durable|spool|telemetry)\.ts/, /^src\/notify\/channels\//];
    expect(except(lines(sources, /\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(|new Date\(\)/), edges)).toEqual([]);
    const sqlClock = /(?<![\w.])(now\(\)|current_timestamp|current_date|localtimestamp|clock_timestamp\(\)|statement_timestamp\(\)|transaction_timestamp\(\))/i;
    expect(except(lines([...files('migrations', /\.sql$/), ...sources], sqlClock), [
      /^migrations\/0001-house\.sql:\d+: as \$\$ select clock_timestamp\(\) \+/, // the one clock itself
      /^src\/store\/migrate\.ts:\d+: .*schema_migration/, // the history exists before the clock does
      /^src\/(?!store\/)[^:]+:\d+: (?!.*`[^`]*now\(\)[^`]*`)/, // a function of ours named now
    ])).toEqual([]);
  });

  it('pure code reads no clock, no chance and no environment [LAW4 LAW9]', () => {
    const pure = sources.filter((file) => /^src\/(core|rules)\//.test(file));
    expect(pure.length).toBeGreaterThan(20);
    expect(except(lines(pure, /\bDate\.now|\bperformance\.|\bprocess\.|Math\.random|node:(fs|net|http|child_process)/), [])).toEqual([]);
  });

  it('only config.ts reads the environment', () => {
    // what the supervisor hands on to children and tools is passed whole, never looked into
    expect(except(lines(sources, /process\.env/), [/^src\/(config|main|admin|house)\.ts/, /\.\.\.process\.env/, /readConfig\(/])).toEqual([]);
  });
});

describe('parts', () => {
  it('no queue and no cache stands beside the database: rows are the queue, so none can be lost with one [RF8 LAW3]', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies).filter((name) => /redis|nats|kafka|amqp|rabbit|bull|zeromq|memcache/i.test(name))).toEqual([]);
  });
});

describe('documents', () => {
  it('docs/errors.md lists the codes of core/errors.ts, no more and no fewer', () => {
    const listed = [...read('docs/errors.md').matchAll(/^\| `(E_[A-Z_]+)` \|/gm)].map((m) => m[1]);
    expect(listed.sort()).toEqual(Object.keys(errorCodes).sort());
  });

  it('the README’s table is the configuration', () => {
    const rows = [...read('README.md').matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$/gm)].map((m) => [m[1], m[2], m[3], m[4]]);
    expect(rows).toEqual(Object.values(keys).map((k) => [k.variable, k.fallback === '' ? '–' : `\`${k.fallback}\``, k.meaning, k.zh]));
  });

  it('every bound of core/limits.ts says what happens there [LAW7]', () => {
    const text = read('src/core/limits.ts');
    const bounds = [...text.matchAll(/^\s*(\/\*\*.*\*\/)?\s*(\w+): [\d_]/gm)];
    expect(bounds.length).toBeGreaterThan(40);
    // A comment stands on the line of its bound, or on the line above for a pair.
    const bare = text.split('\n').filter((line, i, all) => /^\s*\w+: [\d_]/.test(line) && !/\*\/\s*$/.test(all[i - 1] ?? ''));
    expect(bare).toEqual([]);
  });

  it('links in the documents lead somewhere', () => {
    const broken = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...files('docs', /\.md$/)].flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((m) => join(file, '..', m[1] as string)).filter((target) => !existsSync(join(root, target))).map((target) => `${file} -> ${target}`));
    expect(broken).toEqual([]);
  });
});

describe('habits', () => {
  const all = [...files('src', /\.tsx?$/), ...files('test', /\.tsx?$/), ...files('scripts', /\.(ts|mjs)$/), ...files('device-simulators', /\.ts$/), ...files('dashboards', /\.tsx?$/)];

  it('nothing is left for later, nothing is focused', () => {
    const later = new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${'X'.repeat(3)})\\b|\\.${'only'}\\(`);
    expect(all.flatMap((file) => read(file).split('\n').flatMap((line, i) => (later.test(line) ? [`${file}:${i + 1}`] : [])))).toEqual([]);
  });

  it('a skipped test says why', () => {
    expect(lines(all, new RegExp(`\\b(it|test|describe)\\.${'skip'}\\(`))).toEqual([]);
  });

  it('no committed file names a registry or mirror host', () => {
    const host = /https?:\/\/[^\s"'`/]*(registry\.|npmmirror|deb\.debian\.org|mirrors?\.)/i;
    const checked = [...all, ...files('scripts', /./), ...files('deploy', /./), 'package.json', 'package-lock.json', '.npmrc', 'README.md', 'CONTRIBUTING.md'];
    expect(checked.filter((file) => host.test(read(file)))).toEqual([]);
    expect(read('package-lock.json')).not.toContain('"resolved"');
  });

  it('every file begins by saying what it owns', () => {
    const mute = sources.filter((file) => !/^(\/\*\*|\/\/)/.test(read(file)));
    expect(mute).toEqual([]);
  });
});

describe('coverage', () => {
  it('reads ids from titles', () => {
    expect(idsOf('keeps one open alert per subject [C1 I2 LAW5]')).toEqual(['C1', 'I2', 'LAW5']);
    expect(idsOf('a list [1, 2] is no id, [RF1] is one, [2.10 FIELD5] are two')).toEqual(['RF1', '2.10', 'FIELD5']);
    expect(owned.flatMap((s) => s.rows)).toHaveLength(172);
  });

  it('every owned promise has a test', () => {
    expect(uncovered()).toEqual([]);
  });

  it('docs/coverage.md is current (npm run coverage)', () => {
    expect(read(relative(root, page)) === coveragePage(), 'run npm run coverage').toBe(true);
  });
});
