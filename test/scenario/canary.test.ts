/** 链路自检 on a whole house: the press comes out at the other end and leaves nothing behind; whichever process dies and stays dead, it is seen within ten minutes, and ends by itself. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '#store/pool.ts';
import { logIn } from '#test/harness/client.ts';
import { travel } from '#test/harness/db.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { pidsOf } from '#test/harness/processes.ts';

const root = join(import.meta.dirname, '..', '..');
const minute = 60_000;
type Role = 'edge' | 'worker' | 'web';

describe('链路自检', { timeout: 240_000 }, () => {
  let house: House;
  let db: Db;
  const one = async <T>(text: string): Promise<T> => Object.values((await db.query(text))[0] ?? {})[0] as T;
  const goodSince = (at: number): Promise<void> => expect.poll(() => one<number | null>('select ok_at from canary'), { timeout: 60_000, interval: 200 }).toBeGreaterThan(at);
  const now = (): Promise<number> => one<number>('select anling_now()');
  /** Why a process says it is not ready; asked on its own ops port, as a watchdog would. */
  const reasons = async (role: Role): Promise<string> => {
    const ops = await one<string>(`select detail->>'ops' from node where role = '${role}' order by beat_at desc limit 1`);
    return (await fetch(`${ops}/readyz`, { signal: AbortSignal.timeout(2_000) })).text();
  };
  const alarm = (): Promise<{ state: string; priority: number; outcome: string | null }[]> => db.query(`select state, priority, outcome from alert where kind = 'self-check' order by id desc limit 1`);

  let stopped: number[] = [];
  const goOn = (): void => { for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT'); };
  afterEach(goOn);

  beforeAll(async () => {
    house = await makeHouse(root, { name: 'canary', env: { ANLING_DEMO: '0' } });
    await house.start();
    await house.ready(60_000);
    db = house.openDb();
  });
  afterAll(async () => { await db?.close(); await house.stop(); rmSync(house.folder, { recursive: true, force: true }); });

  it('comes out at the other end by the real door, and is no alarm, no message, no device and no figure [B8 RF23]', async () => {
    await goodSince(0);
    const before = await one<number>('select ok_at from canary');
    const legs = await one<Record<string, number>>('select legs from canary');
    expect(Object.keys(legs).sort()).toEqual(['acknowledged', 'evaluated', 'seen', 'sent']);
    expect(Math.max(...Object.values(legs))).toBeLessThan(20_000);
    await travel(db, 5 * minute);
    await goodSince(before);
    expect(await db.query(`select kind, source, flags, home_id, result, alert_id from event where kind = 'sos' order by id desc limit 1`)).toEqual([{ kind: 'sos', source: 'mqtt', flags: ['time-missing', 'canary'], home_id: null, result: 'canary', alert_id: null }]);
    expect(await one('select count(*)::int from alert')).toBe(0);
    expect(await db.query('select distinct dry, state, provider, provider_id, alert_id, octet_length(to_bidx) as number from outbox')).toEqual([{ dry: true, state: 'dry', provider: null, provider_id: null, alert_id: null, number: 0 }]);
    for (const table of ['device', 'presence', 'unregistered', 'quarantine', 'slip', 'timer', 'console', 'silence', 'reply', 'receipt']) expect([table, await one(`select count(*)::int from ${table}`)]).toEqual([table, 0]);
    expect(await one(`select count(*)::int from audit where actor like '%canary%'`)).toBe(0);
    const client = await logIn(house);
    const status = await client.call<{ canary: { state: string }; answer: { month: { count: number; excluded: number } }; flood: { lastTen: number }; outbox: { due: number } }>('GET', '/api/v1/status');
    expect(status).toMatchObject({ canary: { state: 'good', reason: null }, answer: { month: { count: 0, excluded: 0 } }, flood: { lastTen: 0 }, outbox: { due: 0 } });
    expect(JSON.stringify(await client.call('GET', '/api/v1/devices'))).not.toContain('canary');
    const figures = await (await fetch(`${house.base}/metrics`)).text();
    for (const name of ['anling_canary_success_age_seconds{role="web"}', 'anling_canary_success_age_seconds{role="worker"}', 'anling_canary_leg_seconds{leg="seen",role="worker"}', 'anling_canary_presses_total{result="ok",role="worker"}']) expect(figures).toContain(name);
  });

  it.each([['edge', 'SIGKILL', 'worker', /the MQTT door \(edge\)/], ['web', 'SIGKILL', 'worker', /the live channel \(web\)/], ['worker', 'SIGSTOP', 'web', /no worker presses the button/], ['worker', 'SIGKILL', 'web', /no worker presses the button|did not end/]] as const)(
    'a %s that is gone (%s) is seen within ten minutes by the %s, and it clears by itself when it is back [B8 RF23 RF22]', async (victim, signal, judge, why) => {
      await goodSince((await now()) - 6 * minute);
      const supervisor = house.pid() as number;
      const [pid] = pidsOf(victim, supervisor, house.data) as [number];
      process.kill(supervisor, 'SIGSTOP'); // it would start it again within a second
      stopped = [supervisor, ...(signal === 'SIGSTOP' ? [pid] : [])];
      process.kill(pid, signal);
      const began = await now();
      // A minute at a time, as long as a press may take; two failed presses, or none at all, then fifteen seconds that it has to hold.
      for (let gone = 0; gone < 9; gone++) {
        await travel(db, minute);
        if (why.test(await reasons(judge))) break;
        if (victim !== 'worker') await expect.poll(() => one<boolean>('select next_at > anling_now() and (busy_until is null or busy_until < anling_now()) from canary'), { timeout: 40_000, interval: 100 }).toBe(true);
      }
      await expect.poll(() => reasons(judge), { timeout: 30_000, interval: 250 }).toMatch(why);
      expect((await now()) - began).toBeLessThan(10 * minute);
      if (victim !== 'worker') await expect.poll(alarm, { timeout: 10_000 }).toEqual([{ state: 'open', priority: 2, outcome: null }]);
      if (victim !== 'web') expect((await fetch(`${house.base}/readyz`)).status).toBe(503);
      goOn();
      // A press a minute, which is none of the house's haste: the first one that finds every process at home clears it.
      await expect.poll(async () => { await travel(db, minute); return fetch(`${house.base}/readyz`, { signal: AbortSignal.timeout(4_000) }).then((r) => r.ok, () => false); }, { timeout: 90_000, interval: 3_000 }).toBe(true);
      if (victim !== 'worker') await expect.poll(alarm, { timeout: 20_000 }).toEqual([{ state: 'closed', priority: 2, outcome: 'D2' }]);
      expect(await one(`select count(*)::int from outbox where not dry`)).toBe(0);
    });
});
