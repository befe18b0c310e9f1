/** The answer figures against a second computation of them, written otherwise, over random histories; their scope, their honesty about nothing, their cost. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readKpi } from '#store/kpi.ts';
import { type Row, withRetry } from '#store/pool.ts';
import { county, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => { web = await testWeb(); });
afterAll(() => web.stop());
/** Whoever reads in the background may hold what this wants, the other way round. */
const wiped = (tables: string): Promise<unknown> => withRetry(5, () => web.t.db.query(`truncate ${tables} cascade`));
beforeEach(() => wiped('alert, console'));

const minute = 60_000;
const day = 24 * 60 * minute;
type Case = { ageMs: number; priority: number; region: string | null; flags: string[]; answerMs: number | null; arriveMs: number | null; state: string; how: string | null; by: string | null };
/** An alert row as the alarm path leaves it. */
async function put(cases: readonly Case[]): Promise<void> {
  await web.t.db.query(
    `insert into alert (kind, priority, state, subject_type, subject_id, region_code, opened_at, last_raised_at, first_human_at, arrived_at, committed_how, claimed_by, flags, trace)
     select case when c.priority = 1 then 'sos' else 'offline' end, c.priority, c.state, 'device', gen_random_uuid()::text, c.region, t, t, t + c.answer * interval '1 ms', t + c.arrive * interval '1 ms', c.how, c.by, coalesce(string_to_array(nullif(c.flags, ''), ','), '{}'), 'x'
     from (select *, date_trunc('milliseconds', n.at) - age * interval '1 ms' as t from (select anling_now() as at) n, jsonb_to_recordset($1::jsonb) as c (age float8, priority smallint, state text, region text, answer float8, arrive float8, how text, by text, flags text)) c`,
    [JSON.stringify(cases.map((c) => ({ age: c.ageMs, priority: c.priority, state: c.state, region: c.region, answer: c.answerMs, arrive: c.arriveMs, how: c.how, by: c.by, flags: c.flags.join(',') })))]);
}
const one: Case = { ageMs: 10 * minute, priority: 1, region: village, flags: [], answerMs: null, arriveMs: null, state: 'open', how: null, by: null };

/** The same by sums over single rows, plain medians and no filter clause; nothing of store/kpi.ts is used. */
async function again(prefix: string, since: number, now: number): Promise<Row> {
  const rows = await web.t.db.query<{ flags: string[]; state: string; how: string | null; opened: number; human: number | null; there: number | null }>(
    `select flags, state, committed_how as how, opened_at as opened, first_human_at as human, arrived_at as there from alert
     where priority = 1 and (case when region_code is null then length($1) < 7 else substr(region_code, 1, length($1)) = $1 end) order by random()`, [prefix]);
  const inside = rows.filter((r) => r.opened > since && r.opened <= now);
  const left = inside.filter((r) => !r.flags.includes('test') && !r.flags.includes('drill') && !r.flags.includes('canary'));
  const own = left.filter((r) => !r.flags.includes('self-cancelled'));
  const [learns, mine] = [own.filter((r) => r.flags.includes('learning')), own.filter((r) => !r.flags.includes('learning'))];
  const took = mine.flatMap((r) => (r.human === null ? [] : [r.human - r.opened])).sort((a, b) => a - b);
  const came = mine.flatMap((r) => (r.there === null ? [] : [r.there - r.opened])).sort((a, b) => a - b);
  const at = (list: number[], p: number): number | null => {
    if (list.length === 0) return null;
    const x = p * (list.length - 1);
    const [lo, hi] = [list[Math.floor(x)]!, list[Math.ceil(x)]!];
    return lo + (hi - lo) * (x - Math.floor(x));
  };
  const waits = mine.filter((r) => r.human === null && r.state !== 'closed' && r.state !== 'confirming');
  const never = mine.filter((r) => r.human === null && r.state === 'closed').length;
  const late = (ms: number): number => waits.filter((r) => now - r.opened > ms).length;
  return {
    count: took.length, judged60s: took.length + never + late(minute), within60s: took.filter((ms) => ms <= minute).length, judged180s: took.length + never + late(3 * minute), within180s: took.filter((ms) => ms <= 3 * minute).length,
    unanswered: waits.length, selfCancelled: left.length - own.length, learning: learns.length, learningIn60s: learns.filter((r) => r.human !== null && r.human - r.opened <= minute).length, excluded: inside.length - left.length, p50Ms: at(took, 0.5), p90Ms: at(took, 0.9),
    arrived: came.length, arrived45m: came.filter((ms) => ms <= 45 * minute).length, arrivalP50Ms: at(came, 0.5),
    judged45m: came.length + mine.filter((r) => r.there === null && r.state === 'committed' && r.how!.startsWith('accept') && now - r.opened > 45 * minute).length,
  };
}

/** The flood in SQL: what stands in the ten minutes before each moment at which that changes, and which crossing was the last. */
async function floodAgain(prefix: string, now: number, seats: number): Promise<{ active: boolean; lastTen: number }> {
  const [row] = await web.t.db.query<{ active: boolean; last: number }>(
    `with a as (select opened_at as t from alert where priority < 4 and opened_at > to_timestamp($2::float8 / 1000) - interval '1 day' and opened_at <= to_timestamp($2::float8 / 1000) and not ('test' = any(flags) or 'drill' = any(flags) or 'canary' = any(flags))
         and (case when region_code is null then length($1) < 7 else substr(region_code, 1, length($1)) = $1 end)),
       m as (select t from a union select t + interval '10 minutes' from a where t + interval '10 minutes' <= to_timestamp($2::float8 / 1000) union select to_timestamp($2::float8 / 1000)),
       n as (select m.t, (select count(*) from a where a.t <= m.t and a.t > m.t - interval '10 minutes') as c from m)
     select coalesce((select max(t) from n where c > 10 * $3::int) > coalesce((select max(t) from n where c < 5 * $3::int), '-infinity'), false) as active, (select c::int from n order by t desc limit 1) as last`, [prefix, now, seats]);
  return { active: row!.active, lastTen: row!.last };
}

const history = fc.array(fc.record({
  ageMs: fc.oneof(fc.integer({ min: 0, max: 70 * minute }), fc.integer({ min: 0, max: 2 * day }), fc.integer({ min: 0, max: 35 * day })), priority: fc.constantFrom(1, 1, 1, 2, 3, 4), region: fc.constantFrom(village, otherVillage, null),
  flags: fc.subarray(['test', 'drill', 'self-cancelled', 'in-outage', 'late', 'canary', 'learning'], { maxLength: 1 }), answer: fc.option(fc.oneof(fc.constantFrom(59_999, 60_000, 60_001, 180_000, 180_001), fc.integer({ min: 1, max: 20 * minute }))),
  arrive: fc.option(fc.oneof(fc.constantFrom(45 * minute, 45 * minute + 1), fc.integer({ min: 1, max: 90 * minute }))), state: fc.constantFrom('open', 'claimed', 'committed', 'arrived', 'closed', 'confirming'), how: fc.constantFrom('accept-sms', 'contact-elder'),
}).map((r): Case => ({ ageMs: r.ageMs, priority: r.priority, region: r.region, flags: r.flags, answerMs: r.state === 'confirming' || r.state === 'open' ? null : r.answer, arriveMs: r.state === 'arrived' || r.state === 'closed' ? r.arrive : null, state: r.state, how: r.state === 'committed' ? r.how : null, by: null })), { maxLength: 120 });

describe('the answer figures', { timeout: 120_000 }, () => {
  it('equal a second computation exactly, over random histories, for a county, a town and a village, for a day and a month; a learning period stands apart [D10 C12]', async () => {
    await fc.assert(fc.asyncProperty(history, async (cases) => {
      await wiped('alert');
      await put(cases);
      for (const prefix of ['350425', town.slice(0, 9), village]) {
        const { now, day: ofDay, month, flood } = await readKpi(web.t.db, prefix);
        const local = new Date(now + 8 * 60 * minute);
        for (const [window, from] of [[ofDay, now - day], [month, Date.parse(`${local.toISOString().slice(0, 7)}-01T00:00:00+08:00`)]] as const) {
          const { since, ...figures } = window;
          expect(since).toBe(from);
          expect(figures).toEqual(await again(prefix, from, now));
        }
        expect(flood).toMatchObject(await floodAgain(prefix, now, 1));
      }
    }), { numRuns: 40 });
  });

  it('a flood begins above ten in ten minutes per operator, goes on between ten and five, ends below five, and says since when [D10]', async () => {
    const at = async (ages: number[]): Promise<{ active: boolean; since: number | null; lastTen: number; operators: number; ago: number | null }> => {
      await wiped('alert');
      await put(ages.map((m) => ({ ...one, ageMs: m * minute })));
      const { flood, now } = await readKpi(web.t.db, '350425');
      return { ...flood, ago: flood.since === null ? null : Math.round((now - flood.since) / minute) };
    };
    const burst = (n: number, ago: number): number[] => Array.from({ length: n }, (_, i) => ago + i * 0.01);
    expect(await at(burst(10, 3))).toMatchObject({ active: false, lastTen: 10 });
    expect(await at(burst(11, 3))).toMatchObject({ active: true, lastTen: 11, ago: 3 });
    expect(await at([...burst(11, 12), ...burst(6, 4)])).toMatchObject({ active: true, lastTen: 6, ago: 12 }); // fell to six: not over
    expect(await at([...burst(11, 12), ...burst(4, 4)])).toMatchObject({ active: false, lastTen: 4, since: null });
    const cookie = await web.cookie('operator');
    expect(cookie).toBeTruthy();
    await web.t.db.query(`insert into console (tab_id, user_id, beat_at, visible, audio, last_seq) select 't' || i, id, anling_now(), true, 'running', 0 from app_user, generate_series(1, 2) i where role = 'operator'`);
    await web.cookie('shift-leader');
    await web.t.db.query(`insert into console (tab_id, user_id, beat_at, visible, audio, last_seq) select 's', id, anling_now(), true, 'running', 0 from app_user where role = 'shift-leader'`);
    expect(await at(burst(20, 3))).toMatchObject({ active: false, operators: 2 }); // two tabs of one operator are one operator
    expect(await at(burst(21, 3))).toMatchObject({ active: true, operators: 2 });
  });

  it('names who holds how much, and stands in the status inside the caller’s scope; nothing is nothing, never a hundred percent [D10]', async () => {
    const read = async (scope: string): Promise<Row> => (await web.fetch('/api/v1/status', { cookie: await web.cookie('operator', scope) })).body as Row;
    const none = { count: 0, judged60s: 0, within60s: 0, judged180s: 0, unanswered: 0, arrived: 0, judged45m: 0, p50Ms: null, arrivalP50Ms: null };
    expect(await read(village)).toMatchObject({ answer: { day: none, month: none }, flood: { active: false, lastTen: 0 }, load: [] });
    const user = (await web.t.db.query<{ id: string }>(`select id from app_user where role = 'operator' and scope_code = $1`, [county]))[0]!.id;
    await put([
      { ...one, answerMs: 20_000, state: 'claimed', by: user }, { ...one, answerMs: 70_000, arriveMs: 30 * minute, ageMs: 60 * minute, state: 'closed', by: user },
      { ...one, ageMs: 30_000 }, { ...one, region: otherVillage, ageMs: 5 * minute }, { ...one, region: otherVillage, flags: ['self-cancelled'], state: 'closed' }, { ...one, region: otherVillage, flags: ['test'], state: 'claimed' },
    ]);
    expect(await read(county)).toMatchObject({
      answer: { day: { count: 2, judged60s: 3, within60s: 1, judged180s: 3, within180s: 2, unanswered: 2, selfCancelled: 1, excluded: 1, arrived: 1, judged45m: 1, arrived45m: 1, arrivalP50Ms: expect.closeTo(30 * minute, -1) } },
      load: [{ userId: user, holding: 1, taken: 2, onDuty: false }],
    });
    expect(await read(town)).toMatchObject({ answer: { day: { count: 2, judged60s: 2, within60s: 1, unanswered: 1, selfCancelled: 0, excluded: 0 } } });
  });
});
