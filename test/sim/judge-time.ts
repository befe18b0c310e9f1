/**
 * What must hold although clocks are stepped (RELIABILITY F11, law 9) and whoever is called is a person (FIELD F6). The house decides by
 * its one clock; people and this judge live on the monotonic one.
 */
import { limits } from '#core/limits.ts';
import type { Database } from './database.ts';
import type { Process } from './runtime.ts';
import type { OutboxRow, TimerRow } from './tables.ts';

type Fail = (rule: string, alertId: string | null, message: string) => void;
/** A call that the gateway took. */
type Call = { at: number; outId: string; createdAt: number };
/** The clock went back; those who saw both sides of it can tell. */
type Back = { at: number; ms: number; witnesses: readonly Process[] };
const [hourMs, fiveMs] = [3_600_000, 5 * 60_000];
/** The house counts from its decision, the phone rings a moment later. */
const ringsWithinMs = 15_000;
/** Looks of the watcher, a commit, and a hint. */
const noticedMs = 10_000;
/** A process that has just begun has not seen the clock before the step. */
const firstLookMs = 3_000;

export class TimeJudge {
  readonly #database: Database;
  readonly #fail: Fail;
  readonly #calls = new Map<string, Call[]>();
  /** Monotonic times at which the one clock went forward: steps, and what the watcher took up. */ #forward: number[] = [];
  #back: Back[] = [];
  /** Steps back that nobody alive could know of: two dead workers at once. */ #lostMs = 0;
  readonly #promised = new Map<string, { dueAt: number; by: number; slack: number }>();

  constructor(database: Database, fail: Fail) { this.#database = database; this.#fail = fail; }

  // -- clocks

  /** The machine's clock was set. */
  stepped(ms: number, workers: readonly Process[]): void {
    const now = this.#database.clock.now;
    if (ms > 0) this.#forward.push(now);
    else if (-ms > limits.clockStepMs) this.#back.push({ at: now, ms: -ms, witnesses: workers.filter((w) => w.alive && w.bornAt < now - firstLookMs) });
  }

  /** The house has moved its one clock. */
  moved(byMs: number): void {
    if (byMs <= 0) return;
    this.#forward.push(this.#database.clock.now);
    this.#back = [];
  }

  /** Law 9: a duration that was promised is kept by the clock on the wall, whatever the database's does; a fiftieth slower while it gives back. */
  timer(t: TimerRow): void {
    if (t.fired_at !== null || t.cancelled_at !== null) { this.#promised.delete(t.id); return; }
    if (this.#promised.get(t.id)?.dueAt === t.due_at) return;
    const inMs = Math.max(0, t.due_at - this.#database.now());
    this.#promised.set(t.id, { dueAt: t.due_at, by: this.#database.clock.now + inMs + this.#lostMs, slack: inMs / 40 });
  }

  minute(soundMs: number): void {
    const { clock, tables } = this.#database;
    for (const step of this.#back.filter((b) => b.witnesses.every((w) => !w.alive))) { this.#lostMs += step.ms; this.#back.splice(this.#back.indexOf(step), 1); }
    for (const step of this.#back) if (soundMs > noticedMs && clock.now - step.at > noticedMs) this.#fail('F11', null, `the clock went back by ${Math.round(step.ms / 1_000)} s and ${step.witnesses.find((w) => w.alive)?.name} has not taken that up`);
    const owed = this.#back.reduce((sum, b) => sum + b.ms, this.#lostMs);
    for (const t of tables.timer.indexed('live', '')?.values() ?? []) {
      const promised = this.#promised.get(t.id);
      const lateMs = promised ? clock.now - promised.by - promised.slack - owed : 0;
      if (lateMs > noticedMs && soundMs > lateMs + noticedMs) this.#fail('F11', t.alert_id, `timer ${t.slot} is ${Math.round(lateMs / 1_000)} s late by a clock that nobody steps`);
    }
  }

  // -- calls

  /**
   * At most so many calls to one number, whoever asks for them. Exact by the house's own clock: of the calls that the house knows of, no window
   * of an hour, or of five minutes, has more, whatever is stepped, killed or cut (each decision counts all rows after the window's begin, so
   * that holds for every window). By the person's clock a window in which the one clock went forward n times may touch n + 1 windows of the
   * house's; and a call is let off that rang although the house has every reason to think that it did not (its outcome was lost and it was withdrawn).
   */
  called(number: string, outId: string, row: OutboxRow): void {
    const now = this.#database.clock.now;
    const calls = (this.#calls.get(number) ?? []).filter((c) => c.at > now - 8 * hourMs);
    if (!calls.some((c) => c.outId === outId)) calls.push({ at: now, outId, createdAt: row.created_at });
    this.#calls.set(number, calls);
    for (const [ms, most] of [[fiveMs, limits.callsPerPerson5Min], [hourMs, limits.callsPerPersonHour]] as const) {
      const known = calls.filter((c) => this.#knows(c.outId));
      for (const end of known.filter((c) => !this.#last(c.outId))) {
        const n = known.filter((c) => c.createdAt > end.createdAt - ms && c.createdAt <= end.createdAt).length;
        if (n > most) this.#fail('F6', row.alert_id, `${row.party} (${number}) was called ${n} times in ${ms / 60_000} minutes of the house's own clock`);
      }
      const rang = calls.filter((c) => c.at > now - ms + ringsWithinMs);
      const doubts = rang.filter((c) => !this.#knows(c.outId)).length;
      const windows = 1 + this.#forward.filter((at) => at > now - ms - ringsWithinMs).length;
      if (!row.last_way && rang.length > most * windows + doubts) this.#fail('F6', row.alert_id, `${row.party} (${number}) was called ${rang.length} times in ${ms / 60_000} minutes`);
    }
    if (this.#forward.length > 100) this.#forward = this.#forward.filter((at) => at > now - 2 * hourMs);
  }

  /** Whether it was the last way left: then no budget holds it. */
  #last(outId: string): boolean { return [...(this.#database.tables.outbox.indexed('out', outId)?.values() ?? [])].some((o) => o.last_way); }

  /** Whether the house counts this call: not when it believes that it never rang. */
  #knows(outId: string): boolean {
    const [o] = this.#database.tables.outbox.indexed('out', outId)?.values() ?? [];
    return o !== undefined && o.state !== 'withdrawn' && (o.state !== 'failed' || o.provider_id !== null);
  }

  forget(alive: (timerId: string) => boolean): void { for (const id of this.#promised.keys()) if (!alive(id)) this.#promised.delete(id); }
}
