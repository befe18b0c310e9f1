/**
 * The demonstration county (FIELD 5, 7), pure and the same for the same seed: Datian's 18 towns, farm and 279 villages, 3,600
 * people of the special group, of whom exactly 1,152 live in a fitted home, their contacts, the rings, the desk. Fitted means:
 * devices of the home stand as `installed`. Every number lies in a block that was never assigned (FF23); device secrets are
 * not made here: they are random per install (M2), known to nobody, and so nothing here is supervised yet.
 */
import { type DemoHome, layHomes } from './demo-homes.ts';
import { numberOf, numbersFrom } from './demo-names.ts';
import { type DemoContact, type DemoPerson, settle } from './demo-people.ts';
import { datianRegions, demoCountyCode } from './demo-places.ts';
import { type Random, randomOf } from './demo-random.ts';
import { type DemoResponder, staff } from './demo-responders.ts';
import { type RegionRow, showRegion } from './region.ts';
import { type DeviceFields, emptyDevice, type HomeFields } from './registry.ts';
import type { UserRole } from './user.ts';

type DemoDevice = DeviceFields & { id: string };
export type DemoCounty = {
  regions: RegionRow[]; stations: { id: string; regionCode: string; name: string }[]; homes: (HomeFields & { id: string })[]; people: DemoPerson[]; contacts: DemoContact[];
  responders: DemoResponder[]; devices: DemoDevice[]; users: { username: string; role: UserRole; displayName: string; scopeCode: string }[];
};

/** Builds the county. Same seed, same county. */
export function makeDemoCounty(seed = 350425): DemoCounty {
  const random = randomOf(seed);
  const regions = datianRegions();
  const homes = layHomes(random, regions);
  const { people, contacts } = settle(random, numbersFrom(numberOf.others, numberOf.homeLine), homes);
  const responders = staff(random, numbersFrom(numberOf.ring, numberOf.townLine), regions);
  const residents = Map.groupBy(people, (p) => p.homeId);
  const devices = homes.filter((h) => h.fitted).flatMap((h) => fitting(random, h, residents.get(h.home.id) ?? []));
  return { regions, stations: stationsOf(regions), homes: homes.map((h) => h.home), people, contacts, responders, devices, users };
}

const users: DemoCounty['users'] = [
  { username: 'operator1', role: 'operator', displayName: '一号席', scopeCode: demoCountyCode }, { username: 'leader1', role: 'shift-leader', displayName: '值班长', scopeCode: demoCountyCode },
  { username: 'viewer', role: 'viewer', displayName: '大屏', scopeCode: demoCountyCode },
];

/** 274 stations (居家养老服务站点) of the county's 279 villages: not the same set. */
function stationsOf(regions: readonly RegionRow[]): DemoCounty['stations'] {
  return regions.filter((r) => r.level === 'village').slice(0, 274).map((v) => ({ id: `demo-s${v.code}`, regionCode: v.code, name: `${showRegion(v.name)}居家养老服务站` }));
}

/** What stands in a fitted home: a button for everybody, most often a radar and a smoke detector, sometimes a watch; all of it in the first ones. */
function fitting(random: Random, { home, first }: DemoHome, residents: readonly DemoPerson[]): DemoDevice[] {
  const one = residents.length === 1;
  const make = (suffix: string, model: string, room: string | null, personId: string | null): DemoDevice => ({ ...emptyDevice, id: `${home.id}-${suffix}`, model, homeId: home.id, personId, room });
  const has = (share: number): boolean => random.chance(share) || first;
  const [elder] = residents;
  return [
    ...residents.map((p, i) => make(i === 0 ? 'sos' : `sos${i + 1}`, 'sos-button', '卧室', p.id)),
    // A radar cannot tell two people apart, a smoke detector is the home's.
    ...(has(0.85) ? [make('radar', 'fall-radar', '卫生间', one ? elder?.id ?? null : null)] : []),
    ...(has(0.6) ? [make('smoke', 'smoke', '厨房', null)] : []),
    ...(has(0.12) ? [make('watch', 'watch', null, elder?.id ?? null)] : []),
  ];
}
