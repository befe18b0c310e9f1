/** The alerts API: lists that hide no emergency, actions once per key, clear conflicts, reveals on record, the status strip. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RespondInput, RespondResult } from '#core/respond.ts';
import { county, realUser, testWeb, touchAlert, type Web } from '#test/harness/web.ts';

let web: Web;
let answer: (input: RespondInput) => Promise<RespondResult>;
const asked: RespondInput[] = [];
const fine = async (): Promise<RespondResult> => ({ kind: 'ok', version: 5, state: 'claimed' });
beforeAll(async () => {
  answer = fine;
  web = await testWeb({ respond: () => (input) => { asked.push(input); return answer(input); } });
});
afterAll(() => web.stop());
afterEach(async () => { answer = fine; asked.length = 0; await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where state <> 'closed'`); });

const act = async (id: string, action: string, body: unknown, headers: Record<string, string> = {}, role: 'operator' | 'shift-leader' = 'operator'): ReturnType<Web['fetch']> =>
  web.fetch(`/api/v1/alerts/${id}/${action}`, { method: 'POST', cookie: await web.cookie(role), body, headers });

describe('lists', () => {
  it('pages open alerts by priority, so that no page of trifles hides an emergency; others newest first [C2]', async () => {
    const p3 = [await web.alert({ kind: 'offline', priority: 3 }), await web.alert({ kind: 'offline', priority: 3 })];
    const p1 = [await web.alert(), await web.alert({ kind: 'fall' })];
    const cookie = await web.cookie('operator');
    const pages: string[][] = [];
    for (let cursor = ''; ;) {
      const { body } = await web.fetch(`/api/v1/alerts?state=open&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`, { cookie });
      pages.push(body.alerts.map((a: { id: string }) => a.id));
      if (body.next === null) break;
      cursor = body.next;
    }
    expect(pages.flat()).toEqual([...p1, ...p3]);
    const all = (await web.fetch('/api/v1/alerts?state=all&limit=3', { cookie })).body;
    expect(all.alerts.map((a: { id: string }) => a.id)).toEqual([p1[1], p1[0], p3[1]]);
    expect((await web.fetch(`/api/v1/alerts?state=all&limit=3&cursor=${all.next}`, { cookie })).body.alerts[0].id).toBe(p3[0]);
    expect((await web.fetch('/api/v1/alerts?kind=fall', { cookie })).body.alerts.map((a: { id: string }) => a.id)).toEqual([p1[1]]);
  });

  it('answers what changed since a feed number, for pages without a websocket', async () => {
    const first = await web.alert();
    const cookie = await web.cookie('operator');
    const { seq, epoch } = (await web.fetch('/api/v1/alerts', { cookie })).body;
    expect(epoch).toMatch(/^[0-9a-f-]{36}$/);
    expect((await web.fetch(`/api/v1/alerts?since=${seq}&state=all`, { cookie })).body.alerts).toEqual([]);
    await touchAlert(web.t, first, `, state = 'closed', closed_at = anling_now()`);
    const later = (await web.fetch(`/api/v1/alerts?since=${seq}&state=all`, { cookie })).body;
    expect(later.alerts).toMatchObject([{ id: first, state: 'closed', version: 2 }]);
    expect(later.seq).toBe(seq + 1);
  });
});

describe('actions', () => {
  it('hands respond() who acts, on which version, from where; and answers state and version', async () => {
    const id = await web.alert();
    const { body, status } = await act(id, 'claim', { expectedVersion: 1, tabId: 'tab-1' });
    expect([status, body]).toEqual([200, { ok: true, id, state: 'claimed', version: 5 }]);
    expect(asked).toMatchObject([{ alertId: id, action: 'claim', expectedVersion: 1, tabId: 'tab-1', via: 'wall', actor: { type: 'user', name: '用户operator' }, trace: expect.stringMatching(/^r/) }]);
    await act(id, 'steps', { result: 'no-answer', note: '响了30秒', party: 'contact:c1' });
    await act(id, 'steps', { contact: 'elder' });
    await act(id, 'dispatch', { party: 'responder:r1' });
    await act(id, 'close', { outcome: 'F1', note: '' });
    expect(asked.slice(1)).toMatchObject([
      { action: 'step', note: '无人接 响了30秒', party: 'contact:c1' }, { action: 'step', contact: 'elder' }, { action: 'dispatch', party: 'responder:r1' }, { action: 'close', outcome: 'F1' },
    ]);
  });

  it('does one request once, however often it comes with its key [W22]', async () => {
    const id = await web.alert();
    const key = { 'idempotency-key': 'k-1' };
    const together = await Promise.all([act(id, 'claim', {}, key), act(id, 'claim', {}, key), act(id, 'claim', {}, key)]);
    expect(asked).toHaveLength(1);
    expect(together.every((r) => r.status === 200 || r.status === 409)).toBe(true);
    const again = await act(id, 'claim', {}, key);
    expect([again.status, again.body.version, again.headers.get('idempotency-replayed')]).toEqual([200, 5, 'true']);
    expect(asked).toHaveLength(1);
    // Another request under the same key, and the same key of somebody else.
    expect((await act(id, 'close', { outcome: 'F1', note: '' }, key)).body.error.fields[0].field).toBe('idempotency-key');
    await act(id, 'claim', {}, key, 'shift-leader');
    expect(asked).toHaveLength(2);
  });

  it('repeats a conflict under its key, and tries again after a fault of ours', async () => {
    const id = await web.alert();
    answer = async () => ({ kind: 'conflict', by: '张三', at: 1_700_000_000_000, state: 'claimed', version: 3 });
    const first = await act(id, 'claim', {}, { 'idempotency-key': 'c-1' });
    answer = fine;
    const second = await act(id, 'claim', {}, { 'idempotency-key': 'c-1' });
    expect([second.status, second.body]).toEqual([409, first.body]);
    answer = () => Promise.reject(new Error('boom: secret detail'));
    const broken = await act(id, 'claim', {}, { 'idempotency-key': 'c-2' });
    expect([broken.status, broken.body.error.code]).toEqual([500, 'E_INTERNAL']);
    expect(broken.text).not.toContain('secret detail');
    expect(web.logs.join('')).toContain('secret detail');
    answer = fine;
    expect((await act(id, 'claim', {}, { 'idempotency-key': 'c-2' })).status).toBe(200);
  });

  it('says who was first and since when, by name [D4 W22]', async () => {
    const id = await web.alert();
    const userId = await realUser(web.t, '李四', 'operator');
    answer = async () => ({ kind: 'conflict', by: userId, at: 1_763_000_000_123, state: 'claimed', version: 3 });
    const { status, body } = await act(id, 'claim', { expectedVersion: 1 });
    expect([status, body.error]).toEqual([409, { code: 'E_CONFLICT', message: '李四 was first.', by: '李四', at: 1_763_000_000_123, state: 'claimed', version: 3 }]);
    expect(await web.t.db.query(`select result from audit where target = $1`, [`alert:${id}`])).toEqual([{ result: 'conflict' }]);
  });

  it('closes nothing without an outcome; passes on what else is missing [C4 C5]', async () => {
    const id = await web.alert();
    const without = await act(id, 'close', { note: 'x' });
    expect([without.status, without.body.error.fields]).toEqual([422, [{ field: 'outcome', expected: expect.stringContaining('R1, R2') }]]);
    expect((await act(id, 'close', { outcome: 'Z9', note: 'x' })).status).toBe(422);
    expect((await act(id, 'close', { outcome: 'F1' })).body.error.fields[0].field).toBe('note');
    expect(asked).toHaveLength(0);
    answer = async () => ({ kind: 'invalid', fields: [{ field: 'note', expected: 'a recorded contact' }] });
    expect((await act(id, 'close', { outcome: 'F1', note: '' })).body.error).toEqual({ code: 'E_INVALID', message: 'Missing or wrong: note.', fields: [{ field: 'note', expected: 'a recorded contact' }] });
  });

  it('writes every action into the audit, with its trace in the log [W21 G3]', async () => {
    const id = await web.alert();
    await act(id, 'claim', {});
    await act(id, 'notes', { note: '家属电话打不通' });
    const rows = await web.t.db.query<{ action: string; detail: { trace: string } }>('select action, actor, detail from audit where target = $1 order by id', [`alert:${id}`]);
    expect(rows.map((r) => r.action)).toEqual(['alert.claim', 'alert.note']);
    expect(web.logs.some((line) => line.includes(rows[0]?.detail.trace ?? '-') && line.includes(`"alertId":"${id}"`))).toBe(true);
    expect(JSON.stringify(rows)).not.toContain('打不通');
  });
});

describe('reveal', () => {
  it('opens the case in plain text and puts it on record before it answers [W10 W21]', async () => {
    const id = await web.alert();
    const { body } = await act(id, 'reveal', {});
    expect(body).toMatchObject({
      person: { name: '陈金水', phone: '15404250001', healthNote: '高血压' }, home: { address: '陈金水家下厝角12号', landmark: '门前柿子树', roadEnd: '村部', walkMinutes: 6, dog: true },
      candidates: [{ party: 'contact:c1', name: '郭德发', phone: '15404250101', keyHolder: true }, { party: 'responder:r1', name: '王玉兰' }],
    });
    // Who was called has a page of his own; its address is shown with the revealed case only.
    await web.t.db.query(`insert into slip (party, no, alert_id, code, created_at) values ('contact:c1', 27, $1, 'codeofc1', anling_now())`, [id]);
    expect((await act(id, 'reveal', {})).body.candidates.map((c: { link: string | null }) => c.link)).toEqual([expect.stringMatching(/^http.*\/j\/codeofc1$/), null]);
    expect((await web.fetch(`/api/v1/alerts/${id}`)).text).not.toContain('codeofc1');
    expect(await web.t.db.query('select distinct action, result, detail from audit where target = $1', [`alert:${id}`])).toMatchObject([{ action: 'alert.reveal', result: 'ok', detail: { personId: 'p1', homeId: 'h1' } }]);
    expect(web.logs.join('')).not.toMatch(/陈金水|15404250001/);
  });

  it('opens nothing when it cannot be put on record', async () => {
    const id = await web.alert();
    await web.t.db.query('alter table audit_head rename to audit_head_away');
    try {
      const { status, text } = await act(id, 'reveal', {});
      expect(status).toBe(500);
      expect(text).not.toContain('陈金水');
    } finally { await web.t.db.query('alter table audit_head_away rename to audit_head'); }
  });
});

describe('status strip', () => {
  it('counts what is open, waits and was answered, by scope, tests not counted [D10]', async () => {
    await web.t.db.query(`delete from slip`);
    await web.t.db.query(`delete from alert_log`);
    await web.t.db.query(`delete from timer`);
    await web.t.db.query(`delete from alert`);
    const quick = await web.alert();
    await web.t.db.query(`update alert set first_human_at = opened_at + interval '40 s' where id = $1`, [quick]);
    const slow = await web.alert();
    await web.t.db.query(`update alert set first_human_at = opened_at + interval '170 s', state = 'claimed' where id = $1`, [slow]);
    const test = await web.alert();
    await web.t.db.query(`update alert set flags = '{test}', state = 'claimed' where id = $1`, [test]);
    await web.alert({ priority: 2, kind: 'bed-exit' });
    const body = (await web.fetch('/api/v1/status', { cookie: await web.cookie('viewer') })).body;
    expect(body).toMatchObject({
      open: { 1: 3, 2: 1, 3: 0, 4: 0 }, oldestUnclaimed: { id: quick, kind: 'sos', priority: 1 }, answer: { day: { count: 2, within60s: 1, within180s: 2, unanswered: 0, p50Ms: 105_000 } },
      gateway: { kind: 'standin', realPhones: false, danger: true, demo: false }, outbox: { due: 0, unknown: 0 },
    });
  });

  it('counts and lists the people who cannot be heard: silent, or presumed so in an outage; not those who are away [F5]', async () => {
    const { db, seal } = web.t;
    await db.query(`insert into device (id, model, home_id, secret_hash) values ('d1', 'fall-radar', 'h1', $1), ('d2', 'sos-button', 'h2', $1)`, [seal.secretHash('x')]);
    await db.query(`insert into presence (device_id, state, check_at, last_seen_at, silent_at) values ('d1', 'silent', anling_now(), anling_now() - interval '5 min', anling_now() - interval '2 min'), ('d2', 'online', anling_now() + interval '1 day', anling_now() - interval '1 hour', null)`);
    const unheard = async (): Promise<[number, string[]]> => {
      const cookie = await web.cookie('operator');
      const { people } = (await web.fetch('/api/v1/status/cannot-hear', { cookie })).body as { people: { name: string; presumed: boolean }[] };
      return [(await web.fetch('/api/v1/status', { cookie })).body.cannotHear, people.map((p) => `${p.name}${p.presumed ? '?' : ''}`)];
    };
    expect(await unheard()).toEqual([1, ['陈*水']]);
    await db.query(`insert into outage (subject_type, subject_id, region_code, scope_from, scope_to, cause, from_at, trace, ingest_id) values ('region', $1, $1, '350425000000', '350425999999', 'unknown', anling_now() - interval '10 min', 't', gen_random_uuid())`, [county]);
    await db.query(`insert into presumed (outage_id, device_id) select id, 'd2' from outage`);
    expect((await unheard())[1].toSorted()).toEqual(['林*英?', '陈*水']);
    await db.query(`update person set mode = 'evacuated', mode_until = anling_now() + interval '1 day' where id = 'p1'`);
    expect(await unheard()).toEqual([1, ['林*英?']]);
  });

  it('is not ready while real elders are on file and no real phone rings [RF18]', async () => {
    const ready = await web.fetch('/readyz');
    expect([ready.status, JSON.stringify(ready.body)]).toEqual([503, expect.stringContaining('no real phone rings')]);
    const real = await testWeb({ t: web.t, settings: { gateway: 'http' } });
    try { expect((await real.fetch('/readyz')).status).toBe(200); } finally { await real.stop(); }
  });
});
