/** The simulator's client and device against the house's own API and doors: new secrets, an SOS, what became of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerFrame } from '#core/live.ts';
import { ApiProblem, createApi, type HouseApi } from '#simulators/api/client.ts';
import { newSecrets, readAlert, readAlerts, readDevice, readEvents, readStatus, register } from '#simulators/api/house.ts';
import { watchLive } from '#simulators/api/live.ts';
import { SimDevice } from '#simulators/device/device.ts';
import { startTestEdge, type TestEdge, until } from '#test/harness/edge.ts';
import { otherTown, testWeb, village, type Web } from '#test/harness/web.ts';

let web: Web;
let edge: TestEdge;
let api: HouseApi;
beforeAll(async () => {
  web = await testWeb();
  edge = await startTestEdge(web.t);
  api = createApi(web.url, { cookie: await web.cookie('admin') });
});
afterAll(async () => { await edge.stop(); await web.stop(); });

const device = (id: string, secret: string): SimDevice => new SimDevice({ id, secret, model: 'sos-button', address: { host: '127.0.0.1', port: edge.port, tls: false }, now: Date.now });

describe('the simulator’s client', () => {
  it('makes homes, people and devices, gives devices new secrets, presses, and finds the event with its alert [I1]', async () => {
    const [home] = await register(api, 'homes', [{ regionCode: village, address: '演示村1号', demo: true }]);
    const [person] = await register(api, 'people', [{ homeId: home?.id, name: '演示人', demo: true }]);
    const made = await register(api, 'devices', Array.from({ length: 1100 }, () => ({ model: 'sos-button', personId: person?.id })));
    const secrets = await newSecrets(api, made.map((d) => d.id));
    expect(secrets.map((s) => s.id)).toEqual(made.map((d) => d.id));
    const [first, second] = [made[0] as { id: string; secret: string }, secrets[1] as { id: string; secret: string }];
    await expect(device(first.id, first.secret).connect()).rejects.toThrow('wrong id or secret');
    const button = device(second.id, second.secret);
    await button.connect();
    await button.heartbeat();
    const ack = await button.event({ kind: 'sos', id: 'press-1' });
    expect(await readEvents(api, second.id, { sourceEventId: 'press-1' })).toMatchObject([{ kind: 'sos', edge: 'raise', sourceEventId: 'press-1', evaluatedAt: null, result: null, alertId: null, flags: [] }]);
    expect(ack?.ms).toBeLessThan(5_000);
    // The evaluator's work, done here by hand: the list shows what became of the event.
    const alertId = await web.alert({ region: village });
    await web.t.db.query(`update event set evaluated_at = anling_now(), result = 'opened', alert_id = $2 where device_id = $1 and kind = 'sos'`, [second.id, alertId]);
    await button.event({ kind: 'low-battery', id: 'press-2' });
    expect((await readEvents(api, second.id)).map((e) => [e.sourceEventId, e.result, e.alertId])).toEqual([['press-2', null, null], ['press-1', 'opened', alertId]]);
    expect(await readEvents(api, second.id, { kind: 'sos' })).toHaveLength(1);
    const page = await web.fetch(`/api/v1/devices/${second.id}/events?limit=1`, { cookie: await web.cookie('technician') });
    expect(page.body).toMatchObject({ events: [{ sourceEventId: 'press-2' }], next: expect.stringMatching(/^\d+$/) });
    expect((await web.fetch(`/api/v1/devices/${second.id}/events?limit=1&cursor=${page.body.next}`, { cookie: await web.cookie('technician') })).body).toMatchObject({ events: [{ sourceEventId: 'press-1' }], next: null });
    expect(await readAlert(api, alertId)).toMatchObject({ id: alertId, kind: 'sos', messages: [], due: [{ slot: 'plan' }] });
    expect((await readAlerts(api)).map((a) => a.id)).toContain(alertId);
    await until('presence is written', async () => (await readDevice(api, second.id)).state === 'online');
    expect(await readStatus(api)).toMatchObject({ gateway: { kind: 'standin', realPhones: false } });
    button.close();
  });

  it('sees nothing outside its scope, and hears why it is refused [W8]', async () => {
    const mine = (await register(api, 'devices', [{ model: 'smoke', homeId: 'h1' }]))[0]?.id ?? '';
    const stranger = createApi(web.url, { cookie: await web.cookie('technician', otherTown) });
    await expect(readEvents(stranger, mine)).rejects.toMatchObject({ status: 404 });
    await expect(newSecrets(api, [mine, 'nobody-1'])).rejects.toThrow(/422 .*ids\.1: expected a device of your scope/);
    await expect(newSecrets(stranger, [mine])).rejects.toMatchObject({ status: 403 });
    const nobody = createApi('http://127.0.0.1:1', { token: 'x'.repeat(43) });
    await expect(nobody.call('POST', '/api/v1/login', {})).rejects.toSatisfy((e) => e instanceof ApiProblem && e.status === 0 && /no answer from http:\/\/127.0.0.1:1 \(.+\)/.test(e.message));
  });

  it('watches the live channel', async () => {
    const seen: ServerFrame[] = [];
    const live = watchLive(api, (frame) => seen.push(frame));
    try {
      await until('a snapshot', () => seen.some((f) => f.type === 'snapshot'));
      const id = await web.alert({ region: village });
      await until('the alert', () => seen.some((f) => f.type === 'alert' && f.alert.id === id));
      expect(live.open).toBe(true);
    } finally {
      live.close();
    }
  });
});
