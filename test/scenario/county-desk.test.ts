/** What the desk does besides alerts: calls that come in, entries by hand, modes, plans, quarantine with replay, users, the provider's settings. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createTimers } from '#alerts/timers.ts';
import { emergencyPlan } from '#core/plan.ts';
import { standinProvider } from '#core/provider.ts';
import { replayQuarantined } from '#intake/replay.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { ensurePlans } from '#store/county-setup.ts';
import { insertQuarantined } from '#store/quarantine.ts';
import { county, otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';
import { anling } from '#vendors/anling/index.ts';

let web: Web;
let admin: string;
let operator: string;
const evaluateAll = async (): Promise<void> => {
  const tools = { db: web.t.db, seal: web.t.seal, metrics: createMetrics('test'), log: createLog('test', 'error', () => {}) };
  const [evaluate, fire] = [createEvaluate(tools), createTimers(tools)];
  while ((await evaluate()) + (await fire()) > 0);
};
beforeAll(async () => {
  web = await testWeb({ more: (t) => ({ replay: (id, by) => replayQuarantined({ db: t.db, seal: t.seal, vendor: anling }, id, by) }) });
  [admin, operator] = [await web.cookie('admin'), await web.cookie('operator')];
});
afterAll(() => web.stop());

type Answer = Awaited<ReturnType<Web['fetch']>>;
const send = (method: string) => (path: string, body: unknown, cookie = admin, headers: Record<string, string> = {}): Promise<Answer> => web.fetch(`/api/v1${path}`, { method, cookie, body, headers });
const [post, put, patch] = [send('POST'), send('PUT'), send('PATCH')];
const get = (path: string, cookie = admin): Promise<Answer> => web.fetch(`/api/v1${path}`, { cookie });
const remove = (path: string, cookie = admin): Promise<Answer> => web.fetch(`/api/v1${path}`, { method: 'DELETE', cookie });
const fields = (a: Answer): string[] => a.body.error.fields.map((f: { field: string }) => f.field);
const made = async (path: string, body: unknown): Promise<string> => { const a = await post(path, body); expect([a.status, a.text], a.text).toEqual([201, expect.any(String)]); return a.body.id; };
const openAlerts = () => web.t.db.query<{ id: string; subject_type: string; subject_id: string; person_id: string | null; home_id: string | null; region_code: string | null; count: number }>(
  `select id, subject_type, subject_id, person_id, home_id, region_code, count from alert where kind = 'phone-in' and state <> 'closed' order by subject_type, subject_id, id`); // homes are evaluated side by side: no order of ids is promised

describe('a call for help', () => {
  it('becomes a P1 alert of the person whose number it is, or whose contact calls; twice is one alert [A1 C1]', async () => {
    const personId = await made('/people', { homeId: 'h1', name: '打电话的', phone: '13905981001' });
    await made('/contacts', { personId, relation: 'family', name: '女儿', phone: '13905981002' });
    const first = await post('/calls/inbound', { from: '+86 139 0598 1001' }, operator);
    expect([first.status, first.body]).toEqual([201, { callId: expect.any(String), eventId: expect.any(String), receivedAt: expect.any(Number), matched: 'person', personId, homeId: 'h1', name: '打**的', regionCode: village, others: [] }]);
    expect((await post('/calls/inbound', { from: '13905981002', note: '女儿说母亲不接电话' }, operator)).body).toMatchObject({ matched: 'contact', personId });
    await evaluateAll();
    const [alert] = await openAlerts();
    expect(alert).toMatchObject({ subject_type: 'person', subject_id: personId, person_id: personId, home_id: 'h1', region_code: village, count: 2 });
    const [event] = await web.t.db.query<{ source: string; urgency: number; kind: string }>(`select source, urgency, kind from event where id = $1`, [first.body.eventId]);
    expect(event).toEqual({ source: 'phone', urgency: 1, kind: 'phone-in' });
    const callers = await post(`/alerts/${alert!.id}/callers`, {}, operator);
    expect(callers.body.callers).toMatchObject([{ from: '13905981002', note: '女儿说母亲不接电话' }, { from: '+86 139 0598 1001', note: null }]);
    expect(await web.t.db.query(`select 1 from audit where action = 'alert.callers'`)).toHaveLength(1);
    await web.t.db.query(`update alert set state = 'closed'`);
  });

  it('of a couple with one number is their home’s; of strangers it names the first and the others', async () => {
    const couple = await made('/homes', { regionCode: village, address: '夫妻的家' });
    for (const name of ['丈夫', '妻子']) await made('/people', { homeId: couple, name, phone: '13905981011' });
    expect((await post('/calls/inbound', { from: '13905981011' }, operator)).body).toMatchObject({ matched: 'home', personId: null, homeId: couple, others: [] });
    const low = await made('/people', { id: 'a-low', homeId: 'h1', name: '甲', phone: '13905981012' });
    const high = await made('/people', { id: 'b-high', homeId: 'h2', name: '乙', phone: '13905981012', highRisk: true });
    expect((await post('/calls/inbound', { from: '13905981012' }, operator)).body).toMatchObject({ matched: 'person', personId: high, others: [low] });
  });

  it('from a number that is nobody’s is raised all the same; the number stands nowhere in clear, two callers never merge', async () => {
    await web.t.db.query(`update alert set state = 'closed'`);
    await evaluateAll();
    await web.t.db.query(`update alert set state = 'closed'`);
    const unknown = await post('/calls/inbound', { from: '13777778888' }, operator);
    expect([unknown.status, unknown.body]).toMatchObject([201, { matched: 'unknown', personId: null, homeId: null }]);
    await post('/calls/inbound', { from: '13777778888' }, operator);
    await post('/calls/inbound', { from: '13777779999' }, operator);
    await post('/calls/inbound', { from: 'anonymous' }, operator);
    await post('/calls/inbound', { from: 'anonymous' }, operator);
    await evaluateAll();
    const alerts = await openAlerts();
    expect(alerts.map((a) => [a.subject_type, a.subject_id.split('#')[0], a.count])).toEqual([['number', '137****8888', 2], ['number', '137****9999', 1], ['number', '未知号码', 1], ['number', '未知号码', 1]]);
    const everything = JSON.stringify(await web.t.db.query('select * from alert')) + JSON.stringify(await web.t.db.query('select detail from audit')) + web.logs.join('');
    expect(everything).not.toContain('13777778888');
    const shown = (await get(`/alerts/${alerts[0]?.id}`, operator)).body;
    expect(shown.subject).toEqual({ type: 'number', id: '137****8888', name: '137****8888' });
    expect((await post('/calls/inbound', { from: '15404250201' }, operator)).body).toMatchObject({ matched: 'responder', regionCode: village });
    expect((await post('/calls/inbound', {}, operator)).status).toBe(422);
    expect((await post('/calls/inbound', { from: '1' }, await web.cookie('viewer'))).status).toBe(403);
  });

  it('is entered by hand for a person, a home, a place; never merged with another nameless one; the village is called for a place', async () => {
    await web.t.db.query(`update alert set state = 'closed'`);
    await evaluateAll();
    await web.t.db.query(`update alert set state = 'closed'`);
    expect((await post('/alerts', { personId: 'p1', note: '邻居来说摔倒了' }, operator)).body).toMatchObject({ matched: 'person', personId: 'p1', name: '陈*水' });
    expect((await post('/alerts', { homeId: 'h2' }, operator)).body).toMatchObject({ matched: 'home', homeId: 'h2' });
    for (let i = 0; i < 2; i++) expect((await post('/alerts', { regionCode: village, note: '路边有老人' }, operator)).status).toBe(201);
    await evaluateAll();
    // Homes are evaluated side by side: which of them comes first is not promised.
    expect((await openAlerts()).map((a) => `${a.subject_type} ${a.subject_type === 'number' ? a.subject_id.split('#')[0] : a.subject_id} ${a.region_code}`).sort()).toEqual([
      `home h2 ${otherVillage}`, `number 值班台 ${village}`, `number 值班台 ${village}`, `person p1 ${village}`]);
    const parties = await web.t.db.query<{ party: string }>(`select distinct o.party from outbox o join alert a on a.id = o.alert_id where a.subject_type = 'number' and a.region_code = $1 and a.state <> 'closed'`, [village]);
    expect(parties).toEqual([{ party: 'responder:r1' }]);
    for (const [body, field] of [[{}, 'personId'], [{ personId: 'nobody' }, 'personId'], [{ homeId: 'nobody' }, 'homeId'], [{ regionCode: '110101000000' }, 'regionCode']] as const)
      expect(fields(await post('/alerts', body, operator))).toEqual([field]);
    // A desk of one town raises for an elder of another, and is not told who she is.
    const elsewhere = await web.cookie('operator', town);
    expect((await post('/alerts', { personId: 'p2' }, elsewhere)).status).toBe(422);
    expect((await post('/calls/inbound', { from: '15404250002' }, elsewhere)).body).toMatchObject({ matched: 'person', personId: null, homeId: null, name: null, regionCode: null });
    const key = { 'idempotency-key': 'call-1' };
    const [one, two] = [await post('/calls/inbound', { from: '13905981001' }, operator, key), await post('/calls/inbound', { from: '13905981001' }, operator, key)];
    expect(one.body.eventId).toBe(two.body.eventId);
  });
});

describe('modes', () => {
  it('are set for people, homes and whole villages, always with an end, listed with the forgotten first [C9]', async () => {
    const now = (await web.t.db.query<{ now: number }>('select anling_now() as now'))[0]!.now;
    const until = Math.round(now + 30 * 86_400_000);
    const homeId = await made('/homes', { regionCode: otherVillage, address: '要转移的家' });
    expect((await post('/modes', { mode: 'evacuated', until, regions: [otherTown] }, operator)).body).toMatchObject({ people: 0, missing: [] });
    expect((await get(`/homes/${homeId}`)).body).toMatchObject({ mode: 'evacuated', modeUntil: until });
    expect((await post('/modes', { mode: 'hospital', until, people: ['p1', 'nobody'] }, operator)).body).toEqual({ homes: 0, people: 1, missing: ['nobody'] });
    const listed = (await get('/modes')).body;
    expect(listed.forgotten).toBe(0);
    expect(listed.modes.find((m: { id: string }) => m.id === 'p1')).toMatchObject({ type: 'person', mode: 'hospital', name: '陈*水', forgotten: false, by: expect.stringMatching(/^user:/) });
    await web.t.advance(8 * 86_400_000);
    await web.t.db.query(`update session set seen_at = anling_now(), expires_at = anling_now() + interval '1 day'`);
    const later = (await get('/modes', await web.cookie('shift-leader'))).body;
    expect([later.forgotten, later.modes[0].forgotten]).toEqual([later.modes.length, true]);
    expect((await post('/modes', { mode: null, people: ['p1'], regions: [otherTown] }, operator)).status).toBe(200);
    expect((await get('/modes')).body.modes).toEqual([]);
    for (const body of [{ mode: 'away', people: ['p1'] }, { mode: 'away', people: ['p1'], until: 1 }, { mode: 'away', people: ['p1'], until: until + 400 * 86_400_000 }]) expect(fields(await post('/modes', body, operator))).toEqual(['until']);
    expect((await post('/modes', { mode: 'away', until }, operator)).status).toBe(422);
  });

  it('never keep an emergency silent [C9 LAW5]', async () => {
    const now = (await web.t.db.query<{ now: number }>('select anling_now() as now'))[0]!.now;
    await web.t.db.query(`update alert set state = 'closed'`);
    await post('/modes', { mode: 'away', until: Math.round(now + 86_400_000), people: ['p1'], homes: ['h1'] }, operator);
    await post('/calls/inbound', { from: '15404250001' }, operator);
    await evaluateAll();
    const [alert] = await web.t.db.query<{ priority: number; plan_state: string; flags: string[] }>(`select priority, plan_state, flags from alert where person_id = 'p1' and state <> 'closed'`);
    expect(alert).toMatchObject({ priority: 1, plan_state: 'running', flags: expect.arrayContaining(['away']) });
  });
});

describe('plans', () => {
  it('are listed with what the linter says, edited at a version, refused only when they cannot run [FF6 FF7 FF9]', async () => {
    await web.t.db.tx(ensurePlans);
    const { plans } = (await get('/plans')).body;
    expect(plans.map((p: { id: string; scopeCode: string }) => [p.id, p.scopeCode])).toEqual([['demo-fire', county], ['demo-p1', county], ['demo-p2', county]]);
    expect(plans[0].warnings.map((w: { code: string }) => w.code)).toContain('nobody:town-duty');
    const { id: _i, ...emergency } = emergencyPlan;
    const body = { ...emergency, scopeCode: town };
    expect((await post('/plans/lint', body)).body.warnings.map((w: { code: string }) => w.code)).toContain('voice-announces-only');
    const own = (await post('/plans', { ...body, id: 'own', name: '均溪镇预案' })).body;
    expect([own.id, own.version]).toEqual(['own', 1]);
    expect((await post('/plans', { ...body, id: 'own' })).status).toBe(409);
    expect(fields(await post('/plans', { ...body, steps: [{ atS: 90, actions: [{ target: 'care-worker', channel: 'sms' }] }] }))).toEqual(['steps.0.atS']);
    expect((await put('/plans/own', { ...body, name: '改名', version: 1 })).body.version).toBe(2);
    expect((await put('/plans/own', { ...body, version: 1 })).status).toBe(409);
    expect((await get('/plans/own')).body).toMatchObject({ name: '改名', version: 2 });
    // A town's administrator edits the town's plan and reads the county's.
    const townAdmin = await web.cookie('admin', town);
    expect((await get('/plans/demo-p1', townAdmin)).status).toBe(200);
    expect((await put('/plans/demo-p1', { ...body, scopeCode: county, version: 1 }, townAdmin)).status).toBe(404);
    expect((await get('/plans/own', await web.cookie('operator', otherTown))).status).toBe(404);
    expect((await post('/plans', body, operator)).status).toBe(403);
    expect((await remove('/plans/own?version=1')).status).toBe(409);
    expect((await remove('/plans/own?version=2')).status).toBe(200);
    expect(await web.t.db.query(`select 1 from audit where action like 'plan.%'`)).toHaveLength(3);
  });
});

describe('quarantine', () => {
  const frame = async (text: string | Buffer, deviceId = 'q1', topic = 'event'): Promise<string> => {
    const raw = Buffer.from(text);
    await insertQuarantined(web.t.db, [{ ingestId: crypto.randomUUID(), deviceId, topic: `care/v1/${deviceId}/${topic}`, rawSealed: web.t.seal.seal('quarantine.raw', raw.toString('base64')), bytes: raw.length, reason: 'unknown kind', trace: 'tq', ageMs: 0 }]);
    return (await web.t.db.query<{ id: string }>('select max(id)::text as id from quarantine'))[0]!.id;
  };

  it('is listed without content, opened only on record, replayed once into the right event [A10 W21]', async () => {
    await post('/devices', { model: 'sos-button', id: 'q1', homeId: 'h1' });
    const id = await frame('{"kind":"sos","data":{"name":"陈金水"}}');
    const listed = await get('/quarantine');
    expect(listed.body.frames[0]).toMatchObject({ id, deviceId: 'q1', reason: 'unknown kind', homeId: 'h1', regionCode: village, replayedAt: null });
    expect(listed.text).not.toContain('陈金水');
    const opened = (await post(`/quarantine/${id}/reveal`, {})).body;
    expect([opened.text, Buffer.from(opened.hex, 'hex').toString()]).toEqual(['{"kind":"sos","data":{"name":"陈金水"}}', opened.text]);
    expect((await post(`/quarantine/${await frame(Buffer.from([0xff, 0xfe, 0x00]))}/reveal`, {})).body).toMatchObject({ hex: 'fffe00', text: null, kept: 3 });
    expect((await post(`/quarantine/${id}/replay`, {})).body).toEqual({ result: 'replayed', reason: null });
    expect((await post(`/quarantine/${id}/replay`, {})).body.result).toBe('replayed-before');
    expect(await web.t.db.query(`select kind, source, home_id, 'replayed' = any(flags) as marked from event where device_id = 'q1'`)).toEqual([{ kind: 'sos', source: 'replay', home_id: 'h1', marked: true }]);
    expect((await get('/quarantine?open=true&deviceId=q1')).body.frames.map((f: { id: string }) => f.id)).not.toContain(id);
    const still = await frame('not json at all');
    expect((await post(`/quarantine/${still}/replay`, {})).body).toMatchObject({ result: 'still-unreadable', reason: expect.any(String) });
    const acts = await web.t.db.query<{ action: string }>(`select action from audit where action like 'quarantine.%' order by id`);
    expect(acts.map((a) => a.action)).toEqual(['quarantine.reveal', 'quarantine.reveal', 'quarantine.replay', 'quarantine.replay', 'quarantine.replay']);
    expect((await post(`/quarantine/${id}/reveal`, {}, operator)).status).toBe(403);
    expect((await post('/quarantine/999999/replay', {})).status).toBe(404);
    const elsewhere = await web.cookie('technician', otherTown);
    expect((await get('/quarantine', elsewhere)).body.frames).toEqual([]);
    expect((await post(`/quarantine/${id}/replay`, {}, elsewhere)).status).toBe(404);
  });
});

describe('users', () => {
  it('are added with a generated password, inside the scope, disabled at once, never down to no administrator [M2 W8]', async () => {
    const added = await post('/users', { username: 'zhang.san', role: 'operator', scopeCode: town, displayName: '张三' });
    expect([added.status, added.body.password.length]).toEqual([201, 19]);
    const login = (password: string): Promise<Answer> => web.fetch('/api/v1/login', { method: 'POST', body: { username: 'zhang.san', password } });
    const session = (await login(added.body.password)).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await get('/me', session)).body).toMatchObject({ role: 'operator', scopeCode: town });
    expect((await post('/users', { username: 'zhang.san', role: 'viewer', scopeCode: town, displayName: 'x' })).status).toBe(409);
    expect(fields(await post('/users', { username: 'weak', role: 'viewer', scopeCode: town, displayName: 'x', password: '1234567890' }))).toEqual(['password']);
    expect(fields(await post('/users', { username: 'king', role: 'king', scopeCode: town, displayName: 'x' }))).toEqual(['role']);
    expect((await patch(`/users/${added.body.id}`, { version: 1, disabled: true })).body.disabledAt).toEqual(expect.any(Number));
    expect((await get('/me', session)).status).toBe(401);
    const again = (await post(`/users/${added.body.id}/password`, { enable: true })).body;
    expect((await login(again.password)).status).toBe(200);
    expect((await login(added.body.password)).status).toBe(401);
    // A town's administrator makes and sees users of the town only.
    const townAdmin = await web.cookie('admin', town);
    expect(fields(await post('/users', { username: 'big', role: 'admin', scopeCode: county, displayName: 'x' }, townAdmin))).toEqual(['scopeCode']);
    const users = (await get('/users', townAdmin)).body.users as { id: string; scopeCode: string; version: number }[];
    expect(users.every((u) => u.scopeCode.startsWith('350425100'))).toBe(true);
    const countyAdmin = ((await get('/users')).body.users as { id: string; username: string; version: number }[]).find((u) => u.username === `admin-${county}`)!;
    expect((await post(`/users/${countyAdmin.id}/password`, {}, townAdmin)).status).toBe(404);
    for (const change of [{ disabled: true }, { role: 'viewer' }, { scopeCode: town }]) expect((await patch(`/users/${countyAdmin.id}`, { version: countyAdmin.version, ...change })).status).toBe(409);
    expect(JSON.stringify(await web.t.db.query('select * from audit'))).not.toContain(added.body.password);
  });
});

describe('the provider’s settings', () => {
  it('are the stand-in’s until set, warned about, guarded against a second writer', async () => {
    const first = (await get('/settings/provider')).body;
    expect([first.provider.sign, first.updatedAt]).toEqual([standinProvider.sign, null]);
    const provider = { ...standinProvider, sign: '大田养老服务中心', templates: { sos: 'SMS_1' } };
    const set = await put('/settings/provider', { provider, updatedAt: null });
    expect(set.body.warnings).toEqual([expect.stringContaining('voice-p1'), expect.stringContaining('签名'), expect.stringContaining('公共模式')]);
    expect((await put('/settings/provider', { provider, updatedAt: null })).status).toBe(409);
    expect(fields(await put('/settings/provider', { provider: { ...provider, mode: 'dedicated' }, updatedAt: set.body.updatedAt }))).toEqual(['provider.shownNumber']);
    expect(fields(await put('/settings/provider', { provider: { ...provider, templates: { nonsense: 'x' } }, updatedAt: null }))).toEqual(['provider.templates.nonsense']);
    expect((await put('/settings/provider', { provider, updatedAt: null }, await web.cookie('admin', town))).status).toBe(403);
  });
});

describe('regions', () => {
  it('make a tree, are added with their parents, and are only places of the scope', async () => {
    expect((await get('/regions', await web.cookie('operator', otherTown))).body.regions.map((r: { code: string }) => r.code)).toEqual([otherTown, otherVillage]);
    const rows = [{ code: '350425111000', name: '梅山镇', language: '前路话' }, { code: '350425111201', name: '新楼村委会', lat: 25.7, lon: 117.9 }];
    expect((await post('/regions', { rows })).body).toEqual({ created: 2, changed: 0 });
    expect((await post('/regions', { rows: [{ ...rows[1], name: '新楼村' }] })).body).toEqual({ created: 0, changed: 1 });
    expect((await get('/regions?parent=350425111000')).body.regions).toMatchObject([{ name: '新楼村', shown: '新楼村', level: 'village', lat: 25.7, demo: false }]);
    const bad = await post('/regions', { rows: [{ code: '350426000000', name: '别县' }, { code: '350425112201', name: '无镇' }] });
    expect([bad.status, fields(bad)]).toEqual([422, ['rows.0.code', 'rows.1.code']]);
    expect((await post('/regions', { rows }, operator)).status).toBe(403);
  });

  it('whose code has ended leave the lists; what stands in them still has its name, and nobody moves there any more [FIELD5]', async () => {
    const merged = { code: '350425112000', name: '早兴乡', validTo: '2004-07-01' };
    expect((await post('/regions', { rows: [merged, { code: '350425112201', name: '早兴村委会', validTo: '2004-07-01', shownUnder: village }] })).status).toBe(201);
    const codes = async (query = ''): Promise<string[]> => (await get(`/regions${query}`)).body.regions.map((r: { code: string }) => r.code);
    expect((await codes()).filter((c) => c.startsWith('350425112'))).toEqual([]);
    expect((await codes('?on=2003-01-01')).filter((c) => c.startsWith('350425112'))).toEqual(['350425112000', '350425112201']);
    expect((await codes('?ended=true')).filter((c) => c.startsWith('350425112'))).toEqual(['350425112000', '350425112201']);
    expect((await get('/regions/350425112201')).body).toMatchObject({ shown: '早兴村', validTo: '2004-07-01', shownUnder: village });
    const home = { regionCode: '350425112201', address: '早兴乡早兴村上厝1号' };
    expect((await post('/homes', home)).body.error.fields).toEqual([{ field: 'regionCode', expected: `a code that still holds: 350425112201 ended on 2004-07-01, see ${village}` }]);
    // What was registered before the merger keeps its place, and may be corrected in everything else.
    await patch('/regions/350425112201', { validTo: null });
    const made = (await post('/homes', home)).body.id as string;
    await patch('/regions/350425112201', { validTo: '2004-07-01' });
    expect((await get(`/homes/${made}`)).body).toMatchObject({ town: '早兴乡', village: '早兴村' });
    expect((await patch(`/homes/${made}`, { version: 1, regionCode: '350425112201', dog: true })).status).toBe(200);
    expect((await post('/people', { homeId: made, name: '陈水', registeredRegionCode: '350425112201' })).status).toBe(201);
    expect((await patch(`/homes/${made}`, { version: 2, regionCode: village })).status).toBe(200);
    for (const [field, value] of [['validTo', '2004-02-30'], ['validFrom', '2005-01-01'], ['shownUnder', town], ['shownUnder', '350425112201'], ['shownUnder', '350425999201']])
      expect(fields(await patch('/regions/350425112201', { [String(field)]: value }))).toEqual([field === 'validFrom' ? 'validTo' : field]);
    expect((await patch('/regions/350425112201', { name: 'x' }, operator)).status).toBe(403);
  });
});

describe('stations', () => {
  it('are entities of their own: added, listed, changed and closed in the caller’s scope', async () => {
    const station = { regionCode: village, name: '仙亭社区居家养老服务站', address: '示范路8号' };
    const made = (await post('/stations', station)).body.id as string;
    expect((await post('/stations/bulk', { rows: [{ id: 'st-2', regionCode: otherVillage, name: '内洋村居家养老服务站' }, { id: 'st-3', regionCode: village, name: '第二站' }] })).body.created).toBe(2);
    expect((await get(`/stations/${made}`)).body).toMatchObject({ ...station, town: expect.any(String), village: expect.any(String), closedOn: null, version: 1, demo: false });
    const ids = async (query = '', cookie?: string): Promise<string[]> => (await get(`/stations${query}`, cookie)).body.stations.map((s: { id: string }) => s.id).sort();
    expect(await ids()).toEqual([made, 'st-2', 'st-3'].sort());
    expect(await ids('', await web.cookie('county-reader', otherTown))).toEqual(['st-2']);
    expect((await get(`/stations/${made}`, await web.cookie('county-reader', otherTown))).status).toBe(404);
    expect(await ids(`?q=${encodeURIComponent('第二')}`)).toEqual(['st-3']);
    expect((await patch('/stations/st-3', { version: 1, closedOn: '2026-01-31' })).body).toEqual({ id: 'st-3', version: 2 });
    expect(await ids()).toEqual([made, 'st-2'].sort());
    expect(await ids('?closed=true')).toEqual([made, 'st-2', 'st-3'].sort());
    expect((await patch('/stations/st-3', { version: 1, name: 'x' })).status).toBe(409);
    expect(fields(await patch('/stations/st-2', { version: 1, closedOn: '2026-02-31', lat: 25 }))).toEqual(['closedOn', 'lon']);
    expect(fields(await post('/stations/bulk', { rows: [{ regionCode: '350426000000', name: '别县' }, { id: 'st-2', regionCode: village, name: 'x' }] }))).toEqual(['rows.0.regionCode', 'rows.1.id']);
    expect((await post('/stations', station, operator)).status).toBe(403);
  });
});

