/** The house as a county runs it: one command, every process killed without warning, and back by itself; a stop leaves nothing behind. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, portIsFree } from '#ops/processes.ts';
import type { Db } from '#store/pool.ts';
import { makeHouse, type House } from '#test/harness/house.ts';
import { descendants, killHard, pidsOf, type Victim } from '#test/harness/processes.ts';

const root = join(import.meta.dirname, '..', '..');
const gone = (pids: readonly number[], timeout = 10_000): Promise<void> => expect.poll(() => pids.filter(isAlive), { timeout, interval: 100 }).toEqual([]);

describe('a house that is killed', { timeout: 180_000 }, () => {
  let house: House;
  const supervisor = (): number => house.pid() as number;
  const pids = (victim: Victim): number[] => pidsOf(victim, supervisor(), house.data);
  const all = (): number[] => [...new Set([...descendants(supervisor()), ...pids('database')])];
  /** A backend in the middle of a long statement, which does not notice that its postmaster is gone. */
  const busy = async (db: Db): Promise<number> => {
    const [row] = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
    db.query(`select count(*) from generate_series(1, 1000000000) a where a % 7 = 3`).catch(() => {});
    await expect.poll(() => readFileSync(`/proc/${row!.pid}/stat`, 'utf8').split(' ')[2], { timeout: 20_000 }).toBe('R');
    return row!.pid;
  };

  beforeAll(async () => {
    house = await makeHouse(root, { name: 'house', env: { ANLING_DEMO: '0' } });
    await house.start();
    await house.ready(60_000);
  });
  afterAll(async () => { await house.stop(); rmSync(house.folder, { recursive: true, force: true }); });

  it.each(['edge', 'worker', 'web'] as const)('starts a killed %s again while the others go on [RF1]', async (role) => {
    const before = pids(role);
    const others = (['edge', 'worker', 'web'] as const).filter((r) => r !== role).flatMap(pids);
    expect(killHard(before)).toBe(before.length);
    await expect.poll(() => pids(role).length > 0 && pids(role)[0] !== before[0], { timeout: 10_000 }).toBe(true);
    await house.ready(60_000);
    expect(others.filter(isAlive)).toEqual(others);
  });

  it('brings a killed database back under the living roles, busy backends included [RF2]', async () => {
    const db = house.openDb();
    await busy(db);
    const roles = [...pids('edge'), ...pids('worker'), ...pids('web')];
    const old = pids('database');
    expect(old.length).toBeGreaterThan(5);
    killHard(old.slice(0, 1)); // the postmaster alone: its busy backend stays, with the shared memory
    await gone(old);
    await house.ready(60_000);
    expect(pids('database').length).toBeGreaterThan(5);
    expect(roles.filter(isAlive)).toEqual(roles);
    await db.close();
  });

  it('leaves nobody behind when the supervisor is killed, and starts again by itself [RF1]', async () => {
    const before = all();
    killHard([supervisor()]);
    await gone(before, 12_000);
    await house.start();
    await house.ready(60_000);
  });

  it('starts again after every process was killed at once, with a busy backend left over [RF1 RF2]', async () => {
    const db = house.openDb();
    const left = await busy(db);
    const before = all().filter((pid) => pid !== left);
    expect(before.length).toBeGreaterThan(10);
    killHard(before);
    await gone(before);
    await house.start();
    await house.ready(60_000);
    expect(isAlive(left)).toBe(false);
    await db.close().catch(() => {});
  });

  it('starts again after a power cut, when the old lock file names a stranger’s pid', async () => {
    await house.stop();
    writeFileSync(join(house.data, 'pg', 'postmaster.pid'), `${process.pid}\n${join(house.data, 'pg')}\n1700000000\n1\n\n127.0.0.1\n 5432 0\nready   \n`);
    await house.start();
    await house.ready(60_000);
  });

  it('goes within eight seconds at SIGTERM and leaves no process, no lock and no port', async () => {
    const before = all();
    expect(before.length).toBeGreaterThan(8);
    const began = performance.now();
    await house.stop();
    expect(performance.now() - began).toBeLessThan(14_000); // eight seconds where the machine does nothing else; at fifteen the harness would have killed it
    await gone(before, 1_000);
    expect(existsSync(join(house.data, 'run', 'database.lock'))).toBe(false);
    expect(await portIsFree(house.mqttPort, '127.0.0.1')).toBe(true);
  });
});

describe('npm start', { timeout: 240_000 }, () => {
  it('gets a house ready, prints the first password once, and ends with npm at SIGTERM [G1 M2]', async () => {
    const house = await makeHouse(root, { name: 'npm', env: { ANLING_ADMIN_PASSWORD: '', ANLING_DEMO: '0', ANLING_GATEWAY: '' } });
    // makeHouse prepares folder and ports; the start is npm's
    const start = (): { npm: ReturnType<typeof spawn>; output: () => string } => {
      let text = '';
      const npm = spawn('npm', ['start'], { cwd: root, env: { ...house.env }, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [npm.stdout, npm.stderr]) stream?.on('data', (bytes: Buffer) => { text += bytes.toString(); });
      return { npm, output: () => text };
    };
    const first = start();
    await house.ready(60_000);
    const password = /password (\S+)/.exec(first.output())?.[1] as string;
    expect(password).toMatch(/^\w{4}-\w{4}-\w{4}-\w{4}$/);
    await expect.poll(first.output).toContain(house.base);
    const login = (secret: string): Promise<Response> => fetch(`${house.base}/api/v1/login`, {
      method: 'POST', headers: { 'content-type': 'application/json', origin: house.base }, body: JSON.stringify({ username: 'admin', password: secret }),
    });
    expect((await login(password)).status).toBe(200);
    expect((await login('admin')).status).toBe(401);
    const family = descendants(first.npm.pid as number);
    first.npm.kill('SIGTERM');
    await gone(family, 12_000);
    const second = start();
    await house.ready(60_000);
    expect(second.output()).not.toContain('password');
    expect((await login(password)).status).toBe(200);
    const again = descendants(second.npm.pid as number);
    second.npm.kill('SIGTERM');
    await gone(again, 12_000);
    await sleep(50);
    rmSync(house.folder, { recursive: true, force: true });
  });
});
