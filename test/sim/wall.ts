/** A wall: one browser before the web role's feed. It shows every number once, in order, over every death of what it hangs on (I8). */
import type { Feed } from '#web/feed.ts';
import type { FeedItem } from '#web/hub.ts';

export class Wall {
  /** The number it has shown last. */ seen = 0;
  frames = 0;
  #live: Feed | null = null;
  readonly #fail: (message: string) => void;
  constructor(fail: (message: string) => void) { this.#fail = fail; }

  #show(items: readonly FeedItem[]): void {
    for (const { seq } of items) {
      if (seq !== this.seen + 1) this.#fail(`the wall is shown number ${seq} after ${this.seen}`);
      this.seen = seq;
      this.frames++;
    }
  }

  /** What a web process sends to its sockets; one that has not caught up yet, or hangs on another process, hears nothing. */
  hear(feed: Feed | null, items: readonly FeedItem[]): void {
    // As the hub does (web/hub.ts, deliver): what it was given while it caught up comes once.
    if (feed !== null && feed === this.#live) this.#show(items.filter((i) => i.seq > this.seen));
  }

  /** It comes (again), with the last number it saw. */
  async connect(feed: Feed, head: () => number): Promise<void> {
    this.#live = null;
    while (this.seen < head()) this.#show(await feed.after(this.seen));
    this.#live = feed;
  }
}
