/**
 * The cloud of GPS watches (DEVICES 5.6): POST with secretId and md5(id + key + the ten seconds) in the address, answered "Success". Its
 * times are UTC without a zone; latitude and longitude 0 mean no fix. The status word says which alarm `AL` is.
 */
import { createHash } from 'node:crypto';
import { DecodeError } from '#core/errors.ts';
import { isObject, type Json } from '#vendors/anling/fields.ts';
import { bytesOf, canonical, keysOf, type Message, nameOf, object, type PushVendor, sameText } from '#vendors/push.ts';
import { bitsOf, watchAlarms } from '#vendors/watch/status.ts';
import type { Decoded } from '#vendors/vendor.ts';

const watchSignature = (id: string, key: string, tenSeconds: number): string => createHash('md5').update(`${id}${key}${tenSeconds}`).digest('hex');

export const watchCloud: PushVendor = {
  name: 'watch-cloud',
  secrets: { id: { what: 'the secretId of the account', shape: /^[!-~]{1,64}$/ }, key: { what: 'the secretKey of the account', shape: /^[!-~]{1,128}$/ } },
  answer: { type: 'text/plain', body: 'Success' },
  open({ method, query, body }, { secrets }, now) {
    if (method !== 'POST') return { refused: 'the watch cloud pushes with POST' };
    if (query['secretId'] !== secrets['id']) return { refused: 'secretId is not this door’s' };
    const window = Math.floor(now / 10_000);
    const good = [window, window - 1, window + 1].some((w) => sameText((query['signature'] ?? '').toLowerCase(), watchSignature(secrets['id'] ?? '', secrets['key'] ?? '', w)));
    return good ? { plain: body } : { refused: 'the signature is not of this key and these ten seconds (is a clock wrong?)' };
  },
  read: (plain, _settings, now) => [message(object(plain), now)],
  encode(key, decoded, { secrets }, now) {
    const { id = '', key: secret = '' } = secrets;
    const status = decoded.channel === 'event' ? (watchAlarms.find((a) => a.kind === decoded.event.kind)?.bit ?? 16) : null;
    const reading = decoded.channel === 'heartbeat' ? decoded.reading : {};
    const body = { id: 12, deviceId: key, company: 'IC', flag: status === null ? 'UD' : 'AL', data: { latitude: 0, longitude: 0, battery: reading.battery ?? 57, gsm: 100, status: (status === null ? 0 : 2 ** status).toString(16).padStart(8, '0'), time: new Date(now).toISOString().slice(0, 19).replace('T', ' ') } };
    return { method: 'POST', query: { secretId: id, signature: watchSignature(id, secret, Math.floor(now / 10_000)) }, headers: { 'content-type': 'application/json' }, body: bytesOf(body) };
  },
};

function message(frame: Json, now: number): Message {
  const keys = keysOf(frame['deviceId'], frame['imei']);
  if (keys.length === 0) throw new DecodeError('deviceId missing');
  const data = isObject(frame['data']) ? frame['data'] : {};
  const at = utc(data['time']);
  const flag = typeof frame['flag'] === 'string' ? frame['flag'].toUpperCase() : '';
  const base = { keys, states: [], raw: bytesOf(frame) };
  const place = { location: { lat: data['latitude'], lon: data['longitude'], crs: 'wgs84' } };
  const around = Object.fromEntries(Object.entries({ sites: data['sites'], wifis: data['wifis'], steps: data['steps'] }).filter(([, v]) => v !== undefined));
  const { heartRate, heart, sbp, dbp, spo2, oxygen, temperature } = data;
  const vital = Object.fromEntries(Object.entries({ heartRate: heartRate ?? heart, sbp: sbp ?? data['high'], dbp: dbp ?? data['low'], spo2: spo2 ?? oxygen, bodyTemp: temperature }).filter(([, v]) => v !== undefined));
  const decoded: Decoded[] = [
    canonical('heartbeat', { battery: data['battery'], time: at, ...place }, now),
    ...(Object.keys(vital).length > 0 ? [canonical('vitals', { ...vital, time: at }, now)] : []),
  ];
  if (flag !== 'AL') return { ...base, decoded };
  const bits = bitsOf(data['status']);
  const alarms = watchAlarms.filter((a) => bits.includes(a.bit));
  const events = [...new Set(alarms.map((a) => a.kind))].map((kind) => canonical('event', { kind, id: nameOf(keys, kind, data['time'], data['status']), time: at, ...place, data: around }, now));
  return { ...base, decoded: [...events, ...decoded], ...(events.length === 0 && { unreadable: 'an alarm whose status word names none', alarm: true }) };
}

/** Without a zone it is UTC here, not our county's time. */
const utc = (value: unknown): unknown => (typeof value === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value) ? `${value.replace(' ', 'T')}Z` : value);
