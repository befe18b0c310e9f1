/**
 * Tencent IoT, data forwarding (DEVICES 5.5): SHA-1 over token, Timestamp and Nonce, sorted and joined, in headers; the URL check answers
 * Echostr. The signature does not cover the body, so the address carries a secret too when the account has one.
 */
import { createHash } from 'node:crypto';
import { DecodeError } from '#core/errors.ts';
import type { DoorSettings } from '#core/vendor-door.ts';
import { isObject, type Json } from '#vendors/anling/fields.ts';
import { alarmOf, bytesOf, canonical, keysOf, type Message, nameOf, object, pick, type PushVendor, sameText } from '#vendors/push.ts';
import { propertiesOf } from '#vendors/properties.ts';
import { readEvent, readThing } from '#vendors/thing.ts';

/** A signature older or newer than this is refused; the same message again within it is told by its name. */
const windowMs = 15 * 60_000;
const tencentSignature = (token: string, timestamp: string, nonce: string): string => createHash('sha1').update([token, timestamp, nonce].sort().join('')).digest('hex');

export const tencent: PushVendor = {
  name: 'tencent',
  secrets: { token: { what: 'the token set beside the forwarding address', shape: /^[!-~]{3,64}$/ } },
  answer: { type: 'application/json', body: '{}' },
  open({ method, headers, body }, { secrets }, now) {
    const header = (name: string): string => headers[name] ?? headers[`x-tc-${name}`] ?? '';
    const [signature, timestamp, nonce] = [header('signature'), header('timestamp'), header('nonce')];
    if (signature === '' || timestamp === '' || nonce === '') return { refused: 'the headers Signature, Timestamp and Nonce are not all there' };
    if (!sameText(signature.toLowerCase(), tencentSignature(secrets['token'] ?? '', timestamp, nonce))) return { refused: 'Signature is not made with this door’s token' };
    if (!(Math.abs(now - Number(timestamp) * (timestamp.length > 11 ? 1 : 1_000)) <= windowMs)) return { refused: 'Timestamp is more than 15 minutes away from our clock' };
    return method === 'GET' ? { challenge: header('echostr') } : { plain: body };
  },
  read: (plain, settings, now) => [message(object(plain), settings, now)],
  encode(key, decoded, { secrets }, now) {
    const [timestamp, nonce] = [String(Math.floor(now / 1_000)), 'IkOaKMDalrAzUTxC'];
    const base = { productid: 'PID0000001', devicename: key, timestamp: Math.floor(now / 1_000), seq: now % 100_000 };
    const payload = decoded.channel === 'event' ? { method: 'event_post', clientToken: nameOf(key, now), eventId: `${decoded.event.kind}_${decoded.event.edge === 'clear' ? 'clear' : 'alarm'}`, type: 'alert', timestamp: now, params: {} }
      : { method: 'report', clientToken: nameOf(key, now), timestamp: now, params: propertiesOf(decoded) };
    return {
      method: 'POST', query: {}, headers: { 'content-type': 'application/json', timestamp, nonce, signature: tencentSignature(secrets['token'] ?? '', timestamp, nonce) },
      body: bytesOf(decoded.channel === 'status' ? { ...base, event: decoded.online ? 'Connect' : 'Disconnect', reason: '' } : { ...base, topic: `$thing/up/${decoded.channel === 'event' ? 'event' : 'property'}/PID0000001/${key}`, payload }),
    };
  },
};

function message(frame: Json, settings: DoorSettings, now: number): Message {
  const product = pick(frame, 'productid', 'ProductID', 'product_id');
  const device = pick(frame, 'devicename', 'DeviceName', 'device_name');
  const keys = keysOf(typeof product === 'string' && typeof device === 'string' ? `${product}/${device}` : undefined, device);
  if (keys.length === 0) throw new DecodeError('devicename missing');
  const base = { keys, states: [], raw: bytesOf(frame) };
  const life = pick(frame, 'event', 'Event');
  if (typeof life === 'string' && /^(?:dis)?connect$|^(?:on|off)line$/i.test(life)) return { ...base, decoded: [canonical('status', { online: /^(?:connect|online)$/i.test(life) }, now)] };
  const given = pick(frame, 'payload', 'Payload');
  const payload = isObject(given) ? given : typeof given === 'string' ? unpacked(given) : null;
  if (!payload) return { ...base, decoded: [], unreadable: 'no payload', alarm: true };
  const seconds = pick(frame, 'timestamp', 'Timestamp');
  const at = payload['timestamp'] ?? (typeof seconds === 'number' && seconds < 1e11 ? seconds * 1_000 : seconds);
  const params = isObject(payload['params']) ? payload['params'] : {};
  const options = { id: nameOf(keys, payload['clientToken'], payload['method'], payload['eventId'], at, params), at, now, alarm: alarmOf(settings, product) };
  switch (payload['method']) {
    case 'report': case 'report_info': return { ...base, ...readThing(params, options) };
    case 'event_post': return { ...base, ...readEvent(String(payload['eventId'] ?? ''), params, { ...options, calm: payload['type'] === 'info' }) };
    case 'control_reply': case 'action_reply': case 'get_status_reply': return { ...base, decoded: [] };
    default: return { ...base, ...(payload['method'] === undefined && Object.keys(payload).length > 0 ? readThing(payload, options) : { decoded: [], unreadable: 'unknown method', alarm: true }) };
  }
}

/** The payload as JSON text, or as its base64. */
function unpacked(text: string): Json | null {
  for (const bytes of [Buffer.from(text), Buffer.from(text, 'base64')]) {
    try { return object(bytes); } catch { /* the other way */ }
  }
  return null;
}
