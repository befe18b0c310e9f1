/** Offline packs at a database and a disk: what stands in one, who may fetch it, a passphrase that is shown once, what a new one leaves behind, who may read the files. */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackContent, plainPassphrase } from '#core/pack.ts';
import { createLog } from '#ops/log.ts';
import type { WebSettings } from '#web/context.ts';
import { packFiles, packTurn } from '#web/packs.ts';
import { otherTown, testWeb, town, village, type Web } from '#test/harness/web.ts';

const folder = mkdtempSync(join(tmpdir(), 'anling-packs-'));
let web: Web;
let admin: string;
beforeAll(async () => {
  web = await testWeb({ settings: { data: folder } });
  admin = await web.cookie('admin');
  const { db, seal } = web.t;
  for (const [id, name, more] of [['p3', '郑大山', `, high_risk = true, ability = 'severe', birth_year = 1938`], ['p4', '吴阿妹', `, mode = 'evacuated', mode_until = anling_now() + interval '1 day'`]] as const) {
    await db.query('insert into person (id, home_id, name_enc, name_bidx) values ($1, $2, $3, $4)', [id, 'h1', seal.seal('person.name', name), seal.blind('name', name)]);
    await db.query(`update person set status = 'present'${more} where id = $1`, [id]);
  }
});
afterAll(async () => { await web.stop(); rmSync(folder, { recursive: true, force: true }); });
const ask = (method: string, path: string, cookie = admin) => web.fetch(`/api/v1/packs${path}`, { method, cookie, ...(method === 'POST' ? { body: {} } : {}) });
/** Opens a file as its page does, with this machine's crypto. */
function open(text: string, passphrase: string): PackContent {
  const block = JSON.parse(/id="pack">(.*?)<\/script>/s.exec(text)?.[1] ?? '{}');
  const [data, iv, salt] = [block.data, block.iv, block.salt].map((s: string) => Buffer.from(s, 'base64')) as [Buffer, Buffer, Buffer];
  const decipher = createDecipheriv('aes-256-gcm', pbkdf2Sync(plainPassphrase(passphrase), salt, block.iterations, 32, 'sha256'), iv).setAAD(Buffer.from(block.bound)).setAuthTag(data.subarray(-16));
  return JSON.parse(Buffer.concat([decipher.update(data.subarray(0, -16)), decipher.final()]).toString('utf8'));
}
let passphrase = '';

describe('offline packs', () => {
  it('a town without a passphrase has none, and says so [2.2]', async () => {
    await packTurn({ db: web.t.db, seal: web.t.seal, log: createLog('test', 'fatal', () => {}), settings: { data: folder } as WebSettings });
    expect(packFiles(folder)).toEqual([]);
    expect((await ask('GET', '')).body).toMatchObject({ folder: join(folder, 'packs'), towns: [{ code: town, town: '均溪镇', people: 3, keySetAt: null, madeAt: null, state: 'no-passphrase' }, { code: otherTown, state: 'no-passphrase' }] });
    expect((await ask('POST', `/${town}/make`)).status).toBe(409);
    expect((await ask('GET', `/${town}/file`)).status).toBe(404);
  });

  it('an administrator gives it one, shown once and stored sealed; the pack is there at once, for its owner alone to read [2.2 W8]', async () => {
    for (const role of ['shift-leader', 'operator', 'county-reader'] as const) expect((await ask('POST', `/${town}/passphrase`, await web.cookie(role))).status, role).toBe(403);
    const answer = await ask('POST', `/${town}/passphrase`);
    passphrase = answer.body.passphrase;
    expect(passphrase).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
    expect(answer.body.madeAt).toBeGreaterThan(0);
    const [stored] = await web.t.db.query<{ enc: Buffer }>('select passphrase_enc as enc from pack_key');
    expect(stored?.enc.includes(Buffer.from(passphrase))).toBe(false);
    expect(JSON.stringify((await ask('GET', '')).body)).not.toContain(passphrase);
    expect(web.logs.join()).not.toContain(passphrase);
    expect((await ask('GET', '')).body.towns[0]).toMatchObject({ state: 'good', nights: 1, keySetBy: '用户admin' });
    const [name] = readdirSync(join(folder, 'packs'));
    expect([statSync(join(folder, 'packs', name!)).mode & 0o777, statSync(join(folder, 'packs')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(readFileSync(join(folder, 'packs', name!), 'utf8')).not.toMatch(/陈金水|郑大山|1540425|下厝角/);
  });

  it('holds every village by risk with places, telephones, contacts and responders, and opens with its own passphrase alone [2.2]', async () => {
    const file = await ask('GET', `/${town}/file`, await web.cookie('operator', town));
    expect([file.status, file.headers.get('content-disposition'), file.headers.get('content-type')]).toEqual([200, expect.stringMatching(new RegExp(`attachment; filename="pack-${town}-\\d{4}-\\d\\d-\\d\\d-\\d{4}.html"`)), 'application/octet-stream']);
    const content = open(file.text, passphrase.toUpperCase().replaceAll('-', ' '));
    expect(content).toMatchObject({
      town: '均溪镇', demo: false, villages: [{
        name: '仙亭村', responders: [{ role: '孝老员', name: '王玉兰', phone: '15404250201', away: false }],
        people: [{ no: 1, name: '郑大山', risk: expect.stringMatching(/^重点、\d+岁、重度失能$/) }, { no: 2, name: '陈金水', place: '下厝角12号 门前柿子树', phone: '15404250001', contacts: [{ name: '郭德发', relation: '邻居', phone: '15404250101', key: true }] }, { no: 3, name: '吴阿妹', away: '已转移' }],
      }],
    });
    expect(() => open(file.text, 'aaaa-bbbb-cccc-dddd')).toThrow();
    expect(() => open(file.text.replace(`anling-pack 1 ${town}`, `anling-pack 1 ${otherTown}`), passphrase)).toThrow();
    expect((await ask('GET', `/${town}/file`, await web.cookie('operator', otherTown))).status).toBe(404);
    expect((await ask('GET', `/${town}/file`, await web.cookie('viewer'))).status).toBe(403);
    expect((await ask('GET', '', await web.cookie('operator', village))).body.towns).toEqual([]);
  });

  it('is made again each night, kept for seven, and a new passphrase leaves nothing that the old one opens; every step stands in the audit [2.2]', async () => {
    const turn = () => packTurn({ db: web.t.db, seal: web.t.seal, log: createLog('test', 'fatal', () => {}), settings: { data: folder } as WebSettings });
    for (let night = 0; night < 9; night++) { await web.t.advance(24 * 3_600_000); await turn(); await turn(); }
    expect(packFiles(folder)).toHaveLength(7);
    await web.t.db.query(`delete from session`); // nine days have passed
    const fresh = await web.fetch('/api/v1/packs', { cookie: admin });
    expect(fresh.status).toBe(401);
    const again = await web.cookie('admin', town);
    const rotated = await ask('POST', `/${town}/passphrase`, again);
    expect([rotated.status, packFiles(folder).length]).toEqual([200, 1]);
    const [name] = readdirSync(join(folder, 'packs'));
    const text = readFileSync(join(folder, 'packs', name!), 'utf8');
    expect(() => open(text, passphrase)).toThrow();
    expect(open(text, rotated.body.passphrase).villages).toHaveLength(1);
    expect((await web.t.db.query<{ action: string; rotated: string }>(`select action, detail->>'rotated' as rotated from audit where action like 'pack.%' order by id`)).map((r) => `${r.action} ${r.rotated ?? ''}`)).toEqual(['pack.passphrase false', 'pack.read ', 'pack.passphrase true']);
  });
});
