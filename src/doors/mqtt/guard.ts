/**
 * Stands between the socket and aedes, which bounds nothing itself (RELIABILITY 2.5): cuts packets, judges them, holds sizes,
 * times and what is in flight, answers pings, and hands aedes one packet at a time. It reads ahead, so an alarm behind
 * heartbeats of its own socket is seen while they still wait (law 8), and a slow database costs no keep-alive.
 * Costs with wire.ts 16 % of the edge's CPU per heartbeat, 2.4 µs over 200 connections, 3.3 over 5,000 (npm run bench -- heartbeats --profile; all parts in bench/README.md).
 */
import { Duplex } from 'node:stream';
import { generate } from 'mqtt-packet';
import { limits } from '#core/limits.ts';
import { topicPrefix, type KnownDevice } from '#core/publish.ts';
import { type Dialect, ownTopic } from './alink.ts';
import type { Share } from './share.ts';
import { bringsEvent, checkPacket, packetLength, type Packet } from './wire.ts';

export type GuardHooks = {
  /** A rule is broken, or a bound reached; the connection is gone. */ closed(guard: Guard, reason: string): void;
  /** An authenticated device sends a packet above the hard bound; the connection is gone. */ oversize(guard: Guard, bytes: number): void;
  /** An alarm stands behind other frames of this connection. */ alarmWaits(): void;
  /** What all connections may take of a turn; absent: as they come. */ share?: Share;
  /** Many devices are being let in at this moment; absent: never. */ crowded?(): boolean;
};
type Queued = { bytes: Buffer; packet: Packet; wholeMs: number };
/** A publish on its way to its acknowledgement; acknowledgements leave in the order of arrival [MQTT-4.6.0-2]. */
export type Flight = { settled: boolean; finish: () => void };

const connack = (code: number): Buffer => Buffer.of(0x20, 2, 0, code);
const pingresp = Buffer.of(0xd0, 0);
const nothing: Buffer = Buffer.alloc(0);

export class Guard extends Duplex {
  readonly address: string;
  readonly #socket: Duplex;
  readonly #hooks: GuardHooks;
  #state: 'connect' | 'login' | 'open' = 'connect';
  #in: Buffer = nothing;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #next: Buffer | null = null;
  #pumping = false;
  #pumpSoon = false;
  /** This turn has judged enough packets: the rest of what has come is judged in the next. */ #frameSoon = false;
  #inflight = 0;
  #ended = false;
  #timer: NodeJS.Timeout;
  #heardMs = performance.now();
  #partialMs: number | null = null;
  #keepAliveMs = limits.keepAliveS * 1_500;
  #lastId = 0;
  /** Commands sent down whose PUBACK is awaited. */ #commands = new Map<number, () => void>();

  /** Set by auth. */ device: KnownDevice | null = null;
  /** It speaks the protocol of a vendor's platform, below topics that name it. */ dialect: Dialect | null = null;
  prefix = '';
  will: unknown = null;
  /** Filters the device subscribed to. */ readonly filters = new Set<string>();
  /** QoS 2 message ids that are stored and not released yet. */ readonly stored = new Set<number>();
  /** Publishes that wait for their turn to be acknowledged. */ readonly flights: Flight[] = [];
  /** Event frames read ahead, not handed on yet. */ alarmsAhead = 0;
  flapping = false;
  /** When it was let in (monotonic milliseconds). */ enteredMs = 0;
  /** Its device has a newer connection at another edge. */ superseded = false;
  /** When the frame that aedes handles in this turn was whole (monotonic milliseconds). */ wholeMs = performance.now();
  /** Nothing more is handed to aedes: the connection is about to be closed by the gate. */ condemned = false;

  constructor(socket: Duplex, address: string, hooks: GuardHooks) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.address = address;
    this.#hooks = hooks;
    this.#timer = this.#untilConnect(limits.connectTimes);
    this.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => {});
    for (const event of ['end', 'close', 'error']) socket.on(event, () => { this.#ended = true; this.#finishWhenDone(); });
  }

  /** While the door works through a crowd it is the door that is waited for: then a connection has its time again. */
  #untilConnect(times: number): NodeJS.Timeout {
    return setTimeout(() => { if (times > 1 && this.#hooks.crowded?.()) this.#timer = this.#untilConnect(times - 1); else this.#refuse('connect-timeout'); }, limits.connectMs);
  }

  /** Auth: this device, below its own prefix only. */
  admit(device: KnownDevice): void {
    this.device = device;
    this.prefix = topicPrefix(device.id);
  }

  /** Whether a topic, or a filter, is this device's own. */
  owns(topic: string): boolean { return this.dialect ? ownTopic(this.dialect, topic) : this.prefix !== '' && topic.startsWith(this.prefix); }

  /** The CONNACK is written: frames that waited are handed on, larger ones are allowed. */
  open(): void {
    if (this.#state !== 'login' || this.destroyed) return;
    this.#state = 'open';
    this.#arm();
    this.#frame();
    this.#socket.resume();
  }

  /** Aedes takes the packet that is being handed on, nothing else. */
  override read(): Buffer | null {
    const next = this.#next;
    this.#next = null;
    return next;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void { this.#send(chunk, done); }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void { this.#send(Buffer.concat(chunks.map((c) => c.chunk)), done); }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#in = nothing;
    for (const settle of this.#commands.values()) settle();
    this.#commands.clear();
    const socket = this.#socket as Duplex & { destroySoon?: () => void };
    if (error === null && !socket.destroyed) { // what is written still leaves (a CONNACK that refuses), but not for long
      if (socket.destroySoon) socket.destroySoon(); else socket.end();
      setTimeout(() => socket.destroy(), 1_000).unref();
    } else socket.destroy();
    done(error);
  }

  /** The gate is done with one publish. */
  release(): void {
    this.#inflight--;
    if (this.#queue.length > 0 && !this.#pumpSoon) {
      this.#pumpSoon = true;
      setImmediate(() => { this.#pumpSoon = false; this.#pump(); });
    } else this.#finishWhenDone();
  }

  /** Sends a command with QoS 1; true when the device acknowledged it in limits.commandMs. */
  sendDown(topic: string, payload: Uint8Array): Promise<boolean> {
    if (this.destroyed || this.#commands.size >= limits.inflightPerClient) return Promise.resolve(false);
    do this.#lastId = (this.#lastId % 0xffff) + 1; while (this.#commands.has(this.#lastId));
    const messageId = this.#lastId;
    return new Promise((resolve) => {
      const end = (ok: boolean): void => { clearTimeout(timer); this.#commands.delete(messageId); resolve(ok); };
      const timer = setTimeout(() => end(false), limits.commandMs);
      this.#commands.set(messageId, () => end(!this.destroyed));
      this.write(generate({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, messageId, dup: false, retain: false }));
    });
  }

  /** Sends an answer with QoS 0. */
  tell(topic: string, payload: Uint8Array): void {
    if (!this.destroyed) this.write(generate({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, dup: false, retain: false }));
  }

  #send(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) done(); else this.#socket.write(chunk, () => done());
  }

  #take(chunk: Buffer): void {
    if (this.destroyed || this.condemned) return;
    this.#heardMs = performance.now();
    // Who sends without reading what it is answered would have its answers kept for it without end.
    if (this.writableLength > limits.unreadBytes) { this.#refuse('not-reading'); return; }
    this.#in = this.#in.length === 0 ? chunk : Buffer.concat([this.#in, chunk]);
    const { share } = this.#hooks;
    // Its turn comes; an alarm's is now, and what stands before it on its socket goes with it. Who is not let in yet does not stand in line: a button connects only to press.
    if (share && this.#state === 'open' && (this.#frameSoon || !share.free())) {
      if (bringsEvent(this.#in)) this.#frameSoon = false;
      else if (!this.#frameSoon) this.#frameInNextTurn();
    }
    if (!this.#frameSoon) this.#frame(); else if (this.#in.length > limits.readAheadBytes) this.#socket.pause();
  }

  /** Cuts and judges the packets that are whole, and hands on what may be handed on. */
  #frame(): void {
    const all = this.#in;
    let from = 0;
    let left: number = limits.packetsPerTurn;
    while (this.#state !== 'login' && from < all.length && !this.destroyed) {
      if (left-- === 0) { this.#frameInNextTurn(); break; }
      const length = packetLength(all, from);
      const wrong = this.#wrongHeader(all[from] as number, length);
      if (wrong !== null) { this.#refuse(wrong); return; }
      if (length === null || all.length - from < length) break;
      const bytes = all.subarray(from, from + length);
      from += length;
      const packet = checkPacket(bytes);
      const broken = typeof packet === 'string' ? packet : this.#handle(bytes, packet);
      if (broken !== null) { this.#refuse(broken); return; }
    }
    this.#in = from === all.length || this.destroyed ? nothing : all.subarray(from);
    if (from > 0) this.#partialMs = null; // what is left now is another packet, and has all of its time
    this.#boundReading();
    this.#pump();
  }

  /** A chunk holds thousands of small packets: other connections have their turn in between (law 8). */
  #frameInNextTurn(): void {
    this.#frameSoon = true;
    const { share } = this.#hooks;
    const go = (): void => { if (!this.#frameSoon) return; this.#frameSoon = false; if (!this.destroyed) this.#frame(); };
    if (share) share.later(go); else setImmediate(go);
  }

  /** What speaks against a packet before its body has come; null: nothing yet. */
  #wrongHeader(first: number, length: number | null): string | null {
    if (length === -1) return 'bad-length';
    if (this.#state === 'connect' && first !== 0x10) return 'not-connect';
    if ((length ?? 0) <= (this.#state === 'connect' ? limits.preAuthPacketBytes : limits.packetBytes)) return null;
    if (this.#state === 'open') this.#hooks.oversize(this, length ?? 0);
    return 'too-large';
  }

  /** Answers the packet or puts it in the queue; the rule it breaks, or null. */
  #handle(bytes: Buffer, packet: Packet): string | null {
    switch (packet.type) {
      case 'connect':
        if (this.#state !== 'connect') return 'second-connect';
        if (packet.level !== 3 && packet.level !== 4) { this.#send(connack(1), () => {}); return 'protocol-level'; }
        this.#keepAliveMs = Math.min(packet.keepAliveS || limits.keepAliveS, limits.keepAliveS) * 1_500;
        this.#state = 'login';
        this.#socket.pause();
        break;
      case 'pingreq': this.write(pingresp); return null;
      case 'puback': {
        const settle = this.#commands.get(packet.messageId);
        settle?.();
        return settle ? null : 'unsolicited-ack';
      }
      case 'pubrel': this.stored.delete(packet.messageId); break;
      case 'publish':
        if (!packet.event) break;
        this.alarmsAhead++;
        if (this.#inflight > 0 || this.#queue.length > 0) this.#hooks.alarmWaits();
        break;
      default: break;
    }
    this.#queue.push({ bytes, packet, wholeMs: this.#heardMs });
    this.#queuedBytes += bytes.length;
    return null;
  }

  /** Hands packets on, one per turn of aedes, as long as the bound of what is in flight allows. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let head = this.#queue[0]; head && !this.destroyed && !this.condemned; head = this.#queue[0]) {
      const publish = head.packet.type === 'publish';
      if (publish && this.#inflight >= limits.inflightPerClient) break;
      this.#queue.shift();
      this.#queuedBytes -= head.bytes.length;
      this.#next = head.bytes;
      this.wholeMs = head.wholeMs;
      if (publish) this.#inflight++;
      if (head.packet.type === 'publish' && head.packet.event) this.alarmsAhead--;
      this.emit('readable');
    }
    this.#pumping = false;
    this.#boundReading();
    this.#finishWhenDone();
  }

  #boundReading(): void {
    const ahead = this.#queuedBytes + this.#in.length;
    if (ahead > limits.readAheadBytes || this.#frameSoon) this.#socket.pause();
    else if (ahead < limits.readAheadBytes / 2 && this.#state !== 'login' && this.#socket.isPaused()) this.#socket.resume();
    if (this.#in.length === 0) this.#partialMs = null;
    else if (this.#partialMs === null && this.#state === 'open') { this.#partialMs = performance.now(); this.#arm(); }
  }

  /** The device has hung up: what it had sent is still handled and committed. */
  #finishWhenDone(): void {
    if (!this.#ended || this.destroyed || this.#frameSoon || this.#state === 'login') return; // a login ends by `open`, a refusal, or the timer
    if (this.#state === 'connect' || (this.#queue.length === 0 && this.#inflight === 0)) this.destroy();
  }

  /** One timer for the keep-alive and for a packet that does not end; it looks again instead of being moved by each byte. */
  #arm(): void {
    clearTimeout(this.#timer);
    const silentAt = this.#heardMs + this.#keepAliveMs;
    const partialAt = this.#partialMs === null || this.#socket.isPaused() ? Infinity : this.#partialMs + limits.packetMs;
    this.#timer = setTimeout(() => {
      const now = performance.now();
      if (now >= this.#heardMs + this.#keepAliveMs && !this.#socket.isPaused()) this.#refuse('keep-alive');
      else if (this.#partialMs !== null && now >= this.#partialMs + limits.packetMs && !this.#socket.isPaused()) this.#refuse('slow-packet');
      else this.#arm();
    }, Math.max(1_000, Math.min(silentAt, partialAt) - performance.now()));
  }

  #refuse(reason: string): void {
    if (this.destroyed) return;
    this.condemned = true;
    this.#hooks.closed(this, reason);
    this.destroy();
  }
}
