/** A house with alarms under way whose roles hang, or are ended in turn for a new release: nothing acknowledged is lost, each escalation goes on (F19, F22). */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isAlive } from '#ops/processes.ts';
import type { Db } from '#store/pool.ts';
import { travel } from '#test/harness/db.ts';
import { makeHouse, type House } from '#test/harness/house.ts';
import { pidsOf } from '#test/harness/processes.ts';
import { Presser } from '#test/torture/presser.ts';
import { seedPeople, type Seeded } from '#test/torture/seed.ts';
import { complaints, judge } from '#test/torture/verdict.ts';

const roles = ['edge', 'worker', 'web'] as const;
let house: House;
let db: Db;
let buttons: Seeded[];
let pressers: Presser[] = [];
beforeAll(async () => {
  house = await makeHouse(process.cwd(), { name: 'hangs' });
  await house.start();
  await house.ready(120_000);
  buttons = await seedPeople(house, 13);
  pressers = buttons.map((b) => new Presser({ id: b.id, secret: b.secret, port: house.mqttPort, kind: 'sos', pauseMs: 3_600_000 }));
  db = house.openDb();
}, 180_000);
afterAll(async () => {
  for (const presser of pressers) presser.end();
  await db?.close();
  await house?.stop();
  rmSync(house.folder, { recursive: true, force: true });
});

const pids = (): number[] => roles.flatMap((role) => pidsOf(role, house.pid() as number, house.data));
const told = async (persons: readonly string[]): Promise<number> =>
  (await db.query(`select distinct a.id from outbox o join alert a on a.id = o.alert_id where a.person_id = any($1) and o.state in ('accepted', 'delivered', 'answered')`, [persons])).length;

it('kills every role that hangs within 10 s and starts it again; what was pressed meanwhile is an alarm and is told [RF22 LAW1 LAW2]', async () => {
  const hung = pids();
  expect(hung).toHaveLength(3);
  for (const pid of hung) process.kill(pid, 'SIGSTOP');
  const began = performance.now();
  pressers[0]?.start(); // into the arms of an edge that takes the connection and says nothing
  await expect.poll(() => hung.filter(isAlive), { timeout: 30_000, interval: 100 }).toEqual([]);
  const goneMs = performance.now() - began;
  await house.ready(90_000);
  await expect.poll(() => told([buttons[0]?.personId ?? '']), { timeout: 60_000, interval: 250 }).toBe(1);
  console.log(`edge, worker and web stopped at once: killed after ${Math.round(goneMs)} ms, the press of that moment told after ${Math.round(performance.now() - began)} ms`);
}, 240_000);

it('drains each role at SIGTERM within 10 s, one after the other, while a dozen alarms escalate: no step is lost or made twice [RF19 I1 I2 I3 I4]', async () => {
  for (const presser of pressers.slice(1)) presser.start();
  const persons = buttons.slice(1).map((b) => b.personId);
  await expect.poll(() => told(persons), { timeout: 60_000, interval: 250 }).toBe(12);
  const drains: number[] = [];
  for (const role of roles) {
    const [pid] = pidsOf(role, house.pid() as number, house.data) as [number];
    await travel(db, 31_000); // the next rung is due in this very moment
    const began = performance.now();
    process.kill(pid, 'SIGTERM');
    await expect.poll(() => isAlive(pid), { timeout: 40_000, interval: 20 }).toBe(false);
    drains.push(Math.round(performance.now() - began));
    await house.ready(90_000);
  }
  console.log(`drained in ${drains.join(', ')} ms`);
  expect(Math.max(...drains)).toBeLessThan(10_000);
  await expect.poll(async () => (await db.query(`select from timer where fired_at is null and cancelled_at is null and due_at < anling_now() - interval '1 second'`)).length, { timeout: 60_000, interval: 250 }).toBe(0);
  const acked = new Map(buttons.map((b, i) => [b.id, pressers[i]?.ledger.acked ?? []]));
  const verdict = await judge(db, acked);
  expect(complaints(verdict)).toEqual([]);
  expect(verdict.acknowledged).toBeGreaterThanOrEqual(13);
}, 180_000);
