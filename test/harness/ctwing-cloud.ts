/**
 * CTWing as its interfaces are described, for tests: it hears devices, pushes what it heard (and drops what it is told to drop), and answers
 * questions about its history only when they are signed as it wants, by its own clock. What it checks is written down here a second time.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const ctwingAccount = { appKey: 'app-of-the-county', appSecret: 'secret-of-the-app', masterKey: '0123456789abcdef0123456789abcdef', product: '15000001' };
type Heard = { deviceId: string; imei: string; at: number; props?: Record<string, unknown>; event?: { serviceId: string; eventType: number; eventContent: Record<string, unknown> } };
export type CtwingCloud = {
  url: string; asked: string[];
  /** Its clock: `offsetMs` before the machine's. */ offsetMs: number;
  /** How it treats the next questions: answers with this status, so many times. */ fail: { status: number; times: number; retryAfter?: number } | null;
  /** Rows in one page, whatever is asked. */ pageRows: number; /** the whole answer, instead of one */ says: string | null; /** a device whose history it cannot show */ broken: string | null;
  devices: { deviceId: string; imei: string }[];
  /** A device reported: pushed to `door` unless it is dropped. */ hear(heard: Heard, push: ((body: string) => Promise<number>) | null): Promise<void>;
  close(): Promise<void>;
};

export async function startCtwingCloud(): Promise<CtwingCloud> {
  const heard: Heard[] = [];
  const server: Server = createServer((request, response) => { void answer(cloud, heard, request, response); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cloud: CtwingCloud = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: [], offsetMs: 0, fail: null, pageRows: 100, says: null, broken: null, devices: [],
    async hear(one, push) {
      heard.push(one);
      if (push) await push(JSON.stringify(pushOf(one)));
    },
    async close() { server.closeAllConnections(); await new Promise((resolve) => server.close(resolve)); },
  };
  return cloud;
}

/** What it pushes of a report. */
function pushOf({ deviceId, imei, at, props, event }: Heard): Record<string, unknown> {
  const common = { upPacketSN: -1, upDataSN: -1, tenantId: '2000000001', protocol: 'lwm2m', productId: ctwingAccount.product, deviceId, IMEI: imei, IMSI: 'undefined', timestamp: at };
  return event ? { ...common, messageType: 'eventReport', deviceSn: '', ...event } : { ...common, messageType: 'dataReport', serviceId: '', payload: { serviceId: 'report', serviceData: props } };
}

async function answer(cloud: CtwingCloud, heard: readonly Heard[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? '/', 'http://x');
  const send = (status: number, value: unknown, headers: Record<string, string> = {}): void => { response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof value === 'string' ? value : JSON.stringify(value)); };
  if (url.pathname === '/echo') { send(200, {}, { 'x-ag-timestamp': String(Date.now() + cloud.offsetMs) }); return; }
  cloud.asked.push(`${url.pathname} ${body}`);
  if (cloud.fail && cloud.fail.times-- > 0) { send(cloud.fail.status, { code: 1 }, cloud.fail.retryAfter === undefined ? {} : { 'retry-after': String(cloud.fail.retryAfter) }); return; }
  const refused = checkSignature(cloud, request, url, body);
  if (refused) { send(403, { code: 1001, msg: refused }); return; }
  if (cloud.says !== null) { send(200, cloud.says); return; }
  if (url.pathname === '/aep_device_management/devices') {
    const page = Number(url.searchParams.get('pageNow'));
    const size = Math.min(100, Number(url.searchParams.get('pageSize')));
    send(200, { code: 0, msg: 'ok', result: { pageNum: page, pageSize: size, total: cloud.devices.length, list: cloud.devices.slice((page - 1) * size, page * size).map((d) => ({ ...d, deviceSn: d.imei, deviceName: d.imei, productId: Number(ctwingAccount.product), deviceStatus: 1, netStatus: 1 })) } });
    return;
  }
  const asked = JSON.parse(body) as Record<string, string>;
  if (asked['deviceId'] === cloud.broken) { send(200, { code: 500, desc: 'data fetch failed.' }); return; }
  const reports = url.pathname === '/aep_device_status/getDeviceStatusHisInPage';
  if (!reports && url.pathname !== '/aep_device_event/device/events') { send(404, { code: 404 }); return; }
  const [from, to, before] = [Number(asked[reports ? 'begin_timestamp' : 'startTime']), Number(asked[reports ? 'end_timestamp' : 'endTime']), asked[reports ? 'page_timestamp' : 'pageTimestamp']];
  // From the newest backwards; the next page begins before the time that this one ended with.
  const found = heard.filter((h) => h.deviceId === asked['deviceId'] && (h.event === undefined) === reports && h.at >= from && h.at <= to && (before === undefined || h.at < Number(before))).sort((a, b) => b.at - a.at);
  const page = found.slice(0, cloud.pageRows);
  const next = found.length > page.length ? String(page.at(-1)?.at) : '';
  send(200, reports ? { code: 0, page_timestamp: next, deviceStatusList: page.map((h) => ({ timestamp: h.at, ...h.props })) }
    : { code: 0, msg: 'ok', result: { pageTimestamp: next, list: page.map((h) => ({ deviceId: h.deviceId, createTime: h.at, serviceId: h.event?.serviceId, eventType: h.event?.eventType, eventContent: JSON.stringify(h.event?.eventContent) })) } });
}

/** HMAC-SHA1 over application, timestamp, the parameters in order and the body; the master key where the interface wants it; a clock within five minutes. */
function checkSignature(cloud: CtwingCloud, { headers }: IncomingMessage, url: URL, body: string): string | null {
  const status = url.pathname.startsWith('/aep_device_status/');
  const master = headers['masterkey'];
  if (headers['application'] !== ctwingAccount.appKey) return 'application';
  if (!status && master !== ctwingAccount.masterKey) return 'MasterKey';
  if (Math.abs(Number(headers['timestamp']) - (Date.now() + cloud.offsetMs)) > 300_000) return 'timestamp';
  if (typeof headers['version'] !== 'string') return 'version';
  const params: [string, string][] = [...url.searchParams.entries(), ...(typeof master === 'string' ? [['MasterKey', master] as [string, string]] : [])];
  let text = `application:${ctwingAccount.appKey}\ntimestamp:${headers['timestamp']}\n`;
  for (const [name, value] of params.sort(([a], [b]) => (a < b ? -1 : 1))) text += `${name}:${value}\n`;
  if (body !== '') text += `${body}\n`;
  return createHmac('sha1', ctwingAccount.appSecret).update(text).digest('base64') === headers['signature'] ? null : 'signature';
}
