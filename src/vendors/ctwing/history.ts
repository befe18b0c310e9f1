/**
 * CTWing's own memory (AEP 北向 API): the devices of a product, each device's reports and events, page by page from the newest backwards.
 * Every request is signed with the application's secret over its key, the time, the parameters in their order, and the body; the time is the
 * platform's, told by `/echo`. Interfaces and versions: `aep_device_management/devices` 20190507012134, `aep_device_status/
 * getDeviceStatusHisInPage` 20190928013337 (no master key), `aep_device_event/device/events` 20210327064751.
 */
import { createHmac } from 'node:crypto';
import { DecodeError } from '#core/errors.ts';
import type { DoorSettings } from '#core/vendor-door.ts';
import { isObject, type Json } from '#vendors/anling/fields.ts';
import type { Ask, History, ListedDevice, Told } from '#vendors/history.ts';
import { type Account, bytesOf, keyOf, keysOf, type Message, object, pick } from '#vendors/push.ts';
import { placed } from '#vendors/places.ts';
import { ctwing, frameName } from './index.ts';

const pageRows = 100;
/** `15000001=<32 hex>`, joined with commas: a product and its master key. */
const masterKeys = (account: Account): Map<string, string> => new Map((account.secrets['masterKeys'] ?? '').split(',').flatMap((pair) => {
  const [product = '', key = ''] = pair.trim().split('=', 2);
  return product === '' || key === '' ? [] : [[product, key] as const];
}));

/** base64 of the HMAC-SHA1 over application, timestamp, the parameters by name (the master key is one), and the body, a line each. */
export function sign(secret: string, application: string, timestamp: number, params: Readonly<Record<string, string>>, body: string | null): string {
  const lines = [`application:${application}`, `timestamp:${timestamp}`, ...Object.keys(params).sort().map((name) => `${name}:${params[name]}`), ...(body === null || body === '' ? [] : [body])];
  return createHmac('sha1', secret).update(lines.map((line) => `${line}\n`).join('')).digest('base64');
}

function ask(account: Account, vendorNow: number, to: { path: string; version: string; query?: Record<string, string>; masterKey?: string; body?: Json }): Ask {
  const application = account.secrets['appKey'] ?? '';
  const body = to.body === undefined ? null : JSON.stringify(to.body);
  const query = to.query ?? {};
  const signature = sign(account.secrets['appSecret'] ?? '', application, vendorNow, { ...query, ...(to.masterKey !== undefined && { MasterKey: to.masterKey }) }, body);
  return {
    method: body === null ? 'GET' : 'POST', path: `${to.path}${Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ''}`, body,
    headers: { application, timestamp: String(vendorNow), version: to.version, signature, ...(to.masterKey !== undefined && { MasterKey: to.masterKey }), ...(body !== null && { 'content-type': 'application/json; charset=UTF-8' }) },
  };
}

/** The parsed answer; the platform says its own failures with a code inside a 200. */
function answered(body: string): Json {
  const answer = object(Buffer.from(body));
  const code = answer['code'];
  if (Number(code ?? 0) !== 0) throw new DecodeError(`the platform answers with code ${keyOf(code)?.replace(/[^A-Za-z0-9-]/g, '').slice(0, 8) ?? 'none'}`);
  return answer;
}

/** The list of an answer, wherever this interface puts it. */
function listOf(answer: Json, ...names: readonly string[]): Json[] {
  const result = pick(answer, 'result', 'data');
  for (const place of [result, answer]) {
    if (Array.isArray(place)) return place.filter(isObject);
    if (!isObject(place)) continue;
    for (const name of names) {
      const list = pick(place, name);
      if (Array.isArray(list)) return list.filter(isObject);
      if (list === null) return [];
    }
  }
  throw new DecodeError('the answer holds no list');
}

const nextOf = (answer: Json): string | null => {
  const result = pick(answer, 'result', 'data');
  return keyOf(pick(answer, 'page_timestamp', 'pageTimestamp')) ?? (isObject(result) ? keyOf(pick(result, 'page_timestamp', 'pageTimestamp')) : undefined) ?? null;
};

const timeOf = (record: Json): number | null => {
  const at = Number(pick(record, 'timestamp', 'createTime', 'eventTime', 'reportTime'));
  return Number.isFinite(at) && at > 0 ? at : null;
};

/** The record as the platform would have pushed it. */
function frameOf(record: Json, at: number, device: ListedDevice, list: string): Json {
  const common = { timestamp: at, productId: device.product, deviceId: device.id, ...(device.names[0] !== undefined && { IMEI: device.names[0] }) };
  if (list === 'reports') {
    const { timestamp: _, ...payload } = record;
    return { ...common, messageType: 'dataReport', payload };
  }
  const content = pick(record, 'eventContent');
  let parsed: unknown = content;
  if (typeof content === 'string') try { parsed = JSON.parse(content); } catch { parsed = {}; }
  return { ...common, messageType: 'eventReport', serviceId: pick(record, 'serviceId', 'eventId', 'identifier'), eventType: pick(record, 'eventType'), eventContent: isObject(parsed) ? parsed : {} };
}

/** As the reader of pushes has it; a record that it cannot read is kept like a push of that kind, and holds up no other. */
function messagesOf(frame: Json, settings: DoorSettings, now: number): Message[] {
  try {
    return ctwing.read(bytesOf(frame), settings, now).map((message) => placed(message, settings.crs));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [{ keys: keysOf(frame['IMEI'], frame['deviceId']), decoded: [], states: [], unreadable: error.message, alarm: true, raw: bytesOf(frame) }];
  }
}

export const ctwingHistory: History = {
  url: 'https://ag-api.ctwing.cn', needs: ['appKey', 'appSecret', 'masterKeys'], lists: ['reports', 'events'],
  clock: { ask: { method: 'GET', path: '/echo', headers: {}, body: null }, header: 'x-ag-timestamp' },
  products: (account) => [...masterKeys(account).keys()],
  askDevices: (account, product, page, vendorNow) => ask(account, vendorNow, {
    path: '/aep_device_management/devices', version: '20190507012134', masterKey: masterKeys(account).get(product) ?? '', query: { productId: product, pageNow: String(page), pageSize: String(pageRows) },
  }),
  readDevices(body, product) {
    const answer = answered(body);
    const list = listOf(answer, 'list');
    const devices = list.flatMap((d) => {
      const id = keyOf(pick(d, 'deviceId'));
      // 2: taken out of service there.
      return id === undefined || Number(pick(d, 'deviceStatus')) === 2 ? [] : [{ product, id, names: keysOf(pick(d, 'imei'), pick(d, 'deviceSn')) }];
    });
    return { devices, more: list.length >= pageRows };
  },
  askRecords(account, device, list, { from, to, page }, vendorNow) {
    const which = { productId: device.product, deviceId: device.id };
    return list === 'reports'
      ? ask(account, vendorNow, { path: '/aep_device_status/getDeviceStatusHisInPage', version: '20190928013337', body: { ...which, begin_timestamp: String(from), end_timestamp: String(to), page_size: pageRows, ...(page !== null && { page_timestamp: page }) } })
      : ask(account, vendorNow, {
        path: '/aep_device_event/device/events', version: '20210327064751', masterKey: masterKeys(account).get(device.product) ?? '',
        body: { ...which, startTime: String(from), endTime: String(to), pageSize: pageRows, ...(page !== null && { pageTimestamp: page }) },
      });
  },
  readRecords(body, device, list, settings, now) {
    const answer = answered(body);
    const records = listOf(answer, 'deviceStatusList', 'deviceEventList', 'list');
    const told: Told[] = records.flatMap((record) => {
      const at = timeOf(record);
      if (at === null) throw new DecodeError('a record without a time');
      const frame = frameOf(record, at, device, list);
      return messagesOf(frame, settings, now).map((message) => ({ at, name: frameName(frame), message }));
    });
    return { told, next: records.length === 0 ? null : nextOf(answer) };
  },
};
