/**
 * One tormented device: presses its button in a closed loop over a real socket, resends the same event until it is
 * acknowledged, and keeps its own ledger of what was acknowledged. Knows nothing of the house but the protocol.
 */
import { connect, type Socket } from 'node:net';
import { type Packet, generate, parser } from 'mqtt-packet';

export type Ledger = { acked: string[]; sent: number; resent: number; closed: number; /** from the press to its acknowledgement */ ackMs: number[] };
export type PresserOptions = { id: string; secret: string; port: number; kind: string; /** Pause between two presses. */ pauseMs: number; /** Given: it pings within it, and is cut off when it is not heard. */ keepaliveS?: number;
  /** The number of its first press: a device that goes on where it was. */ first?: number; /** Told of every event whose PUBACK came. */ acked?: (eventId: string) => void };

export class Presser {
  readonly ledger: Ledger = { acked: [], sent: 0, resent: 0, closed: 0, ackMs: [] };
  readonly #options: PresserOptions;
  #socket: Socket | null = null;
  #pending: { eventId: string; messageId: number; payload: string; atMs: number } | null = null;
  #next = 1;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;
  #settled: (() => void) | null = null;

  constructor(options: PresserOptions) { this.#options = options; this.#next = options.first ?? 1; }

  get id(): string { return this.#options.id; }

  /** Also after `finish`. */
  start(): void { this.#stopped = false; this.#connect(); }

  /** No further presses; resolves when the one under way was acknowledged (or at once when none is). */
  finish(): Promise<void> {
    this.#stopped = true;
    if (this.#pending === null) { this.end(); return Promise.resolve(); }
    return new Promise((resolve) => { this.#settled = resolve; });
  }

  end(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#socket = null;
    this.#settled?.();
  }

  get waiting(): boolean { return this.#pending !== null; }
  /** The cable is pulled; it comes back by itself. */
  drop(): void { this.#socket?.destroy(); }

  #connect(): void {
    const { id, secret, port, keepaliveS } = this.#options;
    const socket = connect({ port, host: '127.0.0.1' });
    this.#socket = socket;
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet: Packet) => this.#hear(packet));
    packets.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    // A house that is down, or hangs, is left and tried again: a silent socket must not end the loop.
    socket.setTimeout(15_000, () => socket.destroy());
    socket.on('connect', () => socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: id, keepalive: keepaliveS ?? 60, username: id, password: Buffer.from(secret) })));
    socket.on('data', (bytes) => packets.parse(bytes));
    const pinging = keepaliveS === undefined ? null : setInterval(() => socket.write(generate({ cmd: 'pingreq' })), keepaliveS * 500);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (pinging) clearInterval(pinging);
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.ledger.closed++;
      if (!this.#stopped || this.#pending !== null) this.#after(100 + Math.random() * 400, () => this.#connect());
    });
  }

  #hear(packet: Packet): void {
    if (packet.cmd === 'connack') {
      if (packet.returnCode !== 0) { this.#socket?.destroy(); return; }
      if (this.#pending) { this.ledger.resent++; this.#publish(true); } else this.#press();
      return;
    }
    const pending = this.#pending;
    if (packet.cmd === 'puback' && pending !== null && pending.messageId === packet.messageId) {
      this.ledger.acked.push(pending.eventId);
      this.#options.acked?.(pending.eventId);
      this.ledger.ackMs.push(performance.now() - pending.atMs);
      this.#pending = null;
      if (this.#stopped) this.end();
      else this.#after(this.#options.pauseMs * (0.5 + Math.random()), () => this.#press());
    }
  }

  #press(): void {
    if (this.#stopped || this.#pending || !this.#socket) return;
    const eventId = `e${this.#next++}`;
    const payload = JSON.stringify({ id: eventId, kind: this.#options.kind, time: Date.now() });
    this.#pending = { eventId, messageId: (this.#next % 65_000) + 1, payload, atMs: performance.now() };
    this.ledger.sent++;
    this.#publish(false);
  }

  #publish(dup: boolean): void {
    if (!this.#pending) return;
    this.#socket?.write(generate({ cmd: 'publish', topic: `care/v1/${this.#options.id}/event`, payload: this.#pending.payload, qos: 1, dup, retain: false, messageId: this.#pending.messageId }));
  }

  #after(ms: number, action: () => void): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms);
  }
}
