/**
 * `authorizePublish`, the only awaited step before aedes writes the PUBACK (law 1, ADR 0001): own topics only, bounds, then
 * `accept`, then the callback. Acknowledgements of one connection leave in the order of its frames [MQTT-4.6.0-2]; it never
 * throws, and after an error it closes the connection without a PUBACK, so that the device sends again.
 * Costs with intake/accept.ts 7.7 % of the edge's CPU per heartbeat, 1.2 to 1.6 µs (npm run bench -- heartbeats --profile; all parts in bench/README.md).
 */
import type { Client } from 'aedes';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import { type Accept, channelOf, type Misuse, type Publish } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import type { Alink } from './alink.ts';
import type { Flight, Guard } from './guard.ts';
import { covers, type Sessions } from './sessions.ts';

export type GateOptions = {
  /** Devices of Aliyun's platform. */ alink?: Alink;
  accept: Accept; misuse: (misuse: Misuse) => void; sessions: Sessions; meter: EdgeMeter; log: Logger; newTrace: () => string;
};
type Frame = { topic: string; payload: Buffer | string; qos: 0 | 1 | 2; retain: boolean; messageId?: number };
type Done = (error?: Error | null) => void;
export type Gate = (client: Client | null, packet: object, done: Done) => void;

export function createGate(options: GateOptions): Gate {
  return (client, packet, done) => {
    const guard = client?.conn as Guard | undefined;
    if (!guard?.device) { done(new Error('no such session')); return; }
    try {
      const frame = packet as Frame;
      if (packetIsWill(guard, packet)) publishWill(options, guard, frame, done); else publishFrame(options, guard, frame, done);
    } catch (error) {
      options.log.error({ deviceId: guard.device.id, error: (error as Error).message }, 'the gate failed; the frame is not acknowledged');
      done(error as Error);
    }
  };
}

const packetIsWill = (guard: Guard, packet: object): boolean => packet === guard.will;

function publishFrame(options: GateOptions, guard: Guard, frame: Frame, done: Done): void {
  const { meter, log } = options;
  const place = new Place(options, guard, frame.qos, done);
  const refused = misused(options, guard, frame);
  if (refused !== null) {
    guard.condemned = true;
    place.settle(new OperatingError(refused === 'foreign-topic' ? 'E_TOPIC_FORBIDDEN' : 'E_FRAME_TOO_LARGE', refused));
    return;
  }
  if (frame.retain) { frame.retain = false; meter.noted('retained-stripped'); }
  const { messageId } = frame;
  if (frame.qos === 2 && messageId !== undefined) {
    if (guard.stored.has(messageId)) { meter.noted('duplicate-qos2'); place.settle(null); return; } // sent again before its PUBREL: it is stored
    guard.stored.add(messageId);
  }
  const publish = publishOf(options, guard, frame);
  if (!guard.dialect) place.publish = publish;
  accepted(options, guard, publish).then(
    () => place.settle(null),
    (error: unknown) => {
      log.warn({ deviceId: publish.device.id, channel: publish.channel, trace: publish.trace, error: (error as Error).message }, 'a frame is not acknowledged');
      if (messageId !== undefined) guard.stored.delete(messageId);
      // Without acknowledgement there is nothing to withhold at QoS 0: the connection stays for the next frame.
      place.settle(frame.qos === 0 ? null : (error as Error));
    },
  );
}

/** The durable gate; of a vendor's device through its dialect, with the answer that it waits for. */
async function accepted({ accept, alink }: GateOptions, guard: Guard, publish: Publish): Promise<void> {
  if (!guard.dialect || !alink) { await accept(publish); return; }
  const reply = await alink.take(guard.dialect, publish.topic, publish.payload, guard.address);
  if (reply && [...guard.filters].some((filter) => covers(filter, reply.topic))) guard.tell(reply.topic, reply.payload);
}

/**
 * A will is published by nobody's packet: no order, nothing in flight. A newer connection of the device makes its "offline" untrue;
 * and so does its own, as long as that stands.
 */
function publishWill(options: GateOptions, guard: Guard, frame: Frame, done: Done): void {
  if (guard.dialect) { done(); return; } // its platform knows none
  const current = options.sessions.current((guard.device as { id: string }).id);
  if ((guard.superseded || (current && current !== guard)) && frame.topic === `${guard.prefix}status`) { options.meter.noted('will-of-taken-over'); done(); return; }
  if (current === guard && !guard.destroyed) { options.meter.noted('will-of-the-living'); done(); return; }
  if (misused(options, guard, frame) !== null) { done(new Error('refused')); return; }
  options.accept(publishOf(options, guard, frame)).then(() => done(), (error: Error) => done(error));
}

/** What the frame breaks; noted and audited. */
function misused(options: GateOptions, guard: Guard, frame: Frame): 'foreign-topic' | 'oversize' | null {
  const what = !guard.owns(frame.topic) ? 'foreign-topic' : Buffer.byteLength(frame.payload) > limits.payloadBytesHard ? 'oversize' : null;
  if (what === null || guard.device === null) return null;
  options.meter.rejected(what);
  options.misuse({ deviceId: guard.device.id, homeId: guard.device.homeId, what, detail: { topic: frame.topic.slice(0, 100), bytes: Buffer.byteLength(frame.payload) } });
  return what;
}

function publishOf(options: GateOptions, guard: Guard, frame: Frame): Publish {
  return {
    device: guard.device as Publish['device'], channel: channelOf(frame.topic, guard.prefix) ?? 'other', topic: frame.topic,
    payload: typeof frame.payload === 'string' ? Buffer.from(frame.payload) : frame.payload, qos: frame.qos, door: 'mqtt', trace: options.newTrace(),
    arrivedMs: packetIsWill(guard, frame) ? performance.now() : guard.wholeMs, hurry: guard.alarmsAhead > 0, flapping: guard.flapping,
  };
}

/**
 * A publish's place in the order of its connection. `settle` lets go all at the head that are settled. An error closes the
 * connection a turn later, when the PUBACKs before it have been written.
 */
class Place implements Flight {
  readonly #options: GateOptions;
  readonly #guard: Guard;
  readonly #qos: 0 | 1 | 2;
  readonly #done: Done;
  #error: Error | null = null;
  /** Known once it is accepted. */ publish: Publish | null = null;
  settled = false;

  constructor(options: GateOptions, guard: Guard, qos: 0 | 1 | 2, done: Done) {
    this.#options = options;
    this.#guard = guard;
    this.#qos = qos;
    this.#done = done;
    if (qos > 0) guard.flights.push(this);
  }

  settle(error: Error | null): void {
    this.#error = error;
    this.settled = true;
    if (this.#qos === 0) { this.finish(); this.#guard.release(); return; }
    if (this.publish && error === null) this.#options.meter.acknowledged(this.publish.channel, performance.now() - this.publish.arrivedMs);
    const { flights } = this.#guard;
    for (let head = flights[0]; head?.settled; head = flights[0]) {
      flights.shift();
      head.finish();
      this.#guard.release();
    }
  }

  finish(): void { if (this.#error) setImmediate(this.#done, this.#error); else this.#done(null); }
}
