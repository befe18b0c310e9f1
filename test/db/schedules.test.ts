/** 排班 through the API and into the alarm path: turns, gaps, stand-ins, swaps, holidays, the calendar, and who is rung first (E9). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { county, otherTown, testWeb, town, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
let now: number;
beforeAll(async () => {
  web = await testWeb();
  admin = await web.cookie('admin');
  for (const [i, name] of ['甲值班', '乙值班', '丙值班'].entries()) await duty(`duty${i + 1}`, name, town, i + 1);
  await duty('elsewhere', '外值班', otherTown, 1);
  now = (await web.t.db.query<{ now: number }>('select anling_now() as now'))[0]!.now;
});
afterAll(() => web.stop());

const duty = (id: string, name: string, region: string, ord: number): Promise<unknown> => web.t.db.query(
  `insert into responder (id, role, region_code, ord, name_enc, phone_enc, phone_bidx) values ($1, 'town-duty', $2, $3, $4, $5, $6)`,
  [id, region, ord, web.t.seal.seal('responder.name', name), web.t.seal.seal('responder.phone', `1540425100${ord}`), web.t.seal.blind('phone', `${id}1540425100${ord}`)]);
const call = (method: string, path: string, body?: unknown, cookie = admin) => web.fetch(`/api/v1/${path}`, { method, cookie, ...(body === undefined ? {} : { body }) });
const hour = 3_600_000;
const day = (ms: number): string => new Date(ms + 8 * hour).toISOString().slice(0, 10);
/** Turns of a day that begin at the county's midnight today with the first one. */
const layer = (more: object = {}) => ({ members: ['duty1', 'duty2', 'duty3'], startDay: day(now), handOver: '00:00', turnHours: 24, days: 'all', window: null, endDay: null, ...more });
const add = (id: string, layers: object[]) => call('POST', 'schedules', { id, name: '均溪镇值班室', role: 'town-duty', regionCode: town, layers });

describe('a schedule', () => {
  it('is added, shows whose turn it is, masked, with its turns and without a gap [E9]', async () => {
    const added = await add('s1', [layer()]);
    expect(added.status, added.text).toBe(201);
    const { body } = await call('GET', 'schedules/s1?days=3', undefined, await web.cookie('operator'));
    expect(body).toMatchObject({ now: { id: 'duty1', name: '甲*班' }, gaps: [], version: 1 });
    expect(body.turns.map((t: { who: { id: string } }) => t.who.id)).toEqual(['duty1', 'duty2', 'duty3', 'duty1']);
  });

  it('names every wrong line, and keeps nothing of it [E9]', async () => {
    const wrong = await add('s2', [layer({ members: ['duty1', 'elsewhere', 'r1'], startDay: '2026-02-30', window: { from: '08:00', to: '08:00' }, endDay: '2020-01-01' })]);
    expect(wrong.status).toBe(422);
    expect(wrong.body.error.fields.map((f: { field: string }) => f.field).sort()).toEqual(['layers.0.endDay', 'layers.0.members.1', 'layers.0.members.2', 'layers.0.startDay', 'layers.0.window']);
    expect((await call('GET', 'schedules/s2')).status).toBe(404);
    expect((await add('s1', [layer()])).status).toBe(409);
  });

  it('is one’s own town’s only, written by the desk’s leaders only [W8]', async () => {
    expect((await call('GET', 'schedules/s1', undefined, await web.cookie('admin', otherTown))).status).toBe(404);
    expect((await call('GET', 'schedules', undefined, await web.cookie('admin', otherTown))).body.schedules).toEqual([]);
    expect((await call('DELETE', 'schedules/s1?version=1', undefined, await web.cookie('operator'))).status).toBe(403);
    expect((await call('PUT', 'schedules/s1', { name: '新', layers: [layer()], version: 7 })).status).toBe(409);
  });
});

describe('stand-ins', () => {
  it('somebody stands in for an hour, a swap goes both ways and is taken back as a whole, each audited [E9]', async () => {
    const { body: one } = await call('POST', 'schedules/s1/overrides', { from: now - hour, to: now + hour, out: null, in: 'duty3' });
    expect((await call('GET', 'schedules/s1')).body).toMatchObject({ now: { id: 'duty3' }, overrides: [{ id: one.id, swap: false, in: { id: 'duty3' }, out: null }] });
    expect((await call('DELETE', `schedules/s1/overrides/${one.id}`)).status).toBe(200);
    const midnight = Math.floor((now + 8 * hour) / (24 * hour)) * 24 * hour - 8 * hour;
    const { body: pair } = await call('POST', 'schedules/s1/swaps', { a: { who: 'duty1', from: midnight, to: midnight + 24 * hour }, b: { who: 'duty2', from: midnight + 24 * hour, to: midnight + 48 * hour } });
    const changed = (await call('GET', `schedules/s1?from=${midnight}&days=3`)).body;
    expect(changed.turns.map((t: { who: { id: string }; instead: boolean }) => `${t.who.id}${t.instead ? '*' : ''}`)).toEqual(['duty2*', 'duty1*', 'duty3']);
    expect((await call('DELETE', `schedules/s1/overrides/${pair.ids[1]}`)).status).toBe(200);
    expect((await call('GET', 'schedules/s1')).body).toMatchObject({ now: { id: 'duty1' }, overrides: [] });
    const actions = (await web.t.db.query<{ action: string }>(`select action from audit where action like 'schedule.%' order by id`)).map((r) => r.action);
    expect(actions).toEqual(['schedule.create', 'schedule.override', 'schedule.override-removed', 'schedule.swap', 'schedule.override-removed']);
  });

  it('refuses a time that runs backwards and somebody of another role [E9]', async () => {
    const { status, body } = await call('POST', 'schedules/s1/overrides', { from: now, to: now - 1, out: 'r1', in: 'duty3' });
    expect([status, body.error.fields.map((f: { field: string }) => f.field)]).toEqual([422, ['to', 'out']]);
  });
});

describe('holidays', () => {
  it('are the county’s, a year at a time; a layer for rest days holds on them and the gap finder knows [E9]', async () => {
    const [today, year] = [day(now), Number(day(now).slice(0, 4))];
    expect((await call('PUT', 'holidays', { year, holidays: [{ day: today, kind: 'rest', name: '放假' }] }, await web.cookie('admin', town))).status).toBe(403);
    expect((await call('PUT', 'holidays', { year, holidays: [{ day: '2019-01-01', kind: 'rest', name: '错' }, { day: today, kind: 'rest', name: '放假' }, { day: today, kind: 'work', name: '上班' }] })).body.error.fields.map((f: { field: string }) => f.field)).toEqual(['holidays.0.day', 'holidays.2.day']);
    expect((await call('PUT', 'holidays', { year, holidays: [{ day: today, kind: 'rest', name: '放假' }] })).status).toBe(200);
    expect((await call('GET', `holidays?year=${year}`)).body.holidays).toEqual([{ day: today, kind: 'rest', name: '放假' }]);
    expect((await call('PUT', 'schedules/s1', { name: '均溪镇值班室', layers: [layer({ days: 'work' })], version: 1 })).status).toBe(200);
    const seen = (await call('GET', 'schedules/s1')).body;
    expect(seen.now).toBeNull();
    expect(seen.gaps[0]).toMatchObject({ who: null, instead: false });
    expect(seen.gaps[0].from).toBeLessThan(now + 60_000);
    expect((await call('PUT', 'holidays', { year, holidays: [] })).status).toBe(200);
    expect((await call('PUT', 'schedules/s1', { name: '均溪镇值班室', layers: [layer()], version: 2 })).status).toBe(200);
  });
});

describe('the calendar', () => {
  it('opens with its key alone and to nobody without it [E9]', async () => {
    const { body } = await call('GET', 'schedules/s1');
    const text = await fetch(`${web.url}/api/v1/schedules/s1/calendar.ics?key=${body.calendarKey}`).then(async (r) => [r.status, r.headers.get('content-type'), await r.text()]);
    expect(text.slice(0, 2)).toEqual([200, 'text/calendar; charset=utf-8']);
    expect(text[2]).toMatch(/^BEGIN:VCALENDAR\r\n[\s\S]*SUMMARY:甲值班 均溪镇值班室\r\n/);
    expect((await fetch(`${web.url}/api/v1/schedules/s1/calendar.ics?key=wrong`)).status).toBe(404);
    expect((await fetch(`${web.url}/api/v1/schedules/s9/calendar.ics?key=${body.calendarKey}`)).status).toBe(404);
  });
});

describe('who is called', () => {
  const first = async (at?: number): Promise<string[]> => {
    const plan = { name: '急', kinds: ['sos'], scopeCode: county, steps: [{ atS: 0, actions: [{ target: 'town-duty', channel: 'voice' }] }], roundS: 300, desk: [] };
    const { status, body, text } = await call('POST', 'plans/preview', { homeId: 'h1', kind: 'sos', plan, ...(at === undefined ? {} : { at }) });
    expect(status, text).toBe(200);
    return body.steps[0].sends.filter((s: { channel: string }) => s.channel === 'voice').map((s: { party: string }) => s.party);
  };
  it('whose turn it is comes first, tonight at 02:10 as well as now; when he is away the others take over [E9 FF9]', async () => {
    const tomorrowNight = Math.floor((now + 8 * hour) / (24 * hour)) * 24 * hour - 8 * hour + 26 * hour + 600_000;
    expect([await first(), await first(tomorrowNight), await first(tomorrowNight + 24 * hour)]).toEqual([['responder:duty1'], ['responder:duty2'], ['responder:duty3']]);
    await web.t.db.query(`update responder set absent_until = anling_now() + interval '3 days' where id = 'duty2'`);
    expect(await first(tomorrowNight)).toEqual(['responder:duty1']);
    await web.t.db.query(`update responder set absent_until = null where id = 'duty2'`);
  });

  it('a gap in the table calls as many as no table: in the order of the file [E9 E10]', async () => {
    const { body } = await call('POST', 'schedules/s1/overrides', { from: now - hour, to: now + hour, out: null, in: null });
    expect(await first()).toEqual(['responder:duty1']);
    await call('DELETE', `schedules/s1/overrides/${body.id}`);
    const { version } = (await call('GET', 'schedules/s1')).body;
    expect((await call('DELETE', `schedules/s1?version=${version}`)).status).toBe(200);
    expect(await first()).toEqual(['responder:duty1']);
  });
});
