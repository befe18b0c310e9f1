/**
 * One seed: a house, a county, a time of faults in which safety is judged at every step, then a calm in which everything that was
 * promised must come about. The same seed gives the same run to the last step; its hash says so.
 */
import { Database, nextDue } from './database.ts';
import { Disk } from './disk.ts';
import { openHouse, type House } from './house.ts';
import { type Broken, Judge } from './judge.ts';
import { PostgresDatabase } from './postgres.ts';
import { Chance, Clock, install } from './runtime.ts';
import { Troubles } from './troubles.ts';
import { Wall } from './wall.ts';
import { settle, World } from './world.ts';

export type Options = { seed: number; days: number; /** A migrated, empty PostgreSQL that this run has for itself; else the tables in memory. */ url?: string };
export type Result = { seed: number; days: number; hash: string; steps: number; counts: Record<string, number>; broken: Broken | null; story: string };

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Nothing new goes wrong from the begin of the calm; new presses end with its first half. */
const calmMs = 2 * 60 * minuteMs;
/** What is closed for two days and all that hangs on it goes, so that a long run stays as fast as a short one. */
function archive(database: Database, judge: Judge): void {
  const d = database.tables;
  const before = database.now() - 50 * 60 * minuteMs;
  const gone = new Set([...d.alert.rows.values()].filter((a) => a.state === 'closed' && (a.closed_at ?? 0) < before).map((a) => a.id));
  for (const table of [d.alert_log, d.engagement, d.slip, d.outbox, d.timer]) for (const row of [...table.rows.values()]) if (gone.has(row['alert_id'] as string)) table.put(row.id, null);
  for (const e of [...d.event.rows.values()]) if (e.evaluated_at !== null && e.evaluated_at < before && (e.alert_id === null || gone.has(e.alert_id))) d.event.put(e.id, null);
  for (const r of [...d.reply.rows.values()]) if (r.evaluated_at !== null && r.evaluated_at < before) d.reply.put(r.id, null);
  for (const f of [...d.feed.rows.values()]) if (f.at < before) d.feed.put(f.id, null);
  for (const id of gone) d.alert.put(id, null);
  judge.forget(gone, database.clock.now - 50 * 60 * minuteMs);
}

export async function simulate({ seed, days, url }: Options): Promise<Result> {
  const chance = new Chance(seed);
  const clock = new Clock();
  const postgres = url === undefined ? null : new PostgresDatabase(url, clock, chance);
  const database = postgres ?? new Database(clock, chance);
  const disk = new Disk(clock, chance);
  const judge: Judge = new Judge(database, disk, () => wall.seen);
  const wall = new Wall((message) => judge.fail('I8', null, message));
  settle(database);
  await postgres?.prepare();
  const uninstall = install(clock, chance, () => database.wall());
  try {
    clock.nextDue = () => {
      if (world.unanswered > 0) return 0;
      if (database.away) return Infinity; // it is tried again and again, in vain
      if ((house?.edge.alive && disk.size > 0) || (house?.web.alive && wall.seen < (database.tables.feed_counter.rows.get('1')?.seq ?? 0))) return 0;
      return nextDue(database);
    };
    database.committed = (written, who) => judge.commit(written, who);
    database.failed = (error) => judge.fail('ERROR', null, error.stack ?? error.message);
    let house: House | null = null;
    const world = new World(database, () => house as House, judge, chance);
    // What everybody complains of while the database is away is told by that alone.
    const said = (who: string, line: Record<string, unknown>, message: string): void => { if (!database.away) judge.tell(line['alertId'] == null ? null : String(line['alertId']), `${who} says: ${message}${line['error'] ? ` (${String(line['error'])})` : ''}`); };
    house = openHouse({ database, disk, wall, gateway: world.gatewayOf, said });
    const troubles = new Troubles({ database, disk, house, world, judge, chance });
    judge.claimed = (who) => troubles.claimed(who);
    const eachMinute = (): void => { judge.minute(); clock.in(minuteMs, eachMinute); };
    eachMinute();
    const eachDay = (): void => { if (!postgres) archive(database, judge); clock.in(dayMs, eachDay); };
    clock.in(dayMs, eachDay);
    world.begin();
    const over = (): boolean => judge.broken !== null;
    await clock.run(days * dayMs, over);
    troubles.on = false;
    world.troubled = false;
    await clock.run(days * dayMs + calmMs / 2, over);
    world.presses = false;
    await clock.run(days * dayMs + calmMs, over);
    if (!over()) judge.end();
    judge.counts['frames on the wall'] = wall.frames;
  } finally {
    uninstall();
    clock.settled = null;
    if (postgres) for (const [what, n] of Object.entries(postgres.did)) judge.counts[`postgres ${what}`] = n;
    await postgres?.close();
  }
  const { broken } = judge;
  return { seed, days, hash: judge.hash.toString(16).padStart(8, '0'), steps: clock.steps, counts: judge.counts, broken, story: broken ? judge.story(broken.alertId) : '' };
}
