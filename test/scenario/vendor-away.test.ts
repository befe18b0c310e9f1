/** The database goes away under vendors' doors: what every cloud pushes is kept on this machine's disk, answered well within its patience, and comes back once, in the order of the devices' time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DoorKind } from '#core/vendor-door.ts';
import { emptySettings } from '#core/vendor-door.ts';
import { insertDoor } from '#store/vendor-doors.ts';
import type { Account } from '#vendors/push.ts';
import { pushVendors } from '#vendors/push-vendors.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { type DatabaseGate, databaseGate, testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { makeDevice, makeHome, startTestEdge, type TestEdge, until } from '#test/harness/edge.ts';

/** CTWing counts answers by seconds; Huawei discards after 15 s. */
const patienceMs = 5_000;
const key = 'a-key-of-this-very-door';
const mapping = { device: 'sn', time: 'at', events: [{ at: 'code', is: '01', kind: 'sos' as const }], readings: { battery: 'power' }, else: 'unreadable' as const };
let t: TestDatabase;
let edge: TestEdge;
let gate: DatabaseGate;
let data: string;
const kinds = Object.keys(pushVendors) as DoorKind[];
const account = (kind: DoorKind): Account => ({
  secrets: Object.fromEntries(Object.keys(pushVendors[kind]?.secrets ?? {}).filter((name) => name !== 'aesKey').map((name) => [name, key])), settings: { ...emptySettings, mapping: kind === 'mapping' ? mapping : null },
});
const nameOf = (kind: DoorKind): string => (kind === 'aliyun' ? 'pk1/dev1' : '860000000000001');
const ids = new Map<DoorKind, string>();

beforeAll(async () => {
  t = await testDatabase({ max: 12 });
  data = mkdtempSync(join(tmpdir(), 'anling-vendor-away-'));
  const homeId = await makeHome(t.db, t.seal);
  for (const kind of kinds) {
    await insertDoor(t.db, t.seal, { name: kind, kind, title: '', ...account(kind), enabled: true, by: 'test' });
    const device = await makeDevice(t.db, t.seal, { homeId });
    await t.db.query('update device set door = $2, door_key = $3 where id = $1', [device.id, kind, nameOf(kind)]);
    ids.set(kind, device.id);
  }
  edge = await startTestEdge(t, { data });
  gate = databaseGate(t.url);
});
afterAll(async () => { await gate?.back(); await gate?.close(); await edge?.stop(); await t?.close(); rmSync(data, { recursive: true, force: true }); });

const sos: Decoded = { channel: 'event', event: { kind: 'sos', edge: 'raise', flags: [] } };
async function push(kind: DoorKind, decoded: Decoded, at: number): Promise<{ status: number; text: string; ms: number }> {
  const vendor = pushVendors[kind];
  if (!vendor) throw new Error(kind);
  const { method, query, headers, body } = vendor.encode(nameOf(kind), decoded, account(kind), at);
  const startedMs = performance.now();
  const answer = await fetch(`http://127.0.0.1:${edge.httpPort}/vendors/${kind}?${new URLSearchParams(query)}`, { method, headers, body: Buffer.from(body) });
  return { status: answer.status, text: await answer.text(), ms: performance.now() - startedMs };
}

it('alarms and readings of every vendor are answered from the disk in time, and all of them come back, each once [A2 A9 RF2 LAW1]', async () => {
  await gate.away();
  const at = Date.now();
  const answers = await Promise.all(kinds.flatMap((kind) => [push(kind, sos, at), push(kind, { channel: 'heartbeat', reading: { battery: 44 }, extra: null }, at + 1_000)]));
  // From now on nothing waits for the database first; a press of a moment later, and the first one pushed again.
  const again = await Promise.all(kinds.flatMap((kind) => [push(kind, sos, at + 3_000), push(kind, sos, at)]));
  for (const [i, answer] of [...answers, ...again].entries()) {
    const kind = kinds[Math.floor((i % answers.length) / 2)] as DoorKind;
    expect(answer, kind).toMatchObject({ status: 200, text: pushVendors[kind]?.answer.body });
    expect(answer.ms, kind).toBeLessThan(patienceMs);
  }
  console.log(`answers while the database is away: slowest ${Math.max(...answers.map((a) => a.ms)).toFixed(0)} ms at first, then ${Math.max(...again.map((a) => a.ms)).toFixed(0)} ms`);
  expect(await edge.metric('spool_rows')).toBeGreaterThanOrEqual(kinds.length * 3);
  await gate.back();
  await until('everything is in the database', async () => (await edge.metric('spool_rows')) === 0, 20_000);
  for (const kind of kinds) {
    const events = await t.db.query<{ source_event_id: string; device_time: number | null }>(`select source_event_id, device_time from event where device_id = $1 and kind = 'sos' order by id`, [ids.get(kind)]);
    expect(events, kind).toHaveLength(3);
    expect(new Set(events.map((e) => e.source_event_id)).size, kind).toBe(2); // the one that was pushed again has the name of the first
  }
  await until('batteries', async () => (await t.db.query<{ n: number }>('select count(*)::int as n from presence where battery is not null'))[0]?.n === kinds.length);
});
