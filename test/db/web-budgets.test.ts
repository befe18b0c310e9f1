/** The live budget over HTTP, and the provider's white list: ranked by risk, handed over as a file, what changed since, and what it exempts from. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numberFacts } from '#store/outbox.ts';
import { put } from './notify-fixture.ts';
import { otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); await web.t.db.query('delete from responder'); });
afterAll(() => web.stop());
const list = '/api/v1/settings/provider/white-list';
const get = async (path: string, cookie = admin) => (await web.fetch(path, { cookie })).body;
const responder = async (id: string, role: string, region: string, phone: string, more: { landline?: boolean; optedOut?: boolean } = {}): Promise<void> => {
  const seal = web.t.seal;
  await web.t.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx, landline, opted_out_at, demo) values ($1, $2, $3, $4, $5, $6, $7, $8, true)`,
    [id, role, region, seal.seal('responder.name', '林建国'), seal.seal('responder.phone', phone), seal.blind('phone', phone), more.landline ?? false, more.optedOut ? new Date() : null]);
};

describe('the live budget [2.5 E7]', () => {
  it('shows the fullest numbers first, masked, with what is left for others than emergencies, and what waits', async () => {
    expect(await get('/api/v1/notifications/budget')).toEqual({ reserve: 0.3, held: 0, numbers: [] });
    for (let i = 0; i < 3; i++) await put(web.t, { to: '15404250311', channel: 'voice', party: 'responder:nobody' });
    await put(web.t, { to: '15404250312' });
    await put(web.t, { to: '15404250313' });
    await web.t.db.query(`update outbox set state = 'accepted', provider = 'standin', provider_id = out_id, sent_at = anling_now() - interval '90 seconds'`);
    await put(web.t, { to: '15404250313', priority: 4, template: 'battery' });
    await web.t.db.query(`update outbox set error_code = 'local.NOTICES', due_at = anling_now() + interval '1 hour' where state = 'due'`);
    const body = await get('/api/v1/notifications/budget');
    expect(body.held).toBe(1);
    expect(body.numbers.map((n: { to: string }) => n.to)).toEqual(['154****0311', expect.any(String), expect.any(String)]);
    expect(body.numbers[0].windows).toEqual([
      { code: 'local.SMS_DAY', used: 0, most: 50, calm: 35 }, { code: 'local.CALLS_MINUTE', used: 0, most: 1, calm: 1 }, { code: 'local.CALLS_HOUR', used: 3, most: 5, calm: 3 }, { code: 'local.CALLS_DAY', used: 3, most: 20, calm: 14 },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/154\d{8}/);
  });
});

describe('the white list [2.5 FF8]', () => {
  it('ranks the desk, the leaders, three of each town, then villages by their people at risk; each number once, no landline, nobody who opted out', async () => {
    expect((await get(list)).entries).toEqual([]);
    expect((await web.fetch(list, { method: 'POST', cookie: admin, body: {} })).status, 'nobody on duty').toBe(409);
    await responder('w-cw1', 'care-worker', village, '15404250401');
    await responder('w-cw2', 'care-worker', otherVillage, '15404250402');
    for (let i = 1; i <= 4; i++) await responder(`w-town${i}`, 'town-duty', town, `1540425041${i}`);
    await responder('w-lead', 'duty-leader', '350425000000', '15404250421');
    await responder('w-seat', 'seat', '350425000000', '15404250422');
    await responder('w-same', 'doctor', village, '15404250421');
    await responder('w-room', 'town-duty', town, '05980350425', { landline: true });
    await responder('w-out', 'doctor', village, '15404250409', { optedOut: true });
    const body = await get(list);
    expect(body.entries.map((e: { party: string }) => e.party.slice(12))).toEqual(['seat', 'lead', 'town1', 'town2', 'town3', 'cw1', 'cw2', 'town4']);
    expect(body).toMatchObject({ most: 300, outsideCount: 0, gone: [], last: null });
    expect(JSON.stringify(body)).not.toMatch(/154\d{8}/);
  });
  it('is handed over as a file, audited; what changes afterwards is seen; only what is confirmed exempts', async () => {
    const listed = async (to: string): Promise<boolean> => {
      await web.t.db.query('delete from outbox');
      await put(web.t, { to });
      const [row] = await web.t.db.query<{ id: string }>('select id from outbox');
      return (await numberFacts(web.t.db, [row!.id])).get(row!.id)!.listed;
    };
    const { body: made } = await web.fetch(list, { method: 'POST', cookie: admin, body: {} });
    expect(made).toEqual({ id: expect.any(String), numbers: 8 });
    const file = await web.fetch(`${list}/${made.id}/numbers.txt`, { cookie: admin });
    expect(file.text.split('\r\n').slice(0, 2)).toEqual(['15404250422', '15404250421']);
    expect((await web.t.db.query(`select count(*)::int as n from audit where action like 'white-list.%'`))[0]).toEqual({ n: 2 });
    expect(await listed('15404250401'), 'not entered yet').toBe(false);
    expect((await web.fetch(`${list}/${made.id}/confirm`, { method: 'POST', cookie: admin, body: {} })).body.last).toMatchObject({ confirmedAt: expect.any(Number), numbers: 8 });
    expect([await listed('15404250401'), await listed('15404250409')]).toEqual([true, false]);
    await web.t.db.query(`delete from responder where id = 'w-town4'`);
    await responder('w-new', 'shift-leader', '350425000000', '15404250430');
    const drift = await get(list);
    expect(drift.entries.filter((e: { fresh: boolean }) => e.fresh).map((e: { party: string }) => e.party)).toEqual(['responder:w-new']);
    expect(drift.gone).toEqual([{ party: 'responder:w-town4', role: null, name: null, to: '154****0414' }]);
  });
  it('is made by an administrator of the whole county only', async () => {
    const ask = async (cookie: string) => (await web.fetch(list, { method: 'POST', cookie, body: {} })).status;
    expect([await ask(await web.cookie('operator')), await ask(await web.cookie('admin', town))]).toEqual([403, 403]);
    expect((await web.fetch(`${list}/99/numbers.txt`, { cookie: admin })).status).toBe(404);
    expect((await web.fetch(`${list}/99/confirm`, { method: 'POST', cookie: admin, body: {} })).status).toBe(404);
  });
});
