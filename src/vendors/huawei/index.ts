/**
 * Huawei IoTDA, HTTP push (DEVICES 5.3): 200 within 15 s or that message is gone; after an outage its backlog comes before what is
 * fresh, so everything is ordered by the device's time. The platform signs nothing that it documents: a secret in the address,
 * and TLS with the certificate that was uploaded to it.
 */
import { DecodeError } from '#core/errors.ts';
import type { DoorSettings } from '#core/vendor-door.ts';
import { time as readTime, isObject, type Json } from '#vendors/anling/fields.ts';
import { alarmOf, bytesOf, canonical, inTimeOrder, keysOf, type Message, keyShape, nameOf, object, openByKey, pick, type PushVendor } from '#vendors/push.ts';
import { propertiesOf } from '#vendors/properties.ts';
import { readThing, type Thing } from '#vendors/thing.ts';

/** yyyyMMdd'T'HHmmss'Z' as ISO 8601; anything else as it is. */
function compactTime(value: unknown): unknown {
  const parts = typeof value === 'string' ? /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value) : null;
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z` : value;
}
const compact = (ms: number): string => new Date(ms).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');

export const huawei: PushVendor = {
  name: 'huawei',
  secrets: { key: { what: 'the secret at the end of the push address (?key=…)', shape: keyShape } },
  answer: { type: 'application/json', body: '{}' },
  open: (request, account) => openByKey(request, account),
  read(plain, settings, now) {
    const frame = object(plain);
    const notify = isObject(frame['notify_data']) ? frame['notify_data'] : {};
    const header = isObject(notify['header']) ? notify['header'] : {};
    // One of the platform's own samples has the body outside.
    const body = isObject(notify['body']) ? notify['body'] : isObject(frame['body']) ? frame['body'] : {};
    const keys = keysOf(header['node_id'], header['device_id'], pick(body, 'node_id'), pick(body, 'device_id'));
    if (keys.length === 0) throw new DecodeError('neither node_id nor device_id');
    const base = { keys, states: [], raw: bytesOf(frame) };
    const at = frame['event_time_ms'] ?? compactTime(frame['event_time']);
    switch (frame['resource']) {
      case 'device.property': return services(body, { base, header, frame, at, settings, now });
      case 'device.status': {
        const status = typeof body['status'] === 'string' ? body['status'].toUpperCase() : '';
        return [{ ...base, decoded: status === 'ONLINE' || status === 'OFFLINE' ? [canonical('status', { online: status === 'ONLINE' }, now)] : [] }];
      }
      case 'device.message': return [{ ...base, ...said(body['content'] ?? body, { id: nameOf(keys, frame['request_id'], body), at, now, alarm: alarmOf(settings, header['product_id']) }) }];
      case 'device': case 'device.message.status': case 'device.command.status': case 'product': return [{ ...base, decoded: [] }];
      default: return [{ ...base, decoded: [], unreadable: 'unknown resource', alarm: true }];
    }
  },
  encode: (key, decoded, { secrets }, now) => ({
    method: 'POST', query: { key: secrets['key'] ?? '' }, headers: { 'content-type': 'application/json' },
    body: bytesOf({
      resource: decoded.channel === 'status' ? 'device.status' : 'device.property', event: decoded.channel === 'status' ? 'update' : 'report', event_time: compact(now), event_time_ms: new Date(now).toISOString(), request_id: nameOf(key, now),
      notify_data: {
        header: { app_id: 'a1', device_id: `pid_${key}`, node_id: key, product_id: 'pid', gateway_id: `pid_${key}`, tags: [] },
        body: decoded.channel === 'status' ? { status: decoded.online ? 'ONLINE' : 'OFFLINE' } : { services: [{ service_id: 'Monitor', properties: propertiesOf(decoded), event_time: compact(now) }] },
      },
    }),
  }),
};

type Told = { base: Pick<Message, 'keys' | 'states' | 'raw'>; header: Json; frame: Json; at: unknown; settings: DoorSettings; now: number };

/** Each service is a message of its own, with its own time. */
function services(body: Json, { base, header, frame, at, settings, now }: Told): Message[] {
  const list = Array.isArray(body['services']) ? body['services'].filter(isObject) : [];
  if (list.length === 0) return [{ ...base, decoded: [], unreadable: 'no services', alarm: true }];
  return inTimeOrder(list.map((service) => {
    const when = service['event_time'] === undefined ? at : list.length === 1 && typeof at === 'string' && sameSecond(at, service['event_time']) ? at : compactTime(service['event_time']);
    const ms = readTime(when, now);
    const properties = isObject(service['properties']) ? service['properties'] : {};
    const thing = readThing(properties, { id: nameOf(base.keys, service['service_id'], when, properties), at: when, now, alarm: alarmOf(settings, service['service_id']) ?? alarmOf(settings, header['product_id']) });
    const alone = list.length === 1 ? base.raw : bytesOf({ ...frame, body: undefined, notify_data: { header, body: { services: [service] } } });
    return { ...base, raw: alone, at: typeof ms === 'number' ? ms : null, ...thing };
  }));
}

/** The service's time has whole seconds; the message's own milliseconds are better when they are the same moment. */
const sameSecond = (at: string, whole: unknown): boolean => Math.floor(Date.parse(at) / 1000) === Math.floor(Date.parse(String(compactTime(whole))) / 1000);

/** A device's own message: our protocol's event, or properties, as an object or as its text. */
function said(content: unknown, options: Parameters<typeof readThing>[1]): Thing {
  let frame: unknown = content;
  if (typeof content === 'string') {
    try { frame = object(Buffer.from(content)); } catch { frame = null; }
  }
  if (!isObject(frame)) return { decoded: [], states: [], unreadable: 'a message that is no JSON object', alarm: true };
  try {
    return typeof frame['kind'] === 'string' ? { decoded: [canonical('event', { id: options.id, time: options.at, ...frame }, options.now)], states: [] } : readThing(frame, options);
  } catch {
    return { decoded: [], states: [], unreadable: 'unknown kind', alarm: true };
  }
}
