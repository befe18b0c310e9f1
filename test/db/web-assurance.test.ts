/** 可达性 through the API: within one's scope, masked, settings and tasks with their audit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { county, otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => {
  web = await testWeb();
  admin = await web.cookie('admin');
  await web.t.db.query(`insert into device (id, model, home_id, secret_hash) values ('a1', 'sos-button', 'h1', '\\x00'), ('a2', 'sos-button', 'h2', '\\x00')`);
  await web.t.db.query(`insert into reach (party, phone_bidx, day_at, day_how) select 'responder:' || id, phone_bidx, anling_now() - interval '1 day', 'sms' from responder where id = 'r1'`);
  await web.t.db.query(`insert into number_task (party, phone_bidx, region_code, reason) values ('contact:c1', '\\x01', $1, 'failed'), ('contact:c2', '\\x02', $2, 'silent')`, [village, otherVillage]);
});
afterAll(() => web.stop());
const call = (method: string, path: string, body?: unknown, cookie = admin) => web.fetch(`/api/v1/assurance${path}`, { method, cookie, ...(body === undefined ? {} : { body }) });

describe('who can be reached', () => {
  it('names every village with homes, the worst first, and its people with their proofs, masked [E10 E11]', async () => {
    await web.t.db.query(`update responder set absent_until = anling_now() + interval '1 day' where region_code = $1`, [otherVillage]);
    const { status, body, text } = await call('GET', '');
    expect(status, text).toBe(200);
    expect(body.villages.map((v: { code: string; level: string; people: number }) => [v.code, v.level, v.people])).toEqual([[otherVillage, 'nobody', 1], [village, 'no-night', 1]]);
    expect(body).toMatchObject({ weekly: false, openTasks: 2, week: { rung: 0 } });
    const one = await call('GET', `/${village}`, undefined, await web.cookie('operator'));
    expect(one.body.list).toMatchObject([{ id: 'r1', role: 'care-worker', why: null, dayHow: 'sms', nightAt: null, verifiedAt: null }]);
    expect(one.text).not.toMatch(/1540425|王秀兰/);
  });

  it('is one’s own towns only [W8]', async () => {
    const mine = await web.cookie('operator', town);
    expect((await call('GET', '', undefined, mine)).body.villages.map((v: { code: string }) => v.code)).toEqual([village]);
    expect((await call('GET', `/${otherVillage}`, undefined, mine)).status).toBe(404);
    expect((await call('GET', '/tasks', undefined, mine)).body.tasks.map((t: { party: string }) => t.party)).toEqual(['contact:c1']);
    expect((await call('GET', `?region=${otherTown}`, undefined, mine)).body.villages).toEqual([]);
    expect((await call('GET', '', undefined, await web.cookie('installer'))).status).toBe(403);
  });
});

describe('numbers to be mended', () => {
  it('are closed by a human’s word, once, inside his scope, audited [2.17 W8]', async () => {
    const { tasks } = (await call('GET', '/tasks')).body as { tasks: { id: string; phone: string; name: string; village: string; reason: string }[] };
    expect(tasks[0]).toMatchObject({ phone: '154****0101', name: '郭*发', village: '仙亭村', reason: 'failed' });
    const [first, second] = tasks.map((t) => t.id);
    expect((await call('POST', `/tasks/${second}/close`, { how: 'mended' }, await web.cookie('operator', town))).status).toBe(404);
    expect((await call('POST', `/tasks/${first}/close`, { how: 'wrong' })).status).toBe(422);
    expect((await call('POST', `/tasks/${first}/close`, { how: 'dismissed' })).status).toBe(200);
    expect((await call('POST', `/tasks/${first}/close`, { how: 'mended' })).status).toBe(409);
    expect((await call('POST', '/tasks/999/close', { how: 'mended' })).status).toBe(404);
    expect((await call('GET', '/tasks?state=closed')).body.tasks).toMatchObject([{ id: first, how: 'dismissed' }]);
    expect(await web.t.db.query(`select target from audit where action = 'number-task.close'`)).toEqual([{ target: 'contact:c1' }]);
  });
});

describe('the settings of the ring', () => {
  const settings = { weekly: true, yearly: false, from: '09:00', to: '17:00', nightRoles: ['town-duty'], perDay: 100 };
  it('are the whole county’s, guarded against a second writer, audited [E11]', async () => {
    expect((await call('GET', '/settings')).body).toMatchObject({ settings: { weekly: false }, updatedAt: null });
    expect((await call('PUT', '/settings', { settings, updatedAt: null }, await web.cookie('admin', town))).status).toBe(403);
    expect((await call('PUT', '/settings', { settings, updatedAt: null }, await web.cookie('operator'))).status).toBe(403);
    expect((await call('PUT', '/settings', { settings: { ...settings, to: '08:00' }, updatedAt: null })).body.error.fields).toEqual([{ field: 'settings.to', expected: expect.stringContaining('09:00') }]);
    const saved = await call('PUT', '/settings', { settings, updatedAt: null });
    expect(saved.status, saved.text).toBe(200);
    expect((await call('PUT', '/settings', { settings, updatedAt: null })).status).toBe(409);
    expect((await call('GET', `/${county}`)).status).toBe(200);
    expect(await web.t.db.query(`select count(*)::int as n from audit where action = 'settings.assurance'`)).toEqual([{ n: 1 }]);
  });
});
