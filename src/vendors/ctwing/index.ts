/**
 * CTWing (中国电信 AEP), HTTP push (DEVICES 5.1). No signature exists: the secret stands in the address (`?key=`), with a list of
 * addresses beside it. 200 at once or the platform stops pushing for a minute. IMEI is the stable key, `deviceId` the platform's own.
 */
import { DecodeError } from '#core/errors.ts';
import type { DoorSettings } from '#core/vendor-door.ts';
import { time as readTime, isObject, type Json } from '#vendors/anling/fields.ts';
import { alarmOf, bytesOf, canonical, inTimeOrder, keyOf, keysOf, type Message, keyShape, nameOf, object, openByKey, pick, type PushVendor } from '#vendors/push.ts';
import { readEvent, readThing, type Thing } from '#vendors/thing.ts';
import { propertiesOf } from '#vendors/properties.ts';

export const ctwing: PushVendor = {
  name: 'ctwing',
  secrets: {
    key: { what: 'the secret at the end of the push address (?key=…)', shape: keyShape },
    appKey: { what: 'the App Key of an application, to read the platform’s history', shape: /^[!-~]{4,64}$/, optional: true }, appSecret: { what: 'its App Secret', shape: /^[!-~]{4,64}$/, optional: true },
    masterKeys: { what: 'product=MasterKey, several joined with commas', shape: /^\d{1,20}=[0-9A-Za-z]{8,64}(?:,\d{1,20}=[0-9A-Za-z]{8,64})*$/, optional: true },
  },
  answer: { type: 'application/json', body: '{"code":0}' },
  open: (request, account) => openByKey(request, account),
  read(plain, settings, now) {
    const whole = object(unescaped(plain));
    const list = whole['messageType'] === 'dataReportTupUnion' ? Object.values(whole).find((v): v is Json[] => Array.isArray(v) && v.length > 0 && v.every(isObject)) : undefined;
    // Of a batch each element stands alone, with what it has in common with the others.
    const { payload: _, ...common } = whole;
    const each = list?.map((item) => ({ ...Object.fromEntries(Object.entries(common).filter(([, v]) => v !== list)), ...item, messageType: 'dataReport' })) ?? [whole];
    return inTimeOrder(each.map((frame) => message(frame, settings, now)));
  },
  encode: (key, decoded, { secrets }, now) => ({
    method: 'POST', query: { key: secrets['key'] ?? '' }, headers: { 'content-type': 'application/json' },
    body: bytesOf({
      upPacketSN: -1, upDataSN: -1, tenantId: '2000000001', protocol: 'lwm2m', productId: '15000001', deviceId: `p${key}`, IMEI: key, timestamp: now,
      ...(decoded.channel === 'status' ? { messageType: 'deviceOnlineOfflineReport', eventType: decoded.online ? 1 : 0 }
        : decoded.channel === 'event' ? { messageType: 'eventReport', eventType: 2, serviceId: decoded.event.kind, eventContent: propertiesOf(decoded) }
          : { messageType: 'dataReport', serviceId: '', payload: { serviceId: 'report', serviceData: propertiesOf(decoded) } }),
    }),
  }),
};

/** Seen in the wild: the body as it would stand in a form. */
function unescaped(body: Uint8Array): Uint8Array {
  if (body[0] !== 0x25 && body[0] !== 0x64) return body; // '%' of %7B, 'd' of data=
  const text = Buffer.from(body).toString('latin1').replace(/^data=/, '');
  if (!text.startsWith('%7')) return body;
  try {
    return Buffer.from(decodeURIComponent(text.replaceAll('+', ' ')));
  } catch {
    throw new DecodeError('neither JSON nor URL-encoded JSON');
  }
}

/**
 * The name of an occurrence: who, which kind of message, and when, so that the platform's history gives it the same one; what names no
 * time is told apart by what it says. (Kinds within one message are told apart by the reader.)
 */
export function frameName(frame: Json, data: unknown = undefined): string {
  const who = keyOf(frame['deviceId']) ?? keysOf(pick(frame, 'IMEI'), pick(frame, 'deviceSn'))[0];
  return typeof frame['timestamp'] === 'number' ? nameOf(who, frame['messageType'], frame['timestamp']) : nameOf(who, frame['messageType'], frame['timestamp'], data ?? frame['eventContent'], frame['serviceId']);
}

function message(frame: Json, settings: DoorSettings, now: number): Message & { at: number | null } {
  const payload = pick(frame, 'payload');
  const data = isObject(payload) ? (pick(payload, 'serviceData') ?? payload) : payload;
  const given = readTime(frame['timestamp'], now);
  const keys = keysOf(pick(frame, 'IMEI'), isObject(data) ? pick(data, 'IMEI') : undefined, frame['deviceId'], pick(frame, 'deviceSn'));
  if (keys.length === 0) throw new DecodeError('neither IMEI nor deviceId');
  const options = {
    id: frameName(frame, data), at: frame['timestamp'], now,
    alarm: alarmOf(settings, frame['productId']),
  };
  return { keys, at: typeof given === 'number' ? given : null, states: [], raw: bytesOf(frame), ...meaning(frame, data, options, now) };
}

function meaning(frame: Json, data: unknown, options: Parameters<typeof readThing>[1], now: number): Partial<Message> & { decoded: Message['decoded'] } {
  switch (frame['messageType']) {
    case 'dataReport': {
      if (isObject(data) && typeof data['APPdata'] === 'string') return transparent(data['APPdata'], options, now);
      return isObject(data) ? readThing(data, options) : { decoded: [], unreadable: 'a report without data', alarm: true };
    }
    case 'eventReport': {
      const content = pick(frame, 'eventContent');
      const level = Number(frame['eventType']);
      const event = readEvent(keyOf(frame['serviceId']) ?? '', isObject(content) ? content : {}, { ...options, calm: level !== 2 });
      // 3 is the platform's word for a fault of the device.
      return level === 3 && event.states.length === 0 && event.unreadable === undefined && !event.decoded.some((d) => d.channel === 'event')
        ? { ...event, decoded: [...event.decoded, canonical('event', { kind: 'fault', id: options.id, time: options.at, data: isObject(content) ? content : {} }, now)] } : event;
    }
    case 'deviceOnlineOfflineReport': return { decoded: [canonical('status', { online: Number(frame['eventType']) !== 0 }, now)] };
    case 'commandResponse': return { decoded: [] };
    default: return { decoded: [], unreadable: 'unknown messageType', alarm: true };
  }
}

/** A transparent product's own bytes: our protocol, or a thing's properties, as JSON; else nobody can read them. */
function transparent(base64: string, options: Parameters<typeof readThing>[1], now: number): Thing {
  const none = { decoded: [], states: [] };
  try {
    const frame = object(Buffer.from(base64, 'base64'));
    return typeof frame['kind'] === 'string' ? { ...none, decoded: [canonical('event', { id: options.id, time: options.at, ...frame }, now)] } : readThing(frame, options);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { ...none, unreadable: 'bytes of a product that nobody has described', alarm: true };
  }
}
