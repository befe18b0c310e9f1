/** The conservation law at the doors (G5): good, bad, repeated, spooled and refused traffic and a killed edge; what devices saw, what the edge counts and what the database has are three books, and they agree. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatabaseGate, databaseGate, testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { makeDevices, makeHome, publishPacket, RawDevice, startTestEdge, type TestDevice, until } from '#test/harness/edge.ts';
import { reservePorts } from '#test/harness/ports.ts';
import { killHard, pidsOf } from '#test/harness/processes.ts';

const root = join(import.meta.dirname, '..', '..');
let t: TestDatabase;
let gate: DatabaseGate;
let devices: TestDevice[];
const undo: (() => unknown)[] = [];
beforeEach(async () => {
  t = await testDatabase({ max: 12 });
  devices = await makeDevices(t.db, t.seal, 3, { homeId: await makeHome(t.db, t.seal) });
  gate = databaseGate(t.url);
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await gate.back();
  await gate.close();
  await t.close();
});
type Books = Record<'urgent' | 'telemetry' | 'presence' | 'quarantine', { received: number; adopted: number; inflight: number; spooled: number; unaccounted: number; ended: Record<string, number> }>;
/** The edge's own books out of its exposition. */
function booksOf(text: string): Books {
  const value = (metric: string, lane: string, more = ''): number => Number(new RegExp(`^anling_intake_${metric}\\{[^}]*lane="${lane}"${more}[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  return Object.fromEntries(['urgent', 'telemetry', 'presence', 'quarantine'].map((lane) => [lane, {
    received: value('received_total', lane), adopted: value('adopted_total', lane), inflight: value('inflight', lane), spooled: value('spooled', lane), unaccounted: value('unaccounted', lane),
    ended: Object.fromEntries(['committed', 'quarantined', 'refused', 'shed', 'merged', 'noted'].flatMap((fate) => { const n = value('ended_total', lane, `,fate="${fate}"`); return n === 0 ? [] : [[fate, n]]; })),
  }])) as Books;
}
const sum = (of: Record<string, number>): number => Object.values(of).reduce((a, b) => a + b, 0);
/** The law, added up here from the parts, and not by the edge. */
function expectLaw(books: Books): void {
  for (const [lane, b] of Object.entries(books)) expect([lane, b.received + b.adopted, b.unaccounted]).toEqual([lane, sum(b.ended) + b.inflight + b.spooled, 0]);
}
const count = async (table: string): Promise<number> => (await t.db.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? -1;
async function login(port: number, device: TestDevice): Promise<RawDevice> {
  const raw = new RawDevice(port);
  undo.push(() => { raw.socket.destroy(); });
  expect(await raw.login(device)).toBe(0);
  return raw;
}
/** A slow machine may take a detour over its disk: judged is what stands when nothing is on its way. */
const atRest = (books: () => Promise<Books>): Promise<void> => until('nothing is under way', async () => Object.values(await books()).every((b) => b.inflight === 0 && b.spooled === 0), 40_000);
const acks = (raw: RawDevice): number => raw.count('puback');

describe('received = committed + quarantined + refused + shed + merged + noted + in flight + spooled', { timeout: 300_000 }, () => {
  it('holds lane by lane for whatever devices send, while the database is away and after it, and the sums are those of the rows [G5 I1 A2 A10 RF3]', async () => {
    const data = mkdtempSync(join(tmpdir(), 'anling-books-'));
    const edge = await startTestEdge(t, { data });
    const bare = await startTestEdge(t, { spool: false });
    undo.push(() => edge.stop(), () => bare.stop(), () => rmSync(data, { recursive: true, force: true }));
    const [device, other, third] = devices as [TestDevice, TestDevice, TestDevice];
    const raw = await login(edge.port, device);
    const without = await login(bare.port, other);
    let id = 0;
    const send = (what: string, payload: string, qos: 0 | 1 = 1): void => raw.send(publishPacket(device, what, payload, qos, ++id));
    const books = async (): Promise<Books> => booksOf(await edge.exposition());
    for (const sos of ['a', 'b', 'c', 'a', 'a']) send('event', `{"kind":"sos","id":"${sos}"}`); // two of them are repeats: rows all the same, merged at the alert
    for (let i = 0; i < 6; i++) send('heartbeat', '{"battery":90}');
    send('vitals', '{"heartRate":70}');
    send('vitals', '{"heartRate":190}'); // one more event, of the edge's own making
    send('status', '{"online":true}');
    send('event', 'neither json nor anything else');
    send('heartbeat', '{"battery":"full"');
    send('nonsense', '{}');
    await until('everything is acknowledged', () => acks(raw) === 17, 40_000);
    raw.send(publishPacket(device, 'status', '{"online":true}', 0), publishPacket(device, 'heartbeat', '{"battery":90}', 0));
    await until('the last rows are there', async () => (await count('heartbeat')) === 7, 40_000);
    await atRest(books);
    expectLaw(await books());
    expect(await books()).toMatchObject({
      urgent: { received: 7, ended: { committed: 6, quarantined: 1 } }, telemetry: { received: 10, ended: { committed: 9, quarantined: 1 } },
      presence: { received: 3, ended: { committed: 1, noted: 1, quarantined: 1 } }, quarantine: { received: 3, ended: { committed: 3 } },
    });
    // The same sums from the rows: five presses and a crossing, and the alarm that came with the frame nobody could read.
    expect([await count('event'), await count('heartbeat'), await count('vital'), await count('quarantine')]).toEqual([7, 7, 2, 3]);

    const answering = await login(edge.port, third);
    await gate.away();
    send('event', '{"kind":"sos","id":"d"}');
    send('event', 'garbage again');
    for (let i = 0; i < 3; i++) send('heartbeat', '{"battery":80}');
    send('status', '{"online":true}');
    for (let i = 1; i <= 2; i++) without.send(publishPacket(other, 'event', `{"kind":"sos","id":"r${i}"}`, 1, i));
    await until('all are acknowledged from the disk', () => acks(raw) === 23, 40_000);
    // An answer to a command needs the database: refused, and its sign of life is on the disk all the same, one more item.
    answering.send(publishPacket(third, 'command/reply', '{"id":"c9","ok":true}', 1, 1));
    await until('the answer is refused', async () => (await books()).presence.ended['refused'] === 1, 40_000);
    const kept = await books();
    expectLaw(kept);
    expect(kept).toMatchObject({ urgent: { spooled: 1, inflight: 0 }, telemetry: { spooled: 3 }, presence: { spooled: 2 }, quarantine: { spooled: 1 } });
    // Without a disk to keep them nothing is acknowledged: under way, then refused, and the device must send again.
    const waiting = booksOf(await bare.exposition());
    expectLaw(waiting);
    expect([waiting.urgent.inflight, acks(without)]).toEqual([2, 0]);
    await until('it is refused', async () => booksOf(await bare.exposition()).urgent.inflight === 0 && without.closed, 40_000);
    expectLaw(booksOf(await bare.exposition()));
    expect([booksOf(await bare.exposition()).urgent.ended, acks(without)]).toEqual([{ refused: 2 }, 0]);

    await gate.back();
    await until('the spool is in the database', async () => Object.values(await books()).every((b) => b.spooled === 0) && (await count('heartbeat')) === 10, 30_000);
    expectLaw(await books());
    expect([(await books()).urgent.ended, (await books()).telemetry.ended, (await books()).quarantine.ended]).toEqual([{ committed: 7, quarantined: 2 }, { committed: 12, quarantined: 1 }, { committed: 4 }]);
    expect([await count(`event where device_id = '${device.id}'`), await count('heartbeat'), await count('quarantine')]).toEqual([9, 10, 4]);
    // A table that is gone for a moment: under way, spooled, or in, at every look.
    const lost = await login(edge.port, third);
    await t.db.query('alter table event rename to elsewhere');
    lost.send(publishPacket(third, 'event', '{"kind":"sos","id":"x"}', 1, 1));
    await until('it is under way or spooled', async () => { const { urgent } = await books(); return urgent.inflight + urgent.spooled === 1; }, 40_000);
    expectLaw(await books());
    await t.db.query('alter table elsewhere rename to event');
    await until('it is in', async () => (await books()).urgent.ended['committed'] === 8, 40_000);
  });

  it('a killed edge begins at zero: what it had spooled is adopted, what it had under way was not acknowledged and comes again [G5 I1 RF1]', async () => {
    const data = mkdtempSync(join(tmpdir(), 'anling-books-'));
    const [mqtt = 0, ops = 0] = await reservePorts(2);
    writeFileSync(join(data, 'keys.json'), JSON.stringify({ ...Object.fromEntries((['seal', 'blind', 'pepper', 'audit'] as const).map((k) => [k, t.keys[k].toString('base64')])), hook: t.keys.hook }), { mode: 0o600 });
    const child: ChildProcess = spawn(process.execPath, ['src/main.ts', '--role', 'edge'], {
      cwd: root, stdio: 'ignore',
      env: { ...process.env, ANLING_DATA: data, DATABASE_URL: t.url, ANLING_MQTT_PORT: String(mqtt), ANLING_MQTTS_PORT: '0', ANLING_DOOR_PORT: '0', ANLING_HTTP_PORT: '0', ANLING_OPS_PORT: String(ops - 1), ANLING_GATEWAY: 'standin', LOG_LEVEL: 'fatal' },
    });
    undo.push(async () => { const gone = new Promise((resolve) => child.once('exit', resolve)); child.kill('SIGTERM'); await gone; rmSync(data, { recursive: true, force: true }); });
    const text = (): Promise<string> => fetch(`http://127.0.0.1:${ops}/metrics`, { signal: AbortSignal.timeout(2_000) }).then((r) => r.text(), () => '');
    const up = (): Promise<void> => until('the edge listens', async () => (await fetch(`http://127.0.0.1:${ops}/readyz`).then((r) => r.ok, () => false)), 120_000);
    await up();
    const [device] = devices as [TestDevice];
    const raw = await login(mqtt, device);
    raw.send(publishPacket(device, 'event', '{"kind":"sos","id":"1"}', 1, 1));
    await until('acknowledged', () => acks(raw) === 1, 40_000);
    await gate.away();
    for (let i = 2; i <= 4; i++) raw.send(publishPacket(device, 'event', `{"kind":"sos","id":"${i}"}`, 1, i));
    await until('acknowledged from the disk', () => acks(raw) === 4, 40_000);
    expectLaw(booksOf(await text()));
    const edges = (): number[] => pidsOf('edge', child.pid as number, data).filter((pid) => pid !== child.pid);
    const [before] = edges();
    killHard([before as number]);
    await gate.back();
    await until('another edge runs', async () => edges().some((pid) => pid !== before) && booksOf(await text()).urgent.adopted > 0, 40_000);
    await until('what its predecessor had acknowledged is in the database', async () => (await count('event')) === 4, 40_000);
    await up();
    const again = await login(mqtt, device);
    again.send(publishPacket(device, 'event', '{"kind":"sos","id":"5"}', 1, 5));
    await until('acknowledged', () => acks(again) === 1, 40_000);
    await atRest(async () => booksOf(await text()));
    const books = booksOf(await text());
    expectLaw(books);
    expect(books.urgent).toMatchObject({ received: 1, adopted: 3, ended: { committed: 4 }, inflight: 0, spooled: 0 });
    expect((await t.db.query('select source_event_id as id from event order by id')).map((r) => r['id'])).toEqual(['1', '2', '3', '4', '5']); // every PUBACK of both lives is a row
  });
});
