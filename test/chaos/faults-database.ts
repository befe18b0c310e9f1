/** The way to the database (away, slow, stalled, half-open, cut in the middle of a commit), rows that somebody else holds, a full disk, a clock that steps. */
import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commitWord, type ProxyFaults } from '#test/harness/fault-proxy.ts';
import type { Fault, FaultContext } from './fault.ts';

const minutes = 60_000;

const path = (kind: string, faults: Partial<ProxyFaults>, holdMs: readonly [number, number], realMs: number): Fault => ({
  kind, lane: 'path', holdMs, realMs,
  async run({ town }, ms) {
    await town.path.set(faults);
    await sleep(ms);
    await town.path.heal();
    return `${Math.round(ms)} ms`;
  },
});

/** Every living connection is cut, in the middle of whatever it says. */
const cut: Fault = {
  kind: 'database connections cut', lane: 'path', holdMs: [0, 500], realMs: 500,
  async run({ town }, ms) {
    const n = town.path.cutAll();
    await sleep(ms);
    return `${n} connections`;
  },
};

const unknownCommit: Fault = {
  kind: 'commit of unknown outcome', lane: 'path', holdMs: [1_500, 2_500], realMs: 10_000,
  async run({ town, random }, ms) {
    town.path.cutAt({ at: commitWord, times: 6, lose: random.chance(0.5) ? 'answer' : 'word' });
    await sleep(ms);
    town.path.cutAt(null);
    return 'at the word commit';
  },
};

const tables = ['event', 'alert', 'outbox', 'heartbeat', 'timer', 'feed_counter'] as const;
const lock: Fault = {
  kind: 'LOCK TABLE', lane: 'path', holdMs: [1_000, 4_000], realMs: 30_000,
  async run({ db, random }, ms) {
    const table = random.pick(tables);
    // The lock itself waits for whoever is in there; a database that dies meanwhile ends it.
    await db.tx(async (sql) => {
      await sql.query(`lock table ${table} in access exclusive mode`);
      await sleep(ms);
    }).catch(() => {});
    return table;
  },
};

/** The machine's clock as the database sees it steps; what the house makes of it is its own affair. */
async function step({ db }: FaultContext, byMs: number): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      await db.tx(async (sql) => {
        await sql.query('create table if not exists chaos_wall_clock (step_ms bigint not null)');
        await sql.query('insert into chaos_wall_clock select 0 where not exists (select from chaos_wall_clock)');
        await sql.query('update chaos_wall_clock set step_ms = step_ms + $1', [byMs]);
        await sql.query(`create or replace function anling_now() returns timestamptz language sql stable parallel safe as
          $$ select clock_timestamp() + (select make_interval(secs => step_ms / 1000.0) from chaos_wall_clock) + (select make_interval(secs => offset_ms / 1000.0) from clock_offset) $$`);
      });
      return;
    } catch (error) {
      if (tries > 60) throw error;
      await sleep(500); // the database is being tormented too
    }
}

const clock = (kind: string, byMs: number): Fault => ({
  kind, lane: 'hangs', holdMs: [1_000, 3_000], realMs: 60_000,
  async run(ctx, ms) {
    await step(ctx, byMs);
    await sleep(ms);
    return `${byMs > 0 ? '+' : ''}${byMs / minutes} min`;
  },
});

/** The volume of the database is full to the last byte, and has room again. */
const full: Fault = {
  kind: 'database disk full', lane: 'heart', holdMs: [1_500, 3_000], realMs: 2 * minutes,
  missing: ({ disk }) => (disk === null ? 'no small disk could be mounted (tmpfs needs the right to mount)' : null),
  async run({ disk }, ms) {
    const folder = disk?.folder ?? '';
    const ballast: string[] = [];
    const free = (): number => { const { bavail, bsize } = statfsSync(folder); return bavail * bsize; };
    try {
      // What is freed meanwhile (a checkpoint) is filled again.
      for (const end = performance.now() + ms; performance.now() < end; await sleep(100)) {
        const bytes = free();
        const file = join(folder, `ballast-${ballast.length}`);
        if (bytes > 0) { ballast.push(file); spawnSync('fallocate', ['-l', String(bytes), file]); }
      }
    } finally {
      for (const file of ballast) rmSync(file, { force: true });
    }
    return `${Math.round(ms)} ms`;
  },
};

export const databaseFaults: readonly Fault[] = [
  path('database away', { mode: 'refuse' }, [2_000, 6_000], 10 * minutes),
  path('database slow', { latencyMs: 150, jitterMs: 300 }, [2_000, 4_000], 2 * minutes),
  path('database stalled', { mode: 'stall' }, [1_500, 4_500], minutes),
  path('database half-open', { mode: 'swallow' }, [1_500, 4_000], minutes),
  cut, unknownCommit, lock, full, clock('clock +2 h', 120 * minutes), clock('clock -2 h', -120 * minutes),
];
