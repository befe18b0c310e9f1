/**
 * Alink JSON (阿里云物联网, DEVICES 5.4): what a device of that platform publishes, whether it comes from the platform or straight to
 * our own broker. Pure.
 */
import type { DoorSettings } from '#core/vendor-door.ts';
import { isObject, type Json } from '#vendors/anling/fields.ts';
import { alarmOf, canonical, keyOf, type Message, nameOf } from '#vendors/push.ts';
import { readEvent, readThing } from '#vendors/thing.ts';

/** `/sys/{productKey}/{deviceName}/thing/…` cut into its parts; null: not Alink's. */
export function alinkTopic(topic: string): { productKey: string; deviceName: string; rest: string } | null {
  const [, productKey, deviceName, rest] = /^\/sys\/([^/]{1,64})\/([^/]{1,64})\/(.{1,200})$/.exec(topic) ?? [];
  return productKey === undefined || deviceName === undefined || rest === undefined ? null : { productKey, deviceName, rest };
}

const eventTopic = /^thing\/event\/([^/]{1,100})\/post$/;
type Meaning = Pick<Message, 'decoded' | 'states' | 'unreadable' | 'alarm'>;

/** What a frame below `/sys/{pk}/{dn}/` says; `properties` of the platform's own push have the same shape. */
export function readAlink(rest: string, frame: Json, settings: DoorSettings, productKey: string, now: number): Meaning {
  const name = eventTopic.exec(rest)?.[1];
  const none = { decoded: [], states: [] };
  if (rest.endsWith('_reply')) {
    const id = keyOf(frame['id']);
    return id === undefined ? none : { ...none, decoded: [canonical('reply', { id: /^\d+$/.test(id) ? `c${id}` : id, ok: Number(frame['code'] ?? 200) === 200, data: frame['data'] ?? null }, now)] };
  }
  if (name === undefined) return { ...none, unreadable: 'a topic that carries no readings', alarm: rest.startsWith('thing/event/') };
  const params = isObject(frame['params']) ? frame['params'] : {};
  const alarm = alarmOf(settings, productKey);
  const id = nameOf(frame['id'], rest, params);
  if (name === 'property') return readThing(params, { id, at: timeOf(params), alarm, now });
  const value = isObject(params['value']) ? params['value'] : params;
  return readEvent(name, value, { id, at: params['time'], alarm, now, calm: params['type'] === 'info' });
}

/** The newest of the times that stand beside the values. */
function timeOf(params: Json): unknown {
  const times = Object.values(params).map((p) => (isObject(p) ? p['time'] : undefined)).filter((t): t is number => typeof t === 'number');
  return times.length > 0 ? Math.max(...times) : params['time'];
}
