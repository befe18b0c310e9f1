/**
 * A county whose buttons, radars and watches report to their makers' clouds: every cloud pushes to one house, signed as it signs; each
 * emergency becomes an alert of its person, heartbeats a sign of life, a device without paperwork an alarm at the desk.
 */
import { connect, type Socket } from 'node:net';
import mqtt, { type IClientOptions } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replayQuarantined } from '#intake/replay.ts';
import type { DoorKind, DoorSettings } from '#core/vendor-door.ts';
import { emptySettings } from '#core/vendor-door.ts';
import { desireSettings } from '#store/device-config.ts';
import { openDb } from '#store/pool.ts';
import { insertDoor } from '#store/vendor-doors.ts';
import { alinkPassword } from '#vendors/aliyun/alink.ts';
import { anling } from '#vendors/anling/index.ts';
import type { Account, PushRequest } from '#vendors/push.ts';
import { pushVendors } from '#vendors/push-vendors.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { encodeWatch } from '#vendors/watch/frame.ts';
import { reservePorts } from '#test/harness/ports.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';
import { makeDevice, startTestEdge, type TestEdge, until } from '#test/harness/edge.ts';

let a: Alarm;
let edge: TestEdge;
let watches = 0;
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
/** Until the edge knows what was just opened. */
async function waitFor<T>(work: () => Promise<T>): Promise<T> {
  let got: T | undefined;
  await until('the door is known', async () => { try { got = await work(); return true; } catch { return false; } });
  return got as T;
}
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

describe('a watch on TCP', () => {
  const connectWatch = (port: number): { socket: Socket; said: () => string } => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    socket.on('data', (chunk) => { text += chunk.toString('latin1'); });
    socket.on('error', () => {});
    return { socket, said: () => text };
  };

  it('is answered when its alarm is durable, takes commands, and a stranger behind the county’s own network is a P1 [A9 A1 A11 LAW1]', async () => {
    const [port = 0] = await reservePorts(1);
    await insertDoor(a.db, a.seal, { name: 'watches', kind: 'watch', title: '', secrets: {}, settings: { ...emptySettings, port, addresses: ['127.0.0.0/8'] }, enabled: true, by: 'test' });
    const device = await makeDevice(a.db, a.seal, { homeId: 'h1', model: 'watch' });
    await a.db.query(`update device set door = 'watches', door_key = '8800000015' where id = $1`, [device.id]);
    await until('it listens', () => new Promise((resolve) => { const probe = connect({ port, host: '127.0.0.1' }).on('connect', () => { probe.destroy(); resolve(true); }).on('error', () => resolve(false)); }));
    const watch = connectWatch(port);
    watch.socket.write(Buffer.concat([encodeWatch('8800000015', beat, Date.now()), encodeWatch('8800000015', sos, Date.now())]));
    await until('both are answered, in order', () => watch.said() === '[3G*8800000015*0002*LK][3G*8800000015*0002*AL]');
    expect(await events(device.id)).toMatchObject([{ kind: 'sos', source: 'vendor' }]);
    await a.db.query(`insert into command (device_id, name, args_enc, created_by, trace, expires_at) values ($1, 'reboot', $2, 'test', 't', anling_now() + interval '1 minute')`, [device.id, a.seal.seal('command.args', '{}')]);
    await until('the command came', () => watch.said().endsWith('[3G*8800000015*0005*RESET]'));
    watch.socket.write('[3G*8800000015*0005*RESET]');
    await until('and was acknowledged', async () => (await a.db.query<{ state: string }>('select state from command where device_id = $1', [device.id]))[0]?.state === 'acknowledged');
    await a.db.tx((sql) => desireSettings(sql, a.seal, device.id, { callNumbers: ['15404250001', '15404250002'] }, { by: 'test', trace: 't' }));
    await until('the numbers came', () => watch.said().endsWith('[3G*8800000015*001C*SOS,15404250001,15404250002,]'));
    watch.socket.write('[3G*8800000015*0003*SOS]');
    await until('they are as desired', async () => (await a.db.query<{ agreed: boolean }>('select agreed from device_setting where device_id = $1', [device.id]))[0]?.agreed === true);
    watch.socket.write(encodeWatch('8899999999', sos, Date.now()));
    await until('the stranger is answered', () => watch.said().endsWith('[3G*8899999999*0002*AL]'));
    await a.settle();
    expect((await a.alerts()).find((x) => x.subject.id === 'watches_8899999999')).toMatchObject({ kind: 'unknown-device', priority: 1, state: 'open' });
    watch.socket.destroy();
  });

  it.each([['is refused', `status = 'revoked'`], ['is bound to another name', `door_key = 'another'`], ['leaves the door', 'door = null, door_key = null']])(
    'one that %s is cut off within five seconds, and its press is still an alarm [M18 A11 LAW5]', async (_, change) => {
      const [port] = await a.db.query<{ port: number }>(`select (settings->>'port')::int as port from vendor_door where name = 'watches'`);
      const imei = `88${String(++watches).padStart(8, '0')}`;
      const device = await makeDevice(a.db, a.seal, { homeId: 'h1', model: 'watch' });
      await a.db.query(`update device set door = 'watches', door_key = $2 where id = $1`, [device.id, imei]);
      const watch = connectWatch(port?.port ?? 0);
      let closed = false;
      watch.socket.on('close', () => { closed = true; });
      watch.socket.write(encodeWatch(imei, { channel: 'heartbeat', reading: { battery: 40 }, extra: null }, Date.now()));
      await until('it is answered', () => watch.said() === `[3G*${imei}*0002*LK]`);
      await a.db.query(`update device set ${change} where id = $1`, [device.id]);
      await a.db.query('select pg_notify($1, $2)', ['anling_device', device.id]);
      await until('it is cut off', () => closed, 5_000);
      const again = connectWatch(port?.port ?? 0);
      again.socket.write(encodeWatch(imei, sos, Date.now()));
      await until('its press is answered when it is durable', () => again.said() === `[3G*${imei}*0002*AL]`);
      await a.settle();
      expect(await events(device.id)).toEqual([]);
      expect((await a.alerts()).find((x) => x.subject.id === `watches_${imei}`)).toMatchObject({ kind: 'unknown-device', priority: 1, state: 'open' });
      watch.socket.destroy();
      again.socket.destroy();
    });
});

describe('a device made for Aliyun, on our own broker', () => {
  const login = (secret: string, productKey = 'pk9', deviceName = 'sos9'): IClientOptions => {
    const fields = { clientId: 'mac-01', deviceName, productKey, timestamp: String(Date.now()) };
    return { clientId: `mac-01|securemode=3,signmethod=hmacsha1,timestamp=${fields.timestamp}|`, username: `${deviceName}&${productKey}`, password: alinkPassword(secret, 'sha1', fields), reconnectPeriod: 0, protocolVersion: 4 };
  };

  it('logs in with its signed password, is answered on _reply when it is durable, and takes commands as services [A9 A1 LAW1]', async () => {
    await insertDoor(a.db, a.seal, { name: 'alink', kind: 'alink', title: '', secrets: {}, settings: emptySettings, enabled: true, by: 'test' });
    const device = await makeDevice(a.db, a.seal, { homeId: 'h1' });
    await a.db.query(`update device set door = 'alink', door_key = 'pk9/sos9', door_secret_enc = $2 where id = $1`, [device.id, a.seal.seal('device.door_secret', 'its device secret')]);
    const client = await waitFor(() => mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, login('its device secret'), false));
    const heard: [string, { id?: string; code?: number; method?: string }][] = [];
    client.on('message', (topic, payload) => heard.push([topic, JSON.parse(payload.toString())]));
    expect((await client.subscribeAsync(['/sys/pk9/sos9/thing/event/+/post_reply', '/sys/pk9/sos9/thing/service/#', '/ota/device/upgrade/pk9/sos9'], { qos: 1 })).map((g) => g.qos)).toEqual([1, 1, 1]);
    await client.publishAsync('/ota/device/inform/pk9/sos9', '{"id":"1","params":{"version":"1.0"}}', { qos: 1 });
    await client.publishAsync('/sys/pk9/sos9/thing/event/SosAlarm/post', JSON.stringify({ id: '123', version: '1.0', params: { value: {}, time: Date.now() }, method: 'thing.event.SosAlarm.post' }), { qos: 1 });
    expect(await events(device.id)).toMatchObject([{ kind: 'sos', source: 'vendor' }]);
    await until('it is answered', () => heard.length === 1);
    expect(heard[0]).toEqual(['/sys/pk9/sos9/thing/event/SosAlarm/post_reply', { id: '123', code: 200, data: {} }]);
    await a.db.query(`insert into command (device_id, name, args_enc, created_by, trace, expires_at) values ($1, 'test-call', $2, 'test', 't', anling_now() + interval '1 minute')`, [device.id, a.seal.seal('command.args', '{}')]);
    await until('the command came', () => heard.length === 2);
    const [topic, call] = heard[1] as [string, { id: string; method: string }];
    expect([topic, call.method]).toEqual(['/sys/pk9/sos9/thing/service/test_call', 'thing.service.test_call']);
    await client.publishAsync(`${topic}_reply`, JSON.stringify({ id: call.id, code: 200, data: {} }), { qos: 1 });
    await until('and is done', async () => (await a.db.query<{ state: string }>('select state from command where device_id = $1', [device.id]))[0]?.state === 'replied');
    // A desired setting is a property that is set; its reply says that it is as told.
    await a.db.tx((sql) => desireSettings(sql, a.seal, device.id, { heartbeatS: 300 }, { by: 'test', trace: 't' }));
    await until('the setting came', () => heard.length === 3);
    const [where, set] = heard[2] as [string, { id: string; params: unknown }];
    expect([where, set.params]).toEqual(['/sys/pk9/sos9/thing/service/property/set', { heartbeatS: 300 }]);
    await client.publishAsync(`${where}_reply`, JSON.stringify({ id: set.id, code: 200, data: {} }), { qos: 1 });
    await until('it is as desired', async () => (await a.db.query<{ agreed: boolean }>('select agreed from device_setting where device_id = $1', [device.id]))[0]?.agreed === true);
    const again = await mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, login('its device secret'), false);
    await until('the older connection is gone', () => !client.connected);
    const gone = new Promise((resolve) => again.on('close', () => resolve(true)));
    again.publish('/sys/pk9/other/thing/event/property/post', '{}', { qos: 1 }, () => {});
    expect(await gone).toBe(true);
  });

  it('with another secret, or unknown, is refused, and listed to be claimed [M1 A11]', async () => {
    await expect(mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, login('another'), false)).rejects.toThrow();
    await expect(mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, login('x', 'pk9', 'nobody'), false)).rejects.toThrow();
    await until('listed', async () => (await a.db.query(`select 1 from unregistered where door = 'alink' and door_key = 'pk9/nobody'`)).length === 1);
  });

  it('all devices of a maker call themselves the same: each keeps its own session [A9 M5]', async () => {
    const clients = [];
    for (const name of ['one', 'two']) {
      const device = await makeDevice(a.db, a.seal, { homeId: 'h1' });
      await a.db.query(`update device set door = 'alink', door_key = $2, door_secret_enc = $3 where id = $1`, [device.id, `pk9/${name}`, a.seal.seal('device.door_secret', 'its device secret')]);
      const fields = { clientId: 'mac', deviceName: name, productKey: 'pk9', timestamp: '1700000000000' };
      const login = { clientId: 'mac|securemode=3,signmethod=hmacsha1,timestamp=1700000000000|', username: `${name}&pk9`, password: alinkPassword('its device secret', 'sha1', fields), reconnectPeriod: 0, protocolVersion: 4 as const };
      clients.push({ device, client: await waitFor(() => mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, login, false)) });
    }
    for (const { client } of clients) await client.publishAsync(`/sys/pk9/${client === clients[0]?.client ? 'one' : 'two'}/thing/event/SosAlarm/post`, JSON.stringify({ id: '1', version: '1.0', params: { value: {}, time: Date.now() } }), { qos: 1 });
    for (const { device, client } of clients) expect([client.connected, (await events(device.id)).length]).toEqual([true, 1]);
    for (const { client } of clients) client.end(true);
  });
});

describe('all doors', () => {
  it('strangers are listed under what their vendors call them, refusals are audited, batteries stand, and each door’s page knows when it was last used [A11 A9]', async () => {
    const count = async (what: string): Promise<number> => (await a.db.query<{ n: number }>(`select count(*)::int as n from ${what}`))[0]?.n ?? 0;
    const doors = Object.keys(pushVendors).length;
    await until('strangers', async () => (await count('unregistered where door_key is not null')) === doors + 5);
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
