/** The demonstration's time machine: what goes along with a jump, what is heard before it, and everything that refuses it (ADR 0014). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStandin, type Standin } from '#simulators/standin/server.ts';
import { removeDemo } from '#store/demo.ts';
import { createToken } from '#store/tokens.ts';
import { connectDevice, makeDevice, startTestEdge, type TestEdge, topic } from '#test/harness/edge.ts';
import { county, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let standin: Standin;
let edge: TestEdge;
let cookie: string;
type Answer = Awaited<ReturnType<Web['fetch']>>;
const jump = (advanceMs: unknown, as: string | undefined = cookie): Promise<Answer> => web.fetch('/api/v1/demo/clock', { method: 'POST', cookie: as, body: { advanceMs } });
const one = async (select: string): Promise<number> => Number(Object.values((await web.t.db.query(`select ${select}`))[0] ?? {})[0]);

beforeAll(async () => {
  standin = await startStandin({ port: 0, key: { id: 'k', secret: 's' }, hooks: null });
  web = await testWeb({ more: () => ({ standinUrl: standin.url }) });
  for (const table of ['home', 'person', 'contact', 'responder']) await web.t.db.query(`update ${table} set demo = true`);
  cookie = await web.cookie('admin');
  edge = await startTestEdge(web.t);
});
afterAll(async () => { await edge.stop(); await web.stop(); await standin.close(); });

describe('a jump', () => {
  it('takes along beats, consoles, sessions, tokens and leases; deadlines come due; the stand-in follows; it is audited [FF4]', async () => {
    const { db } = web.t;
    await createToken(db, { hash: Buffer.from('t'), name: 'sim', role: 'admin', scopeCode: county, createdBy: 'test', lifeMs: 3_600_000 });
    await db.query(`insert into node (id, role, started_at, beat_at) values ('e1', 'edge', anling_now(), anling_now())`);
    const alert = await web.alert();
    await db.query(`insert into outbox (out_id, alert_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, state, lease_until, trace, demo)
      values ('x1', $1, 'responder:r1', 'sms', 'sos', '\\x00', '\\x00', '\\x00', 1, anling_now(), 'sending', anling_now() + interval '12 seconds', 't', true)`, [alert]);
    const before = await one('extract(epoch from anling_now())');
    const answer = await jump(3_000_000);
    expect(answer.status).toBe(200);
    expect(answer.body.aheadMs).toBe(3_000_000);
    expect(answer.body.now / 1000 - before).toBeCloseTo(3_000, -1);
    expect(await one(`extract(epoch from anling_now() - (select beat_at from node where id = 'e1'))`)).toBeLessThan(5);
    expect(await one(`extract(epoch from (select lease_until from outbox where out_id = 'x1') - anling_now())`)).toBeGreaterThan(5);
    expect(await one(`extract(epoch from (select expires_at from api_token where name = 'sim') - anling_now())`)).toBeGreaterThan(3_500);
    expect(await one(`count(*) from timer where alert_id = ${alert} and due_at < anling_now()`)).toBe(1);
    expect(standin.state.clock.now() / 1000 - before).toBeCloseTo(3_000, -1);
    for (let hours = 0; hours < 26; hours++) expect((await jump(3_600_000)).status).toBe(200); // longer than any session lives
    expect(await one(`count(*) from audit where action = 'demo.clock'`)).toBe(27);
    await db.query(`delete from outbox`);
    await db.query(`delete from node where id = 'e1'`);
  });

  it('has every sign of life written down before it, however often the device speaks [FF4]', async () => {
    const device = await makeDevice(web.t.db, web.t.seal, { homeId: 'h1' });
    await web.t.db.query('update device set demo = true');
    await web.t.db.query(`insert into node (id, role, started_at, beat_at) values ('e2', 'edge', anling_now(), anling_now())`);
    const client = await connectDevice(edge, device);
    const seenAge = `extract(epoch from anling_now() - (select last_seen_at from presence where device_id = '${device.id}'))`;
    for (let minute = 0; minute < 5; minute++) {
      await client.publishAsync(topic(device, 'heartbeat'), '{}', { qos: 1 });
      expect((await jump(60_000)).status).toBe(200);
      expect(await one(seenAge)).toBeGreaterThan(59);
      expect(await one(seenAge), 'not coalesced over the jump').toBeLessThan(65);
    }
    await client.endAsync(true);
  });

  it('is not held up by a door that does not answer [FF4]', async () => {
    await web.t.db.query(`insert into node (id, role, started_at, beat_at) values ('dead', 'edge', anling_now(), anling_now())`);
    expect((await jump(1_000)).status).toBe(200);
    await web.t.db.query('delete from node');
  });
});

describe('refused', () => {
  it('is who is no administrator, and what is no bounded step forward [W9]', async () => {
    expect((await jump(1_000, await web.cookie('operator'))).status).toBe(403);
    for (const wrong of [0, -1, 3_600_001, 1.5, '60']) expect((await jump(wrong)).status, String(wrong)).toBe(422);
  });

  it.each(['home', 'person', 'contact', 'responder', 'device'])('is a house with one real %s: 409 names it [FF18]', async (table) => {
    const real = table === 'home' ? [`insert into home (id, region_code, address_enc, place_enc) values ('real', '${county}', '\\x00', '\\x00')`]
      : table === 'person' ? [`insert into person (id, name_enc, name_bidx) values ('real', '\\x00', '\\x00')`]
        : table === 'contact' ? [`insert into person (id, name_enc, name_bidx) values ('real', '\\x00', '\\x00')`, `insert into contact (id, person_id, ord, relation, name_enc, phone_enc, phone_bidx) values ('real', 'real', 1, 'family', '\\x00', '\\x00', '\\x00')`]
          : table === 'responder' ? [`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) values ('real', 'doctor', '${county}', '\\x00', '\\x00', '\\x00')`]
            : [`insert into device (id, model, secret_hash) values ('real', 'smoke', '\\x00')`];
    for (const row of real) await web.t.db.query(row);
    const answer = await jump(1_000);
    expect(answer.status).toBe(409);
    expect(answer.body.error.message).toContain(`1 ${table}`);
    for (const t of ['contact', 'device', 'responder', 'person', 'home']) await web.t.db.query(`delete from ${t} where id = 'real'`);
    expect((await jump(1_000)).status).toBe(200);
  });

  it('is a real gateway [FF18]', async () => {
    const other = await testWeb({ t: web.t, settings: { gateway: 'aliyun' } });
    const answer = await other.fetch('/api/v1/demo/clock', { method: 'POST', cookie, body: { advanceMs: 1_000 } });
    expect(answer.status).toBe(409);
    expect(answer.body.error.message).toContain('aliyun');
    await other.stop();
  });
});

describe('afterwards', () => {
  it('the removal of the demonstration sets the clock back to the database’s own [FF18]', async () => {
    expect(await one('(select offset_ms from clock_offset)')).toBeGreaterThan(0);
    await web.t.db.query('update region set demo = true');
    await removeDemo(web.t.db, web.t.seal);
    expect(await one('(select offset_ms from clock_offset)')).toBe(0);
    expect((await web.fetch('/api/v1/me', { cookie })).status).toBe(200);
  });
});
