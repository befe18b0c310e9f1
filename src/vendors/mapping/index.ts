/**
 * An administrator's own door: any JSON, read by a table of places (`a.b[0].c`) that was made on the page with a look at real frames.
 * What fits no line of the table is kept as a sign of life, or set aside as unreadable with its alert, as the table says.
 */
import { DecodeError } from '#core/errors.ts';
import { deviceKinds } from '#core/event.ts';
import type { Mapping } from '#core/vendor-door.ts';
import { time as readTime, isObject, type Json } from '#vendors/anling/fields.ts';
import { bytesOf, canonical, inTimeOrder, keyOf, type Message, keyShape, nameOf, object, openByKey, type PushVendor } from '#vendors/push.ts';
import type { Decoded } from '#vendors/vendor.ts';

export const mapping: PushVendor = {
  name: 'mapping',
  secrets: { key: { what: 'the secret at the end of the push address (?key=…), in X-Api-Key, or as a bearer token', shape: keyShape } },
  answer: { type: 'application/json', body: '{"ok":true}' },
  open: (request, account) => openByKey(request, account, ['x-api-key', 'authorization']),
  read(plain, settings, now) {
    const table = settings.mapping;
    if (!table) throw new DecodeError('this door has no mapping yet');
    const whole = object(plain);
    const list = table.list === undefined ? [whole] : at(whole, table.list);
    const each = Array.isArray(list) ? list.filter(isObject) : [];
    if (each.length === 0) throw new DecodeError('nothing stands where the list should');
    return inTimeOrder(each.map((frame) => message(frame, table, table.list, now)));
  },
  encode(key, decoded, { secrets, settings }, now) {
    const table = settings.mapping;
    const frame: Json = {};
    if (table) {
      put(frame, table.device, key);
      if (table.time !== undefined) put(frame, table.time, now);
      if (decoded.channel === 'event') {
        const line = table.events.find((e) => e.kind === decoded.event.kind && (e.edge ?? 'raise') === decoded.event.edge);
        if (line) put(frame, line.at, line.is ?? '1');
      } else if (decoded.channel !== 'status' && decoded.channel !== 'reply')
        for (const [name, value] of Object.entries(decoded.reading)) if (table.readings[name] !== undefined) put(frame, table.readings[name], value);
    }
    return { method: 'POST', query: { key: secrets['key'] ?? '' }, headers: { 'content-type': 'application/json' }, body: bytesOf(table?.list === undefined ? frame : wrapped(table.list, frame)) };
  },
};

const step = /([^.[\]]+)|\[(\d{1,4})\]/g;

/** What stands at a place; undefined: nothing. */
function at(frame: unknown, path: string): unknown {
  let here: unknown = frame;
  for (const [, name, index] of path.matchAll(step)) {
    if (index !== undefined) here = Array.isArray(here) ? here[Number(index)] : undefined;
    else here = isObject(here) && name !== undefined && Object.hasOwn(here, name) ? here[name] : undefined;
  }
  return here;
}

function put(frame: Json, path: string, value: unknown): void {
  const names = [...path.matchAll(step)].map(([, name, index]) => name ?? Number(index));
  let here: Record<string | number, unknown> = frame;
  for (const [i, name] of names.entries()) {
    if (i === names.length - 1) { here[name] = value; return; }
    here[name] ??= typeof names[i + 1] === 'number' ? [] : {};
    here = here[name] as Record<string, unknown>;
  }
}

function wrapped(path: string, frame: Json): Json {
  const whole: Json = {};
  put(whole, path, [frame]);
  return whole;
}

/** Whether a value is what a line asks for; without a word of it, whether it is anything but off. */
function fits(value: unknown, is: string | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (is === undefined) return value !== false && value !== 0 && value !== '' && value !== '0' && value !== 'false';
  return String(value) === is;
}

function message(frame: Json, table: Mapping, list: string | undefined, now: number): Message & { at: number | null } {
  const key = keyOf(at(frame, table.device));
  const raw = bytesOf(list === undefined ? frame : wrapped(list, frame));
  const when = table.time === undefined ? undefined : at(frame, table.time);
  const given = readTime(seconds(when), now);
  const ms = typeof given === 'number' ? given : null;
  if (key === undefined) throw new DecodeError('nothing stands where the device should');
  const base = { keys: [key], at: ms, states: [], raw };
  const line = table.events.find((e) => fits(at(frame, e.at), e.is) && (deviceKinds as readonly string[]).includes(e.kind));
  const name = table.id === undefined ? undefined : keyOf(at(frame, table.id));
  const values = Object.entries(table.readings).flatMap(([field, path]) => { const value = at(frame, path); return value === undefined ? [] : [[field, value] as const]; });
  const vital = values.filter(([field]) => vitalFields.has(field));
  const beat = values.filter(([field]) => !vitalFields.has(field));
  const decoded: Decoded[] = [
    ...(line ? [canonical('event', { kind: line.kind, edge: line.edge ?? 'raise', id: name ?? nameOf(key, frame), time: seconds(when), data: frame }, now)] : []),
    ...(vital.length > 0 ? [canonical('vitals', { ...Object.fromEntries(vital), time: seconds(when) }, now)] : []),
    ...(beat.length > 0 || (!line && vital.length === 0 && table.else === 'heartbeat') ? [canonical('heartbeat', { ...Object.fromEntries(beat), time: seconds(when) }, now)] : []),
  ];
  const unknown = !line && values.length === 0 && table.else === 'unreadable';
  return { ...base, decoded, ...(unknown && { unreadable: 'fits no line of the mapping', alarm: true }) };
}
const vitalFields = new Set(['heartRate', 'breath', 'spo2', 'sbp', 'dbp', 'bodyTemp', 'bed']);

/** Whole seconds are given by many; ours are milliseconds. */
const seconds = (value: unknown): unknown => (typeof value === 'number' && value > 1e9 && value < 1e11 ? value * 1_000 : value);
