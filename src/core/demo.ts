/**
 * The small demonstration county (FIELD 5), pure and the same for the same seed: homes, elders with awkward names, their
 * people, village rings, town duty rooms, the desk, devices. Every number lies in the block that was never assigned (FF23);
 * device secrets are not made here: they are random per install (M2).
 */
import { datianRegions, demoCountyCode, townLanguages } from './demo-places.ts';
import type { RegionRow } from './region.ts';
import { showRegion } from './region.ts';
import {
  charCount, type ContactFields, type DeviceFields, emptyContact, emptyDevice, emptyHome, emptyPerson, emptyResponder, highRiskOf, type HomeFields, identityCheckDigit,
  type PersonFields, placeCharsMax, type ResponderFields,
} from './registry.ts';
import type { ResponderRole } from './roster.ts';
import type { UserRole } from './user.ts';

export type DemoCounty = {
  regions: RegionRow[]; stations: { id: string; regionCode: string; name: string }[];
  homes: (HomeFields & { id: string })[]; people: (PersonFields & { id: string })[]; contacts: (ContactFields & { id: string })[];
  responders: (ResponderFields & { id: string })[]; devices: (DeviceFields & { id: string })[];
  users: { username: string; role: UserRole; displayName: string; scopeCode: string }[];
};
type Pick1 = <T>(from: readonly T[]) => T;
type Random = { pick: Pick1; below(n: number): number; chance(share: number): boolean };

const villages = [
  ['屏山乡', '内洋村委会', 4], ['屏山乡', '溪头村委会', 2], ['济阳乡', '上丰村委会', 4], ['济阳乡', '济阳村委会', 2], ['均溪镇', '仙亭居委会', 3], ['均溪镇', '玉田村委会', 2],
  ['太华镇', '魁城村委会', 3], ['广平镇', '万宅村委会', 2], ['吴山镇', '梓溪村委会', 2], ['桃源镇', '东坂畲族村委会', 2], ['石牌镇', '三坊村委会', 2], ['梅山镇', '沈口村委会', 2],
] as const;
const corners = ['上厝', '下厝角', '水尾', '岭头', '溪边', '坂尾', '祠堂边', '土楼坪', '新厝'] as const;
const landmarks = ['村部旁水泥路尽头上三十级台阶，门前柿子树', '廊桥过去第二座土楼，门口有石磨', '小学后面竹林边，红铁门', '老供销社对面，屋顶有太阳能', '水电站引水渠上方，门前晒谷坪'] as const;
const surnames = [...'陈林郑郭吴张杨苏范卢余周罗章'] as const;
const male = ['金水', '木生', '文旺', '德发', '清源', '火旺', '开盛'] as const;
const female = ['秀英', '玉兰', '月娥', '凤珠', '阿妹', '招治', '金花'] as const;
/** Names that break careless code, by the home's place in the list: doubles, four characters, 欧阳, a dot, beyond the BMP, 林氏. */
const awkward: Readonly<Record<number, { name: string; sex: 'male' | 'female' }>> = {
  2: { name: '欧阳金水', sex: 'male' }, 6: { name: '陈秀英', sex: 'female' }, 7: { name: '陈林招治', sex: 'female' }, 8: { name: '陈秀英', sex: 'female' },
  10: { name: '林氏', sex: 'female' }, 13: { name: '吴𠮷生', sex: 'male' }, 21: { name: '蓝·阿妹', sex: 'female' }, 24: { name: '欧阳凤珠', sex: 'female' },
};
const withoutPhone = 11;
const withoutRelatives = 9;
const couples: ReadonlySet<number> = new Set([4, 17]);
const demoYear = 2026;

/** Numbers by block: nobody's telephone rings (154 0425 0001 to 9999). */
const phone = (n: number): string => `1540425${String(n).padStart(4, '0')}`;
const demoPhones = { seat: 11, shiftLeader: 21, dutyLeader: 31, town: 101, village: 2001, neighbour: 2501, person: 5001, contact: 6001 } as const;

/** Builds the county. Same seed, same county. */
export function makeDemoCounty(seed = 350425): DemoCounty {
  const random = randomOf(seed);
  const regions = datianRegions();
  const villageOf = (town: string, name: string): RegionRow => {
    const parent = regions.find((r) => r.level === 'town' && r.name === town);
    const row = regions.find((r) => r.parentCode === parent?.code && r.name === name);
    if (!row) throw new Error(`no village ${town} ${name}`);
    return row;
  };
  const county: DemoCounty = { regions, stations: stationsOf(regions), homes: [], people: [], contacts: [], responders: [], devices: [], users };
  for (const [town, name, homes] of villages) {
    const village = villageOf(town, name);
    for (let i = 0; i < homes; i++) addHome(county, random, town, village);
    addRing(county, random, village);
  }
  addNeighbours(county, random);
  addDesk(county, random);
  return county;
}

const users: DemoCounty['users'] = [
  { username: 'operator1', role: 'operator', displayName: '一号席', scopeCode: demoCountyCode }, { username: 'leader1', role: 'shift-leader', displayName: '值班长', scopeCode: demoCountyCode },
  { username: 'viewer', role: 'viewer', displayName: '大屏', scopeCode: demoCountyCode },
];

/** 274 stations (居家养老服务站点) of the county's 279 villages. */
function stationsOf(regions: readonly RegionRow[]): DemoCounty['stations'] {
  return regions.filter((r) => r.level === 'village').slice(0, 274).map((v) => ({ id: `demo-s${v.code}`, regionCode: v.code, name: `${showRegion(v.name)}居家养老服务站` }));
}

function addHome(county: DemoCounty, random: Random, town: string, village: RegionRow): void {
  const n = county.homes.length;
  const id = `demo-h${String(n + 1).padStart(2, '0')}`;
  const shown = showRegion(village.name);
  const community = shown.endsWith('社区');
  const corner = random.pick(corners);
  const no = 1 + random.below(60);
  const at = community ? `示范路${no}号${1 + random.below(6)}幢${2 + random.below(4)}0${1 + random.below(3)}室` : `${corner}${no}号`;
  const place = [`${town}${shown}${at}`, `${shown}${at}`, `${shown.replace(/社区$/, '')}${at}`].find((p) => charCount(p) <= placeCharsMax) ?? `${shown}示范路${no}号`.slice(0, placeCharsMax);
  county.homes.push({
    ...emptyHome, id, regionCode: village.code, address: `${town}${shown}${at}`, place, landmark: random.pick(landmarks), roadEnd: community ? '楼下' : '村部',
    walkMinutes: community ? 1 : 2 + random.below(12), keyWith: '钥匙在隔壁', dog: random.chance(0.3),
    lat: village.lat === null ? null : village.lat + (random.below(200) - 100) / 50_000, lon: village.lon === null ? null : village.lon + (random.below(200) - 100) / 50_000,
    cell: `3884${village.code.slice(6, 10)}`, powerArea: `台区${village.code.slice(6)}`,
  });
  const first = addPerson(county, random, n, id, couples.has(n) ? 'couple' : random.chance(0.7) ? 'alone' : 'with-family', town);
  if (couples.has(n)) addPerson(county, random, n, id, 'couple', town);
  addDevices(county, id, first.id);
}

function addPerson(county: DemoCounty, random: Random, home: number, homeId: string, living: NonNullable<PersonFields['living']>, town: string): { id: string } {
  const n = county.people.length;
  const second = county.people.some((p) => p.homeId === homeId);
  const special = second ? undefined : awkward[home];
  const sex = special?.sex ?? (random.chance(0.6) ? 'female' : 'male');
  const name = special?.name ?? random.pick(surnames) + random.pick(sex === 'male' ? male : female);
  const birthDate = `${1930 + random.below(26)}-${String(1 + random.below(12)).padStart(2, '0')}-${String(1 + random.below(28)).padStart(2, '0')}`;
  const first17 = `350425${birthDate.replaceAll('-', '')}000`;
  const facts = {
    ability: random.pick(['intact', 'intact', 'mild', 'moderate', 'severe'] as const), living, birthDate,
    riskTags: random.chance(0.35) ? [random.pick(['fall-history', 'heart', 'stroke', 'dementia', 'hypertension', 'diabetes'] as const)] : [],
  };
  const person = {
    ...emptyPerson, ...facts, id: `demo-p${String(n + 1).padStart(2, '0')}`, number: `DEMO-${String(n + 1).padStart(6, '0')}`, homeId, name, sex,
    phone: home === withoutPhone ? null : phone(demoPhones.person + n), identityNo: random.chance(0.5) ? first17 + identityCheckDigit(first17) : null,
    category: random.chance(0.4) ? [random.pick(['destitute', 'low-income', 'preferential', 'bereaved', 'disabled', 'five-elders'] as const)] : [],
    highRisk: highRiskOf(facts, demoYear), language: townLanguages[town] ?? null, hearing: random.pick(['good', 'good', 'weak', 'deaf'] as const),
    healthNote: facts.riskTags.length > 0 ? '按时服药，勿自行搬动' : null, note: name === '陈秀英' ? `同村同名，${homeId === 'demo-h07' ? '住溪边的' : '住祠堂边的'}这位` : null,
  };
  county.people.push(person);
  if (home !== withoutRelatives) addFamily(county, random, person.id, person.name);
  addContact(county, person.id, { relation: 'neighbour', name: random.pick(surnames) + random.pick(male), keyHolder: true, walkMinutes: 1 + random.below(4), language: person.language });
  return person;
}

function addFamily(county: DemoCounty, random: Random, personId: string, elder: string): void {
  const surname = elder.startsWith('欧阳') ? '欧阳' : ([...elder][0] ?? '陈');
  addContact(county, personId, { relation: 'family', name: `${surname}${random.pick(['建国', '志强', '小红', '丽华'])}`, walkMinutes: null });
  if (random.chance(0.5)) addContact(county, personId, { relation: 'family', name: `${surname}${random.pick(['永福', '美珍', '文斌'])}`, walkMinutes: null });
}

function addContact(county: DemoCounty, personId: string, who: Partial<ContactFields> & Pick<ContactFields, 'relation' | 'name'>): void {
  const ord = county.contacts.filter((c) => c.personId === personId).length + 1;
  const n = county.contacts.length;
  county.contacts.push({ ...emptyContact, ...who, id: `demo-c${String(n + 1).padStart(3, '0')}`, personId, ord, phone: phone(demoPhones.contact + n) });
}

/** Radar, button, smoke detector, watch; in stock until somebody switches them on: nothing here claims to be supervised. */
function addDevices(county: DemoCounty, homeId: string, personId: string): void {
  const make = (suffix: string, model: string, room: string | null): void => {
    county.devices.push({ ...emptyDevice, id: `${homeId}-${suffix}`, model, homeId, personId: model === 'smoke' ? null : personId, room, status: 'stock' });
  };
  make('sos', 'sos-button', '卧室');
  make('radar', 'fall-radar', '卫生间');
  make('smoke', 'smoke', '厨房');
  make('watch', 'watch', null);
}

function addResponder(county: DemoCounty, id: string, role: ResponderRole, regionCode: string, name: string, number: number, more: Partial<ResponderFields> = {}): void {
  county.responders.push({ ...emptyResponder, id, role, regionCode, name, phone: phone(number), keypress: true, ...more });
}

/** The village ring: care-worker, doctor, grid worker, cadre. */
function addRing(county: DemoCounty, random: Random, village: RegionRow): void {
  for (const role of ['care-worker', 'doctor', 'grid-worker', 'village-cadre'] as const) {
    const n = county.responders.length;
    const name = random.pick(surnames) + random.pick(role === 'care-worker' ? female : male);
    addResponder(county, `demo-${role}-${village.code}`, role, village.code, name, demoPhones.village + n, { languages: village.language === null ? [] : [village.language, '普通话'] });
  }
}

/** Care-workers of two villages beside each: ring 2 of the plan. */
function addNeighbours(county: DemoCounty, random: Random): void {
  const staffed = new Set(county.responders.map((r) => r.regionCode));
  let n = 0;
  for (const code of [...staffed]) {
    const home = county.regions.find((r) => r.code === code);
    const near = county.regions
      .filter((r) => r.parentCode === home?.parentCode && r.level === 'village' && !staffed.has(r.code)).slice(0, 2);
    for (const village of near) {
      staffed.add(village.code);
      addResponder(county, `demo-care-worker-${village.code}`, 'care-worker', village.code, random.pick(surnames) + random.pick(female), demoPhones.neighbour + n++,
        { languages: village.language === null ? [] : [village.language, '普通话'] });
    }
  }
}

/** 18 town duty rooms, 4 seats, shift leader, duty leader. */
function addDesk(county: DemoCounty, random: Random): void {
  const name = (): string => random.pick(surnames) + random.pick([...male, ...female]);
  const towns = county.regions.filter((r) => r.level === 'town' && /[乡镇]$/u.test(r.name));
  for (const [i, town] of towns.entries()) addResponder(county, `demo-town-duty-${town.code}`, 'town-duty', town.code, `${town.name}值班室`, demoPhones.town + i, { landline: true, keypress: false });
  for (let i = 1; i <= 4; i++) addResponder(county, `demo-seat-${i}`, 'seat', demoCountyCode, name(), demoPhones.seat + i - 1, { ord: i });
  addResponder(county, 'demo-shift-leader', 'shift-leader', demoCountyCode, name(), demoPhones.shiftLeader);
  addResponder(county, 'demo-duty-leader', 'duty-leader', demoCountyCode, name(), demoPhones.dutyLeader);
}

/** mulberry32: small, seeded, the same on every machine. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { below, chance: (share) => next() < share, pick: <T>(from: readonly T[]) => from[below(from.length)] as T };
}
