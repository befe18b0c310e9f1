/**
 * Two hundred alarms in an hour, in two villages with a handful of people and one telephone in the town: the stand-in enforces the provider's
 * real limits, half of the elders have no relatives, half of the alarms nobody takes for minutes. Time is travelled, the whole way from the
 * event to the provider's answer is the house's own. Each run has its first third in one village; the long one has it all.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EventKind } from '#core/event.ts';
import type { AlertId, Party } from '#core/ids.ts';
import { standinProvider } from '#core/provider.ts';
import { openGateway } from '#notify/channels/index.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import { put, send, type Sending } from '#test/db/notify-fixture.ts';
import { type Alarm, operator, phone, testAlarm, village } from '#test/harness/alarm.ts';

const key = { id: 'test', secret: 'secret' };
const long = process.env['ANLING_TEST_LONG'] === '1';
const alarms = long ? 200 : 70;
const lastS = long ? 3_600 : 1_260;
const stepS = 15;
const second = '350425201002';
const ring = { cw: 'care-worker', doctor: 'doctor', grid: 'grid-worker', cadre: 'village-cadre' } as const;
/** As in a bad night: most press the button, some fall, some kitchens smoke. */
const kindOf = (i: number): EventKind => (i % 10 < 8 ? 'sos' : i % 10 < 9 ? 'fall' : 'smoke');
const takenAfterS = 45;
const deskAfterS = long ? 240 : 120;

let a: Alarm;
let standin: Standin;
let sending: Sending;
beforeAll(async () => {
  a = await testAlarm();
  await seed();
  standin = await startStandin({ port: 0, key, hooks: null, settings: { receiptMs: 5, ringMs: 30_000 } });
  const gateway = openGateway({ kind: 'standin', smsUrl: null, voiceUrl: null, standinUrl: standin.url, credentials: key, settings: () => standinProvider });
  sending = send(a, gateway);
});
afterAll(async () => { await sending?.stop(); await standin?.close(); await a?.close(); });

async function seed(): Promise<void> {
  const { db, seal } = a;
  const numberOf = (n: number): string => `1540425${n}`;
  for (const [n, [id, role]] of Object.entries(ring).entries()) {
    const number = numberOf(1100 + n);
    if (id !== 'cw') await db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) values ($1, $2, $3, $4, $5, $6)`,
      [`${id}-second`, role, second, seal.seal('responder.name', '郑二'), seal.seal('responder.phone', number), seal.blind('phone', number)]);
  }
  const ids = Array.from({ length: alarms }, (_, i) => i);
  await db.query(`insert into home (id, region_code, address_enc, place_enc) select 'h' || v.n, case when v.n % 2 = 0 or not $6 then $2 else $3 end, $4, $5 from unnest($1::int[]) as v (n)`,
    [ids.map((i) => i + 1000), village, second, seal.seal('home.address', '屏山乡内洋村下厝角12号'), seal.seal('home.place', '屏山乡内洋村下厝角12号'), long]);
  await db.query(`insert into person (id, home_id, name_enc, name_bidx) select 'p' || v.n, 'h' || v.n, $2, $3 from unnest($1::int[]) as v (n)`, [ids.map((i) => i + 1000), seal.seal('person.name', '陈金水'), seal.blind('name', '陈金水')]);
  const family = ids.filter((i) => i % 4 < 2).map((i) => ({ id: i + 1000, number: numberOf(2000 + i) }));
  await db.query(`insert into contact (id, person_id, ord, relation, name_enc, phone_enc, phone_bidx) select 'f' || v.n, 'p' || v.n, 1, 'family', $2, v.enc, v.bidx from unnest($1::int[], $3::bytea[], $4::bytea[]) as v (n, enc, bidx)`,
    [family.map((f) => f.id), seal.seal('contact.name', '陈小'), family.map((f) => seal.seal('contact.phone', f.number)), family.map((f) => seal.blind('phone', f.number))]);
  await db.tx(async (sql) => {
    await sql.query(`select set_config('session_replication_role', 'replica', true)`); // everybody at once is of the demonstration
    for (const table of ['home', 'person', 'device', 'responder', 'contact']) await sql.query(`update ${table} set demo = true`);
  });
}

/** Everything that is due now is decided, sent and answered; the provider's clock stands where the house's does. */
async function settle(): Promise<void> {
  standin.state.clock.setAhead((await a.now()) - Date.now());
  for (let i = 0; i < 400; i++) {
    await a.settle();
    const [row] = await a.db.query<{ n: number; sending: number }>(`select count(*) filter (where state = 'due' and due_at <= anling_now())::int as n, count(*) filter (where state = 'sending')::int as sending from outbox`);
    if ((row?.n ?? 0) + (row?.sending ?? 0) === 0 && (await a.fail()) === 0) return;
    if ((row?.n ?? 0) > 0) for (const loop of sending.loops) loop.wake();
    await new Promise((resolve) => setImmediate(resolve));
    await a.db.query('select pg_sleep(0.004)');
  }
  throw new Error('the messages do not come to rest');
}

/** Half are taken by who was told first, 45 s after the press; the rest by the desk's own call minutes later. */
async function people(): Promise<void> {
  const open = await a.db.query<{ id: AlertId; age: number; party: Party | null; even: boolean }>(
    `select a.id, extract(epoch from anling_now() - a.opened_at)::float8 as age, a.id % 2 = 0 as even, (select party from outbox o where o.alert_id = a.id and o.state in ('accepted', 'delivered') and o.purpose = 'search' order by o.id limit 1) as party
     from alert a where a.state <> 'closed' and a.priority = 1`);
  for (const { id, age, party, even } of open) {
    if (even && age >= takenAfterS && party) await a.respond({ alertId: id, action: 'accept', actor: { type: 'party', id: party, name: '' }, via: 'sms' });
    if (age >= (even ? takenAfterS : deskAfterS)) await a.respond({ alertId: id, action: 'close', outcome: 'R1', note: '人平安', actor: operator() });
  }
}

it('every one of the emergencies of an hour of 200 reaches some phone within 60 s, the provider refuses nothing for its limits, and no budget is broken [E7 2.5 FF6]', async () => {
  const began = performance.now();
  let pressed = 0;
  for (let at = 0; at <= lastS; at += stepS) {
    for (; pressed < alarms && pressed * (lastS / alarms) <= at; pressed++)
      await a.event(kindOf(pressed), { deviceId: null, source: 'phone', homeId: `h${1000 + pressed}`, personId: `p${1000 + pressed}` });
    if (at % 90 === 0) await put(a, { to: phone['cw'] as string, template: 'battery', priority: 4, purpose: 'notice' }); // and technical notices all the while
    await settle();
    await people();
    await settle(); // nothing is on its way while time jumps
    await a.advance(stepS * 1_000);
  }
  const told = await a.db.query<{ id: string; first: number | null; how: string | null }>(
    `select a.id, (extract(epoch from min(o.accepted_at) - a.opened_at))::float8 as first, min(o.channel) as how from alert a left join outbox o on o.alert_id = a.id and o.accepted_at is not null and o.purpose = 'search' where a.priority = 1 group by a.id order by a.id`);
  const waits = told.map((r) => r.first ?? Number.POSITIVE_INFINITY).sort((x, y) => x - y);
  const { ledger } = standin.state;
  const count = async (where: string): Promise<number> => (await a.db.query<{ n: number }>(`select count(*)::int as n from outbox where ${where}`))[0]?.n ?? 0;
  const [spent, failedOver, last] = [await count(`state = 'failed' and error_code like 'local.%'`), await count(`state = 'failed' and error_code = 'local.SMS_DAY'`), await count('last_way')];
  console.log(`${told.length} emergencies, ${ledger.length} requests; first phone after ${waits[Math.floor(waits.length / 2)]} s in the middle, ${waits.at(-1)} s at most; ${spent} held back by budgets (${failedOver} texts of a day), ${last} by the last way; ${Math.round((performance.now() - began) / 1000)} s`);
  expect(told.length).toBe(alarms);
  expect(waits.at(-1)).toBeLessThanOrEqual(60);
  expect(ledger.filter((l) => l.code === 'isv.BUSINESS_LIMIT_CONTROL')).toEqual([]);
  expect(failedOver, 'the limits did bite').toBeGreaterThan(0);
  expect(last).toBe(0);
  const notices = await a.db.query<{ state: string }>(`select state from outbox where template in ('battery', 'notices')`);
  expect(notices.filter((n) => n.state === 'accepted' || n.state === 'delivered').length, 'three in twenty minutes').toBeLessThanOrEqual(8);
  expect(notices.some((n) => n.state === 'failed')).toBe(false);
}, 600_000);
