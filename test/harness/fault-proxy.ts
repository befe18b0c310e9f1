/**
 * A TCP proxy that is told at run time how to be a bad network: between a role and its database, a device and its door, us and
 * the gateway. It knows nothing of what it carries but bytes; whatever it draws by chance comes from its seed.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomOf } from '#core/demo-random.ts';

/**
 * `pass`; `stall`: nothing moves, connections stay, and go on where they were; `swallow`: half-open, what is sent is taken and nobody hears of it, also
 * after the healing of those connections; `reset`: a connect is taken and cut at once; `refuse`: nobody listens, and who was connected is cut.
 */
export type ProxyMode = 'pass' | 'stall' | 'swallow' | 'reset' | 'refuse';
export type ProxyFaults = {
  mode: ProxyMode;
  /** Each way, for every piece; `jitterMs` more at most, drawn. */ latencyMs: number; jitterMs: number;
  /** Each way and connection; 0: as fast as it goes. */ bytesPerSecond: number;
  /** New connections end in the middle of whatever follows so many bytes from the client, drawn between the two; null: they do not. */ cutAfterBytes: readonly [number, number] | null;
};
/** A cut at what is being said: `COMMIT` of a transaction, the name of a statement, the id of a device. */
export type ProxyCut = {
  at: string | Uint8Array; times: number;
  /** `answer` (default): what was said gets there and is answered, the answer is lost. `word`: it does not get there either. */ lose?: 'answer' | 'word';
};
export type FaultProxy = {
  readonly port: number;
  /** This address with our host and port in it. */ through(url: string): string;
  /** Changes what is named, at once, for living connections too; resolves when it holds. */ set(faults: Partial<ProxyFaults>): Promise<void>;
  /** Everything as it should be; what was swallowed stays swallowed. */ heal(): Promise<void>;
  /** Cuts the next connections that say it; replaces an earlier order. */ cutAt(cut: ProxyCut | null): void;
  /** Resets every living connection; how many there were. */ cutAll(): number;
  readonly counts: Readonly<{ connections: number; open: number; cuts: number; swallowed: number; bytes: number }>;
  close(): Promise<void>;
};

/** What `client.query('commit')` is on PostgreSQL's wire: a simple query of that one word. */
export const commitWord = 'commit\0';

const healthy: ProxyFaults = { mode: 'pass', latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, cutAfterBytes: null };
/** Held back per direction before the sender is paused. */
const heldBytes = 1024 * 1024;
/** A word whose answer is to be lost and which is not answered (a lock) is cut after this all the same. */
const answerMs = 1_000;
const slice = 16 * 1024;

type Shared = { faults: ProxyFaults; cut: (ProxyCut & { left: number; word: Buffer }) | null; random: Random; pairs: Set<Pair>; counts: { connections: number; cuts: number; swallowed: number; bytes: number }; changed: Set<() => void> };

export async function startFaultProxy(options: { host?: string; port: number; seed?: number }): Promise<FaultProxy> {
  const shared: Shared = { faults: healthy, cut: null, random: randomOf(options.seed ?? 1), pairs: new Set(), counts: { connections: 0, cuts: 0, swallowed: 0, bytes: 0 }, changed: new Set() };
  const make = (): Server => createServer({ allowHalfOpen: true, noDelay: true }, (client) => accept(shared, client, { host: options.host ?? '127.0.0.1', port: options.port }));
  let server: Server | null = await listen(make(), 0);
  const { port } = server.address() as { port: number };
  let last = Promise.resolve();
  const apply = async (faults: ProxyFaults): Promise<void> => {
    shared.faults = faults;
    if (faults.mode === 'refuse') {
      if (server) { const was = server; server = null; await new Promise<void>((resolve) => { was.close(() => resolve()); cutAll(); }); }
    } else server ??= await listen(make(), port);
    for (const pair of shared.pairs) if (faults.mode === 'swallow') pair.swallow();
    for (const wake of shared.changed) wake();
  };
  const set = (faults: Partial<ProxyFaults>): Promise<void> => { last = last.then(() => apply({ ...shared.faults, ...faults })); return last; };
  const cutAll = (): number => { const living = [...shared.pairs]; for (const pair of living) pair.reset(); return living.length; };
  return {
    port, set, heal: () => { shared.cut = null; return set(healthy); }, cutAll,
    through(url) { const to = new URL(url); to.hostname = '127.0.0.1'; to.port = String(port); return to.href; },
    cutAt(cut) { shared.cut = cut && { ...cut, left: cut.times, word: Buffer.from(cut.at as string) }; },
    get counts() { return { ...shared.counts, open: shared.pairs.size }; },
    async close() {
      await set({ mode: 'refuse' });
      for (const wake of shared.changed) wake();
    },
  };
}

function listen(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => { server.once('error', reject); server.listen(port, '127.0.0.1', () => resolve(server)); });
}

function accept(shared: Shared, client: Socket, to: { host: string; port: number }): void {
  shared.counts.connections++;
  client.on('error', () => {});
  if (shared.faults.mode === 'reset' || shared.faults.mode === 'refuse') { shared.counts.cuts++; client.resetAndDestroy(); return; }
  new Pair(shared, client, shared.faults.mode === 'swallow' ? null : connect({ ...to, noDelay: true, allowHalfOpen: true }));
}

/** One connection through the proxy: two sockets, a lane each way. */
class Pair {
  readonly #shared: Shared;
  readonly #client: Socket;
  #upstream: Socket | null;
  #until: number;
  /** The answer to what was just said is awaited, and lost. */ #losing = false;

  constructor(shared: Shared, client: Socket, upstream: Socket | null) {
    this.#shared = shared;
    this.#client = client;
    this.#upstream = upstream;
    const range = shared.faults.cutAfterBytes;
    this.#until = range ? range[0] + shared.random.below(range[1] - range[0] + 1) : Infinity;
    shared.pairs.add(this);
    client.on('close', () => this.#gone(this.#upstream));
    if (!upstream) { this.swallow(); return; }
    upstream.on('error', () => {});
    upstream.on('close', () => { if (this.#upstream) this.#gone(client); });
    new Lane(shared, client, (bytes) => this.#say(bytes), () => this.#upstream?.end());
    new Lane(shared, upstream, (bytes) => { if (this.#losing) this.reset(); else if (this.#upstream) client.write(bytes); }, () => { if (this.#upstream) client.end(); });
  }

  /** From the client to the server, as far as this connection is to live. */
  #say(bytes: Buffer): void {
    const { cut } = this.#shared;
    if (!this.#upstream || this.#losing) return;
    if (cut !== null && cut.left > 0 && bytes.includes(cut.word)) {
      cut.left--;
      if (cut.lose === 'word') { this.reset(); return; }
      this.#losing = true;
      setTimeout(() => this.reset(), answerMs).unref();
    }
    const part = bytes.subarray(0, this.#until);
    this.#until -= part.length;
    this.#shared.counts.bytes += part.length;
    this.#upstream.write(part, () => { if (this.#until <= 0) this.reset(); });
  }

  /** The server's side goes, the client hears nothing of it. */
  swallow(): void {
    this.#shared.counts.swallowed++;
    const upstream = this.#upstream;
    this.#upstream = null;
    upstream?.resetAndDestroy();
    this.#client.on('data', () => {}).on('end', () => this.#client.end()).resume();
  }

  reset(): void {
    if (!this.#shared.pairs.has(this)) return;
    this.#shared.counts.cuts++;
    this.#shared.pairs.delete(this);
    this.#client.resetAndDestroy();
    this.#upstream?.resetAndDestroy();
  }

  /** One side is closed for good: the other says what it still has and closes too. */
  #gone(other: Socket | null): void {
    this.#shared.pairs.delete(this);
    other?.destroySoon();
  }
}

/** One direction: pieces leave in their order, each not before its time, at the given rate, and not while the network stands. */
class Lane {
  readonly #shared: Shared;
  readonly #from: Socket;
  readonly #put: (bytes: Buffer) => void;
  readonly #end: () => void;
  readonly #held: { bytes: Buffer; dueMs: number }[] = [];
  #bytes = 0;
  #running = false;
  #ended = false;

  constructor(shared: Shared, from: Socket, put: (bytes: Buffer) => void, end: () => void) {
    this.#shared = shared;
    this.#from = from;
    this.#put = put;
    this.#end = end;
    from.on('data', (bytes: Buffer) => this.#take(bytes)).on('end', () => { this.#ended = true; if (!this.#running) end(); });
  }

  #take(bytes: Buffer): void {
    const { faults, random } = this.#shared;
    if (!this.#running && faults.mode === 'pass' && faults.latencyMs + faults.jitterMs + faults.bytesPerSecond === 0) { this.#put(bytes); return; }
    this.#held.push({ bytes, dueMs: performance.now() + faults.latencyMs + random.share() * faults.jitterMs });
    this.#bytes += bytes.length;
    if (this.#bytes > heldBytes) this.#from.pause();
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let piece = this.#held.shift(); piece && !this.#from.destroyed; piece = this.#held.shift()) {
      const waitMs = piece.dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
      for (let at = 0; at < piece.bytes.length; at += slice) {
        while (this.#shared.faults.mode === 'stall' && !this.#from.destroyed) await this.#change();
        const part = piece.bytes.subarray(at, at + slice);
        const rate = this.#shared.faults.bytesPerSecond;
        if (rate > 0) await sleep((part.length / rate) * 1_000, undefined, { ref: false });
        this.#put(part);
      }
      this.#bytes -= piece.bytes.length;
      if (this.#bytes <= heldBytes) this.#from.resume();
    }
    this.#running = false;
    if (this.#ended) this.#end();
  }

  #change(): Promise<void> {
    const { changed } = this.#shared;
    return new Promise((resolve) => {
      const wake = (): void => { changed.delete(wake); this.#from.off('close', wake); resolve(); };
      changed.add(wake);
      this.#from.once('close', wake);
    });
  }
}
