/** The typhoon night (FIELD 3) on a whole house with its demonstration county, eleven hours travelled: each line of it must hold, and no message more than the night's. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '#simulators/fleet/fleet.ts';
import { table, verdictLines } from '#simulators/report/report.ts';
import { simulate } from '#simulators/run.ts';
import { typhoon } from '#simulators/scenarios/typhoon.ts';
import { demonstrationTravel } from '#simulators/world/travel.ts';
import { travelledWorld } from '#simulators/world/world.ts';
import { type Demonstration, demonstrationHouse } from '#test/harness/demonstration.ts';

let on: Demonstration;
beforeAll(async () => {
  on = await demonstrationHouse(join(import.meta.dirname, '..', '..'), 'typhoon');
}, 200_000);
afterAll(async () => { await on?.house.stop(); if (on) rmSync(on.house.folder, { recursive: true, force: true }); });

describe('the typhoon night', () => {
  it('holds line by line: one incident per town, one message per role, 714 unheard, the sleeping desk, her fall, 37 falls and the SOS, nine still silent; the audit finds nothing [E3 FF4 FF5 FF3 FF11 FF6]', async () => {
    let fleet: Fleet | null = null;
    const world = travelledWorld(await demonstrationTravel(on.api, () => (fleet?.unacknowledged() ?? 0) + (fleet?.connecting() ?? 0)));
    const began = performance.now();
    const lines: string[] = [];
    const outcome = await simulate({
      ...on.run, world, scenario: typhoon, devices: 1, say: (line) => lines.push(line), onFleet: (f) => { fleet = f; },
    });
    world.close();
    console.log(`${lines.join('\n')}\n${table(outcome.totals)}\n${verdictLines(outcome.verdicts)}\nthe night took ${Math.round((performance.now() - began) / 1_000)} s`);
    expect(verdictLines(outcome.verdicts.filter((v) => !v.ok))).toBe('');
    expect(outcome.verdicts.length).toBeGreaterThan(25);
    // The clock stays ahead (ADR 0014); the house is well, and nobody waits.
    expect((await on.api.call<{ open: Record<string, number>; outbox: { due: number } }>('GET', '/api/v1/status'))).toMatchObject({ open: { 1: 0, 2: 0 }, outbox: { due: 0 } });
    // The auditor has watched all of it: nothing stands, and nothing was ever found that a slow machine cannot do (a starved worker is late, and that is true).
    const db = on.house.openDb();
    const [looked] = await db.query<{ ms: number }>('select (extract(epoch from anling_now() - looked_at) * 1000)::float8 as ms from auditor');
    const late = ['event-waits', 'timer-late', 'send-stuck', 'failure-unhandled', 'receipt-late', 'answer-unread', 'role-silent', 'spool-stuck', 'canary-silent', 'console-behind'];
    expect(looked?.ms).toBeLessThan(60_000);
    expect(await db.query('select kind, ref, detail from finding where ended_at is null or kind <> all($1)', [late])).toEqual([]);
    await db.close();
  }, 900_000);
});
