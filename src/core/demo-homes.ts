/**
 * Homes of the demonstration (FIELD 5): spread over all villages, addresses without streets, a short place that fits a
 * message, a landmark, and which of them are fitted. The first ones have fixed ids, which guides and tests name.
 */
import { drawFree, type Random, shareOut } from './demo-random.ts';
import { showRegion, type RegionRow } from './region.ts';
import { charCount, emptyHome, type HomeFields, placeCharsMax } from './registry.ts';

/** The story the bureau knows (FIELD 5): 32.0 % of the special group, 36 short of 33 %. */
const specialGroup = { people: 3_600, fitted: 1_152 } as const;

export type DemoHome = { home: HomeFields & { id: string }; village: RegionRow; town: string; /** who lives here: 1, or a couple */ residents: 1 | 2; fitted: boolean; first: boolean };
/** What makes one of the first homes awkward; names break careless code: doubles, four characters, 欧阳, a dot, beyond the BMP, 林氏. */
type Awkward = { at?: string; couple?: true; name?: string; sex?: 'male' | 'female'; note?: string; without?: 'phone' | 'family' };
export const awkward: Readonly<Record<string, Awkward>> = {
  'demo-h01': { at: '下厝角12号' }, 'demo-h03': { name: '欧阳金水', sex: 'male' }, 'demo-h05': { couple: true },
  'demo-h07': { at: '溪边3号', name: '陈秀英', sex: 'female', note: '同村同名，住溪边的这位' }, 'demo-h08': { name: '陈林招治', sex: 'female' },
  'demo-h09': { at: '祠堂边16号', name: '陈秀英', sex: 'female', note: '同村同名，住祠堂边的这位' }, 'demo-h10': { at: '水尾7号', without: 'family' }, 'demo-h11': { name: '林氏', sex: 'female' },
  'demo-h12': { without: 'phone' }, 'demo-h13': { at: '示范路8号3幢202室' }, 'demo-h14': { name: '吴𠮷生', sex: 'male' }, 'demo-h18': { couple: true },
  'demo-h22': { name: '蓝·阿妹', sex: 'female' }, 'demo-h25': { name: '欧阳凤珠', sex: 'female' },
};
const firstVillages = [
  ['内洋村委会', 4], ['溪头村委会', 2], ['上丰村委会', 4], ['济阳村委会', 2], ['仙亭居委会', 3], ['玉田村委会', 2],
  ['魁城村委会', 3], ['万宅村委会', 2], ['梓溪村委会', 2], ['东坂畲族村委会', 2], ['三坊村委会', 2], ['沈口村委会', 2],
] as const;
/** Villages whose ring is complete, doctor and all. */
export const wholeRings: ReadonlySet<string> = new Set(firstVillages.map(([name]) => name));
const corners = ['上厝', '下厝角', '水尾', '岭头', '溪边', '坂尾', '祠堂边', '土楼坪', '新厝'] as const;
const landmarks = [
  '村部旁水泥路尽头上三十级台阶，门前柿子树', '廊桥过去第二座土楼，门口有石磨', '小学后面竹林边，红铁门', '老供销社对面，屋顶有太阳能', '水电站引水渠上方，门前晒谷坪', '祠堂后面第三家，墙上有旧标语',
  '过石拱桥左拐，门口一棵老樟树', '茶厂旁边斜坡上去，灰瓦泥墙', '卫生所往上走，院里停一辆三轮车', '水井边的小路进去，门前有鸡舍',
] as const;
const roadEnds = [['村部', 6], ['桥头', 4], ['小学门口', 8], ['老供销社', 5], ['岭脚', 12]] as const;

/** Every home with its village, the first ones first. */
export function layHomes(random: Random, regions: readonly RegionRow[]): DemoHome[] {
  const villages = regions.filter((r) => r.level === 'village');
  const towns = new Map(regions.filter((r) => r.level === 'town').map((r) => [r.code, r.name]));
  const homes: DemoHome[] = [];
  const places = new Set<string>();
  const left = new Map(shareOut(specialGroup.people, villages.map(() => 0.6 + random.share())).map((n, i) => [villages[i]?.code ?? '', n]));
  const lay = (village: RegionRow, first: boolean, couple = false): void => {
    const id = `demo-h${String(homes.length + 1).padStart(2, '0')}`;
    const residents = couple || awkward[id]?.couple ? 2 : 1;
    left.set(village.code, (left.get(village.code) ?? 0) - residents);
    const town = towns.get(village.parentCode ?? '') ?? '';
    homes.push({ home: { id, ...homeAt(random, town, village, places, awkward[id]?.at) }, village, town, residents, fitted: first, first });
  };
  for (const [name, count] of firstVillages) {
    const village = villages.find((v) => v.name === name);
    if (!village) throw new Error(`no village ${name}`);
    for (let i = 0; i < count; i++) lay(village, true);
  }
  for (const village of villages)
    for (let n = left.get(village.code) ?? 0; n > 0; n = left.get(village.code) ?? 0) lay(village, false, n >= 2 && random.chance(0.04));
  chooseFitted(random, homes);
  return homes;
}

/** Chooses the fitted homes, some towns keener than others, until exactly specialGroup.fitted people live in them. */
function chooseFitted(random: Random, homes: readonly DemoHome[]): void {
  const keen = new Map<string, number>();
  for (const { town } of homes) if (!keen.has(town)) keen.set(town, 0.5 + random.share());
  const inTurn = homes.map((h) => ({ h, at: random.share() / (keen.get(h.town) ?? 1) })).sort((a, b) => a.at - b.at);
  let left = specialGroup.fitted - homes.reduce((sum, h) => sum + (h.fitted ? h.residents : 0), 0);
  for (const { h } of inTurn) {
    if (h.fitted || h.residents > left) continue;
    h.fitted = true;
    left -= h.residents;
  }
}

function homeAt(random: Random, town: string, village: RegionRow, places: Set<string>, fixed: string | undefined): HomeFields {
  const shown = showRegion(village.name);
  const community = shown.endsWith('社区');
  let at = '';
  // No two homes of the county have one short place: whoever is called must not be sent to two doors.
  const place = drawFree(places, () => {
    at = fixed ?? (community ? `示范路${1 + random.below(60)}号${1 + random.below(6)}幢${2 + random.below(4)}0${1 + random.below(3)}室` : `${random.pick(corners)}${1 + random.below(60)}号`);
    return placeOf(town, shown, at);
  });
  const [roadEnd, minutes] = community ? ['楼下', 1] as const : random.chance(0.2) ? ['家门口', 0] as const : random.pick(roadEnds);
  const near = (degree: number | null): number | null => (degree === null ? null : Math.round((degree + (random.below(200) - 100) / 50_000) * 1e6) / 1e6);
  return {
    ...emptyHome, regionCode: village.code, address: `${town}${shown}${at}`, place, landmark: random.pick(landmarks), roadEnd, walkMinutes: minutes <= 1 ? minutes : Math.max(2, minutes + random.below(7) - 3),
    dog: !community && random.chance(0.3), lat: near(village.lat), lon: near(village.lon),
    cell: `3884${village.code.slice(6, 10)}`, powerArea: `台区${village.code.slice(6)}`,
  };
}

/** 短信用地点: as much of the address as fits. */
function placeOf(town: string, village: string, at: string): string {
  const short = village.replace(/社区$|生活区$/u, '');
  const fits = [`${town}${village}${at}`, `${village}${at}`, `${short}${at}`, `${short}${at.replace('示范路', '')}`].find((p) => charCount(p) <= placeCharsMax);
  if (fits === undefined) throw new Error(`no short place for ${village} ${at}`);
  return fits;
}
