/**
 * What goes wrong, by the seed: processes killed and held in the worst moments, the database away, slow, cut off or of unknown outcome,
 * the spool's disk full, the gateway in every mood, the machine's clock stepped both ways.
 */
import type { Database } from './database.ts';
import type { Disk } from './disk.ts';
import type { House } from './house.ts';
import type { Judge } from './judge.ts';
import type { Chance, Process } from './runtime.ts';
import type { World } from './world.ts';

type Around = { database: Database; disk: Disk; house: House; world: World; judge: Judge; chance: Chance };
const minuteMs = 60_000;
const faultEveryMs = 25 * minuteMs;
const names = ['worker a', 'worker b', 'edge', 'web'] as const;

export class Troubles {
  on = true;
  readonly #around: Around;
  readonly #armed = new Map<string, () => void>();
  constructor(around: Around) { this.#around = around; this.#later(); }

  #later(): void {
    this.#around.database.clock.in(Math.round(-Math.log(1 - this.#around.chance.next()) * faultEveryMs), () => {
      if (!this.on) return;
      this.#one();
      this.#later();
    });
  }

  #one(): void {
    const c = this.#around.chance;
    const kind = c.pick(['kill', 'kill', 'hold', 'hold', 'away', 'away', 'flaky', 'slow', 'gateway', 'gateway', 'cut', 'clock'] as const);
    this.#around.judge.count(`fault ${kind}`);
    const { database, disk, world, judge } = this.#around;
    switch (kind) {
      case 'kill': {
        const [name, ms] = [c.pick(names), c.int(1_000, 2 * minuteMs)];
        // Both workers at once: their machine. What is due lies there meanwhile, and the desk goes on.
        if (name === 'worker b' && c.yes(0.5)) { judge.count('fault both workers'); for (const one of ['worker a', name] as const) this.kill(one, ms); } else this.#when(name, () => this.kill(name, ms));
        break;
      }
      case 'hold': { const [name, ms] = [c.pick(names), c.int(2_000, 60_000)]; this.#when(name, () => this.#hold(this.#of(name), ms)); break; }
      case 'away': {
        const ms = c.int(1_000, 5 * minuteMs);
        this.#while('the database is away', ms, () => { database.away = true; database.cut(database.processes); }, () => { database.away = false; });
        if (c.yes(0.7)) world.pressSoon(ms); // the worst moment for it
        if (c.yes(0.15)) { judge.count('fault disk full'); this.#while("the edge's disk is full", c.int(5_000, 2 * minuteMs), () => { disk.full = true; }, () => { disk.full = false; }); }
        if (c.yes(0.2)) { judge.count('fault kill'); this.#around.database.clock.in(c.int(0, ms + 3_000), () => this.kill('edge', c.int(1_000, minuteMs))); } // with frames in its spool, or while they come back
        break;
      }
      case 'slow': this.#while('the database is slow', c.int(20_000, 3 * minuteMs), () => { database.slow = true; }, () => { database.slow = false; }); if (c.yes(0.7)) world.pressSoon(20_000); break;
      case 'flaky': this.#while('commits are lost or their answers are', c.int(minuteMs, 10 * minuteMs), () => { database.flaky = 0.15; }, () => { database.flaky = 0; }); break;
      case 'gateway': { const mood = c.pick(['moody', 'down'] as const); this.#while(`the gateway is ${mood}`, c.int(minuteMs, 20 * minuteMs), () => { world.mood = mood; }, () => { world.mood = 'well'; }); break; }
      case 'cut': this.#around.judge.tell(null, 'all database sessions are cut'); this.#around.judge.shaken(); this.#around.database.cut(this.#around.database.processes); break;
      case 'clock': this.#step(c.yes(0.5) ? c.int(3_000, 10 * minuteMs) : -c.int(3_000, 2 * 60 * minuteMs)); break;
    }
  }

  /** Now, or in the worst moment: when it has just taken a message and has not sent it. */
  #when(name: (typeof names)[number], then: () => void): void {
    if (name.startsWith('worker') && this.#around.chance.yes(0.6)) this.#armed.set(name, then); else then();
  }

  /** A process has taken messages. */
  claimed(who: Process): void {
    const then = this.#armed.get(who.name);
    if (then && this.on) { this.#armed.delete(who.name); this.#around.database.clock.in(0, then); }
  }

  #of(name: (typeof names)[number]): Process {
    const h = this.#around.house;
    return name === 'edge' ? h.edge : name === 'web' ? h.web : (h.workers[name === 'worker a' ? 0 : 1] as Process);
  }

  #while(what: string, ms: number, begin: () => void, end: () => void): void {
    if (this.#around.judge.unsound.has(what)) return;
    this.#around.judge.tell(null, `${what} for ${Math.round(ms / 1_000)} s`);
    this.#around.judge.unwell(what);
    begin();
    this.#restless();
    this.#around.database.clock.in(ms, () => { end(); this.#around.judge.well(what); this.#around.judge.tell(null, `no more: ${what}`); this.#restless(); });
  }

  #restless(): void { this.#around.database.clock.restlessUntil = this.#around.database.clock.now + 3_000; }

  /** kill -9: its transactions are rolled back, its memory is gone; the supervisor starts it anew. */
  kill(name: (typeof names)[number], ms: number): void {
    const p = this.#of(name);
    if (!p.alive) return;
    this.#while(`${name} is dead`, ms, () => { p.alive = false; this.#around.database.processes.delete(p); this.#around.database.cut([p]); }, () => { this.#around.house.revive(name); });
  }

  /** SIGSTOP: it knows nothing of the time that it missed; the database cuts what idles in a transaction for half a minute. */
  #hold(p: Process, ms: number): void {
    const clock = this.#around.database.clock;
    if (!p.alive || p.heldUntil > clock.now) return;
    this.#while(`${p.name} is held`, ms, () => { p.heldUntil = clock.now + ms; p.lastHeldAt = clock.now + ms; }, () => {});
    if (ms > 30_000) clock.in(30_000, () => { if (p.heldUntil > clock.now) this.#around.database.cut([p]); });
  }

  #step(ms: number): void {
    this.#around.judge.tell(null, `the clock of the database goes ${ms > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(ms) / 1_000)} s`);
    this.#around.judge.stepped(ms, this.#around.house.workers);
    this.#around.database.steppedMs += ms;
    this.#restless();
  }
}
