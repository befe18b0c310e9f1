/** Region codes (统计用区划代码): county, town and village from one 12-digit code; how a village's official name is shown. */

export const regionLevels = ['county', 'town', 'village'] as const;
export type RegionLevel = (typeof regionLevels)[number];
/** A region as an import names it; coordinates are WGS84. */
export type RegionRow = {
  code: string; level: RegionLevel; name: string; parentCode: string | null; language: string | null; lat: number | null; lon: number | null;
};
/** The shape of core/datian-regions.json: one county with its towns and villages. */
export type RegionTree = { county: { code: string; name: string }; towns: readonly { code: string; name: string; villages: readonly { code: string; name: string }[] }[] };

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

/** As screens and texts name it: 内洋村委会 -> 内洋村, 仙亭居委会 -> 仙亭社区; everything else unchanged. */
export function showRegion(name: string): string {
  return name.replace(/村委会$/u, '村').replace(/居委会$/u, '社区');
}

/** A tree as rows, parents first. `languages` names a town's speech by the town's name; `place` may give coordinates. */
export function regionRows(tree: RegionTree, options: { languages?: Readonly<Record<string, string>>; place?(code: string): { lat: number; lon: number } | null } = {}): RegionRow[] {
  const row = (code: string, name: string, language: string | null): RegionRow => {
    const at = options.place?.(code) ?? null;
    return { code, level: levelOf(code), name, parentCode: parentOf(code), language, lat: at?.lat ?? null, lon: at?.lon ?? null };
  };
  return [
    row(tree.county.code, tree.county.name, null),
    ...tree.towns.flatMap((town) => {
      const language = options.languages?.[town.name] ?? null;
      return [row(town.code, town.name, language), ...town.villages.map((v) => row(v.code, v.name, language))];
    }),
  ];
}

/** What is wrong with a tree that somebody wants to import; empty: nothing. */
export function treeProblems(tree: unknown): string[] {
  const problems: string[] = [];
  const t = tree as Partial<RegionTree> | null;
  const unit = (u: { code?: unknown; name?: unknown } | undefined, what: string, prefix: string, level: RegionLevel): void => {
    if (typeof u?.name !== 'string' || u.name.trim() === '' || u.name.length > 60) problems.push(`${what}: a name of 1 to 60 characters`);
    if (typeof u?.code !== 'string' || !/^\d{12}$/.test(u.code) || levelOf(u.code) !== level || !u.code.startsWith(prefix)) problems.push(`${what}: a 12-digit code of a ${level} beginning with "${prefix}"`);
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
