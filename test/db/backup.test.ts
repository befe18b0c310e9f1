/** A backup is one moment, whole and checked; what comes back is what was there, and what was registered since comes back too. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { appendLines, readLines } from '#ops/append.ts';
import { makeBackup, readBackups } from '#store/backup.ts';
import { type Db, openDb } from '#store/pool.ts';
import { registrationLines, replayRegistrations } from '#store/registrations.ts';
import { restoreBackup } from '#store/restore.ts';
import { createSeal } from '#store/seal.ts';
import { checkKeys } from '#store/startup.ts';
import { verifyAudit } from '#store/audit.ts';
import { type EmptyDatabase, emptyDatabase, onServer, onTimescale } from '#test/harness/db.ts';
import { fillAs, fixtureKeys, migrationsFolder } from '#test/harness/fixture.ts';
import { tableNames } from '#test/harness/snapshot.ts';
import { testWeb, village, type Web } from '#test/harness/web.ts';

const folder = mkdtempSync(join(tmpdir(), 'anling-backup-'));
const emptied: EmptyDatabase[] = [];
let web: Web;

const empty = async (): Promise<EmptyDatabase> => { const made = await emptyDatabase(); emptied.push(made); return made; };
async function contents(db: Db, skip: readonly string[]): Promise<Record<string, { rows: number; sum: string }>> {
  const out: Record<string, { rows: number; sum: string }> = {};
  for (const table of await tableNames(db)) {
    if (skip.includes(table)) continue;
    const [row] = await db.query<{ rows: number; sum: string }>(`select count(*)::int as rows, coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as sum from "${table}" t`);
    out[table] = row as { rows: number; sum: string };
  }
  return out;
}
const nothing = (): void => {};

beforeAll(async () => {
  web = await testWeb({ settings: { data: folder } });
  const { db, seal } = web.t;
  await checkKeys(db, seal, 'test');
  await web.alert();
  await web.fetch('/api/v1/devices', { method: 'POST', cookie: await web.cookie('admin'), body: { model: 'sos-button', personId: 'p1' } });
  const [device] = await db.query<{ no: number }>('select no from device');
  await db.query(`insert into heartbeat (received_at, device_no, seq, battery) select anling_now() - n * interval '3 minutes', $1, n, 80 from generate_series(0, 4999) n`, [device!.no]);
  await db.query(`update person set health_note_enc = $1, language = E'a\\tb\\\\.\\n\\\\.\\nc' where id = 'p2'`, [seal.seal('person.health_note', '心脏病\n\\.\n')]); // what an end mark looks like
});
afterAll(async () => {
  await web.stop();
  for (const { drop } of emptied) await drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a backup', () => {
  it('comes back row for row into an empty database, readable with its keys, its audit unbroken; then numbers leap and life goes on [RF21]', async () => {
    const { db, url, seal } = web.t;
    const before = await contents(db, ['setting', 'feed_counter', 'schema_migration']);
    const made = await makeBackup(db, url, folder, 'test');
    expect(made).toMatchObject({ file: expect.stringMatching(/anling-\d{8}-\d{6}\.backup\.gz$/), schema: readdirSync(migrationsFolder).length });
    expect([made.rows > 5_000, statSync(made.file).size, statSync(made.file).mode & 0o777]).toEqual([true, made.bytes, 0o600]);
    expect((await readBackups(db)).history[0]).toMatchObject({ file: made.file, rows: made.rows, bytes: made.bytes });
    const to = await empty();
    const read = await restoreBackup(to.db, to.url, made.file, nothing);
    expect(read.rows).toBe(made.rows);
    expect(await contents(to.db, ['setting', 'feed_counter', 'schema_migration'])).toEqual(before);
    for (const { name, note } of await to.db.query<{ name: Buffer; note: Buffer }>('select name_enc as name, health_note_enc as note from person')) expect([seal.open('person.name', name), seal.open('person.health_note', note)]).not.toContain('');
    expect(await verifyAudit(to.db, seal)).toMatchObject({ ok: true });
    await checkKeys(to.db, seal, 'test');
    await expect(checkKeys(to.db, createSeal({ ...web.t.keys, pepper: randomBytes(32) }), 'other')).rejects.toThrow(/does not belong/);
    // The triggers work again, a browser must ask anew, and no number given since the backup is given a second time.
    await expect(to.db.query('delete from audit')).rejects.toThrow(/append-only/);
    expect(await to.db.query('select epoch from feed_counter')).not.toEqual(await db.query('select epoch from feed_counter'));
    const [next] = await to.db.query<{ id: string }>(`insert into event (ingest_id, shard, urgency, source, kind, received_at, trace) values (gen_random_uuid(), 0, 1, 'mqtt', 'sos', anling_now(), 't') returning id`);
    expect(Number(next?.id)).toBeGreaterThan(limits.restoreLeap);
    if (!onTimescale()) expect(await to.db.query('select count(*)::int as n from heartbeat_rest')).toEqual([{ n: 0 }]);
  });

  it('is refused where a county is, where a house runs, and from a file that is damaged, cut off, or none; the empty database stays empty [RF21]', async () => {
    const { db, url } = web.t;
    const { file } = await makeBackup(db, url, folder, 'test').catch(async () => ({ file: (await readBackups(db)).history[0]!.file }));
    await expect(restoreBackup(db, url, file, nothing)).rejects.toThrow(/running house are open|holds a county already/);
    const to = await empty();
    const bytes = readFileSync(file);
    const text = gunzipSync(bytes).toString('utf8');
    const bad = join(folder, 'bad.gz');
    for (const [what, content, why] of [
      ['cut off', bytes.subarray(0, bytes.length - 400), /no whole backup/], ['no gzip', Buffer.from('hello'), /no whole backup/],
      ['one figure changed', gzipSync(text.replace('\t80\t', '\t81\t')), /checksum/], ['a row lost', gzipSync(text.replace(/\n[^\n{}]*\t80\t[^\n]*\n/, '\n')), /heartbeat has 4999 rows and should have 5000/],
      ['without its end', gzipSync(text.slice(0, text.lastIndexOf('{"end"'))), /ends in the middle/], ['newer', gzipSync(text.replace('"format":1', '"format":2')), /format 1/],
    ] as const) {
      writeFileSync(bad, content);
      await expect(restoreBackup(to.db, to.url, bad, nothing), what).rejects.toThrow(why);
    }
    await expect(restoreBackup(to.db, to.url, join(folder, 'none'), nothing)).rejects.toThrow(/ENOENT/);
    await expect(restoreBackup(to.db, to.url, file, () => { throw new Error('not its keys'); })).rejects.toThrow('not its keys');
    expect(await tableNames(to.db)).toEqual([]);
    const house = openDb({ url: to.url, max: 1, name: 'web' });
    await house.query('select 1');
    await expect(restoreBackup(to.db, to.url, file, nothing)).rejects.toThrow(/1 connection\(s\) of a running house/);
    await house.close();
  });

  it('is made and brought back by an ordinary role that owns its database, as a provider of databases gives it', async () => {
    const { file } = (await readBackups(web.t.db)).history[0]!;
    const role = `anling_r_${randomBytes(4).toString('hex')}`;
    const to = await empty();
    await to.db.query(`create role ${role} login password 'test' nosuperuser`);
    await onServer(inject('serverUrl'), (server) => server.query(`alter database "${new URL(to.url).pathname.slice(1)}" owner to ${role}`));
    const url = Object.assign(new URL(to.url), { username: role, password: 'test' }).href;
    const own = openDb({ url, max: 2, name: 'admin', statementMs: 60_000 });
    const read = await restoreBackup(own, url, file, nothing);
    const again = await makeBackup(own, url, mkdtempSync(join(folder, 'role-')), 'test');
    expect([read.rows > 5_000, again.rows]).toEqual([true, read.rows]);
    await own.close();
    await to.db.query(`reassign owned by ${role} to current_user`);
    await to.db.query(`drop owned by ${role}`);
    await to.db.query(`drop role ${role}`);
  });

  it('keeps the newest only, says when one failed, and leaves no half file', async () => {
    const { db, url, advance } = web.t;
    const mine = mkdtempSync(join(folder, 'many-'));
    writeFileSync(join(mine, 'anling-20200101-000000.backup.part'), '');
    writeFileSync(join(mine, 'notes.txt'), '');
    for (let n = 0; n < limits.backupsKept; n++) writeFileSync(join(mine, `anling-202001${String(n + 10)}-000000.backup.gz`), '');
    await advance(2_000);
    expect((await makeBackup(db, url, mine, 'test')).removed).toEqual(['anling-20200110-000000.backup.gz']);
    expect(readdirSync(mine).filter((name) => !name.endsWith('.gz'))).toEqual(['notes.txt']);
    await expect(makeBackup(db, url, join(mine, 'gone'), 'test')).rejects.toThrow(/ENOENT/);
    expect(await readBackups(db)).toMatchObject({ history: [{}, {}, {}], failed: { why: expect.stringContaining('ENOENT') } });
  });

  it('of the release v0.1.0 comes back and is taken to the present schema, its names readable [RF21]', async () => {
    const then = await empty();
    const { schema } = await fillAs('v0.1.0', then.url, then.db);
    const { file } = await makeBackup(then.db, then.url, folder, '0.1.0');
    const to = await empty();
    const read = await restoreBackup(to.db, to.url, file, nothing);
    expect([read.head.schema, read.head.version]).toEqual([schema, '0.1.0']);
    expect(await to.db.query('select max(no) as no from schema_migration')).toEqual([{ no: readdirSync(migrationsFolder).length }]);
    for (const table of ['event', 'alert', 'outbox', 'person', 'device', 'audit']) expect([table, await to.db.query(`select count(*)::int as n from "${table}"`)]).toEqual([table, await then.db.query(`select count(*)::int as n from "${table}"`)]);
    const { seal } = fixtureKeys('v0.1.0');
    for (const { name } of await to.db.query<{ name: Buffer }>('select name_enc as name from person')) expect(seal.open('person.name', name)).not.toBe('');
  });
});

describe('the copies of registrations', () => {
  it('hold, sealed and private, whoever was registered since, with home, person and contacts; the last word of each counts [FF24 RF21]', async () => {
    const { db, url, seal, advance } = web.t;
    const copies = join(folder, 'registrations.jsonl');
    await advance(2_000);
    const { file } = await makeBackup(db, url, folder, 'test');
    await advance(120_000);
    const admin = await web.cookie('admin');
    const post = async (path: string, body: unknown): Promise<{ id: string; secret: string }> => (await web.fetch(`/api/v1${path}`, { method: 'POST', cookie: admin, body })).body;
    const { id: homeId } = await post('/homes', { regionCode: village, address: '仙亭示范路8号' });
    const { id: personId } = await post('/people', { homeId, name: '俞开盛', phone: '13905987788' });
    await post('/contacts', { personId, relation: 'family', name: '俞木生', phone: '13905986655' });
    const button = await post('/devices', { model: 'sos-button', personId });
    const lost = await post('/devices', { model: 'sos-button', personId });
    await post(`/devices/${lost.id}/revoke`, {});
    const again = await post(`/devices/${button.id}/secret`, {});
    expect(statSync(copies).mode & 0o777).toBe(0o600);
    expect(readFileSync(copies, 'utf8')).not.toMatch(/俞|13905987788|仙亭/);
    expect(readFileSync(copies, 'utf8')).not.toContain(again.secret);
    const to = await empty();
    const { head } = await restoreBackup(to.db, to.url, file, nothing);
    appendLines(copies, ['{"at":17', JSON.stringify({ at: head.at + 1, id: 'spoiled', sealed: 'AAAA' })], limits.registrationBytes);
    const replayed = await replayRegistrations(to.db, seal, readLines(copies), head.at);
    expect(replayed).toMatchObject({ registered: [button.id, lost.id], refused: [{ id: 'spoiled', why: expect.stringContaining('registration.line') }], unreadable: 1 });
    const [device] = await to.db.query<{ hash: Buffer; person: string; region: string; state: string; due: boolean }>(
      `select d.secret_hash as hash, d.person_id as person, d.region_code as region, p.state, p.check_at < 'infinity' as due from device d join presence p on p.device_id = d.id where d.id = $1`, [button.id]);
    expect(seal.secretMatches(again.secret, device!.hash)).toBe(true);
    expect(device).toMatchObject({ person: personId, region: village, state: 'never', due: true });
    expect(await to.db.query('select status from device where id = $1', [lost.id])).toEqual([{ status: 'revoked' }]);
    const [person] = await to.db.query<{ name: Buffer; contact: Buffer }>('select p.name_enc as name, c.name_enc as contact from person p join contact c on c.person_id = p.id where p.id = $1', [personId]);
    expect([seal.open('person.name', person!.name), seal.open('contact.name', person!.contact)]).toEqual(['俞开盛', '俞木生']);
    expect((await replayRegistrations(to.db, seal, readLines(copies), head.at)).registered).toEqual([]); // safe to repeat
    expect(await verifyAudit(to.db, seal)).toMatchObject({ ok: true });
  });

  it('never refuse a registration: a disk that does is logged, without a name [FF24]', async () => {
    const blind = await testWeb({ settings: { data: join(folder, 'no', 'such', 'folder') } });
    const made = await blind.fetch('/api/v1/devices', { method: 'POST', cookie: await blind.cookie('admin'), body: { model: 'sos-button', personId: 'p1' } });
    expect(made.status).toBe(201);
    const [line] = blind.logs.filter((text) => text.includes('the copy of a registration could not be written'));
    expect(line).toMatch(new RegExp(`ENOENT.*${made.body.id}`));
    expect(line).not.toMatch(/陈金水|1540425/);
    await blind.stop();
  });

  it('are set aside when they grow too long, and still read', async () => {
    const file = join(folder, 'long.jsonl');
    appendLines(file, ['a'.repeat(50)], 40);
    appendLines(file, ['b'], 40);
    expect([readLines(file), readFileSync(file, 'utf8')]).toEqual([['a'.repeat(50), 'b'], 'b\n']);
    expect(await registrationLines(web.t.db, web.t.seal, ['nobody'])).toEqual([]);
  });
});
