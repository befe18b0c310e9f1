/** Who is called in the demonstration (FIELD 5, 7): a ring in every village, a duty room and a micro fire station in every town, the desk and its leaders. */
import { wholeRings } from './demo-homes.ts';
import { landlineNumber, mobileNumber, nameOf, numberOf, type Numbers } from './demo-names.ts';
import { demoCountyCode } from './demo-places.ts';
import { drawFree, type Random } from './demo-random.ts';
import type { RegionRow } from './region.ts';
import { emptyResponder, type ResponderFields } from './registry.ts';
import type { ResponderRole } from './roster.ts';

export type DemoResponder = ResponderFields & { id: string };
const ringRoles = ['care-worker', 'doctor', 'grid-worker', 'village-cadre'] as const;
/** Villages that have a doctor of their own. */
const doctors = 0.6;

/** Every responder of the county; no two share a number, for a reply must be somebody's. */
export function staff(random: Random, numbers: Numbers, regions: readonly RegionRow[]): DemoResponder[] {
  const out: DemoResponder[] = [];
  const add = (id: string, role: ResponderRole, regionCode: string, name: string, phone: string, more: Partial<ResponderFields> = {}): void => {
    out.push({ ...emptyResponder, keypress: true, ...more, id: `demo-${id}`, role, regionCode, name, phone });
  };
  for (const village of regions.filter((r) => r.level === 'village')) {
    const names = new Set<string>();
    const languages = village.language === null ? ['普通话'] : [village.language, '普通话'];
    for (const role of ringRoles) {
      const name = drawFree(names, () => nameOf(random, role === 'care-worker' ? 'female' : 'male'));
      if (role !== 'doctor' || wholeRings.has(village.name) || random.chance(doctors)) add(`${role}-${village.code}`, role, village.code, name, numbers.mobile(), {
          languages, walkMinutes: 2 + random.below(14), keyHolder: role === 'care-worker' && random.chance(0.15),
          // Some doctors want their night's rest; an emergency reaches them all the same.
          ...(role === 'doctor' && random.chance(0.2) ? { quietFrom: '22:00', quietTo: '06:00' } : {}),
        });
    }
  }
  // The farm's living area has no duty room: it belongs to the town it is shown under.
  for (const [i, town] of regions.filter((r) => r.level === 'town' && /[乡镇]$/u.test(r.name)).entries()) {
    add(`town-duty-${town.code}`, 'town-duty', town.code, `${town.name}值班室`, landlineNumber(numberOf.townLine + i), { landline: true, keypress: false });
    add(`fire-station-${town.code}`, 'fire-station', town.code, `${town.name}微型消防站`, mobileNumber(numberOf.fireStation + i)); // the phone that whoever is on guard carries: it takes the text
  }
  const names = new Set<string>();
  const name = (): string => drawFree(names, () => nameOf(random, random.chance(0.5) ? 'male' : 'female'));
  for (let i = 0; i < 4; i++) add(`seat-${i + 1}`, 'seat', demoCountyCode, name(), mobileNumber(numberOf.seat + i), { ord: i + 1 });
  add('shift-leader', 'shift-leader', demoCountyCode, name(), mobileNumber(numberOf.shiftLeader));
  add('duty-leader', 'duty-leader', demoCountyCode, name(), mobileNumber(numberOf.dutyLeader));
  return out;
}
