/** Two workers on one database that both think they lead: one is cut off from it, or held, while people press; then it comes back (F9, F10). */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createPhonesApi } from '#simulators/api/phones.ts';
import { until } from '#test/harness/edge.ts';
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { type FaultyHouse, makeFaultyHouse } from '#test/harness/house-with-proxy.ts';
import { pidsOf } from '#test/harness/processes.ts';
import { seedPeople } from '#test/torture/seed.ts';
import { settled } from '#test/torture/under-press.ts';
import { complaints, judge } from '#test/torture/verdict.ts';

const root = process.cwd();

describe('a second worker, cut off from the database or held', { timeout: 300_000 }, () => {
  let f: FaultyHouse;
  let lone: House;
  let way: FaultProxy;
  const workers = async (): Promise<number> => {
    const db = f.house.openDb();
    return db.query(`select 1 from node where role = 'worker' and beat_at > anling_now() - interval '4 seconds'`).then((rows) => rows.length).finally(() => db.close());
  };
  beforeAll(async () => {
    f = await makeFaultyHouse(root, { name: 'two' });
    await f.house.start();
    await f.house.ready(120_000);
    way = await startFaultProxy({ port: f.proxy.port });
    const url = f.house.env['DATABASE_URL'] as string;
    lone = await makeHouse(root, { name: 'lone', roles: 'worker', database: { url: way.through(url), judge: url }, env: { ANLING_KEYS: join(f.house.data, 'keys.json'), ANLING_STANDIN_PORT: new URL(f.house.standin).port } });
    await lone.start();
    await until('both workers beat', async () => (await workers()) === 2, 120_000);
  }, 300_000);
  afterAll(async () => { await lone?.stop(); await way?.close(); await f?.end(); });

  const faults: readonly [string, () => Promise<void>, () => Promise<void>][] = [
    ['partition', async () => { await way.set({ mode: 'stall' }); }, async () => { await way.heal(); }],
    ['half-open', async () => { await way.set({ mode: 'swallow' }); }, async () => { await way.heal(); }],
    ['SIGSTOP', async () => { stop('SIGSTOP'); }, async () => { stop('SIGCONT'); }],
  ];
  /** Its supervisor too: else that kills what hangs, as it should. */
  const stop = (signal: 'SIGSTOP' | 'SIGCONT'): void => { for (const pid of [lone.pid() ?? -1, ...pidsOf('worker', lone.pid() ?? -1, lone.data)]) process.kill(pid, signal); };

  it('does nothing twice beyond one message each, and nothing at all with a lease that it lost [RF9 RF10 I2 I3 I6 LAW3]', async () => {
    const pressed = await seedPeople(f.house, 8 * faults.length);
    const phones = createPhonesApi(f.house.standin);
    const woken: { at: number; before: Set<string> }[] = [];
    for (const [i, [, begin, end]] of faults.entries()) {
      const press = pressed.slice(i * 8, i * 8 + 8).map((d) => pressOnce(f.house, d.id, d.secret));
      await begin();
      await Promise.all(press);
      await new Promise((resolve) => setTimeout(resolve, limits.sendLeaseMs + 1_000)); // whatever it had claimed is another's now
      woken.push({ at: Date.now(), before: new Set((await sends(phones)).map((m) => m.outId)) });
      await end();
      await until('both workers beat', async () => (await workers()) === 2, 120_000);
    }
    await settled(f.house);
    const all = await sends(phones);
    const counts = new Map<string, number>();
    for (const { outId } of all) counts.set(outId, (counts.get(outId) ?? 0) + 1);
    const twice = [...counts].filter(([, n]) => n > 1);
    console.log(`two workers, ${faults.map(([name]) => name).join(', ')}: ${counts.size} messages, ${twice.length} handed over twice`);
    const db = f.house.openDb();
    const verdict = await judge(db, new Map(pressed.map((d) => [d.id, ['once']]))).finally(() => db.close());
    expect([complaints(verdict), twice.filter(([, n]) => n > 2)]).toEqual([[], []]);
    expect(counts.size).toBeGreaterThan(8 * faults.length);
    // On waking nobody sends what another has sent meanwhile.
    for (const { at, before } of woken) expect(all.filter((m) => m.at > at && m.at < at + 8_000 && before.has(m.outId) && (counts.get(m.outId) ?? 0) > 1)).toEqual([]);
  });
});

/** One SOS by the HTTP door; it is stored when this resolves. */
async function pressOnce(house: House, id: string, secret: string): Promise<void> {
  const answer = await fetch(`${house.doors}/api/v1/devices/${id}/events`, { method: 'POST', body: '{"kind":"sos","id":"once"}', headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` } });
  expect(answer.status).toBe(200);
}

/** What reached the gateway, one entry each time. */
async function sends(phones: ReturnType<typeof createPhonesApi>): Promise<{ outId: string; at: number }[]> {
  const { messages, calls } = await phones.messages();
  return [...messages, ...calls].filter(({ outId }) => outId !== '');
}
