/** Plans, quarantine and users as their pages use them: who would be called now, warnings at their lines, replay of many, the last administrator. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearable, medianOf, pace } from '#test/harness/pace.ts';
import { county, otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';
import { readPlans } from '#store/plans.ts';
import { clockTime } from '#core/clock.ts';
import { emergencyPlan } from '#core/plan.ts';

const replayed: string[] = [];
let web: Web;
let admin: string;
beforeAll(async () => {
  web = await testWeb({ more: () => ({ replay: async (id) => { replayed.push(id); return { result: Number(id) % 2 === 0 ? 'replayed' : 'still-unreadable' }; } }) });
  admin = await web.cookie('admin');
});
afterAll(() => web.stop());
const post = (path: string, body: unknown, cookie = admin) => web.fetch(`/api/v1/${path}`, { method: 'POST', cookie, body });
const body = { name: '急', kinds: emergencyPlan.kinds, scopeCode: county, steps: emergencyPlan.steps, roundS: 300, desk: emergencyPlan.desk };

describe('who would be called for this home now', () => {
  it('names the real people of this minute by the plan that holds there, masked, and why others are left out [FF9]', async () => {
    const { status, body: answer } = await post('plans/preview', { homeId: 'h1', kind: 'sos' }, await web.cookie('operator'));
    expect(status, JSON.stringify(answer)).toBe(200);
    expect(answer).toMatchObject({ planId: 'demo-p1', mostCalls: 1 });
    expect(answer.steps[0]).toMatchObject({ atS: 0, sends: [{ role: 'care-worker', name: '王*兰', channel: 'sms' }, { role: 'neighbour', name: '郭*发', channel: 'sms' }], skipped: [{ target: 'family-1', reason: 'nobody-in-role', name: null }] });
    expect(answer.steps[1].sends).toMatchObject([{ name: '王*兰', channel: 'voice' }]);
    await web.t.db.query(`update responder set absent_until = anling_now() + interval '1 day' where id = 'r1'`);
    expect((await post('plans/preview', { homeId: 'h1', kind: 'sos' })).body.steps[1]).toMatchObject({ sends: [], skipped: [{ target: 'care-worker', reason: 'absent', name: '王*兰' }] });
    await web.t.db.query(`update responder set absent_until = null where id = 'r1'`);
  });

  it('counts this round’s calls in the budget, for a plan that is only being written, and writes nothing [FF6]', async () => {
    const steps = [0, 10, 20, 30].map((atS) => ({ atS, actions: [{ target: 'care-worker', channel: 'voice' }] }));
    const { body: answer } = await post('plans/preview', { homeId: 'h1', kind: 'sos', plan: { ...body, steps } });
    expect(answer.mostCalls).toBe(3);
    expect(answer.steps[3]).toMatchObject({ sends: [], skipped: [{ reason: 'call-budget' }] });
    expect((await web.t.db.query('select count(*)::int as n from outbox'))[0]).toEqual({ n: 0 });
  });

  it('is about homes of one’s own only, and kinds that call people [W8]', async () => {
    expect((await post('plans/preview', { homeId: 'h1', kind: 'sos' }, await web.cookie('operator', otherTown))).status).toBe(404);
    expect((await post('plans/preview', { homeId: 'nowhere', kind: 'sos' })).status).toBe(404);
    expect((await post('plans/preview', { homeId: 'h1', kind: 'low-battery' })).body.error.fields).toEqual([{ field: 'kind', expected: expect.any(String) }]);
    expect((await post('plans/preview', { homeId: 'h1', kind: 'sos' }, await web.cookie('technician'))).status).toBe(403);
  });

  it('is asked of a home, a person or a device, for now or for the next 02:10; one of them, no more [2.4 E9]', async () => {
    await web.t.db.query(`insert into device (id, model, home_id, person_id, secret_hash) values ('dwho', 'sos-button', 'h1', 'p1', '\\x00')`);
    const asked = async (subject: object): Promise<{ at: number; steps: unknown; desk: unknown }> => { const { status, body: answer, text } = await post('plans/preview', { kind: 'sos', ...subject }); expect(status, text).toBe(200); return answer; };
    const [home, person, device] = [await asked({ homeId: 'h1' }), await asked({ personId: 'p1' }), await asked({ deviceId: 'dwho' })];
    expect([person.steps, device.steps]).toEqual([home.steps, home.steps]);
    expect(home.desk).toMatchObject([{ atS: 20, ring: 'other-seat' }, { atS: 60, ring: 'shift-leader' }, { atS: 120, ring: 'duty-leader' }]);
    const night = await asked({ homeId: 'h1', clock: '02:10' });
    expect([clockTime(night.at), night.at > home.at, night.at < home.at + 24 * 3_600_000]).toEqual(['02:10', true, true]);
    for (const subject of [{}, { homeId: 'h1', personId: 'p1' }]) expect((await post('plans/preview', { kind: 'sos', ...subject })).body.error.fields).toEqual([{ field: 'homeId', expected: 'one of homeId, personId and deviceId' }]);
    expect((await post('plans/preview', { kind: 'sos', deviceId: 'dwho' }, await web.cookie('operator', otherTown))).status).toBe(404);
  });

  it('who does not speak as she does is marked and comes after one who does; whose village is in an outage is passed over, with the reason [2.4 FF4]', async () => {
    const { db, seal } = web.t;
    const doctor = (id: string, ord: number, languages: string[], region = village): Promise<unknown> => db.query(
      `insert into responder (id, role, region_code, ord, name_enc, phone_enc, phone_bidx, languages) values ($1, 'doctor', $2, $3, $4, $5, $6, $7)`,
      [id, region, ord, seal.seal('responder.name', `${id}医`), seal.seal('responder.phone', `1540425777${ord}`), seal.blind('phone', `${id}777`), languages]);
    await doctor('md1', 1, ['后路话', '普通话']);
    await doctor('md2', 2, ['前路话']);
    const plan = { ...body, steps: [{ atS: 0, actions: [{ target: 'doctor', channel: 'sms' }] }] };
    const first = async (): Promise<{ sends: { party: string; strange?: boolean }[]; skipped: { reason: string }[] }> => (await post('plans/preview', { personId: 'p1', kind: 'sos', plan })).body.steps[0];
    await db.query(`update person set language = '前路话' where id = 'p1'`);
    expect((await first()).sends.map((s) => s.party)).toEqual(['responder:md2']);
    await db.query(`update person set language = '后路话' where id = 'p1'`);
    expect((await first()).sends.map((s) => s.party)).toEqual(['responder:md1']);
    await db.query(`update responder set absent_until = anling_now() + interval '1 day' where id = 'md1'`);
    expect((await first()).sends).toMatchObject([{ party: 'responder:md2', strange: true }]);
    await db.query(`insert into region (code, level, name, parent_code) values ($1, 'village', '邻一村委会', $3), ($2, 'village', '邻二村委会', $3)`, [`${town.slice(0, 9)}002`, `${town.slice(0, 9)}003`, town]);
    for (const [i, id] of ['near', 'far'].entries())
      await db.query(`insert into responder (id, role, region_code, ord, name_enc, phone_enc, phone_bidx) values ($1, 'care-worker', $2, 1, $3, $4, $5)`, [id, `${town.slice(0, 9)}00${i + 2}`, seal.seal('responder.name', `邻${i}`), seal.seal('responder.phone', `1540425888${i}`), seal.blind('phone', `888${i}`)]);
    const neighbours = { ...body, steps: [{ atS: 0, actions: [{ target: 'neighbour-villages', channel: 'sms' }] }] };
    const called = async (): Promise<{ party: string; cutOff?: boolean }[]> => (await post('plans/preview', { personId: 'p1', kind: 'sos', plan: neighbours })).body.steps[0].sends;
    expect((await called()).map((s) => s.party)).toEqual(['responder:near', 'responder:far']);
    await db.query(`insert into outage (ingest_id, subject_type, subject_id, region_code, scope_from, scope_to, cause, from_at, opened_at, trace) values (gen_random_uuid(), 'region', $1, $1, $1, $1, 'power', anling_now(), anling_now(), 't')`, [`${town.slice(0, 9)}002`]);
    expect(await called()).toMatchObject([{ party: 'responder:far' }, { party: 'responder:near', cutOff: true }]);
    await db.query(`delete from responder where id in ('md1', 'md2', 'near', 'far')`);
  });

  it('says at which line a warning belongs, in words [FF9]', async () => {
    const { body: answer } = await post('plans/lint', body);
    expect(answer.warnings.find((w: { code: string }) => w.code === 'nobody:town-duty')).toEqual({ code: 'nobody:town-duty', text: '没有乡镇值班室', fields: ['steps.4.actions.0'], n: 0 });
    expect((await post('plans/lint', { ...body, roundS: 100 })).body.error.fields).toEqual([{ field: 'roundS', expected: expect.stringContaining('180') }]);
  });
});

describe('a plan with conditions', () => {
  it('is kept with its hours, risk and priority, shown with its price, and warned of what never runs [E2 FF6]', async () => {
    const added = await post('plans', { id: 'night', ...body, hours: { from: '22:00', to: '06:00' }, risk: 'high', priority: 1 });
    expect(added.status, added.text).toBe(201);
    const { body: plan } = await web.fetch('/api/v1/plans/night', { cookie: admin });
    expect(plan).toMatchObject({ hours: { from: '22:00', to: '06:00' }, risk: 'high', priority: 1, price: { firstCallS: 30, lastRungS: 180, in5Min: { n: 1, allowed: 3 } } });
    expect((await readPlans(web.t.db)).find((p) => p.plan.id === 'night')?.plan).toMatchObject({ hours: { from: '22:00', to: '06:00' }, risk: 'high', priority: 1 });
    await web.t.db.query(`update person set high_risk = true where id = 'p1'`);
    for (const subject of [{ personId: 'p1' }, { homeId: 'h1' }]) expect((await post('plans/preview', { ...subject, kind: 'sos', clock: '02:10' })).body.planId).toBe('night');
    expect((await post('plans/preview', { personId: 'p1', kind: 'sos', clock: '12:00' })).body.planId).not.toBe('night');
    expect((await post('plans', { id: 'wrong', ...body, hours: { from: '25:00', to: '06:00' } })).status).toBe(422);
    expect((await web.fetch(`/api/v1/plans/night?version=1`, { method: 'DELETE', cookie: admin })).status).toBe(200);
  });
});

describe('quarantine', () => {
  beforeAll(async () => {
    await web.t.db.query(`insert into device (id, model, home_id, secret_hash) values ('dq1', 'sos-button', 'h1', '\\x00'), ('dq2', 'sos-button', 'h2', '\\x00')`);
    await web.t.db.query(`insert into quarantine (ingest_id, device_id, topic, raw_enc, bytes, reason, received_at, trace, replayed_at)
      select gen_random_uuid(), case when i % 2 = 0 then 'dq1' else 'dq2' end, 'care/v1/x/event', '\\x00', 5, case when i % 3 = 0 then 'not JSON' else 'unknown kind' end, anling_now(), 't', case when i > 240 then anling_now() end from generate_series(1, 250) i`);
  });
  const list = async (query: string, cookie = admin) => (await web.fetch(`/api/v1/quarantine?${query}`, { cookie })).body as { frames: { id: string; deviceId: string; reason: string; replayedAt: number | null }[]; next: string | null };

  it('is searched and filtered by device, reason and whether it was replayed, page by page [A10]', async () => {
    expect((await list('q=DQ1&limit=500')).frames).toHaveLength(125);
    expect((await list('reason=not%20JSON&replayed=open&limit=500')).frames.every((f) => f.reason === 'not JSON' && f.replayedAt === null)).toBe(true);
    expect((await list('replayed=done')).frames).toHaveLength(10);
    expect((await list('open=true&limit=500')).frames).toHaveLength(240);
    const first = await list('limit=100');
    const second = await list(`limit=200&cursor=${first.next}`);
    expect([first.frames.length, second.frames.length, second.next, new Set([...first.frames, ...second.frames].map((f) => f.id)).size]).toEqual([100, 150, null, 250]);
    expect((await web.fetch('/api/v1/quarantine/reasons', { cookie: admin })).body.reasons).toEqual([{ reason: 'unknown kind', open: 160, all: 167 }, { reason: 'not JSON', open: 80, all: 83 }]);
    expect((await list('limit=500', await web.cookie('operator', town))).frames.every((f) => f.deviceId === 'dq1')).toBe(true);
  });

  it('is replayed in bulk: the oldest first, in portions, only what is open, fits and is in scope; audited [A10]', async () => {
    const first = await post('quarantine/replay', { reason: 'unknown kind' });
    expect(first.body).toMatchObject({ tried: 100, next: expect.any(String), other: 0 });
    expect(replayed.map(Number)).toEqual([...replayed].map(Number).sort((a, b) => a - b));
    const second = await post('quarantine/replay', { reason: 'unknown kind', after: first.body.next });
    expect(second.body).toMatchObject({ tried: 60, next: null });
    expect(new Set(replayed).size).toBe(160);
    replayed.length = 0;
    expect((await post('quarantine/replay', {}, await web.cookie('technician', otherTown))).body.tried).toBeGreaterThan(0);
    const devices = await web.t.db.query<{ d: string }>('select distinct device_id as d from quarantine where id = any($1::bigint[])', [replayed]);
    expect(devices).toEqual([{ d: 'dq2' }]);
    expect((await post('quarantine/replay', {}, await web.cookie('operator'))).status).toBe(403);
    expect((await web.t.db.query(`select count(*)::int as n from audit where action = 'quarantine.replay-all'`))[0]).toEqual({ n: 3 });
  });

  it('answers the first page of 20,000 frames well under 200 ms', async () => {
    await web.t.db.query(`insert into quarantine (ingest_id, device_id, topic, raw_enc, bytes, reason, received_at, trace) select gen_random_uuid(), 'dq' || i % 3, 'care/v1/x/event', '\\x00', 5, 'empty', anling_now(), 't' from generate_series(1, 20000) i`);
    for (const query of ['', 'q=dq2', 'reason=unknown%20kind', 'replayed=done', 'q=nothing']) {
      const plain = await pace(5, async () => web.fetch('/api/v1/me', { cookie: await web.cookie('admin') }));
      const took = await pace(9, () => list(query));
      process.stdout.write(`    quarantine ${query || 'all'}: median ${medianOf(took).toFixed(0)} ms, slowest ${took[8]?.toFixed(0)} ms\n`);
      expect(medianOf(took), query).toBeLessThan(bearable(200, plain));
    }
  });
});

describe('users', () => {
  it('says why the last administrator stays, and which name is taken', async () => {
    const { users } = (await web.fetch('/api/v1/users', { cookie: admin })).body as { users: { id: string; role: string; version: number }[] };
    const own = users.find((u) => u.role === 'admin');
    const answer = await web.fetch(`/api/v1/users/${own?.id}`, { method: 'PATCH', cookie: admin, body: { version: own?.version, disabled: true } });
    expect([answer.status, answer.body.error.reason]).toEqual([409, 'last-admin']);
    const made = { username: 'chenhua', role: 'operator', scopeCode: otherVillage, displayName: '陈华' };
    expect((await post('users', made)).body.password).toMatch(/.{12,}/);
    expect((await post('users', made)).body.error).toMatchObject({ code: 'E_CONFLICT', reason: 'name-taken', fields: [{ field: 'username' }] });
    expect(village).toBe('350425100001');
  });
});
