/** The two towns of the typhoon night (FIELD 3): 800 homes of one person in 屏山乡 and 济阳乡, one old woman whose watch hangs on another mast, and the mobile of 济阳乡's duty officer. */
import { randomOf } from '#core/demo-random.ts';
import { charCount, placeCharsMax } from '#core/registry.ts';
import { ApiProblem, type HouseApi } from '#simulators/api/client.ts';
import { register } from '#simulators/api/house.ts';
import type { FleetDevice } from '#simulators/fleet/fleet.ts';

export const towns = { pingshan: '350425201000', jiyang: '350425203000' } as const;
/** Homes with a radar, of which some people wear a watch too; homes with only a button or a smoke detector; the evacuated; those who do not come back. */
export const counts = { radars: 612, small: 188, watchesPerVillage: 2, evacuated: 86, rebootFalls: 37, lost: 9 } as const;
export const officer = { id: 'demo-duty-officer-350425203000', phone: '15404250041' } as const;
/** Her watch is served from across the ridge. */
const farMast = '388499010';

export type NightHome = { id: string; regionCode: string; personId: string; devices: FleetDevice[] };
export type NightCounty = { radarHomes: NightHome[]; smallHomes: NightHome[]; her: NightHome & { /** the cell of her watch */ mast: string }; villages: string[]; /** Registers the devices; until then they have no secret. */ fit(): Promise<void> };
type Village = { code: string; shown: string };
type Place = { id: string; regionCode: string; village: Village };

const surnames = [...'陈林郑郭吴张杨苏范卢余周罗章'] as const;
const given = ['金水', '木生', '文旺', '德发', '秀英', '玉兰', '月娥', '凤珠', '招治', '金花'] as const;
const corners = ['上厝', '下厝角', '水尾', '岭头', '溪边', '坂尾'] as const;
/** Neighbours keep several keys: the last thousand of the demonstration's mobile numbers. */
const neighbour = (n: number): string => `1540425${9000 + (n % 1000)}`;

/** The homes and their people, through the bulk forms, as demonstration data with ids of this run. Throws when the house has no such towns. */
export async function makeCounty(api: HouseApi, seed: number): Promise<NightCounty> {
  const all = (await api.call<{ regions: Village[] }>('GET', '/api/v1/regions?level=village')).regions;
  const villages = all.filter((v) => v.code.startsWith('350425201') || v.code.startsWith('350425203'));
  const upper = villages.find((v) => v.code.startsWith('350425203') && v.shown.includes('上丰'));
  if (villages.length < 20 || !upper) throw new ApiProblem(0, 'The house has no 屏山乡 and 济阳乡: the night needs the demonstration county (npm start on a new data folder).');
  const random = randomOf(seed ^ 0x7f);
  const run = crypto.randomUUID().slice(0, 6);
  const placeOf = (n: number): Place => ({ id: `ty-${run}-${n}`, village: villages[n % villages.length] as Village, regionCode: (villages[n % villages.length] as Village).code });
  const places = [...Array.from({ length: counts.radars + counts.small }, (_, n) => placeOf(n)), { id: `ty-${run}-her`, village: upper, regionCode: upper.code }];
  await register(api, 'homes', places.map(({ id, regionCode, village }, n) => {
    const at = `${random.pick(corners)}${1 + n}号`;
    const place = charCount(village.shown + at) <= placeCharsMax ? village.shown + at : at;
    return { id: `${id}-h`, regionCode, address: `${village.shown}${at}`, place, roadEnd: '村部', walkMinutes: 3 + random.below(9), cell: `3884${regionCode.slice(6, 10)}`, powerArea: `台区${regionCode.slice(6)}`, demo: true };
  }));
  await register(api, 'people', places.map(({ id }, n) => ({
    id: `${id}-p`, homeId: `${id}-h`, name: id.endsWith('her') ? '郑玉兰' : random.pick(surnames) + random.pick(given), sex: 'female', birthDate: id.endsWith('her') ? '1945-03-07' : `${1932 + random.below(24)}-0${1 + random.below(9)}-1${random.below(10)}`,
    living: 'alone', ability: id.endsWith('her') ? 'moderate' : random.pick(['intact', 'mild', 'moderate']), riskTags: n % 9 === 0 || id.endsWith('her') ? ['fall-history'] : [], demo: true,
  })));
  await register(api, 'contacts', places.map(({ id }, n) => ({ personId: `${id}-p`, relation: 'neighbour', name: `${random.pick(surnames)}邻居`, phone: neighbour(n), keyHolder: true, walkMinutes: 2 })));
  const rows = places.flatMap((p, n) => fittingOf(n, villages.length).map((model) => ({ id: `${p.id}-${model}`, model, homeId: `${p.id}-h`, ...(model === 'smoke' ? {} : { personId: `${p.id}-p` }), ...(n === places.length - 1 ? { cell: farMast } : {}) })));
  const devices = Map.groupBy(rows.map((r): FleetDevice => ({ id: r.id, secret: '', model: r.model, homeId: r.homeId, personId: r.personId ?? null, regionCode: null })), (d) => d.homeId);
  const homes = places.map((p): NightHome => ({ id: `${p.id}-h`, regionCode: p.regionCode, personId: `${p.id}-p`, devices: (devices.get(`${p.id}-h`) ?? []).map((d) => ({ ...d, regionCode: p.regionCode })) }));
  await officerOf(api);
  const fit = async (): Promise<void> => {
    const secrets = new Map((await register(api, 'devices', rows)).map((d) => [d.id, d.secret ?? '']));
    for (const d of homes.flatMap((h) => h.devices)) d.secret = secrets.get(d.id) ?? '';
  };
  return { fit, radarHomes: homes.slice(0, counts.radars), smallHomes: homes.slice(counts.radars, -1), her: { ...(homes.at(-1) as NightHome), mast: farMast }, villages: villages.map((v) => v.code) };
}

/** What stands in the n-th home: a radar (in the first of each village a watch beside it), else a button or a smoke detector; she has her watch. */
function fittingOf(n: number, villages: number): readonly string[] {
  if (n < counts.radars) return n < villages * counts.watchesPerVillage ? ['fall-radar', 'watch'] : ['fall-radar'];
  return n === counts.radars + counts.small ? ['watch'] : n % 2 === 0 ? ['sos-button'] : ['smoke'];
}

/** A mobile comes before the landline of the duty room; on file once. */
async function officerOf(api: HouseApi): Promise<void> {
  const { responders } = await api.call<{ responders: { id: string }[] }>('GET', `/api/v1/responders?region=${towns.jiyang}`);
  if (responders.some((r) => r.id === officer.id)) return;
  await api.call('POST', '/api/v1/responders', { id: officer.id, role: 'town-duty', regionCode: towns.jiyang, ord: 1, name: '林值班', phone: officer.phone, keypress: true, demo: true });
}
