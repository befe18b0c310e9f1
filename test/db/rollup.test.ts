/** Days of telemetry as rows: the same figures before and after, whatever edition, whatever comes late, wherever it is stopped. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dayOf } from '#core/clock.ts';
import { startUpkeep } from '#intake/upkeep.ts';
import { createLog } from '#ops/log.ts';
import { limits } from '#core/limits.ts';
import { batteryReadings, signalDays } from '#store/device-health.ts';
import { createRollup, splitDays } from '#store/rollup.ts';
import { arraysOf, heartbeatColumns, insertHeartbeats } from '#store/telemetry.ts';
import { dropOldTelemetry, spreadTelemetry } from '#store/telemetry-layout.ts';
import { prepareCommunity } from '#store/telemetry-community.ts';
import { onlineDays } from '#store/uptime.ts';
import { makeDevice } from '#test/harness/edge.ts';
import { holdClock } from '#test/harness/db.ts';
import { otherTown, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let ids: string[];
const [hour, day] = [3_600_000, 86_400_000];
const q: Web['t']['db']['query'] = (text, values, name) => web.t.db.query(text, values, name);
const now = async (): Promise<number> => (await q<{ n: number }>('select anling_now() as n'))[0]?.n ?? 0;

beforeAll(async () => {
  web = await testWeb();
  await holdClock(web.t.db, 10);
  await prepareCommunity(web.t.db);
});
afterAll(() => web?.stop());
beforeEach(async () => {
  await q('update clock_offset set offset_ms = ceil(offset_ms / 86400000.0) * 86400000'); // ten in the morning
  await q('delete from device');
  ids = await Promise.all([1, 2, 3].map(async () => (await makeDevice(web.t.db, web.t.seal, { homeId: 'h1', model: 'watch' })).id));
  await q(`update device set registered_at = anling_now() - interval '200 days' where id = any($1)`, [ids]);
  await q(`update device_life set at = anling_now() - interval '40 days'`);
  await q(`update presence set last_seen_at = anling_now(), state = 'online' where device_id = any($1)`, [ids]);
  // Twelve days of a heartbeat every twenty minutes; the second is silent for a day now and then, the third says no signal.
  await q(`insert into heartbeat (received_at, device_no, battery, rssi)
    select anling_now() - n * interval '20 minutes', d.no, case when n % 5 > 0 then 20 + n / 20 end, case when d.id = $3 then null when n % 7 = 0 then 0 else -60 - n % 40 end
    from generate_series(1, 12 * 72) n, device d where d.id = any($1) and not (d.id = $2 and (n / 72) % 3 = 1)`, [ids, ids[1], ids[2]]);
});
afterEach(async () => { await q('truncate heartbeat_day, uptime_day, day_rolled, heartbeat_late'); await q('delete from heartbeat'); });

const rollAll = async (steps = 10_000): Promise<number> => { const roll = createRollup(web.t.db); let n = 0; while (n < steps && await roll()) n++; return n; };
/** What the pages show of all devices. */
async function shown(): Promise<unknown> {
  const at = await now();
  const round = (x: number): number => Math.round(x * 100) / 100;
  const signals = await Promise.all(ids.map(async (id) => (await signalDays(web.t.db, id, at)).map((d) => [dayOf(d.at), round(d.mean), d.worst])));
  const batteries = [...(await batteryReadings(web.t.db, ids, at)).values()].map((list) => list.map((r) => [dayOf(r.at), r.percent]));
  return { signals, batteries };
}
const days = (): Promise<{ id: string; day: string; beats: number }[]> => q('select d.id, h.day::text as day, h.beats from heartbeat_day h join device d on d.no = h.device_no order by d.id, h.day');

describe('days of telemetry', () => {
  it('pages show the same before and after, out of rows for today and of roll-ups for what is older [B9]', async () => {
    const before = await shown();
    expect((before as { signals: unknown[][] }).signals.map((s) => s.length)).toEqual([13, 13, 0]);
    await rollAll();
    expect(await shown()).toEqual(before);
    const { rolled, open } = await splitDays(web.t.db, 30, await now());
    expect(open.at(-1)).toBe(dayOf(await now()));
    expect(rolled.at(-1)).toBe(dayOf(await now() - day));
    const today = (await now() + 8 * hour) % day;
    await q('delete from heartbeat where received_at < to_timestamp($1::float8 / 1000)', [await now() - today]); // the rows are gone, what they came to is not
    expect(await shown()).toEqual(before);
    expect((await days()).filter((d) => d.id === ids[0] && d.beats !== 72)).toHaveLength(1); // the first day began at ten
  });

  it('stopped after any step and begun again, by two at once, it comes to the same; a second run does nothing', async () => {
    await rollAll();
    const whole = await days();
    await q('truncate heartbeat_day, day_rolled');
    for (let n = 1; n < 60; n += 7) await rollAll(n); // each time another process, from the beginning of the day it was at
    await Promise.all([rollAll(), rollAll()]);
    await rollAll();
    expect(await days()).toEqual(whole);
    expect(await rollAll()).toBe(0);
  });

  it('what comes late, a day after the roll-up, is in its day; of a day whose rows are gone what is left does not replace it', async () => {
    await rollAll();
    const [no] = await q<{ no: number }>('select no from device where id = $1', [ids[0]]);
    const late = async (ageMs: number): Promise<void> => {
      const columns = heartbeatColumns();
      for (const age of [ageMs, ageMs - 60_000]) { columns.arrived.add(1e9 - age); columns.deviceTime.add(null); columns.no.add(no!.no); columns.seq.add(1); columns.battery.add(3); columns.rssi.add(-120); columns.mains.add(null); columns.temp.add(null); columns.extra.addBytes(null); }
      await insertHeartbeats(web.t.db, arraysOf(columns), 1e9);
    };
    await late(60_000 * 5);
    expect(await q('select 1 from heartbeat_late')).toEqual([]); // in time: nothing is marked
    await late(2 * day);
    expect(await q('select 1 from heartbeat_late')).toHaveLength(1);
    await rollAll();
    const of = async (ago: number): Promise<unknown> => (await q('select beats, rssi_worst as worst from heartbeat_day where device_no = $1 and day = $2', [no!.no, dayOf(await now() - ago * day)]))[0];
    expect(await of(2)).toEqual({ beats: 74, worst: -120 });
    expect(await q('select 1 from heartbeat_late')).toEqual([]);
    await q(`delete from heartbeat where received_at < anling_now() - interval '5 days'`);
    await late(7 * day);
    await rollAll();
    expect(await of(7)).toMatchObject({ beats: 72 });
  });

  it('a day is rolled up once it is over and settled, none while its last rows may still be under way; the clock may jump over many', async () => {
    await rollAll();
    await web.t.advance(14 * hour + limits.rollAfterMs - 60_000); // 00:29
    expect((await splitDays(web.t.db, 2, await now())).open).toHaveLength(2);
    await rollAll();
    expect((await splitDays(web.t.db, 2, await now())).open).toHaveLength(2);
    await web.t.advance(60_000);
    await rollAll();
    expect((await splitDays(web.t.db, 2, await now())).open).toHaveLength(1);
    await web.t.advance(9 * day);
    await spreadTelemetry(web.t.db);
    await rollAll();
    expect((await splitDays(web.t.db, 10, await now())).open).toHaveLength(1);
    expect(await dropOldTelemetry(web.t.db, { heartbeat: 5, vital: 400 })).not.toEqual([]);
  });

  it('a heartbeat of a machine whose clock had stood at 2001 holds up no day, and goes', async () => {
    await web.t.db.query(`do $$ declare r heartbeat; begin select * into r from heartbeat limit 1; r.received_at := '2001-01-02 03:04:05+00'; insert into heartbeat select r.*; end $$`);
    await web.t.advance(3 * day);
    await spreadTelemetry(web.t.db);
    await rollAll();
    expect((await splitDays(web.t.db, 2, await now())).open.length).toBeLessThanOrEqual(1);
    await dropOldTelemetry(web.t.db, { heartbeat: 30, vital: 400 });
    expect(await web.t.db.query(`select 1 from heartbeat where received_at < '2002-01-01'`)).toEqual([]);
  });

  it('two edges keep it between them: days are rolled up, then what is older than its days is dropped, and pages show what they showed', async () => {
    await spreadTelemetry(web.t.db);
    const before = await shown();
    const edges = [1, 2].map(() => startUpkeep({ db: web.t.db, log: createLog('test', 'silent'), days: { heartbeat: 7, vital: 400 } }));
    try {
      await expect.poll(async () => (await q<{ n: number }>(`select count(*)::int as n from heartbeat where received_at < anling_now() - interval '9 days'`))[0]?.n, { timeout: 20_000 }).toBe(0);
    } finally { await Promise.all(edges.map((edge) => edge.stop())); }
    expect((await q<{ n: number }>('select count(*)::int as n from heartbeat'))[0]?.n).toBeGreaterThan(72 * 7);
    expect(await shown()).toEqual(before);
  });

  it('online rates day by day are those of the sheet, rolled up or not, and follow a silence that is known later [B9]', async () => {
    await q(`insert into silence (device_id, from_at, silent_at, back_at) values ($1, anling_now() - interval '20 hours', anling_now() - interval '19 hours', anling_now() - interval '6 hours')`, [ids[0]]);
    const read = async (): Promise<[string, number][]> => (await onlineDays(web.t.db, '350425', 4, await now())).map((d) => [d.day, Math.round(d.silentMs / hour)]);
    const before = await read();
    expect(before.map(([, silent]) => silent)).toEqual([0, 0, 10, 4]); // fourteen to midnight, midnight to four
    await rollAll();
    expect(await read()).toEqual(before);
    const [yesterday] = (await onlineDays(web.t.db, '350425', 2, await now()));
    const api = (await web.fetch('/api/v1/reports/online-days?days=4', { cookie: await web.cookie('admin') })).body.days;
    expect(api.map((d: { day: string; up: number }) => [d.day, Math.round((1 - d.up) * 24 * 3)]).slice(0, 3)).toEqual(before.slice(0, 3));
    expect((await web.fetch('/api/v1/reports/online-days', { cookie: await web.cookie('admin', otherTown) })).body.days.every((d: { devices: number }) => d.devices === 0)).toBe(true);
    expect((await web.fetch('/api/v1/reports/online-days', { cookie: await web.cookie('viewer') })).status).toBe(403);
    const beats = (await web.fetch(`/api/v1/devices/${ids[0]}/heartbeats`, { cookie: await web.cookie('admin') })).body.heartbeats;
    expect([beats.length, beats[0].at < beats[1].at]).toEqual([71, true]);
    expect((await web.fetch(`/api/v1/devices/${ids[0]}/heartbeats`, { cookie: await web.cookie('installer', otherTown) })).status).toBe(404);
    expect(yesterday).toMatchObject({ devices: 3, never: 0, heard: 3, beats: (await days()).filter((d) => d.day === yesterday?.day).reduce((n, d) => n + d.beats, 0), installedMs: 3 * day });
    // A device of a day's class: two days later it is known that it fell silent then.
    await q(`insert into silence (device_id, from_at, silent_at) values ($1, anling_now() - interval '40 hours', anling_now())`, [ids[1]]);
    await web.t.advance(day);
    await rollAll();
    expect((await read()).map(([, silent]) => silent)).toEqual([6, 34, 28, 10]);
  });
});
