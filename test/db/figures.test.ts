/** The statistics against rows whose figures are known, and against a second count of them over random histories; what is no alarm of a real elder is in none of them. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dayOf } from '#core/clock.ts';
import { type FiguresOf, readFigures } from '#store/figures.ts';
import { withRetry } from '#store/pool.ts';
import { otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => { web = await testWeb(); });
afterAll(() => web.stop());
/** Whoever reads in the background may hold what this wants, the other way round. */
const wiped = (): Promise<unknown> => withRetry(5, () => web.t.db.query('truncate alert, outbox cascade'));
beforeEach(wiped);

const minute = 60_000;
const noon = Date.parse('2026-03-10T04:00:00Z'); // 12:00 of the county's day
type Put = { at?: number; region?: string | null; flags?: string; demo?: boolean; state?: string; answer?: number; arrive?: number; kind?: string; priority?: number };
async function alarm({ at = noon, region = village, flags = '', demo = false, state = 'closed', answer, arrive, kind = 'sos', priority = 1 }: Put = {}): Promise<string> {
  const [row] = await web.t.db.query<{ id: string }>(
    `insert into alert (kind, priority, state, subject_type, subject_id, region_code, opened_at, last_raised_at, first_human_at, arrived_at, flags, trace, demo)
     select $1, $2, $3, 'device', gen_random_uuid()::text, $4, t, t, t + $6 * interval '1 ms', t + $7 * interval '1 ms', coalesce(string_to_array(nullif($8, ''), ','), '{}'), 'x', $9 from (select to_timestamp($5::float8 / 1000) as t) x returning id::text as id`,
    [kind, priority, state, region, at, answer ?? null, arrive ?? null, flags, demo]);
  return row!.id;
}
let nth = 0;
type Message = { party?: string; channel?: string; provider?: string | null; state?: string; purpose?: string; at?: number; sent?: number | null; done?: number | null; demo?: boolean };
const message = (alert: string | null, { party = 'responder:r1', channel = 'sms', provider = 'aliyun', state = 'delivered', purpose = 'search', at = noon, sent = 0, done = 5_000, demo = false }: Message = {}): Promise<unknown> => web.t.db.query(
  `insert into outbox (out_id, alert_id, party, channel, template, params_enc, to_enc, to_bidx, priority, purpose, state, due_at, created_at, sent_at, done_at, provider, trace, demo)
   select $1, $2, $3, $4, 'sos', '\\x00', '\\x00', '\\x00', 1, $5, $6, t, t, t + $8 * interval '1 ms', t + $9 * interval '1 ms', $10, 'x', $11 from (select to_timestamp($7::float8 / 1000) as t) x`,
  [`f${++nth}`, alert, party, channel, purpose, state, at, sent, done, provider, demo]);
const said = (alert: string, action: string, after: number, party = 'responder:r1'): Promise<unknown> =>
  web.t.db.query(`insert into alert_log (alert_id, at, actor_type, actor_id, action) values ($1, to_timestamp($2::float8 / 1000), 'party', $3, $4)`, [alert, noon + after, party, action]);
const came = (alert: string, after: number, party = 'responder:r1'): Promise<unknown> =>
  web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, arrived_at, updated_at) values ($1, $3, 'arrived', anling_now(), to_timestamp($2::float8 / 1000), anling_now())`, [alert, noon + after, party]);
const whole: FiguresOf = { prefix: '350425', from: noon - 12 * 60 * minute, to: noon + 12 * 60 * minute, now: noon + 24 * 60 * minute, demo: false };

describe('the statistics', { timeout: 120_000 }, () => {
  it('are equal to known rows, by channel, gateway, village and hour; tests, drills, rings, the self-check and the demonstration are in none; a learning period stands apart [1E 2.4 2.5 C12]', async () => {
    const one = await alarm({ answer: 40_000, arrive: 20 * minute });
    await message(one, { done: 3_000 });
    await message(one, { channel: 'voice', state: 'answered', sent: 30_000, done: 36_000 });
    await message(one, { party: 'contact:c1', provider: 'http', state: 'unknown', done: null });
    await message(one, { party: 'contact:c1', purpose: 'notice', provider: null, state: 'failed', sent: null });
    await message(one, { party: 'responder:r2', state: 'withdrawn', sent: null, provider: null, done: null });
    await said(one, 'seen', 10_000);
    await said(one, 'accepted', 40_000);
    await came(one, 20 * minute);
    await alarm({ flags: 'learning', answer: 10_000, kind: 'fall' });
    const two = await alarm({ at: noon + 60 * minute, region: otherVillage, state: 'open' });
    await message(two, { at: noon + 60 * minute, party: 'responder:r2', state: 'accepted', done: null });
    for (const put of [{ flags: 'test' }, { flags: 'drill' }, { flags: 'canary' }, { demo: true }, { at: noon - 13 * 60 * minute }]) await message(await alarm(put), { demo: put.demo ?? false, provider: put.demo ? 'standin' : 'aliyun', ...(put.at === undefined ? {} : { at: put.at }) });
    await message(null);
    await alarm({ flags: 'self-cancelled' });
    const { messages, told, alarms } = await readFigures(web.t.db, whole);
    const of = <T extends { by: string; key: string | null }>(list: T[], by: string, key: string | null = null): Omit<T, 'by' | 'key'> | undefined => { const found = list.find((l) => l.by === by && l.key === key); if (!found) return undefined; const { by: _b, key: _k, ...rest } = found; return rest; };
    expect(of(messages, 'all')).toEqual({ messages: 5, reached: 2, failed: 1, unknown: 1, waiting: 1, withdrawn: 1, reachedP50Ms: 4_500 });
    expect(of(messages, 'channel', 'voice')).toEqual({ messages: 1, reached: 1, failed: 0, unknown: 0, waiting: 0, withdrawn: 0, reachedP50Ms: 6_000 });
    expect([of(messages, 'gateway', 'aliyun')?.messages, of(messages, 'gateway', 'http')?.messages, of(messages, 'gateway', 'none')?.messages]).toEqual([3, 1, 1]);
    expect([of(messages, 'village', village)?.messages, of(messages, 'village', otherVillage)?.messages, of(messages, 'hour', '12')?.messages, of(messages, 'hour', '13')?.messages]).toEqual([4, 1, 4, 1]);
    expect(of(told, 'all')).toEqual({ told: 3, answered: 1, accepted: 1, answerP50Ms: 10_000, came: 1, comeP50Ms: 20 * minute });
    expect(of(told, 'channel', 'voice'), 'his second word came after the call').toEqual({ told: 1, answered: 1, accepted: 1, answerP50Ms: 10_000, came: 1, comeP50Ms: 20 * minute - 30_000 });
    expect([of(told, 'channel', 'sms')?.told, of(told, 'gateway', 'http')?.answered, of(told, 'village', otherVillage)?.told, of(told, 'hour', '13')?.told]).toEqual([3, 0, 1, 1]);
    expect(of(alarms, 'all')).toMatchObject({ alarms: 2, count: 1, judged60s: 2, within60s: 1, judged180s: 2, within180s: 1, unanswered: 1, arrived: 1, judged45m: 1, arrived45m: 1, arrivalP50Ms: 20 * minute });
    expect(of((await readFigures(web.t.db, whole)).learning, 'all')).toMatchObject({ alarms: 1, within60s: 1 });
    expect(of(alarms, 'village', otherVillage)).toMatchObject({ alarms: 1, unanswered: 1, within60s: 0 });
    expect(of((await readFigures(web.t.db, { ...whole, demo: true })).messages, 'all')).toMatchObject({ messages: 1, reached: 1 });
    expect(of((await readFigures(web.t.db, { ...whole, prefix: town.slice(0, 9) })).messages, 'all')).toMatchObject({ messages: 4 });
  });

  it('each group adds up to the whole, and the counts are those of a second way of counting, over random rows [1E]', async () => {
    const states = ['delivered', 'answered', 'failed', 'unknown', 'accepted', 'due', 'withdrawn'] as const;
    const rows = fc.array(fc.record({
      region: fc.constantFrom(village, otherVillage, null), hour: fc.integer({ min: -14, max: 13 }), flags: fc.constantFrom('', '', '', 'test', 'drill'), demo: fc.boolean(),
      sends: fc.array(fc.record({ party: fc.constantFrom('responder:r1', 'responder:r2', 'contact:c1'), channel: fc.constantFrom('sms', 'voice'), provider: fc.constantFrom('aliyun', 'http', null), state: fc.constantFrom(...states), purpose: fc.constantFrom('search', 'desk', 'notice') }), { maxLength: 5 }),
      words: fc.array(fc.record({ party: fc.constantFrom('responder:r1', 'contact:c1'), action: fc.constantFrom('seen', 'accepted', 'declined') }), { maxLength: 2 }),
    }), { maxLength: 8 });
    await fc.assert(fc.asyncProperty(rows, async (cases) => {
      await wiped();
      const counted = cases.filter((c) => c.flags === '' && !c.demo && c.hour >= -12 && c.hour < 12);
      for (const c of cases) {
        const at = noon + c.hour * 60 * minute;
        const id = await alarm({ at, region: c.region, flags: c.flags, demo: c.demo });
        for (const s of c.sends) await message(id, { ...s, at, demo: c.demo, provider: c.demo && s.provider ? 'standin' : s.provider, sent: s.state === 'due' || s.state === 'withdrawn' ? null : 0 });
        for (const w of c.words) await said(id, w.action, 24 * 60 * minute, w.party);
      }
      const { messages, told, alarms } = await readFigures(web.t.db, whole);
      const sends = counted.flatMap((c) => c.sends);
      const n = (state: string): number => sends.filter((s) => s.state === state).length;
      const all = messages.find((l) => l.by === 'all');
      expect(all).toMatchObject({ messages: sends.length - n('withdrawn'), reached: n('delivered') + n('answered'), failed: n('failed'), unknown: n('unknown'), waiting: n('accepted') + n('due'), withdrawn: n('withdrawn') });
      for (const by of ['channel', 'gateway', 'village', 'hour'] as const) expect(messages.filter((l) => l.by === by).reduce((sum, l) => sum + l.messages, 0), by).toBe(all?.messages);
      const reached = (c: (typeof cases)[number]): Set<string> => new Set(c.sends.filter((s) => s.purpose !== 'notice' && !['failed', 'withdrawn', 'due'].includes(s.state)).map((s) => s.party));
      const people = counted.flatMap((c) => [...reached(c)].map((party) => ({ answered: c.words.some((w) => w.party === party), accepted: c.words.some((w) => w.party === party && w.action === 'accepted'), region: c.region })));
      expect(told.find((l) => l.by === 'all')).toMatchObject({ told: people.length, answered: people.filter((p) => p.answered).length, accepted: people.filter((p) => p.accepted).length });
      for (const by of ['village', 'hour'] as const) expect(told.filter((l) => l.by === by).reduce((sum, l) => sum + l.told, 0), by).toBe(people.length);
      for (const channel of ['sms', 'voice']) expect(told.find((l) => l.by === 'channel' && l.key === channel)?.told ?? 0).toBe(counted.reduce((sum, c) => sum + new Set(c.sends.filter((s) => s.channel === channel && s.purpose !== 'notice' && !['failed', 'withdrawn', 'due'].includes(s.state)).map((s) => s.party)).size, 0));
      expect(alarms.find((l) => l.by === 'all')?.alarms ?? 0).toBe(counted.length);
    }), { numRuns: 25 });
  });

  it('stand on a sheet and in a file with "data as of", inside the caller’s scope, and each figure leads to its cases [1E W8]', async () => {
    await web.t.db.query(`update clock_offset set offset_ms = $1 - extract(epoch from clock_timestamp()) * 1000`, [noon + 60 * minute]);
    const late = await alarm({ answer: 70_000 });
    const waits = await alarm({ at: noon + 30 * minute, region: otherVillage, state: 'open' });
    await message(late, { state: 'failed' });
    await message(waits, { at: noon + 30 * minute, party: 'responder:r2', sent: 1_000, done: null, state: 'accepted' });
    const day = dayOf(noon);
    const ask = async (path: string, role: 'admin' | 'viewer' = 'viewer', scope?: string) => web.fetch(`/api/v1/reports/${path}`, { cookie: await web.cookie(role, scope) });
    const sheet = (await ask(`figures?from=${day}&to=${day}`)).body;
    expect(sheet).toMatchObject({ complete: false, demo: false, lines: [{ by: 'all', messages: { messages: 2, failed: 1, waiting: 1 }, told: { told: 1 }, alarms: { alarms: 2, within60s: 0, unanswered: 1 } }, { by: 'channel', key: 'sms' }, { by: 'gateway', key: 'aliyun' }, { by: 'village', town: '均溪镇', village: '仙亭村' }, { by: 'village', village: '内洋村' }, { by: 'hour', key: '12' }] });
    expect(Math.abs(sheet.asOf - noon - 60 * minute)).toBeLessThan(10 * minute);
    expect((await ask(`figures?from=${day}&to=${day}`, 'viewer', otherTown)).body.lines[0]).toMatchObject({ messages: { messages: 1 }, alarms: { alarms: 1 } });
    expect((await ask(`figures?from=${day}&to=${day}&demo=true`)).body).toMatchObject({ demo: true, lines: [{ by: 'all', messages: { messages: 0 }, alarms: { alarms: 0 } }] });
    const ids = async (more: string, scope?: string): Promise<string[]> => (await ask(`figures/cases?from=${day}&to=${day}&${more}`, 'viewer', scope)).body.cases.map((c: { id: string }) => c.id);
    expect(await Promise.all(['what=alarms', 'what=late60', 'what=unanswered', 'what=failed', 'what=failed&channel=voice', 'what=silent', 'what=silent&gateway=http', 'what=alarms&hour=3', `what=alarms&region=${village}`].map((q) => ids(q))))
      .toEqual([[waits, late], [waits, late], [waits], [late], [], [waits], [], [], [late]]);
    expect(await ids('what=alarms', otherTown)).toEqual([waits]);
    const file = await ask(`figures.csv?from=${day}&to=${day}`, 'admin');
    const bytes = new Uint8Array(await (await fetch(`${web.url}/api/v1/reports/figures.csv?from=${day}&to=${day}`, { headers: { cookie: await web.cookie('admin') } })).arrayBuffer());
    expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(file.text).toContain(`"${day}","${day}","${day} 13:0`);
    expect(file.text).toMatch(/"村","均溪镇 仙亭村","1","0","1"/);
    for (const [query, field] of [['from=2026-02-30&to=2026-03-01', 'from'], [`from=${day}&to=2026-01-01`, 'to'], [`from=2024-01-01&to=${day}`, 'to'], ['from=2999-01-01&to=2999-01-02', 'from']])
      expect((await ask(`figures?${query}`)).body.error.fields, query).toMatchObject([{ field }]);
  });
});
