/** 走测 over the API, in travelled time: what two radars saw says that they are swapped; the swap keeps both histories; the walk and its test mode end by themselves. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeDevice } from '#test/harness/edge.ts';
import { otherTown, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let installer: string;
let [bed, bath]: [string, string] = ['', ''];
beforeAll(async () => { web = await testWeb(); installer = await web.cookie('installer'); });
afterAll(() => web?.stop());
beforeEach(async () => {
  await web.t.db.query('delete from walk_test');
  await web.t.db.query('delete from device');
  [bed, bath] = [(await makeDevice(web.t.db, web.t.seal, { id: 'r-bed', homeId: 'h1', model: 'fall-radar' })).id, (await makeDevice(web.t.db, web.t.seal, { id: 'r-bath', homeId: 'h1', model: 'fall-radar' })).id];
  await web.t.db.query(`update device set room = case id when 'r-bed' then '卧室' else '卫生间' end`);
});
const minute = 60_000;
const api = (body?: object, path = 'walk-test', home = 'h1', cookie = installer): ReturnType<Web['fetch']> => web.fetch(`/api/v1/homes/${home}/${path}`, { method: body ? 'POST' : 'GET', cookie, ...(body ? { body } : {}) });
const sees = (id: string): Promise<unknown> => web.t.db.query('insert into vital (received_at, device_no, breath) select anling_now(), no, 16 from device where id = $1', [id]);
const moves = (id: string): Promise<unknown> => web.t.db.query(`insert into event (ingest_id, shard, urgency, device_id, home_id, source, kind, edge, received_at, trace) values (gen_random_uuid(), 1, 2, $1, 'h1', 'mqtt', 'motionless', 'clear', anling_now(), 't')`, [id]);
/** Walks bedroom, bathroom; who hangs where sees him there. */
async function walk(inBedroom: string, inBathroom: string): Promise<void> {
  expect((await api({ act: 'begin' })).status).toBe(200);
  for (const [room, id, how] of [['卧室', inBedroom, sees], ['卫生间', inBathroom, moves]] as const) {
    expect((await api({ act: 'step', room })).status).toBe(200);
    for (let i = 0; i < 3; i++) { await web.t.advance(40_000); await how(id); }
  }
  await api({ act: 'end' });
}

describe('a walk test', () => {
  it('hung as on file: right', async () => {
    await walk(bed, bath);
    expect((await api()).body.walk).toMatchObject({ running: false, steps: [{ room: '卧室' }, { room: '卫生间' }], result: { kind: 'right', swaps: [], devices: [{ id: bath, verdict: 'right', sightings: 3 }, { id: bed, verdict: 'right', sightings: 3 }] } });
  });

  it('swapped: named with the rooms; the swap puts the file right, keeps both histories, is on record, and holds only for what was seen [F7 2.3]', async () => {
    await walk(bath, bed);
    expect((await api()).body.walk.result).toMatchObject({ kind: 'swapped', swaps: [{ a: bath, b: bed }], devices: [{ id: bath, room: '卫生间', verdict: 'elsewhere', seenIn: '卧室' }, { id: bed, room: '卧室', verdict: 'elsewhere', seenIn: '卫生间' }] });
    const swap = { a: bath, roomOfA: '卫生间', b: bed, roomOfB: '卧室' };
    for (const [body, status] of [[{ ...swap, roomOfA: '客厅' }, 409], [{ ...swap, b: bath }, 422], [{ ...swap, b: 'nobody' }, 409]] as const) expect((await api(body, 'swap-rooms')).status).toBe(status);
    expect((await api(swap, 'swap-rooms', 'h1', await web.cookie('operator'))).status).toBe(403);
    expect((await api(swap, 'swap-rooms', 'h1', await web.cookie('installer', otherTown))).status).toBe(404);
    expect((await api(swap, 'swap-rooms', 'h2')).status).toBe(409);
    expect((await api(swap, 'swap-rooms')).status).toBe(200);
    expect(await web.t.db.query('select id, room, home_id as home from device order by id')).toEqual([{ id: bath, room: '卧室', home: 'h1' }, { id: bed, room: '卫生间', home: 'h1' }]);
    const lines = (await web.fetch(`/api/v1/devices/${bed}/life`, { cookie: installer })).body.lines;
    expect(lines.slice(0, 2).map((l: { room: string; homeId: string }) => [l.room, l.homeId])).toEqual([['卫生间', 'h1'], ['卧室', 'h1']]);
    expect(lines[0].actor).toMatch(/^user:/);
    expect((await web.t.db.query(`select detail from audit where action = 'device.swap-rooms'`))[0]?.['detail']).toMatchObject({ a: bath, b: bed });
    expect((await api()).body.walk.result.kind).toBe('right');
    expect((await api(swap, 'swap-rooms')).status).toBe(409);
  });

  it('one that saw nobody makes nothing certain; a button is not asked, a home without radars has no walk', async () => {
    await makeDevice(web.t.db, web.t.seal, { homeId: 'h1', model: 'sos-button' });
    await walk(bed, bed);
    expect((await api()).body).toMatchObject({ devices: 2, walk: { result: { kind: 'unclear', devices: [{ id: bath, verdict: 'silent' }, { id: bed, verdict: 'unclear' }] } } });
    expect((await api({ act: 'begin' }, 'walk-test', 'h2')).status).toBe(409);
  });

  it('ends by itself with its test mode; an installer’s longer one is left alone; a step without a walk is refused [C12 2.3]', async () => {
    expect([(await api({ act: 'step', room: '卧室' })).status, (await api({ act: 'end' })).status, (await api({ act: 'step' })).status, (await api({ act: 'begin', room: 'x' })).status]).toEqual([409, 409, 422, 422]);
    await web.t.db.query(`update device set test_until = anling_now() + interval '2 hours' where id = $1`, [bath]);
    await api({ act: 'begin' });
    const left = async (): Promise<unknown> => web.t.db.query(`select id, round(extract(epoch from test_until - anling_now()) / 60)::int as min from device order by id`);
    expect(await left()).toEqual([{ id: bath, min: 120 }, { id: bed, min: 30 }]);
    await web.t.advance(30 * minute + 1);
    expect((await api()).body.walk.running).toBe(false);
    expect((await api({ act: 'step', room: '卧室' })).status).toBe(409);
    expect((await web.t.db.query<{ on: boolean }>(`select test_until > anling_now() as on from device where id = $1`, [bed]))[0]?.on).toBe(false);
  });
});
