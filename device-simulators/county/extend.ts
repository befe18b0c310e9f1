/** Further homes, people and devices for more devices than the demonstration has, by the bulk forms: all of it demonstration data with ids `sim-…`. */
import { datianRegions } from '#core/demo-places.ts';
import { randomOf } from '#core/demo-random.ts';
import { showRegion } from '#core/region.ts';
import { charCount, placeCharsMax } from '#core/registry.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import { register } from '#simulators/api/house.ts';
import type { FleetDevice } from '#simulators/fleet/fleet.ts';

/** What stands in one home, in this order. */
const fitting = ['fall-radar', 'sos-button', 'smoke'] as const;
const surnames = [...'陈林郑郭吴张杨苏范卢余周罗章'] as const;
const given = ['金水', '木生', '文旺', '德发', '秀英', '玉兰', '月娥', '凤珠', '招治', '金花'] as const;
const corners = ['上厝', '下厝角', '水尾', '岭头', '溪边', '坂尾'] as const;
/** The last thousand of the demonstration's mobile numbers; a neighbour may keep several keys. */
const phoneOf = (n: number): string => `1540425${9000 + (n % 1000)}`;

type Village = { code: string; shown: string; level: string };

/** Registers as many devices as are missing, with the homes and people that they need. */
export async function extend(api: HouseApi, missing: number, seed: number): Promise<FleetDevice[]> {
  if (missing <= 0) return [];
  const villages = await villagesOf(api);
  const random = randomOf(seed ^ 0x51e7);
  const run = crypto.randomUUID().slice(0, 8);
  const homes = Array.from({ length: Math.ceil(missing / fitting.length) }, (_, i) => {
    const village = villages[i % villages.length] as Village;
    const at = `${random.pick(corners)}${1 + i}号`;
    const place = charCount(village.shown + at) <= placeCharsMax ? village.shown + at : at;
    return { id: `sim-${run}-h${i}`, regionCode: village.code, address: `${village.shown}${at}`, place, cell: `3884${village.code.slice(6, 10)}`, powerArea: `台区${village.code.slice(6)}`, demo: true };
  });
  await register(api, 'homes', homes);
  const people = homes.map((h, i) => ({
    id: `sim-${run}-p${i}`, homeId: h.id, name: random.pick(surnames) + random.pick(given), birthDate: `${1930 + random.below(26)}-0${1 + random.below(9)}-1${random.below(10)}`,
    living: 'alone', ability: random.pick(['intact', 'mild', 'moderate']), demo: true,
  }));
  await register(api, 'people', people);
  await register(api, 'contacts', people.flatMap((p, i) => [
    { personId: p.id, relation: 'neighbour', name: `${random.pick(surnames)}邻居`, phone: phoneOf(2 * i), keyHolder: true, walkMinutes: 1 + random.below(5) },
    { personId: p.id, relation: 'family', name: `${[...p.name][0]}家人`, phone: phoneOf(2 * i + 1) },
  ]));
  const rows = homes.flatMap((h, i) => fitting.map((model) => ({ id: `${h.id}-${model}`, model, homeId: h.id, ...(model === 'smoke' ? {} : { personId: people[i]?.id }) }))).slice(0, missing);
  const made = await register(api, 'devices', rows);
  const regions = new Map(homes.map((h) => [h.id, h.regionCode]));
  return rows.map((r, i) => ({ id: r.id, secret: made[i]?.secret ?? '', model: r.model, homeId: r.homeId, personId: r.personId ?? null, regionCode: regions.get(r.homeId) ?? null }));
}

/** The villages of the house; a house without any gets Datian's: places are no demonstration, and nobody lives in them yet. */
async function villagesOf(api: HouseApi): Promise<Village[]> {
  const read = (): Promise<{ regions: Village[] }> => api.call('GET', '/api/v1/regions?level=village');
  const found = (await read()).regions;
  if (found.length > 0) return found;
  await api.call('POST', '/api/v1/regions', { rows: datianRegions().map(({ code, name, language, lat, lon }) => ({ code, name, language, lat, lon })) });
  return (await read()).regions.map((r) => ({ ...r, shown: showRegion(r.shown) }));
}
