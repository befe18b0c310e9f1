/**
 * An upgrade by night (RF19): devices press without a pause while v0.1.0's own processes serve them, the schema is changed beneath
 * those, and the present release takes over; then a backup is made while they press, and a house on it goes on calling (RF21).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standinKey } from '#notify/standin-key.ts';
import { type EmptyDatabase, emptyDatabase, travel } from '#test/harness/db.ts';
import { until } from '#test/harness/edge.ts';
import { fillAs, fixtureKeys, migrationsFolder, unpackProgram } from '#test/harness/fixture.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { Presser } from '#test/torture/presser.ts';
import { complaints, judge } from '#test/torture/verdict.ts';

const root = join(import.meta.dirname, '..', '..');
const release = 'v0.1.0';
const patient = 120_000;
const { file: keyFile, seal } = fixtureKeys(release);
const undo: (() => Promise<unknown> | unknown)[] = [];
afterAll(async () => { for (const step of undo.toReversed()) await step(); });

let county: EmptyDatabase;
let pressers: Presser[] = [];
const houseOn = async (sources: string, name: string, { url }: EmptyDatabase, more: { roles?: string; env?: Record<string, string> } = {}): Promise<House> => {
  const house = await makeHouse(sources, { name, database: { url, judge: url }, ...(more.roles ? { roles: more.roles } : {}), env: { ANLING_KEYS: keyFile, ANLING_DEMO: '0', ...more.env } });
  undo.push(async () => { await house.stop(); rmSync(house.folder, { recursive: true, force: true }); });
  return house;
};
/** Six of the release's own demonstration homes get buttons whose secrets are known here. */
async function fitButtons({ db }: EmptyDatabase): Promise<{ id: string; secret: string }[]> {
  const homes = await db.query<{ id: string }>(`select id from device where model = 'sos-button' and status = 'stock' order by no limit 6`);
  const made = homes.map(({ id }) => ({ id, secret: randomBytes(32).toString('base64url') }));
  for (const { id, secret } of made) await db.query(`update device set secret_hash = $2, status = 'installed' where id = $1`, [id, seal.secretHash(secret)]);
  return made;
}
const acked = (): Map<string, readonly string[]> => new Map(pressers.map((p) => [p.id, [...p.ledger.acked]]));
/** Each device is heard again: by whom the doors are open now. */
async function heardAnew(what: string): Promise<void> {
  const before = pressers.map((p) => p.ledger.acked.length);
  await until(what, () => pressers.every((p, i) => p.ledger.acked.length > (before[i] ?? 0) + 1), patient);
}
/** How often each open case was called on, by its number. */
async function cases({ db }: EmptyDatabase): Promise<Map<string, number>> {
  const rows = await db.query<{ id: string; steps: number }>(`select a.id, (select count(*)::int from alert_log l where l.alert_id = a.id and l.action = 'plan-step') as steps from alert a where a.state = 'open' and a.kind = 'sos'`);
  return new Map(rows.map(({ id, steps }) => [id, steps]));
}
const longestPauseMs = 305_000; // a round whose last step was made early, because the others reached nobody
/** Time goes on, and every case is called on. */
async function calledOn(on: EmptyDatabase, who: string): Promise<void> {
  const before = await cases(on);
  expect(before.size).toBe(pressers.length);
  await travel(on.db, longestPauseMs);
  await until(`${who} calls on in every case`, async () => [...await cases(on)].every(([id, steps]) => steps > (before.get(id) ?? 0)), patient);
}
async function standinFor(house: House): Promise<ChildProcess> {
  const { id, secret } = standinKey(seal);
  const child = fork(join(root, 'device-simulators', 'standin', 'main.ts'), [], { stdio: 'ignore', env: { ...process.env, ANLING_STANDIN_PORT: new URL(house.standin).port, ANLING_STANDIN_KEY_ID: id, ANLING_STANDIN_KEY_SECRET: secret } });
  undo.push(() => child.kill('SIGKILL'));
  await until('the stand-in listens', () => fetch(`${house.standin}/healthz`).then((r) => r.ok, () => false), patient);
  return child;
}

describe('an upgrade while devices report', { timeout: 500_000 }, () => {
  let house: House;
  let old: House;
  beforeAll(async () => {
    county = await emptyDatabase();
    undo.push(() => county.drop());
    await fillAs(release, county.url, county.db);
    const buttons = await fitButtons(county);
    house = await houseOn(root, 'new', county);
    const ports = { ANLING_MQTT_PORT: String(house.mqttPort), ANLING_STANDIN_PORT: new URL(house.standin).port };
    const program = unpackProgram(release, join(root, 'node_modules'));
    undo.push(() => rmSync(program, { recursive: true, force: true }));
    old = await houseOn(program, 'old', county, { roles: 'edge,worker', env: ports });
    pressers = buttons.map(({ id, secret }) => new Presser({ id, secret, port: house.mqttPort, kind: 'sos', pauseMs: 300 }));
    undo.push(() => { for (const p of pressers) p.end(); });
  });

  it(`${release} serves and calls; the schema changes beneath its processes, and they serve and call on; the present release takes over where they stood [RF19 I1 I2 I3 LAW6]`, async () => {
    const standin = await standinFor(house);
    await old.start();
    for (const p of pressers) p.start();
    await heardAnew(`${release} acknowledges`);
    await until('every case is open', async () => (await cases(county)).size === pressers.length, patient);
    await calledOn(county, release);

    // The first process of the present release changes the schema, under the feet of the old ones.
    const first = await houseOn(root, 'first', county, { roles: 'worker', env: { ANLING_STANDIN_PORT: new URL(house.standin).port } });
    const during = pressers.reduce((n, p) => n + p.ledger.acked.length, 0);
    await first.start();
    await until('the schema is the present one', async () => (await county.db.query<{ no: number }>('select max(no) as no from schema_migration'))[0]?.no === readdirSync(migrationsFolder).length, patient);
    console.log(`acknowledged by ${release} while the schema changed: ${pressers.reduce((n, p) => n + p.ledger.acked.length, 0) - during}`);
    await heardAnew(`${release} acknowledges on the present schema`);
    await calledOn(county, 'the two releases together');

    // The old ones go. Nobody answers the devices for a moment: they keep pressing.
    const resent = pressers.reduce((n, p) => n + p.ledger.resent, 0);
    await old.stop();
    standin.kill('SIGTERM');
    await until('its port is free', () => standin.exitCode !== null || standin.signalCode !== null, patient);
    await house.start();
    await house.ready(patient);
    await first.stop();
    await heardAnew('the present release acknowledges');
    expect(pressers.reduce((n, p) => n + p.ledger.resent, 0)).toBeGreaterThanOrEqual(resent);
    await calledOn(county, 'the present release');
    await calledOn(county, 'the present release');
    await verdictOf(county);
  });

  it('a backup is made while they press; it has everything acknowledged before it, and a house on it calls on where each case stood [RF21 I1 I3 LAW6]', async () => {
    for (const p of pressers) p.start();
    await heardAnew('they press again');
    const known = acked();
    const folder = mkdtempSync(join(tmpdir(), 'anling-typhoon-'));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const made = await house.run('src/backups.ts', 'backup', '--to', folder);
    expect(made, made.output).toMatchObject({ code: 0 });
    await heardAnew('they press on');
    await verdictOf(county);

    const second = await emptyDatabase();
    undo.push(() => second.drop());
    const after = await houseOn(root, 'after', second);
    const restored = await after.run('src/backups.ts', 'restore', join(folder, readdirSync(folder)[0] ?? ''));
    expect(restored, restored.output).toMatchObject({ code: 0 });
    expect(restored.output).toMatch(new RegExp(`ringing again at the start: ${pressers.length} alerts`));
    await after.start();
    await after.ready(patient);
    await calledOn(second, 'the restored house');
    await settle(second);
    expect(complaints(await judge(second.db, known))).toEqual([]);
  });
});

/** The devices rest; then nothing that any of them saw acknowledged is lost or stands twice, and no case has a gap. */
async function verdictOf(on: EmptyDatabase): Promise<void> {
  await Promise.all(pressers.map((p) => p.finish()));
  await settle(on);
  expect(complaints(await judge(on.db, acked()))).toEqual([]);
}

async function settle({ db }: EmptyDatabase): Promise<void> {
  await until('nothing waits to be looked at', async () => (await db.query(
    `select from event where evaluated_at is null union all select from timer where fired_at is null and cancelled_at is null and due_at < anling_now() - interval '5 seconds' limit 1`)).length === 0, patient);
}
