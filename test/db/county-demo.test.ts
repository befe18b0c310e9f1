/** The demonstration county in a real database: whole or not at all, marked, kept apart from what is real, removed without a trace. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import datian from '#core/datian-regions.json' with { type: 'json' };
import { makeDemoCounty } from '#core/demo.ts';
import { createSweep } from '#alerts/sweep.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { isDemoNumber } from '#core/provider.ts';
import { verifyAudit } from '#store/audit.ts';
import { findContacts } from '#store/contacts.ts';
import { ensurePlans, importRegions } from '#store/county-setup.ts';
import { hasDemoPeople, isUnused, loadDemo, makeDemoDevice, removeDemo } from '#store/demo.ts';
import { countNeverReported, listRegistered, replaceSecret } from '#store/device-registry.ts';
import { insertHomes } from '#store/homes.ts';
import { insertPeople, listPeople } from '#store/people.ts';
import { sqlState } from '#store/pool.ts';
import { readPlans } from '#store/plans.ts';
import { listResponders } from '#store/responders.ts';
import { hasRealPeople } from '#store/startup.ts';
import { countCannotHear } from '#store/county-status.ts';
import { beat } from '#store/nodes.ts';
import { presenceCounts } from '#store/outages.ts';
import { createUser, findLogin } from '#store/users.ts';
import { emptyHome, emptyPerson } from '#core/registry.ts';
import { tableNames } from '#test/harness/snapshot.ts';

const county = '350425000000';
const village = '350425201201';
let t: TestDatabase;
beforeEach(async () => { t = await testDatabase(); });
afterEach(() => t.close());

const counts = (...tables: string[]): Promise<number[]> => Promise.all(tables.map(count));
const count = async (sql: string): Promise<number> => Number((await t.db.query<{ n: string }>(`select count(*)::text as n from ${sql}`))[0]?.n);

describe('the demonstration county', () => {
  it('loads whole into an unused database, once, every row marked, with default plans for it', async () => {
    expect(await isUnused(t.db)).toBe(true);
    const both = await Promise.all([loadDemo(t.db, t.seal), loadDemo(t.db, t.seal)]);
    expect(both.filter(Boolean)).toHaveLength(1);
    await t.db.tx(ensurePlans);
    const made = makeDemoCounty();
    expect(await counts('region', 'station', 'home', 'person', 'contact', 'responder', 'device', 'presence')).toEqual(
      [299, 274, made.homes.length, 3_600, made.contacts.length, made.responders.length, made.devices.length, made.devices.length]);
    // 32.0 % as any list would count it: people of a home in which something is installed.
    expect(await count(`person p where exists (select from device d where d.home_id = p.home_id and d.status = 'installed')`)).toBe(1_152);
    for (const table of ['region', 'station', 'home', 'person', 'contact', 'responder', 'device', 'app_user']) {
      expect([table, await count(`${table} where demo`) > 0, await count(`${table} where not demo`)]).toEqual([table, true, 0]);
    }
    expect((await readPlans(t.db)).map((p) => [p.plan.id, p.scopeCode])).toEqual([['demo-fire', county], ['demo-p1', county], ['demo-p2', county]]);
    expect([await hasDemoPeople(t.db), await hasRealPeople(t.db)]).toEqual([true, false]);
    expect((await verifyAudit(t.db, t.seal)).ok).toBe(true);
  });

  it('does not come back into a database that somebody uses', async () => {
    await t.db.query(`insert into region (code, level, name) values ('350425000000', 'county', '大田县')`);
    expect(await loadDemo(t.db, t.seal)).toBe(false);
    expect(await count('person')).toBe(0);
  });

  it('holds no number that could ring, and gives nobody a password or a secret that is known [FF18 FF23 M2]', async () => {
    await loadDemo(t.db, t.seal);
    const page = { prefix: '', after: null, limit: 10_000, q: null };
    const people = (await listPeople(t.db, t.seal, { ...page, homeId: null, highRisk: null })).rows;
    const contacts = (await findContacts(t.db, t.seal, { ...page, personId: null })).rows;
    const responders = (await listResponders(t.db, t.seal, { ...page, role: null })).rows;
    const numbers = [...people.flatMap((p) => p.phone ?? []), ...contacts.map((c) => c.phone), ...responders.map((r) => r.phone)];
    expect(numbers.length).toBeGreaterThan(10_000);
    expect(numbers.filter((n) => !isDemoNumber(n))).toEqual([]);
    const users = await Promise.all(['operator1', 'leader1', 'viewer'].map((name) => findLogin(t.db, name)));
    expect(users.map((u) => u?.disabledAt !== null)).toEqual([true, true, true]);
    const again = await testDatabase();
    try {
      await loadDemo(again.db, again.seal);
      const hashes = async (x: TestDatabase) => (await x.db.query<{ hash: string }>(`select encode(secret_hash, 'hex') as hash from device order by id`)).map((r) => r.hash);
      const [one, two] = [await hashes(t), await hashes(again)];
      expect(new Set([...one, ...two]).size).toBe(one.length + two.length);
    } finally {
      await again.close();
    }
  });

  it('shows none of its devices as heard, and expects none to speak before somebody has its secret [B6]', async () => {
    await loadDemo(t.db, t.seal);
    const list = async (): Promise<string[]> => (await listRegistered(t.db, { prefix: '350425', after: null, limit: 5_000, q: null, homeId: null, personId: null, model: null, status: null, presence: null })).rows
      .map((d) => `${d.state} ${d.status} ${d.neverReported}`);
    expect(new Set(await list())).toEqual(new Set(['never installed false']));
    await beat(t.db, { id: 'edge-1', role: 'edge' });
    const sweep = createSweep({ db: t.db, seal: t.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
    await t.advance(3 * 86_400_000);
    expect(await sweep()).toMatchObject({ held: true, hearing: true, looked: 0, never: 0 });
    expect([await count('event'), await countNeverReported(t.db, ''), await countCannotHear(t.db)]).toEqual([0, [], []]);
    const shown = await presenceCounts(t.db);
    expect([shown.every((v) => v.online + v.offline + v.presumed === 0), shown.reduce((sum, v) => sum + v.never, 0)]).toEqual([true, (await list()).length]);
    await replaceSecret(t.db, 'demo-h01-radar', t.seal.secretHash('told'));
    await t.advance(300_000);
    expect(await sweep()).toMatchObject({ looked: 1, never: 1 });
    expect((await countNeverReported(t.db, '')).map((r) => r.count)).toEqual([1]);
  });

  it('makes a device for trying, in a demonstration home only', async () => {
    expect(await makeDemoDevice(t.db, t.seal, { model: 'sos-button', homeId: null })).toBeNull();
    await loadDemo(t.db, t.seal);
    const made = await makeDemoDevice(t.db, t.seal, { model: 'smoke', homeId: 'demo-h03' });
    expect(made).toMatchObject({ model: 'smoke', homeId: 'demo-h03' });
    const [row] = await t.db.query<{ secret_hash: Buffer; demo: boolean; status: string }>('select secret_hash, demo, status from device where id = $1', [made!.id]);
    expect([t.seal.secretMatches(made!.secret, row!.secret_hash), row!.demo, row!.status]).toEqual([true, true, 'installed']);
    expect(await makeDemoDevice(t.db, t.seal, { model: 'no-such', homeId: null })).toBeNull();
  });
});

describe('real and demonstration data', () => {
  const refused = async (work: () => Promise<unknown>): Promise<string | null> => work().then(() => null, (e: unknown) => `${sqlState(e)} ${(e as { constraint?: string }).constraint}`);

  it('never hang on each other: the database itself refuses it [FF18]', async () => {
    await loadDemo(t.db, t.seal);
    await insertHomes(t.db, t.seal, [{ ...emptyHome, id: 'real-home', regionCode: village, address: '真实地址', place: '真实', demo: false }]);
    await insertPeople(t.db, t.seal, [{ ...emptyPerson, id: 'real', homeId: 'real-home', name: '真人', highRisk: false, demo: false }]);
    expect(await refused(() => insertPeople(t.db, t.seal, [{ ...emptyPerson, id: 'x', homeId: 'demo-h01', name: '真人', highRisk: false, demo: false }]))).toBe('23514 demo_keeps_apart');
    expect(await refused(() => t.db.query(`update person set home_id = 'real-home' where id = 'demo-p01'`))).toBe('23514 demo_keeps_apart');
    expect(await refused(() => t.db.query(`update person set demo = false where id = 'demo-p01'`))).toBe('23514 demo_keeps_apart');
    expect(await refused(() => t.db.query(`update contact set person_id = 'real' where id = 'demo-c001'`))).toBe('23514 demo_keeps_apart');
    // A device is what it is bound to.
    await t.db.query(`update device set person_id = 'real', home_id = 'real-home' where id = 'demo-h01-sos'`);
    expect((await t.db.query(`select demo from device where id = 'demo-h01-sos'`))[0]).toEqual({ demo: false });
  });

  it('marks every message to a demonstration party, and no such message can be a real gateway’s [FF18 FF23]', async () => {
    await loadDemo(t.db, t.seal);
    const [alert] = await t.db.query<{ id: string }>(
      `insert into alert (kind, priority, state, subject_type, subject_id, opened_at, last_raised_at, trace, demo) values ('sos', 1, 'open', 'number', 'x', anling_now(), anling_now(), 't', false) returning id`);
    const send = (party: string, outId: string) => t.db.query<{ demo: boolean }>(
      `insert into outbox (out_id, alert_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, trace) values ($1, $2, $3, 'sms', 'sos', '\\x00', '\\x00', '\\x00', 1, anling_now(), 't') returning demo`, [outId, alert!.id, party]);
    expect((await send('responder:demo-seat-1', 'o1'))[0]).toEqual({ demo: true });
    expect((await send('contact:demo-c001', 'o2'))[0]).toEqual({ demo: true });
    expect((await send('responder:nobody', 'o3'))[0]).toEqual({ demo: false });
    expect(await refused(() => t.db.query(`update outbox set provider = 'aliyun' where out_id = 'o1'`))).toBe('23514 outbox_demo_stays');
    await t.db.query(`update outbox set provider = 'standin' where out_id = 'o1'`);
    await t.db.query(`update outbox set provider = 'aliyun' where out_id = 'o3'`);
  });

  it('part without a trace: what is real stays with its regions, everything else goes', async () => {
    await loadDemo(t.db, t.seal);
    await t.db.tx(ensurePlans);
    await createUser(t.db, { username: 'admin', passwordHash: 'x', role: 'admin', scopeCode: county, displayName: '系统管理员' });
    await insertHomes(t.db, t.seal, [{ ...emptyHome, id: 'real-home', regionCode: village, address: '真实地址', place: '真实', demo: false }]);
    await insertPeople(t.db, t.seal, [{ ...emptyPerson, id: 'real', homeId: 'real-home', name: '真人', highRisk: false, demo: false }]);
    const [alert] = await t.db.query<{ id: string }>(
      `insert into alert (kind, priority, state, subject_type, subject_id, person_id, home_id, opened_at, last_raised_at, trace, demo) values ('sos', 1, 'open', 'person', 'demo-p01', 'demo-p01', 'demo-h01', anling_now(), anling_now(), 't', true) returning id`);
    await t.db.query(`insert into timer (alert_id, slot, due_at) values ($1, 'plan', anling_now())`, [alert!.id]);
    await t.db.query(`insert into alert_log (alert_id, actor_type, actor_id, action) values ($1, 'system', 'x', 'opened')`, [alert!.id]);
    await t.db.query(`insert into feed (seq, type, alert_id, payload) values (1, 'alert', $1, '{}')`, [alert!.id]);
    await t.db.query(`insert into event (ingest_id, shard, urgency, device_id, home_id, source, kind, received_at, trace) values (gen_random_uuid(), 1, 1, 'demo-h01-sos', 'demo-h01', 'mqtt', 'sos', anling_now(), 't')`);
    await t.db.query(`insert into reach (party, phone_bidx, day_at, day_how) select 'responder:' || id, phone_bidx, anling_now(), 'sms' from responder order by id limit 2`);
    await t.db.query(`insert into number_task (party, phone_bidx, region_code, reason) select 'responder:' || id, phone_bidx, region_code, 'failed' from responder order by id limit 2`);
    await t.db.query(`insert into ring_test (party, kind, week, channel, out_id, give_up_at) select 'responder:' || id, 'day', '2026-11-23', 'sms', 'o1', anling_now() from responder order by id limit 2`);
    await t.db.query(`insert into reach_gap (region_code) select code from region where level = 'village' order by code limit 5`);
    await t.db.query(`with d as (insert into drill (name, kind, region_code, started_by, demo) select '演练', 'sos', region_code, 'house', true from home where id = 'demo-h01' returning id, region_code) insert into drill_case (drill_id, home_id, region_code, no, plan, begins_at, due_at) select id, 'demo-h01', region_code, 10, '{}', anling_now(), anling_now() from d`);
    const gone = await removeDemo(t.db, t.seal);
    expect(gone).toMatchObject({ reach: 2, number_task: 2, ring_test: 2, drill: 1 });
    expect(gone).toMatchObject({ home: makeDemoCounty().homes.length, person: 3_600, alert: 1, timer: 1, event: 1, app_user: 3 });
    for (const table of await tableNames(t.db)) {
      const [has] = await t.db.query(`select 1 from information_schema.columns where table_name = $1 and column_name = 'demo'`, [table]);
      if (has) expect([table, await count(`${table} where demo`)]).toEqual([table, 0]);
    }
    expect((await t.db.query<{ code: string }>('select code from region order by code')).map((r) => r.code)).toEqual([county, '350425201000', village]);
    expect([await count('person'), await count('home'), await count('app_user'), await count('plan'), await count('feed')]).toEqual([1, 1, 1, 3, 1]);
    expect(await removeDemo(t.db, t.seal)).toEqual({});
    expect((await verifyAudit(t.db, t.seal)).ok).toBe(true);
  });
});

describe('a county of its own', () => {
  it('begins with default plans for everywhere and no people, and takes in its regions from a file, again without harm', async () => {
    await t.db.tx(ensurePlans);
    expect((await readPlans(t.db)).map((p) => p.scopeCode)).toEqual(['000000000000', '000000000000', '000000000000']);
    expect(await t.db.tx((sql) => importRegions(sql, datian))).toEqual({ created: 299, total: 299 });
    await t.db.query(`update region set lat = 25.9, lon = 117.6 where code = $1`, [village]);
    const renamed = { ...datian, towns: datian.towns.map((town) => ({ ...town, villages: town.villages.map((v) => (v.code === village ? { ...v, name: '新名村委会' } : v)) })) };
    expect(await t.db.tx((sql) => importRegions(sql, renamed))).toEqual({ created: 0, total: 299 });
    expect((await t.db.query('select name, lat, demo from region where code = $1', [village]))[0]).toEqual({ name: '新名村委会', lat: 25.9, demo: false });
    await t.db.query('delete from plan');
    await t.db.tx(ensurePlans);
    expect(await count('plan')).toBe(0);
  });
});
