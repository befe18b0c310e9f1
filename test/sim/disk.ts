/**
 * The edge machine's own disk as its spool sees it (store/spool.ts is SQLite in a thread; this is the same port in memory): rows outlive
 * the process, calls are done in their order, each takes a moment in which the process may die, and a full disk refuses.
 */
import { deserialize, serialize } from 'node:v8';
import { OperatingError } from '#core/errors.ts';
import type { Spool, Spooled, SpoolRow } from '#store/spool.ts';
import type { Chance, Clock, Process } from './runtime.ts';

type Kept = { life: string; item: { trace: string } };
const read = (body: Uint8Array): Kept => deserialize(Buffer.from(Buffer.from(body).toString(), 'base64')) as Kept;

export class Disk {
  full = false;
  /** What a replay has been through, for the count of the run. */ kept = 0;
  #rows: Spooled[] = [];
  #id = 0;
  readonly #clock: Clock;
  readonly #chance: Chance;
  constructor(clock: Clock, chance: Chance) { this.#clock = clock; this.#chance = chance; }

  get size(): number { return this.#rows.length; }
  /** Whether the frame of this trace is on the disk. */
  holds(trace: string): boolean { return this.#rows.some((row) => read(row.body).item.trace === trace); }
  /** The oldest frame's trace, for the story. */
  get oldest(): string { const [row] = this.#rows; return row ? read(row.body).item.trace : ''; }

  /** The spool of a new process: what an earlier one left there is in it, and belongs to an earlier life. */
  open(who: Process): Spool {
    this.#rows = this.#rows.map((row) => ({ ...row, body: Buffer.from(serialize({ ...read(row.body), life: 'earlier' }).toString('base64')) }));
    const counts = new Map<string, number>();
    const add = (lane: string, n: number): void => { counts.set(lane, (counts.get(lane) ?? 0) + n); };
    for (const { lane } of this.#rows) add(lane, 1);
    let busyUntil = 0;
    /** Done by the thread in its turn; the process hears of it a moment later. */
    const call = <T>(work: () => T): Promise<T> => new Promise((resolve, reject) => {
      busyUntil = Math.max(busyUntil, this.#clock.now) + this.#chance.int(0, 2);
      this.#clock.at(busyUntil, who, () => {
        const answer = this.#answer(work);
        this.#clock.at(this.#clock.now + this.#chance.int(0, 1), who, () => { if ('error' in answer) reject(answer.error); else resolve(answer.value); });
      });
    });
    return {
      adopted: 0, left: 0, aside: null, bytes: 0,
      append: async (rows) => {
        for (const { lane } of rows) add(lane, 1);
        try { await call(() => this.#append(rows)); } catch (error) { for (const { lane } of rows) add(lane, -1); throw error; }
      },
      first: (lane, limit) => call(() => this.#rows.filter((row) => row.lane === lane).slice(0, limit)),
      remove: async (lane, upTo) => { add(lane, -(await call(() => this.#remove(lane, upTo)))); },
      rows: (lane) => counts.get(lane) ?? 0,
      close: async () => {},
    };
  }

  #answer<T>(work: () => T): { value: T } | { error: unknown } {
    try { return { value: work() }; } catch (error) { return { error }; }
  }

  #append(rows: readonly SpoolRow[]): void {
    if (this.full) throw new OperatingError('E_NOT_DURABLE', 'the spool refuses: database or disk is full', { retryable: true });
    this.kept += rows.length;
    for (const row of rows) this.#rows.push({ ...row, id: ++this.#id });
  }

  #remove(lane: string, upTo: number): number {
    const before = this.#rows.length;
    this.#rows = this.#rows.filter((row) => row.lane !== lane || row.id > upTo);
    return before - this.#rows.length;
  }
}
