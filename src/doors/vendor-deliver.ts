/**
 * One vendor's message on its way to the durable gate: which device of ours it is, its readings and alarms in our own protocol's
 * words, and what becomes of a device that nobody has registered. Resolves when everything that may be an alarm is durable (law 1);
 * readings get a bounded time, because a failed answer would cost the vendor's next pushes, alarms among them (law 5).
 */
import { kindInfo } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import type { Accept, AcceptStranger, KnownDevice, Publish, Stranger } from '#core/publish.ts';
import type { VendorDoor } from '#core/vendor-door.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { encode } from '#vendors/anling/encode.ts';
import type { Message, State } from '#vendors/push.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { outlasts } from '#work/outlasts.ts';
import type { DeviceCache } from './devices.ts';

export type DeliverOptions = { devices: Pick<DeviceCache, 'byDoor'>; accept: Accept; stranger: AcceptStranger; log: Logger; meter: EdgeMeter; newTrace: () => string; /** Its cloud comes to no other edge: what was heard here last is what was said last. */ alone: boolean };
export type Found = { message: Message; device: KnownDevice | null; revoked: boolean };
export type Deliver = (door: VendorDoor, messages: readonly Message[], address: string) => Promise<void>;

export function createDeliver(options: DeliverOptions): Deliver {
  const { accept, stranger, newTrace, meter } = options;
  const states = new Map<string, Heard>();
  const learned = new Map<string, string>();
  return async (door, messages, address) => {
    const found = await Promise.all(messages.map((message) => lookUp(options, learned, door, message)));
    const arrivedMs = performance.now();
    // Begun in the order of the devices' time, all before anything is waited for: the lanes keep that order.
    const urgent: Promise<unknown>[] = [];
    const calm: Promise<unknown>[] = [];
    for (const { message, device, revoked } of found) {
      if (!device || revoked) {
        const said = strangerOf(door, message, { revoked, address, trace: newTrace(), arrivedMs });
        if (said) urgent.push(stranger(said));
        continue;
      }
      const publish = (channel: Publish['channel'], payload: Uint8Array, more: Partial<Publish> = {}): Promise<unknown> => accept({
        device, channel, topic: `vendor/${door.name}/${channel}`, payload, qos: 1, door: 'vendor', trace: newTrace(), arrivedMs, hurry: channel === 'event', flapping: false, ...more,
      });
      for (const state of message.states) {
        const event = stateEvent(states, device.id, state, options.alone);
        if (event) urgent.push(publish('event', bytesWithin({ channel: 'event', event })).catch((error: unknown) => { states.delete(`${device.id} ${event.kind}`); throw error; }));
      }
      for (const decoded of message.decoded) (decoded.channel === 'event' ? urgent : calm).push(publish(decoded.channel, bytesWithin(decoded)));
      if (message.unreadable !== undefined) urgent.push(publish(message.alarm ? 'event' : 'other', message.raw, { unreadable: message.unreadable }));
    }
    const readings = Promise.allSettled(calm);
    const outcomes = await Promise.allSettled(urgent);
    const failed = outcomes.find((o) => o.status === 'rejected');
    if (failed) throw failed.reason;
    if (calm.length > 0 && await outlasts([readings], limits.vendorCalmMs)) meter.noted('vendor-readings-not-durable', calm.length);
  };
}

/** By the stable name first; a platform's own name is remembered beside it, for what carries only that (online, offline). */
export async function lookUp({ devices, log }: Pick<DeliverOptions, 'devices' | 'log'>, learned: Map<string, string>, door: VendorDoor, message: Message): Promise<Found> {
  // What was learned serves only who comes under that one name: beside another name it could make a stranger somebody else.
  const alone = message.keys.length === 1;
  for (const key of message.keys) {
    const device = await devices.byDoor(door.name, (alone ? learned.get(`${door.name} ${key}`) : undefined) ?? key);
    if (device === 'unavailable') { log.warn({ door: door.name }, 'the database is away and a vendor’s device is not known: it counts as not registered'); continue; }
    if (!device) continue;
    for (const other of message.keys) if (other !== device.vendor?.key && learned.size < limits.vendorStates) learned.set(`${door.name} ${other}`, device.vendor?.key ?? key);
    return { message, device, revoked: device.status === 'revoked' };
  }
  return { message, device: null, revoked: false };
}

/** A stranger's message: an alarm when it may be one; its mere coming or going is nobody's business. */
export function strangerOf(door: VendorDoor, message: Message, more: { revoked: boolean; address: string; trace: string; arrivedMs: number }): Stranger | null {
  const { revoked, ...rest } = more;
  const events = [...message.states.filter((s) => s.on).map((s) => s.event), ...message.decoded.flatMap((d) => (d.channel === 'event' && d.event.edge !== 'clear' ? [d.event] : []))]
    .sort((a, b) => kindInfo[a.kind].priority - kindInfo[b.kind].priority);
  const [worst] = events;
  if (!worst && message.unreadable === undefined && message.decoded.every((d) => d.channel === 'status')) return null;
  const alarm = worst ? { kind: worst.kind, ...(worst.sourceEventId !== undefined && { sourceEventId: worst.sourceEventId }), ...(worst.deviceTime !== undefined && { deviceTime: worst.deviceTime }), location: worst.location }
    : message.unreadable !== undefined && message.alarm ? { kind: null, unreadable: message.unreadable } : null;
  return { door: door.name, key: message.keys[0] ?? '', reason: revoked ? 'revoked' : 'unknown', payload: message.raw, alarm, ...rest };
}

type Heard = { on: boolean; atMs: number };
/** What a state means now: its beginning, its going on, its end; null: it is off, and was. A button is pressed anew each time. */
function stateEvent(states: Map<string, Heard>, deviceId: string, { on, event }: State, alone: boolean): State['event'] | null {
  const name = `${deviceId} ${event.kind}`;
  const heard = states.get(name);
  // Beside other edges only what is young is known: the end may have come to another one, and a new beginning that counts as going on rings nobody.
  const was = alone || (heard?.on === true && performance.now() - heard.atMs < limits.vendorRepeatMs) ? heard?.on : undefined;
  if (!on && was === false) return null;
  states.delete(name);
  if (states.size >= limits.vendorStates) states.delete(states.keys().next().value as string);
  states.set(name, { on, atMs: performance.now() });
  return { ...event, edge: !on ? 'clear' : was === true && event.kind !== 'sos' ? 'repeat' : 'raise' };
}

/** Our protocol's bytes; what makes them too long is what is only kept beside, never the alarm. */
export function bytesWithin(decoded: Decoded): Uint8Array {
  const whole = encode(decoded);
  if (whole.length <= limits.payloadBytes) return whole;
  if (decoded.channel === 'event') {
    const { data: _, ...event } = decoded.event;
    return encode({ channel: 'event', event: { ...event, data: { dropped: whole.length } } });
  }
  return decoded.channel === 'heartbeat' || decoded.channel === 'vitals' ? encode({ ...decoded, extra: { dropped: whole.length } }) : whole;
}
