/** Region codes (统计用区划代码): county, town and village from one 12-digit code; how a village's official name is shown. */
import { isDate } from './registry.ts';

export const regionLevels = ['county', 'town', 'village'] as const;
export type RegionLevel = (typeof regionLevels)[number];
/** A region as an import names it; coordinates are WGS84. */
export type RegionRow = {
  code: string; level: RegionLevel; name: string; parentCode: string | null; language: string | null; lat: number | null; lon: number | null;
  /** The first day on which the code holds, and the first on which it does not any more (yyyy-MM-dd). */ validFrom: string | null; validTo: string | null;
  /** Lists and the map show it under this unit of its level: a farm under a town, an ended code under what it was merged into. */ shownUnder: string | null;
};
/** A unit of an import: code and name, and what is rare. */
type RegionUnit = { code: string; name: string; validFrom?: string; validTo?: string; shownUnder?: string };
/** The shape of core/datian-regions.json: one county with its towns and villages. */
export type RegionTree = { county: RegionUnit; towns: readonly (RegionUnit & { villages: readonly RegionUnit[] })[] };

/** county 350425000000, town 350425100000, village 350425100201. */
export function levelOf(code: string): RegionLevel {
  if (code.endsWith('000000')) return 'county';
  return code.endsWith('000') ? 'town' : 'village';
}

/** The region above: a village's town, a town's county; null for a county. */
export function parentOf(code: string): string | null {
  const level = levelOf(code);
  return level === 'county' ? null : code.slice(0, level === 'town' ? 6 : 9).padEnd(12, '0');
}

/** The smallest region that holds them all: the village, the town, else the county. */
export function commonRegion(codes: readonly string[]): string {
  const first = codes[0] ?? '';
  const digits = [12, 9, 6].find((n) => codes.every((c) => c.startsWith(first.slice(0, n)))) ?? 6;
  return first.slice(0, digits).padEnd(12, '0');
}

/** As screens and texts name it: 内洋村委会 -> 内洋村, 仙亭居委会 -> 仙亭社区; everything else unchanged. */
export function showRegion(name: string): string {
  return name.replace(/村委会$/u, '村').replace(/居委会$/u, '社区');
}

/** A tree as rows, parents first. `languages` names a town's speech by the town's name; `place` may give coordinates. */
export function regionRows(tree: RegionTree, options: { languages?: Readonly<Record<string, string>>; place?(code: string): { lat: number; lon: number } | null } = {}): RegionRow[] {
  const row = ({ code, name, validFrom, validTo, shownUnder }: RegionUnit, language: string | null): RegionRow => {
    const at = options.place?.(code) ?? null;
    return { code, level: levelOf(code), name, parentCode: parentOf(code), language, lat: at?.lat ?? null, lon: at?.lon ?? null, validFrom: validFrom ?? null, validTo: validTo ?? null, shownUnder: shownUnder ?? null };
  };
  return [
    row(tree.county, null),
    ...tree.towns.flatMap((town) => {
      const language = options.languages?.[town.name] ?? null;
      return [row(town, language), ...town.villages.map((v) => row(v, language))];
    }),
  ];
}

/** What is wrong with the days and the unit it is shown under, by field. */
export function lifeProblems(r: Pick<RegionRow, 'code' | 'validFrom' | 'validTo' | 'shownUnder'>, isThere: (code: string) => boolean): { field: 'validFrom' | 'validTo' | 'shownUnder'; expected: string }[] {
  const problems: ReturnType<typeof lifeProblems> = [];
  for (const field of ['validFrom', 'validTo'] as const) if (r[field] !== null && !isDate(r[field])) problems.push({ field, expected: 'a day that exists, yyyy-MM-dd' });
  if (problems.length === 0 && r.validFrom !== null && r.validTo !== null && r.validFrom >= r.validTo) problems.push({ field: 'validTo', expected: 'a day after validFrom' });
  if (r.shownUnder !== null && (r.shownUnder === r.code || levelOf(r.shownUnder) !== levelOf(r.code) || !isThere(r.shownUnder))) problems.push({ field: 'shownUnder', expected: `the code of another ${levelOf(r.code)} that is there` });
  return problems;
}

/** What is wrong with a tree that somebody wants to import; empty: nothing. */
export function treeProblems(tree: unknown): string[] {
  const problems: string[] = [];
  const t = tree as Partial<RegionTree> | null;
  const codes = new Set([t?.county, ...(Array.isArray(t?.towns) ? t.towns.flatMap((town) => [town, ...(Array.isArray(town?.villages) ? town.villages : [])]) : [])].map((u) => u?.code));
  const unit = (u: { code?: unknown; name?: unknown } & Partial<RegionUnit> | undefined, what: string, prefix: string, level: RegionLevel): void => {
    if (typeof u?.name !== 'string' || u.name.trim() === '' || u.name.length > 60) problems.push(`${what}: a name of 1 to 60 characters`);
    if (typeof u?.code !== 'string' || !/^\d{12}$/.test(u.code) || levelOf(u.code) !== level || !u.code.startsWith(prefix)) problems.push(`${what}: a 12-digit code of a ${level} beginning with "${prefix}"`);
    else for (const p of lifeProblems({ code: u.code, validFrom: u.validFrom ?? null, validTo: u.validTo ?? null, shownUnder: u.shownUnder ?? null }, (code) => codes.has(code))) problems.push(`${what}.${p.field}: ${p.expected}`);
  };
  unit(t?.county, 'county', '', 'county');
  if (!Array.isArray(t?.towns)) return [...problems, 'towns: a list'];
  for (const [i, town] of t.towns.entries()) {
    unit(town, `towns[${i}]`, String(t.county?.code ?? '').slice(0, 6), 'town');
    if (!Array.isArray(town?.villages)) problems.push(`towns[${i}].villages: a list`);
    else for (const [j, village] of town.villages.entries()) unit(village, `towns[${i}].villages[${j}]`, String(town.code ?? '').slice(0, 9), 'village');
  }
  return problems.slice(0, 50);
}
