/**
 * Replaying a quarantined frame after a decoder learned it (A10), or after its device was registered (A11): decoded again, inserted with
 * source 'replay', once.
 */
import { DecodeError, OperatingError } from '#core/errors.ts';
import type { DecodedEvent } from '#core/event.ts';
import type { DeviceId } from '#core/ids.ts';
import { channelOf, type KnownDevice, topicPrefix } from '#core/publish.ts';
import { hintEvents, insertEvents } from '#store/events.ts';
import { findByDoor, findDevices } from '#store/devices.ts';
import type { Db, Sql } from '#store/pool.ts';
import { noteReplay, type Quarantined, takeQuarantined } from '#store/quarantine.ts';
import type { Seal } from '#store/seal.ts';
import { openDoor } from '#store/vendor-doors.ts';
import { readKept } from '#vendors/push-vendors.ts';
import type { Vendor } from '#vendors/vendor.ts';
import { aged, eventOf } from './urgent.ts';

export type Replayed = { result: 'replayed' | 'still-unreadable' | 'replayed-before' | 'not-an-event' | 'not-found'; reason?: string };
type Sender = Pick<KnownDevice, 'id' | 'homeId'>;
/** Events with whose they are; what else it is; or why not. */
type Read = { events: readonly { event: DecodedEvent; device: Sender }[] } | { calm: string } | { reason: string };

/** `by` is the actor for the row (`user:ID`). The event keeps the frame's arrival time and trace; its device must exist. */
export async function replayQuarantined(options: { db: Db; seal: Seal; vendor: Vendor }, id: string, by: string): Promise<Replayed> {
  const { db, seal } = options;
  const replayed = await db.tx<Replayed>(async (sql) => {
    const frame = await takeQuarantined(sql, id);
    if (!frame) return { result: 'not-found' };
    if (frame.replayedAt !== null) return { result: 'replayed-before' };
    const outcome = await readAgain(sql, options.vendor, seal, frame);
    if ('reason' in outcome) {
      await noteReplay(sql, id, by, outcome.reason, false);
      return { result: 'still-unreadable', reason: outcome.reason };
    }
    if ('calm' in outcome) {
      await noteReplay(sql, id, by, `readable as ${outcome.calm}`, true);
      return { result: 'not-an-event' };
    }
    await insertEvents(sql, outcome.events.map(({ event, device }, n) => aged({
      ...eventOf(seal, { ...event, device, source: 'replay', trace: frame.trace, arrivedMs: performance.now() - frame.ageMs, flags: [...event.flags, 'replayed'] }), ingestId: replayId(frame.ingestId, n),
    })));
    await noteReplay(sql, id, by, outcome.events.map((e) => e.event.kind).join(', '), true);
    return { result: 'replayed' };
  });
  if (replayed.result === 'replayed') await hintEvents(db).catch(() => {});
  return replayed;
}

/** A frame is judged by the time it came, not by the time of the replay. */
async function readAgain(sql: Sql, vendor: Vendor, seal: Seal, frame: Quarantined): Promise<Read> {
  const bytes = Buffer.from(seal.open('quarantine.raw', frame.rawSealed), 'base64');
  if (frame.bytes > bytes.length) return { reason: 'only its beginning was kept' };
  const door = /^vendor\/([^/]+)\//.exec(frame.topic)?.[1];
  try {
    if (door !== undefined) return await readPush(sql, seal, door, bytes, frame.receivedAt);
    const outcome = vendor.decode(channelOf(frame.topic, topicPrefix(frame.deviceId)) ?? 'other', bytes, frame.receivedAt);
    if (outcome.channel !== 'event') return { calm: outcome.channel };
    const [device] = await findDevices(sql, seal, [frame.deviceId]);
    return { events: [{ event: outcome.event, device: device ?? { id: frame.deviceId as DeviceId, homeId: null } }] };
  } catch (error) {
    if (error instanceof DecodeError) return { reason: error.message };
    throw new OperatingError('E_FRAME_UNREADABLE', 'the decoder failed', { cause: error });
  }
}

/** A vendor's push, by the door that it came through, for the devices that are bound to it now. */
async function readPush(sql: Sql, seal: Seal, name: string, bytes: Uint8Array, receivedAt: number): Promise<Read> {
  const door = await openDoor(sql, seal, name);
  const messages = door && readKept(door.kind, bytes, door.settings, receivedAt);
  if (!messages) return { reason: 'its door does not exist any more' };
  const found = await findByDoor(sql, seal, messages.flatMap((m) => m.keys.map((key) => ({ door: name, key }))));
  const events: { event: DecodedEvent; device: Sender }[] = [];
  for (const message of messages) {
    const told = [...message.states.filter((s) => s.on).map((s) => s.event), ...message.decoded.flatMap((d) => (d.channel === 'event' ? [d.event] : []))];
    const device = message.keys.flatMap((key) => found.filter((d) => d.vendor?.key === key))[0];
    if (told.length > 0 && !device) return { reason: 'its device is not registered' };
    if (device) events.push(...told.map((event) => ({ event, device })));
  }
  const unreadable = messages.find((m) => m.unreadable !== undefined)?.unreadable;
  if (events.length > 0) return { events };
  return unreadable === undefined ? { calm: 'readings' } : { reason: unreadable };
}

/** One replay, one ingest id for each event: the frame's own with its version digit, and its variant's second, changed. */
const replayId = (ingestId: string, n: number): string => `${ingestId.slice(0, 14)}5${ingestId.slice(15, 20)}${n === 0 ? ingestId.slice(20, 22) : (n % 256).toString(16).padStart(2, '0')}${ingestId.slice(22)}`;
