/** The county's files over HTTP: registering, masks and audited looks, scope, versions, bulk forms, wrong input, device secrets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { county, otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';
import { connectDevice, startTestEdge, topic, until } from '#test/harness/edge.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web.stop());

type Answer = Awaited<ReturnType<Web['fetch']>>;
const post = (path: string, body: unknown, cookie = admin, headers: Record<string, string> = {}): Promise<Answer> => web.fetch(`/api/v1${path}`, { method: 'POST', cookie, body, headers });
const patch = (path: string, body: unknown, cookie = admin): Promise<Answer> => web.fetch(`/api/v1${path}`, { method: 'PATCH', cookie, body });
const get = (path: string, cookie = admin): Promise<Answer> => web.fetch(`/api/v1${path}`, { cookie });
const made = async (path: string, body: unknown): Promise<string> => { const a = await post(path, body); expect([path, a.status, a.body], a.text).toMatchObject([path, 201, { id: expect.any(String) }]); return a.body.id; };
const fields = (a: Answer): string[] => a.body.error.fields.map((f: { field: string }) => f.field);
const home = { regionCode: village, address: '均溪镇仙亭社区示范路8号3幢202室' };

describe('a file', () => {
  it('is opened with a home, a person, a contact, a responder; shown masked; opened in plain only on record [W10 W21 2.4]', async () => {
    const homeId = await made('/homes', { ...home, place: '仙亭示范路8号', landmark: '门前柿子树', keyWith: '钥匙在隔壁阿妹家', walkMinutes: 3 });
    const personId = await made('/people', { homeId, name: '欧阳金水', phone: '139 0598 1234', birthDate: '1941-02-03', identityNo: '11010519491231002x', living: 'alone', ability: 'moderate', healthNote: '心脏病', note: '耳背' });
    const contactId = await made('/contacts', { personId, relation: 'family', name: '欧阳建国', phone: '13705980001', keyHolder: true });
    const responderId = await made('/responders', { role: 'care-worker', regionCode: village, name: '王玉兰', phone: '+86 13805980002', languages: ['前路话'], walkMinutes: 7, keyHolder: true, quietFrom: '22:00', quietTo: '06:30' });
    const seen = (await get(`/people/${personId}`)).body;
    expect(seen).toMatchObject({ name: '欧阳**', phone: '139****1234', birthYear: 1941, highRisk: true, town: '均溪镇', village: '仙亭村', regionCode: village, version: 1, demo: false });
    expect((await get(`/homes/${homeId}`)).body).toMatchObject({ place: '仙亭示范路8号', people: 1, devices: 0 });
    expect((await get('/contacts?q=13705980001')).body.contacts.map((c: { id: string }) => c.id)).toEqual([contactId]);
    expect((await get('/contacts?q=13705980001', await web.cookie('operator', otherTown))).body).toEqual({ contacts: [], next: null });
    expect((await get(`/people/${personId}/contacts`)).body.contacts).toMatchObject([{ id: contactId, name: '欧阳**', phone: '137****0001', ord: 1, keyHolder: true }]);
    expect((await get(`/responders/${responderId}`)).body).toMatchObject({ name: '王*兰', phone: '138****0002', keypress: true, landline: false, walkMinutes: 7, keyHolder: true, quietFrom: '22:00', quietTo: '06:30' });
    expect(fields(await web.fetch(`/api/v1/responders/${responderId}`, { method: 'PATCH', cookie: await web.cookie('admin'), body: { version: 1, quietTo: null } }))).toEqual(['quietTo']);
    // Whoever does not act at the desk sees less still.
    const reader = await web.cookie('county-reader');
    expect((await get(`/people/${personId}`, reader)).body.name).toBe('欧阳**');
    expect((await get(`/responders/${responderId}`, reader)).body.name).toBe('王**');
    expect((await get(`/homes/${homeId}`, reader)).body.place).toBeNull();
    // A fire station is a room, not a person.
    const station = await made('/responders', { role: 'fire-station', regionCode: town, name: '均溪镇微型消防站', phone: '13805980003' });
    expect((await get(`/responders/${station}`, reader)).body).toMatchObject({ name: '均溪镇微型消防站', phone: '138****0003' });
    const plain = await post(`/people/${personId}/reveal`, {}, await web.cookie('operator'));
    expect(plain.body).toMatchObject({
      name: '欧阳金水', phone: '13905981234', identityNo: '11010519491231002X', healthNote: '心脏病', home: { address: home.address, keyWith: '钥匙在隔壁阿妹家' }, contacts: [{ name: '欧阳建国', phone: '13705980001' }],
    });
    expect((await post(`/homes/${homeId}/reveal`, {})).body.landmark).toBe('门前柿子树');
    expect((await post(`/responders/${responderId}/reveal`, {})).body).toEqual({ name: '王玉兰', phone: '13805980002' });
    expect((await post(`/people/${personId}/reveal`, {}, reader)).status).toBe(403);
    const looks = await web.t.db.query<{ action: string; target: string }>(`select action, target from audit where action like '%.reveal' order by id`);
    expect(looks.map((r) => `${r.action} ${r.target}`)).toEqual([`person.reveal person:${personId}`, `home.reveal home:${homeId}`, `responder.reveal responder:${responderId}`]);
  });

  it('is found by id, number, exact name and telephone, also a contact’s, in pages without gaps', async () => {
    const homeId = await made('/homes', home);
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push(await made('/people', { homeId, name: '同名人', number: `N-${i}` }));
    await made('/contacts', { personId: ids[2], relation: 'neighbour', name: '邻居', phone: '0598-7222333' });
    const found = async (q: string): Promise<string[]> => (await get(`/people?q=${encodeURIComponent(q)}`)).body.people.map((p: { id: string }) => p.id);
    expect((await found('同名人')).toSorted()).toEqual(ids.toSorted());
    expect(await found('N-3')).toEqual([ids[3]]);
    expect(await found(ids[1] ?? '')).toEqual([ids[1]]);
    expect(await found('05987222333')).toEqual([ids[2]]);
    expect(await found('同名')).toEqual([]);
    expect((await get(`/homes?q=${encodeURIComponent('同名人')}`)).body.homes.map((h: { id: string }) => h.id)).toEqual([homeId]);
    const pages: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await get(`/people?homeId=${homeId}&limit=2${cursor}`);
      pages.push(...body.people.map((p: { id: string }) => p.id));
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(pages).toEqual(ids.toSorted());
  });

  it('changes only at the version that was seen, sealed beside its index, on record by field [W21]', async () => {
    const homeId = await made('/homes', home);
    const personId = await made('/people', { homeId, name: '林氏', phone: '13905980011' });
    const device = (await post('/devices', { model: 'watch', personId })).body;
    const next = await made('/homes', { ...home, regionCode: otherVillage });
    expect((await patch(`/people/${personId}`, { version: 1, phone: '13905980022', homeId: next, note: null })).body).toEqual({ id: personId, version: 2 });
    const stale = await patch(`/people/${personId}`, { version: 1, note: 'x' });
    expect([stale.status, stale.body.error.version]).toEqual([409, 2]);
    expect((await get('/people?q=13905980011')).body.people).toEqual([]);
    expect((await get('/people?q=13905980022')).body.people).toMatchObject([{ id: personId, regionCode: otherVillage }]);
    // What she wears went with her.
    expect((await get(`/devices/${device.id}`)).body).toMatchObject({ homeId: next, regionCode: otherVillage });
    expect((await patch(`/homes/${homeId}`, { version: 1, place: '上厝9号' })).body.version).toBe(2);
    const [row] = await web.t.db.query<{ detail: unknown }>(`select detail from audit where action = 'person.change' order by id desc limit 1`);
    expect(row?.detail).toEqual({ fields: ['phone', 'homeId', 'note'] });
  });

  it('keeps markup, formulas and template signs as the text they are [M19 W19]', async () => {
    const nasty = ['=HYPERLINK("http://x","y")', '<img src=x onerror=alert(1)>', "'; drop table person; --", '${time}{{7*7}}', '@SUM(A1)\t+1', '名字\u202Ereversed', '\u{20BB7}野家'];
    const homeId = await made('/homes', { ...home, address: nasty[1] });
    for (const name of nasty) {
      const id = await made('/people', { homeId, name, note: name });
      const plain = (await post(`/people/${id}/reveal`, {})).body;
      expect([plain.name, plain.note, plain.home.address]).toEqual([name, name, nasty[1]]);
      expect((await get(`/people?q=${encodeURIComponent(name)}`)).body.people.map((p: { id: string }) => p.id)).toEqual([id]);
    }
    const answer = await get(`/people?homeId=${homeId}`);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('numbers', () => {
  it('of the demonstration are refused on real rows and real ones on demonstration rows, with a word why [FF18 FF23]', async () => {
    const real = await made('/homes', home);
    const demo = await made('/homes', { ...home, demo: true });
    for (const phone of ['15404250001', '+86 154 0425 0001', '0598-0350425']) {
      for (const [path, body] of [['/people', { homeId: real, name: '真人', phone }], ['/responders', { role: 'seat', regionCode: county, name: '真人', phone }]] as const) {
        const answer = await post(path, body);
        expect([path, phone, answer.status, answer.body.error.fields]).toEqual([path, phone, 422, [{ field: 'phone', expected: expect.stringContaining('belong to the demonstration') }]]);
      }
      expect((await post('/people', { homeId: demo, name: '演示', phone })).status).toBe(201);
    }
    expect((await post('/people', { homeId: demo, name: '演示', phone: '13905980001' })).body.error.fields).toEqual([{ field: 'phone', expected: expect.stringContaining('never hold a number that could ring') }]);
    expect(fields(await post('/people', { homeId: demo, demo: false, name: '真人' }))).toEqual(['demo']);
    expect(fields(await post('/people', { homeId: real, name: '真人', identityNo: '350425194203150007' }))).toEqual(['identityNo']);
    const elder = await made('/people', { homeId: real, name: '真人', phone: '13905980033' });
    expect(fields(await patch(`/people/${elder}`, { version: 1, phone: '15404250001' }))).toEqual(['phone']);
    expect(fields(await patch(`/people/${elder}`, { version: 1, homeId: demo }))).toEqual(['homeId']);
    expect(fields(await post('/contacts', { personId: elder, relation: 'family', name: 'x', phone: '15404250001' }))).toEqual(['phone']);
  });
});

describe('scope', () => {
  it('a village never reads or changes another: lists, ids, searches, looks, bindings, bulk, counts, regions [F2 W8]', async () => {
    const mine = await made('/homes', home);
    const theirs = await made('/homes', { ...home, regionCode: otherVillage });
    const me = await made('/people', { homeId: mine, name: '本村人', phone: '13905980101' });
    const they = await made('/people', { homeId: theirs, name: '外村人', phone: '13905980102' });
    const contact = await made('/contacts', { personId: they, relation: 'family', name: '外家属', phone: '13905980103' });
    const responder = await made('/responders', { role: 'doctor', regionCode: otherVillage, name: '外村医', phone: '13905980104' });
    const device = (await post('/devices', { model: 'smoke', homeId: theirs })).body.id;
    const loose = (await post('/devices', { model: 'smoke' })).body.id;
    for (const [role, scope] of [['shift-leader', village], ['installer', village], ['admin', town]] as const) {
      const cookie = await web.cookie(role, scope);
      const gone = (await get('/people/nobody-1', cookie)).body;
      for (const path of [`/homes/${theirs}`, `/people/${they}`, `/people/${they}/contacts`, `/contacts/${contact}`, `/responders/${responder}`, `/devices/${device}`, `/devices/${loose}`, `/regions/${otherVillage}`]) {
        const answer = await get(path, cookie);
        expect([role, path, answer.status, answer.body]).toEqual([role, path, 404, gone]);
      }
      for (const path of [`/homes/${theirs}/reveal`, `/people/${they}/reveal`, `/responders/${responder}/reveal`, `/devices/${device}/secret`, `/devices/${device}/revoke`])
        expect([role, path, (await post(path, {}, cookie)).status]).toEqual([role, path, 404]);
      for (const path of [`/homes/${theirs}`, `/people/${they}`, `/contacts/${contact}`, `/devices/${device}`]) expect([role, path, (await patch(path, { version: 1 }, cookie)).status]).toEqual([role, path, 404]);
      for (const list of ['/homes', '/people', '/responders', '/devices', `/people?region=${otherTown}`, '/people?q=13905980102', '/people?q=13905980103', `/people?q=${encodeURIComponent('外村人')}`, `/homes?q=${they}`, `/devices?homeId=${theirs}`, '/modes', '/presence', '/regions']) {
        const answer = await get(list, cookie);
        expect([role, list, answer.status === 200 || answer.status === 403]).toEqual([role, list, true]);
        for (const hidden of [theirs, they, contact, responder, device, loose, otherVillage, '外村']) expect([role, list, answer.text.includes(hidden)]).toEqual([role, list, false]);
      }
      // A name outside the scope is to the letter the name of nothing.
      expect((await post('/people', { homeId: theirs, name: 'x' }, cookie)).body).toEqual((await post('/people', { homeId: 'nobody-1', name: 'x' }, cookie)).body);
      expect(fields(await post('/homes', { ...home, regionCode: otherVillage }, cookie))).toEqual(['regionCode']);
      expect(fields(await post('/devices', { model: 'smoke', personId: they }, cookie))).toEqual(['personId']);
    }
    const cookie = await web.cookie('shift-leader', village);
    expect((await get('/people?q=13905980101', cookie)).body.people.map((p: { id: string }) => p.id)).toEqual([me]);
    expect((await post('/modes', { mode: 'away', until: Date.now() + 3_600_000, homes: [theirs], people: [they], regions: [otherTown] }, cookie)).body).toMatchObject({ homes: 0, people: 0, missing: expect.arrayContaining([theirs, they]) });
    expect((await get(`/homes/${theirs}`)).body.mode).toBeNull();
  });
});

describe('bulk forms', () => {
  it('write a thousand rows at once', async () => {
    const begun = performance.now();
    const homes = await post('/homes/bulk', { rows: Array.from({ length: 1000 }, (_, i) => ({ ...home, id: `bulk-h${i}`, cell: '38840001' })) });
    const people = await post('/people/bulk', { rows: Array.from({ length: 1000 }, (_, i) => ({ id: `bulk-p${i}`, homeId: `bulk-h${i}`, name: `老人${i}`, phone: `139${String(5_000_0000 + i)}`, number: `B-${i}` })) });
    const contacts = await post('/contacts/bulk', { rows: Array.from({ length: 1000 }, (_, i) => ({ personId: `bulk-p${i}`, relation: 'neighbour', name: '邻居', phone: `138${String(5_000_0000 + i)}` })) });
    const responders = await post('/responders/bulk', { rows: Array.from({ length: 1000 }, (_, i) => ({ role: 'grid-worker', regionCode: village, name: '网格员', phone: `137${String(5_000_0000 + i)}` })) });
    const devices = await post('/devices/bulk', { rows: Array.from({ length: 1000 }, (_, i) => ({ id: `bulk-d${i}`, model: 'fall-radar', personId: `bulk-p${i}` })) });
    const ms = performance.now() - begun;
    for (const answer of [homes, people, contacts, responders, devices]) expect([answer.status, answer.body.created]).toEqual([201, 1000]);
    expect(devices.body.rows[999]).toEqual({ line: 1000, id: 'bulk-d999', secret: expect.stringMatching(/^[\w-]{43}$/) });
    expect((await get('/devices/bulk-d7')).body).toMatchObject({ homeId: 'bulk-h7', regionCode: village, state: 'never' });
    console.log(`5,000 rows in five bulk requests: ${Math.round(ms)} ms`);
    expect(ms).toBeLessThan(15_000);
  });

  it('write nothing when one line is wrong, and name every wrong line', async () => {
    const before = await web.t.db.query('select count(*)::int as homes from home');
    const rows = Array.from({ length: 20 }, (_, i) => ({ ...home, id: `half-${i}` }));
    const wrong = await post('/homes/bulk', { rows: [...rows, { ...home, regionCode: '110101000000' }, { ...home, id: 'half-3' }, { ...home, place: '这个短信用地点太长太长太长太长' }, { ...home, id: 'bulk-h1' }] });
    expect([wrong.status, fields(wrong), wrong.body.error.lines, wrong.body.error.written]).toEqual([422, ['rows.20.regionCode', 'rows.21.id', 'rows.23.id', 'rows.22.place'], [21, 22, 23, 24], 0]);
    const shapes = await post('/devices/bulk', { rows: [{ model: 'smoke' }, { model: 7 }, { modell: 'smoke' }, { model: 'smoke', homeId: 'nowhere' }] });
    expect([shapes.status, fields(shapes)]).toEqual([422, expect.arrayContaining(['rows.1.model', 'rows.2.model', 'rows.2.modell'])]);
    expect((await post('/devices/bulk', { rows: Array.from({ length: 1001 }, () => ({ model: 'smoke' })) })).status).toBe(422);
    expect((await post('/devices/bulk', { rows: [] })).status).toBe(422);
    expect((await post('/people/bulk', { rows: [{ name: 'x'.repeat(5 * 1024 * 1024) }] })).status).toBe(413);
    const taken = await post('/people/bulk', { rows: [{ homeId: 'bulk-h1', name: 'y', number: 'B-1' }] });
    expect([taken.status, fields(taken)]).toEqual([409, ['rows.0.number']]);
    expect(await web.t.db.query('select count(*)::int as homes from home')).toEqual(before);
  });
});

describe('wrong input', () => {
  it('is 422 with the field, never 500, and a repeated key gives the first answer', async () => {
    const bad: [string, unknown, string][] = [
      ['/homes', {}, 'regionCode'], ['/homes', { ...home, lat: 25 }, 'lon'], ['/homes', { ...home, lat: 91, lon: 1 }, 'lat'], ['/homes', { ...home, crs: 'mars' }, 'crs'], ['/homes', { ...home, address: 'a\0b' }, 'address'],
      ['/people', { name: 'x' }, 'homeId'], ['/people', { name: 'x', registeredRegionCode: village, birthDate: '1941-02-30' }, 'birthDate'], ['/people', { name: 'x', registeredRegionCode: village, phone: '110' }, 'phone'],
      ['/people', { name: '', registeredRegionCode: village }, 'name'], ['/people', { name: 'x', registeredRegionCode: village, routineBy: '25:00' }, 'routineBy'], ['/people', { name: 'x', registeredRegionCode: village, category: ['rich'] }, 'category.0'],
      ['/people', { name: 'x', registeredRegionCode: village, identityNo: '110105194912310021' }, 'identityNo'], ['/contacts', { personId: 'nobody', relation: 'family', name: 'x', phone: '13905980001' }, 'personId'],
      ['/devices', {}, 'model'], ['/devices', { model: 'toaster' }, 'model'], ['/devices', { model: 'smoke', id: 'a b' }, 'id'], ['/responders', { role: 'king', regionCode: village, name: 'x', phone: '13905980001' }, 'role'],
    ];
    for (const [path, body, field] of bad) {
      const answer = await post(path, body);
      expect([path, answer.status, JSON.stringify(body).length < 2000 && fields(answer).includes(field)], `${path} ${JSON.stringify(body)} ${answer.text}`).toEqual([path, 422, true]);
    }
    const key = { 'idempotency-key': 'home-once' };
    const [first, second] = [await post('/homes', home, admin, key), await post('/homes', home, admin, key)];
    expect([first.status, second.status, second.body.id, second.headers.get('idempotency-replayed')]).toEqual([201, 201, first.body.id, 'true']);
    expect((await get('/people?cursor=%27%20or%201')).status).toBe(422);
  });
});

describe('devices', () => {
  it('need only a model; the secret has 256 bits, is shown once and stored only as a keyed hash [M2 M4]', async () => {
    const { status, body } = await post('/devices', { model: 'sos-button' });
    expect([status, Object.keys(body).toSorted(), Buffer.from(body.secret, 'base64url').length]).toEqual([201, ['id', 'secret'], 32]);
    const [row] = await web.t.db.query<{ secret_hash: Buffer }>('select secret_hash from device where id = $1', [body.id]);
    expect(row?.secret_hash.equals(web.t.seal.secretHash(body.secret))).toBe(true);
    for (const text of [(await get(`/devices/${body.id}`)).text, (await get('/devices')).text, JSON.stringify(await web.t.db.query('select * from audit')), web.logs.join('\n')]) expect(text).not.toContain(body.secret);
    const seen = (await get(`/devices/${body.id}`)).body;
    expect(seen).toMatchObject({ state: 'never', neverReported: false, lastSeenAt: null, status: 'installed', homeId: null, demo: false });
    const again = await post('/devices', { model: 'smoke', id: body.id });
    expect([again.status, fields(again)]).toEqual([409, ['id']]);
    // The check of a secret is one HMAC: a reconnect storm of ten thousand costs a second, not half an hour.
    const begun = process.cpuUsage();
    for (let i = 0; i < 10_000; i++) web.t.seal.secretMatches(body.secret, row!.secret_hash);
    const used = process.cpuUsage(begun);
    const perSecond = Math.round(10_000 / ((used.user + used.system) / 1e6));
    console.log(`secret checks per second and core: ${perSecond}`);
    expect(perSecond).toBeGreaterThan(10_000);
  });

  it('get new secrets by the thousand, all or none: old ones end, supervision begins anew, on record without a secret [M2]', async () => {
    const homeId = await made('/homes', { ...home, demo: true });
    const ids = (await post('/devices/bulk', { rows: [{ model: 'sos-button', homeId }, { model: 'fall-radar', homeId, status: 'stock' }, { model: 'smoke', homeId }] })).body.rows.map((r: { id: string }) => r.id) as string[];
    const [button, stock, gone] = ids as [string, string, string];
    await web.t.db.query(`update presence set state = 'offline', last_seen_at = anling_now(), silent_at = anling_now(), check_at = 'infinity' where device_id = $1`, [button]);
    const before = await web.t.db.query('select id, secret_hash from device where id = any($1) order by id', [ids]);
    await post(`/devices/${gone}/revoke`, {});
    const wrong = await post('/devices/bulk/secrets', { ids: [button, 'nobody-1', stock, button, gone] });
    expect([wrong.status, fields(wrong), wrong.body.error.lines, wrong.body.error.written]).toEqual([422, ['ids.1', 'ids.3', 'ids.4'], [2, 4, 5], 0]);
    expect(await web.t.db.query('select id, secret_hash from device where id = any($1) order by id', [ids])).toEqual(before);
    expect((await post('/devices/bulk/secrets', { ids: [button] }, await web.cookie('admin', otherTown))).status).toBe(422);
    expect((await post('/devices/bulk/secrets', { ids: Array.from({ length: 1001 }, (_, i) => `x${i}`) })).status).toBe(422);
    const { status, body } = await post('/devices/bulk/secrets', { ids: [stock, button] });
    expect([status, body.rows.map((r: { line: number; id: string }) => [r.line, r.id])]).toEqual([200, [[1, stock], [2, button]]]);
    for (const { id, secret } of body.rows) {
      const [row] = await web.t.db.query<{ secret_hash: Buffer }>('select secret_hash from device where id = $1', [id]);
      expect(row?.secret_hash.equals(web.t.seal.secretHash(secret))).toBe(true);
      expect((await get(`/devices/${id}`)).body).toMatchObject({ status: 'installed', state: 'never', neverReported: false, lastSeenAt: null, demo: true });
      expect(JSON.stringify(await web.t.db.query('select * from audit'))).not.toContain(secret);
    }
    const [due] = await web.t.db.query<{ due: boolean }>(`select bool_and(check_at between anling_now() and anling_now() + interval '26 hours') as due from presence where device_id = any($1)`, [[button, stock]]);
    expect(due?.due).toBe(true);
    const [audit] = await web.t.db.query(`select detail from audit where action = 'device.secret' order by id desc limit 1`);
    expect(audit?.['detail']).toEqual({ ids: [stock, button], count: 2 });
    const listed = async (query: string): Promise<string[]> => (await get(`/devices?homeId=${homeId}&${query}`)).body.devices.map((d: { id: string }) => d.id);
    expect([(await listed('demo=true')).toSorted(), await listed('demo=false')]).toEqual([ids.toSorted(), []]);
    // At rest again: the secrets end, nothing is owed. A real device is never put to rest like that.
    const real = (await post('/devices', { model: 'smoke', homeId: 'h1' })).body.id;
    expect(fields(await post('/devices/bulk/rest', { ids: [button, real] }))).toEqual(['ids.1']);
    expect((await post('/devices/bulk/rest', { ids: [button, stock] })).body).toEqual({ rested: 2 });
    const rested = await web.t.db.query<{ secret_hash: Buffer; check_at: string }>(`select d.secret_hash, p.check_at::text from device d join presence p on p.device_id = d.id where d.id = any($1)`, [[button, stock]]);
    for (const { id, secret } of body.rows) expect(rested.some((r) => r.secret_hash.equals(web.t.seal.secretHash(secret))), id).toBe(false);
    expect(rested.map((r) => r.check_at)).toEqual(['infinity', 'infinity']);
  });

  it('that never report are listed as that, never as online, after their class’s grace [B6]', async () => {
    const homeId = await made('/homes', home);
    const { id } = (await post('/devices', { model: 'fall-radar', homeId })).body;
    const listed = async (presence: string): Promise<boolean> => (await get(`/devices?homeId=${homeId}&presence=${presence}`)).body.devices.some((d: { id: string }) => d.id === id);
    expect([await listed('never'), await listed('never-reported'), await listed('online')]).toEqual([true, false, false]);
    await web.t.advance(181_000);
    expect([await listed('never'), await listed('never-reported'), await listed('online')]).toEqual([true, true, false]);
    const [row] = (await get(`/presence?region=${village}`)).body.regions;
    expect(row.neverReported).toBeGreaterThan(0);
    expect((await get('/presence?level=county')).body.regions).toMatchObject([{ code: county, online: 0 }]);
    // A device in stock is nobody's loss; installed again it begins anew.
    expect((await patch(`/devices/${id}`, { version: 1, status: 'stock' })).status).toBe(200);
    expect(await listed('never-reported')).toBe(false);
    expect((await patch(`/devices/${id}`, { version: 2, status: 'installed' })).status).toBe(200);
    expect(await listed('never-reported')).toBe(false);
  });

  it('work from the API to the door: log in, SOS, new secret, revoke cuts the session, test mode has an end [M1]', async () => {
    const edge = await startTestEdge(web.t);
    try {
      const device = (await post('/devices', { model: 'sos-button', homeId: 'h1' })).body as { id: string; secret: string };
      const client = await connectDevice(edge, device);
      await client.publishAsync(topic(device, 'event'), '{"kind":"sos"}', { qos: 1 });
      expect(await web.t.db.query(`select kind, home_id from event where device_id = $1`, [device.id])).toEqual([{ kind: 'sos', home_id: 'h1' }]);
      const closed = new Promise<void>((resolve) => client.on('close', () => resolve()));
      const { secret } = (await post(`/devices/${device.id}/secret`, {})).body;
      expect(secret).not.toBe(device.secret);
      await closed;
      await expect(connectDevice(edge, device)).rejects.toThrow();
      const second = await connectDevice(edge, { id: device.id, secret });
      const cut = new Promise<void>((resolve) => second.on('close', () => resolve()));
      expect((await post(`/devices/${device.id}/revoke`, {})).status).toBe(200);
      await cut;
      await expect(connectDevice(edge, { id: device.id, secret })).rejects.toThrow();
      expect((await post(`/devices/${device.id}/secret`, {})).status).toBe(409);
      await until('the refused one is listed', async () => (await get('/unregistered')).body.devices.some((d: { id: string }) => d.id === device.id));
      expect((await get('/unregistered', await web.cookie('installer', village))).body.devices.every((d: { regionCode: string | null }) => d.regionCode === null || d.regionCode === village)).toBe(true);
    } finally {
      await edge.stop();
    }
    const { id } = (await post('/devices', { model: 'smoke' })).body;
    expect((await post(`/devices/${id}/test`, { minutes: 121 })).status).toBe(422);
    const booked = (await post(`/devices/${id}/test`, { minutes: 30 })).body;
    expect((await get(`/devices/${id}`)).body.testUntil).toBe(booked.testUntil);
    await web.t.advance(31 * 60_000);
    expect((await get(`/devices/${id}`)).body.testUntil).toBeNull();
    expect((await post(`/devices/${id}/test`, { minutes: 0 })).body.testUntil).toBeNull();
  });
});
