/**
 * Bytes of protocol v1 to what they say (DEVICES 0). An alarm is never lost to a wrong optional field: only `kind` is
 * required, everything else falls back and is flagged. Throws DecodeError alone (RELIABILITY F15).
 * Decoding and validating cost 7.7 % of the edge's CPU per heartbeat, 1.2 to 1.6 µs (npm run bench -- heartbeats --profile; all parts in bench/README.md).
 */
import { isUtf8 } from 'node:buffer';
import { DecodeError } from '#core/errors.ts';
import { type DecodedEvent, type DeviceKind, deviceKinds, type Edge, edges, type HeartbeatReading, type VitalsReading } from '#core/event.ts';
import type { Channel } from '#core/publish.ts';
import { toWgs84 } from '#vendors/places.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { boolean, deeperThan, integer, isObject, type Json, number, orNull, text, time, unknownFields } from './fields.ts';

const gbk = new TextDecoder('gb18030', { fatal: true });
const byteOrderMark = /^\ufeff/;
const depthMax = 16;

/** See Vendor.decode. */
export function decode(channel: Channel, bytes: Uint8Array, now: number): Decoded {
  const { frame, flags } = parse(bytes);
  switch (channel) {
    case 'event': return { channel, event: event(frame, flags, now) };
    case 'heartbeat': return heartbeat(frame, now);
    case 'vitals': return vitals(frame, now);
    case 'status': return { channel, online: status(frame) };
    case 'reply': return reply(frame);
    case 'other': throw new DecodeError('no such topic');
  }
}

/** The JSON object that the bytes hold, in UTF-8 or (flagged) GBK. */
export function parse(bytes: Uint8Array): { frame: Json; flags: string[] } {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--; // a C string's terminator
  if (end === 0) throw new DecodeError('empty');
  const body = end === bytes.length ? bytes : bytes.subarray(0, end);
  const flags: string[] = [];
  let source: string;
  if (isUtf8(body)) source = Buffer.from(body.buffer, body.byteOffset, end).toString().replace(byteOrderMark, '');
  else {
    flags.push('gbk');
    try {
      source = gbk.decode(body);
    } catch {
      throw new DecodeError('neither UTF-8 nor GBK');
    }
  }
  let frame: unknown;
  try {
    frame = JSON.parse(source);
  } catch {
    throw new DecodeError('not JSON');
  }
  if (!isObject(frame)) throw new DecodeError('not a JSON object');
  return { frame, flags };
}

function event(frame: Json, flags: string[], now: number): DecodedEvent {
  const { kind, edge, id, ref, time: at, seq, confidence, location, data, ...extra } = frame;
  if (typeof kind !== 'string') throw new DecodeError(kind === undefined ? 'kind missing' : 'kind is not a text');
  if (!(deviceKinds as readonly string[]).includes(kind)) throw new DecodeError('unknown kind');
  const keep = (name: string, value: unknown): undefined => {
    if (value !== undefined && value !== null) { extra[name] = value; flags.push('field-ignored'); }
    return undefined;
  };
  const when = time(at, now);
  if (when === 'absurd') { extra['time'] = at; flags.push('time-absurd'); }
  if (when === 'missing') flags.push('time-missing');
  const count = integer(seq, 0, 2 ** 31 - 1) ?? keep('seq', seq);
  const own = text(id, 128) ?? keep('id', id);
  const sure = number(confidence, 0, 1) ?? keep('confidence', confidence);
  const where = place(location) ?? keep('location', location);
  const points = text(ref, 128) ?? keep('ref', ref);
  // Without an id only a believable time makes one: a counter alone starts again at each reboot and would hide a new press.
  const sourceEventId = own ?? (typeof when === 'number' ? `t:${when}:${count ?? ''}` : undefined);
  const kept = details(data, orNull(count !== undefined ? { ...extra, seq: count } : extra), flags);
  return {
    kind: kind as DeviceKind, edge: (edges as readonly unknown[]).includes(edge) ? (edge as Edge) : (keep('edge', edge) ?? 'raise'),
    ...(sourceEventId !== undefined && { sourceEventId }), ...(points !== undefined && { ref: points }),
    ...(typeof when === 'number' && { deviceTime: when }), ...(sure !== undefined && { confidence: sure }),
    ...(where !== undefined && { location: where }), ...(kept !== null && { data: kept }), flags: [...new Set(flags)],
  };
}

/** `data` and the unknown fields (under `$unknown`) in one object; what is nested absurdly deep is dropped, the alarm is not. */
function details(data: unknown, extra: Json | null, flags: string[]): Json | null {
  const own: Json = isObject(data) && !Object.hasOwn(data, unknownFields) ? data : data === undefined || data === null ? {} : { value: data };
  const whole = orNull(extra === null ? own : { ...own, [unknownFields]: extra });
  if (whole === null || !deeperThan(whole, depthMax)) return whole;
  flags.push('data-dropped');
  return null;
}

function place(value: unknown): DecodedEvent['location'] {
  if (!isObject(value)) return undefined;
  const lat = number(value['lat'], -90, 90);
  const lon = number(value['lon'], -180, 180);
  if (lat === undefined || lon === undefined || (lat === 0 && lon === 0)) return undefined; // 0,0: no fix
  const crs = text(value['crs'], 16);
  return toWgs84({ lat, lon, ...(crs !== undefined && { crs }) });
}

type FieldReaders = ReadonlyMap<string, (value: unknown) => unknown>;

/** Sets the fields that could be read; the rest goes to `extra`. */
function read<T extends object>(frame: Json, now: number, fields: FieldReaders): { reading: T; extra: Json | null } {
  const reading: Json = {};
  let extra: Json | null = null;
  for (const name of Object.keys(frame)) {
    const value = frame[name];
    const when = name === 'time' ? time(value, now) : undefined;
    if (when === 'missing') continue;
    const got = when === undefined ? fields.get(name)?.(value) : when === 'absurd' ? undefined : when;
    if (got !== undefined) reading[when === undefined ? name : 'deviceTime'] = got;
    else if (value !== null) {
      extra ??= {};
      Object.defineProperty(extra, name, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return { reading: reading as T, extra: extra !== null && deeperThan(extra, depthMax) ? null : extra };
}

const heartbeatFields: FieldReaders = new Map(Object.entries({
  seq: (v: unknown) => integer(v, 0, 2 ** 31 - 1), battery: (v: unknown) => integer(v, 0, 100), rssi: (v: unknown) => integer(v, -200, 100),
  mains: boolean, fw: (v: unknown) => text(v, 64), temp: (v: unknown) => number(v, -90, 300), cell: (v: unknown) => text(v, 64),
}));

function heartbeat(frame: Json, now: number): Decoded {
  const { reading, extra } = read<HeartbeatReading>(frame, now, heartbeatFields);
  return { channel: 'heartbeat', reading, extra };
}

const vitalsFields: FieldReaders = new Map(Object.entries({
  heartRate: (v: unknown) => integer(v, 0, 400), breath: (v: unknown) => integer(v, 0, 200), spo2: (v: unknown) => integer(v, 0, 100),
  sbp: (v: unknown) => integer(v, 0, 400), dbp: (v: unknown) => integer(v, 0, 400), bodyTemp: (v: unknown) => number(v, 20, 50),
  bed: (v: unknown) => (v === 'in' || v === 'out' ? v : undefined),
}));
const vitals = (frame: Json, now: number): Decoded => ({ channel: 'vitals', ...read<VitalsReading>(frame, now, vitalsFields) });

function status(frame: Json): boolean {
  const online = boolean(frame['online']);
  if (online === undefined) throw new DecodeError('online missing');
  return online;
}

function reply(frame: Json): Decoded {
  const id = text(frame['id'], 64);
  if (id === undefined) throw new DecodeError('id missing');
  return { channel: 'reply', id, ok: boolean(frame['ok']) ?? false, data: deeperThan(frame['data'], depthMax) ? null : (frame['data'] ?? null) };
}
