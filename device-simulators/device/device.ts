/**
 * One simulated device of protocol v1: connects with its own id and secret, beats, presses, hears commands and answers them,
 * and sends what was not acknowledged again after a reconnect, as docs/protocol.md asks. When to beat and when to come back is
 * its owner's decision (the fleet's, a scenario's): nothing here waits by itself.
 */
import type { DecodedEvent, DeviceKind, Edge, VitalsReading } from '#core/event.ts';
import { topicPrefix } from '#core/publish.ts';
import { encode } from '#vendors/anling/encode.ts';
import { type Heard, obey, readCommand } from './commands.ts';
import { type DeviceState, newState } from './state.ts';
import { type Address, Wire } from './wire.ts';

export type DeviceOptions = {
  id: string; secret: string; model: string; address: Address;
  /** The house's time, epoch ms. */ now(): number;
  state?: Partial<DeviceState>; keepAliveS?: number;
  /** The connection went, by whoever's doing. */ down?: () => void;
  /** A command arrived and was answered. */ heard?: (command: Heard) => void;
};
export type EventInput = { kind: DeviceKind; edge?: Edge; /** Default: one of its own. */ id?: string; /** The device's time of it; default now. */ at?: number; confidence?: number; ref?: string; data?: Record<string, unknown> };
/** `ms`: from the first sending to the PUBACK; `at`: the PUBACK by the house's clock. */
export type Ack = { eventId: string; ms: number; at: number; /** Times it was sent. */ sends: number };

type Pending = { rest: string; payload: Uint8Array; sentMs: number; sends: number; messageId: number; /** Sent again after a reconnect. */ keep: boolean; done(ack: { ms: number; at: number; sends: number } | null): void };

/** Commands remembered; the oldest go. */
const heardMax = 100;
const utf8 = new TextEncoder();

export class SimDevice {
  readonly id: string;
  readonly model: string;
  readonly state: DeviceState;
  /** Every command it was given, newest last. */
  readonly heard: Heard[] = [];
  readonly #options: DeviceOptions;
  readonly #pending: Pending[] = [];
  readonly #prefix: string;
  #wire: Wire | null = null;
  #open = false;
  #events = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.id = options.id;
    this.model = options.model;
    this.state = newState(options.state);
    this.#prefix = topicPrefix(options.id);
  }

  get connected(): boolean { return this.#open; }
  /** Alarms and messages that the house has not acknowledged. */
  get unacknowledged(): number { return this.#pending.length; }

  /** Logs in and subscribes to its commands; what is unacknowledged goes out again. Rejects with Refusal or the socket's error. */
  async connect(): Promise<void> {
    if (this.#wire) return;
    const { id, secret, address, keepAliveS = 0 } = this.#options;
    const wire: Wire = new Wire(address, { id, secret, keepAliveS, will: { topic: `${this.#prefix}status`, payload: encode({ channel: 'status', online: false }) } }, `${this.#prefix}command`, {
      acked: (messageId) => this.#acked(messageId),
      message: (topic, payload) => this.#command(topic, payload),
      closed: () => this.#closed(wire),
    });
    this.#wire = wire;
    await wire.open();
    if (this.#wire !== wire) return;
    this.#open = true;
    for (const p of this.#pending) this.#send(p);
  }

  /** Its readings now; null when the connection went before the PUBACK: a heartbeat is not sent again. */
  heartbeat(): Promise<{ ms: number; at: number } | null> {
    const { battery, rssi, mains, fw, temp, cell } = this.state;
    const reading = { deviceTime: this.#clock(), seq: ++this.state.seq, battery: Math.round(battery), rssi: Math.round(rssi), mains, fw, temp, ...(cell === null ? {} : { cell }) };
    return this.#publish('heartbeat', encode({ channel: 'heartbeat', reading, extra: null }), false);
  }

  vitals(reading: VitalsReading): Promise<{ ms: number; at: number } | null> {
    return this.#publish('vitals', encode({ channel: 'vitals', reading: { deviceTime: this.#clock(), ...reading }, extra: null }), false);
  }

  /** Reports an event until it is acknowledged, over as many connections as that takes; null when it was closed before. */
  async event(input: EventInput): Promise<Ack | null> {
    const { kind, edge = 'raise', at = this.#clock(), id = `${at.toString(36)}-${this.#events++}`, ...rest } = input;
    const event: DecodedEvent = { kind, edge, sourceEventId: id, deviceTime: at, ...rest, flags: [] };
    const ack = await this.#publish('event', encode({ channel: 'event', event }), true);
    return ack && { eventId: id, ...ack };
  }

  /** Any bytes below its own prefix, e.g. a frame that no decoder can read; sent until acknowledged. */
  raw(rest: string, payload: Uint8Array | string): Promise<{ ms: number; at: number } | null> {
    return this.#publish(rest, typeof payload === 'string' ? utf8.encode(payload) : payload, true);
  }

  ping(): void { this.#wire?.ping(); }

  /** The cable is pulled or the battery taken out: the house learns it from the will. */
  drop(): void { this.#wire?.drop(); }

  /** Comes up again as after a power cut: the counter begins anew. The owner connects it. */
  reboot(): void {
    this.state.reboots++;
    this.state.seq = 0;
    this.drop();
  }

  /** A clean goodbye; what is unacknowledged is given up. */
  close(): void {
    for (const p of this.#pending.splice(0)) p.done(null);
    this.#wire?.end();
  }

  #clock(): number { return Math.round(this.#options.now() + this.state.skewMs); }

  #publish(rest: string, payload: Uint8Array, keep: boolean): Promise<{ ms: number; at: number; sends: number } | null> {
    return new Promise((done) => {
      if (!keep && !this.#open) { done(null); return; }
      const pending: Pending = { rest, payload, sentMs: performance.now(), sends: 0, messageId: 0, keep, done };
      this.#pending.push(pending);
      if (this.#open) this.#send(pending);
    });
  }

  #send(p: Pending): void {
    if (!this.#wire) return;
    p.sends++;
    p.messageId = this.#wire.publish(this.#prefix + p.rest, p.payload);
  }

  #acked(messageId: number): void {
    const at = this.#pending.findIndex((p) => p.messageId === messageId);
    const [p] = at < 0 ? [] : this.#pending.splice(at, 1);
    p?.done({ ms: performance.now() - p.sentMs, at: this.#options.now(), sends: p.sends });
  }

  #command(topic: string, payload: Uint8Array): void {
    const command = topic === `${this.#prefix}command` ? readCommand(payload) : null;
    if (command === null) return;
    // QoS 1 may bring it twice: it is answered again, not done again.
    const before = this.heard.find((h) => h.id === command.id);
    const { ok, data } = before ? { ok: before.ok, data: {} } : obey(this.state, command);
    void this.raw('command/reply', encode({ channel: 'reply', id: command.id, ok, data }));
    if (before) return;
    const heard = { ...command, at: this.#options.now(), ok };
    this.heard.push(heard);
    if (this.heard.length > heardMax) this.heard.shift();
    this.#options.heard?.(heard);
    if (command.name === 'reboot') this.drop();
  }

  #closed(wire: Wire): void {
    if (this.#wire !== wire) return;
    this.#wire = null;
    this.#open = false;
    for (const p of this.#pending.filter((q) => !q.keep)) {
      this.#pending.splice(this.#pending.indexOf(p), 1);
      p.done(null);
    }
    for (const p of this.#pending) p.messageId = 0;
    this.#options.down?.();
  }
}
