/**
 * The torture and its controls. Nothing acknowledged may be missing, every raise hangs on exactly one alert, every escalation
 * goes on, whatever is killed; and the same checker goes red when the house is built wrong.
 */
import { describe, expect, it } from 'vitest';
import { plant } from '#test/torture/planted.ts';
import { torture } from '#test/torture/run.ts';
import { complaints } from '#test/torture/verdict.ts';

const root = process.cwd();
const say = (line: string): void => { process.stdout.write(`    ${line}\n`); };
/** The chaos (chaos.test.ts) kills everything too; here it is the embedded database, whole, with its own supervisor. */
const kills = Number(process.env['ANLING_TORTURE_KILLS'] ?? 10);
const seed = Number(process.env['ANLING_TORTURE_SEED'] ?? Date.now() % 100_000);

describe('torture', () => {
  it('loses nothing while edge, worker, web, supervisor and database are killed ten times each [LAW1 LAW2 LAW3 LAW6 I1 I2 I3 I4 RF1 RF2 A1 C1 E1]', async () => {
    say(`seed ${seed} (ANLING_TORTURE_SEED repeats it)`);
    const result = await torture({
      root, name: 'torture', devices: 300, pauseMs: 250, calmMs: 1_500, seed, say,
      kills: { edge: kills, worker: kills, web: kills, supervisor: kills, database: kills },
    });
    say(JSON.stringify({ ...result, lost: result.lost.length, unlinked: result.unlinked.length, stalled: result.stalled.length, gaps: result.gaps.length, unescalated: result.unescalated.length }));
    expect(complaints(result)).toEqual([]);
    expect(Math.min(...Object.values(result.killed))).toBeGreaterThanOrEqual(kills);
    expect(result.acknowledged).toBeGreaterThan(5_000);
    expect(result.closed).toBeGreaterThan(5);
  }, 1_500_000);

  it('goes red when the database does not wait for its disk (control) [LAW1]', async () => {
    const copy = plant(root, 'async', [
      { file: 'src/store/embedded.ts', find: /listen_addresses: '127\.0\.0\.1',/, put: `listen_addresses: '127.0.0.1', synchronous_commit: 'off',` },
      { file: 'src/store/startup.ts', find: /off\.length > 0/, put: 'false' },
    ]);
    const result = await torture({ root: copy, name: 'async', devices: 100, pauseMs: 50, calmMs: 1_000, seed, say, kills: { database: 12 } });
    say(`control "async": ${result.lost.length} of ${result.acknowledged} acknowledged events lost`);
    expect(result.lost.length).toBeGreaterThan(0);
  }, 600_000);
});
