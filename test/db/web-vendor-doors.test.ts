/** Doors of vendors' clouds over the API: secrets go in and never come out, errors name the field, devices are bound by what the vendor calls them, and a mapping is tried on a frame of quarantine. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertQuarantined } from '#store/quarantine.ts';
import { openDoor } from '#store/vendor-doors.ts';
import { claimPull, finishPull } from '#store/vendor-pulls.ts';
import { doorWords } from '#vendors/door-words.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb({ more: () => ({ vendors: doorWords }) }); admin = await web.cookie('admin'); });
afterAll(() => web?.stop());

const open = (body: object, cookie = admin): ReturnType<Web['fetch']> => web.fetch('/api/v1/vendor-doors', { method: 'POST', cookie, body });

describe('a door', () => {
  it('is opened with a key that is shown once, in the address, and is nowhere in the list [A9]', async () => {
    const made = await open({ name: 'ctwing', kind: 'ctwing', title: '电信' });
    expect(made.status).toBe(201);
    const key = new URL(made.body.url).searchParams.get('key');
    expect(key).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
    expect((await openDoor(web.t.db, web.t.seal, 'ctwing'))?.secrets).toEqual({ key });
    const list = await web.fetch('/api/v1/vendor-doors', { cookie: admin });
    expect(list.body.doors).toMatchObject([{ name: 'ctwing', kind: 'ctwing', secretsSet: ['key'], devices: 0, enabled: true, path: '/vendors/ctwing' }]);
    expect(list.text).not.toContain(key);
    expect(list.body.kinds.find((k: { kind: string }) => k.kind === 'onenet').secrets.map((s: { name: string }) => s.name)).toEqual(['token', 'aesKey']);
    const [row] = await web.t.db.query(`select detail from audit where action = 'vendor-door.open'`);
    expect(JSON.stringify(row)).not.toContain(key);
  });

  it.each([
    [{ name: 'on', kind: 'onenet' }, 'secrets.token'], [{ name: 'on', kind: 'onenet', secrets: { token: 'abc', wrong: 'x' } }, 'secrets.wrong'], [{ name: 'on', kind: 'onenet', secrets: { token: 'abc', aesKey: 'short' } }, 'secrets.aesKey'],
    [{ name: 'Not Good', kind: 'ctwing' }, 'name'], [{ name: 'm', kind: 'mapping' }, 'settings.mapping'], [{ name: 'w', kind: 'watch' }, 'settings.port'], [{ name: 'c', kind: 'ctwing', settings: { addresses: ['1.2.3.0/33'] } }, 'settings.addresses.0'],
  ])('%j: 422 that names %s', async (body, field) => {
    const answer = await open(body);
    expect(answer.status).toBe(422);
    expect(answer.body.error.fields.map((f: { field: string }) => f.field)).toContain(field);
  });

  it('changes its secrets one by one, for whoever saw its version; a second of its name is a conflict', async () => {
    expect((await open({ name: 'on', kind: 'onenet', secrets: { token: 'first' } })).status).toBe(201);
    expect((await open({ name: 'on', kind: 'onenet', secrets: { token: 'first' } })).status).toBe(409);
    const patch = (body: object): ReturnType<Web['fetch']> => web.fetch('/api/v1/vendor-doors/on', { method: 'PATCH', cookie: admin, body });
    expect((await patch({ version: 1, secrets: { aesKey: 'A'.repeat(43) }, settings: { alarms: { '*': 'sos' } } })).body).toEqual({ name: 'on', version: 2 });
    expect((await patch({ version: 1, enabled: false })).status).toBe(409);
    expect(await openDoor(web.t.db, web.t.seal, 'on')).toMatchObject({ secrets: { token: 'first', aesKey: 'A'.repeat(43) }, settings: { alarms: { '*': 'sos' }, addresses: [] } });
  });

  it('reads its vendor’s history when it has what that needs; how it stands and what was missing are shown [2.15]', async () => {
    expect((await open({ name: 'pull', kind: 'ctwing' })).status).toBe(201);
    const patch = (body: object, name = 'pull'): ReturnType<Web['fetch']> => web.fetch(`/api/v1/vendor-doors/${name}`, { method: 'PATCH', cookie: admin, body: { version: 1, ...body } });
    expect((await patch({ settings: { history: {} } })).body.error.fields).toEqual(['appKey', 'appSecret', 'masterKeys'].map((name) => ({ field: `secrets.${name}`, expected: 'what reading the history needs' })));
    expect((await patch({ settings: { history: { url: 'http://elsewhere.example' } }, secrets: { appKey: 'app1', appSecret: 'secret9', masterKeys: '1=0123456789abcdef' } })).body.error.fields).toEqual([{ field: 'settings.history.url', expected: 'https:// (http only on this machine)' }]);
    expect((await patch({ secrets: { masterKeys: 'nonsense' } })).body.error.fields[0]).toMatchObject({ field: 'secrets.masterKeys' });
    expect((await open({ name: 'mm', kind: 'milesight', settings: { history: {} } })).body.error.fields).toEqual([{ field: 'settings.history', expected: 'null: the history of this kind cannot be read' }]);
    expect((await patch({ settings: { history: {} }, secrets: { appKey: 'app1', appSecret: 'secret9', masterKeys: '1=0123456789abcdef,2=0123456789abcdef' } })).status).toBe(200);
    const shown = async () => (await web.fetch('/api/v1/vendor-doors', { cookie: admin })).body.doors.find((d: { name: string }) => d.name === 'pull');
    expect(await shown()).toMatchObject({ pull: null, settings: { history: {} }, secretsSet: ['appKey', 'appSecret', 'key', 'masterKeys'] });
    const claim = await web.t.db.tx((sql) => claimPull(sql, ['pull'], 'edge-1'));
    await web.t.db.tx((sql) => finishPull(sql, web.t.seal, claim ?? { door: '', token: '' }, { cursorAt: 1_700_000_000_000, behind: { p1: 5 }, ok: true, why: null, skewMs: -2_500.4, nextMs: 1_000, records: 9, missing: 3, filled: 3, alarms: 1, oldestMs: 240_000 }));
    expect((await shown()).pull).toMatchObject({ cursorAt: 1_700_000_000_000, failingSince: null, why: null, skewMs: -2_500, behind: 1, records: 9, missing: 3, filled: 3, alarms: 1 });
    expect((await web.fetch('/api/v1/vendor-doors/pull/gaps', { cookie: admin })).body.days).toMatchObject([{ door: 'pull', rounds: 1, records: 9, missing: 3, filled: 3, alarms: 1, oldestMs: 240_000 }]);
    expect((await web.fetch('/api/v1/vendor-doors/nobody/gaps', { cookie: admin })).status).toBe(404);
    expect((await web.fetch('/api/v1/vendor-doors/pull', { method: 'DELETE', cookie: admin })).status).toBe(200);
  });

  it('is the whole county’s matter', async () => {
    expect((await open({ name: 'town', kind: 'ctwing' }, await web.cookie('admin', '350425100000'))).status).toBe(403);
    expect((await open({ name: 'town', kind: 'ctwing' }, await web.cookie('technician'))).status).toBe(403);
  });
});

describe('a device of a vendor', () => {
  const register = (body: object): ReturnType<Web['fetch']> => web.fetch('/api/v1/devices', { method: 'POST', cookie: admin, body: { model: 'sos-button', ...body } });

  it('is bound by what the vendor calls it, one name to one device, and named when it is not right', async () => {
    const made = await register({ id: 'v1', door: 'ctwing', doorKey: '860000000000001' });
    expect(made.status).toBe(201);
    expect((await web.fetch('/api/v1/devices/v1', { cookie: admin })).body).toMatchObject({ door: 'ctwing', doorKey: '860000000000001' });
    expect((await register({ id: 'v2', door: 'ctwing', doorKey: '860000000000001' })).body.error).toMatchObject({ code: 'E_CONFLICT', fields: [{ field: 'doorKey', expected: 'another name: it is bound to v1' }] });
    expect((await register({ door: 'nobody', doorKey: 'x' })).body.error.fields).toEqual([{ field: 'door', expected: 'one of ctwing, on' }]);
    expect((await register({ door: 'ctwing' })).body.error.fields).toEqual([{ field: 'doorKey', expected: 'door and doorKey together, or neither' }]);
    const moved = await web.fetch('/api/v1/devices/v1', { method: 'PATCH', cookie: admin, body: { version: 1, doorKey: '860000000000002' } });
    expect(moved.status).toBe(200);
    expect((await web.fetch('/api/v1/vendor-doors', { cookie: admin })).body.doors[0]).toMatchObject({ name: 'ctwing', devices: 1 });
  });

  it('keeps its door: it cannot be closed over it', async () => {
    expect((await web.fetch('/api/v1/vendor-doors/ctwing', { method: 'DELETE', cookie: admin })).status).toBe(409);
    expect((await web.fetch('/api/v1/vendor-doors/on', { method: 'DELETE', cookie: admin })).status).toBe(200);
  });
});

describe('a mapping', () => {
  const mapping = { device: 'sn', time: 'at', events: [{ at: 'code', is: '01', kind: 'sos' }], readings: { battery: 'power' }, else: 'unreadable' };
  const preview = (body: object): ReturnType<Web['fetch']> => web.fetch('/api/v1/vendor-doors/preview', { method: 'POST', cookie: admin, body: { kind: 'mapping', settings: { mapping }, ...body } });

  it('is tried on a frame of quarantine, audited, and on a text', async () => {
    const raw = Buffer.from('{"sn":"B7","at":1700000000000,"code":"01","power":40}');
    await insertQuarantined(web.t.db, [{ ingestId: randomUUID(), deviceId: 'door_m', topic: 'vendor/m/event', rawSealed: web.t.seal.seal('quarantine.raw', raw.toString('base64')), bytes: raw.length, reason: 'x', trace: 't', ageMs: 0 }]);
    const [row] = await web.t.db.query<{ id: string }>('select id from quarantine');
    const seen = await preview({ quarantineId: row!.id });
    expect(seen.body).toMatchObject({ problem: null, frame: raw.toString(), messages: [{ keys: ['B7'], unreadable: null, said: [{ channel: 'event', what: { event: { kind: 'sos', deviceTime: 1_700_000_000_000 } } }, { channel: 'heartbeat', what: { reading: { battery: 40 } } }] }] });
    expect(await web.t.db.query(`select 1 from audit where action = 'quarantine.reveal'`)).toHaveLength(1);
    expect((await preview({ text: '{"code":"01"}' })).body).toMatchObject({ problem: 'nothing stands where the device should', messages: [] });
    expect((await preview({ text: '{}', quarantineId: row!.id })).status).toBe(422);
    expect((await preview({ settings: { mapping: { ...mapping, device: 'a..b' } }, text: '{}' })).body.error.fields[0].field).toBe('settings.mapping.device');
  });
});
