/** A county of any size on file, invented but sealed for real: for the bench of the lists and the test of their plans. Same seed, same rows. */
import { datianRegions } from '#core/demo-places.ts';
import { emptyContact, emptyDevice, emptyHome, emptyPerson, emptyResponder, responderRoles } from '#core/registry.ts';
import { insertContacts } from '#store/contacts.ts';
import { insertDevices } from '#store/device-registry.ts';
import { insertHomes } from '#store/homes.ts';
import { insertPeople } from '#store/people.ts';
import type { Db } from '#store/pool.ts';
import { putRegions } from '#store/regions.ts';
import { insertResponders } from '#store/responders.ts';
import type { Seal } from '#store/seal.ts';

const surnames = [...'陈林郑郭吴张杨苏范卢余周罗章黄李王刘许叶'];
const given = [...'金水木生文旺德发清源火开盛秀英玉兰月娥凤珠阿妹招治花春夏秋冬福寿康宁长永庆祥荣贵富华美丽香桂莲菊梅竹松柏山川海江河湖国建志明光辉'];
const models = ['sos-button', 'sos-button', 'sos-button', 'fall-radar', 'fall-radar', 'smoke', 'gas', 'watch'];
const batch = 2_000;

export type Filled = { villages: string[]; homes: number; people: number; contacts: number; devices: number; responders: number };

/** Ten people in nine homes, a third of them without any device, three contacts for two people, four responders in each village. */
export async function fillCounty(db: Db, seal: Seal, people: number): Promise<Filled> {
  let state = 350_425;
  const below = (n: number): number => { state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff; return Math.floor((state / 0x80000000) * n); };
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const name = (): string => pick(surnames) + pick(given) + (below(8) === 0 ? '' : pick(given));
  const phone = (): string => `1540425${String(below(10_000)).padStart(4, '0')}`;
  const regions = datianRegions();
  await putRegions(db, regions, { demo: true, replace: false });
  const villages = regions.filter((r) => r.level === 'village').map((r) => r.code);
  const filled: Filled = { villages, homes: 0, people: 0, contacts: 0, devices: 0, responders: 0 };
  for (let from = 0; from < people; from += batch) {
    const size = Math.min(batch, people - from);
    const homes = Array.from({ length: Math.ceil(size * 0.9) }, (_, i) => ({ ...emptyHome, id: `h-${from + i}`, regionCode: pick(villages), address: `下厝角${from + i}号`, place: `下厝角${from + i}号`, landmark: '门前柿子树', demo: true }));
    const elders = Array.from({ length: size }, (_, i) => ({
      ...emptyPerson, id: `p-${from + i}`, number: `DEMO-${from + i}`, homeId: homes[i % homes.length]?.id ?? null, name: name(), phone: below(12) === 0 ? null : phone(), birthDate: `19${30 + below(25)}-03-15`,
      highRisk: below(5) === 0, status: below(25) === 0 ? ('refused' as const) : ('present' as const), healthNote: below(3) === 0 ? '高血压' : null, demo: true,
    }));
    const contacts = elders.flatMap((p, i) => (i % 3 === 2 ? [] : Array.from({ length: i % 3 === 0 ? 2 : 1 }, (_, n) => ({ ...emptyContact, id: `c-${p.id}-${n}`, personId: p.id, ord: n + 1, relation: n === 0 ? ('family' as const) : ('neighbour' as const), name: name(), phone: phone(), demo: true }))));
    const devices = elders.flatMap((p, i) => (i % 3 === 0 ? [] : Array.from({ length: i % 3 }, (_, n) => ({ ...emptyDevice, id: `d-${p.id}-${n}`, model: pick(models), homeId: p.homeId, personId: n === 0 ? p.id : null, serial: `SN${from + i}${n}`, demo: true, secretHash: Buffer.alloc(32) }))));
    await insertHomes(db, seal, homes);
    await insertPeople(db, seal, elders);
    await insertContacts(db, seal, contacts);
    await insertDevices(db, seal, devices);
    filled.homes += homes.length; filled.people += elders.length; filled.contacts += contacts.length; filled.devices += devices.length;
  }
  const responders = villages.flatMap((regionCode) => responderRoles.slice(0, 4).map((role, n) => ({ ...emptyResponder, id: `r-${regionCode}-${n}`, role, regionCode, ord: 1, name: name(), phone: phone(), keypress: true, demo: true })));
  await insertResponders(db, seal, responders);
  filled.responders = responders.length;
  // Most are heard, some are silent, some run low; one village is evacuated.
  await db.query(`update presence set state = case when mod(abs(hashtext(device_id)), 50) = 0 then 'offline' when mod(abs(hashtext(device_id)), 50) = 1 then 'never' else 'online' end, last_seen_at = anling_now(), low_battery = mod(abs(hashtext(device_id)), 97) = 0`);
  await db.query(`update home set mode = 'evacuated', mode_until = anling_now() + interval '2 days', mode_since = anling_now(), mode_by = 'user:bench' where region_code = $1`, [villages[40]]);
  await db.query('vacuum analyze');
  return filled;
}
