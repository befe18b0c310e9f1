/**
 * Where the fleet comes from: the demonstration county is brought to life by adoption (its devices get new secrets), whole homes
 * in an order that the seed decides; what is missing is registered beside it. Only demonstration devices are ever touched.
 */
import { randomOf } from '#core/demo-random.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import { type DeviceSeen, newSecrets, readAll, readStatus } from '#simulators/api/house.ts';
import type { FleetDevice } from '#simulators/fleet/fleet.ts';
import { extend } from './extend.ts';

export type Wish = { devices: number; seed: number; /** Homes with a device of these models come first, and these devices first of their home. */ first: readonly string[]; /** Town by town instead of all over the county. */ together?: boolean };
export type Gathered = { devices: FleetDevice[]; adopted: number; registered: number };

/** The house cannot be simulated on; the text is for the person at the terminal. */
export class NoCounty extends Error {}

export async function gather(api: HouseApi, wish: Wish): Promise<Gathered> {
  const { gateway } = await readStatus(api);
  if (gateway.kind !== 'standin')
    throw new NoCounty(`The gateway of this house is "${gateway.kind}", where real phones ring: simulated devices live only beside the stand-in. 这里用的是真实网关，模拟设备只能在模拟网关上运行。`);
  const there = (await readAll<DeviceSeen>(api, '/api/v1/devices', 'devices', { demo: true })).filter((d) => d.status !== 'revoked');
  const chosen = wholeHomes(there, wish);
  const secrets = await newSecrets(api, chosen.map((d) => d.id));
  const adopted = chosen.map((d, i): FleetDevice => ({ id: d.id, secret: secrets[i]?.secret ?? '', model: d.model, homeId: d.homeId, personId: d.personId, regionCode: d.regionCode }));
  const more = await extend(api, wish.devices - adopted.length, wish.seed);
  return { devices: [...adopted, ...more], adopted: adopted.length, registered: more.length };
}

/** The first N devices, a home at a time, in the seed's order of homes; devices without a home count as one each. */
export function wholeHomes<D extends Pick<DeviceSeen, 'id' | 'homeId' | 'regionCode' | 'model' | 'demo'>>(devices: readonly D[], wish: Wish): D[] {
  const random = randomOf(wish.seed);
  const rank = (d: D): number => (wish.first.includes(d.model) ? wish.first.indexOf(d.model) : wish.first.length);
  const homes = new Map<string, D[]>();
  // By id first: the order in which the house lists them must not decide the story.
  for (const d of devices.filter((x) => x.demo).sort((a, b) => (a.id < b.id ? -1 : 1))) homes.set(d.homeId ?? d.id, [...(homes.get(d.homeId ?? d.id) ?? []), d]);
  const towns = new Map<string, number>();
  const turn = (d: D | undefined): number => {
    const town = d?.regionCode?.slice(0, 9) ?? '';
    if (!towns.has(town)) towns.set(town, random.share());
    return towns.get(town) ?? 0;
  };
  return [...homes.values()]
    .map((home) => ({ home: home.toSorted((a, b) => rank(a) - rank(b)), town: wish.together === true ? turn(home[0]) : 0, missing: wish.first.filter((model) => !home.some((d) => d.model === model)).length, at: random.share() }))
    .sort((a, b) => a.town - b.town || a.missing - b.missing || a.at - b.at)
    .flatMap(({ home }) => home).slice(0, wish.devices);
}
