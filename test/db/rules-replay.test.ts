/** A history decided again: under the parameters that held it gives exactly the alerts that there are; under others the difference, by kind of difference. */
import { setImmediate as breathe } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTryRules } from '#alerts/rules-try.ts';
import type { RuleEntry } from '#core/rule-params.ts';
import type { Tried } from '#core/rule-try.ts';
import { adoptRules } from '#store/rule-versions.ts';
import { type Alarm, operator, testAlarm, village } from '#test/harness/alarm.ts';

const minute = 60;
let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(() => a.close());
const attempt = (...entries: RuleEntry[]): Promise<Tried> => createTryRules({ db: a.db, seal: a.seal, breathe })(entries);
const adopt = (...entries: RuleEntry[]): Promise<number | null> => a.db.tx(async (sql) => adoptRules(sql, { after: (await sql.query<{ n: number }>('select coalesce(max(no), 0)::int as n from rule_version'))[0]!.n, entries, backTo: null, reason: 'test', byName: 'x', byActor: 'user:x' }));
const rows = (t: Tried): string[] => t.rows.map((r) => `${r.change} ${r.kind} ${r.byMs === null ? '-' : Math.round(r.byMs / 1000)}`);
const close = async (kind: string): Promise<void> => {
  const alert = (await a.alerts()).findLast((x) => x.kind === kind && x.state !== 'closed')!;
  await a.respond({ alertId: alert.id, action: 'claim', actor: operator() });
  await a.pass(20, 20);
  await a.respond({ alertId: alert.id, action: 'close', outcome: 'F1', note: 'x', actor: operator() });
};

/** Some hours of a county: presses, falls taken back and not, fire, technical alarms that come and go, people at the desk, a hospital stay. */
async function someHours(): Promise<void> {
  await a.event('low-battery', { deviceId: 'd1' }); // open when the stretch begins
  await a.settle();
  await a.pass(26 * 3_600, 13 * 3_600);
  const at = await a.now();
  for (let i = 0; i < 3; i++) await a.event('sos', { id: 'a1', at });
  await a.event('sos');
  await a.settle();
  await a.pass(2 * minute, 20);
  await close('sos');
  await a.event('sos', { id: 'a1', at });
  await a.settle();
  await a.event('fall', { deviceId: 'd2', id: 'f1' });
  await a.settle();
  await a.pass(10, 5);
  await a.event('cancel', { deviceId: 'd2', ref: 'f1' });
  await a.pass(minute, 20);
  await a.event('fall', { deviceId: 'd2', id: 'f2' });
  await a.settle();
  await a.pass(25, 5);
  await a.event('cancel', { deviceId: 'd2', ref: 'f2' });
  await a.settle();
  await a.pass(minute, 20);
  await a.event('fall', { deviceId: 'd2', id: 'f3' });
  await a.pass(5, 5);
  await a.event('fall', { deviceId: 'd4' });
  await a.settle();
  await a.event('cancel', { deviceId: 'd2', ref: 'f3' });
  await a.pass(minute, 20);
  await a.event('sos'); // pressed after the fall: they confirm each other
  await a.settle();
  await close('fall');
  for (let i = 0; i < 4; i++) {
    await a.event('tamper', { deviceId: 'd3', id: `t${i}` });
    await a.pass(minute, minute);
    await a.event('tamper', { deviceId: 'd3', edge: 'clear', ref: `t${i}` });
    await a.pass(7 * minute, 30);
  }
  await a.event('removed', { deviceId: 'd2' });
  await a.settle();
  await close('removed');
  await a.db.query(`update person set mode = 'hospital', mode_until = anling_now() + interval '1 hour'`);
  await a.event('bed-exit', { deviceId: 'd4' });
  await a.event('fault', { deviceId: 'd3' });
  await a.settle();
  await a.pass(70 * minute, 10 * minute);
  await a.event('smoke', { deviceId: 'd3' });
  await a.event('smoke', { deviceId: 'd3', edge: 'repeat' });
  await a.event('low-battery', { deviceId: 'd1', edge: 'clear' });
  await a.event('test', { deviceId: 'd1', edge: 'report' });
  await a.settle();
  await a.pass(10 * minute, 30);
}

describe('a replay [C10]', () => {
  it('under the parameters that held gives exactly the alerts that there are: kind, subject, priority, count, end; and no difference to itself [C10 LAW4]', async () => {
    await someHours();
    const tried = await attempt();
    expect(tried.rows).toEqual([]);
    expect(tried.agreement).toEqual({ of: (await a.alerts()).length - 1, same: (await a.alerts()).length - 1 });
    expect(tried.agreement.of).toBeGreaterThan(9);
    expect(tried.gaps).toEqual([]);
    expect((await a.alerts()).filter((x) => x.kind === 'fall').map((x) => x.outcome)).toEqual(['C1', 'C1', 'F1']);
  });

  it('the same with parameters adopted in between: what comes after is decided by them, without a restart [C10]', async () => {
    await adopt({ param: 'fallWindowS', scope: 'person', id: 'p1', value: 20 }, { param: 'clearHoldS', scope: 'county', id: '', value: 120 }, { param: 'flapEnds', scope: 'model', id: 'smoke', value: 2 });
    await someHours();
    const all = await a.alerts();
    expect(all.filter((x) => x.kind === 'fall').map((x) => x.outcome)).toEqual(['C1', 'F1']); // 25 s is too late for twenty: the second fall stands, and takes the third in
    const tried = await attempt({ param: 'fallWindowS', scope: 'person', id: 'p1', value: 20 }, { param: 'clearHoldS', scope: 'county', id: '', value: 120 }, { param: 'flapEnds', scope: 'model', id: 'smoke', value: 2 });
    expect(tried.rows).toEqual([]);
    expect(tried.agreement).toEqual({ of: all.length - 1, same: all.length - 1 });
    expect((await attempt()).rows.length).toBeGreaterThan(0);
  });

  it('whatever comes in whatever order, with people at the desk: the same alerts again [C10 LAW4]', async () => {
    const device: Record<string, string> = { sos: 'd1', fall: 'd2', smoke: 'd3', tamper: 'd3', 'low-battery': 'd1', removed: 'd2', fault: 'd4', motionless: 'd4', 'vital-high': 'd2', cancel: 'd2' };
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom(...Object.keys(device)), edge: fc.constantFrom('raise', 'raise', 'clear', 'repeat'), id: fc.option(fc.constantFrom('i1', 'i2', 'i3'), { nil: undefined }) }) },
      { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('claim', 'release', 'close', 'close'), nth: fc.nat(5) }) }, { weight: 3, arbitrary: fc.record({ pass: fc.constantFrom(2, 15, 40, 400, 4_000) }) });
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
      await a.advance(26 * 3_600_000); // nothing of the run before lies in this one's stretch but what is open
      await a.settle();
      for (const s of steps) {
        if ('pass' in s) await a.pass(s.pass, s.pass);
        else if ('kind' in s) await a.event(s.kind as never, { deviceId: device[s.kind] as string, edge: s.kind === 'cancel' ? 'raise' : s.edge, ...(s.id === undefined ? {} : { id: s.id, at: await a.now() }) });
        else {
          const open = (await a.alerts()).filter((x) => x.state !== 'closed');
          const alert = open[s.nth % Math.max(1, open.length)];
          if (alert) await a.respond({ alertId: alert.id, action: s.act, ...(s.act === 'close' ? { outcome: 'F1', note: 'x' } : {}) } as never);
        }
        await a.settle();
        await a.advance(1_000);
      }
      const tried = await attempt();
      expect(tried.rows).toEqual([]);
      expect(tried.agreement.same).toBe(tried.agreement.of);
    }), { numRuns: 4 });
  }, 120_000);

  it('writes nothing and rings nobody [C10]', async () => {
    await a.event('fall', { deviceId: 'd2' });
    await a.settle();
    const sum = async (): Promise<unknown> => a.db.query('select (select count(*) from event) e, (select count(*) from alert) a, (select sum(version) from alert) v, (select count(*) from outbox) o, (select count(*) from timer) t, (select count(*) from feed) f, (select count(*) from alert_log) l');
    const before = await sum();
    await attempt({ param: 'fallWindowS', scope: 'model', id: 'watch', value: 0 });
    expect(await sum()).toEqual(before);
  });
});

describe('the difference [C10 C3]', () => {
  it('a shorter window calls sooner; a cancel that came after it no longer ends the fall', async () => {
    await a.event('fall', { deviceId: 'd2', id: 'f1' });
    await a.pass(minute, 10);
    await close('fall');
    await a.event('fall', { deviceId: 'd2', id: 'f2' });
    await a.pass(20, 5);
    await a.event('cancel', { deviceId: 'd2', ref: 'f2' });
    await a.settle();
    expect(rows(await attempt({ param: 'fallWindowS', scope: 'region', id: village, value: 10 }))).toEqual(['sooner fall -20', 'ended fall -']);
    expect(rows(await attempt({ param: 'fallWindowS', scope: 'region', id: '350425999000', value: 10 }))).toEqual([]);
    expect(rows(await attempt({ param: 'fallWindowS', scope: 'model', id: 'watch', value: 30 }))).toEqual([]);
  });

  it('silences: a longer class drops what came back in time, a shorter one adds what was just short enough, and says what it cannot know [B1]', async () => {
    await a.pass(3_600, 3_600);
    const t0 = await a.now();
    const silence = async (device: string, fromS: number, backS: number | null): Promise<void> => {
      await a.db.query(`insert into silence (device_id, from_at, silent_at, back_at) values ($1, to_timestamp($2::float8 / 1000), to_timestamp($3::float8 / 1000), to_timestamp($4::float8 / 1000))`, [device, t0 + fromS * 1000, t0 + (fromS + 135) * 1000, backS === null ? null : t0 + backS * 1000]);
    };
    // d4 (radar, 60 s class, offline at 180 s): one of 200 s, one of 150 s that was none.
    await silence('d4', 0, 200);
    await a.pass(180, 180);
    await a.event('offline', { deviceId: 'd4', source: 'supervision' });
    await a.pass(20, 20);
    await a.event('offline', { deviceId: 'd4', source: 'supervision', edge: 'clear' });
    await a.settle();
    await silence('d4', 1_000, 1_150);
    await a.pass(3_600, 600);
    const longer = await attempt({ param: 'graceS', scope: 'class', id: '60s', value: 300 });
    expect(rows(longer)).toEqual(['dropped offline -']);
    const shorter = await attempt({ param: 'graceS', scope: 'class', id: '60s', value: 140 });
    expect(rows(shorter)).toEqual(['added offline -', 'sooner offline -40']);
    expect([longer.gaps, shorter.gaps, (await attempt({ param: 'graceS', scope: 'class', id: '60s', value: 120 })).gaps]).toEqual([[], [], ['silences']]);
  });

  it('vital signs cross other limits, of a person only his own; mornings under another window [C7]', async () => {
    await a.db.query(`update person set routine_by = to_char(anling_now() at time zone 'UTC' + interval '8 hours' + interval '7 hours', 'HH24:MI')::time`);
    const measure = async (rate: number): Promise<void> => { await a.db.query('insert into vital (received_at, device_no, heart_rate) select anling_now(), no, $1 from device where id = $2', [rate, 'd2']); await a.pass(minute, minute); };
    for (const rate of [80, 118, 124, 100, 80]) await measure(rate);
    const limit = (value: number, id = 'p1'): RuleEntry => ({ param: 'heartRateHigh', scope: 'person', id, value });
    expect(rows(await attempt(limit(115)))).toEqual(['added vital-high -']);
    expect([rows(await attempt(limit(125))), rows(await attempt(limit(115, 'nobody')))]).toEqual([[], []]);
    await a.pass(8 * 3_600, 3_600);
    expect(rows(await attempt({ param: 'routineM', scope: 'person', id: 'p1', value: 600 }))).toEqual([]);
    expect(rows(await attempt({ param: 'routineM', scope: 'county', id: '', value: 300 }))).toEqual([]);
    await measure(70); // after his hour: no sign of that morning
    await adopt({ param: 'routineM', scope: 'person', id: 'p1', value: 600 });
    expect(rows(await attempt({ param: 'routineM', scope: 'person', id: 'p1', value: 300 }))).toEqual(['added motionless -']);
  });
});
