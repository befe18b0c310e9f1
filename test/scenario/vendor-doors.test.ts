/**
 * A county whose buttons, radars and watches report to their makers' clouds: every cloud pushes to one house, signed as it signs; each
 * emergency becomes an alert of its person, heartbeats a sign of life, a device without paperwork an alarm at the desk.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replayQuarantined } from '#intake/replay.ts';
import type { DoorKind, DoorSettings } from '#core/vendor-door.ts';
import { emptySettings } from '#core/vendor-door.ts';
import { openDb } from '#store/pool.ts';
import { insertDoor } from '#store/vendor-doors.ts';
import { anling } from '#vendors/anling/index.ts';
import type { Account, PushRequest } from '#vendors/push.ts';
import { pushVendors } from '#vendors/push-vendors.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';
import { makeDevice, startTestEdge, type TestEdge, until } from '#test/harness/edge.ts';

let a: Alarm;
let edge: TestEdge;
const key = 'a-key-of-this-very-door';
const mapping: DoorSettings['mapping'] = { device: 'sn', time: 'at', events: [{ at: 'code', is: '01', kind: 'sos' }], readings: { battery: 'power' }, else: 'unreadable' };
const accounts: Partial<Record<DoorKind, Account>> = Object.fromEntries(Object.values(pushVendors).map((vendor) => {
  const secrets: Record<string, string> = Object.fromEntries(Object.keys(vendor.secrets).filter((name) => name !== 'aesKey').map((name) => [name, key]));
  return [vendor.name, { secrets, settings: { ...emptySettings, mapping: vendor.name === 'mapping' ? mapping : null } }];
}));

beforeAll(async () => {
  a = await testAlarm({ runs: true });
  for (const vendor of Object.values(pushVendors)) await insertDoor(a.db, a.seal, { name: vendor.name, kind: vendor.name, title: vendor.name, ...(accounts[vendor.name] as Account), enabled: true, by: 'test' });
  edge = await startTestEdge(a, { spool: false });
});
afterAll(async () => { await edge?.stop(); await a?.close(); });

async function send(door: string, { method, query, headers, body }: PushRequest): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${edge.httpPort}/vendors/${door}?${new URLSearchParams(query)}`, { method, headers, ...(method === 'POST' && { body: Buffer.from(body) }) });
  return { status: answer.status, text: await answer.text() };
}
const push = (kind: DoorKind, name: string, decoded: Decoded, at = Date.now()): Promise<{ status: number; text: string }> => send(kind, pushVendors[kind]!.encode(name, decoded, accounts[kind]!, at));
const sos: Decoded = { channel: 'event', event: { kind: 'sos', edge: 'raise', flags: [] } };
const beat: Decoded = { channel: 'heartbeat', reading: { battery: 61 }, extra: null };
async function bound(door: DoorKind, name: string, homeId: string | null = 'h1'): Promise<string> {
  const device = await makeDevice(a.db, a.seal, { homeId });
  await a.db.query('update device set door = $2, door_key = $3 where id = $1', [device.id, door, name]);
  return device.id;
}
const events = (deviceId: string): Promise<Record<string, unknown>[]> => a.db.query('select * from event where device_id = $1 order by id', [deviceId]);

describe.each(Object.values(pushVendors))('the door of $name', (vendor) => {
  it('commits an SOS before the vendor’s own answer, and again the same is no second alarm [A9 A1 A4 LAW1]', async () => {
    const name = vendor.name === 'aliyun' ? 'pk1/dev1' : '860000000000001';
    const id = await bound(vendor.name, name);
    const at = Date.now() - 1_000;
    expect(await push(vendor.name, name, sos, at)).toEqual({ status: 200, text: vendor.answer.body });
    expect(await events(id)).toMatchObject([{ kind: 'sos', edge: 'raise', source: 'vendor', home_id: 'h1' }]);
    await push(vendor.name, name, sos, at);
    await a.settle();
    const [first, second] = await events(id);
    expect(second?.['alert_id']).toBe(first?.['alert_id']);
    expect(second?.['result']).toContain('duplicate');
    expect(await push(vendor.name, name, beat)).toMatchObject({ status: 200 });
  });

  it('an SOS of a device that nobody registered: kept, listed, and a P1 at the desk [A11 LAW5]', async () => {
    const name = vendor.name === 'aliyun' ? 'pk1/stranger' : '869999999999999';
    expect(await push(vendor.name, name, sos)).toEqual({ status: 200, text: vendor.answer.body });
    await a.settle();
    const alert = (await a.alerts()).find((x) => x.kind === 'unknown-device' && x.priority === 1 && x.subject.id.startsWith(`${vendor.name}_`));
    expect(alert).toMatchObject({ state: 'open', summary: { door: vendor.name, said: 'sos' } });
  });

  it('a push that is not its vendor’s: 401, audited, nothing stored [A9 W14]', async () => {
    const id = await bound(vendor.name, '861111111111111');
    const forged = vendor.encode('861111111111111', sos, { ...accounts[vendor.name]!, secrets: { id: key, key: 'x'.repeat(20), token: 'x'.repeat(20) } }, Date.now());
    const answer = await send(vendor.name, forged);
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('Refused: ');
    expect(await events(id)).toHaveLength(0);
  });
});

describe('all doors', () => {
  it('strangers are listed under what their vendors call them, refusals are audited, batteries stand, and each door’s page knows when it was last used [A11 A9]', async () => {
    const count = async (what: string): Promise<number> => (await a.db.query<{ n: number }>(`select count(*)::int as n from ${what}`))[0]?.n ?? 0;
    const doors = Object.keys(pushVendors).length;
    await until('strangers', async () => (await count('unregistered where door_key is not null')) === doors);
    await until('refusals', async () => (await count(`(select distinct target from audit where action = 'vendor.refused') x`)) === doors);
    await until('batteries', async () => (await count('presence where battery = 61')) === doors);
    await until('doors', async () => (await count('vendor_door where last_at is not null and refused_why is not null')) === doors);
  });

  it('nothing is answered before the commit [A1 LAW1]', async () => {
    const id = await bound('ctwing', '862222222222222');
    const holder = openDb({ url: a.url, max: 1, name: 'holder', statementMs: 60_000 });
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const done = holder.tx(async (sql) => { await sql.query('lock table event in exclusive mode'); held.resolve(); await gate.promise; });
    await held.promise;
    let answered = false;
    const answer = push('ctwing', '862222222222222', sos).finally(() => { answered = true; });
    await new Promise((r) => setTimeout(r, 300));
    expect(answered).toBe(false);
    gate.resolve();
    await done;
    expect(await answer).toMatchObject({ status: 200 });
    expect(await events(id)).toHaveLength(1);
    await holder.close();
  });

  it('what is signed and cannot be read is kept, answered, and alerts [A10 LAW5]', async () => {
    expect(await send('ctwing', { method: 'POST', query: { key }, headers: {}, body: Buffer.from('sos sos') })).toEqual({ status: 200, text: '{"code":0}' });
    expect(await a.db.query(`select reason, device_id from quarantine where device_id = 'door_ctwing'`)).toEqual([{ reason: 'not JSON', device_id: 'door_ctwing' }]);
    await a.settle();
    expect((await a.alerts()).find((x) => x.subject.id === 'door_ctwing')).toMatchObject({ kind: 'unreadable-alarm', priority: 1 });
  });

  it('a stranger’s frame is replayed when it is registered [A10 A11]', async () => {
    await push('onenet-studio', '863333333333333', sos);
    const [frame] = await a.db.query<{ id: string; reason: string }>(`select id, reason from quarantine where device_id = 'onenet-studio_863333333333333'`);
    expect(frame?.reason).toBe('its device is not registered');
    expect(await replayQuarantined({ db: a.db, seal: a.seal, vendor: anling }, frame!.id, 'user:t')).toMatchObject({ result: 'still-unreadable', reason: 'its device is not registered' });
    const id = await bound('onenet-studio', '863333333333333');
    expect(await replayQuarantined({ db: a.db, seal: a.seal, vendor: anling }, frame!.id, 'user:t')).toEqual({ result: 'replayed' });
    expect(await events(id)).toMatchObject([{ kind: 'sos', source: 'replay', flags: ['replayed'] }]);
  });

  it('a detector that goes on is one alarm that counts, and its end is told once [A9]', async () => {
    const id = await bound('huawei', '864444444444444');
    const report = (smoke: number): Promise<unknown> => push('huawei', '864444444444444', { channel: 'heartbeat', reading: { smoke } as never, extra: null }, Date.now() + smoke);
    for (const smoke of [0, 0, 1, 1, 0, 0]) await report(smoke);
    expect((await events(id)).map((e) => e['edge'])).toEqual(['clear', 'raise', 'repeat', 'clear']);
  });

  it('a device whose platform’s own name is all that comes is known by it once its IMEI was heard', async () => {
    const id = await bound('ctwing', '865555555555555');
    await push('ctwing', '865555555555555', beat);
    await send('ctwing', { method: 'POST', query: { key }, headers: {}, body: Buffer.from(JSON.stringify({ messageType: 'deviceOnlineOfflineReport', eventType: 0, deviceId: 'p865555555555555' })) });
    await until('it said goodbye', async () => (await a.db.query<{ gone: boolean }>('select lost_at is not null as gone from presence where device_id = $1', [id]))[0]?.gone === true);
  });

  it('an address that is not on the list is refused, through the web role’s word too; a closed door is no door', async () => {
    await insertDoor(a.db, a.seal, { name: 'listed', kind: 'ctwing', title: '', secrets: { key }, settings: { ...emptySettings, addresses: ['10.0.0.0/8'] }, enabled: true, by: 'test' });
    await insertDoor(a.db, a.seal, { name: 'shut', kind: 'ctwing', title: '', secrets: { key }, settings: emptySettings, enabled: false, by: 'test' });
    const to = (door: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> => send(door, { method: 'POST', query: { key }, headers, body: Buffer.from('{"deviceId":"x","messageType":"commandResponse"}') });
    await until('the doors are known', async () => (await to('listed')).status !== 404);
    expect(await to('listed')).toMatchObject({ status: 401, text: expect.stringContaining('the address is not on this door’s list') });
    expect(await to('listed', { 'x-forwarded-for': '10.1.2.3' })).toMatchObject({ status: 200 });
    expect(await to('shut')).toMatchObject({ status: 404, text: expect.stringContaining('switched off') });
    expect(await to('nobody')).toMatchObject({ status: 404 });
  });
});
