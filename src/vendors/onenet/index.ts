/**
 * OneNET (中国移动), both generations (DEVICES 5.2). The URL check and every push are signed with md5(token + nonce + msg); a push whose
 * `msg` is an object is verified over the characters as they came, never over an object written anew. AES-256-CBC (old, by the
 * platform's encoding key) and AES-128-CBC (Studio, by a key of 16 characters) are opened before anything is read.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { DecodeError } from '#core/errors.ts';
import type { DoorSettings } from '#core/vendor-door.ts';
import { time as readTime, isObject, type Json } from '#vendors/anling/fields.ts';
import { alarmOf, bytesOf, canonical, inTimeOrder, keyOf, keysOf, type Message, nameOf, object, type Opened, type PushRequest, type PushVendor, sameText } from '#vendors/push.ts';
import { propertiesOf } from '#vendors/properties.ts';
import { rawMember } from '#vendors/raw-json.ts';
import { eventKind, readEvent, readThing } from '#vendors/thing.ts';

const token = { what: 'the token set beside the push address', shape: /^[!-~]{3,64}$/ };

/** base64(md5(token + nonce + msg)). */
const sign = (secret: string, nonce: string, msg: string): string => createHash('md5').update(`${secret}${nonce}${msg}`).digest('base64');
/** A platform's own number for a device, of simulators. */
const numberOf = (key: string): number => createHash('md5').update(key).digest().readUInt32BE(0);
/** A `+` that came through a form as a space. */
const restored = (signature: string): string => signature.replaceAll(' ', '+');

/** `GET url?msg=&nonce=&signature=` is answered with exactly `msg`. */
function check({ query }: PushRequest, secret: string): Opened {
  const { msg, nonce, signature } = query;
  if (msg === undefined || nonce === undefined || signature === undefined) return { refused: 'the URL check lacks msg, nonce or signature' };
  return sameText(restored(signature), sign(secret, nonce, msg)) ? { challenge: msg } : { refused: 'the signature of the URL check is not made with this door’s token' };
}

/** The signed characters of a push: a text's content, or the object as it was written. */
function verified(request: PushRequest, secret: string, members: { msg: readonly string[]; signature: string }): { text: string; envelope: Json } | { refused: string } {
  let envelope: Json;
  try {
    envelope = object(request.body);
  } catch {
    return { refused: 'the body is no JSON object, so it carries no signature' };
  }
  const source = Buffer.from(request.body).toString();
  const member = members.msg.find((name) => envelope[name] !== undefined);
  const value = member === undefined ? undefined : envelope[member];
  const text = typeof value === 'string' ? value : member === undefined ? undefined : rawMember(source, member);
  const [nonce, signature] = [envelope['nonce'], envelope[members.signature]];
  if (text === undefined || typeof nonce !== 'string' || typeof signature !== 'string') return { refused: `msg, nonce or ${members.signature} is missing` };
  return sameText(restored(signature), sign(secret, nonce, text)) ? { text, envelope } : { refused: 'the signature is not made with this door’s token' };
}

function decipher(algorithm: string, key: Buffer, iv: Buffer, base64: string): Buffer | null {
  try {
    const cipher = createDecipheriv(algorithm, key, iv);
    return Buffer.concat([cipher.update(base64, 'base64'), cipher.final()]);
  } catch {
    return null;
  }
}
const notOpened = { refused: 'the message cannot be decrypted with this door’s key' };

export const onenet: PushVendor = {
  name: 'onenet',
  secrets: { token, aesKey: { what: 'the EncodingAESKey, 43 characters, when pushes are encrypted', shape: /^[A-Za-z0-9+/]{43}$/, optional: true } },
  answer: { type: 'text/plain', body: 'ok' },
  open(request, { secrets }) {
    if (request.method === 'GET') return check(request, secrets['token'] ?? '');
    const found = verified(request, secrets['token'] ?? '', { msg: ['enc_msg', 'msg'], signature: 'msg_signature' });
    if ('refused' in found) return found;
    if (found.envelope['enc_msg'] === undefined) return { plain: Buffer.from(found.text) };
    const key = Buffer.from(`${secrets['aesKey'] ?? ''}=`, 'base64');
    const opened = key.length === 32 ? decipher('aes-256-cbc', key, key.subarray(0, 16), found.text) : null;
    if (!opened || opened.length < 20) return notOpened;
    const length = opened.readUInt32BE(16);
    return length <= opened.length - 20 ? { plain: opened.subarray(20, 20 + length) } : notOpened;
  },
  read(plain, settings, now) {
    // One message, or (seen) several in a list under `msg` as it was signed.
    const text = Buffer.from(plain).toString().trim();
    const each = text.startsWith('[') ? object(Buffer.from(`{"list":${text}}`))['list'] : [object(plain)];
    if (!Array.isArray(each) || !each.every(isObject) || each.length === 0) throw new DecodeError('no message');
    return inTimeOrder(each.map((frame) => oldMessage(frame, settings, now)));
  },
  encode(key, decoded, { secrets }, now) {
    const nonce = 'abcd1234';
    const [[name, value] = ['report', 1]] = Object.entries(propertiesOf(decoded));
    const msg = JSON.stringify({ type: decoded.channel === 'status' ? 2 : 1, dev_id: numberOf(key), imei: key, at: now, ...(decoded.channel === 'status' ? { status: decoded.online ? 1 : 0, login_type: 10 } : { ds_id: name, value }) });
    return { method: 'POST', query: {}, headers: { 'content-type': 'application/json' }, body: Buffer.from(`{"msg":${msg},"nonce":"${nonce}","msg_signature":${JSON.stringify(sign(secrets['token'] ?? '', nonce, msg))}}`) };
  },
};

function oldMessage(frame: Json, settings: DoorSettings, now: number): Message & { at: number | null } {
  const keys = keysOf(frame['imei'], frame['dev_id']);
  if (keys.length === 0) throw new DecodeError('neither imei nor dev_id');
  const given = readTime(frame['at'], now);
  const base = { keys, at: typeof given === 'number' ? given : null, states: [], raw: bytesOf(frame) };
  const stream = keyOf(frame['ds_id']) ?? '';
  const options = { id: nameOf(keys, stream, frame['at'], frame['value']), at: frame['at'], now, alarm: alarmOf(settings, stream) ?? alarmOf(settings, keyOf(frame['dev_id'])) };
  switch (Number(frame['type'])) {
    case 2: return { ...base, decoded: [canonical('status', { online: Number(frame['status']) !== 0 }, now)] };
    case 7: return { ...base, decoded: [] };
    case 1: {
      const value = frame['value'];
      if (isObject(value)) return { ...base, ...readThing(value, options) };
      // A stream of any name whose value is a word of ours ("sos").
      if (typeof value === 'string' && Number.isNaN(Number(value)) && eventKind(value)) return { ...base, ...readEvent(value, {}, options) };
      return { ...base, ...readThing({ [stream]: value }, options) };
    }
    default: return { ...base, decoded: [], unreadable: 'unknown type', alarm: true };
  }
}

export const onenetStudio: PushVendor = {
  name: 'onenet-studio',
  secrets: { token, aesKey: { what: 'the AES key, 16 characters, when pushes are encrypted', shape: /^[!-~]{16}$/, optional: true } },
  answer: { type: 'text/plain', body: 'ok' },
  open(request, { secrets }) {
    if (request.method === 'GET') return check(request, secrets['token'] ?? '');
    const found = verified(request, secrets['token'] ?? '', { msg: ['msg'], signature: 'signature' });
    if ('refused' in found) return found;
    const id = keyOf(found.envelope['id']);
    const text = found.text.trimStart();
    const aes = secrets['aesKey'];
    if (text.startsWith('{') || aes === undefined) return { plain: withId(found.text, id) };
    const key = Buffer.from(aes);
    const opened = key.length === 16 ? decipher('aes-128-cbc', key, key, found.text) : null;
    return opened ? { plain: withId(opened.toString(), id) } : notOpened;
  },
  read: (plain, settings, now) => [studioMessage(object(plain), settings, now)],
  encode(key, decoded, { secrets }, now) {
    const nonce = 'abcd1234';
    const data = decoded.channel === 'status' ? { messageType: 'lifeCycle', data: { status: decoded.online ? 'online' : 'offline', time: now } }
      : decoded.channel === 'event' ? { messageType: 'notify', notifyType: 'event', data: { id: String(now), version: '1.0', params: { [`${decoded.event.kind}${decoded.event.edge === 'clear' ? 'Clear' : 'Alarm'}`]: { eventType: 'alert', time: now, value: {} } } } }
        : { messageType: 'notify', notifyType: 'property', data: { id: String(now), version: '1.0', params: Object.fromEntries(Object.entries(propertiesOf(decoded)).map(([name, value]) => [name, { value, time: now }])) } };
    const plain = JSON.stringify({ productId: 'Abc123Def4', deviceId: numberOf(key), deviceName: key, imei: key, ...data });
    const aes = secrets['aesKey'];
    const cipher = aes === undefined ? null : createCipheriv('aes-128-cbc', Buffer.from(aes), Buffer.from(aes));
    const msg = cipher ? Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64') : plain;
    return { method: 'POST', query: {}, headers: { 'content-type': 'application/json' }, body: bytesOf({ msg, nonce, signature: sign(secrets['token'] ?? '', nonce, msg), time: now, id: nameOf(plain) }) };
  },
};

/** The envelope's id goes with the message: it is what names it when it is sent again. */
function withId(text: string, id: string | undefined): Uint8Array {
  const trimmed = text.trim();
  if (id === undefined || !trimmed.startsWith('{') || trimmed.length < 3) return Buffer.from(text);
  return Buffer.from(`{"$push":${JSON.stringify(id)}${trimmed.slice(1).trim() === '}' ? '' : ','}${trimmed.slice(1)}`);
}

function studioMessage(frame: Json, settings: DoorSettings, now: number): Message {
  const keys = keysOf(frame['imei'], frame['deviceName'], frame['deviceId']);
  if (keys.length === 0) throw new DecodeError('neither imei nor deviceName nor deviceId');
  const data = isObject(frame['data']) ? frame['data'] : {};
  const base = { keys, states: [], raw: bytesOf(frame) };
  const alarm = alarmOf(settings, frame['productId']);
  if (frame['messageType'] === 'lifeCycle') {
    const status = data['status'];
    return status === 'online' || status === 'offline' ? { ...base, decoded: [canonical('status', { online: status === 'online' }, now)] } : { ...base, decoded: [] };
  }
  if (frame['messageType'] !== 'notify' || !isObject(data['params'])) return { ...base, decoded: [], unreadable: 'unknown messageType', alarm: true };
  const id = nameOf(keys, frame['$push'] ?? data['id'], data['params']);
  if (frame['notifyType'] === 'event') {
    const things = Object.entries(data['params']).map(([name, told]) => {
      const event = isObject(told) ? told : {};
      const value = isObject(event['value']) ? event['value'] : {};
      return readEvent(name, value, { id: `${id}:${name}`, at: event['time'], alarm, now, calm: event['eventType'] === 'info' });
    });
    const unreadable = things.find((t) => t.unreadable !== undefined)?.unreadable;
    return { ...base, decoded: things.flatMap((t) => t.decoded), states: things.flatMap((t) => t.states), ...(unreadable !== undefined && { unreadable, alarm: true }) };
  }
  const times = Object.values(data['params']).map((p) => (isObject(p) ? p['time'] : undefined)).filter((t): t is number => typeof t === 'number');
  return { ...base, ...readThing(data['params'], { id, at: times.length > 0 ? Math.max(...times) : undefined, alarm, now }) };
}
