/** People to be tormented: homes, elders and buttons in demonstration villages, registered through the bulk API like anybody's. */
import { logIn } from '#test/harness/client.ts';
import type { House } from '#test/harness/house.ts';

export type Seeded = { id: string; secret: string; personId: string };
type Made = { rows: { id: string; secret: string }[] };

/** `count` buttons, each of an elder of its own, spread over the villages that have responders. */
export async function seedPeople(house: Pick<House, 'base' | 'password'>, count: number): Promise<Seeded[]> {
  const client = await logIn(house);
  const { responders } = await client.call<{ responders: { role: string; regionCode: string }[] }>('GET', '/api/v1/responders?limit=500');
  const villages = [...new Set(responders.filter((r) => r.role === 'care-worker').map((r) => r.regionCode))];
  if (villages.length === 0) throw new Error('no village with a care worker to seed');
  const out: Seeded[] = [];
  for (let from = 0; from < count; from += 500) {
    const rows = Array.from({ length: Math.min(500, count - from) }, (_, i) => from + i);
    const homes = await client.call<Made>('POST', '/api/v1/homes/bulk', {
      rows: rows.map((i) => ({ regionCode: villages[i % villages.length], address: `演示县折磨村水尾${i}号`, place: `水尾${i}号`, demo: true })),
    });
    const people = await client.call<Made>('POST', '/api/v1/people/bulk', { rows: rows.map((i, k) => ({ homeId: homes.rows[k]?.id, name: `陈${i}水`, demo: true })) });
    const devices = await client.call<Made>('POST', '/api/v1/devices/bulk', { rows: rows.map((_, k) => ({ model: 'sos-button', personId: people.rows[k]?.id })) });
    out.push(...devices.rows.map((d, k) => ({ id: d.id, secret: d.secret, personId: people.rows[k]?.id ?? '' })));
  }
  return out;
}
