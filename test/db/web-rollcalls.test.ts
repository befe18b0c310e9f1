/** 平安清点 through the API and by its link: begun in one's own regions, once; told within budgets; marked, shown live, ended, kept as a file, audited. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
let id = '';
let code = '';
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web.stop());
const call = (method: string, path: string, body?: unknown, cookie = admin) => web.fetch(`/api/v1/rollcalls${path}`, { method, cookie, ...(body === undefined ? {} : { body }) });
const begin = (more: object = {}, cookie = admin) => call('POST', '', { name: '断电清点', regions: [village], ...more }, cookie);
const press = (mark: string, path = `/q/${code}`) => web.fetch(path, { method: 'POST', body: `mark=${mark}`, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null', 'sec-fetch-site': 'same-origin' } });
const events = async (): Promise<unknown[]> => web.t.db.query(`select kind, source, person_id as who, home_id as home from event order by id`);

describe('beginning a roll-call', () => {
  it('is for those who act, in their own regions, of one thing at a time; what is wrong is named by its field [2.2 W8]', async () => {
    expect((await begin({}, await web.cookie('viewer'))).status).toBe(403);
    expect((await begin({ regions: [otherVillage] }, await web.cookie('operator', town))).body.error.fields).toEqual([{ field: 'regions.0', expected: 'a region of your scope' }]);
    expect((await begin({ blind: true })).body.error.fields).toMatchObject([{ field: 'regions' }]);
    expect((await begin({ regions: undefined })).status).toBe(422);
    expect((await begin({ regions: undefined, blind: true })).body.error.fields, 'nobody has a device').toMatchObject([{ field: 'blind' }]);
    expect((await begin({ regions: undefined, outage: await web.alert({ priority: 4, kind: 'offline' }) })).body.error.fields).toMatchObject([{ field: 'outage' }]);
    expect(await web.t.db.query('select id from roll_call')).toEqual([]);
  });

  it('tells those who keep the lists, with a code and with the list itself, behind every alarm; the same people are asked after once [2.2 E7]', async () => {
    const begun = await begin();
    expect([begun.status, begun.body], begun.text).toEqual([201, { id: expect.any(String), people: 1, villages: 1, told: 1, texts: 2, nobody: 0 }]);
    id = begun.body.id;
    const [row] = await web.t.db.query<{ code: string; regions: string[] }>('select code, regions from roll_call_party');
    code = row?.code ?? '';
    expect(row?.regions).toEqual([village]);
    const sent = await web.t.db.query<{ template: string; priority: number; purpose: string; params: Buffer }>('select template, priority, purpose, params_enc as params from outbox order by id');
    expect(sent.map((m) => [m.template, m.priority, m.purpose, JSON.parse(web.t.seal.open('outbox.params', m.params))])).toEqual([
      ['roll-call', 3, 'notice', { village: '仙亭村', count: '1', code }], ['roll-list', 4, 'notice', { list: '1陈下厝角12号' }]]);
    expect(await begin()).toMatchObject({ status: 409, body: { error: { reason: 'running', id } } });
    expect((await begin({ regions: [otherVillage], tell: false })).body).toMatchObject({ people: 1, told: 0, texts: 0 });
  });

  it('is offered where an outage stands, and after a blind window of more than ten minutes [2.2 2.1]', async () => {
    await web.t.db.query(`insert into blind_window (from_at, to_at, why) values (anling_now() - interval '2 hours', anling_now() - interval '1 hour', 'edge'), (anling_now() - interval '9 minutes', anling_now(), 'edge')`);
    const alert = await web.alert({ kind: 'outage', priority: 3, region: otherTown, personId: null, homeId: null });
    await web.t.db.query(`insert into outage (subject_type, subject_id, region_code, scope_from, scope_to, cause, from_at, trace, ingest_id, alert_id) values ('region', $1, $1, $1, $1, 'power', anling_now(), 't', gen_random_uuid(), $2)`, [otherTown, alert]);
    const { offers } = (await call('GET', '/offers')).body;
    expect(offers.map((o: { alertId: string | null; blindId: string | null; cause: string | null }) => [o.alertId, o.blindId !== null, o.cause])).toEqual([[alert, false, 'power'], [null, true, null]]);
    expect((await call('GET', '/offers', undefined, await web.cookie('operator', town))).body.offers).toHaveLength(1);
  });
});

describe('the list by its code', () => {
  it('shows the keeper whom to look after, loads and runs nothing, is small, and changes nothing by GET; only a right code opens it [2.2 W10 W13]', async () => {
    const { status, text, headers } = await web.fetch(`/q/${code}`);
    expect(status).toBe(200);
    for (const shown of ['平安清点', '仙亭村', '陈金水', '下厝角12号', 'tel:15404250001', '安全', '需帮助', '未联系上', 'tel:05980350425']) expect(text).toContain(shown);
    expect(Buffer.byteLength(text)).toBeLessThan(30_000);
    expect(text).not.toMatch(/<script|<link|<img|@import|url\(|javascript:|高血压/);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/);
    expect([headers.get('x-robots-tag'), headers.get('referrer-policy'), headers.get('cache-control')]).toEqual(['noindex, nofollow', 'no-referrer', 'no-store']);
    expect((await web.fetch(`/q/${code}?lang=en`)).text).toContain('needs help');
    expect(await web.t.db.query('select id from roll_call_mark')).toEqual([]);
    const door = await web.fetch('/q');
    expect([door.status, door.text.includes('短信里的名单码')]).toEqual([200, true]);
    expect((await web.fetch(`/q?code=${encodeURIComponent(` ${code.toUpperCase()} `)}`)).headers.get('location')).toBe(`/q/${code}`);
    expect((await web.fetch('/q/0000000000')).status).toBe(404);
    for (let i = 0; i < 25; i++) await web.fetch(`/q/00000000${10 + i}`);
    expect((await web.fetch('/q/0000000000')).status).toBe(429);
    expect((await web.fetch(`/q/${code}`)).status).toBe(200);
  });

  it('stays within 30 KB with a village of three hundred, by pages of thirty [2.2 LAW7]', async () => {
    await web.t.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'x' || i, region_code, address_enc, place_enc from home, generate_series(1, 300) i where id = 'h1'`);
    await web.t.db.query(`insert into person (id, home_id, name_enc, name_bidx, phone_enc, phone_bidx, high_risk) select 'x' || i, 'x' || i, name_enc, name_bidx, phone_enc, phone_bidx, true from person, generate_series(1, 300) i where id = 'p1'`);
    await web.t.db.query(`insert into roll_call_person (roll_call_id, region_code, no, person_id, status, marked_at) select $1, $2, 1 + i, 'x' || i, case when i > 150 then 'help' else 'unchecked' end, case when i > 150 then anling_now() end from generate_series(1, 300) i`, [id, village]);
    for (const lang of ['', '&lang=en']) for (const skip of [0, 30, 120]) expect(Buffer.byteLength((await web.fetch(`/q/${code}?skip=${skip}${lang}`)).text), `${skip}${lang}`).toBeLessThan(30_000);
    await web.t.db.query(`delete from roll_call_person where roll_call_id = $1 and no > 1`, [id]);
  });

  it('takes a press, and who needs help is an alarm in the same moment; a button of another village is refused [2.2 LAW5 W8]', async () => {
    const said = await press(`${village}.1.help`);
    expect([said.status, said.headers.get('location')?.split('?')[0], said.text]).toEqual([303, `/q/${code}`, '']);
    expect(await events()).toEqual([{ kind: 'phone-in', source: 'phone', who: 'p1', home: 'h1' }]);
    expect((await web.fetch(`/q/${code}`)).text).toContain('已报值班室');
    await press(`${village}.1.help`);
    expect(await events()).toHaveLength(1);
    for (const wrong of [`${otherVillage}.1.safe`, `${village}.1.unchecked`, `${village}.x.safe`, 'nonsense']) expect((await press(wrong)).status, wrong).toBe(422);
    await press(`${village}.1.unreached`);
    await press('rest');
    expect((await call('GET', `/${id}/villages/${village}`)).body.people).toMatchObject([{ no: 1, name: '陈*水', phone: '154****0001', status: 'safe', via: 'link', markedBy: '孝老员王*兰' }]);
  });
});

describe('a roll-call at the desk', () => {
  it('shows share, keepers and whom to worry about, masked for readers; nobody sees another town’s [2.2 W8 W10]', async () => {
    await press(`${village}.1.unreached`);
    const desk = (await call('GET', `/${id}`, undefined, await web.cookie('operator'))).body;
    expect(desk).toMatchObject({ state: 'open', village: '仙亭村', total: { people: 1, checked: 1, percent: 100, unreached: 1, complete: true }, villages: [{ code: village, keepers: [{ role: 'care-worker', name: '王*兰', state: 'due', failed: false }] }], notReached: [{ no: 1, name: '陈*水', place: '下厝角12号', markedBy: '孝老员王*兰' }], needHelp: [] });
    await web.t.db.query(`update outbox set state = 'failed', error_code = 'local.RESERVE' where template = 'roll-call'`);
    const viewer = await call('GET', `/${id}`, undefined, await web.cookie('viewer'));
    expect(viewer.body).toMatchObject({ notReached: [{ name: '陈**', place: null, markedBy: '孝老员王**' }], villages: [{ keepers: [{ failed: true }] }] });
    expect(viewer.text).not.toMatch(/金水|陈\*水|下厝角|1540425/);
    expect((await call('GET', `/${id}/villages/${village}`, undefined, await web.cookie('viewer'))).text).not.toMatch(/金水|陈\*水|下厝角|15404250001/);
    for (const path of [`/${id}`, `/${id}/villages/${village}`, `/${id}/report.csv`]) expect((await call('GET', path, undefined, await web.cookie('operator', otherTown))).status, path).toBe(404);
    expect((await call('GET', '', undefined, await web.cookie('operator', otherTown))).body.rolls.map((r: { people: number }) => r.people)).toEqual([1]);
    expect((await call('POST', `/${id}/villages/${village}/marks`, { via: 'desk', marks: [] }, await web.cookie('operator', otherTown))).status).toBe(404);
  });

  it('takes a returned paper whole or not at all; help on it is an alarm at once [2.2 LAW5]', async () => {
    const mark = (marks: object[], more: object = {}) => call('POST', `/${id}/villages/${village}/marks`, { via: 'paper', marks, ...more });
    const wrong = await mark([{ no: 1, status: 'safe' }, { no: 7, status: 'help' }]);
    expect([wrong.status, wrong.body.error.fields]).toEqual([422, [{ field: 'marks.1.no', expected: 'a number of this list, not 7' }]]);
    expect((await call('GET', `/${id}`)).body.total.unreached).toBe(1);
    expect((await mark([{ no: 1, status: 'help' }])).body).toEqual({ changed: 1, raised: 1 });
    expect(await events()).toMatchObject([{ source: 'phone' }, { kind: 'phone-in', source: 'wall', who: 'p1' }]);
    expect((await mark([], { rest: true })).body).toEqual({ changed: 0, raised: 0 });
  });

  it('opens the forms in plain text to those who act, audited [2.2 W10]', async () => {
    expect((await call('POST', `/${id}/sheets`, {}, await web.cookie('viewer'))).status).toBe(403);
    expect((await call('POST', `/${id}/sheets`, {})).body.sheets).toMatchObject([{ code: village, village: '仙亭村', people: [{ no: 1, name: '陈金水', phone: '15404250001', place: '下厝角12号', landmark: '门前柿子树' }] }]);
  });

  it('is ended by who sees all of it, once; then no answer counts, and its report stays, without a number in it; all of it is audited [2.2]', async () => {
    expect((await call('POST', `/${id}/end`, {}, await web.cookie('viewer'))).status).toBe(403);
    expect((await call('POST', `/${id}/end`, {})).status).toBe(200);
    expect((await call('POST', `/${id}/end`, {})).status).toBe(409);
    expect(await call('POST', `/${id}/villages/${village}/marks`, { via: 'desk', marks: [{ no: 1, status: 'safe' }] })).toMatchObject({ status: 409, body: { error: { reason: 'over' } } });
    const page = await web.fetch(`/q/${code}`);
    expect([page.status, page.text.includes('已经结束'), page.text.includes('陈金水')]).toEqual([200, true, false]);
    const file = await call('GET', `/${id}/report.csv`);
    expect(file.headers.get('content-disposition')).toMatch(/roll-call-\d+-\d{4}-\d\d-\d\d\.csv/);
    expect(file.text).toContain('"均溪镇","仙亭村","1","0","1","0","0","100%"');
    expect(file.text).toContain('"1号陈*水"');
    expect(file.text).not.toMatch(/1540425|金水"|下厝角/);
    const actions = (await web.t.db.query<{ s: string }>(`select action || ' ' || split_part(actor, ':', 1) as s from audit where action like 'roll.%' order by id`)).map((r) => r.s);
    expect(actions.filter((s, i) => actions.indexOf(s) === i)).toEqual(['roll.begin user', 'roll.reveal party', 'roll.mark party', 'roll.mark user', 'roll.reveal user', 'roll.end user']);
  });

  it('counts in the figures of the night as a human who has seen them [2.2 FF4]', async () => {
    const [device] = await web.t.db.query<{ now: number }>('select anling_now() as now');
    await web.t.db.query(`insert into device (id, model, home_id, person_id, secret_hash) values ('dd', 'fall-radar', 'h1', 'p1', '\\x00')`);
    await web.t.db.query(`insert into presence (device_id, check_at, last_seen_at, state, silent_at) values ('dd', 'infinity', anling_now(), 'silent', anling_now())`);
    const seen = async (from: number) => (await web.fetch(`/api/v1/reports/roll?from=${Math.round(from)}`, { cookie: admin })).body.total;
    expect(await seen((device?.now ?? 0) - 3_600_000)).toEqual({ people: 1, evacuated: 0, seen: 1, heard: 0, missing: 0 });
    expect(await seen((device?.now ?? 0) + 3_600_000)).toMatchObject({ seen: 0, missing: 1 });
  });
});
