/** Logging in and staying in: cookies, lives, limits, passwords, tokens; and the audit of it all. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { county, otherTown, password, realUser, testWeb, town, type Web } from '#test/harness/web.ts';
import { endSessions } from '#store/sessions.ts';
import { setPassword } from '#store/users.ts';
import { hashPassword } from '#store/password.ts';

let web: Web;
let userId: string;
beforeAll(async () => { web = await testWeb(); userId = await realUser(web.t, 'zhang', 'operator', town); });
afterAll(() => web.stop());
afterEach(() => web.t.db.query('delete from login_try'));

type Answer = Awaited<ReturnType<Web['fetch']>>;
const login = (username: string, secret = password, cookie?: string): Promise<Answer> => web.fetch('/api/v1/login', { method: 'POST', body: { username, password: secret }, cookie });
const cookiesOf = (answer: Answer): string => answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
const me = async (cookie: string): Promise<number> => (await web.fetch('/api/v1/me', { cookie })).status;

describe('session', () => {
  it('sets a cookie that scripts and other sites never get, with 256 random bits [W1 W4]', async () => {
    const answer = await login('zhang');
    expect(answer.body).toEqual({ kind: 'user', id: userId, name: 'zhang', role: 'operator', scopeCode: town, proof: 'whole' });
    const [session] = answer.headers.getSetCookie();
    expect(session).toMatch(/^anling=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    const stored = await web.t.db.query<{ token: string }>(`select encode(token_hash, 'base64') as token from session`);
    expect(stored.some((s) => answer.text.includes(s.token) || session?.includes(s.token))).toBe(false);
  });

  it('marks the cookie Secure with the __Host- prefix under https, and says HSTS [W1]', async () => {
    const secure = await testWeb({ t: web.t, settings: { publicUrl: 'https://anling.example' } });
    try {
      const answer = await secure.fetch('/api/v1/login', { method: 'POST', body: { username: 'zhang', password } });
      expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-anling=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure$/);
      expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
      // The plain name is worth nothing there.
      expect((await secure.fetch('/api/v1/me', { cookie: cookiesOf(answer).replaceAll('__Host-anling', 'anling') })).status).toBe(401);
    } finally { await secure.stop(); }
  });

  it('gives a new id at login and ends the one before; logout ends it everywhere [W2]', async () => {
    const first = cookiesOf(await login('zhang'));
    const second = cookiesOf(await login('zhang', password, first));
    expect(second).not.toBe(first);
    expect([await me(first), await me(second)]).toEqual([401, 200]);
    // An id that somebody planted is not taken over.
    const planted = cookiesOf(await login('zhang', password, `anling=${'A'.repeat(43)}`));
    expect(planted).not.toContain('A'.repeat(43));
    expect((await web.fetch('/api/v1/logout', { method: 'POST', cookie: second })).status).toBe(200);
    expect(await me(second)).toBe(401);
  });

  it('ends with disuse, with age, with the account, with a new password [W2 W3]', async () => {
    const idle = cookiesOf(await login('zhang'));
    await web.t.advance(limits.sessionIdleMs - 60_000);
    expect(await me(idle)).toBe(200);
    await web.t.advance(limits.sessionIdleMs - 60_000);
    expect(await me(idle)).toBe(401); // used in between, but older than a day
    const unused = cookiesOf(await login('zhang'));
    await web.t.advance(limits.sessionIdleMs + 1_000);
    expect(await me(unused)).toBe(401);
    const disabled = cookiesOf(await login('zhang'));
    await web.t.db.query('update app_user set disabled_at = anling_now() where id = $1', [userId]);
    expect([await me(disabled), (await login('zhang')).status]).toEqual([401, 401]);
    await web.t.db.query('update app_user set disabled_at = null where id = $1', [userId]);
    const old = cookiesOf(await login('zhang'));
    await web.t.db.tx(async (sql) => setPassword(sql, userId, await hashPassword(password)));
    expect(await me(old)).toBe(401);
    // Also when only the hash was set, by hand: no session is older than its password.
    const again = cookiesOf(await login('zhang'));
    await web.t.db.query('update app_user set password_changed_at = anling_now() where id = $1', [userId]);
    expect(await me(again)).toBe(401);
  });

  it('never ends by its age while an emergency is open, and does not come back with the next one [FF12 W3]', async () => {
    const working = cookiesOf(await login('zhang'));
    const id = await web.alert();
    for (let hours = 0; hours < 96; hours += 12) { await web.t.advance(12 * 3_600_000); expect(await me(working)).toBe(200); }
    await endSessions(web.t.db); // the keeper's look: in use, and an SOS is open
    expect(await me(working)).toBe(200);
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where id = $1`, [id]);
    expect(await me(working)).toBe(401);
    await endSessions(web.t.db);
    await web.t.db.query(`update alert set state = 'open' where id = $1`, [id]);
    expect(await me(working)).toBe(401);
    // Disuse ends it all the same: nobody is at work there.
    const left = cookiesOf(await login('zhang'));
    await web.t.advance(limits.sessionIdleMs + 1_000);
    expect(await me(left)).toBe(401);
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where id = $1`, [id]);
  });

  it('changes the own password: the present one is asked, guessable ones are refused, all sessions end [W2 W11]', async () => {
    const [here, elsewhere] = [cookiesOf(await login('zhang')), cookiesOf(await login('zhang'))];
    const change = (current: string, next: string): Promise<Answer> => web.fetch('/api/v1/me/password', { method: 'POST', cookie: here, body: { current, next } });
    expect((await change('wrong', 'another long one')).body.error.fields[0].field).toBe('current');
    for (const bad of ['short', '1234567890', 'password123', 'aaaaaaaaaaaa', 'zhang-zhang-1', 'abcdefghij']) expect((await change(password, bad)).body.error?.fields?.[0]?.field, bad).toBe('next');
    expect((await change(password, '叫得应才算数的长口令')).status).toBe(200);
    expect([await me(here), await me(elsewhere), (await login('zhang')).status, (await login('zhang', '叫得应才算数的长口令')).status]).toEqual([401, 401, 401, 200]);
    await web.t.db.tx(async (sql) => setPassword(sql, userId, await hashPassword(password)));
  });
});

describe('guessing', () => {
  it('answers unknown, wrong and disabled alike, in text and in time [W11]', async () => {
    await realUser(web.t, 'gone', 'operator');
    await web.t.db.query(`update app_user set disabled_at = anling_now() where username = 'gone'`);
    const timed = async (name: string, secret: string): Promise<{ ms: number; body: unknown }> => {
      const began = performance.now();
      const { body } = await login(name, secret);
      return { ms: performance.now() - began, body };
    };
    const times: Record<string, number[]> = { unknown: [], wrong: [], disabled: [] };
    for (let i = 0; i < 5; i++) {
      const [unknown, wrong, disabled] = [await timed(`nobody${i}`, 'x'), await timed('zhang', 'x'), await timed('gone', password)];
      expect(unknown.body).toEqual(wrong.body);
      expect(disabled.body).toEqual(wrong.body);
      times['unknown']?.push(unknown.ms); times['wrong']?.push(wrong.ms); times['disabled']?.push(disabled.ms);
    }
    const best = (kind: string): number => Math.min(...(times[kind] ?? [0]));
    // The hash is computed in every case: no answer comes in a fraction of another's time.
    expect(best('unknown')).toBeGreaterThan(best('wrong') / 3);
    expect(best('disabled')).toBeGreaterThan(best('wrong') / 3);
  });

  it('refuses an account after too many tries, known or not, and lets the browser in that has logged in before [W11]', async () => {
    const home = cookiesOf(await login('zhang'));
    for (let i = 0; i < limits.loginFailuresAccount; i++) { expect((await login('zhang', `guess${i}`)).status).toBe(401); expect((await login('ghost', `guess${i}`)).status).toBe(401); }
    const [locked, ghost] = [await login('zhang'), await login('ghost')];
    expect([locked.status, ghost.status, locked.body]).toEqual([429, 429, ghost.body]);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
    // The duty room's own browser is not locked out by a stranger.
    expect((await login('zhang', password, home)).status).toBe(200);
    // Its cookie is bound to the name, and buys tries, not entry.
    expect((await login('zhang', 'wrong', home)).status).toBe(401);
    expect((await login('ghost', 'x', home)).status).toBe(429);
    await web.t.advance(limits.loginWindowMs + 1_000);
    expect((await login('zhang')).status).toBe(200);
  });

  it('refuses an address that sprays one guess over many names [W11]', async () => {
    await web.t.db.query('insert into login_try (key, failures, window_at) values ($1, $2, anling_now())', [web.t.seal.secretHash('login:address:127.0.0.1'), limits.loginFailuresAddress - 1]);
    expect((await login('spray-1', 'x')).status).toBe(401);
    expect((await login('spray-2', 'x')).status).toBe(429);
  });

  it('ignores a forged forwarded address [M16]', async () => {
    await web.t.db.query('insert into login_try (key, failures, window_at) values ($1, $2, anling_now())', [web.t.seal.secretHash('login:address:127.0.0.1'), limits.loginFailuresAddress]);
    expect((await web.fetch('/api/v1/login', { method: 'POST', body: { username: 'zhang', password }, headers: { 'x-forwarded-for': '198.51.100.7' } })).status).toBe(429);
  });

  it('bounds the hashes that are computed at once: a burst is refused, not queued for ever [W11]', async () => {
    const burst = await Promise.all(Array.from({ length: limits.loginHashes + limits.loginQueue + 20 }, (_, i) => login(`burst-${i}`, 'x')));
    const refused = burst.filter((a) => a.status === 429).length;
    expect(refused).toBeGreaterThan(0);
    expect(burst.every((a) => a.status === 401 || a.status === 429)).toBe(true);
  });
});

describe('tokens', () => {
  it('is shown once, works as bearer within role and scope, and dies when revoked or expired', async () => {
    const admin = await web.cookie('admin');
    const made = await web.fetch('/api/v1/tokens', { method: 'POST', cookie: admin, body: { name: 'simulator', role: 'county-reader', scopeCode: town, lifeDays: 1 } });
    expect(made.status).toBe(201);
    const bearer = { authorization: `Bearer ${made.body.token}` };
    expect((await web.fetch('/api/v1/me', { headers: bearer })).body).toMatchObject({ kind: 'token', role: 'county-reader', scopeCode: town });
    expect((await web.fetch('/api/v1/tokens', { cookie: admin })).text).not.toContain(made.body.token);
    expect((await web.fetch('/api/v1/tokens', { method: 'POST', headers: bearer, body: { name: 'x', role: 'admin' } })).status).toBe(403);
    expect((await web.fetch(`/api/v1/tokens/${made.body.id}`, { method: 'DELETE', cookie: admin })).status).toBe(200);
    expect((await web.fetch('/api/v1/me', { headers: bearer })).status).toBe(401);
    const short = await web.fetch('/api/v1/tokens', { method: 'POST', cookie: admin, body: { name: 'short', role: 'viewer', lifeDays: 1 } });
    await web.t.advance(86_400_000 + 1_000);
    expect((await web.fetch('/api/v1/me', { headers: { authorization: `Bearer ${short.body.token}` } })).status).toBe(401);
  });

  it('cannot be made wider than its maker [W8]', async () => {
    const made = (scopeCode: string): Promise<number> => web.cookie('admin', town).then((cookie) => web.fetch('/api/v1/tokens', { method: 'POST', cookie, body: { name: 'x', role: 'viewer', scopeCode } })).then((a) => a.status);
    expect([await made(town), await made(county), await made(otherTown)]).toEqual([201, 404, 404]);
  });
});

describe('audit of access', () => {
  it('holds logins good and bad with name and address, never a password [W21]', async () => {
    await login('zhang');
    await login('zhang', 'Secret-Typo-99');
    const rows = await web.t.db.query<{ actor: string; result: string; detail: Record<string, unknown> }>(`select actor, result, detail from audit where action = 'login' order by id desc limit 2`);
    expect(rows).toEqual([{ actor: 'anonymous', result: 'failed', detail: { address: '127.0.0.1', username: 'zhang' } }, { actor: `user:${userId}`, result: 'ok', detail: { address: '127.0.0.1' } }]);
    expect(JSON.stringify(await web.t.db.query('select * from audit')) + web.logs.join('')).not.toContain('Secret-Typo');
  });
});
