/**
 * The demonstration county's places (FIELD 5): codes and names are the statistics bureau's, speech by town is from public
 * pages, positions are schematic (示意) inside the county's bounding box: no surveyed coordinate is claimed.
 */
import datian from './datian-regions.json' with { type: 'json' };
import { levelOf, parentOf, type RegionRow, regionRows, type RegionTree } from './region.ts';

const datianTree: RegionTree = datian;
export const demoCountyCode = datian.county.code;

const speech: Record<string, readonly string[]> = {
  前路话: ['均溪镇', '石牌镇', '上京镇', '太华镇', '华兴镇', '梅山镇', '武陵乡', '谢洋乡', '湖美乡', '前坪乡'],
  后路话: ['广平镇', '建设镇', '奇韬镇', '文江镇'], 闽南话: ['吴山镇', '屏山乡', '济阳乡'], 桃源话: ['桃源镇'],
};
/** Villages that speak 客家话: that there are pockets is known, which ones is invented. */
const hakka: ReadonlySet<string> = new Set(['桥山村委会', '上举村委会', '甲魁村委会', '张地村委会', '百束村委会', '草垄崎村委会', '三角尾村委会']);
/** 18 towns are shown; which of them the farm's living area is shown under is invented (a setting of its region, PATCH /regions/{code}). */
const folds: Readonly<Record<string, string>> = { 东风农场生活区: '350425100000' };
/** Main speech by town; a person's own field decides. */
export const townLanguages: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(speech).flatMap(([language, towns]) => towns.map((t) => [t, language])));

const box = { south: 25.5, north: 26.15, west: 117.5, east: 118.04 };
/** Row and column of each town on a 5 by 4 sheet of the box, north to south. */
const sheet = [
  ['广平镇', '奇韬镇', '文江镇', '建设镇'], ['桃源镇', '太华镇', '前坪乡', '梅山镇'], ['上京镇', '均溪镇', '石牌镇', '湖美乡'],
  ['谢洋乡', '武陵乡', '华兴镇', '东风农场生活区'], ['济阳乡', '吴山镇', '屏山乡'],
];

/** A schematic position: towns on the sheet, villages in a spiral around their town; null for a code that is not of the county. */
function schematicPlace(code: string): { lat: number; lon: number } | null {
  const level = levelOf(code);
  if (level === 'county') return code === demoCountyCode ? { lat: 25.69, lon: 117.84 } : null;
  const townCode = level === 'town' ? code : parentOf(code);
  const town = datian.towns.find((t) => t.code === townCode);
  const row = sheet.findIndex((names) => names.includes(town?.name ?? ''));
  const names = sheet[row];
  if (!town || !names) return null;
  const nth = level === 'town' ? -1 : town.villages.findIndex((v) => v.code === code);
  const turn = nth * 2.399963; // the golden angle: no two villages on one spot
  const reach = nth < 0 ? 0 : 0.012 * Math.sqrt(nth + 1);
  const lat = box.north - ((row + 0.5) / sheet.length) * (box.north - box.south) + reach * Math.cos(turn);
  const lon = box.west + ((names.indexOf(town.name) + 0.5) / names.length) * (box.east - box.west) + reach * Math.sin(turn);
  return { lat: Math.round(lat * 1e5) / 1e5, lon: Math.round(lon * 1e5) / 1e5 };
}

/** County, 18 towns and the farm, 279 villages, parents first. */
export function datianRegions(): RegionRow[] {
  return regionRows(datianTree, { languages: townLanguages, place: schematicPlace }).map((r) => ({ ...r, language: hakka.has(r.name) ? '客家话' : r.language, shownUnder: folds[r.name] ?? null }));
}
