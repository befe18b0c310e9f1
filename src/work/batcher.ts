/**
 * Collects items for a short time or up to a size and writes them together; every `add` resolves, in the order of the
 * adds, when the write that holds its item has ended. One write is under way at a time per lane, so what arrives
 * meanwhile forms the next batch (group commit): with one writer the wait is the commit itself, not the timer.
 */
export type BatcherOptions<T, R> = {
  /** 0: as soon as what runs now has ended (what one chunk of a socket holds is together). */ maxMs: number; maxRows: number; lanes?: number;
  /** Writes the items; the results stand in their order. Rejecting rejects every add of the batch. */
  write(items: T[]): Promise<R[]>;
};

export class Batcher<T, R> {
  readonly #options: BatcherOptions<T, R>;
  #waiting: { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #soon = false;
  #writing = 0;
  #pending = 0;
  #idle: (() => void)[] = [];

  constructor(options: BatcherOptions<T, R>) { this.#options = options; }

  /** Items that wait for a write to begin. */
  get waiting(): number { return this.#waiting.length; }
  /** Those, and the items of the writes under way. */
  get pending(): number { return this.#pending; }

  add(item: T): Promise<R> {
    this.#pending++;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length >= this.#options.maxRows) this.flush();
      else if (this.#options.maxMs === 0) this.#flushSoon();
      else this.#timer ??= setTimeout(() => this.flush(), this.#options.maxMs);
    });
  }

  #flushSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => { this.#soon = false; this.flush(); });
  }

  /** Begins a write of what waits, if a lane is free; else it begins when one is. */
  flush(): void {
    if (this.#timer) { clearTimeout(this.#timer); this.#timer = null; }
    if (this.#waiting.length === 0 || this.#writing >= (this.#options.lanes ?? 1)) return;
    const batch = this.#waiting.splice(0, this.#options.maxRows);
    this.#writing++;
    this.#options.write(batch.map((b) => b.item)).then(
      (results) => { this.#pending -= batch.length; for (const [i, b] of batch.entries()) b.resolve(results[i] as R); },
      (error: unknown) => { this.#pending -= batch.length; for (const b of batch) b.reject(error); },
    ).finally(() => {
      this.#writing--;
      if (this.#waiting.length > 0) this.flush();
      else if (this.#writing === 0) for (const done of this.#idle.splice(0)) done();
    });
  }

  /** Resolves when nothing waits and nothing is being written. */
  drain(): Promise<void> {
    this.flush();
    return this.#waiting.length === 0 && this.#writing === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
