/** Modes with their ends, the routine check of a morning, the battery message of a village. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBeds, checkRoutines, dailyTurn, sendDigests } from '#alerts/digest.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { listModes, setMode } from '#store/modes.ts';
import { type County, county, testCounty, town, village } from './supervision-fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
let c: County;
beforeEach(async () => { c = await testCounty(); });
afterEach(() => c.close());
const options = () => ({ db: c.db, seal: c.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
/** Travels to the next time the county's clock shows `hhmm`. */
async function until(hhmm: string): Promise<void> {
  const now = new Date((await c.now()) + 8 * hour);
  const [h = 0, m = 0] = hhmm.split(':').map(Number);
  const at = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), h, m) - now.getTime();
  await c.advance(at > 0 ? at : at + 24 * hour);
}

describe('modes [C9]', () => {
  const mode = (change: Partial<Parameters<typeof setMode>[1]>) => c.db.tx(async (sql) => setMode(sql, { mode: 'away', until: (await c.now()) + hour, by: 'user:u1', prefix: '350425', ...change }));

  it('a silent device of a home that is away waits, and is raised when the mode ends and it is still silent', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 2 });
    expect(await mode({ homes: ['x0-h1'] })).toEqual({ homes: 1, people: 0, missing: [] });
    const raised = async (): Promise<(string | null)[]> => (await c.events('offline')).filter((e) => e.edge === 'raise').map((e) => e.deviceId);
    await c.pass(30 * minute, { stepMs: 30_000 });
    expect(await raised()).toEqual([ids[1]]);
    await c.pass(31 * minute, { stepMs: 30_000 });
    expect((await raised()).sort()).toEqual([...ids].sort());
  });

  it('ended by hand it raises what waited; ended by time it leaves the lists and the rows', async () => {
    const ids = await c.homes({ region: village(0, 1), homes: 1 });
    await mode({ homes: ['x0-h1'], until: (await c.now()) + 24 * hour });
    await c.pass(10 * minute, { stepMs: 30_000 });
    await mode({ homes: ['x0-h1'], mode: null, until: null });
    await c.sweep();
    expect((await c.events('offline')).map((e) => e.deviceId)).toEqual(ids);
    await mode({ people: ['x0-p1'], mode: 'hospital' });
    expect((await listModes(c.db, '350425')).map((m) => [m.type, m.id, m.mode, m.by, m.forgotten])).toEqual([['person', 'x0-p1', 'hospital', 'user:u1', false]]);
    await c.advance(hour + 1_000);
    expect(await listModes(c.db, '350425')).toEqual([]);
    await dailyTurn(options());
    expect(await c.db.query('select count(*)::int as n from person where mode is not null')).toEqual([{ n: 0 }]);
  });

  it('a home-bound device is muted when everybody who lives there is away, not when one of two is', async () => {
    await c.homes({ region: village(0, 1), homes: 1 });
    await c.db.query(`insert into person (id, home_id, name_enc, name_bidx) values ('second', 'x0-h1', '\\x00', '\\x00')`);
    const long = (await c.now()) + 24 * hour;
    await mode({ people: ['x0-p1'], mode: 'hospital', until: long });
    await mode({ people: ['second'], mode: 'away', until: long });
    await c.pass(10 * minute, { stepMs: 30_000 });
    expect(await c.events()).toEqual([]);
    await mode({ people: ['second'], mode: null, until: null });
    await c.sweep();
    expect((await c.events('offline')).map((e) => e.edge)).toEqual(['raise']);
  });

  it('a list of villages, people and homes in one action, within the scope of who does it', async () => {
    await c.homes({ region: village(0, 1), homes: 3, prefix: 'a' });
    await c.homes({ region: village(0, 2), homes: 3, prefix: 'b' });
    await c.homes({ region: village(1, 1), homes: 3, prefix: 'o' });
    expect(await mode({ regions: [village(0, 1), town(1)], people: ['b-p1', 'nobody'], mode: 'evacuated', prefix: '350425100' })).toEqual({ homes: 3, people: 1, missing: ['nobody', town(1)] });
    expect((await listModes(c.db, '350425100')).map((m) => m.id).sort()).toEqual(['a-h1', 'a-h2', 'a-h3', 'b-p1']);
    expect(await listModes(c.db, '350425101')).toEqual([]);
    expect(await mode({ regions: [county], mode: 'evacuated' })).toMatchObject({ homes: 9 });
  });

  it('one that lasts longer than a week is listed as forgotten; renewing it does not hide that', async () => {
    await c.homes({ region: village(0, 1), homes: 1 });
    await mode({ homes: ['x0-h1'], until: (await c.now()) + 30 * 24 * hour });
    await c.advance(8 * 24 * hour);
    await mode({ homes: ['x0-h1'], until: (await c.now()) + 30 * 24 * hour });
    expect(await listModes(c.db, '350425')).toMatchObject([{ id: 'x0-h1', forgotten: true }]);
  });
});

describe('routine [C7 FF22]', () => {
  beforeEach(async () => {
    await until('02:00');
    await c.homes({ region: village(0, 1), homes: 1, models: ['fall-radar', 'bed', 'sos-button'], prefix: 'r' });
    await c.db.query(`update person set routine_by = '09:00'`);
  });
  const radar = 'r-d1-1';
  const bed = 'r-d1-2';
  const button = 'r-d1-3';
  const vital = (id: string, bedState: string | null) => c.db.query(`insert into vital (received_at, device_no, heart_rate, bed) select anling_now(), no, 60, $2 from device where id = $1`, [id, bedState]);
  const morning = async (): Promise<string[]> => {
    await until('09:00');
    await c.advance(10_000);
    await c.heard([radar, bed, button]);
    await checkRoutines(options());
    await checkRoutines(options());
    return (await c.events('motionless')).map((e) => `${e.personId} ${e.urgency}`);
  };

  it('nobody moved by the hour: one P2 for the person, once a day', async () => {
    await until('08:59');
    await vital(bed, 'in'); // alive, but not up
    expect(await morning()).toEqual(['r-p1 2']);
    expect((await c.events('motionless'))[0]).toMatchObject({ deviceId: null, homeId: 'r-h1', data: { routine: true, by: '09:00' } });
    expect(await morning()).toHaveLength(2); // the next day
  });

  it.each([
    ['the bed was left', () => vital(bed, 'out')],
    ['the radar sees somebody', () => vital(radar, null)],
    ['somebody cancelled a fall', () => c.db.query(`insert into event (ingest_id, shard, urgency, device_id, home_id, source, kind, received_at, trace) values (gen_random_uuid(), 1, 4, $1, 'r-h1', 'mqtt', 'cancel', anling_now(), 't')`, [radar])],
  ])('%s: nothing', async (_, sign) => {
    await until('07:00');
    await sign();
    expect(await morning()).toEqual([]);
  });

  it('a movement of last night is none of this morning', async () => {
    await vital(bed, 'out');
    expect(await morning()).toEqual(['r-p1 2']);
  });

  it('away, our own blindness, or no device alive prove nothing', async () => {
    await c.db.query(`update person set mode = 'hospital', mode_until = anling_now() + interval '1 day'`);
    expect(await morning()).toEqual([]);
    await c.db.query(`update person set mode = null, mode_until = null`);
    await until('08:50');
    await c.db.query(`insert into blind_window (from_at, to_at, why) values (anling_now() - interval '4 hours', anling_now(), 'x')`);
    expect(await morning()).toEqual([]);
    await c.db.query(`delete from blind_window`);
    await c.db.query(`update presence set state = 'offline'`);
    await until('09:01');
    await checkRoutines(options());
    expect(await c.events('motionless')).toEqual([]);
  });

  it('a window of the person’s own: two hours instead of five, however long ago the last movement is; the next village keeps the house’s [C7 C10]', async () => {
    await until('06:00');
    await vital(bed, 'out');
    expect(await morning()).toEqual([]); // three hours before nine lie within five
    await until('06:00');
    await vital(bed, 'out');
    await c.db.query(`insert into rule_version (no, entries, reason, by_actor, by_name) values (1, $1, 'x', 'x', 'x')`, [JSON.stringify([{ param: 'routineM', scope: 'region', id: town(1), value: 720 }, { param: 'routineM', scope: 'person', id: 'r-p1', value: 120 }])]);
    expect(await morning()).toEqual(['r-p1 2']);
    expect((await c.events('motionless'))[0]).toMatchObject({ data: { windowMs: 2 * hour } });
  });

  it('a worker that was down makes up for it the same morning, not in the evening', async () => {
    await until('09:00');
    await c.advance(2 * hour);
    await c.heard([radar, bed]);
    await checkRoutines(options());
    expect(await c.events('motionless')).toHaveLength(1);
    await until('18:00');
    await checkRoutines(options());
    expect(await c.events('motionless')).toHaveLength(1);
  });
});

describe('a bed left at night [C6]', () => {
  const bed = 'n-d1-2';
  beforeEach(async () => { await until('22:30'); await c.homes({ region: village(0, 1), homes: 1, models: ['fall-radar', 'bed'], prefix: 'n' }); });
  const says = async (state: 'in' | 'out', minutes = 1): Promise<void> => {
    for (let m = 0; m < minutes; m += 5) {
      await c.db.query('insert into vital (received_at, device_no, bed) select anling_now(), no, $2 from device where id = $1', [bed, state]);
      await c.advance(Math.min(5, minutes - m) * minute);
      await Promise.all([checkBeds(options()), checkBeds(options())]);
    }
  };
  const found = async (): Promise<string[]> => (await c.events('bed-exit')).map((e) => `${e.edge} ${e.personId} ${e.urgency}`);

  it('not taken again for half an hour: one P2 for the person, however many look; another leaving is another', async () => {
    await says('in', 60);
    await says('out', 25);
    expect(await found()).toEqual([]);
    await says('out', 40);
    expect(await found()).toEqual(['raise n-p1 2']);
    await says('in', 5);
    await says('out', 40);
    expect(await found()).toEqual(['raise n-p1 2', 'raise n-p1 2']);
  });

  it('taken again in time, by day, never taken this evening, or a bed that fell silent: nothing; its own word is not said twice', async () => {
    await says('out', 60); // up late: nobody has lain down yet
    await says('in', 10);
    await says('out', 25);
    await says('in', 10);
    expect(await found()).toEqual([]);
    await says('out', 5);
    await c.db.query(`insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, source, kind, received_at, data_enc, trace) values (gen_random_uuid(), 1, 2, $1, 'n-h1', 'n-p1', 'mqtt', 'bed-exit', anling_now(), $2, 't')`, [bed, c.seal.seal('event.data', '{}')]);
    await says('out', 60);
    expect(await found()).toHaveLength(1); // the bed's own
    await says('in', 5);
    await says('out', 5);
    await c.advance(40 * minute); // silent since
    await checkBeds(options());
    expect(await found()).toHaveLength(1);
    await until('05:30');
    await says('in', 5);
    await says('out', 60);
    expect(await found()).toHaveLength(1);
  });
});

describe('battery messages [B5]', () => {
  const low = (home: string) => c.db.query(
    `insert into alert (kind, priority, state, subject_type, subject_id, device_id, home_id, region_code, opened_at, last_raised_at, trace)
     select 'low-battery', 3, 'open', 'device', d.id, d.id, h.id, h.region_code, anling_now(), anling_now(), 't' from home h join device d on d.home_id = h.id where h.id = $1`, [home]);
  const sent = () => c.db.query<{ party: string; template: string; params: Buffer; n: number }>('select party, template, params_enc as params from outbox order by id');
  beforeEach(async () => {
    await c.homes({ region: village(0, 1), homes: 5, prefix: 'a' });
    await c.homes({ region: village(0, 2), homes: 2, prefix: 'b' });
    const phone = '15404250001';
    for (const [id, region, ord] of [['w1', village(0, 1), 1], ['w2', village(0, 1), 2]] as const)
      await c.db.query(`insert into responder (id, role, region_code, ord, name_enc, phone_enc, phone_bidx) values ($1, 'care-worker', $2, $3, $4, $4, $5)`, [id, region, ord, c.seal.seal('responder.phone', phone), c.seal.blind('phone', phone)]);
  });

  it('all homes of a village in one message at 08:30, none at night, none twice a day, a reminder after three days', async () => {
    await until('23:00');
    for (const h of ['a-h1', 'a-h2', 'a-h3']) await low(h);
    await sendDigests(options());
    await until('08:29');
    await sendDigests(options());
    expect(await sent()).toEqual([]);
    await until('08:30');
    await sendDigests(options());
    await sendDigests(options());
    const [first, ...more] = await sent();
    expect(more).toEqual([]);
    expect(first).toMatchObject({ party: 'responder:w1', template: 'battery' });
    expect(JSON.parse(c.seal.open('outbox.params', first!.params))).toEqual({ village: '0之1村', count: '3' });
    await c.advance(1_000);
    await low('a-h4');
    await c.advance(hour);
    await sendDigests(options());
    expect(await sent()).toHaveLength(1);
    await until('08:30');
    await sendDigests(options());
    expect(await sent()).toHaveLength(2); // a new one since
    for (const [days, n] of [[1, 2], [2, 2], [3, 3]] as const) { await until('08:30'); await sendDigests(options()); expect([days, (await sent()).length]).toEqual([days, n]); }
  });

  it('a care-worker who is absent is passed over; a village without one is logged, not lost from the list', async () => {
    await c.db.query(`update responder set absent_until = anling_now() + interval '9 days' where id = 'w1'`);
    await low('a-h1');
    await low('b-h1');
    await until('08:30');
    expect(await sendDigests(options())).toBe(2);
    expect((await sent()).map((s) => s.party)).toEqual(['responder:w2']);
  });
});
