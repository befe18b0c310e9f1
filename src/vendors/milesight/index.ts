/**
 * Milesight (星纵): the VS373 radar's own HTTP push, and WS101 buttons and VS373 radars behind a LoRa gateway (DEVICES 5.7). Keys are
 * written in several ways in the maker's own samples, so they are compared without spaces, underscores and case. `trigger_id` names
 * the occurrence: its alarm and its resolve have the same.
 */
import { DecodeError } from '#core/errors.ts';
import type { DeviceKind, Edge } from '#core/event.ts';
import { isObject, type Json } from '#vendors/anling/fields.ts';
import { bytesOf, canonical, keysOf, type Message, keyShape, nameOf, object, openByKey, type PushVendor } from '#vendors/push.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { readLora } from './lora.ts';

/** Events 0 to 8 of the radar: 4 occupied and 5 vacant are states of the room, 8 is lying. */
const radarEvents: readonly (DeviceKind | null)[] = ['fall', 'motionless', 'motionless', 'bed-exit', null, null, 'vital-low', 'vital-high', 'motionless'];
/** 1 alarm, 2 resolved, 3 ignored at the device, 4 report. */
const radarEdges: Readonly<Record<number, Edge>> = { 1: 'raise', 2: 'clear', 3: 'clear', 4: 'report' };

export const milesight: PushVendor = {
  name: 'milesight',
  secrets: { key: { what: 'the secret at the end of the push address (?key=…) or in the header X-Api-Key', shape: keyShape } },
  answer: { type: 'application/json', body: '{}' },
  open: (request, account) => openByKey(request, account, ['x-api-key']),
  read: (plain, _settings, now) => [message(object(plain), now)],
  encode(key, decoded, { secrets }, now) {
    const event = decoded.channel === 'event' ? radarEvents.indexOf(decoded.event.kind) : -1;
    const button = decoded.channel === 'event' && event < 0;
    const info = { device_model: 'VS373', device_sn: key, device_mac: '24:E1:24:00:00:01', ip_address: '192.168.1.2', time: new Date(now).toISOString() };
    const lora = Buffer.from(button ? [0xff, 0x2e, 1] : [0x01, 0x75, decoded.channel === 'heartbeat' ? (decoded.reading.battery ?? 100) : 100]);
    const body = event >= 0 ? { device_info: info, trigger_data: { type: 1, trigger_id: `t${Math.floor(now / 1_000)}`, event, status: decoded.channel === 'event' && decoded.event.edge === 'clear' ? 2 : 1, sub_no: 1, location: 'bedroom' } }
      : { devEUI: key, fPort: 85, fCnt: Math.floor(now / 1_000) % 65_536, data: lora.toString('base64'), time: new Date(now).toISOString() };
    return { method: 'POST', query: { key: secrets['key'] ?? '' }, headers: { 'content-type': 'application/json' }, body: bytesOf(body) };
  },
};

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
/** The object with its keys in one spelling. */
const normalised = (frame: Json): Json => Object.fromEntries(Object.entries(frame).map(([name, value]) => [plain(name), value]));
const part = (frame: Json, name: string): Json => (isObject(frame[name]) ? normalised(frame[name]) : {});

function message(given: Json, now: number): Message {
  const frame = normalised(given);
  const info = part(frame, 'deviceinfo');
  const keys = keysOf(info['devicesn'], frame['deveui'], frame['devicesn'], info['devicemac'], frame['devicename']);
  if (keys.length === 0) throw new DecodeError('neither device_sn nor devEUI');
  const base = { keys, states: [], raw: bytesOf(given) };
  const at = info['time'] ?? frame['time'];
  if (typeof frame['data'] === 'string') return { ...base, ...readLora(frame['data'], { id: nameOf(keys, frame['fcnt'], frame['data'], at), at, now }) };
  const outer = part(frame, 'triggerdata');
  const trigger = isObject(outer['triggerdata']) ? normalised(outer['triggerdata']) : outer; // seen nested in itself
  if (Object.keys(trigger).length === 0) return { ...base, decoded: [canonical('heartbeat', { time: at, fw: info['firmwareversion'] }, now)] };
  const event = Number(trigger['event']);
  const edge = radarEdges[Number(trigger['status'])];
  const kind = radarEvents[event];
  if (kind === undefined || edge === undefined) return { ...base, decoded: [], unreadable: 'unknown event or status', alarm: true };
  return { ...base, decoded: radar(kind, event, edge, { keys, trigger, at, now }) };
}

function radar(kind: DeviceKind | null, event: number, edge: Edge, { keys, trigger, at, now }: { keys: readonly string[]; trigger: Json; at: unknown; now: number }): Decoded[] {
  const name = trigger['triggerid'];
  const id = name === undefined ? nameOf(keys, event, at) : `${String(name)}`;
  if (kind === null) return [canonical('vitals', { time: at, bed: event === 4 ? 'in' : 'out', region: trigger['subno'] }, now)];
  return [canonical('event', { kind, edge, id, time: at, data: { event, region: trigger['subno'], location: trigger['location'] } }, now)];
}
