/** 平安清点 by the hour (FIELD 3): evacuated, seen by a human, heard by a device, missing; each person once, inside the caller's scope. */
import { expect, it } from 'vitest';
import { county, testWeb, village } from '#test/harness/web.ts';

it('counts each person of a village once: evacuated, seen, heard, missing [FF4 LAW7]', async () => {
  const web = await testWeb();
  const { db, seal } = web.t;
  const from = Math.round((await db.query<{ now: number }>('select anling_now() as now'))[0]?.now ?? 0);
  const person = async (id: string, model: string, presence: string): Promise<void> => {
    await db.query(`insert into home (id, region_code, address_enc, place_enc) values ($1, $2, '\\x00', '\\x00')`, [`h-${id}`, village]);
    await db.query(`insert into person (id, home_id, name_enc, name_bidx) values ($1, $2, $3, '\\x00')`, [id, `h-${id}`, seal.seal('person.name', '陈金水')]);
    await db.query(`insert into device (id, model, home_id, person_id, secret_hash) values ($1, $2, $3, $4, '\\x00')`, [`d-${id}`, model, `h-${id}`, id]);
    await db.query(`insert into presence (device_id, check_at, last_seen_at, state, silent_at) values ($1, 'infinity', anling_now(), ${presence})`, [`d-${id}`]);
  };
  const silent = `'silent', anling_now()`;
  for (const id of ['away', 'seen', 'missing']) await person(id, 'fall-radar', silent);
  await person('heard', 'fall-radar', `'online', null`);
  await person('never', 'sos-button', `'never', null`);
  await db.query(`update presence set last_seen_at = null where device_id = 'd-never'`);
  await db.query(`update person set mode = 'evacuated', mode_until = anling_now() + interval '1 day' where id = 'away'`);
  const alert = await web.alert({ personId: 'seen', homeId: 'h-seen', region: village });
  await db.query(`insert into alert_log (alert_id, actor_type, actor_id, action) values ($1, 'user', 'op', 'arrived')`, [alert]);
  const cookie = await web.cookie('county-reader');
  const answer = await web.fetch(`/api/v1/reports/roll?from=${from}`, { cookie });
  expect(answer.body.total).toEqual({ people: 4, evacuated: 1, seen: 1, heard: 1, missing: 1 });
  expect(answer.body.villages).toMatchObject([{ code: village, village: '仙亭村', people: 4 }]);
  expect((await web.fetch(`/api/v1/reports/roll?from=${from + 3_600_000}`, { cookie })).body.total, 'before that nobody was seen').toMatchObject({ seen: 0, missing: 2 });
  expect((await web.fetch(`/api/v1/reports/roll?from=${from}&region=${county}`, { cookie: await web.cookie('operator', '350425201000') })).body.total.people).toBe(0);
  await web.stop();
});
