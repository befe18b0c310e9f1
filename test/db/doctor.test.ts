/** The doctor at a database: every question is asked of real rows, and each planted trouble is found. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '#config';
import type { DoctorLine } from '#core/doctor.ts';
import { createLog } from '#ops/log.ts';
import { packTowns, setPassphrase } from '#store/packs.ts';
import { freshPassphrase, makePack } from '#web/packs.ts';
import type { WebSettings } from '#web/context.ts';
import { databaseNow } from '#store/nodes.ts';
import { writeSetting } from '#store/settings.ts';
import { openSpool } from '#store/spool.ts';
import { saveTemplateChecks } from '#store/template-check.ts';
import { testWeb, town, type Web } from '#test/harness/web.ts';
import { examine } from '../../src/doctor.ts';

let web: Web;
const folder = mkdtempSync(join(tmpdir(), 'anling-doctor-'));
const tools = async (command: string): Promise<string | null> => (command === 'timedatectl' ? 'yes\n' : null);
const config = (more: Record<string, string> = {}) => readConfig([], { ANLING_DATA: folder, DATABASE_URL: web.t.url, ANLING_GATEWAY: 'aliyun', ...more });
const look = (more?: Record<string, string>): Promise<DoctorLine[]> => examine(config(more), tools);
const todo = async (more?: Record<string, string>): Promise<string[]> => (await look(more)).filter((l) => l.mark === 'attention').map((l) => l.id);
const line = async (id: string): Promise<DoctorLine | undefined> => (await look()).find((l) => l.id === id);
const notOurs = (id: string): boolean => id === 'disk' || id === 'database';
const q = (text: string, values: unknown[] = []) => web.t.db.query(text, values);

/** Beats of all roles of another machine, a console that hears, a press that passed, a backup of today: what a healthy evening has. */
beforeAll(async () => {
  web = await testWeb();
  const { db, seal, keys } = web.t;
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ ...Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, typeof key === 'string' ? key : key.toString('base64')])) }));
  chmodSync(join(folder, 'keys.json'), 0o600);
  for (const role of ['edge', 'worker', 'web', 'standby', 'auditor']) await q(`insert into node (id, role, started_at, beat_at, detail) values ($1, $2, anling_now(), anling_now() + interval '1 hour', '{"version":"1","listen":{"host":"elsewhere"}}')`, [`${role}-1`, role]);
  await web.cookie('operator');
  await q(`insert into console (tab_id, user_id, beat_at, visible, audio, last_seq) select 'tab', id, anling_now() + interval '1 hour', true, 'running', 0 from app_user limit 1`);
  await q(`insert into canary (device_id, secret_hash, secret_enc, run, next_at, ok_at) values ('canary-1', '\\x00', '\\x00', 1, anling_now() + interval '2 hours', anling_now()) on conflict (one) do update set run = 1, next_at = excluded.next_at, ok_at = excluded.ok_at`);
  await q(`update auditor set looked_at = anling_now() + interval '1 hour', outside = 'good', outside_at = anling_now() + interval '1 hour'`);
  await saveTemplateChecks(db, 'aliyun', [{ template: 'sos', code: 'SMS_1', state: 'approved' }]);
  for (const [id, role, region] of [['duty', 'town-duty', town], ['duty2', 'town-duty', '350425201000'], ['lead', 'duty-leader', '350425000000']])
    await q('insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) values ($1, $2, $3, $4, $5, $6)', [id, role, region, seal.seal('responder.name', '某'), seal.seal('responder.phone', `1540425030${id!.length}`), seal.blind('phone', String(id))]);
  const at = await databaseNow(db);
  const made = { at, file: join(folder, 'anling.backup.gz'), bytes: 5e6, rows: 9, schema: 13, databaseBytes: 1e6 };
  await writeSetting(db, 'backup', { history: [made, { ...made, at: at - 10 * 86_400_000 }], failed: null }, 'backup');
});
/** Both towns have a passphrase and a pack of tonight. */
async function fillPacks(): Promise<void> {
  const ctx = { db: web.t.db, seal: web.t.seal, log: createLog('test', 'fatal', () => {}), settings: { data: folder } as WebSettings };
  for (const at of await packTowns(web.t.db, '')) { await setPassphrase(web.t.db, web.t.seal, at.code, freshPassphrase(), 'user:u1'); await makePack(ctx, at); }
  await q(`update pack_key set set_at = anling_now() - interval '1 day'`);
}
beforeAll(fillPacks);
afterAll(async () => { await web.stop(); rmSync(folder, { recursive: true, force: true }); });

describe('the doctor at a database', () => {
  it('finds a healthy house well, and knows what it cannot know [FF24]', async () => {
    const lines = await look();
    // The disk of whoever runs this test, and how fast his database answers, are not ours to judge.
    expect(lines.filter((l) => l.mark !== 'good' && !notOurs(l.id)).map((l) => l.id)).toEqual(['apart', 'ups', 'balance']);
    expect(lines.find((l) => l.id === 'backup')).toMatchObject({ zh: expect.stringMatching(/前,5 MB$/) });
    expect(lines.find((l) => l.id === 'clock')?.en).toMatch(/offset 0 ms, -?\d+ ms from this machine's, synchronized/);
  });

  it('ends with 1 when something is to do, with 0 when nothing is', async () => {
    const command = (): { status: number | null; stdout: string } => spawnSync(process.execPath, ['src/doctor.ts'], { env: { ...process.env, ANLING_DATA: folder, DATABASE_URL: web.t.url, ANLING_GATEWAY: 'aliyun' }, encoding: 'utf8' });
    const healthy = command();
    const own = healthy.stdout.split('\n').filter((l) => l.startsWith('▲'));
    expect([healthy.status, own.filter((l) => !/磁盘|时钟|数据库 Database/.test(l))], healthy.stdout).toEqual([own.length === 0 ? 0 : 1, []]); // of the machine that runs this
    await q(`update console set audio = 'suspended'`);
    const ill = command();
    await q(`update console set audio = 'running'`);
    expect([ill.status, ill.stdout], ill.stdout).toEqual([1, expect.stringMatching(/▲ 要处理 +值班台 Consoles[^\n]*\n +→ 打开一个值班台[^\n]*\n +→ Open a console/)]);
  });

  it.each<[string, string, string, RegExp]>([
    ['villages', `update responder set opted_out_at = anling_now() where id = 'r2'`, `update responder set opted_out_at = null`, /1: 内洋村$/],
    ['gaps', `update responder set absent_until = anling_now() + interval '20 hours' where id = 'r1'`, `update responder set absent_until = null`, /1: 仙亭村 \(\d\d-\d\d \d\d:\d\d\)$/],
    ['towns', `update responder set role = 'seat' where id = 'duty2'`, `update responder set role = 'town-duty' where id = 'duty2'`, /1: 屏山乡$/],
    ['desk', `update responder set absent_until = anling_now() + interval '1 hour' where id = 'lead'`, `update responder set absent_until = null`, /^0 shift or duty leaders/],
    ['never', `with d as (insert into device (id, model, home_id, secret_hash, registered_at) values ('n1', 'fall-radar', 'h1', '\\x00', anling_now() - interval '1 day') returning id) insert into presence (device_id, state, check_at) select id, 'never', anling_now() + interval '1 day' from d`, `delete from device where id = 'n1'`, /^1 devices/],
    ['battery', `with d as (insert into device (id, model, home_id, secret_hash) values ('n2', 'sos-button', 'h1', '\\x00') returning id) insert into presence (device_id, state, check_at, low_battery) select id, 'online', anling_now() + interval '1 day', true from d`, `delete from device where id = 'n2'`, /^1 devices/],
    ['silent', `with d as (insert into device (id, model, home_id, secret_hash) values ('n3', 'sos-button', 'h1', '\\x00') returning id) insert into presence (device_id, state, check_at, silent_at) select id, 'offline', 'infinity', anling_now() from d`, `delete from device where id = 'n3'`, /^1 devices/],
    ['refused', `insert into unregistered (presented_id, reason, first_at, last_at, door) values ('x', 'unknown', anling_now(), anling_now(), 'mqtt')`, 'delete from unregistered', /^1 ids refused/],
    ['consoles', `update console set audio = 'suspended'`, `update console set audio = 'running'`, /^1 on duty, 0 can sound$/],
    ['canary', `update canary set failures = 3, failed = 'nobody sends its message (worker)'`, 'update canary set failures = 0', /nobody sends its message/],
    ['templates', `insert into template_check (template, gateway, state) values ('sign', 'aliyun', 'pending')`, `delete from template_check where template = 'sign'`, /^1 of 2/],
    ['balance', `insert into outbox (out_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, state, handled_at, error_code, trace) values ('unpaid', 'responder:r1', 'sms', 'sos', '\\x00', '\\x00', '\\x01', 1, anling_now(), 'failed', anling_now(), 'isv.AMOUNT_NOT_ENOUGH', 't')`, 'delete from outbox', /^out of money: 1 refused/],
    ['events', `insert into event (ingest_id, shard, urgency, source, kind, received_at, trace) values (gen_random_uuid(), 1, 1, 'mqtt', 'sos', anling_now() - interval '1 minute', 't')`, 'delete from event', /^1, the oldest [6-9]\d s$/],
    ['audit', `insert into finding (kind, ref) values ('timer-late', 'timer 1')`, 'delete from finding', /1 findings$/],
    ['audit', `update auditor set looked_at = anling_now() - interval '2 minutes'`, `update auditor set looked_at = anling_now() + interval '1 hour'`, /^looked 2 min ago/],
    ['outside', `update auditor set outside = 'failing'`, `update auditor set outside = 'good'`, /does not take it/],
    ['packs', `update pack_key set set_at = anling_now() + interval '1 hour' where region_code = '${town}'`, `update pack_key set set_at = anling_now() - interval '1 day'`, /^none of the last 36 h 1: 均溪镇$/],
    ['packs', `create table laid_aside as select * from pack_key; delete from pack_key`, `insert into pack_key select * from laid_aside; drop table laid_aside`, /^no passphrase 2: 均溪镇, 屏山乡$/],
    ['backup', `update setting set value = jsonb_set(value, '{history,0,at}', to_jsonb(extract(epoch from anling_now() - interval '30 hours') * 1000)) where key = 'backup'`, `update setting set value = jsonb_set(value, '{history,0,at}', to_jsonb(extract(epoch from anling_now()) * 1000)) where key = 'backup'`, /^30 h ago/],
  ])('finds trouble with %s in the rows, and that alone', async (id, plant, mend, said) => {
    await q(plant);
    try {
      expect((await todo()).filter((x) => !notOurs(x) && !(id === 'villages' && x === 'numbers'))).toEqual([id]);
      expect((await line(id))?.en).toMatch(said);
    } finally {
      await q(mend);
    }
  });

  it('finds a number that nothing reaches, a house that does not run, other keys, a stand-in before real elders', async () => {
    await q(`insert into outbox (out_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, state, handled_at, trace) select 'dead' || n, 'responder:r1', 'voice', 'voice-p1', '\\x00', '\\x00', '\\x01', 1, anling_now(), 'failed', anling_now(), 't' from generate_series(1, 2) n`);
    expect(await line('numbers')).toMatchObject({ mark: 'attention', en: expect.stringContaining('not reached of late: 1: 仙亭村 care-worker') });
    await q('delete from outbox');
    expect((await todo({ ANLING_GATEWAY: 'standin' })).filter((id) => !notOurs(id))).toEqual(['gateway']);
    await q(`update node set beat_at = anling_now() - interval '1 hour'`);
    expect(await line('house')).toMatchObject({ mark: 'attention', zh: '没有运行' });
    chmodSync(join(folder, 'keys.json'), 0o644);
    expect(await line('keys')).toMatchObject({ mark: 'attention', en: expect.stringContaining('can be read by others') });
  });

  it('looks into the spool without touching it: rows that wait, a file that cannot be read, a folder that cannot be written [A2]', async () => {
    const data = mkdtempSync(join(tmpdir(), 'anling-doctor-spool-'));
    const spool = async () => (await examine(config({ ANLING_DATA: data, ANLING_KEYS: join(folder, 'keys.json') }), tools)).find((l) => l.id === 'spool');
    expect(await spool()).toMatchObject({ mark: 'good', en: expect.stringMatching(/^writable, .* free; 0 files, 0 rows/) });
    const open = await openSpool({ folder: join(data, 'spool'), maxBytes: 64 * 1024 * 1024 });
    await open.append([{ lane: 'urgent', body: Buffer.from('x') }, { lane: 'heartbeat', body: Buffer.from('y') }]);
    expect(await spool()).toMatchObject({ mark: 'attention', zh: expect.stringContaining('待入库 2 条'), en: expect.stringMatching(/1 files, 2 rows/) });
    await open.remove('urgent', 1);
    await open.remove('heartbeat', 2);
    expect(await spool()).toMatchObject({ mark: 'good' });
    await open.close();
    writeFileSync(join(data, 'spool', 'edge-7.db'), 'no database');
    expect(await spool()).toMatchObject({ mark: 'attention', en: expect.stringMatching(/1 files cannot be read$/) });
    rmSync(data, { recursive: true, force: true });
  });

  it('says what it could not ask, and makes no house where there is none', async () => {
    const cut = await look({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    expect(cut.filter((l) => l.mark === 'attention' && l.id !== 'disk')).toMatchObject([{ id: 'database', zh: expect.stringContaining('ECONNREFUSED') }]);
    expect(cut.filter((l) => l.mark === 'unknown').length).toBeGreaterThan(20);
    const empty = await look({ DATABASE_URL: '' });
    expect(empty.find((l) => l.id === 'database')).toMatchObject({ mark: 'attention', zh: expect.stringContaining('There is no database') });
  });

  it('never names an elder', async () => { expect(JSON.stringify(await look())).not.toMatch(/陈金水|林秀英|1540425/); });
});
