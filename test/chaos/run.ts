/**
 * One run: the town is started (or gone on with), every lane torments it by its seeded schedule until each fault has come often enough or the
 * minutes are over, then everything is healed, time is moved on so that every open emergency must show that it still climbs, and the
 * ledgers are compared.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Role, roles } from '#config';
import { createApi, type HouseApi } from '#simulators/api/client.ts';
import { readAlerts } from '#simulators/api/house.ts';
import { logIn } from '#test/harness/client.ts';
import type { Presser } from '#test/torture/presser.ts';
import { seedPeople } from '#test/torture/seed.ts';
import { type Complaint, grew, type Judged, judge } from './checker.ts';
import { type Extras, startExtras } from './extras.ts';
import { type Facts, patient, readFacts } from './facts.ts';
import type { Fault, FaultContext } from './fault.ts';
import { faults as allFaults } from './faults.ts';
import { type Device, type Journal, openJournal } from './journal.ts';
import { type Desk, keepPhones, startDesk, startPressers, startTownspeople, watchMachine } from './players.ts';
import { drawn, lanesOf, turnOf } from './schedule.ts';
import { storyOf } from './story.ts';
import { choosePorts, startTown, type Town } from './town.ts';
import { startWall, type Wall } from './wall.ts';

export type ChaosOptions = {
  /** Sources of the house to run. */ root: string; /** Where everything of the run is kept. */ folder: string; seed: number; minutes: number;
  /** How often each fault comes; a run that has that ends before its minutes. */ times: number; /** Only faults whose name contains one of these. */ only?: readonly string[];
  devices?: number; pauseMs?: number; /** Pause between two faults of a lane. */ calmMs?: number; /** Real lengths. */ real?: boolean;
  /** Short, for the controls: no warm-up to be compared with, and time is not moved on at the end. */ quick?: boolean; say(line: string): void;
};
export type ChaosResult = Judged & { seconds: number; counts: ReadonlyMap<string, number>; skipped: ReadonlyMap<string, string>; failed: number; /** times that the machine stood still */ starved: number; wall: Wall['counts']; story: string | null };

const warmUpMs = 15_000;
const climbMs = 360_000;
const stepMs = 30_000;

export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, folder, say } = options;
  const journal = openJournal(join(folder, 'journal.jsonl'));
  const before = journal.of('town')[0];
  if (before && before.seed !== seed) throw new Error(`${folder} belongs to seed ${before.seed}`);
  const disk = smallDisk(join(folder, 'disk'), before !== undefined);
  const machine = watchMachine(journal);
  const ports = before?.ports ?? await choosePorts();
  const town = await startTown({ root: options.root, folder, ports, seed, databaseFolder: disk?.folder ?? join(folder, 'database') });
  try {
    const { devices, token } = before ?? await settle(town, options);
    if (!before) journal.note({ t: 'town', seed, devices, token, ports });
    say(`${before ? 'going on with' : 'started'} seed ${seed} in ${folder}: ${devices.length} devices, ${town.machines.map((m) => m.roles.join('+')).join(' | ')}`);
    const api = createApi(town.base, { token });
    const lived = await live(town, api, journal, devices, disk, options);
    const asked = patient(api);
    const travelledAt = options.quick ? null : await climb(asked, journal);
    await quiet(town, api, say);
    await shrunk(town, journal);
    const differs = await sameWall(lived.wall, asked);
    const facts = await readFacts(asked, devices.map((d) => d.id));
    const judged = judge(journal, facts, travelledAt);
    const complaints = [...lived.complaints, ...judged.complaints, ...differs];
    lived.wall.close();
    const worst = complaints[0];
    if (worst) leave(folder, facts, await Promise.all(complaints.slice(0, storiesMax).map((c) => storyOf(asked, journal, facts, c, Number.POSITIVE_INFINITY))));
    const counts = new Map<string, number>();
    for (const f of journal.of('fault')) counts.set(f.kind, (counts.get(f.kind) ?? 0) + 1);
    return {
      ...judged, complaints, counts, skipped: new Map(journal.of('skip').map((s) => [s.kind, s.why])), failed: lived.failed, starved: journal.of('starved').length, wall: lived.wall.counts,
      seconds: Math.round(journal.of('lasted').reduce((ms, l) => ms + l.ms, 0) / 1_000), story: worst ? await storyOf(asked, journal, facts, worst) : null,
    };
  } finally {
    machine.stop();
    await town.stop();
    disk?.end();
  }
}

const storiesMax = 10;
/** For whoever looks for the cause: everything the house said of itself, and the whole story of the first complaints. */
function leave(folder: string, facts: Facts, stories: readonly string[]): void {
  writeFileSync(join(folder, 'facts.json'), JSON.stringify({ ...facts, events: Object.fromEntries(facts.events) }));
  for (const [i, story] of stories.entries()) writeFileSync(join(folder, `story-${i + 1}.txt`), `${story}\n`);
}

/** People, buttons and the devices of the special parts; a token for the API. */
async function settle(town: Town, { devices = 40 }: ChaosOptions): Promise<{ devices: Device[]; token: string }> {
  const parts: Device['part'][] = [...Array.from({ length: devices }, () => 'presser' as const), 'flood', 'poison', 'twice', 'twice', 'twice', 'late', 'late', 'late'];
  const seeded = await seedPeople(town, parts.length);
  const { token } = await (await logIn(town)).call<{ token: string }>('POST', '/api/v1/tokens', { name: 'chaos', role: 'admin' });
  return { token, devices: seeded.map((d, i) => ({ id: d.id, secret: d.secret, edge: i % town.ports.edges.length, part: parts[i] ?? 'presser' })) };
}

/** Pauses of the lanes beside each other: a house whose database is never there shows nothing. */
const calmOf: Readonly<Record<Fault['lane'], number>> = { kills: 1, guards: 1, heart: 4, pauses: 1, hangs: 1.5, path: 1.5, gateway: 0.3, devices: 3, screens: 8 };

/**
 * Lanes that wait until the house breathes: faults are to befall one that works, also on a machine that needs half a minute to start a role. Each waits for what it
 * torments; what takes the ground away (supervisors, the database, its disk) and the clock for all of it.
 */
const waitsFor: Readonly<Partial<Record<Fault['lane'], readonly Role[]>>> = { kills: ['edge', 'worker'], guards: ['web', 'standby', 'auditor'], heart: roles, pauses: ['edge', 'worker'], hangs: roles, path: ['edge', 'worker'] };
const breathMs = 30_000;
/** One process of each of these roles is ready, or the patience is over. */
async function breathing(town: Town, wanted: readonly Role[]): Promise<void> {
  const some = async (urls: readonly string[]): Promise<boolean> => (await Promise.all(urls.map((url) => fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1_500) }).then((r) => r.ok, () => false)))).some(Boolean);
  for (const end = performance.now() + breathMs; performance.now() < end; await sleep(300)) {
    if ((await Promise.all(wanted.map((role) => some(town.ops(role))))).every((ready, i) => ready || town.ops(wanted[i] ?? 'edge').length === 0)) return;
  }
}

type Lived = { wall: Wall; complaints: Complaint[]; failed: number };

/** The county lives and is tormented; at the end everything is healed and at rest. The wall goes on. */
async function live(town: Town, api: HouseApi, journal: Journal, devices: readonly Device[], disk: SmallDisk | null, options: ChaosOptions): Promise<Lived> {
  const { seed, say } = options;
  keepPhones(town, journal);
  const wall = startWall(api, journal);
  const pressers = startPressers(town, devices, journal, options.pauseMs ?? 3_000);
  const extras = startExtras(town, devices, journal);
  const townspeople = await startTownspeople(town, seed);
  const desk = startDesk(api, journal, seed);
  await sleep(options.quick ? warmUpMs / 3 : warmUpMs);
  measure(town, journal, 'before');
  const db = town.db();
  const failed = await torment({ town, db, api, pressers, extras, disk }, journal, options);
  await db.close();
  await heal(town);
  const complaints: Complaint[] = [];
  await town.ready(120_000).catch((error: Error) => complaints.push({ rule: 'STALLED', text: error.message }));
  await rest({ desk, pressers, extras, townspeople }, complaints);
  say(`at rest; ${townspeople.people.acted()} acts of the people, ${journal.of('act').length} of the desk`);
  return { wall, complaints, failed };
}

async function rest(o: { desk: Desk; pressers: readonly Presser[]; extras: Extras; townspeople: { stop(): void } }, complaints: Complaint[]): Promise<void> {
  await o.desk.stop();
  await Promise.race([Promise.all(o.pressers.map((p) => p.finish())), sleep(60_000)]);
  for (let i = 0; i < 300 && o.extras.waiting() > 0; i++) await sleep(100);
  const unheard = o.pressers.filter((p) => p.waiting).length + o.extras.waiting();
  if (unheard > 0) complaints.push({ rule: 'STALLED', text: `${unheard} presses were still unacknowledged a minute after everything was healed` });
  for (const p of o.pressers) p.end();
  o.extras.stop();
  o.townspeople.stop();
}

/** Every lane by itself until its kinds have come often enough or the time is over; how many faults could not be done. */
async function torment(ctx: Omit<FaultContext, 'random'>, journal: Journal, options: ChaosOptions): Promise<number> {
  const { only, say, seed, times } = options;
  const wanted = allFaults.filter((f) => only === undefined || only.some((part) => f.kind.includes(part)));
  const possible = wanted.filter((f) => {
    const why = f.missing?.({ ...ctx, random: turnOf(seed, [f], 0).random }) ?? null;
    if (why !== null && !journal.of('skip').some((s) => s.kind === f.kind)) journal.note({ t: 'skip', kind: f.kind, why });
    return why === null;
  });
  const began = performance.now();
  const endMs = began + options.minutes * 60_000 - journal.of('lasted').reduce((ms, l) => ms + l.ms, 0);
  let noted = began;
  const lasted = (): void => { const now = performance.now(); journal.note({ t: 'lasted', ms: Math.round(now - noted) }); noted = now; };
  const telling = setInterval(() => {
    lasted();
    const done = journal.of('fault').length;
    say(`${Math.round((performance.now() - began) / 1_000)} s: ${done} faults, ${journal.of('ack').length} acknowledged, ${journal.of('phone').length} on phones, ${journal.of('wall').length} complaints of the wall`);
  }, 30_000);
  let failed = 0;
  try {
    await Promise.all(lanesOf(possible).map(async (lane) => {
      // A fault that failed counts as done in its place of the sequence, not in the table.
      for (let no = 1 + Math.max(-1, ...journal.of('fault').filter((f) => lane.some((l) => l.kind === f.kind)).map((f) => f.no)); no < times * lane.length && performance.now() < endMs; no++) {
        const wanted = waitsFor[lane[0]?.lane ?? 'kills'];
        if (wanted) await breathing(ctx.town, wanted);
        if (!await one(ctx, lane, no, journal, options)) failed++;
        await sleep((options.calmMs ?? 800) * calmOf[lane[0]?.lane ?? 'kills'] * (0.5 + turnOf(seed, lane, no).random.share()));
      }
    }));
  } finally {
    clearInterval(telling);
    lasted();
  }
  return failed;
}

async function one(ctx: Omit<FaultContext, 'random'>, lane: readonly Fault[], no: number, journal: Journal, { seed, real, say }: ChaosOptions): Promise<boolean> {
  const { fault, random } = turnOf(seed, lane, no);
  const from = Date.now();
  try {
    const what = await fault.run({ ...ctx, random }, real ? fault.realMs : drawn(random, fault.holdMs));
    journal.note({ t: 'fault', kind: fault.kind, no, from, to: Date.now(), what });
    return true;
  } catch (error) {
    say(`${fault.kind}: ${(error as Error).message}`);
    return false;
  }
}

/** Whatever is still wrong is put right. */
async function heal(town: Town): Promise<void> {
  for (const victim of [...roles, 'supervisor', 'database'] as const) for (const pid of town.pids(victim).flat()) try { process.kill(pid, 'SIGCONT'); } catch { /* gone */ }
  await town.path.heal();
  await town.line.heal();
  town.standin.state.faults.clear();
}

/** Nothing waits any more in spools, queues and outbox, twice in a row; what still does is the checker's to name. */
async function quiet(town: Town, api: HouseApi, say: (line: string) => void): Promise<void> {
  const waiting = async (): Promise<number> => {
    const texts = await Promise.all(town.ops('edge').map((url) => fetch(`${url}/metrics`).then((r) => r.text(), () => '')));
    const inEdges = texts.map((text) => [...text.matchAll(/^anling_(?:spool_rows|urgent_waiting)\S* (\d+)/gm)].reduce((n, m) => n + Number(m[1]), text === '' ? 1 : 0)).reduce((a, b) => a + b, 0);
    const { outbox } = await api.call<{ outbox: { due: number } }>('GET', '/api/v1/status').catch(() => ({ outbox: { due: 1 } }));
    return inEdges + outbox.due + town.standin.state.pusher.list().filter((p) => p.state === 'waiting').length;
  };
  let calm = 0;
  for (const end = performance.now() + 120_000; calm < 4 && performance.now() < end; await sleep(500)) calm = (await waiting()) === 0 ? calm + 1 : 0;
  if (calm < 4) say('the house does not come to rest within two minutes');
}

/** Moves the house's clock on through a round and a half of the plan; answers the house's time before. */
async function climb(api: HouseApi, journal: Journal): Promise<number> {
  const { serverTime } = await api.call<{ serverTime: number }>('GET', '/api/v1/status');
  for (let gone = 0; gone < climbMs; gone += stepMs) {
    const jumpedFrom = Date.now();
    const { now } = await api.call<{ now: number }>('POST', '/api/v1/demo/clock', { advanceMs: stepMs });
    journal.note({ t: 'clock', at: Date.now(), house: now, jumpedFrom });
    await sleep(800);
  }
  await sleep(5_000);
  return serverTime;
}

/** What the last faults left open (callbacks under way, kept-alive connections) is given a while to go. */
async function shrunk(town: Town, journal: Journal): Promise<void> {
  for (let tries = 0; tries < 15; tries++) {
    measure(town, journal, 'after');
    if (grew(journal.of('size')).length === 0) return;
    await sleep(6_000);
  }
}

/** I8: what the wall shows is what the API says, a moment later at most. */
async function sameWall(wall: Wall, api: HouseApi): Promise<Complaint[]> {
  let text = '';
  for (let tries = 0; tries < 30; tries++, await sleep(500)) {
    const open = new Map((await readAlerts(api, { state: 'open' })).map((a) => [a.id, a.version]));
    const wrong = [...new Set([...wall.open.keys(), ...open.keys()])].filter((id) => wall.open.get(id) !== open.get(id));
    if (wrong.length === 0) return [];
    text = `at the end the wall differs from the API in ${wrong.length} of ${open.size} open alerts: ${wrong.slice(0, 5).map((id) => `${id} (wall ${wall.open.get(id) ?? 'no'}, API ${open.get(id) ?? 'no'})`).join(', ')}`;
  }
  return [{ rule: 'WALL', text }];
}

function measure(town: Town, journal: Journal, when: 'before' | 'after'): void {
  if (when === 'before' && journal.of('size').length > 0) return;
  for (const role of roles) {
    const pids = town.pids(role).flat();
    const sizes = pids.map((pid) => ({ rssMb: Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024, fds: existsSync(`/proc/${pid}/fd`) ? readdirSync(`/proc/${pid}/fd`).length : 0 }));
    if (sizes.length > 0) journal.note({ t: 'size', at: Date.now(), when, role, rssMb: Math.round(Math.max(...sizes.map((s) => s.rssMb))), fds: Math.max(...sizes.map((s) => s.fds)) });
  }
}
const read = (path: string): string => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };

type SmallDisk = { folder: string; end(): void };
/** A disk of its own for the database, small enough to be filled; null where mounting is not allowed. */
function smallDisk(folder: string, again: boolean): SmallDisk | null {
  mkdirSync(folder, { recursive: true });
  const mounted = read('/proc/mounts').includes(` ${folder} `);
  if (!mounted && (again || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1200m', 'tmpfs', folder]).status !== 0)) return null;
  return { folder, end: () => { spawnSync('umount', [folder]); } };
}
