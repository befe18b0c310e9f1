/** Devices that need somebody: never heard, silent beyond their class, batteries near their end, by rows and over the API. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createRollup } from '#store/rollup.ts';
import { holdClock } from '#test/harness/db.ts';
import { makeDevice } from '#test/harness/edge.ts';
import { otherTown, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); await holdClock(web.t.db, 12); admin = await web.cookie('admin'); });
afterAll(() => web?.stop());

const get = (path: string, cookie = admin): ReturnType<Web['fetch']> => web.fetch(`/api/v1${path}`, { cookie });
const listed = async (list: string, cookie = admin): Promise<string[]> => (await get(`/device-health?list=${list}`, cookie)).body.devices.map((d: { id: string }) => d.id);
const own = async (presence: string, homeId = 'h1', model = 'sos-button'): Promise<string> => {
  const { id } = await makeDevice(web.t.db, web.t.seal, { homeId, model });
  await web.t.db.query(`update device set registered_at = anling_now() - interval '100 days' where id = $1`, [id]);
  await web.t.db.query(`update presence set ${presence} where device_id = $1`, [id]);
  return id;
};
/** One reading a day at the same hour, `days` ago to today, as SQL of `n` (days ago); a second one of each day lies before it. */
const readings = (id: string, days: number, percent: string): Promise<unknown> => web.t.db.query(
  `insert into heartbeat (received_at, device_no, battery) select anling_now() - make_interval(days => n) - make_interval(secs => s), d.no, ${percent} from device d, generate_series(0, ${days - 1}) n, (values (60), (7200)) v(s) where d.id = $1`, [id]);

describe('installed devices that need somebody', () => {
  it('never heard and silently dead are two lists; what is heard, in stock or refused is on neither [B6 F7]', async () => {
    const never = await own(`state = 'never'`);
    const dead = await own(`state = 'offline', last_seen_at = anling_now() - interval '3 days', silent_at = anling_now() - interval '1 day'`);
    const well = await own(`state = 'online', last_seen_at = anling_now()`);
    const [stock, refused] = [await own(`state = 'never'`), await own(`state = 'offline', last_seen_at = anling_now() - interval '9 days'`)];
    await web.t.db.query(`update device set status = case id when $1 then 'stock' else 'revoked' end where id = any($2)`, [stock, [stock, refused]]);
    expect([await listed('never'), await listed('dead')]).toEqual([[never], [dead]]);
    expect([await listed('never'), await listed('dead'), await listed('battery')].flat()).not.toContain(well);
    const far = await web.cookie('installer', otherTown);
    expect([await listed('never', far), await listed('dead', far)]).toEqual([[], []]);
    expect((await get('/device-health?list=never', await web.cookie('viewer'))).status).toBe(403);
  });

  it('a SIM that ends within sixty days, or has ended, is on the list, by the county’s day; in stock it is nobody’s yet [F7]', async () => {
    const [soon, over, far, stock] = [await own('low_battery = false'), await own('low_battery = false'), await own('low_battery = false'), await own('low_battery = false')];
    await web.t.db.query(`update device set sim_until = (anling_now() at time zone 'Asia/Shanghai')::date + case id when $1 then 59 when $2 then -3 when $3 then 60 else 5 end where id = any($4)`, [soon, over, far, [soon, over, far, stock]]);
    await web.t.db.query(`update device set status = 'stock' where id = $1`, [stock]);
    expect((await listed('sim')).toSorted()).toEqual([soon, over].toSorted());
    const made = await web.fetch('/api/v1/devices', { method: 'POST', cookie: admin, body: { model: 'smoke', simUntil: '2027-02-30' } });
    expect([made.status, made.body.error.fields[0].field]).toEqual([422, 'simUntil']);
    expect((await web.fetch('/api/v1/devices', { method: 'POST', cookie: admin, body: { id: 'sim-1', model: 'smoke', simUntil: '2027-02-28' } })).status).toBe(201);
    expect((await get('/devices/sim-1')).body.simUntil).toBe('2027-02-28');
  });

  it('a battery that falls is named with its days, the soonest first; few readings and a steady one are not guessed at [B9]', async () => {
    const [soon, later] = [await own(`state = 'online', battery = 20`), await own(`state = 'online', battery = 50`)];
    const [few, steady, mains] = [await own(`state = 'online', battery = 9`), await own(`state = 'online', battery = 8`), await own(`state = 'online', battery = 7`, 'h1', 'fall-radar')];
    await readings(soon, 40, '20 + n');
    await readings(later, 60, '50 + n / 2');
    await readings(few, 5, '9 + n * 5');
    await readings(steady, 60, '8 + n % 2');
    await readings(mains, 60, '7 + n');
    const { devices } = (await get('/device-health?list=battery')).body;
    expect(devices.map((d: { id: string }) => d.id)).toEqual([soon, later]);
    expect(devices[0].outlook).toMatchObject({ kind: 'falling', readings: 40, days: 39, daysLeft: expect.closeTo(10, 1), perDay: expect.closeTo(-1, 3) });
    expect(devices[1].outlook.daysLeft).toBeGreaterThan(75);
    const one = (await get(`/devices/${few}/battery`)).body;
    expect([one.readings.length, one.outlook.kind, one.outlook.daysLeft]).toEqual([5, 'few', null]);
    expect((await get(`/devices/${steady}/battery`)).body.outlook.kind).toBe('steady');
    expect((await get(`/devices/${soon}/battery`, await web.cookie('installer', otherTown))).status).toBe(404);
    // Fitted anew, what it said before is another battery's.
    await web.t.db.query(`update device set registered_at = anling_now() - interval '3 days' where id = $1`, [soon]);
    expect((await get(`/devices/${soon}/battery`)).body.outlook.kind).toBe('few');
  });

  it('a whole list is reckoned in time: its lowest devices with every day that is kept', async () => {
    const ids = await Promise.all(Array.from({ length: limits.batteryListed }, () => own(`state = 'online', battery = 1`)));
    await web.t.db.query(
      `insert into heartbeat (received_at, device_no, battery) select anling_now() - make_interval(hours => n * 6) - interval '1 minute', d.no, 11 + n / 8 from device d, generate_series(0, ${limits.batteryDays * 4 - 5}) n where d.id = any($1)`, [ids]);
    const roll = createRollup(web.t.db);
    while (await roll());
    const begun = performance.now();
    const { devices } = (await get('/device-health?list=battery')).body;
    console.log(`${limits.batteryListed} batteries of ${limits.batteryDays} days reckoned in ${Math.round(performance.now() - begun)} ms`);
    expect(devices.length).toBe(limits.batteryListed);
    await web.t.db.query('truncate heartbeat_day, day_rolled'); // what the tests below write into the past was not there
  });

  it('a signal is shown day by day and called weak or falling; weak ones that are heard are a list by village [B9]', async () => {
    const [weak, falling, silent] = [await own(`state = 'online', rssi = -112`), await own(`state = 'online', rssi = -90`), await own(`state = 'offline', rssi = -120`)];
    const far = await own(`state = 'online', rssi = -105`, 'h2');
    const said = (id: string, dbm: string): Promise<unknown> => web.t.db.query(`insert into heartbeat (received_at, device_no, rssi) select anling_now() - make_interval(days => n) - make_interval(secs => s), d.no, ${dbm} from device d, generate_series(0, 29) n, (values (60), (7200)) v(s) where d.id = $1`, [id]);
    await said(weak, '-110 - s / 7200 * 4');
    await said(falling, 'case when n < 7 then -90 else -80 end');
    const { devices } = (await get('/device-health?list=signal')).body;
    expect(devices.map((d: { id: string; rssi: number }) => [d.id, d.rssi])).toEqual([[weak, -112], [far, -105]]);
    expect(devices.map((d: { id: string }) => d.id)).not.toContain(silent);
    expect((await get('/device-health/signal')).body).toMatchObject({ weakDbm: -100, villages: [{ village: '仙亭村', heard: 2, weak: 1, mean: -101 }, { village: '内洋村', heard: 1, weak: 1 }] });
    expect((await get('/device-health/signal', await web.cookie('installer', otherTown))).body.villages).toMatchObject([{ village: '内洋村' }]);
    const one = (await get(`/devices/${weak}/signal`)).body;
    expect([one.days.length, one.days.at(-1), one.trend]).toEqual([30, { at: expect.any(Number), mean: -112, worst: -114 }, { kind: 'weak', days: 30, now: -112, before: -112 }]);
    expect((await get(`/devices/${falling}/signal`)).body.trend).toEqual({ kind: 'falling', days: 30, now: -90, before: -80 });
    expect((await get(`/devices/${silent}/signal`)).body).toMatchObject({ days: [], trend: { kind: 'few', now: null } });
    expect((await get(`/devices/${weak}/signal`, await web.cookie('installer', otherTown))).status).toBe(404);
  });

  it('a device of one heartbeat a minute has its signal of a month in time', async () => {
    const id = await own(`state = 'online', rssi = -80`);
    await web.t.db.query(`insert into heartbeat (received_at, device_no, rssi) select anling_now() - make_interval(mins => n) - interval '1 second', d.no, -80 from device d, generate_series(0, ${limits.signalDays * 1440 + 1500}) n where d.id = $1`, [id]);
    const begun = performance.now();
    expect((await get(`/devices/${id}/signal`)).body.days.length).toBe(limits.signalDays);
    console.log(`the signal of ${limits.signalDays} days, a heartbeat a minute, in ${Math.round(performance.now() - begun)} ms`);
  });
});
