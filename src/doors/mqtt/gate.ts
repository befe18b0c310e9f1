/**
 * `authorizePublish`, the only awaited step before aedes writes the PUBACK (law 1, ADR 0001): own topics only, bounds, then
 * `accept`, then the callback. Acknowledgements of one connection leave in the order of its frames [MQTT-4.6.0-2]; it never
 * throws, and after an error it closes the connection without a PUBACK, so that the device sends again.
 */
import type { Client } from 'aedes';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import { type Accept, channelOf, type Misuse, type Publish } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import type { Flight, Guard } from './guard.ts';
import type { Sessions } from './sessions.ts';

export type GateOptions = {
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
  let publish: Publish | null = null;
  const settle = board(guard, frame.qos, (error) => {
    if (publish && !error && frame.qos > 0) meter.acknowledged(publish.channel, performance.now() - publish.arrivedMs);
    done(error);
  });
  const refused = misused(options, guard, frame);
  if (refused !== null) {
    guard.condemned = true;
    settle(new OperatingError(refused === 'foreign-topic' ? 'E_TOPIC_FORBIDDEN' : 'E_FRAME_TOO_LARGE', refused));
    return;
  }
  if (frame.retain) { frame.retain = false; meter.noted('retained-stripped'); }
  const { messageId } = frame;
  if (frame.qos === 2 && messageId !== undefined) {
    if (guard.stored.has(messageId)) { meter.noted('duplicate-qos2'); settle(null); return; } // sent again before its PUBREL: it is stored
    guard.stored.add(messageId);
  }
  const accepting = publishOf(options, guard, frame);
  publish = accepting;
  options.accept(accepting).then(
    () => settle(null),
    (error: unknown) => {
      log.warn({ deviceId: accepting.device.id, channel: accepting.channel, trace: accepting.trace, error: (error as Error).message }, 'a frame is not acknowledged');
      if (messageId !== undefined) guard.stored.delete(messageId);
      // Without acknowledgement there is nothing to withhold at QoS 0: the connection stays for the next frame.
      settle(frame.qos === 0 ? null : (error as Error));
    },
  );
}

/** A will is published by nobody's packet: no order, nothing in flight. A newer connection of the device makes its "offline" untrue. */
function publishWill(options: GateOptions, guard: Guard, frame: Frame, done: Done): void {
  const current = options.sessions.current((guard.device as { id: string }).id);
  if (current && current !== guard && frame.topic === `${guard.prefix}status`) { options.meter.noted('will-of-taken-over'); done(); return; }
  if (misused(options, guard, frame) !== null) { done(new Error('refused')); return; }
  options.accept(publishOf(options, guard, frame)).then(() => done(), (error: Error) => done(error));
}

/** What the frame breaks; noted and audited. */
function misused(options: GateOptions, guard: Guard, frame: Frame): 'foreign-topic' | 'oversize' | null {
  const what = !frame.topic.startsWith(guard.prefix) ? 'foreign-topic' : Buffer.byteLength(frame.payload) > limits.payloadBytesHard ? 'oversize' : null;
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
 * Takes a place in the connection's order; the returned function settles it, and lets go all at the head that are settled.
 * An error closes the connection a turn later, when the PUBACKs before it have been written.
 */
function board(guard: Guard, qos: 0 | 1 | 2, done: Done): (error: Error | null) => void {
  if (qos === 0) return (error) => { if (error) setImmediate(done, error); else done(null); guard.release(); };
  let outcome: Error | null = null;
  const flight: Flight = { settled: false, finish: () => { if (outcome) setImmediate(done, outcome); else done(null); } };
  guard.flights.push(flight);
  return (error) => {
    outcome = error;
    flight.settled = true;
    for (let head = guard.flights[0]; head?.settled; head = guard.flights[0]) {
      guard.flights.shift();
      head.finish();
      guard.release();
    }
  };
}
