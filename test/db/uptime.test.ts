/** 在线率: what counts as installed, silent, nobody's fault, by rows and over the API; and a year of it, asked once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uptime } from '#store/uptime.ts';
import { makeDevice } from '#test/harness/edge.ts';
import { otherTown, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); await web.t.db.query('delete from device'); });
afterAll(() => web?.stop());

const hour = 3_600_000;
const day = 24 * hour;
const now = async (): Promise<number> => (await web.t.db.query<{ n: number }>('select anling_now() as n'))[0]?.n ?? 0;
/** A device that was installed so many days ago. */
async function own(model: string, days: number, homeId = 'h1', heard = true): Promise<string> {
  const { id } = await makeDevice(web.t.db, web.t.seal, { homeId, model });
  await web.t.db.query(`update device set registered_at = anling_now() - make_interval(days => $2) where id = $1`, [id, days]);
  await web.t.db.query(`update device_life set at = anling_now() - make_interval(days => $2) where device_id = $1`, [id, days]);
  if (heard) await web.t.db.query(`update presence set last_seen_at = anling_now() where device_id = $1`, [id]);
  return id;
}
const silence = (id: string, fromH: number, toH: number | null): Promise<unknown> => web.t.db.query(
  `insert into silence (device_id, from_at, silent_at, back_at) values ($1, anling_now() - make_interval(hours => $2), anling_now() - make_interval(hours => $2), case when $3::int is not null then anling_now() - make_interval(hours => $3) end)`, [id, fromH, toH]);
const rows = async (by: 'model' | 'vendor' | 'village', days = 10) => { const to = await now(); return new Map((await uptime(web.t.db, by, '', to - days * day, to)).map((r) => [r.key, r])); };
const hours = (ms: number | undefined): number => Math.round((ms ?? -1) / hour);

describe('uptime of installed devices [B9]', () => {
  it('counts what was installed and silent inside the span, once where silences overlap; open ones until now; never heard is silent all the time', async () => {
    const [a, b] = [await own('smoke', 100), await own('smoke', 5)];
    await silence(a, 48, 24);
    await silence(a, 30, 20); // overlaps
    await silence(a, 24 * 12, 24 * 9); // begins before the span
    await silence(b, 6, null);
    await own('gas', 100, 'h1', false);
    const found = await rows('model');
    expect(found.get('smoke')).toMatchObject({ devices: 2, never: 0, silences: 4 });
    expect([hours(found.get('smoke')?.installedMs), hours(found.get('smoke')?.silentMs)]).toEqual([240 + 120, 28 + 24 + 6]);
    expect(found.get('gas')).toMatchObject({ devices: 1, never: 1, silences: 0 });
    expect([hours(found.get('gas')?.installedMs), hours(found.get('gas')?.silentMs)]).toEqual([240, 240]);
  });

  it('in stock, refused and our own blind windows count for nobody; area outages are told apart', async () => {
    await web.t.db.query('delete from device');
    const id = await own('watch', 10);
    await web.t.db.query(`insert into device_life (device_id, at, life) values ($1, anling_now() - interval '5 days', 'stock'), ($1, anling_now() - interval '2 days', 'installed')`, [id]);
    await silence(id, 24, 12);
    await web.t.db.query(`insert into blind_window (from_at, to_at, why) values (anling_now() - interval '20 hours', anling_now() - interval '16 hours', 'test')`);
    const [outage] = await web.t.db.query<{ id: string }>(`insert into outage (subject_type, subject_id, region_code, scope_from, scope_to, cause, trace, ingest_id, from_at, ended_at) values ('region', '350425201001', '350425201001', '350425201001', '350425201001', 'power', 't', gen_random_uuid(), anling_now() - interval '15 hours', anling_now() - interval '12 hours') returning id`);
    await web.t.db.query(`insert into outage_member (outage_id, device_id, silent_at, back_at) values ($1, $2, anling_now() - interval '15 hours', anling_now() - interval '12 hours')`, [outage?.id, id]);
    const found = (await rows('model')).get('watch');
    expect([hours(found?.installedMs), hours(found?.silentMs), hours(found?.outageMs)]).toEqual([5 * 24 + 2 * 24 - 4, 12 - 4, 3]);
    const api = (await web.fetch('/api/v1/reports/uptime?by=model&days=10', { cookie: admin })).body.rows[0];
    expect(api).toMatchObject({ key: 'watch', devices: 1, silences: 1 });
    expect(api.up).toBeCloseTo(1 - 8 / 164, 4);
    expect(api.upOwn).toBeCloseTo(1 - 5 / 161, 4);
  });

  it('by vendor and village, inside the reader’s scope, as a file too; wrong questions are named', async () => {
    const villages = await web.fetch('/api/v1/reports/uptime?by=village&days=365', { cookie: admin });
    expect(villages.body.rows).toHaveLength(1);
    expect(villages.body.rows[0].name).not.toBe('');
    expect((await web.fetch('/api/v1/reports/uptime?by=village', { cookie: await web.cookie('admin', otherTown) })).body.rows).toEqual([]);
    expect((await web.fetch('/api/v1/reports/uptime?by=vendor', { cookie: admin })).body.rows).toHaveLength(1);
    const file = await web.fetch('/api/v1/reports/uptime.csv?by=model&days=10', { cookie: admin });
    expect(file.headers.get('content-type')).toContain('text/csv');
    expect(file.text).toContain('95.');
    expect((await web.fetch('/api/v1/reports/uptime?by=colour', { cookie: admin })).body.error.fields[0].field).toBe('by');
    expect((await web.fetch('/api/v1/reports/uptime?by=model&days=400', { cookie: admin })).body.error.fields[0].field).toBe('days');
    expect((await web.fetch('/api/v1/reports/uptime?by=model', { cookie: await web.cookie('viewer') })).status).toBe(403);
  });

  it('a year of 3,000 devices with 60,000 silences: the same sums as their rows', async () => {
    const { db } = web.t;
    await db.query('delete from device');
    await db.query('delete from blind_window');
    const region = (await db.query<{ code: string }>(`select region_code as code from home where id = 'h1'`))[0]?.code;
    await db.query(`insert into device (id, model, home_id, secret_hash, status) select 'y' || n, (array['smoke', 'gas', 'watch', 'sos-button', 'fall-radar'])[1 + n % 5], 'h1', '\\x00', 'installed' from generate_series(1, 3000) n`);
    await db.query(`insert into presence (device_id, last_seen_at, check_at) select id, anling_now(), anling_now() + interval '1 day' from device`);
    await db.query(`update device_life set at = anling_now() - interval '400 days'`);
    await db.query(
      `insert into silence (device_id, from_at, silent_at, back_at) select 'y' || n, anling_now() - make_interval(days => k * 18, hours => n % 24), anling_now() - make_interval(days => k * 18, hours => n % 24), anling_now() - make_interval(days => k * 18, hours => n % 24) + interval '3 hours'
       from generate_series(1, 3000) n, generate_series(1, 20) k`);
    await db.query('analyze silence, device, device_life, presence');
    const to = await now();
    const found = [];
    for (const by of ['model', 'vendor', 'village'] as const) {
      const startedMs = performance.now();
      found.push(await uptime(db, by, region ?? '', to - 365 * day, to));
      console.log(`uptime of a year by ${by}: ${(performance.now() - startedMs).toFixed(0)} ms`);
    }
    for (const list of found) expect([list.reduce((n, r) => n + r.devices, 0), list.reduce((n, r) => n + r.silences, 0), hours(list.reduce((n, r) => n + r.silentMs, 0)), hours(list.reduce((n, r) => n + r.installedMs, 0))]).toEqual([3_000, 60_000, 180_000, 3_000 * 365 * 24]);
    expect(found[0]).toHaveLength(5);
  });
});
