/** What a start refuses, each in words that name what to do; roles alone, several times, against one database. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded } from '#store/embedded.ts';
import { openDb } from '#store/pool.ts';
import { livingNodes } from '#store/nodes.ts';
import { databaseUrl, onServer, testDatabase, type TestDatabase } from '#test/harness/db.ts';

const root = join(import.meta.dirname, '..', '..');
const folders: string[] = [];
const children: ChildProcess[] = [];
const folder = (): string => { const made = mkdtempSync(join(tmpdir(), 'anling-refusal-')); folders.push(made); return made; };
type Run = { child: ChildProcess; text(): string; ended: Promise<number | null> };

function start(env: Record<string, string>, ...args: string[]): Run {
  const zero = Object.fromEntries(['DB', 'HTTP', 'MQTT', 'MQTTS', 'DOOR', 'OPS', 'STANDIN'].map((name) => [`ANLING_${name}_PORT`, '0']));
  const child = spawn(process.execPath, args[0] === 'admin' ? ['src/admin.ts', ...args.slice(1)] : ['src/main.ts', ...args], {
    cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ANLING_DATA: folder(), DATABASE_URL: '', ANLING_DEMO: '0', LOG_LEVEL: 'warn', ...zero, ...env },
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => { text += bytes.toString(); });
  return { child, text: () => text, ended: new Promise((resolve) => { child.once('close', (code) => resolve(code)); }) };
}
async function refused(env: Record<string, string>, ...args: string[]): Promise<{ code: number | null; text: string }> {
  const run = start(env, ...args);
  const code = await run.ended;
  return { code, text: run.text() };
}
const stop = async (run: Run): Promise<void> => { run.child.kill('SIGTERM'); await run.ended; };
const ready = (run: Run): Promise<void> => expect.poll(run.text, { timeout: 60_000, interval: 50 }).toContain('is ready');

afterEach(() => { for (const child of children.splice(0)) child.kill('SIGKILL'); });
afterAll(() => { for (const made of folders) rmSync(made, { recursive: true, force: true }); });

describe('before anything runs', () => {
  it('reports all problems of the configuration at once', async () => {
    const { code, text } = await refused({ ANLING_HTTP_PORT: 'eighty', DATABASE_URL: 'mysql://x', ANLING_GATEWAY: 'aliyum', LOG_LEVEL: 'loud' }, '--no-such-flag');
    expect(code).toBe(2);
    expect(text).toContain('E_CONFIG');
    for (const name of ['ANLING_HTTP_PORT', 'DATABASE_URL', 'ANLING_GATEWAY', 'LOG_LEVEL', '--no-such-flag']) expect(text).toContain(`- ${name}`);
    expect(text).not.toMatch(/^\s+at /m);
  });

  it('names what a second gateway needs, and refuses one beside the stand-in [E4]', async () => {
    const { code, text } = await refused({ ANLING_GATEWAY: 'standin', ANLING_SECOND_GATEWAY: 'http', ANLING_HTTP_GATEWAY_URL: 'http://platform.example', ANLING_HTTP_GATEWAY_KEY: 'short' });
    expect(code).toBe(2);
    for (const line of [/ANLING_HTTP_GATEWAY_URL: must be https unless it is loopback/, /ANLING_HTTP_GATEWAY_URL and ANLING_HTTP_GATEWAY_KEY: both are needed .* 32 characters/, /ANLING_SECOND_GATEWAY: only beside a real first gateway/]) expect(text).toMatch(line);
    expect(text).not.toContain('short');
  });

  it('names a data folder that cannot be one, and a certificate that is missing or none', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, 'no certificate');
    for (const data of [file, join(file, 'below'), '/proc/anling']) {
      const { code, text } = await refused({ ANLING_DATA: data });
      expect([code, text]).toEqual([2, expect.stringContaining(`ANLING_DATA: ${data} cannot be used as the data folder (E`)]);
      expect(text).not.toMatch(/^\s+at /m);
    }
    const missing = await refused({ ANLING_TLS_CERT: '/nowhere/cert.pem', ANLING_TLS_KEY: file });
    expect([missing.code, missing.text]).toEqual([2, expect.stringContaining('ANLING_TLS_CERT: /nowhere/cert.pem cannot be read (ENOENT)')]);
    expect((await refused({ ANLING_TLS_CERT: file, ANLING_TLS_KEY: file })).text).toContain('are no certificate with its key');
  });

  it('names port, owner and variable of each port in use', async () => {
    const holders: Server[] = [createServer(), createServer()];
    const ports = await Promise.all(holders.map((server) => new Promise<number>((resolve) => { server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)); })));
    const { code, text } = await refused({ ANLING_MQTT_PORT: String(ports[0]), ANLING_HTTP_PORT: String(ports[1]) });
    for (const holder of holders) holder.close();
    expect(code).toBe(1);
    expect(text).toContain(`Port ${ports[0]} (MQTT, ANLING_MQTT_PORT) is in use by process ${process.pid}: `);
    expect(text).toContain(`Port ${ports[1]} (pages and API, ANLING_HTTP_PORT) is in use by process ${process.pid}: `);
    const twice = await refused({ ANLING_MQTT_PORT: '21999', ANLING_DOOR_PORT: '21999' });
    expect(twice.text).toContain('Port 21999 is asked for twice: MQTT (ANLING_MQTT_PORT) and HTTP door (ANLING_DOOR_PORT).');
    expect(twice.text).not.toContain('in use by'); // ours, not somebody else's
  });

  it('says in one line what is wrong with DATABASE_URL', async () => {
    const t = await testDatabase();
    const url = new URL(t.url);
    const wrong = (change: (u: URL) => void): string => { const u = new URL(url); change(u); return u.href; };
    const cases: [string, RegExp][] = [
      [wrong((u) => { u.port = '1'; }), /DATABASE_URL: 127\.0\.0\.1:1, database "\w+", user "\w+" does not listen/],
      [wrong((u) => { u.hostname = 'no-such-host.invalid'; }), /no-such-host\.invalid:\d+, .* cannot be found/],
      [wrong((u) => { u.password = 'wrong-one'; u.username = 'nobody_here'; }), /user "nobody_here" (refuses|cannot)/],
      [wrong((u) => { u.pathname = '/not_there'; }), /database "not_there", .* does not exist on that server/],
    ];
    for (const [given, words] of cases) {
      const { code, text } = await refused({ DATABASE_URL: given });
      expect(code).toBe(1);
      expect(text).toMatch(words);
      expect(text).not.toContain('wrong-one');
      expect(text).not.toMatch(/^\s+at /m);
    }
    await t.close();
  });

  it('refuses a database that would lose a commit', async () => {
    const t = await testDatabase();
    const name = new URL(t.url).pathname.slice(1);
    await t.db.query(`alter database "${name}" set synchronous_commit = off`);
    const { code, text } = await refused({ DATABASE_URL: t.url });
    expect(code).toBe(1);
    expect(text).toContain('E_DATABASE_UNSAFE');
    expect(text).toContain('synchronous_commit = off');
    await t.close();
  });

  it('refuses a key file that is missing, readable by others, or of another database', async () => {
    const t = await testDatabase();
    const data = folder();
    const first = start({ DATABASE_URL: t.url, ANLING_DATA: data }, '--role', 'web');
    await ready(first);
    await stop(first);
    const missing = await refused({ DATABASE_URL: t.url });
    expect(missing.text).toMatch(/E_KEYS[\s\S]*is missing/);
    chmodSync(join(data, 'keys.json'), 0o644);
    expect((await refused({ DATABASE_URL: t.url, ANLING_DATA: data })).text).toMatch(/E_KEYS[\s\S]*can be read by others/);
    const other = folder();
    writeFileSync(join(other, 'keys.json'), JSON.stringify(Object.fromEntries(['seal', 'blind', 'pepper', 'audit'].map((n) => [n, Buffer.alloc(32, 7).toString('base64')]))), { mode: 0o600 });
    expect((await refused({ DATABASE_URL: t.url, ANLING_DATA: other })).text).toMatch(/E_KEYS[\s\S]*does not belong to this database/);
    await t.close();
  });

  it('refuses a schema that is newer', async () => {
    const t = await testDatabase();
    await t.db.query(`insert into schema_migration (no, name, checksum) values (9999, '9999-later.sql', 'x')`);
    expect((await refused({ DATABASE_URL: t.url })).text).toMatch(/E_SCHEMA_NEWER[\s\S]*at schema 9999/);
    await t.close();
  });
});

describe('one folder, one database', { timeout: 180_000 }, () => {
  it('refuses a second house in the same folder; a lone role joins it; the password can be reset meanwhile', async () => {
    const data = folder();
    const first = start({ ANLING_DATA: data });
    await ready(first);
    const second = await refused({ ANLING_DATA: data });
    expect(second.text).toContain(`is in use by process ${first.child.pid}, another Anling`);
    const edge = start({ ANLING_DATA: data }, '--role', 'edge');
    await ready(edge);
    const reset = await refused({ ANLING_DATA: data }, 'admin', 'reset-password');
    expect(reset.text).toMatch(/user admin {3}password \S{19}/);
    await stop(edge);
    await stop(first);
    // and with nobody at home
    expect((await refused({ ANLING_DATA: data }, 'admin', 'reset-password', 'admin')).text).toMatch(/user admin {3}password \S{19}/);
    expect((await refused({ ANLING_DATA: data }, 'admin', 'reset-password', 'nobody-here')).text).toContain('E_NOT_FOUND');
  });

  it('runs one role alone, and twice, each a node of its own', async () => {
    const t: TestDatabase = await testDatabase();
    const keys = join(folder(), 'keys.json');
    const run = (): Run => start({ DATABASE_URL: t.url, ANLING_KEYS: keys }, '--role', 'edge');
    const one = run();
    await ready(one);
    const two = run();
    await ready(two);
    await expect.poll(async () => (await livingNodes(t.db)).map((n) => n.role), { timeout: 10_000 }).toEqual(['edge', 'edge']);
    expect(await t.db.query('select from blind_window')).toEqual([]);
    await Promise.all([stop(one), stop(two)]);
    await t.close();
  });
});

describe('the embedded database', () => {
  let data: string;
  beforeAll(() => { data = folder(); });

  it('lets nobody in without the password file, and keeps its commits', async () => {
    const server = await startEmbedded({ data, port: 0 });
    const db = openDb({ url: server.url, max: 1, name: 'test' });
    expect((await db.query(`select current_setting('fsync') as fsync, current_setting('listen_addresses') as listen, current_setting('data_checksums') as sums`))[0]).toEqual({ fsync: 'on', listen: '127.0.0.1', sums: 'on' });
    const stranger = openDb({ url: databaseUrl(server.url.replace(/:[^:@/]+@/, ':guessed@'), 'anling'), max: 1, name: 'stranger' });
    await expect(stranger.query('select 1')).rejects.toThrow(/password authentication failed/);
    await stranger.close();
    await db.close();
    await server.stop();
  });

  it('runs as the account nobody where root has no user namespaces', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can become nobody');
    const made = folder();
    const server = await startEmbedded({ data: made, port: 0, runAs: 'nobody' });
    await onServer(server.url, (db) => db.query('create table t (a int)'));
    await server.stop();
    const again = await startEmbedded({ data: made, port: 0, runAs: 'nobody' });
    expect(await onServer(again.url, (db) => db.query('select a from t'))).toEqual([]);
    await again.stop();
  });
});
