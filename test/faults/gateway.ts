/** Faults of the gateway, each about every home at once: whether somebody was told all the same, how often, and whether anything ended in silence. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { standinProvider } from '#core/provider.ts';
import { deviceCertificate } from '#doors/mqtt/certificate.ts';
import { openGateway } from '#notify/channels/index.ts';
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts';
import { until } from '#test/harness/edge.ts';
import { type Rings, startRings } from '#test/harness/rings.ts';
import type { FaultRow } from './table.ts';

type Way = { fault: string; begin(w: World): Promise<unknown> | unknown; /** Nobody can be told while it lasts: it ends after so long. */ endAfterMs?: number };
type World = { r: Rings; proxy: FaultProxy };
const told = (fault: object) => ({ r }: World): unknown => r.standin.state.faults.add(fault as never);
const sms = (kind: string, more: object = {}): Way['begin'] => told({ kind, action: 'SendSms', ...more });

/** F12 as PROVIDERS has it: requests that go wrong, receipts that go wrong, a wire that goes wrong. */
const ways: Way[] = [
  { fault: 'F12 connection refused, both channels', begin: ({ proxy }) => proxy.set({ mode: 'refuse' }), endAfterMs: 3_000 },
  { fault: 'F12 connection reset, both channels', begin: ({ proxy }) => proxy.set({ mode: 'reset' }), endAfterMs: 3_000 },
  { fault: 'F12 half-open, both channels', begin: ({ proxy }) => proxy.set({ mode: 'swallow' }), endAfterMs: 3_000 },
  { fault: 'F12 SMS hangs for 30 s', begin: sms('hang') },
  { fault: 'F12 SMS hangs behind the acceptance', begin: sms('hang-after-accept') },
  { fault: 'F12 truncated body', begin: sms('cut-after-accept') },
  { fault: 'F12 slow drip', begin: sms('drip-after-accept') },
  { fault: 'F12 dropped behind the acceptance', begin: sms('drop-after-accept') },
  { fault: 'F12 wrong JSON', begin: sms('not-json') },
  { fault: 'F12 HTML 502', begin: sms('html') },
  { fault: 'F12 503', begin: sms('unavailable') },
  { fault: 'F12 throttled', begin: sms('throttle', { delayMs: 300 }) },
  ...['isv.BUSINESS_LIMIT_CONTROL', 'isv.AMOUNT_NOT_ENOUGH', 'isv.SMS_CONTENT_ILLEGAL', 'isp.SYSTEM_ERROR'].map((code) => ({ fault: `F12 HTTP 200 ${code}`, begin: sms('code', { code }) })),
  { fault: 'F12 receipts twice', begin: told({ kind: 'duplicate' }) },
  { fault: 'F12 forged receipts', begin: told({ kind: 'forged' }) },
  { fault: 'F12 late receipts', begin: told({ kind: 'late', delayMs: 1_000 }) },
  { fault: 'F12 failed receipts', begin: told({ kind: 'failed', code: 'MI:0024' }) },
  { fault: 'F12 success and no receipt', begin: told({ kind: 'none' }) },
];

/** Runs every way once over `homes` homes. A home is told when the provider has taken a message about its alarm. */
export async function gatewayFaults(homes: number, say: (line: string) => void): Promise<FaultRow[]> {
  const proxies: FaultProxy[] = [];
  const r = await startRings(homes, { gateway: async (url) => { const proxy = await startFaultProxy({ port: Number(new URL(url).port) }); proxies.push(proxy); return proxy.through(url); } });
  const [proxy] = proxies as [FaultProxy];
  const rows: FaultRow[] = [];
  try {
    for (const way of ways) {
      rows.push(await one({ r, proxy }, way));
      const last = rows.at(-1) as FaultRow;
      say(`${last.fault}: ${last.times} times, ${last.note}, lost ${last.lost}, duplicated ${last.duplicated}, stalled ${last.stalled}`);
    }
    return rows;
  } finally {
    await r.stop();
    await proxy.close();
  }
}

async function one({ r, proxy }: World, way: Way): Promise<FaultRow> {
  await way.begin({ r, proxy });
  const before = Number((await r.db.query<{ id: string }>('select coalesce(max(id), 0) as id from alert'))[0]?.id);
  const began = performance.now();
  await r.press(r.rings);
  const opened = (): Promise<{ id: string; told: boolean; ms: number }[]> => r.db.query(
    `select a.id, bool_or(o.state in ('accepted', 'delivered', 'answered')) as told, extract(epoch from min(coalesce(o.accepted_at, o.sent_at)) filter (where o.state in ('accepted', 'delivered', 'answered')) - a.opened_at)::float8 * 1000 as ms
     from alert a left join outbox o on o.alert_id = a.id and o.purpose = 'search' where a.id > $1 and a.kind = 'sos' group by a.id`, [before]);
  const end = way.endAfterMs === undefined ? null : setTimeout(() => void proxy.heal(), way.endAfterMs);
  await until(`${way.fault}: everybody is told`, async () => { const all = await opened(); return all.length === r.rings.length && all.every((a) => a.told); }, 180_000).catch(() => {});
  if (end) clearTimeout(end);
  const alerts = await opened();
  await proxy.heal();
  r.standin.state.faults.clear();
  if (way.fault.endsWith('no receipt')) await r.advance(61_000); // then the provider is asked
  await r.over();
  await until(`${way.fault}: every message has ended`, async () => (await r.unended()).length === 0, 180_000).catch(() => {});
  // At-least-once: the same message may arrive twice only where its first outcome was unknown, and never a third time.
  const delivered = Map.groupBy(r.standin.state.ledger.filter((l) => l.accepted && /^Send|^Single/.test(l.action)), (l) => l.outId);
  const left = await r.unended();
  const row: FaultRow = {
    fault: way.fault, times: alerts.length, acknowledged: r.rings.length, lost: r.rings.length - alerts.filter((a) => a.told).length,
    duplicated: [...delivered.values()].filter((list) => list.length > 2).length, stalled: left.length,
    note: `slowest told after ${Math.round(Math.max(...alerts.map((a) => a.ms ?? Number.POSITIVE_INFINITY)))} ms, all over after ${Math.round(performance.now() - began)} ms${left.length > 0 ? `; left: ${left.slice(0, 3).join('; ')}` : ''}`,
  };
  r.standin.state.ledger.length = 0;
  r.standin.state.phones.clear();
  return row;
}

/** A gateway whose certificate nobody vouches for: every message is known not to have gone, and no byte of one has. */
export async function untrustedGateway(times: number): Promise<FaultRow> {
  const folder = mkdtempSync(join(tmpdir(), 'anling-untrusted-'));
  const { cert, key } = await deviceCertificate(folder, ['localhost']);
  let bytes = 0;
  const server = createServer({ key, cert }, (socket) => socket.on('data', (chunk) => { bytes += chunk.length; }).on('error', () => {}));
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gateway = openGateway({ kind: 'standin', smsUrl: null, voiceUrl: null, standinUrl: `https://127.0.0.1:${(server.address() as { port: number }).port}`, credentials: { id: 'a', secret: 'b' }, settings: () => standinProvider });
  const sent = await Promise.all(Array.from({ length: times }, (_, i) => gateway.channels[i % 2 === 0 ? 'sms' : 'voice'].send({ outId: `o${i}`, to: '15404250001', template: i % 2 === 0 ? 'sos' : 'voice-p1', params: { time: '02:13', place: '下厝角', name: '陈', no: '27', kind: '按了求助' } })));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(folder, { recursive: true, force: true });
  const known = sent.filter((o) => o.kind === 'rejected' && o.class === 'R' && o.endsAs === 'F');
  return { fault: 'F12 TLS certificate not trusted', times, acknowledged: known.length, lost: sent.filter((o) => o.kind === 'accepted').length, duplicated: bytes, stalled: 0, note: `known as not sent; ${times - known.length} ran into the deadline; no byte of a message left` };
}
