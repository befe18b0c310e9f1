/** The simulator's scenarios on a whole house with its demonstration county: time travelled, and once from the command line. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HouseApi } from '#simulators/api/client.ts';
import { type DeviceSeen, readAll, readAlerts } from '#simulators/api/house.ts';
import type { Fleet } from '#simulators/fleet/fleet.ts';
import { verdictLines } from '#simulators/report/report.ts';
import { type Outcome, simulate } from '#simulators/run.ts';
import { scenarios } from '#simulators/scenarios/index.ts';
import type { Db } from '#store/pool.ts';
import { type Demonstration, demonstrationHouse } from '#test/harness/demonstration.ts';
import type { House } from '#test/harness/house.ts';
import { travelledHouse } from '#test/harness/travel.ts';

const root = join(import.meta.dirname, '..', '..');
let house: House;
let db: Db;
let api: HouseApi;
let ordinary: Demonstration['run'];
beforeAll(async () => {
  ({ house, api, run: ordinary } = await demonstrationHouse(root, 'simulate'));
  db = house.openDb();
}, 200_000);
afterAll(async () => { await db?.close(); await house?.stop(); rmSync(house.folder, { recursive: true, force: true }); });

/** A program of ours with the house's own environment. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...house.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => { stdout += bytes.toString(); });
  child.stderr.on('data', (bytes: Buffer) => { stderr += bytes.toString(); });
  return new Promise((resolve) => child.once('close', (code) => resolve({ stdout, stderr, code })));
}

async function play(name: string, devices: number, asked: HouseApi = api): Promise<Outcome> {
  const scenario = scenarios.find((s) => s.name === name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  let fleet: Fleet | null = null;
  const world = await travelledHouse(api, db, () => (fleet?.unacknowledged() ?? 0) + (fleet?.connecting() ?? 0));
  const outcome = await simulate({ ...ordinary, api: asked, world, scenario, devices, onFleet: (f) => { fleet = f; } });
  console.log(`${name}\n${verdictLines(outcome.verdicts)}`);
  return outcome;
}
const failed = (outcome: Outcome): string => verdictLines(outcome.verdicts.filter((v) => !v.ok));

describe('scenarios', () => {
  it('single-sos: alert, first SMS, 我去 commits, the elder hears it, arrival, close [I1 E6]', async () => {
    const outcome = await play('single-sos', 12);
    expect(failed(outcome)).toBe('');
    expect(outcome.totals).toMatchObject({ emergencies: 1, alerts: 1, committed: 1, closed: 1 });
    expect(outcome.verdicts.map((v) => v.en)).toContain('The elder hears that somebody comes');
  });

  it('outage: a town falls silent, one incident, the presumed listed, no flood on the return [B4 FF4 FF5]', async () => {
    const outcome = await play('outage', 80);
    expect(failed(outcome)).toBe('');
    const evidence = outcome.verdicts.find((v) => v.en.startsWith('It holds'))?.evidence ?? '';
    expect(Number(/(\d+) more presumed/.exec(evidence)?.[1])).toBeGreaterThan(0);
  });

  it('flood: falls from many homes at once, each an alert, of each somebody is told [A6 LAW5]', async () => {
    const outcome = await play('flood', 75);
    expect(failed(outcome)).toBe('');
    expect(outcome.totals.alerts).toBeGreaterThan(20);
  });

  it('vendor-backlog: hours late, out of order, twice: late alarms are alarms, what is over stays over [A5 I7 RF13]', async () => {
    const outcome = await play('vendor-backlog', 30);
    expect(failed(outcome)).toBe('');
    expect(outcome.totals.alerts).toBeGreaterThan(5);
  });

  it('fails the run when an acknowledged emergency has no alert: a planted fault [I1 I2]', async () => {
    const forgetful: HouseApi = {
      ...api,
      async call<T>(method: Parameters<HouseApi['call']>[0], path: string, body?: unknown): Promise<T> {
        const answer = await api.call<T>(method, path, body);
        if (!/\/devices\/[^/]+\/events/.test(path)) return answer;
        const { events } = answer as { events: object[] };
        return { ...answer, events: events.map((e) => ({ ...e, alertId: null })) } as T;
      },
    };
    const outcome = await play('single-sos', 6, forgetful);
    expect(outcome.ok).toBe(false);
    expect(outcome.verdicts.at(-1)).toMatchObject({ ok: false, en: 'Every acknowledged emergency is counted by an alert', evidence: expect.stringMatching(/^1\/1: \S+ sos \S+ \(no-alert, opened\)$/) });
  });

  it('leaves nothing behind that the house would miss: its devices rest', async () => {
    const devices = await readAll<DeviceSeen>(api, '/api/v1/devices', 'devices', { demo: true });
    expect([...new Set(devices.map((d) => d.state))]).toEqual(['never']);
    expect((await readAlerts(api, { state: 'open' })).filter((a) => a.kind === 'offline' || a.kind === 'never-reported')).toEqual([]);
  });
});

describe('the command line', () => {
  it('gets itself a token, plays, shows the table, exits with 0, and the token is gone', async () => {
    const { stdout, stderr, code } = await run(['scripts/simulate.ts', '--scenario', 'single-sos', '--devices', '6', '--seed', '3']);
    expect([code, stderr], stdout).toEqual([0, '']);
    expect(stdout).toMatch(/6 demonstration devices adopted/);
    expect(stdout).toMatch(/emergencies acknowledged +已确认的紧急报警 +1/);
    expect(stdout).toMatch(/ok {5}The answer 我去 commits/);
    expect(stdout).not.toContain('FAILED');
    expect(await db.query(`select name from api_token where name = 'simulator' and revoked_at is null`)).toEqual([]);
    const [made] = await db.query(`select actor, detail->>'role' as role from audit where action = 'token.create' order by id desc limit 1`);
    expect(made).toEqual({ actor: 'system:admin-command', role: 'admin' });
  });

  it('says every problem of the arguments, and that there is no house', async () => {
    expect(await run(['scripts/simulate.ts', '--scenario', 'typhoo', '--devices', 'x'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/2 problem\(s\)[\s\S]*known are quiet[\s\S]*--devices: expected/) });
    expect(await run(['scripts/simulate.ts'], { ANLING_HTTP_PORT: '1' })).toMatchObject({ code: 2, stderr: expect.stringContaining('No house answers at http://127.0.0.1:1') });
    expect(await run(['src/admin.ts', 'token', 'x', '0'])).toMatchObject({ code: 1, stderr: expect.stringContaining('hours from 1 to 720') });
  });
});
