/** The arrival sheet against rows whose sums are known: whose month it is, what is counted, who may see which names, what the file leaves behind in the audit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlertId, HomeId, RegionCode } from '#core/ids.ts';
import { countLoads } from '#store/arrivals.ts';
import { rostersOf } from '#store/roster.ts';
import { otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => { web = await testWeb(); await fill(); });
afterAll(() => web.stop());

const minute = 60_000;
const at = (text: string): number => Date.parse(`${text}:00+08:00`);
type Part = { party?: string; told?: number | null; accepted?: number | null; departed?: number | null; arrived?: number | null; state?: string };
async function response(opened: number, { party = 'responder:r1', told = opened, accepted = null, departed = null, arrived = null, state = 'arrived' }: Part, more: { flags?: string; demo?: boolean; closed?: number | null; outcome?: string; region?: string; done?: number; desk?: boolean } = {}): Promise<void> {
  const [row] = await web.t.db.query<{ id: string }>(
    `insert into alert (kind, priority, state, subject_type, subject_id, region_code, opened_at, last_raised_at, closed_at, outcome, flags, trace, demo)
     values ('fall', 1, case when $4::float8 is null then 'arrived' else 'closed' end, 'device', gen_random_uuid()::text, $1, to_timestamp($2::float8 / 1000), to_timestamp($2::float8 / 1000), to_timestamp($4::float8 / 1000), $5, coalesce(string_to_array(nullif($3, ''), ','), '{}'), 'x', $6) returning id::text as id`,
    [more.region ?? village, opened, more.flags ?? '', more.closed ?? null, more.outcome ?? null, more.demo ?? false]);
  await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, accepted_at, departed_at, arrived_at, updated_at) select $1, $2, $3, to_timestamp($4::float8 / 1000), to_timestamp($5::float8 / 1000), to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000), anling_now()`, [row?.id, party, state, told, accepted, departed, arrived]);
  if (arrived !== null) await web.t.db.query(`insert into alert_log (alert_id, at, actor_type, actor_id, action, detail) values ($1, to_timestamp($2::float8 / 1000), $3, $4, 'arrived', $5)`, [row?.id, arrived, more.desk ? 'user' : 'party', more.desk ? 'u1' : party, JSON.stringify({ via: more.desk ? 'wall' : 'sms', by: party })]);
  if (more.done) await web.t.db.query(`insert into alert_log (alert_id, at, actor_type, actor_id, action, detail) values ($1, to_timestamp($2::float8 / 1000), 'party', $3, 'done', '{"via":"sms"}')`, [row?.id, more.done, party]);
}

async function fill(): Promise<void> {
  const [noon, night] = [at('2026-03-10T12:00'), at('2026-03-12T02:10')];
  await response(noon, { accepted: noon + minute, departed: noon + 2 * minute, arrived: noon + 12 * minute }, { closed: noon + 40 * minute, outcome: 'R1', done: noon + 30 * minute });
  await response(night, { told: night + 20_000, accepted: night + minute, arrived: night + 20 * minute }, { closed: night + 30 * minute, outcome: 'F2', desk: true });
  await response(noon + 5 * minute, { accepted: noon + 6 * minute, state: 'accepted' }, { closed: noon + 90 * minute }); // promised, never there
  await response(noon + 7 * minute, { state: 'notified' });
  const lastMinute = at('2026-03-31T23:55');
  await response(lastMinute, { arrived: lastMinute + 10 * minute }, { closed: lastMinute + 20 * minute }); // there in April
  for (const more of [{ flags: 'test' }, { flags: 'drill' }, { demo: true }]) await response(noon, { arrived: noon + minute }, { ...more, closed: noon + 2 * minute });
  await response(noon, { party: 'responder:r2', accepted: noon, arrived: noon + 3 * minute }, { region: otherVillage, closed: noon + 9 * minute });
}
const ask = async (path: string, role: 'admin' | 'county-reader' | 'viewer' | 'operator' = 'county-reader', scope?: string) => web.fetch(`/api/v1/reports/arrivals${path}`, { cookie: await web.cookie(role, scope) });

describe('the arrival sheet', () => {
  it('has a line for whoever was told, promised or there, by day and night, in the caller’s scope [2.4 W8]', async () => {
    const { body } = await ask('?month=2026-03');
    expect(body).toMatchObject({ month: '2026-03', complete: true, demo: false, responders: [{ id: 'r1', name: '王**', village: '仙亭村', told: 5, night: 2, accepted: 3, missed: 1, arrived: 2 }, { id: 'r2', arrived: 1, told: 1, night: 0 }] });
    expect((await ask('?month=2026-04')).body.responders).toMatchObject([{ id: 'r1', told: 0, arrived: 1 }]);
    expect((await ask('?month=2026-03', 'county-reader', otherTown)).body.responders.map((r: { id: string }) => r.id)).toEqual(['r2']);
    expect((await ask(`?month=2026-03&region=${town}`)).body.responders).toHaveLength(1);
    expect((await ask('?month=2026-13')).body.error.fields).toMatchObject([{ field: 'month' }]);
    expect((await ask('?month=2026-03', 'viewer')).status).toBe(403);
  });

  it('of one person names each response with its times, minutes, outcome and who wrote it down, and adds them up [2.4]', async () => {
    const { body } = await ask('/r1?month=2026-03', 'operator');
    const noon = at('2026-03-10T12:00');
    expect(body.responses).toMatchObject([
      { kind: 'fall', village: '仙亭村', toldAt: noon, acceptedAt: noon + minute, departedAt: noon + 2 * minute, arrivedAt: noon + 12 * minute, closedAt: noon + 40 * minute, outcome: 'R1', minutesToArrive: 12, minutesThere: 18, via: 'sms', byHimself: true },
      { departedAt: null, outcome: 'F2', minutesToArrive: 20, minutesThere: 10, via: 'wall', byHimself: false },
    ]);
    expect([body.name, body.total]).toEqual(['王*兰', { responses: 2, night: 1, minutesToArrive: 32, minutesThere: 28, byDesk: 1 }]);
    expect((await ask('/r2?month=2026-03', 'county-reader', town)).status).toBe(404);
    expect((await ask('/nobody?month=2026-03')).status).toBe(404);
  });

  it('as a file is masked, with plain names only for those who may reveal them, and every export stands in the audit [2.4 W8]', async () => {
    const masked = await ask('.csv?month=2026-03');
    expect(masked.text).toContain('"2026-03","均溪镇","仙亭村","孝老员","王**"');
    expect(masked.text).toContain('"2026-03-10 12:12","2026-03-10 12:40","12","18","真跌倒已扶起","本人"');
    expect((await ask('.csv?month=2026-03&names=true')).status).toBe(403);
    const plain = await ask('.csv?month=2026-03&names=true', 'admin');
    expect(plain.text).toContain('王玉兰');
    expect(plain.text).not.toMatch(/1540425/);
    expect(await web.t.db.query(`select detail->>'names' as names, detail->>'responses' as n from audit where action = 'arrivals.export' order by id`)).toEqual([{ names: 'false', n: '3' }, { names: 'true', n: '3' }]);
  });

  it('how often each was called in the thirty whole days before is counted once a day, stands on his file, and reaches the ring’s order [2.4]', async () => {
    await web.t.db.query(`update clock_offset set offset_ms = $1 - extract(epoch from clock_timestamp()) * 1000`, [at('2026-03-31T12:00')]);
    expect([await countLoads(web.t.db), await countLoads(web.t.db)]).toEqual([true, false]);
    const files = (await web.fetch('/api/v1/responders', { cookie: await web.cookie('operator', town) })).body.responders;
    expect(files).toMatchObject([{ id: 'r1', told30: 4, night30: 1 }]);
    const rosters = await rostersOf(web.t.db, [{ id: '1' as AlertId, flags: [], homeId: 'h1' as HomeId, personId: null, regionCode: village as RegionCode }]);
    expect([...rosters.values()].flat().filter((p) => p.called !== undefined).map((p) => [p.party, p.called])).toEqual([['responder:r1', 4]]);
    await web.t.db.query(`update clock_offset set offset_ms = offset_ms + 86400000`);
    expect(await countLoads(web.t.db)).toBe(true);
    expect((await web.t.db.query(`select told from responder_load where responder_id = 'r1'`))[0]).toEqual({ told: 5 }); // the last minute of March is whole now
  });
});
