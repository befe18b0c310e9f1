/** Milesight's LoRa bytes (channel, type, value, one after the other): the WS101 button, and the VS373 radar's alarm. */
import type { DeviceKind } from '#core/event.ts';
import { canonical, type Message } from '#vendors/push.ts';
import type { Decoded } from '#vendors/vendor.ts';

type Options = { id: string; at: unknown; now: number };
type Meaning = Pick<Message, 'decoded' | 'unreadable' | 'alarm'>;
/** Bytes of the parts that say nothing about a person (serial number, versions, start). */
const silent = new Map([[0xff_0b, 1], [0xff_01, 1], [0xff_09, 2], [0xff_0a, 2], [0xff_16, 8], [0xff_0f, 1], [0xff_ff, 2], [0xff_fe, 1], [0x03_f8, 3]]);
/** Alarm types of the radar: as event numbers of its push. */
const alarmKinds: readonly DeviceKind[] = ['fall', 'motionless', 'motionless', 'bed-exit'];

/** `data` is base64, or hexadecimal where a network server is set so. */
export function readLora(data: string, { id, at, now }: Options): Meaning {
  const bytes = /^(?:[0-9a-f]{2})+$/i.test(data) ? Buffer.from(data, 'hex') : Buffer.from(data, 'base64');
  const decoded: Decoded[] = [];
  let battery: number | undefined;
  for (let i = 0; i < bytes.length;) {
    const what = (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
    const rest = bytes.subarray(i + 2);
    if (what === 0x01_75 && rest.length >= 1) { battery = rest[0]; i += 3; }
    // 1 short, 2 long, 3 double: a person who presses in whatever way asks for help.
    else if (what === 0xff_2e && rest.length >= 1) { decoded.push(canonical('event', { kind: 'sos', id, time: at, data: { press: rest[0] } }, now)); i += 3; }
    else if (what === 0x06_fb && rest.length >= 5) {
      const [alarmId, kind, status] = [rest.readUInt16LE(0), alarmKinds[rest[2] ?? 255], rest[3] ?? 0];
      if (kind === undefined) return { decoded, unreadable: 'unknown alarm of the radar', alarm: true };
      decoded.push(canonical('event', { kind, edge: status === 1 ? 'raise' : status === 4 ? 'report' : 'clear', id: `a${alarmId}`, time: at, data: { region: rest[4] } }, now));
      i += 7;
    } else {
      const length = silent.get(what);
      if (length === undefined) return { decoded, unreadable: 'bytes that the maker has not described to us', alarm: true };
      i += 2 + length;
    }
  }
  if (bytes.length === 0) return { decoded, unreadable: 'no bytes', alarm: true };
  if (battery !== undefined || decoded.length === 0) decoded.push(canonical('heartbeat', { ...(battery !== undefined && { battery }), time: at }, now));
  return { decoded };
}
