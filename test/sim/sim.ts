/**
 * One seed: a house, a county, a time of faults in which safety is judged at every step, then a calm in which everything that was
 * promised must come about. The same seed gives the same run to the last step; its hash says so.
 */
import { openHouse, type House } from './house.ts';
import { type Broken, Judge } from './judge.ts';
import { Chance, Clock, Database, install, nextDue, type Process } from './runtime.ts';
import { settle, World } from './world.ts';

export type Options = { seed: number; days: number };
export type Result = { seed: number; days: number; hash: string; steps: number; counts: Record<string, number>; broken: Broken | null; story: string };

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Nothing new goes wrong from the begin of the calm; new presses end with its first half. */
const calmMs = 2 * 60 * minuteMs;
const faultEveryMs = 25 * minuteMs;
const names = ['worker a', 'worker b', 'edge', 'web'] as const;

class Troubles {
  on = true;
  readonly #database: Database;
  readonly #house: House;
  readonly #world: World;
  readonly #judge: Judge;
  readonly #chance: Chance;
  readonly #armed = new Map<string, () => void>();
  constructor(database: Database, house: House, world: World, judge: Judge, chance: Chance) { this.#database = database; this.#house = house; this.#world = world; this.#judge = judge; this.#chance = chance; this.#later(); }

  #later(): void {
    this.#database.clock.in(Math.round(-Math.log(1 - this.#chance.next()) * faultEveryMs), () => {
      if (!this.on) return;
      this.#one();
      this.#later();
    });
  }

  #one(): void {
    const c = this.#chance;
    const kind = c.pick(['kill', 'kill', 'hold', 'hold', 'away', 'flaky', 'gateway', 'gateway', 'cut', 'clock'] as const);
    this.#judge.count(`fault ${kind}`);
    switch (kind) {
      case 'kill': { const [name, ms] = [c.pick(names), c.int(1_000, 2 * minuteMs)]; this.#when(name, () => this.kill(name, ms)); break; }
      case 'hold': { const [name, ms] = [c.pick(names), c.int(2_000, 60_000)]; this.#when(name, () => this.#hold(this.#of(name), ms)); break; }
      case 'away': this.#while('the database is away', c.int(1_000, 5 * minuteMs), () => { this.#database.away = true; this.#database.cut(this.#database.processes); }, () => { this.#database.away = false; }); break;
      case 'flaky': this.#while('commits are lost or their answers are', c.int(minuteMs, 10 * minuteMs), () => { this.#database.flaky = 0.15; }, () => { this.#database.flaky = 0; }); break;
      case 'gateway': { const mood = c.pick(['moody', 'down'] as const); this.#while(`the gateway is ${mood}`, c.int(minuteMs, 20 * minuteMs), () => { this.#world.mood = mood; }, () => { this.#world.mood = 'well'; }); break; }
      case 'cut': this.#judge.tell(null, 'all database sessions are cut'); this.#judge.stepped(); this.#database.cut(this.#database.processes); break;
      case 'clock': this.#step(c.yes(0.5) ? c.int(3_000, 10 * minuteMs) : -c.int(3_000, 2 * 60 * minuteMs)); break;
    }
  }

  /** Now, or in the worst moment: when it has just taken a message and has not sent it. */
  #when(name: (typeof names)[number], then: () => void): void {
    if (name.startsWith('worker') && this.#chance.yes(0.6)) this.#armed.set(name, then); else then();
  }

  /** A process has taken messages. */
  claimed(who: Process): void {
    const then = this.#armed.get(who.name);
    if (then && this.on) { this.#armed.delete(who.name); this.#database.clock.in(0, then); }
  }

  #of(name: (typeof names)[number]): Process {
    const h = this.#house;
    return name === 'edge' ? h.edge : name === 'web' ? h.web : (h.workers[name === 'worker a' ? 0 : 1] as Process);
  }

  #while(what: string, ms: number, begin: () => void, end: () => void): void {
    if (this.#judge.unsound.has(what)) return;
    this.#judge.tell(null, `${what} for ${Math.round(ms / 1_000)} s`);
    this.#judge.unwell(what);
    begin();
    this.#restless();
    this.#database.clock.in(ms, () => { end(); this.#judge.well(what); this.#judge.tell(null, `no more: ${what}`); this.#restless(); });
  }

  #restless(): void { this.#database.clock.restlessUntil = this.#database.clock.now + 3_000; }

  /** kill -9: its transactions are rolled back, its memory is gone; the supervisor starts it anew. */
  kill(name: (typeof names)[number], ms: number): void {
    const p = this.#of(name);
    if (!p.alive) return;
    this.#while(`${name} is dead`, ms, () => { p.alive = false; this.#database.processes.delete(p); this.#database.cut([p]); }, () => { this.#house.revive(name); });
  }

  /** SIGSTOP: it knows nothing of the time that it missed; the database cuts what idles in a transaction for half a minute. */
  #hold(p: Process, ms: number): void {
    const clock = this.#database.clock;
    if (!p.alive || p.heldUntil > clock.now) return;
    this.#while(`${p.name} is held`, ms, () => { p.heldUntil = clock.now + ms; p.lastHeldAt = clock.now + ms; }, () => {});
    if (ms > 30_000) clock.in(30_000, () => { if (p.heldUntil > clock.now) this.#database.cut([p]); });
  }

  #step(ms: number): void {
    this.#judge.tell(null, `the clock of the database goes ${ms > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(ms) / 1_000)} s`);
    this.#database.steppedMs += ms;
    this.#judge.stepped();
    this.#restless();
  }
}

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

export async function simulate({ seed, days }: Options): Promise<Result> {
  const chance = new Chance(seed);
  const clock = new Clock();
  const database = new Database(clock, chance);
  const judge = new Judge(database);
  const uninstall = install(clock, chance);
  try {
    clock.nextDue = () => nextDue(database);
    database.committed = (written, who) => judge.commit(written, who);
    database.failed = (error) => judge.fail('ERROR', null, error.stack ?? error.message);
    settle(database);
    let house: House | null = null;
    const world = new World(database, () => house as House, judge, chance);
    house = openHouse(database, world.gatewayOf, (who, line, message) => judge.tell(line['alertId'] == null ? null : String(line['alertId']), `${who} says: ${message}${line['error'] ? ` (${String(line['error'])})` : ''}`));
    const troubles = new Troubles(database, house, world, judge, chance);
    judge.claimed = (who) => troubles.claimed(who);
    const eachMinute = (): void => { judge.minute(); clock.in(minuteMs, eachMinute); };
    eachMinute();
    const eachDay = (): void => { archive(database, judge); clock.in(dayMs, eachDay); };
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
  } finally {
    uninstall();
  }
  const { broken } = judge;
  return { seed, days, hash: judge.hash.toString(16).padStart(8, '0'), steps: clock.steps, counts: judge.counts, broken, story: broken ? judge.story(broken.alertId) : '' };
}
