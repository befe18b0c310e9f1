/** Disks that are full (F6): of the logs, of the spool, of everything. No log line holds anybody up, nothing is acknowledged that is not kept, and it is said loudly. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#test/harness/db.ts';
import { makeDevice, makeHome, publishPacket, RawDevice, startTestEdge, until } from '#test/harness/edge.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import { makeHouse } from '#test/harness/house.ts';
import { killHard, pidsOf } from '#test/harness/processes.ts';
import { type SmallDisk, smallDisk } from '#test/harness/small-disk.ts';
import type { Presser } from '#test/torture/presser.ts';
import { seedPeople } from '#test/torture/seed.ts';
import { more, underPress } from '#test/torture/under-press.ts';
import { complaints } from '#test/torture/verdict.ts';

const root = join(import.meta.dirname, '..', '..');
const undo: (() => unknown)[] = [];
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step(); });
function disk(megabytes: number, skip: (why: string) => void): SmallDisk {
  const made = smallDisk(megabytes);
  if (typeof made === 'string') { skip(made); throw new Error(made); }
  undo.push(() => made.end());
  return made;
}

describe('a full disk', { timeout: 420_000 }, () => {
  it('of the spool, while the database is away: no PUBACK, said in /readyz, and the next press is kept once there is room [RF6 A2 I1]', async ({ skip }) => {
    const small = disk(16, skip);
    const t = await testDatabase();
    undo.push(() => t.close());
    const proxy = await startFaultProxy({ port: Number(new URL(t.url).port) });
    undo.push(() => proxy.close());
    const edge = await startTestEdge(t, { data: small.folder, databaseUrl: proxy.through(t.url) });
    undo.push(() => edge.stop());
    const device = await makeDevice(t.db, t.seal, { homeId: await makeHome(t.db, t.seal) });
    const press = async (id: string): Promise<RawDevice> => {
      const raw = new RawDevice(edge.port);
      undo.push(() => raw.socket.destroy());
      expect(await raw.login(device)).toBe(0);
      raw.send(publishPacket(device, 'event', `{"kind":"sos","id":"${id}"}`, 1, 1));
      await until('an answer or the end of the connection', () => raw.closed || raw.count('puback') === 1, 60_000);
      return raw;
    };
    expect((await press('e1')).count('puback')).toBe(1);
    small.fill();
    await proxy.set({ mode: 'refuse' });
    const refused = await press('e2');
    expect([refused.closed, refused.count('puback')]).toEqual([true, 0]);
    expect(edge.services.map((s) => s.ready())).toContainEqual(expect.stringContaining('frames are REFUSED'));
    expect(edge.lines.some((line) => line.includes('it is not acknowledged') && line.includes('"level":"error"'))).toBe(true);
    small.empty();
    expect((await press('e2')).count('puback')).toBe(1);
    await proxy.heal();
    await until('everything is in the database', async () => (await t.db.query(`select 1 from event where device_id = $1 and source_event_id = 'e2'`, [device.id])).length > 0 && (await edge.metric('spool_rows')) === 0, 60_000);
    await until('ready again', () => edge.services.every((s) => s.ready() === null), 60_000);
  });

  it('of the logs, then of everything: a house goes on without its logs, acknowledges nothing it cannot keep, and is back by itself [RF6 RF2 I1 I2 I3]', async ({ skip }) => {
    const [logs, all] = [disk(1, skip), disk(640, skip)];
    const house = await makeHouse(root, { name: 'full', data: join(all.folder, 'data'), output: join(logs.folder, 'house.log'), logLevel: 'info', env: { ANLING_DEMO: '1' } });
    undo.push(() => house.stop());
    await house.start();
    await house.ready(120_000);
    const devices = await seedPeople(house, 8);
    const { verdict } = await underPress(house, devices, 200, async (pressers) => {
      await more(pressers, 8);
      logs.fill();
      const size = Math.ceil(statSync(house.logFile).size / 4096) * 4096; // to the end of its last page there is room
      await more(pressers, 60);
      expect(statSync(house.logFile).size).toBeLessThanOrEqual(size);
      logs.empty();
      await more(pressers, 8);
      await expect.poll(() => statSync(house.logFile).size, { timeout: 30_000 }).toBeGreaterThan(size);
      await everythingFull(pressers);
    });
    expect(complaints(verdict)).toEqual([]);

    async function everythingFull(pressers: readonly Presser[]): Promise<void> {
      all.fill();
      const db = house.openDb();
      // What the database has set aside of its log is used up at once, as hours of a full disk would.
      for (let i = 0; i < 40; i++) if (await db.query('select pg_switch_wal(), pg_logical_emit_message(false, $1, repeat($1, 500000))', ['x']).then(() => false, () => true)) break;
      await db.close().catch(() => {});
      const why = async (): Promise<string> => fetch(`${house.base}/readyz`, { signal: AbortSignal.timeout(4_000) }).then((r) => r.text(), () => '');
      await expect.poll(why, { timeout: 60_000, interval: 200 }).toMatch(/frames are REFUSED/);
      const acknowledged = pressers.reduce((n, p) => n + p.ledger.acked.length, 0);
      const edge = pidsOf('edge', house.pid() ?? -1, house.data);
      killHard(edge); // a role that dies now is started again: the supervisor lives without its notes
      await expect.poll(() => pidsOf('edge', house.pid() ?? -1, house.data).some((pid) => !edge.includes(pid)), { timeout: 60_000 }).toBe(true);
      expect(pressers.reduce((n, p) => n + p.ledger.acked.length, 0)).toBe(acknowledged);
      all.empty();
      await house.ready(120_000, /self-check/);
      await more(pressers, 8);
      expect(readFileSync(house.logFile, 'utf8')).toMatch(/"level":"error".*not acknowledged/);
    }
  });
});
