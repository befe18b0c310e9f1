/**
 * Aliyun IoT from its cloud (DEVICES 5.4): what its rule engine or a subscriber hands on over HTTP, one message each, with the topic
 * it came on. The order of receipt is not the real one: `time` decides, `lastTime` is ignored as the platform asks.
 */
import { DecodeError } from '#core/errors.ts';
import type { DoorSettings } from '#core/vendor-door.ts';
import { isObject, type Json } from '#vendors/anling/fields.ts';
import { bytesOf, canonical, keysOf, keyShape, type Message, object, openByKey, type PushVendor } from '#vendors/push.ts';
import { propertiesOf } from '#vendors/properties.ts';
import { alinkTopic, readAlink } from './alink.ts';

export const aliyun: PushVendor = {
  name: 'aliyun',
  secrets: { key: { what: 'the secret at the end of the push address (?key=…)', shape: keyShape } },
  answer: { type: 'application/json', body: '{}' },
  open: (request, account) => openByKey(request, account),
  read: (plain, settings, now) => [message(object(plain), settings, now)],
  encode(key, decoded, { secrets }, now) {
    const [productKey, deviceName] = key.includes('/') ? (key.split('/', 2) as [string, string]) : ['pk1', key];
    const rest = decoded.channel === 'event' ? `thing/event/${decoded.event.kind}${decoded.event.edge === 'clear' ? 'Clear' : 'Alarm'}/post` : 'thing/event/property/post';
    const params = decoded.channel === 'event' ? { value: {}, time: now } : Object.fromEntries(Object.entries(propertiesOf(decoded)).map(([name, value]) => [name, { value, time: now }]));
    const body = decoded.channel === 'status' ? { topic: `/as/mqtt/status/${productKey}/${deviceName}`, payload: { status: decoded.online ? 'online' : 'offline', productKey, deviceName, utcTime: new Date(now).toISOString() } }
      : { topic: `/sys/${productKey}/${deviceName}/${rest}`, payload: { id: String(now), version: '1.0', params } };
    return { method: 'POST', query: { key: secrets['key'] ?? '' }, headers: { 'content-type': 'application/json' }, body: bytesOf(body) };
  },
};

function message(frame: Json, settings: DoorSettings, now: number): Message {
  const payload = payloadOf(frame);
  const topic = typeof frame['topic'] === 'string' ? frame['topic'] : '';
  const status = /^\/as\/mqtt\/status\/([^/]+)\/([^/]+)$/.exec(topic);
  const parts = alinkTopic(topic.replace(/^(\/)([A-Za-z0-9]+)\/([^/]+)\/(thing\/.*)$/, '/sys/$2/$3/$4')); // the cloud's own topics lack /sys
  const productKey = parts?.productKey ?? status?.[1] ?? text(payload['productKey']) ?? text(frame['productKey']);
  const deviceName = parts?.deviceName ?? status?.[2] ?? text(payload['deviceName']) ?? text(frame['deviceName']);
  const keys = keysOf(productKey && deviceName ? `${productKey}/${deviceName}` : undefined, deviceName, payload['iotId'], frame['iotId']);
  if (keys.length === 0) throw new DecodeError('neither topic nor deviceName');
  const base = { keys, states: [], raw: bytesOf(frame) };
  const said = payload['status'];
  if (status || (said !== undefined && payload['params'] === undefined && payload['items'] === undefined))
    return { ...base, decoded: said === 'online' || said === 'offline' ? [canonical('status', { online: said === 'online' }, now)] : [] };
  // What the cloud has parsed already: `items` for properties, `identifier` and `value` for an event.
  const event = text(payload['identifier']);
  if (isObject(payload['items'])) return { ...base, ...readAlink('thing/event/property/post', { id: payload['requestId'] ?? payload['id'], params: payload['items'] }, settings, productKey ?? '', now) };
  if (event !== undefined) return { ...base, ...readAlink(`thing/event/${event}/post`, { id: payload['requestId'] ?? payload['id'], params: { value: payload['value'], time: payload['time'], type: payload['type'] } }, settings, productKey ?? '', now) };
  return { ...base, ...readAlink(parts?.rest ?? 'thing/event/property/post', payload, settings, productKey ?? '', now) };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The payload as an object, as a text that holds one, or beside the topic itself. */
function payloadOf(frame: Json): Json {
  const given = frame['payload'] ?? frame['content'] ?? frame['messageContent'];
  if (given === undefined) return frame;
  if (isObject(given)) return given;
  if (typeof given === 'string') return object(Buffer.from(given));
  throw new DecodeError('the payload is no object');
}
