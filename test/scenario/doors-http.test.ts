/** The other doors: HTTP, MQTT over TLS and over WebSocket; commands downwards. */
import { readFileSync, statSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceCertificate } from '#doors/mqtt/certificate.ts';
import type { MqttDoor } from '#doors/mqtt/listen.ts';
import { openDb } from '#store/pool.ts';
import { encodeCommand } from '#vendors/anling/encode.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { connectDevice, connectPacket, makeDevice, RawDevice, startTestEdge, topic, until, type TestDevice, type TestEdge } from '#test/harness/edge.ts';

let t: TestDatabase;
let edge: TestEdge;
beforeAll(async () => { t = await testDatabase(); edge = await startTestEdge(t, { spool: false }); }); // spool.test.ts has one
afterAll(async () => { await edge?.stop(); await t?.close(); });

const events = (device: TestDevice): Promise<Record<string, unknown>[]> => t.db.query('select * from event where device_id = $1 order by id', [device.id]);
const basic = (device: TestDevice): string => `Basic ${Buffer.from(`${device.id}:${device.secret}`).toString('base64')}`;
async function post(device: TestDevice, what: string, body: string | Buffer | undefined, headers: Record<string, string> = { authorization: basic(device) }): Promise<{ status: number; body: { error?: { code: string; message: string }; result?: string; trace?: string } }> {
  const answer = await fetch(`http://127.0.0.1:${edge.httpPort}/api/v1/devices/${device.id}/${what}`, { method: 'POST', headers, ...(body !== undefined && { body: body as string }) });
  return { status: answer.status, body: await answer.json() as never };
}

describe('HTTP', () => {
  it('answers 200 after the commit, for events and heartbeats [A1 LAW1]', async () => {
    const device = await makeDevice(t.db, t.seal);
    const sos = await post(device, 'events', '{"kind":"sos","id":"h1"}');
    expect(sos).toMatchObject({ status: 200, body: { result: 'stored' } });
    expect(await events(device)).toMatchObject([{ kind: 'sos', source: 'http', source_event_id: 'h1', flags: ['time-missing'], trace: sos.body.trace }]);
    expect(await post(device, 'heartbeats', '{"battery":77}')).toMatchObject({ status: 200 });
    expect(await t.db.query('select h.battery from heartbeat h join device d on d.no = h.device_no where d.id = $1', [device.id])).toEqual([{ battery: 77 }]);
  });

  it('answers nothing before the commit, and 503 when it does not come in time [A1 LAW1]', async () => {
    const device = await makeDevice(t.db, t.seal);
    const holder = openDb({ url: t.url, max: 1, name: 'holder', statementMs: 60_000 });
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const done = holder.tx(async (sql) => { await sql.query('lock table event in exclusive mode'); held.resolve(); await gate.promise; });
    await held.promise;
    let answered = false;
    const answer = post(device, 'events', '{"kind":"sos"}').finally(() => { answered = true; });
    await new Promise((r) => setTimeout(r, 500));
    expect(answered).toBe(false);
    expect(await answer).toMatchObject({ status: 503, body: { error: { code: 'E_NOT_DURABLE' } } });
    gate.resolve();
    await done;
    await holder.close();
  }, 30_000);

  it.each([
    ['no credentials', {}, 401], ['not Basic', { authorization: 'Bearer x' }, 401], ['a wrong secret', { authorization: `Basic ${Buffer.from('x:y').toString('base64')}` }, 401],
  ])('%s: 401 [M1]', async (_, headers, status) => {
    const device = await makeDevice(t.db, t.seal);
    const answer = await post(device, 'events', '{"kind":"sos"}', headers as Record<string, string>);
    expect(answer).toMatchObject({ status, body: { error: { code: 'E_UNAUTHENTICATED' } } });
    expect(await events(device)).toHaveLength(0);
  });

  it('another device’s path: 403, audited, nothing stored [M7]', async () => {
    const [device, other] = [await makeDevice(t.db, t.seal), await makeDevice(t.db, t.seal)];
    expect(await post(other, 'events', '{"kind":"sos"}', { authorization: basic(device) })).toMatchObject({ status: 403, body: { error: { code: 'E_TOPIC_FORBIDDEN' } } });
    await until('audited', async () => (await t.db.query('select 1 from audit where target = $1', [`device:${device.id}`])).length === 1);
    expect(await events(other)).toHaveLength(0);
  });

  it.each([
    ['malformed JSON', '{"kind":"sos"', 422, 'E_FRAME_UNREADABLE', 'not JSON', 1], ['an unknown kind', '{"kind":"x"}', 422, 'E_FRAME_UNREADABLE', 'unknown kind', 2],
    ['an empty body', '', 422, 'E_FRAME_UNREADABLE', 'empty', 2], ['5 KiB', `{"kind":"sos","x":"${'x'.repeat(5_000)}"}`, 413, 'E_FRAME_TOO_LARGE', 'too large', 1],
  ])('%s: the reason, the frame kept, the alarm raised [A10 RF15 LAW5]', async (_, body, status, code, reason, urgency) => {
    const device = await makeDevice(t.db, t.seal);
    const answer = await post(device, 'events', body);
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(answer.body.error?.message).toContain(reason);
    expect(await events(device)).toMatchObject([{ kind: 'unreadable-alarm', urgency }]);
    expect(await t.db.query('select reason, topic from quarantine where device_id = $1', [device.id])).toEqual([{ reason, topic: topic(device, 'event') }]);
  });

  it('above 16 KiB: 413, nothing stored, counted', async () => {
    const device = await makeDevice(t.db, t.seal);
    expect(await post(device, 'events', 'x'.repeat(20_000))).toMatchObject({ status: 413, body: { error: { code: 'E_FRAME_TOO_LARGE' } } });
    expect(await events(device)).toHaveLength(0);
    expect(await edge.metric('edge_rejected_total', { reason: 'oversize' })).toBeGreaterThan(0);
  });

  it('other paths say what there is', async () => {
    const answer = await fetch(`http://127.0.0.1:${edge.httpPort}/`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: 'E_NOT_FOUND' } });
  });
});

describe('WebSocket', () => {
  it('carries MQTT at /mqtt of the door port', async () => {
    const device = await makeDevice(t.db, t.seal);
    const client = await mqtt.connectAsync(`ws://127.0.0.1:${edge.httpPort}/mqtt`, { clientId: device.id, username: device.id, password: device.secret, reconnectPeriod: 0 });
    await client.publishAsync(topic(device, 'event'), '{"kind":"sos"}', { qos: 1 });
    expect(await events(device)).toHaveLength(1);
    await client.endAsync();
  });

  it('refuses a wrong secret with its code, and other paths', async () => {
    const device = await makeDevice(t.db, t.seal);
    const refused = mqtt.connectAsync(`ws://127.0.0.1:${edge.httpPort}/mqtt`, { clientId: device.id, username: device.id, password: 'no', reconnectPeriod: 0 }, false);
    await expect(refused).rejects.toMatchObject({ code: 4 });
    const nowhere = new WebSocket(`ws://127.0.0.1:${edge.httpPort}/other`);
    await new Promise((resolve) => { nowhere.onerror = resolve; });
    expect(nowhere.readyState).not.toBe(WebSocket.OPEN);
  });
});

describe('TLS', () => {
  it('carries MQTT with the certificate made on the first start [M13]', async () => {
    const ca = readFileSync(join(edge.data, 'device-door.crt'), 'utf8');
    const device = await makeDevice(t.db, t.seal);
    const client = await mqtt.connectAsync(`mqtts://127.0.0.1:${edge.tlsPort}`, { clientId: device.id, username: device.id, password: device.secret, reconnectPeriod: 0, ca, rejectUnauthorized: true });
    await client.publishAsync(topic(device, 'event'), '{"kind":"sos"}', { qos: 1 });
    expect(await events(device)).toHaveLength(1);
    await client.endAsync();
  });

  it('the key is 0600, the certificate names the hosts, is kept on the next start, and TLS 1.1 is refused', async () => {
    expect(statSync(join(edge.data, 'device-door.key')).mode & 0o777).toBe(0o600);
    const cert = new X509Certificate(readFileSync(join(edge.data, 'device-door.crt')));
    expect(cert.subjectAltName).toContain('IP Address:127.0.0.1');
    expect(cert.subjectAltName).toContain('DNS:anling.example');
    expect(cert.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    const again = await deviceCertificate(edge.data, ['elsewhere']);
    expect(again.made).toBe(false);
    expect(new X509Certificate(again.cert).fingerprint256).toBe(cert.fingerprint256);
    const old = connectTls({ port: edge.tlsPort, host: '127.0.0.1', maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0', rejectUnauthorized: false });
    await new Promise((resolve) => old.on('error', resolve));
  });

  it('a socket that never shakes hands is cut and costs nobody [M10]', async () => {
    const raw = new RawDevice(edge.tlsPort);
    raw.send(connectPacket({ id: 'x', secret: 'y' })); // plain bytes on the TLS port
    await until('cut', () => raw.closed);
  });
});

describe('downwards', () => {
  const door = (): MqttDoor => edge.services.find((s) => s.name === 'mqtt') as MqttDoor;

  it('a command reaches a subscribed device with QoS 1 and its PUBACK is waited for; the answer is acknowledged', async () => {
    const device = await makeDevice(t.db, t.seal);
    expect(await door().sendCommand(device.id, encodeCommand({ id: 'c0', name: 'led' }))).toBe('not-connected');
    const client = await connectDevice(edge, device);
    expect(await door().sendCommand(device.id, encodeCommand({ id: 'c1', name: 'led' }))).toBe('not-subscribed');
    const heard: string[] = [];
    client.on('message', (name, payload) => heard.push(`${name} ${payload}`));
    await client.subscribeAsync(topic(device, 'command'), { qos: 1 });
    expect(await door().sendCommand(device.id, encodeCommand({ id: 'c9', name: 'test-call' }))).toBe('acknowledged');
    expect(heard).toEqual([`${topic(device, 'command')} {"id":"c9","name":"test-call","args":{}}`]);
    await client.publishAsync(topic(device, 'command/reply'), '{"id":"c9","ok":true,"data":{}}', { qos: 1 });
    expect(edge.lines.some((line) => line.includes('a device answered a command') && line.includes('c9'))).toBe(true);
    await client.endAsync();
  });

  it('a device that is revoked, or gets another secret, is cut off at once [M18]', async () => {
    for (const change of [`status = 'revoked'`, `secret_hash = '\\x00'`]) {
      const device = await makeDevice(t.db, t.seal);
      const raw = new RawDevice(edge.port);
      await raw.login(device);
      await t.db.query(`update device set ${change} where id = $1`, [device.id]);
      await t.db.query('select pg_notify($1, $2)', ['anling_device', device.id]);
      await until('cut off', () => raw.closed, 5_000);
      expect(await new RawDevice(edge.port).login(device)).toBe(4);
    }
  });

  it('a device registered, or given another secret, a moment ago is let in without any hint', async () => {
    const device = await makeDevice(t.db, t.seal);
    expect(await new RawDevice(edge.port).login(device)).toBe(0);
    await new Promise((r) => setTimeout(r, 1_100));
    await t.db.query('update device set secret_hash = $2 where id = $1', [device.id, t.seal.secretHash('rotated')]);
    expect(await new RawDevice(edge.port).login({ ...device, secret: 'rotated' })).toBe(0);
  });
});
