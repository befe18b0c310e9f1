/** Replaying a quarantined frame after a decoder learned it (A10): decoded again, inserted with source 'replay', once. */
import { DecodeError, OperatingError } from '#core/errors.ts';
import type { DeviceId } from '#core/ids.ts';
import { channelOf, topicPrefix } from '#core/publish.ts';
import { hintEvents, insertEvents } from '#store/events.ts';
import { findDevices } from '#store/devices.ts';
import type { Db } from '#store/pool.ts';
import { noteReplay, type Quarantined, takeQuarantined } from '#store/quarantine.ts';
import type { Seal } from '#store/seal.ts';
import type { Decoded, Vendor } from '#vendors/vendor.ts';
import { aged, eventOf } from './urgent.ts';

export type Replayed = { result: 'replayed' | 'still-unreadable' | 'replayed-before' | 'not-an-event' | 'not-found'; reason?: string };

/** `by` is the actor for the row (`user:ID`). The event keeps the frame's arrival time and trace; its device must exist. */
export async function replayQuarantined(options: { db: Db; seal: Seal; vendor: Vendor }, id: string, by: string): Promise<Replayed> {
  const { db, seal } = options;
  const replayed = await db.tx<Replayed>(async (sql) => {
    const frame = await takeQuarantined(sql, id);
    if (!frame) return { result: 'not-found' };
    if (frame.replayedAt !== null) return { result: 'replayed-before' };
    const outcome = decodeAgain(options.vendor, seal, frame);
    if ('reason' in outcome) {
      await noteReplay(sql, id, by, outcome.reason, false);
      return { result: 'still-unreadable', reason: outcome.reason };
    }
    if (outcome.channel !== 'event') {
      await noteReplay(sql, id, by, `readable as ${outcome.channel}`, true);
      return { result: 'not-an-event' };
    }
    const [device] = await findDevices(sql, [frame.deviceId]);
    const event = eventOf(seal, {
      ...outcome.event, device: device ?? { id: frame.deviceId as DeviceId, homeId: null }, source: 'replay', trace: frame.trace,
      arrivedMs: performance.now() - frame.ageMs, flags: [...outcome.event.flags, 'replayed'],
    });
    await insertEvents(sql, [aged({ ...event, ingestId: replayId(frame.ingestId) })]);
    await noteReplay(sql, id, by, outcome.event.kind, true);
    return { result: 'replayed' };
  });
  if (replayed.result === 'replayed') await hintEvents(db).catch(() => {});
  return replayed;
}

/** A frame is judged by the time it came, not by the time of the replay. */
function decodeAgain(vendor: Vendor, seal: Seal, frame: Quarantined): Decoded | { reason: string } {
  const bytes = Buffer.from(seal.open('quarantine.raw', frame.rawSealed), 'base64');
  if (frame.bytes > bytes.length) return { reason: 'only its beginning was kept' };
  try {
    return vendor.decode(channelOf(frame.topic, topicPrefix(frame.deviceId)) ?? 'other', bytes, frame.receivedAt);
  } catch (error) {
    if (error instanceof DecodeError) return { reason: error.message };
    throw new OperatingError('E_FRAME_UNREADABLE', 'the decoder failed', { cause: error });
  }
}

/** One replay, one ingest id: the frame's own with its version digit changed. */
const replayId = (ingestId: string): string => `${ingestId.slice(0, 14)}5${ingestId.slice(15)}`;
