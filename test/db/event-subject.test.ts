/** Whom an event is about: the device's person, else who lives alone in its home, else the home itself. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertEvents } from '#store/events.ts';
import { type TestDatabase, testDatabase } from '#test/harness/db.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase();
  const { db, seal } = t;
  await db.query(`insert into region (code, level, name) values ('350425000000', 'county', '大田县'), ('350425100001', 'village', '白岩')`);
  for (const home of ['alone', 'couple', 'widow'])
    await db.query('insert into home (id, region_code, address_enc, place_enc) values ($1, $2, $3, $4)', [home, '350425100001', seal.seal('home.address', home), seal.seal('home.place', home)]);
  for (const [id, home, status] of [['p1', 'alone', 'present'], ['p2', 'couple', 'present'], ['p3', 'couple', 'present'], ['p4', 'widow', 'present'], ['p5', 'widow', 'deceased']] as const)
    await db.query('insert into person (id, home_id, name_enc, name_bidx, status) values ($1, $2, $3, $4, $5)', [id, home, seal.seal('person.name', id), seal.blind('name', id), status]);
  for (const [id, home, person] of [['r1', 'alone', null], ['r2', 'couple', null], ['r3', 'couple', 'p3'], ['r4', 'widow', null]] as const)
    await db.query(`insert into device (id, model, home_id, person_id, secret_hash) values ($1, 'fall-radar', $2, $3, '\\x00')`, [id, home, person]);
});
afterAll(() => t?.close());

describe('the person of an event', () => {
  it.each([['r1', 'p1'], ['r2', null], ['r3', 'p3'], ['r4', 'p4']] as const)('of %s is %s [C1]', async (deviceId, personId) => {
    await insertEvents(t.db, [{
      ingestId: randomUUID(), shard: 0, urgency: 1, deviceId, source: 'mqtt', kind: 'fall', edge: 'raise', sourceEventId: null, ref: null, deviceTime: null,
      flags: [], confidence: null, dataSealed: null, trace: deviceId, ageMs: 0,
    }]);
    expect(await t.db.query('select person_id as "personId" from event where trace = $1', [deviceId])).toEqual([{ personId }]);
  });
});
