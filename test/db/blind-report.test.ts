/** Whom we could not have heard: silences kept as rows by the sweep, and the sheet of a day against a second computation over random histories. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blindReport } from '#web/blind-report.ts';
import type { Row } from '#store/pool.ts';
import { testWeb } from '#test/harness/web.ts';
import { type County, county, testCounty, town, village } from './supervision-fixture.ts';

const minute = 60_000;
let c: County;
beforeEach(async () => { c = await testCounty(); });
afterEach(() => c.close());
const silences = (): Promise<Row[]> => c.db.query(`select device_id as device, outage_id is not null as presumed, (extract(epoch from silent_at - from_at))::int as quiet, (extract(epoch from back_at - silent_at))::int as lasted, away from silence order by device_id, id`);

describe('silences as rows', () => {
  it('begin with the last sign of life and end with the next; nobody away is missed; old ones are forgotten [2.10]', async () => {
    const [radar, other, third] = await c.homes({ region: village(0, 1), homes: 3 });
    await c.db.query(`update home set mode = 'evacuated', mode_until = anling_now() + interval '1 day' where id = (select home_id from device where id = $1)`, [other]);
    await c.pass(10 * minute, { each: async () => { await c.heard([third!]); } });
    expect(await silences()).toMatchObject([{ device: radar, presumed: false, lasted: null, away: false }, { device: other, away: true, lasted: null }]);
    expect((await silences())[0]!['quiet']).toBeGreaterThanOrEqual(135);
    expect((await silences())[0]!['quiet']).toBeLessThan(150);
    await c.heard([radar!]);
    await c.pass(5_000);
    const [ended] = await silences();
    expect(ended!['lasted']).toBeGreaterThan(400);
    expect(ended!['lasted']).toBeLessThan(480);
    await c.db.query(`update device set status = 'revoked' where id = $1`, [other]);
    await c.pass(5_000);
    expect((await silences())[1]!['lasted']).not.toBeNull();
    const { pruneSilences } = await import('#store/silence.ts');
    await c.db.query(`update silence set from_at = from_at - interval '500 days', silent_at = silent_at - interval '500 days', back_at = back_at - interval '500 days' where device_id = $1`, [radar]);
    await pruneSilences(c.db);
    expect((await silences()).map((s) => s['device'])).toEqual([other]);
  });

  it('of a device presumed unreachable last from the outage to its end, or to its own word [2.10 FF5]', async () => {
    const radars = await c.homes({ region: village(0, 1), homes: 12, cell: 'c1' });
    const buttons = await c.homes({ region: village(0, 1), homes: 3, cell: 'c1', models: ['sos-button'], prefix: 'b' });
    const elsewhere = await c.homes({ region: village(1, 1), homes: 40, cell: 'c2' });
    await c.db.query(`update device_model set power = 'battery' where id = 'fall-radar'`); // a mast, not the power
    await c.pass(6 * minute, { each: () => c.heard(elsewhere) });
    const presumed = async (): Promise<Row[]> => (await silences()).filter((s) => s['presumed']);
    expect((await presumed()).map((s) => [s['device'], s['lasted']])).toEqual(buttons.map((id) => [id, null]));
    await c.heard([buttons[0]!]);
    await c.pass(20_000, { each: () => c.heard(elsewhere) });
    expect((await presumed()).map((s) => s['lasted'] !== null)).toEqual([true, false, false]);
    await c.pass(6 * minute, { each: () => c.heard([...elsewhere, ...radars]) });
    expect((await c.db.query(`select ended_how from outage`))).toEqual([{ ended_how: 'recovered' }]);
    expect((await silences()).every((s) => s['lasted'] !== null)).toBe(true);
  });
});

type Span = { from: number; to: number | null };
const span = (): fc.Arbitrary<Span> => fc.record({ from: fc.integer({ min: -300, max: 1500 }), length: fc.option(fc.integer({ min: 1, max: 700 }), { freq: 4 }) }).map(({ from, length }) => ({ from, to: length === null ? null : from + length }));
const apart = (spans: Span[]): Span[] => { // one device is silent once at a time
  let end = Number.NEGATIVE_INFINITY;
  return spans.sort((a, b) => a.from - b.from).flatMap((s) => { if (s.from <= end) return []; end = s.to ?? Number.POSITIVE_INFINITY; return [s]; });
};
const device = fc.record({ of: fc.constantFrom('both', 'a', 'b'), heard: fc.boolean(), registered: fc.integer({ min: -2000, max: 900 }), silent: fc.array(span(), { maxLength: 4 }).map(apart), presumed: fc.array(span(), { maxLength: 1 }) });
const home = fc.record({ second: fc.boolean(), devices: fc.array(device, { minLength: 1, maxLength: 3 }) });

it('the sheet of a day equals a second computation exactly, over random homes, devices, silences and blind windows [2.10]', { timeout: 120_000 }, async () => {
  const midnight = Date.parse('2026-03-05T00:00:00+08:00');
  const at = (m: number | null): number | null => (m === null ? null : midnight + m * minute);
  await c.db.query(`insert into outage (id, subject_type, subject_id, region_code, scope_from, scope_to, cause, from_at, trace, ingest_id, ended_at) overriding system value values (1, 'region', $1, $1, $1, $1, 'mast', now(), 't', gen_random_uuid(), null)`, [town(0)]);
  const sealed = c.seal.seal('person.name', '陈金水');
  await fc.assert(fc.asyncProperty(fc.array(home, { minLength: 1, maxLength: 4 }), fc.array(span(), { maxLength: 3 }).map(apart), fc.constantFrom(1440, 700), async (homes, windows, untilM) => {
    await c.db.query('truncate silence, blind_window; delete from presence; delete from device; delete from person; delete from home');
    const ours = windows.map((w) => ({ from: w.from, to: w.to ?? w.from + 90 }));
    for (const w of ours) await c.db.query(`insert into blind_window (from_at, to_at, why) values (to_timestamp($1::float8/1000), to_timestamp($2::float8/1000), 'x') on conflict do nothing`, [at(w.from), at(w.to)]);
    const expected = { covered: 0, people: 0, minutes: 0, windows: [] as string[] };
    for (const [i, h] of homes.entries()) {
      await c.db.query('insert into home (id, region_code, address_enc, place_enc) values ($1, $2, $3, $3)', [`h${i}`, village(0, i), sealed]);
      for (const p of h.second ? ['a', 'b'] : ['a']) await c.db.query('insert into person (id, home_id, name_enc, name_bidx) values ($1, $2, $3, $3)', [`p${i}${p}`, `h${i}`, sealed]);
      for (const [j, d] of h.devices.entries()) {
        const id = `d${i}-${j}`;
        await c.db.query(`insert into device (id, model, home_id, person_id, secret_hash, registered_at) values ($1, 'fall-radar', $2, $3, '\\x00', to_timestamp($4::float8/1000))`, [id, `h${i}`, d.of === 'both' || (d.of === 'b' && !h.second) ? null : `p${i}${d.of}`, at(d.registered)]);
        await c.db.query(`insert into presence (device_id, check_at, last_seen_at) values ($1, now(), $2)`, [id, d.heard ? new Date() : null]);
        for (const [list, outage] of [[d.silent, null], [d.presumed, 1]] as const)
          for (const s of list) await c.db.query(`insert into silence (device_id, outage_id, from_at, silent_at, back_at) values ($1, $2, to_timestamp($3::float8/1000), to_timestamp($3::float8/1000), to_timestamp($4::float8/1000))`, [id, outage, at(s.from), at(s.to)]);
      }
      for (const p of h.second ? ['a', 'b'] : ['a']) judge(expected, `p${i}${p}`, h.devices.filter((d) => d.heard && d.registered < untilM && (d.of === 'both' || d.of === p || (d.of === 'b' && !h.second))), ours, untilM);
    }
    const report = await blindReport(c.db, '350425', midnight, midnight + untilM * minute);
    expect({ covered: report.covered, people: report.people, minutes: report.personMinutes, windows: report.list.flatMap((x) => x.windows.map((w) => `${x.personId} ${(w.fromAt - midnight) / minute}-${(w.toAt - midnight) / minute} ${w.reason}`)).sort() })
      .toEqual({ ...expected, windows: expected.windows.sort() });
    const town1 = await blindReport(c.db, '350425101', midnight, midnight + untilM * minute);
    expect(town1).toMatchObject({ covered: 0, people: 0, list: [], villages: [] });
  }), { numRuns: 60 });
});

type Device = { registered: number; silent: Span[]; presumed: Span[] };
/** Minute by minute: is there a device that could have been heard? */
function judge(sum: { covered: number; people: number; minutes: number; windows: string[] }, id: string, devices: readonly Device[], ours: readonly { from: number; to: number }[], untilM: number): void {
  if (devices.length === 0) return;
  sum.covered++;
  const first = Math.min(...devices.map((d) => d.registered));
  const inside = (list: readonly Span[], m: number): boolean => list.some((s) => s.from <= m && m < (s.to ?? Number.POSITIVE_INFINITY));
  const what: (string | null)[] = Array.from({ length: untilM }, (_, m) => {
    if (m < first) return null;
    if (inside(ours, m)) return 'own';
    if (!devices.every((d) => m < d.registered || inside(d.silent, m) || inside(d.presumed, m))) return null;
    return devices.some((d) => inside(d.presumed, m)) ? 'outage' : 'single';
  });
  const minutes = what.filter((w) => w !== null).length;
  sum.minutes += minutes;
  if (minutes > 0) sum.people++;
  for (let from = 0; from < untilM;) {
    let to = from + 1;
    while (to < untilM && what[to] === what[from]) to++;
    if (what[from] === 'outage' || what[from] === 'single') sum.windows.push(`${id} ${from}-${to} ${what[from]}`);
    from = to;
  }
}

it('is answered per village with masked names inside the scope, and as a file whose cells are text [2.10 LAW7]', async () => {
  const web = await testWeb();
  const { db, seal } = web.t;
  await db.query(`insert into device (id, model, home_id, secret_hash, registered_at) values ('d1', 'fall-radar', 'h1', $1, '2026-01-01'), ('d2', 'sos-button', 'h2', $1, '2026-01-01')`, [seal.secretHash('x')]);
  await db.query(`insert into presence (device_id, state, check_at, last_seen_at) values ('d1', 'online', anling_now(), anling_now()), ('d2', 'online', anling_now(), anling_now())`);
  await db.query(`update person set high_risk = true where id = 'p1'`);
  await db.query(`insert into silence (device_id, from_at, silent_at, back_at, away) values ('d1', '2026-03-05T03:10:00+08:00', '2026-03-05T03:13:00+08:00', '2026-03-05T05:40:00+08:00', false), ('d2', '2026-03-05T03:10:00+08:00', '2026-03-05T03:13:00+08:00', null, true)`);
  await db.query(`insert into blind_window (from_at, to_at, why) values ('2026-03-04T23:50:00+08:00', '2026-03-05T00:20:00+08:00', 'no door was open')`);
  const get = async (path: string, scope = county, role: Parameters<typeof web.cookie>[0] = 'operator'): ReturnType<typeof web.fetch> => web.fetch(path, { cookie: await web.cookie(role, scope) });
  const { body } = await get('/api/v1/reports/blind?day=2026-03-05');
  expect(body).toMatchObject({
    complete: true, covered: 2, people: 2, personMinutes: 150 + 2 * 20, away: 1, own: [{ why: 'no door was open' }], truncated: false,
    villages: [{ town: '均溪镇', village: '仙亭村', covered: 1, people: 1, personMinutes: 170 }, { village: '内洋村', people: 1, personMinutes: 20 }],
    list: [{ personId: 'p1', name: '陈*水', village: '仙亭村', highRisk: true, minutes: 150, windows: [{ reason: 'single' }] }],
  });
  expect((await get('/api/v1/reports/blind?day=2026-03-05', county, 'viewer')).body.list[0].name).toBe('陈**');
  const [{ scope }] = await db.query<{ scope: string }>(`select region_code as scope from home where id = 'h2'`) as [{ scope: string }];
  expect((await get('/api/v1/reports/blind?day=2026-03-05', scope)).body).toMatchObject({ covered: 1, list: [], away: 1 });
  expect((await get(`/api/v1/reports/blind?day=2026-03-05&region=${county}`, scope)).body).toMatchObject({ covered: 1 });
  for (const day of ['2026-02-30', '2999-01-01']) expect((await get(`/api/v1/reports/blind?day=${day}`)).body).toMatchObject({ error: { code: 'E_INVALID', fields: [{ field: 'day' }] } });
  const csv = await get('/api/v1/reports/blind.csv?day=2026-03-05');
  expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(csv.headers.get('content-disposition')).toContain('blind-2026-03-05.csv');
  const file = Buffer.from(await (await fetch(`${web.url}/api/v1/reports/blind.csv?day=2026-03-05`, { headers: { cookie: await web.cookie('operator') } })).arrayBuffer());
  expect(file.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  expect(file.toString('utf8').slice(1).split('\r\n')).toEqual([
    '"日期","乡镇","村","姓名","老人编号","重点老人","起","止","分钟","人数","原因"', '"2026-03-05","均溪镇","仙亭村","","","","00:00","00:20","20","1","盲区(本系统)"', '"2026-03-05","屏山乡","内洋村","","","","00:00","00:20","20","1","盲区(本系统)"',
    '"2026-03-05","均溪镇","仙亭村","陈*水","p1","是","03:10","05:40","150","1","单台离线"', '',
  ]);
  await web.stop();
});
