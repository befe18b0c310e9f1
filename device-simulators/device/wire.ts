/**
 * One MQTT 3.1.1 connection as a device has it: a socket of its own, its id and secret, a will, and packets. No client library:
 * thousands of these live in one process, and what is sent again, and when, is the device's story and not a library's.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate, type Packet, parser } from 'mqtt-packet';

export type Address = { host: string; port: number; tls: boolean; /** The house's own certificate (PEM), pinned: its name does not count. */ ca?: string };
export type Login = { id: string; secret: string; keepAliveS: number; will: { topic: string; payload: Uint8Array } };
export type WireHooks = { acked(messageId: number): void; message(topic: string, payload: Uint8Array): void; closed(): void };

/** What was waited for did not come for so long: the wire is cut, the device connects anew. */
const silentMs = 15_000;
const refusals: Readonly<Record<number, string>> = { 1: 'protocol version', 2: 'id', 3: 'house not ready', 4: 'wrong id or secret', 5: 'not allowed' };

/** A login that the house refused; `code` is the CONNACK's. */
export class Refusal extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`the house refused the login: ${refusals[code] ?? 'code'} (${code})`);
    this.name = 'Refusal';
    this.code = code;
  }
}

export class Wire {
  readonly #socket: Socket;
  readonly #login: Login;
  readonly #hooks: WireHooks;
  readonly #topic: string;
  #opening: { resolve(): void; reject(error: Error): void } | null = null;
  #waiting = 0;
  #next = 0;
  #closed = false;

  /** `topic` is subscribed to before the connection counts as open. */
  constructor(address: Address, login: Login, topic: string, hooks: WireHooks) {
    this.#login = login;
    this.#hooks = hooks;
    this.#topic = topic;
    const { host, port } = address;
    const begin = (): void => this.#connect();
    this.#socket = address.tls
      ? connectTls({ host, port, ...(address.ca === undefined ? {} : { ca: address.ca, checkServerIdentity: () => undefined }) }, begin)
      : connect({ host, port, noDelay: true }, begin);
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet: Packet) => this.#hear(packet));
    packets.on('error', () => this.drop());
    this.#socket.on('data', (bytes) => packets.parse(bytes as Buffer));
    this.#socket.on('error', (error) => this.#opening?.reject(error));
    this.#socket.on('close', () => this.#gone());
    this.#socket.setTimeout(silentMs, () => this.drop());
  }

  /** Resolves when the house has taken the login and the subscription; rejects with Refusal or the socket's error. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => { this.#opening = { resolve, reject }; });
  }

  /** Sends at QoS 1; answers the message id under which `acked` will come. */
  publish(topic: string, payload: Uint8Array): number {
    this.#next = (this.#next % 65_000) + 1;
    if (this.#waiting++ === 0) this.#socket.setTimeout(silentMs);
    this.#write({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, dup: false, retain: false, messageId: this.#next });
    return this.#next;
  }

  ping(): void { this.#write({ cmd: 'pingreq' }); }

  /** The cable is pulled: no DISCONNECT, the house learns it from the will. */
  drop(): void { this.#socket.destroy(); }

  /** A clean goodbye: no will. */
  end(): void {
    this.#write({ cmd: 'disconnect' });
    this.#socket.end();
    this.#socket.setTimeout(1_000, () => this.#socket.destroy());
  }

  #connect(): void {
    const { id, secret, keepAliveS, will } = this.#login;
    this.#write({
      cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: id, username: id, password: Buffer.from(secret), keepalive: keepAliveS,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: false },
    });
  }

  #hear(packet: Packet): void {
    switch (packet.cmd) {
      case 'connack':
        if (packet.returnCode !== 0) { this.#opening?.reject(new Refusal(packet.returnCode ?? -1)); this.drop(); return; }
        this.#write({ cmd: 'subscribe', messageId: 65_001, subscriptions: [{ topic: this.#topic, qos: 1 }] } as Packet);
        return;
      case 'suback':
        this.#socket.setTimeout(0);
        this.#opening?.resolve();
        this.#opening = null;
        return;
      case 'puback':
        if (--this.#waiting <= 0) { this.#waiting = 0; this.#socket.setTimeout(0); }
        this.#hooks.acked(packet.messageId ?? 0);
        return;
      case 'publish':
        if (packet.qos > 0) this.#write({ cmd: 'puback', messageId: packet.messageId ?? 0 });
        this.#hooks.message(packet.topic, packet.payload as Buffer);
        return;
      default:
    }
  }

  #write(packet: Packet): void { if (!this.#closed && this.#socket.writable) this.#socket.write(generate(packet)); }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#opening?.reject(new Error('the connection was closed before the login was answered'));
    this.#opening = null;
    this.#hooks.closed();
  }
}
