/** The catalogue of models over the API: what it shows, what an administrator may change, and that a class moves the deadlines of its devices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDevice } from '#test/harness/edge.ts';
import { otherTown, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web?.stop());

type Model = { id: string; name: string; supervisionClass: string; confirmWindowS: number; devices: number };
const catalogue = async (cookie = admin): Promise<Model[]> => (await web.fetch('/api/v1/device-catalogue', { cookie })).body.models;
const model = async (id: string, cookie = admin): Promise<Model> => (await catalogue(cookie)).find((m) => m.id === id) as Model;
const patch = async (id: string, body: object, cookie = admin): ReturnType<Web['fetch']> => {
  const { name, supervisionClass, confirmWindowS } = await model(id);
  return web.fetch(`/api/v1/device-catalogue/${id}`, { method: 'PATCH', cookie, body: { was: { name, supervisionClass, confirmWindowS }, ...body } });
};
const checkIn = async (id: string): Promise<number> => (await web.t.db.query<{ s: number }>('select extract(epoch from check_at - anling_now())::float8 as s from presence where device_id = $1', [id]))[0]?.s ?? 0;

describe('the catalogue of models', () => {
  it('shows class, grace, alarms, window, power and acceptance profile, counted in the caller’s scope [F7 B1]', async () => {
    await makeDevice(web.t.db, web.t.seal, { homeId: 'h1', model: 'watch' });
    expect(await model('watch')).toMatchObject({ type: 'watch', power: 'battery', supervisionClass: '5min', graceS: 900, confirmWindowS: 30, alarms: expect.arrayContaining(['sos', 'fall']), profile: 'watch', devices: 1, installed: 1 });
    expect((await model('watch', await web.cookie('installer', otherTown))).devices).toBe(0);
    expect((await web.fetch('/api/v1/device-catalogue', { cookie: admin })).body.classes.map((c: { id: string }) => c.id)).toEqual(['60s', '5min', '1h', '24h']);
  });

  it('is changed by an administrator of the whole county alone, field by field, on record; what is unsafe is named [F7 LAW5]', async () => {
    for (const [body, field] of [[{ confirmWindowS: 10 }, 'confirmWindowS'], [{ supervisionClass: '7d' }, 'supervisionClass'], [{ name: '  ' }, 'name']] as const) {
      const answer = await patch('smoke', body);
      expect([answer.status, answer.body.error.fields[0].field]).toEqual([422, field]);
    }
    expect((await patch('watch', { confirmWindowS: 31 })).status).toBe(422);
    expect((await patch('watch', { confirmWindowS: 20, name: '定位手表二代' })).status).toBe(200);
    expect(await model('watch')).toMatchObject({ confirmWindowS: 20, name: '定位手表二代' });
    expect((await patch('watch', { was: { name: '定位手表', supervisionClass: '5min', confirmWindowS: 30 }, confirmWindowS: 5 })).status).toBe(409);
    expect((await patch('watch', { name: 'x' }, await web.cookie('technician'))).status).toBe(403);
    expect((await patch('watch', { name: 'x' }, await web.cookie('admin', otherTown))).status).toBe(403);
    expect((await web.fetch('/api/v1/device-catalogue/none', { method: 'PATCH', cookie: admin, body: { was: { name: 'x', supervisionClass: '1h', confirmWindowS: 0 } } })).status).toBe(404);
    for (const [body, field] of [[{ batteryDays: 0 }, 'batteryDays'], [{ batteryKind: ' ' }, 'batteryKind']] as const) expect((await patch('sos-button', body)).body.error.fields[0].field).toBe(field);
    expect((await patch('sos-button', { batteryKind: 'CR123A', batteryDays: 1095 })).status).toBe(200);
    await patch('sos-button', { name: '一键呼' });
    expect(await model('sos-button')).toMatchObject({ batteryKind: 'CR123A', batteryDays: 1095, name: '一键呼' });
    const [audit] = await web.t.db.query(`select target, detail from audit where action = 'device-model.change'`);
    expect(audit).toMatchObject({ target: 'device-model:watch', detail: { confirmWindowS: 20, was: { confirmWindowS: 30 } } });
  });

  it('a learning period stands with what feels by itself, fourteen days with radars; what a person presses has none [C12]', async () => {
    expect([(await model('fall-radar')), (await model('sos-button'))]).toMatchObject([{ learningDays: 14 }, { learningDays: 0 }]);
    expect((await patch('fall-radar', { learningDays: 21 })).status).toBe(200);
    for (const [id, learningDays] of [['fall-radar', 61], ['sos-button', 14], ['smoke', 1]] as const) expect((await patch(id, { learningDays })).body.error.fields[0].field).toBe('learningDays');
    expect((await model('fall-radar'))).toMatchObject({ learningDays: 21 });
  });

  it('a shorter class is told how many would be silent at once before it holds, and then its devices are looked at in its time [F7 B1]', async () => {
    const [fresh, old] = [await makeDevice(web.t.db, web.t.seal, { homeId: 'h1', model: 'gas' }), await makeDevice(web.t.db, web.t.seal, { homeId: 'h1', model: 'gas' })];
    await web.t.db.query(`update presence set state = 'online', last_seen_at = anling_now() - case device_id when $1 then interval '10 seconds' else interval '50 minutes' end, check_at = anling_now() + interval '2 hours' where device_id = any($2)`, [fresh.id, [fresh.id, old.id]]);
    const refused = await patch('gas', { supervisionClass: '5min' });
    expect([refused.status, refused.body.error.silent, (await model('gas')).supervisionClass]).toEqual([409, 1, '1h']);
    expect(await checkIn(fresh.id)).toBeGreaterThan(7_000);
    expect((await patch('gas', { supervisionClass: '5min', silent: 1 })).status).toBe(200);
    expect((await model('gas')).supervisionClass).toBe('5min');
    expect(await checkIn(fresh.id)).toBeLessThanOrEqual(900 * 0.75);
    expect(await checkIn(old.id)).toBeLessThan(0);
    // A longer one asks nothing and hurries nobody.
    expect((await patch('gas', { supervisionClass: '24h' })).status).toBe(200);
    expect(await checkIn(fresh.id)).toBeLessThanOrEqual(900 * 0.75);
  });
});
