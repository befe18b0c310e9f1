/**
 * The load generator's thread: raw sockets, every frame encoded once by mqtt-packet and sent again when it was acknowledged,
 * so that a message costs the generator a copy and a write. Answers of a server are four bytes each (CONNACK, PUBACK) and are
 * read as such. Unpaced, every connection keeps `window` frames in flight; paced, all together send `perSecond`.
 */
import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { generate, type Packet } from 'mqtt-packet';

export type LoadOptions = {
  port: number; devices: readonly { id: string; secret: string }[];
  /** Last part of the topic. */ rest: string; payload: string; qos: 0 | 1;
  window: number; perSecond: number;
  /** Every device sends one frame; when, and when it was acknowledged, is told of each. */ once?: boolean;
};
/** Since the mark before. Milliseconds; `cpuMs` is the thread's own. */
export type Mark = { ms: number; sent: number; acknowledged: number; lost: number; cpuMs: number; p50: number; p99: number; presses: Press[] };
/** Wall-clock milliseconds with fractions. */
export type Press = { device: string; sentAt: number; acknowledgedAt: number | null };

const options = workerData as LoadOptions;
const slotMs = 0.1;
const histogram = new Uint32Array(100_000);
let [sent, acknowledged, lost] = [0, 0, 0];
let running = false;
const presses = new Map<string, Press>();
const wall = (): number => performance.timeOrigin + performance.now();

class Device {
  readonly #id: string;
  readonly #frames: Buffer[];
  readonly #block: Buffer;
  readonly #sentAt: Float64Array;
  readonly free: number[];
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  closing = false;

  constructor({ id, secret }: { id: string; secret: string }, ready: () => void) {
    this.#id = id;
    this.#frames = Array.from({ length: options.window }, (_, i) => generate({
      cmd: 'publish', topic: `care/v1/${id}/${options.rest}`, payload: options.payload, qos: options.qos, messageId: i + 1, dup: false, retain: false } as Packet));
    this.#block = Buffer.concat(this.#frames);
    this.#sentAt = new Float64Array(options.window);
    this.free = Array.from({ length: options.window }, (_, i) => options.window - 1 - i);
    this.socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#hear(chunk, ready));
    this.socket.on('error', () => {});
    this.socket.on('close', () => { if (!this.closing) { lost++; ready(); } });
    this.socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 600, clientId: id, username: id, password: Buffer.from(secret) } as Packet));
  }

  #hear(chunk: Buffer, ready: () => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const whole = bytes.length - (bytes.length % 4);
    this.#rest = bytes.subarray(whole);
    const now = performance.now();
    for (let at = 0; at < whole; at += 4) {
      const type = bytes[at];
      if (type === 0x20) { if (bytes[at + 3] !== 0) this.socket.destroy(); ready(); continue; }
      if (type !== 0x40) throw new Error(`an answer that is no acknowledgement: ${bytes.subarray(at, at + 4).toString('hex')}`);
      const slot = bytes.readUInt16BE(at + 2) - 1;
      acknowledged++;
      const slotOf = Math.min(histogram.length - 1, Math.floor((now - (this.#sentAt[slot] ?? now)) / slotMs));
      histogram[slotOf] = (histogram[slotOf] ?? 0) + 1;
      const press = presses.get(this.#id);
      if (press) press.acknowledgedAt = performance.timeOrigin + now;
      this.free.push(slot);
    }
    if (running && options.perSecond === Infinity) this.fill(now);
  }

  /** Sends all that the window allows, in one write. */
  fill(now: number): void {
    const { free } = this;
    if (free.length === 0) return;
    for (const slot of free) this.#sentAt[slot] = now;
    this.socket.write(free.length === options.window ? this.#block : Buffer.concat(free.map((slot) => this.#frames[slot] as Buffer)));
    sent += free.length;
    free.length = 0;
  }

  /** Sends one; false when the window is full. */
  one(now: number): boolean {
    const slot = options.qos === 0 ? 0 : this.free.pop();
    if (slot === undefined) return false;
    this.#sentAt[slot] = now;
    if (options.once) presses.set(this.#id, { device: this.#id, sentAt: wall(), acknowledgedAt: null });
    this.socket.write(this.#frames[slot] as Buffer);
    sent++;
    return true;
  }
}

const devices: Device[] = [];
/** A hundred CONNECTs at a time: the accept queue is not what is measured. */
async function connectAll(): Promise<void> {
  for (let from = 0; from < options.devices.length; from += 100)
    await Promise.all(options.devices.slice(from, from + 100).map((device) => new Promise<void>((resolve) => { devices.push(new Device(device, resolve)); })));
}

/** Paced: what the rate allows by now goes out round robin, looked at each 5 ms, or as often as a slow rate needs. */
function pace(): void {
  const startMs = performance.now();
  let [given, next] = [0, 0];
  setInterval(() => {
    if (!running) return;
    const now = performance.now();
    const allowed = (now - startMs) / 1_000 * options.perSecond;
    for (let tried = 0; given < allowed && tried < devices.length; tried++) {
      if (options.once && next >= devices.length) return;
      if (devices[next % devices.length]?.one(now)) given++;
      next++;
    }
    given = Math.max(given, Math.floor(allowed - options.perSecond)); // what could not be sent for a second is not caught up
  }, 5);
}

function percentile(total: number, share: number): number {
  let seen = 0;
  for (let i = 0; i < histogram.length; i++) {
    seen += histogram[i] ?? 0;
    if (seen > total * share) return (i + 0.5) * slotMs;
  }
  return 0;
}

let before = { ms: performance.now(), sent: 0, acknowledged: 0, cpu: process.threadCpuUsage() };
function mark(): Mark {
  const cpu = process.threadCpuUsage();
  const now = { ms: performance.now(), sent, acknowledged, cpu };
  const count = acknowledged - before.acknowledged;
  const result: Mark = {
    ms: now.ms - before.ms, sent: sent - before.sent, acknowledged: count, lost, p50: percentile(count, 0.5), p99: percentile(count, 0.99),
    cpuMs: (cpu.user + cpu.system - before.cpu.user - before.cpu.system) / 1_000, presses: [...presses.values()],
  };
  before = now;
  histogram.fill(0);
  return result;
}

parentPort?.on('message', (what: 'go' | 'hold' | 'mark' | 'end') => {
  if (what === 'go') {
    running = true;
    mark();
    if (options.perSecond === Infinity) for (const device of devices) device.fill(performance.now()); else pace();
  } else if (what === 'hold') running = false;
  else if (what === 'mark') parentPort?.postMessage(mark());
  else {
    running = false;
    for (const device of devices) { device.closing = true; device.socket.end(Buffer.of(0xe0, 0)); device.socket.destroySoon(); }
    setTimeout(() => process.exit(0), 100);
  }
});
await connectAll();
parentPort?.postMessage('ready');
