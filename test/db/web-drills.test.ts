/** 演练 through the API: begun by leaders in their own regions, refused while something real is open, taken at the desk, scored, kept as a file, audited. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web.stop());
const call = (method: string, path: string, body?: unknown, cookie = admin) => web.fetch(`/api/v1/drills${path}`, { method, cookie, ...(body === undefined ? {} : { body }) });
const begin = (more: object = {}, cookie = admin) => call('POST', '', { name: '季度演练', kind: 'sos', regions: [village], ...more }, cookie);

describe('a drill', () => {
  it('is begun by a leader for homes of his own regions; what is wrong is named by its field [2.16 W8]', async () => {
    expect((await begin({}, await web.cookie('operator'))).status).toBe(403);
    expect((await begin({ regions: [otherVillage] }, await web.cookie('shift-leader', town))).body.error.fields).toEqual([{ field: 'regions.0', expected: 'a region of your scope' }]);
    expect((await begin({ regions: [], homeIds: ['h1', 'nowhere'] })).body.error.fields).toEqual([{ field: 'homeIds.1', expected: 'a home of your scope' }]);
    expect((await begin({ regions: [] })).body.error.fields).toMatchObject([{ field: 'homeIds' }]);
    expect((await begin({ kind: 'offline' })).status).toBe(422);
    await web.t.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'm' || i, region_code, address_enc, place_enc from home, generate_series(1, 60) i where id = 'h2'`);
    expect((await begin({ regions: [], homeIds: Array.from({ length: 51 }, (_, i) => `m${i + 1}`) })).status).toBe(422);
  });

  it('waits for a real emergency of its town, and for another drill [2.16 LAW5]', async () => {
    const alert = await web.alert({ region: village, kind: 'sos', priority: 1, state: 'open' });
    expect(await begin()).toMatchObject({ status: 409, body: { error: { reason: 'alarm' } } });
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where id = $1`, [alert]);
    const begun = await begin({ homeIds: ['h1'] });
    expect([begun.status, begun.body.cases], begun.text).toEqual([201, 1]);
    expect(await begin()).toMatchObject({ status: 409, body: { error: { reason: 'drill' } } });
  });

  it('shows what runs, masked for readers, is taken once at the desk, and nobody sees another town’s [2.16 W8]', async () => {
    const { cases } = (await call('GET', '/live', undefined, await web.cookie('operator'))).body;
    expect(cases).toMatchObject([{ homeId: 'h1', no: 10, kind: 'sos', state: 'running', village: '仙亭村', place: '下厝角12号', claimedAt: null }]);
    expect((await call('GET', '/live', undefined, await web.cookie('viewer'))).body.cases).toMatchObject([{ place: null }]);
    expect((await call('GET', '/live', undefined, await web.cookie('operator', otherTown))).body.cases).toEqual([]);
    const claim = (cookie: string) => call('POST', `/cases/${cases[0].id}/claim`, {}, cookie);
    expect((await claim(await web.cookie('operator', otherTown))).status).toBe(404);
    expect((await claim(await web.cookie('viewer'))).status).toBe(403);
    expect((await claim(await web.cookie('operator'))).status).toBe(200);
    expect(await claim(admin)).toMatchObject({ status: 409, body: { error: { by: '用户operator' } } });
    expect((await call('GET', `/${cases[0].drillId}`, undefined, await web.cookie('operator', otherTown))).status).toBe(404);
    expect((await call('GET', '', undefined, await web.cookie('operator', otherTown))).body.drills).toEqual([]);
  });

  it('is stopped, takes back what is unsent, keeps its scores as a page and as a file without a number in it, audited [2.16]', async () => {
    const [drill] = (await call('GET', '')).body.drills;
    const [c] = await web.t.db.query<{ id: string }>('select id from drill_case');
    await web.t.db.query(`insert into outbox (out_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, trace) select 'dr1', 'responder:r1', 'sms', 'drill', '\\x00', '\\x00', phone_bidx, 4, anling_now(), 't' from responder where id = 'r1'`);
    await web.t.db.query(`insert into drill_call (case_id, party, role, phone_bidx, step, channel, out_id, answered_at, verdict) select $1, 'responder:r1', 'care-worker', phone_bidx, 0, 'sms', 'dr1', anling_now() + interval '42 seconds', 'answered' from responder where id = 'r1'`, [c?.id]);
    expect((await call('POST', `/${drill.id}/stop`, {}, await web.cookie('operator'))).status).toBe(403);
    expect((await call('POST', `/${drill.id}/stop`, {})).status).toBe(200);
    expect((await call('POST', `/${drill.id}/stop`, {})).status).toBe(409);
    expect((await web.t.db.query(`select state from outbox where out_id = 'dr1'`))[0]).toEqual({ state: 'withdrawn' });
    const report = await call('GET', `/${drill.id}`, undefined, await web.cookie('auditor'));
    expect(report.body).toMatchObject({ how: 'stopped', score: { cases: 1, claimed: 1, people: [{ role: 'care-worker', name: '王**', verdict: 'answered', texts: 1, calls: 0 }] }, list: [{ state: 'stopped', calls: [{ channel: 'sms', verdict: 'answered' }] }] });
    const file = await call('GET', `/${drill.id}/report.csv`);
    expect(file.headers.get('content-disposition')).toMatch(/drill-\d+-\d{4}-\d\d-\d\d\.csv/);
    expect(file.text).toContain('"孝老员","王*兰","1","0","已回","42"');
    expect(`${file.text}${report.text}`).not.toMatch(/1540425/);
    expect((await web.t.db.query<{ action: string }>(`select action from audit where action like 'drill.%' order by id`)).map((r) => r.action)).toEqual(['drill.begin', 'drill.claim', 'drill.stop']);
  });
});
