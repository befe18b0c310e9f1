/**
 * Houses with one planted fault that only processes can show, each with the rules of the checker that must go red: a checker that stays
 * green on them checks nothing. What pure decisions can show dies in the simulation (test/sim/mutants.ts).
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fault, plant } from '#test/torture/planted.ts';
import type { Rule } from './checker.ts';
import { chaos, type ChaosOptions, type ChaosResult } from './run.ts';

export type Mutant = { name: string; rules: readonly Rule[]; planted: readonly Fault[]; how: Pick<ChaosOptions, 'only' | 'times' | 'devices' | 'pauseMs' | 'calmMs'> };

export const mutants: readonly Mutant[] = [
  {
    name: 'acknowledged before the commit', rules: ['LOST'], how: { only: ['kill -9 edge', 'kill -9 database', 'connections cut'], times: 6, devices: 60, pauseMs: 60, calmMs: 500 },
    planted: [{ file: 'src/intake/urgent.ts', find: /await insertEvents\(options\.db, events\.map\(aged\)\);/, put: 'insertEvents(options.db, events.map(aged)).catch(() => {});' }],
  },
  {
    name: 'a timer in memory', rules: ['STALLED'], how: { only: ['kill -9 worker'], times: 8, devices: 40, pauseMs: 1_000, calmMs: 2_000 },
    planted: [
      { file: 'src/alerts/timers.ts', find: /const turn = createTimers\(options\);/, put: 'globalThis.plantedDb = options.db;\n  const turn = createTimers(options);' },
      {
        file: 'src/store/timers.ts', find: /(export async function setTimers\([^\n]+\n)/,
        put: "$1  if (globalThis.plantedDb && sql !== globalThis.plantedDb) {\n    for (const t of timers) if (t.slot === 'plan') setTimeout(() => setTimers(globalThis.plantedDb, [t]).catch(() => {}), 15_000);\n    timers = timers.filter((t) => t.slot !== 'plan');\n  }\n",
      },
    ],
  },
  {
    name: 'a live feed that skips a number', rules: ['WALL'], how: { only: ['slow websocket'], times: 4, devices: 40, pauseMs: 1_500, calmMs: 500 },
    planted: [{ file: 'src/web/hub.ts', find: /if \(item\.seq <= client\.sent\) return;/, put: 'if (item.seq <= client.sent || item.seq % 7 === 0) return;' }],
  },
  {
    name: 'a replay that reorders', rules: ['ORDER'], how: { only: ['database away'], times: 5, devices: 30, pauseMs: 150, calmMs: 500 },
    planted: [{ file: 'src/intake/spool.ts', find: /await lane\.replay\(readable\);/, put: 'await lane.replay(readable.toReversed());' }],
  },
];

/** Two standbys at one ledger are nothing that a kill brings about within minutes: this one dies by the test that puts them there. */
const forgetful: readonly Fault[] = [{ file: 'src/store/standby-ledger.ts', find: /\?\.token === token;/, put: '?.token !== undefined;' }];

/** The tests of standby's post, on a standby that forgets its fencing token; their output, and whether they went red. */
export async function forgetToken(root: string): Promise<{ red: boolean; output: string }> {
  const copy = plant(root, 'token', forgetful);
  try {
    return await new Promise((resolve) => {
      execFile(join(root, 'node_modules/.bin/node'), ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'src/standby/post.test.ts'], { cwd: copy, maxBuffer: 1e8 }, (error, stdout, stderr) => resolve({ red: error !== null, output: stdout + stderr }));
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** One short run on the planted house; its folder goes with it. */
export async function hunt(root: string, mutant: Mutant, seed: number, say: (line: string) => void): Promise<ChaosResult> {
  const copy = plant(root, 'chaos', mutant.planted);
  const folder = mkdtempSync(join(tmpdir(), 'anling-mutant-'));
  try {
    return await chaos({ root: copy, folder, seed, minutes: 1.5, quick: true, ...mutant.how, say });
  } finally {
    for (const gone of [copy, folder]) rmSync(gone, { recursive: true, force: true });
  }
}
