/**
 * Alink JSON (阿里云物联网, DEVICES 5.4): what a device of that platform publishes, whether it comes from the platform or straight to
 * our own broker, and the signed password of its CONNECT. Pure; doors/mqtt carries it.
 */
import { createHmac } from 'node:crypto';
import type { DoorSettings } from '#core/vendor-door.ts';
import { isObject, type Json } from '#vendors/anling/fields.ts';
import { alarmOf, canonical, keyOf, type Message, nameOf } from '#vendors/push.ts';
import { readEvent, readThing } from '#vendors/thing.ts';

/** hex HMAC(secret, the keys in their order with their values behind them). */
export function alinkPassword(secret: string, method: string, fields: Readonly<Record<string, string>>): string {
  const content = Object.keys(fields).sort().map((key) => `${key}${fields[key]}`).join('');
  return createHmac(method, secret).update(content).digest('hex');
}

export type AlinkLogin = { productKey: string; deviceName: string; method: 'sha1' | 'md5' | 'sha256'; fields: Readonly<Record<string, string>> };
const methods: Readonly<Record<string, AlinkLogin['method']>> = { hmacsha1: 'sha1', hmacmd5: 'md5', hmacsha256: 'sha256' };

/** The CONNECT of an Alink device: `id|securemode=3,signmethod=hmacsha1,timestamp=…|`, user `deviceName&productKey`; null: not one. */
export function readAlinkLogin(clientId: string, user: string): AlinkLogin | null {
  const [, id, options] = /^([^|]{1,64})\|([^|]{1,160})\|$/.exec(clientId) ?? [];
  const [, deviceName, productKey] = /^([A-Za-z0-9_.:@-]{1,64})&([A-Za-z0-9]{1,32})$/.exec(user) ?? [];
  if (id === undefined || options === undefined || deviceName === undefined || productKey === undefined) return null;
  const given = new Map(options.split(',').map((pair) => pair.split('=', 2) as [string, string]));
  const method = methods[given.get('signmethod') ?? ''];
  const timestamp = given.get('timestamp');
  if (!method) return null;
  return { productKey, deviceName, method, fields: { clientId: id, deviceName, productKey, ...(timestamp !== undefined && { timestamp }) } };
}

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

/** The answer that the platform gives on `…_reply`; null when the device asked for none. */
export function alinkReply(rest: string, frame: Json | null): { rest: string; payload: Uint8Array } | null {
  if (rest.endsWith('_reply') || (isObject(frame?.['sys']) && frame['sys']['ack'] === 0)) return null;
  return { rest: `${rest}_reply`, payload: Buffer.from(JSON.stringify({ id: frame?.['id'] ?? '', code: frame === null ? 460 : 200, data: {} })) };
}

/** A command of ours as a service call of the thing model. */
export function encodeAlinkCommand(command: { id: string; name: string; args?: Record<string, unknown> }): { rest: string; payload: Uint8Array } {
  const service = command.name === 'config' ? 'property/set' : command.name.replaceAll('-', '_');
  return { rest: `thing/service/${service}`, payload: Buffer.from(JSON.stringify({ id: command.id.replace(/^c/, ''), version: '1.0', params: command.args ?? {}, method: `thing.service.${service.replace('/', '.')}` })) };
}
