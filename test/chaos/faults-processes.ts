/** kill -9 and SIGSTOP of every role, of supervisors and of the database; a role that hangs until its supervisor kills it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Role, roles } from '#config';
import { limits } from '#core/limits.ts';
import { killHard, signalAll, type Victim } from '#test/harness/processes.ts';
import type { Fault, FaultContext } from './fault.ts';

const seconds = 1_000;
/** Until a killed one is there again at most; then the next fault comes anyway. */
const backMs = 20 * seconds;

/** One process (or database) of the kind that lives now, waited for a moment. */
async function pick({ town, random }: FaultContext, victim: Victim): Promise<number[]> {
  for (let tries = 0; tries < 100; tries++) {
    const living = town.pids(victim);
    if (living.length > 0) return random.pick(living);
    await sleep(100);
  }
  throw new Error(`no ${victim} found within ten seconds`);
}

/** Whoever does the work, whoever watches it, and what both stand on: three lanes, so that a watcher also dies while a worker does. */
const killLanes: Readonly<Record<Victim, Fault['lane']>> = { flows: 'guards', edge: 'kills', worker: 'kills', web: 'guards', standby: 'guards', auditor: 'guards', supervisor: 'heart', database: 'heart' };
const kill = (victim: Victim): Fault => ({
  kind: `kill -9 ${victim}`, lane: killLanes[victim], holdMs: [0, 0], realMs: 0,
  async run(ctx) {
    const before = ctx.town.pids(victim).length;
    const pids = await pick(ctx, victim);
    const killed = killHard(pids);
    if (killed === 0) throw new Error(`${victim} was gone before it could be killed`);
    const role = roles.filter((r) => r === victim);
    for (const end = performance.now() + backMs; performance.now() < end && (ctx.town.pids(victim).length < before || (role.length > 0 && (await ctx.town.reasons(role)) !== '')); await sleep(100));
    return `${killed} processes`;
  },
});

async function stopped(pids: readonly number[], ms: number): Promise<number> {
  const told = signalAll(pids, 'SIGSTOP');
  await sleep(ms);
  signalAll(pids, 'SIGCONT');
  return told;
}

const pause = (victim: Victim): Fault => ({
  kind: `SIGSTOP ${victim}`, lane: 'pauses', holdMs: [500, 3_500], realMs: 30 * seconds,
  async run(ctx, ms) {
    const told = await stopped(await pick(ctx, victim), ms);
    if (told === 0) throw new Error(`${victim} was gone before it could be stopped`);
    return `${told} processes`;
  },
});

/** Not dead but silent: its supervisor must notice and start another. */
const hang: Fault = {
  kind: 'a role hangs', lane: 'hangs', holdMs: [limits.hungMs + 2_500, limits.hungMs + 2_500], realMs: limits.hungMs + 2_500,
  async run(ctx, ms) {
    const role = ctx.random.pick<Role>(roles);
    await stopped(await pick(ctx, role), ms);
    return role;
  },
};

const all: readonly Victim[] = [...roles, 'supervisor', 'database'];
export const processFaults: readonly Fault[] = [...all.map(kill), ...all.map(pause), hang];
