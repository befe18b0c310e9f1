/** The life of devices over the API, rows and doors: replaced, lost, retired and back; the history of both; and no press of one that the file has elsewhere is silent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testAlarm, type Alarm } from '#test/harness/alarm.ts';
import { connectDevice, RawDevice, startTestEdge, topic, until } from '#test/harness/edge.ts';
import { otherTown, testWeb, village, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web?.stop());

const post = (path: string, body: object, cookie = admin): ReturnType<Web['fetch']> => web.fetch(`/api/v1${path}`, { method: 'POST', cookie, body });
const get = (path: string, cookie = admin): ReturnType<Web['fetch']> => web.fetch(`/api/v1${path}`, { cookie });
const patch = (path: string, body: object): ReturnType<Web['fetch']> => web.fetch(`/api/v1${path}`, { method: 'PATCH', cookie: admin, body });
const register = async (more: object = {}): Promise<{ id: string; secret: string }> => (await post('/devices', { model: 'sos-button', ...more })).body;
const lines = async (id: string): Promise<unknown[]> => (await get(`/devices/${id}/life`)).body.lines.map((l: { life: string; homeId: string | null; room: string | null }) => `${l.life} ${l.homeId ?? '-'} ${l.room ?? '-'}`).toReversed();

describe('the life of a device', () => {
  it('replaced: the new one hangs where the old one hung, both files show the chain, alerts of the old one stay, all of it on record [F7]', async () => {
    const old = await register({ homeId: 'h1', room: '卧室' });
    const fresh = await register({ status: 'stock' });
    const alert = await web.alert({ homeId: 'h1' });
    await web.t.db.query('update alert set device_id = $2 where id = $1', [alert, old.id]);
    const done = await post(`/devices/${old.id}/replace`, { by: fresh.id });
    expect([done.status, done.body]).toEqual([200, { id: old.id, life: 'replaced', by: fresh.id }]);
    expect((await get(`/devices/${old.id}`)).body).toMatchObject({ status: 'revoked', ended: 'replaced', replacedBy: fresh.id, homeId: 'h1' });
    expect((await get(`/devices/${fresh.id}`)).body).toMatchObject({ status: 'installed', ended: null, homeId: 'h1', room: '卧室', state: 'never' });
    expect(await web.t.db.query('select state, device_id from alert where id = $1', [alert])).toEqual([{ state: 'open', device_id: old.id }]);
    expect(await lines(old.id)).toEqual(['installed h1 卧室', 'replaced h1 卧室']);
    expect(await lines(fresh.id)).toEqual(['stock - -', 'installed h1 卧室']);
    expect([(await get(`/devices/${old.id}/life`)).body, (await get(`/devices/${fresh.id}/life`)).body]).toMatchObject([
      { life: 'replaced', acts: ['lose', 'retire', 'restock'], replaces: [], replacedBy: [{ id: fresh.id }], lines: [{ actor: expect.stringMatching(/^user:/) }, {}] }, { life: 'installed', replaces: [{ id: old.id }], replacedBy: [] }]);
    const [audit] = await web.t.db.query(`select target, detail from audit where action = 'device.replace'`);
    expect(audit).toMatchObject({ target: `device:${old.id}`, detail: { by: fresh.id, homeId: 'h1' } });
    // Back in stock the chain stands all the same.
    expect((await post(`/devices/${old.id}/life`, { act: 'restock' })).body.life).toBe('stock');
    expect((await get(`/devices/${old.id}/life`)).body.replacedBy).toMatchObject([{ id: fresh.id }]);
  });

  it('what cannot take its place is named, and then nothing has changed [F7]', async () => {
    const [old, bound, gone] = [await register({ homeId: 'h1' }), await register({ homeId: 'h1' }), await register()];
    await post(`/devices/${gone.id}/life`, { act: 'lose' });
    for (const [by, expected] of [[old.id, 'another device'], [bound.id, 'bound to'], [gone.id, 'not one that is lost'], ['nobody', 'of your scope']] as const) {
      const answer = await post(`/devices/${old.id}/replace`, { by });
      expect([answer.status, answer.body.error.fields[0].field], by).toEqual([422, 'by']);
      expect(answer.body.error.fields[0].expected).toContain(expected);
    }
    expect(await lines(old.id)).toEqual(['installed h1 -']);
    const far = await web.cookie('installer', otherTown);
    expect((await post(`/devices/${old.id}/life`, { act: 'lose' }, far)).status).toBe(404);
    expect((await get(`/devices/${old.id}/life`, far)).status).toBe(404);
    expect((await post(`/devices/${old.id}/life`, { act: 'lose' }, await web.cookie('operator'))).status).toBe(403);
  });

  it('moved: every place stays, with when and by whom [F7]', async () => {
    const { id } = await register({ homeId: 'h1', room: '卧室' });
    await patch(`/devices/${id}`, { version: 1, room: '厨房' });
    await patch(`/devices/${id}`, { version: 2, serial: 'no move' });
    await patch(`/devices/${id}`, { version: 3, homeId: null });
    expect(await lines(id)).toEqual(['installed h1 卧室', 'installed h1 厨房', 'installed - 厨房']);
    await web.t.db.query(`update device set home_id = 'h1' where id = $1`, [id]); // whoever changes the row
    expect((await lines(id)).at(-1)).toBe('installed h1 厨房');
  });

  it('from an end no status brings it back; each act from a wrong state is a conflict that says what may be done [F7]', async () => {
    const { id } = await register();
    await post(`/devices/${id}/life`, { act: 'retire' });
    const back = await patch(`/devices/${id}`, { version: 2, status: 'installed' });
    expect([back.status, back.body.error.fields]).toEqual([422, [{ field: 'status', expected: expect.stringContaining('it is retired; what may be done with it: restock') }]]);
    const wrong = await post(`/devices/${id}/life`, { act: 'lose' });
    expect([wrong.status, wrong.body.error.life, wrong.body.error.acts]).toEqual([409, 'retired', ['restock']]);
    const listed = async (life: string): Promise<boolean> => (await get(`/devices?limit=200&life=${life}`)).body.devices.some((d: { id: string }) => d.id === id);
    expect([await listed('retired'), await listed('lost'), await listed('revoked'), await listed('stock')]).toEqual([true, false, false, false]);
  });

  it('lost: its session is cut within five seconds, its right secret opens nothing, and its coming is told to the desk; found, the old secret stays void [F7 M18 LAW5]', async () => {
    const edge = await startTestEdge(web.t);
    try {
      const device = await register({ homeId: 'h1' });
      const raw = new RawDevice(edge.port);
      expect(await raw.login(device)).toBe(0);
      await post(`/devices/${device.id}/life`, { act: 'lose' });
      await until('it is cut off', () => raw.closed, 5_000);
      expect(await new RawDevice(edge.port).login(device)).toBe(4);
      await until('the desk hears of it', async () => (await web.t.db.query(`select 1 from event where kind = 'unknown-device' and device_id = $1 and home_id = 'h1'`, [device.id])).length === 1);
      expect((await get('/unregistered')).body.devices.find((d: { id: string }) => d.id === device.id)).toMatchObject({ reason: 'revoked', regionCode: village });
      expect((await post(`/devices/${device.id}/secret`, {})).status).toBe(409);
      expect((await post(`/devices/${device.id}/life`, { act: 'restock' })).body).toEqual({ id: device.id, life: 'stock' });
      expect((await get(`/devices/${device.id}`)).body).toMatchObject({ status: 'stock', ended: null, homeId: null });
      expect(await new RawDevice(edge.port).login(device)).toBe(4);
      const { secret } = (await post(`/devices/${device.id}/secret`, {})).body;
      await until('its new secret opens', async () => (await new RawDevice(edge.port).login({ id: device.id, secret })) === 0);
      expect(await new RawDevice(edge.port).login(device)).toBe(4);
      const stock = await register({ status: 'stock' });
      const client = await connectDevice(edge, stock);
      await client.publishAsync(topic(stock, 'event'), '{"kind":"sos"}', { qos: 1 });
      expect(await web.t.db.query('select kind from event where device_id = $1', [stock.id])).toEqual([{ kind: 'sos' }]);
      await client.endAsync();
    } finally {
      await edge.stop();
    }
  });
});

describe('a press of a device that the file has in stock', () => {
  let a: Alarm;
  beforeAll(async () => { a = await testAlarm(); });
  afterAll(() => a?.close());

  it('bound to a home or to nothing is an emergency all the same, marked as a device in stock [F7 LAW5]', async () => {
    await a.db.query(`update device set status = 'stock' where id = 'd1'`);
    await a.event('sos');
    await a.db.query(`insert into device (id, model, secret_hash, status) values ('d-shelf', 'sos-button', '\\x00', 'stock')`);
    await a.event('sos', { deviceId: 'd-shelf', homeId: null, personId: null });
    await a.settle();
    expect((await a.alerts()).map((x) => [x.subject.id, x.priority, x.state, x.flags.includes('in-stock')]).toSorted()).toEqual([['d-shelf', 1, 'open', true], ['p1', 1, 'open', true]]); // of two homes: in either order
    expect((await a.db.query(`select 1 from timer where alert_id is not null`)).length).toBeGreaterThanOrEqual(2);
  });
});
