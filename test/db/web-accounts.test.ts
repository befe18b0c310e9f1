/** The second factor, the PIN at a console that is logged in, and the hand-over that both sign: over HTTP, with real authenticator codes. */
import { TOTP } from 'otpauth';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { resetFactor, telephoneTime } from '#store/factors.ts';
import { beatConsole } from '#store/county-status.ts';
import { writeSetting } from '#store/settings.ts';
import { otherVillage, password, realUser, refusal, testWeb, town, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => { web = await testWeb({ respond: (t) => async (input) => { await t.db.query(`insert into alert_log (alert_id, actor_type, actor_id, action, note_enc) values ($1, 'user', $2, $3, $4)`, [input.alertId, input.actor.id, input.action, t.seal.seal('alert_log.note', input.note ?? '')]); return { kind: 'ok', version: 2, state: 'open' }; } }); });
afterAll(() => web.stop());
afterEach(() => web.t.db.query('delete from login_try'));

type Answer = Awaited<ReturnType<Web['fetch']>>;
const post = (path: string, body: unknown, cookie?: string, method = 'POST'): Promise<Answer> => web.fetch(path, { method, cookie, body });
const get = (path: string, cookie: string): Promise<Answer> => web.fetch(path, { cookie });
const login = (username: string, more: object = {}, cookie?: string): Promise<Answer> => post('/api/v1/login', { username, password, ...more }, cookie);
const jar = (answer: Answer, before = ''): string => {
  const cookies = new Map([...before.split('; ').filter(Boolean), ...answer.headers.getSetCookie().map((c) => c.split(';')[0] ?? '')].map((c) => [c.split('=')[0], c]));
  return [...cookies.values()].join('; ');
};
const codeAt = async (secret: string, steps = 0): Promise<string> => new TOTP({ secret }).generate({ timestamp: (await telephoneTime(web.t.db)) + steps * 30_000 });

describe('the second factor', () => {
  let secret = '';
  let recovery: string[] = [];
  let known = '';

  it('is owed by the roles that were set: without it a login reaches nothing, then it is made with the first code [W12 FF12]', async () => {
    await realUser(web.t, 'chief', 'admin');
    expect((await login('chief')).body.proof).toBe('none'); // nobody set it: administrators, because real people are on file
    await writeSetting(web.t.db, 'security', { secondFactor: [] }, 'test');
    expect((await login('chief')).body.proof).toBe('whole');
    expect((await post('/api/v1/settings/security', { secondFactor: ['admin', 'shift-leader'] }, await web.cookie('admin', town), 'PUT')).status).toBe(403);
    expect((await post('/api/v1/settings/security', { secondFactor: ['admin', 'shift-leader'] }, await web.cookie('admin'), 'PUT')).body).toMatchObject({ secondFactor: ['admin', 'shift-leader'] });
    const first = await login('chief');
    const cookie = jar(first);
    expect([first.body.proof, cookie.includes('browser')]).toEqual(['none', false]);
    for (const path of ['/api/v1/people', '/api/v1/alerts', '/api/v1/users', '/api/v1/desk/board']) {
      const refused = await get(path, cookie);
      expect([path, refused.status, refused.body.error.reason]).toEqual([path, 403, 'second-factor']);
    }
    expect(await refusal(web.url, { cookie, origin: web.url })).toBe(403);
    expect((await get('/api/v1/me/factor', cookie)).body).toEqual({ enrolled: false, owed: true, recoveryLeft: 0 });
    expect((await post('/api/v1/me/factor/begin', { password: 'wrong' }, cookie)).body.error.fields[0].field).toBe('password');
    const begun = await post('/api/v1/me/factor/begin', { password }, cookie);
    secret = begun.body.secret;
    expect(begun.body).toMatchObject({ secret: expect.stringMatching(/^[A-Z2-7]{32}$/), uri: expect.stringMatching(/^otpauth:\/\/totp\/Anling:chief\?/) });
    expect((await post('/api/v1/me/factor/confirm', { code: '000000' }, cookie)).status).toBe(422);
    const made = await post('/api/v1/me/factor/confirm', { code: await codeAt(secret) }, cookie);
    expect(made.status, made.text).toBe(200);
    recovery = made.body.recovery;
    expect(new Set(recovery).size).toBe(limits.recoveryCodes);
    known = jar(made, cookie);
    expect([(await get('/api/v1/me', known)).body.proof, (await get('/api/v1/users', known)).status, (await get('/api/v1/me', cookie)).status]).toEqual(['whole', 200, 401]);
    const stored = JSON.stringify([await web.t.db.query('select * from second_factor'), await web.t.db.query('select * from recovery_code'), await web.t.db.query('select * from audit')]) + web.logs.join('');
    expect([stored.includes(secret), stored.includes(recovery[0] ?? '?')]).toEqual([false, false]);
  });

  it('takes each code once, also the one that made it; a recovery code once [W12]', async () => {
    expect((await login('chief', { code: await codeAt(secret) })).body.error).toMatchObject({ code: 'E_UNAUTHENTICATED', reason: 'code' }); // its step is spent
    const next = await codeAt(secret, 1);
    expect((await login('chief', { code: next })).body.proof).toBe('whole');
    expect((await login('chief', { code: next })).status).toBe(401);
    const half = jar(await login('chief'));
    const verify = (code: string): Promise<Answer> => post('/api/v1/me/factor/verify', { code }, half);
    expect([(await verify(next)).status, (await verify('AAAAA-AAAAA')).status]).toEqual([422, 422]);
    const opened = await verify((recovery[1] ?? '').toLowerCase());
    expect([opened.status, (await get('/api/v1/users', jar(opened))).status]).toEqual([200, 200]);
    expect((await login('chief', { code: recovery[1] })).status).toBe(401);
    expect((await get('/api/v1/me/factor', jar(opened))).body).toMatchObject({ enrolled: true, recoveryLeft: limits.recoveryCodes - 1 });
  });

  it('cannot be guessed, replaced by whoever has only the password, or kept from the duty room: a known browser hears alarms without it [W11 W12 FF12]', async () => {
    const half = jar(await login('chief'));
    expect((await post('/api/v1/me/factor/begin', { password }, half)).status).toBe(403);
    const guesses = await Promise.all(Array.from({ length: limits.loginFailuresAccount + 1 }, (_, i) => post('/api/v1/me/factor/verify', { code: String(100_000 + i) }, half)));
    expect(guesses.filter((a) => a.status === 429).length).toBeGreaterThan(0);
    const desk = await login('chief', {}, known.split('; ').filter((c) => c.includes('browser')).join('; '));
    expect(desk.body.proof).toBe('desk');
    const cookie = jar(desk);
    const id = await web.alert();
    const statuses = await Promise.all(['/api/v1/alerts', `/api/v1/alerts/${id}`, '/api/v1/status', '/api/v1/people', '/api/v1/users', '/api/v1/audit', '/api/v1/reports/blind.csv?day=2026-01-01'].map(async (path) => (await get(path, cookie)).status));
    expect(statuses).toEqual([200, 200, 200, 403, 403, 403, 403]);
    expect((await post(`/api/v1/alerts/${id}/claim`, {}, cookie)).status).toBe(200);
    expect((await web.t.db.query(`select detail->>'proof' as proof from audit where action = 'login' order by id desc limit 1`))[0]).toEqual({ proof: 'desk' });
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where id = $1`, [id]);
  });

  it('is taken away by another administrator or at the machine, on record, and every session ends [W12 W2]', async () => {
    const cookie = jar(await login('chief', { code: recovery[2] }));
    const { id } = (await get('/api/v1/me', cookie)).body;
    expect((await post(`/api/v1/users/${id}/factor/reset`, {}, cookie)).status).toBe(403); // not his own
    expect((await post(`/api/v1/users/${id}/factor/reset`, {}, await web.cookie('admin', town))).status).toBe(404);
    expect((await post(`/api/v1/users/${id}/factor/reset`, {}, await web.cookie('admin'))).status).toBe(200);
    expect((await get('/api/v1/me', cookie)).status).toBe(401);
    expect((await web.t.db.query(`select count(*)::int as n from audit where action = 'factor.reset' and target = $1`, [`user:${id}`]))[0]).toEqual({ n: 1 });
    expect([await resetFactor(web.t.db, web.t.seal, 'chief'), await resetFactor(web.t.db, web.t.seal, 'nobody')]).toEqual([false, null]);
    await writeSetting(web.t.db, 'security', { secondFactor: [] }, 'test');
    expect((await login('chief')).body.proof).toBe('whole');
  });
});

describe('at one console', () => {
  let li = '';
  let here = '';
  beforeAll(async () => {
    await realUser(web.t, 'zhang', 'operator');
    li = await realUser(web.t, 'li', 'shift-leader');
    here = jar(await login('zhang'));
  });

  it('a PIN is set with the password, six digits that are no sequence, by desk roles only [FF12]', async () => {
    const his = jar(await login('li'));
    const set = (cookie: string, pin: string, secret = password): Promise<Answer> => post('/api/v1/me/pin', { password: secret, pin }, cookie, 'PUT');
    for (const bad of ['123456', '111222', '12345', 'abcdef']) expect((await set(his, bad)).body.error.fields[0].field, bad).toBe('pin');
    expect((await set(his, '483019', 'wrong')).body.error.fields[0].field).toBe('password');
    expect([(await set(his, '483019')).status, (await set(await web.cookie('viewer'), '483019')).status]).toEqual([200, 403]);
    expect(JSON.stringify(await web.t.db.query('select pin_hash from desk_pin'))).toContain('$argon2id$');
    expect((await get('/api/v1/desk/seats', here)).body).toEqual({ people: [{ id: li, name: 'li' }] });
    expect((await get('/api/v1/desk/seats', await web.cookie('operator', town))).body).toEqual({ people: [] }); // not of that scope
  });

  it('the other person sits down by it, the tab goes on under his name, the old session is over; wrong ones are counted and audited [FF12 W2 W21]', async () => {
    const seat = (pin: string, cookie = here, userId = li): Promise<Answer> => post('/api/v1/desk/seat', { userId, pin, tabId: 'tab-1' }, cookie);
    const zhang = (await get('/api/v1/me', here)).body.id;
    await beatConsole(web.t.db, { tabId: 'tab-1', userId: zhang, visible: true, audio: 'running', lastSeq: 0, inputAgoMs: 0 });
    for (let i = 0; i < limits.pinFailures; i++) expect((await seat(String(200_000 + i))).status).toBe(422);
    expect((await seat('483019')).status).toBe(429);
    await web.t.db.query('delete from login_try');
    expect((await seat('483019', undefined, 'nobody')).body.error.fields).toEqual((await seat('483018')).body.error.fields);
    expect((await web.fetch('/api/v1/desk/seat', { method: 'POST', body: { userId: li, pin: '483019' } })).status).toBe(401);
    const sat = await seat('483019');
    expect(sat.body).toMatchObject({ id: li, role: 'shift-leader', proof: 'whole' });
    expect([(await get('/api/v1/me', here)).status, (await get('/api/v1/me', jar(sat))).body.id]).toEqual([401, li]);
    expect(await web.t.db.query(`select user_id as "userId" from console where tab_id = 'tab-1'`)).toEqual([{ userId: li }]);
    expect(await web.t.db.query(`select result, count(*)::int as n from audit where action = 'seat.change' group by 1 order by 1`)).toEqual([{ result: 'failed', n: limits.pinFailures + 2 }, { result: 'ok', n: 1 }]);
    // Who owes a second factor gets alarms only by PIN; a PIN that is too old, or of a disabled user, opens nothing.
    await writeSetting(web.t.db, 'security', { secondFactor: ['shift-leader'] }, 'test');
    here = jar(await login('zhang'));
    expect((await seat('483019')).body.proof).toBe('desk');
    await writeSetting(web.t.db, 'security', { secondFactor: [] }, 'test');
    here = jar(await login('zhang'));
    await web.t.db.query(`update app_user set disabled_at = anling_now() where id = $1`, [li]);
    expect((await seat('483019')).status).toBe(422);
    await web.t.db.query(`update app_user set disabled_at = null where id = $1`, [li]);
  });

  it('a shift is handed over by name: both sign, both have counted, and the log of the day tells it with what is promised and pinned [D9]', async () => {
    here = jar(await login('zhang'));
    const mine = await web.alert();
    await web.alert({ priority: 2, kind: 'motionless', region: otherVillage });
    const now = (await get('/api/v1/desk/handovers', here)).body.now;
    expect(now).toMatchObject({ open: 2, urgent: 1, callbacks: 0, pinned: 0 });
    const due = Math.round((await web.t.db.query<{ now: number }>('select anling_now() as now'))[0]?.now ?? 0) + 600_000;
    const promised = await post(`/api/v1/alerts/${mine}/callbacks`, { dueAt: due, note: '十分钟后问老人' }, here);
    expect(promised.status, promised.text).toBe(201);
    expect((await post(`/api/v1/alerts/${mine}/callbacks`, { dueAt: 5 }, here)).body.error.fields[0].field).toBe('dueAt');
    expect((await post(`/api/v1/alerts/${mine}/pin`, {}, here, 'PUT')).status).toBe(200);
    expect((await get('/api/v1/desk/board', here)).body).toMatchObject({ callbacks: [{ alertId: mine, name: '陈*水', note: '十分钟后问老人', byName: 'zhang' }], pinned: [{ alertId: mine, state: 'open', town: '均溪镇' }], handover: null });
    expect((await get('/api/v1/desk/board', await web.cookie('operator', '350425201000'))).body).toMatchObject({ callbacks: [], pinned: [] });
    const sign = (open: number): Promise<Answer> => post('/api/v1/desk/handovers', { open, note: '内洋桥断,绕行' }, here);
    expect((await sign(3)).body.error).toMatchObject({ code: 'E_CONFLICT', reason: 'count', open: 2 });
    const signed = await sign(2);
    const take = (body: object, cookie = here): Promise<Answer> => post(`/api/v1/desk/handovers/${signed.body.id}/take`, body, cookie);
    expect((await take({ open: 2 })).body.error.reason).toBe('same-person');
    expect((await take({ open: 1, userId: li, pin: '483019' })).body.error).toMatchObject({ reason: 'count', open: 2 });
    expect((await take({ open: 2, userId: li, pin: '111119' })).status).toBe(422);
    const taken = await take({ open: 2, userId: li, pin: '483019' });
    expect(taken.body).toMatchObject({ id: li, name: 'li' });
    const after = jar(taken);
    expect([(await get('/api/v1/me', here)).status, (await take({ open: 2 }, after)).status]).toEqual([401, 404]);
    expect((await post(`/api/v1/desk/callbacks/${(await get('/api/v1/desk/board', after)).body.callbacks[0].id}/done`, { note: '说没事' }, after)).status).toBe(200);
    await post('/api/v1/desk/log', { note: '00:30 打雷' }, after);
    const day = new Date(due + 8 * 3_600_000).toISOString().slice(0, 10);
    const lines = (await get(`/api/v1/desk/log?day=${day}`, after)).body.lines as { what: string; name: string | null; note: string | null; alertId: string | null }[];
    expect(lines.map((l) => l.what)).toEqual(expect.arrayContaining(['login', 'seat', 'alert-opened', 'handover-signed', 'handover-taken', 'callback-done', 'note']));
    expect(lines.find((l) => l.what === 'handover-taken')).toMatchObject({ name: 'li', detail: { from: 'zhang', open: 2, was: 2 } });
    expect(lines.find((l) => l.what === 'note')?.note).toBe('00:30 打雷');
    expect((await get(`/api/v1/desk/log?day=${day}`, await web.cookie('viewer'))).text).not.toContain('打雷');
    expect((await get(`/api/v1/desk/log?day=${day}`, await web.cookie('operator', '350425201000'))).body.lines.filter((l: { alertId: string | null }) => l.alertId === mine)).toEqual([]);
    const [row] = await web.t.db.query<{ note: Buffer }>(`select note_enc as note from alert_log where alert_id = $1 and action = 'note'`, [mine]);
    expect(web.t.seal.open('alert_log.note', row?.note ?? Buffer.alloc(0))).toBe('回访:说没事');
  });
});
