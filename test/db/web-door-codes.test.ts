/** 一码通 and labels: what a stranger, somebody who was sent, and an installer get from the code at a door; forged, revoked, photographed and borrowed ones; sheets to print. */
import decodeQR from 'qr/decode.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { hotline } from '#core/messages.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let leader: string;
let installer: string;
let code: string;
const publicUrl = 'https://anling.example';
beforeAll(async () => {
  web = await testWeb({ settings: { publicUrl }, respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) });
  const secure = async (role: 'shift-leader' | 'installer', scope?: string): Promise<string> => (await web.cookie(role, scope)).replace('anling=', '__Host-anling=');
  leader = await secure('shift-leader');
  installer = await secure('installer', town);
});
afterAll(() => web.stop());
const door = (of = code, more: Parameters<Web['fetch']>[1] = {}) => web.fetch(`/d/${of}`, more);
const press = (slips: string, of = code) => door(of, { method: 'POST', body: new URLSearchParams({ slips }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null', 'sec-fetch-site': 'cross-site' } });
const issue = (home: string, cookie = leader) => web.fetch(`/api/v1/homes/${home}/door`, { method: 'POST', cookie, body: {} });

type Bitmap = { data: Uint8Array; width: number; height: number };
/** Every code of a sheet, drawn as a printer would and read as a camera does. */
function readSheet(text: string): string[] {
  return [...text.matchAll(/<svg viewBox="0 0 (\d+) \d+"[^>]*><path d="([^"]*)"/g)].map(([, size, path]) => {
    const [n, scale] = [Number(size), 4];
    const image: Bitmap = { width: n * scale, height: n * scale, data: new Uint8Array(n * n * scale * scale * 4).fill(255) };
    for (const [, x, y] of (path ?? '').matchAll(/M(\d+) (\d+)h1/g))
      for (let dy = 0; dy < scale; dy++) for (let dx = 0; dx < scale; dx++) image.data.fill(0, ((Number(y) * scale + dy) * image.width + Number(x) * scale + dx) * 4, ((Number(y) * scale + dy) * image.width + Number(x) * scale + dx) * 4 + 3);
    return decodeQR(image);
  });
}
const codesOf = async (query: string, cookie = leader): Promise<string[]> => readSheet((await web.fetch(`/labels/doors?${query}`, { cookie })).text).map((url) => url.replace(`${publicUrl}/d/`, ''));

/** Somebody who was sent to this home, under this code of his. */
async function sent(home: string, slip: string, party = 'responder:r1', no = 61): Promise<string> {
  const id = await web.alert({ homeId: home });
  await web.t.db.query('insert into slip (party, no, alert_id, code, created_at) values ($1, $2, $3, $4, anling_now())', [party, no, id, slip]);
  await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, accepted_at, updated_at) values ($1, $2, 'notified', anling_now(), null, anling_now())`, [id, party]);
  await web.fetch(`/j/${slip}`, { method: 'POST', body: 'action=accept', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' } });
  return id;
}
const mine = async (id: string): Promise<unknown> => (await web.t.db.query<{ state: string }>('select state from engagement where alert_id = $1', [id])).map((r) => r.state);

describe('a code at a door', () => {
  it('is issued for a village or a home by those who keep the files, in their regions, once; printed it reads as an address that says nothing [2.9 W8]', async () => {
    const all = (region: string, cookie = leader) => web.fetch('/api/v1/door-codes', { method: 'POST', cookie, body: { region } });
    expect((await all(village)).body).toEqual({ issued: 1, homes: 1 });
    expect((await all(village)).body).toEqual({ issued: 0, homes: 1 });
    expect((await all(otherVillage, installer)).body.error.fields).toEqual([{ field: 'region', expected: 'a region of your scope' }]);
    expect((await issue('h2', installer)).status).toBe(404);
    expect((await issue('h2')).body).toEqual({ valid: { issuedAt: expect.any(Number), issuedBy: expect.stringMatching(/^user:/) }, revoked: 0 });
    const sheet = await web.fetch(`/labels/doors?region=${village}`, { cookie: leader });
    expect(sheet.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const secret of ['陈', '下厝角', '高血压', '1540425']) expect(sheet.text).not.toContain(secret);
    expect(sheet.text).toContain(hotline);
    const [address, ...others] = readSheet(sheet.text);
    expect(others).toEqual([]);
    expect(address).toMatch(/^https:\/\/anling\.example\/d\/[0-9a-z]{26}$/);
    code = address?.slice(-26) ?? '';
    expect((await codesOf('home=h2', installer))).toEqual([]);
    expect((await web.fetch('/labels/doors?lang=en&home=h1', { cookie: leader })).text).toContain('In an emergency call');
    expect(await web.t.db.query(`select action from audit where action like 'door.%' order by id`)).toEqual([{ action: 'door.issue' }, { action: 'door.issue' }, { action: 'door.print' }, { action: 'door.print' }]);
  });

  it('tells a stranger the number of the duty room, the same at every door, in both languages, and changes nothing [2.9]', async () => {
    const [other] = await codesOf('home=h2');
    const [page, twin] = [await door(), await door(other)];
    expect(page.status).toBe(200);
    expect(page.text).toContain(`tel:${hotline.replace('-', '')}`);
    expect(page.text.replaceAll(code, '')).toBe(twin.text.replaceAll(other ?? '', ''));
    for (const secret of ['陈', '仙亭', '下厝角', village]) expect(page.text).not.toContain(secret);
    expect((await door(`${code}?lang=en`)).text).toContain('call the duty room');
    expect((await door(code.toUpperCase().replaceAll('0', 'O'))).status, 'as somebody types it').toBe(200);
    expect(Buffer.byteLength(page.text)).toBeLessThan(30_000);
    expect([page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer']);
  });

  it('is refused when it was made up: no character may differ, and a handle of another door does not lend its signature [2.9]', async () => {
    const [other] = await codesOf('home=h2');
    const forged = [...code].map((c, i) => `${code.slice(0, i)}${c === '7' ? '8' : '7'}${code.slice(i + 1)}`);
    // Twenty wrong ones of an address in a minute are looked at; the right one opens all the same afterwards.
    const answers = await Promise.all([...forged, `${other?.slice(0, 10)}${code.slice(10)}`, 'x'].map(async (wrong) => (await door(wrong)).status));
    expect(new Set(answers)).toEqual(new Set([404, 429]));
    expect(answers.filter((status) => status === 404)).toHaveLength(20);
    expect((await door()).status).toBe(200);
  });

  it('and the slip of this home’s open case are his arrival: once, on the timeline, audited [2.9 UI3.4]', async () => {
    const id = await sent('h1', 'door-slip-1');
    expect(await mine(id)).toEqual(['accepted']);
    const answer = await press('door-slip-1');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/j/door-slip-1']);
    expect(await mine(id)).toEqual(['arrived']);
    await press('https://anling.example/j/door-slip-1?lang=en');
    expect(await web.t.db.query(`select action, detail->>'via' as via from alert_log where alert_id = $1 and actor_type = 'party' order by id`, [id])).toEqual([{ action: 'accepted', via: 'link' }, { action: 'arrived', via: 'link' }, { action: 'note', via: 'link' }]);
    expect(await web.t.db.query(`select actor, result from audit where action = 'door.arrival' order by id`)).toEqual([{ actor: 'party:responder:r1', result: 'ok' }]);
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), outcome = 'R1' where id = $1`, [id]);
    expect((await press('door-slip-1')).status, 'a closed case, after many wrong codes of this address').toBe(429);
  });

  it('photographed, it gives a stranger nothing, and somebody sent elsewhere no arrival [2.9]', async () => {
    const elsewhere = await sent('h2', 'door-slip-2', 'responder:r2', 62);
    const asked = (await web.t.db.query('select id from alert_log')).length;
    for (const slips of ['door-slip-2', 'guess-1 guess-2', "' or 1=1", '']) expect((await press(slips)).status, slips).toBeGreaterThanOrEqual(409);
    expect(await mine(elsewhere)).toEqual(['accepted']);
    expect((await web.t.db.query('select id from alert_log')).length).toBe(asked);
    expect((await web.t.db.query(`select id from audit where action = 'door.arrival' and result = 'denied'`)).length).toBeGreaterThanOrEqual(3);
    // Both slips on one telephone: the right door takes the right one.
    const [other] = await codesOf('home=h2');
    expect((await press('guess-1 door-slip-2', other)).status).toBe(303);
    expect(await mine(elsewhere)).toEqual(['arrived']);
  });

  it('leads an installer to the home’s work, and nobody else whose session it is [2.9 W8]', async () => {
    const answer = await door(code, { cookie: installer });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/install?door=${code}`]);
    const viewer = (await web.cookie('viewer')).replace('anling=', '__Host-anling=');
    expect((await door(code, { cookie: viewer })).status).toBe(200);
    const open = (text: string, cookie: string) => web.fetch('/api/v1/door-codes/open', { method: 'POST', cookie, body: { code: text } });
    expect((await open(code, installer)).body).toEqual({ homeId: 'h1', regionCode: village });
    expect((await open(code, viewer)).status).toBe(403);
    expect((await open((await codesOf('home=h2'))[0] ?? '', installer)).status, 'of another town').toBe(404);
    for (const last of ['2', '3', '4'].filter((c) => !code.endsWith(c)).slice(0, 2)) expect((await open(`${code.slice(0, -1)}${last}`, installer)).status).toBeGreaterThanOrEqual(404);
    expect(await web.t.db.query(`select target from audit where action = 'door.open'`)).toEqual([{ target: 'home:h1' }]);
  });

  it('opens nothing when it is revoked or another was made; the new one does [2.9]', async () => {
    const id = await sent('h1', 'door-slip-3', 'responder:r1', 63);
    expect((await issue('h1')).body.revoked).toBe(1);
    expect([(await door()).status, (await press('door-slip-3')).status]).toEqual([410, 410]);
    expect((await web.fetch('/api/v1/door-codes/open', { method: 'POST', cookie: installer, body: { code } })).body.error).toMatchObject({ code: 'E_CONFLICT', reason: 'revoked' });
    expect(await mine(id)).toEqual(['accepted']);
    const [fresh] = await codesOf('home=h1');
    expect((await press('door-slip-3', fresh)).status).toBe(303);
    expect((await web.fetch('/api/v1/homes/h1/door', { method: 'DELETE', cookie: leader })).body).toEqual({ ok: true });
    expect((await door(fresh)).status).toBe(410);
    expect(await codesOf('home=h1')).toEqual([]);
    expect((await web.fetch('/api/v1/homes/h1/door', { cookie: leader })).body).toEqual({ valid: null, revoked: 2 });
  });
});

describe('labels of devices', () => {
  it('name the device, its model and its serial number, and hold no secret; of one’s own regions, by model, stock or list [F7 W8]', async () => {
    await web.t.db.query(`insert into device (id, model, home_id, secret_hash, status, serial) select v.id, (select id from device_model order by id limit 1), v.home, '\\x00', v.status, v.serial
      from (values ('label-1', 'h1', 'installed', 'SN-0001'), ('label-2', 'h2', 'installed', null), ('label-3', null, 'stock', 'SN-0003'), ('label-4', null, 'revoked', 'SN-0004')) as v (id, home, status, serial)`);
    const sheet = async (query: string, cookie = leader): Promise<string> => (await web.fetch(`/labels/devices?${query}`, { cookie })).text;
    expect(readSheet(await sheet('')).toSorted()).toEqual(['ANLING:label-1', 'ANLING:label-2', 'ANLING:label-3']);
    expect(readSheet(await sheet('life=stock'))).toEqual(['ANLING:label-3']);
    expect(readSheet(await sheet('ids=label-2,label-4,label-1')).toSorted()).toEqual(['ANLING:label-1', 'ANLING:label-2']);
    expect(readSheet(await sheet('', installer))).toEqual(['ANLING:label-1']);
    expect(await sheet('lang=en')).toContain('Serial SN-0003');
    expect(await sheet('')).toContain('序列号 SN-0001');
    expect((await web.fetch('/labels/devices', { cookie: (await web.cookie('viewer')).replace('anling=', '__Host-anling=') })).status).toBe(403);
    expect((await web.fetch('/labels/devices')).status).toBe(401);
  });
});
