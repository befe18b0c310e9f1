/**
 * What a vendor's history says of one device, held against what the house has: the missing goes through the same gate as a push, in the
 * order of the device's time, marked as found late. Nothing is left out because a later frame took it back: an alarm that was missed is
 * raised all the same (law 5), its end is told behind it.
 */
import { kindInfo } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import type { KnownDevice } from '#core/publish.ts';
import type { VendorDoor } from '#core/vendor-door.ts';
import type { Told } from '#vendors/history.ts';
import type { Message } from '#vendors/push.ts';
import { strangerId } from '#vendors/stranger.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { bytesWithin, type DeliverOptions, lookUp, strangerOf } from './vendor-deliver.ts';

export type Wanted = { what: 'event' | 'heartbeat' | 'vitals' | 'unreadable'; deviceId: string; no: number | null; kind: string | null; name: string; at: number; clear: boolean };
export type Filled = { records: number; missing: number; filled: number; alarms: number; /** age of the oldest thing that was back-filled */ oldestMs: number };
export type BackfillOptions = Omit<DeliverOptions, 'alone'> & { missing(wanted: readonly Wanted[]): Promise<boolean[]> };
/** `told`: of one device; resolves when what was missing is durable, rejects when something could not be made so. `vendorNow`: by the vendor's clock. */
export type Backfill = (door: VendorDoor, told: readonly Told[], vendorNow: number) => Promise<Filled>;

type Item = { wanted: Wanted; alarm: boolean; /** Begun in order. */ send(): Promise<unknown> };
type Context = { options: BackfillOptions; door: VendorDoor; vendorNow: number };

export function createBackfill(options: BackfillOptions): Backfill {
  const learned = new Map<string, string>();
  /** Readings that were back-filled lately: one that the gate merges with others leaves no row to compare with. */
  const lately = new Set<string>();
  return async (door, told, vendorNow) => {
    const on = new Map<string, boolean>();
    const items: Item[] = [];
    for (const one of [...told].sort((a, b) => a.at - b.at)) {
      const { device, revoked } = await lookUp(options, learned, door, one.message);
      items.push(...(device && !revoked ? ofDevice({ options, door, vendorNow }, one, device, on) : ofStranger({ options, door, vendorNow }, one, revoked)));
    }
    const fresh = items.filter(({ wanted }) => !lately.has(`${door.name} ${wanted.what} ${wanted.name}`));
    const gone = await options.missing(fresh.map((item) => item.wanted));
    const lost = fresh.filter((_, i) => gone[i] === true);
    const outcomes = await Promise.allSettled(lost.map((item) => item.send()));
    const failed = outcomes.find((o) => o.status === 'rejected');
    if (failed) throw failed.reason;
    for (const { wanted } of lost) {
      if (wanted.what === 'event') continue;
      if (lately.size >= limits.vendorStates) lately.delete(lately.values().next().value as string);
      lately.add(`${door.name} ${wanted.what} ${wanted.name}`);
    }
    const ages = lost.map(({ wanted }) => Math.max(0, vendorNow - wanted.at));
    return { records: told.length, missing: lost.length, filled: lost.length, alarms: lost.filter((item) => item.alarm).length, oldestMs: ages.reduce((a, b) => Math.max(a, b), 0) };
  };
}

/** Each thing that a record says of a registered device. */
function ofDevice({ options, door, vendorNow }: Context, { at, name, message }: Told, device: KnownDevice, on: Map<string, boolean>): Item[] {
  const heardMs = performance.now() - Math.max(0, vendorNow - at);
  const calm = { deviceId: device.id as string, no: device.no, kind: null, name, at, clear: false };
  const send = (decoded: Decoded) => (): Promise<unknown> => options.accept({
    device, channel: decoded.channel, topic: `vendor/${door.name}/history`, payload: bytesWithin(decoded), qos: 1, door: 'vendor', trace: options.newTrace(),
    // A reading stands where the vendor heard it; an alarm arrives now, and says itself how old it is.
    arrivedMs: decoded.channel === 'event' ? performance.now() : heardMs, heardMs, hurry: decoded.channel === 'event', flapping: false,
  });
  const events = [...statesAsEvents(message, on), ...message.decoded.filter((d) => d.channel === 'event')];
  const items = events.map((decoded): Item => ({
    wanted: { ...calm, what: 'event', kind: decoded.event.kind, name: decoded.event.sourceEventId ?? name, at: decoded.event.deviceTime ?? at, clear: decoded.event.edge === 'clear' },
    alarm: decoded.event.edge !== 'clear' && kindInfo[decoded.event.kind].priority <= 2, send: send(decoded),
  }));
  for (const decoded of message.decoded) if (decoded.channel === 'heartbeat' || decoded.channel === 'vitals') items.push({ wanted: { ...calm, what: decoded.channel, at: decoded.reading.deviceTime ?? at }, alarm: false, send: send(decoded) });
  if (message.unreadable !== undefined) items.push({
    wanted: { ...calm, what: 'unreadable' }, alarm: message.alarm === true,
    send: () => options.accept({
      device, channel: message.alarm ? 'event' : 'other', topic: `vendor/${door.name}/history`, payload: message.raw, qos: 1, door: 'vendor', trace: `h-${name}`, arrivedMs: performance.now(), heardMs, hurry: message.alarm === true, flapping: false, unreadable: message.unreadable as string,
    }),
  });
  return items;
}

/** States of a history, in its order: a beginning raises, its going on repeats, its end clears; off and off is nothing. */
function statesAsEvents(message: Message, on: Map<string, boolean>): Extract<Decoded, { channel: 'event' }>[] {
  return message.states.flatMap((state) => {
    const was = on.get(state.event.kind);
    on.set(state.event.kind, state.on);
    if (!state.on && was !== true) return [];
    return [{ channel: 'event' as const, event: { ...state.event, edge: !state.on ? 'clear' as const : was === true && state.event.kind !== 'sos' ? 'repeat' as const : 'raise' as const } }];
  });
}

/** A device that nobody registered: what of it may be an alarm. */
function ofStranger({ options, door }: Context, { at, name, message }: Told, revoked: boolean): Item[] {
  const said = strangerOf(door, message, { revoked, address: 'history', trace: `h-${name}`, arrivedMs: performance.now() });
  if (!said?.alarm) return [];
  const kind = said.key === '' || said.alarm.kind === null ? null : 'unknown-device';
  const deviceId = said.key === '' ? `door_${door.name}` : strangerId(door.name, said.key) as string;
  return [{
    wanted: { what: kind === null ? 'unreadable' : 'event', deviceId, no: null, kind, name: kind === null ? name : (said.alarm.sourceEventId ?? name), at: said.alarm.deviceTime ?? at, clear: false },
    alarm: true, send: () => options.stranger({ ...said, arrivedMs: performance.now() }),
  }];
}
