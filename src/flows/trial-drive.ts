/**
 * A trial inside the contained process: what happened in the span is given to the nodes that listen, in its order, each at its time; timers of the flows fire at
 * theirs in between. It waits after each until the flow has come to rest, so that what follows finds what it left.
 */
import type { Answer, TrialAt } from './messages.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a node of a stream says of itself (flows/nodes/anling-in.js). */
export type Listener = { stream: 'alerts' | 'events' | 'samples'; filter: Record<string, unknown>; give(item: unknown): void };
type Item = { at: number; item: unknown };
type Source = { listener: Listener; items: Item[]; next: number | null | undefined; given: number };
export type DriveOptions = {
  clock: VirtualClock; span: { from: number; to: number; rows: number };
  ask(path: string, body: unknown): Promise<Answer>; /** A promise while the flow waits for an answer of its keeper. */ waiting(): Promise<void> | null; /** Messages between nodes so far. */ messages(): number;
};

export class TrialDrive {
  readonly #o: DriveOptions;
  readonly #sources: Source[] = [];
  #items = 0;
  #less = false;

  constructor(options: DriveOptions) { this.#o = options; }

  listen(listener: Listener): void { this.#sources.push({ listener, items: [], next: undefined, given: 0 }); }
  at(): TrialAt { return { at: Math.min(Math.max(this.#o.clock.now(), this.#o.span.from), this.#o.span.to), items: this.#items, messages: this.#o.messages() }; }

  /** True when there was more than was driven. Throws what an answer was refused with. */
  async run(): Promise<boolean> {
    const { clock, span } = this.#o;
    const settled = (): Promise<void> => this.#settled();
    await clock.advance(span.from, settled);
    for (;;) {
      const next = await this.#earliest();
      if (next === null) break;
      await clock.advance(Math.min(next.items[0]?.at ?? 0, span.to), settled);
      if (next.given >= span.rows) return true;
      next.given++;
      this.#items++;
      next.listener.give(next.items.shift()?.item);
      await settled();
    }
    await clock.advance(span.to, settled);
    return this.#less;
  }

  async #earliest(): Promise<Source | null> {
    let first: Source | null = null;
    for (const source of this.#sources) {
      while (source.items.length === 0 && source.next !== null) await this.#more(source);
      const at = source.items[0]?.at;
      if (at !== undefined && (first === null || at < (first.items[0]?.at ?? 0))) first = source;
    }
    return first;
  }

  async #more(source: Source): Promise<void> {
    const { span } = this.#o;
    const answer = await this.#o.ask('/api/v1/flows/history', { ...source.listener.filter, stream: source.listener.stream, from: span.from, to: span.to, ...(source.next === undefined || source.next === null ? {} : { after: source.next }) });
    if (answer.status !== 200) throw new Error(`${source.listener.stream}: ${answer.status} ${answer.body.slice(0, 200)}`);
    const said = JSON.parse(answer.body) as { items: Item[]; next: number | null; less: boolean };
    source.items = said.items;
    source.next = said.next;
    this.#less ||= said.less;
  }

  /** At rest: nothing is asked, and no message has moved for a few turns of the loop. */
  async #settled(): Promise<void> {
    for (let quiet = 0, seen = -1; quiet < 2;) {
      await new Promise<void>((resolve) => { setImmediate(resolve); });
      const waiting = this.#o.waiting();
      if (waiting !== null) { await waiting; quiet = 0; continue; }
      const now = this.#o.messages();
      if (now === seen) quiet++; else { seen = now; quiet = 0; }
    }
  }
}
