/** From the sweep through the rules to alerts and messages: what the desk sees and whose phone rings, with the figures. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createTimers } from '#alerts/timers.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { insertEvents } from '#store/events.ts';
import { shardOf } from '#core/shard.ts';
import type { Edge, EventKind } from '#core/event.ts';
import { kindInfo } from '#core/event.ts';
import { listMembers, listPresumed } from '#store/outages.ts';
import { setMode } from '#store/modes.ts';
import { type County, county, testCounty, town, village } from './supervision-fixture.ts';

const minute = 60_000;
let c: County;
let evaluate: () => Promise<void>;
beforeEach(async () => {
  c = await testCounty();
  const turn = createEvaluate({ db: c.db, seal: c.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
  evaluate = async () => { while (await turn() > 0); };
});
afterEach(() => c.close());

/** As `pass`, evaluating after every sweep, as the worker does. */
async function live(ms: number, each: (gone: number) => Promise<void> = () => Promise.resolve(), stepMs = 5_000): Promise<void> {
  await c.pass(ms, { stepMs, each: async (gone) => { await evaluate(); await each(gone); } });
  await evaluate();
}
type AlertRow = { id: string; kind: string; priority: number; state: string; subject_type: string; subject_id: string; count: number; flags: string[]; outcome: string | null; closed_by: string | null; summary: Record<string, unknown>; region_code: string | null };
const alerts = (kind?: string): Promise<AlertRow[]> => c.db.query(`select id, kind, priority, state, subject_type, subject_id, count, flags, outcome, closed_by, summary, region_code from alert where $1::text is null or kind = $1 order by id`, [kind ?? null]) as Promise<AlertRow[]>;
const messages = () => c.db.query<{ party: string; channel: string; template: string; alertId: string }>(`select party, channel, template, alert_id as "alertId" from outbox order by id`);

async function says(deviceId: string, kind: EventKind, edge: Edge = 'raise'): Promise<void> {
  const [d] = await c.db.query<{ home_id: string }>('select home_id from device where id = $1', [deviceId]);
  await insertEvents(c.db, [{
    ingestId: randomUUID(), shard: shardOf(d!.home_id, deviceId), urgency: kindInfo[kind].priority, deviceId, source: 'mqtt', kind, edge, sourceEventId: null, ref: null, deviceTime: null, flags: [],
    confidence: null, dataSealed: null, trace: randomUUID().slice(0, 18), ageMs: 0,
  }]);
  if (kind !== 'mains-lost') await c.heard([deviceId]);
}

async function people(): Promise<void> {
  const add = (id: string, role: string, region: string, n: number, landline = false) => c.db.query(
    `insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx, landline) values ($1, $2, $3, $4, $5, $6, $7)`,
    [id, role, region, c.seal.seal('responder.name', '陈金水'), c.seal.seal('responder.phone', `1540425${String(n).padStart(4, '0')}`), c.seal.blind('phone', `1540425${String(n).padStart(4, '0')}`), landline]);
  await add('duty', 'duty-leader', county, 31);
  await add('town', 'town-duty', town(0), 101);
  await add('shift', 'shift-leader', county, 21);
  for (let v = 0; v < 30; v++) await add(`care${v}`, 'care-worker', village(0, v), 2001 + v);
}

function beats(ids: readonly string[], stopsAt: (i: number) => number): (gone: number) => Promise<void> {
  let before = 0;
  return async (gone) => {
    const due = ids.filter((_, i) => { const phase = (i * 997) % 60_000; const last = gone - ((gone - phase + 60_000) % 60_000); return last > before && last <= gone && last < stopsAt(i); });
    before = gone;
    await c.heard(due);
  };
}

it('a town of 3,000 devices: one incident within 60 s, one SMS per role, none to villages, the SOS inside single, no flood on recovery [B4 FF4 FF5]', async () => {
  await people();
  const ids: string[] = [];
  for (let v = 0; v < 30; v++) ids.push(...await c.homes({ region: village(0, v), homes: 100, prefix: `v${v}` }));
  const [button] = await c.homes({ region: village(0, 3), homes: 1, models: ['sos-button'], prefix: 'sos' });
  await live(8 * minute, beats(ids, (i) => 120_000 + (i * 7919) % 180_000));
  const [outage, ...others] = await alerts();
  expect(others).toEqual([]);
  expect(outage).toMatchObject({ kind: 'outage', priority: 2, state: 'open', subject_type: 'region', subject_id: town(0), region_code: town(0) });
  expect(outage!.summary).toMatchObject({ members: 3_000, silent: 3_000, back: 0, presumed: 1, people: 3_001, cause: 'power' });
  expect((await messages()).map((m) => `${m.party} ${m.channel} ${m.template}`).sort()).toEqual(['responder:duty sms outage', 'responder:town sms outage']);
  expect((await listPresumed(c.db, outage!.id)).map((d) => d.deviceId)).toEqual([button]);
  expect(await listMembers(c.db, outage!.id)).toHaveLength(3_000);

  await says(button!, 'sos');
  await evaluate();
  const [sos] = await alerts('sos');
  expect(sos).toMatchObject({ priority: 1, state: 'open', subject_type: 'person', subject_id: 'sos-p1', flags: ['in-outage'], summary: { outage: { alertId: outage!.id, cause: 'power' } } });
  expect(await c.db.query(`select slot from timer where alert_id = $1 and fired_at is null and cancelled_at is null and slot = 'plan'`, [sos!.id])).toHaveLength(1);
  const [plan] = await c.db.query<{ steps: { atS: number; actions: { target: string; channel: string }[] }[] }>(`select plan->'steps' as steps from alert where id = $1`, [sos!.id]);
  expect(plan!.steps[0]).toMatchObject({ atS: 0 });
  expect(plan!.steps[0]!.actions).toContainEqual({ target: 'town-duty', channel: 'voice' });

  const back = beats(ids.slice(9), () => Number.POSITIVE_INFINITY);
  await live(10 * minute, back);
  const after = await alerts();
  expect(after.map((a) => `${a.kind} ${a.state}`)).toEqual(['outage closed', 'sos open']);
  expect(after[0]).toMatchObject({ outcome: 'D1', summary: { silent: 9, back: 2_991, members: 3_000 } });
  expect((await messages()).filter((m) => m.template === 'outage')).toHaveLength(2);
  expect(await c.db.query(`select count(*)::int as n from event where evaluated_at is null`)).toEqual([{ n: 0 }]);
}, 180_000);

it('10,000 devices, our edges stopped for 20 minutes: one notice, nobody is called [B3]', async () => {
  await people();
  for (let v = 0; v < 25; v++) await c.homes({ region: village(0, v), homes: 400, prefix: `v${v}` });
  const ids = (await c.db.query<{ id: string }>('select id from device')).map((d) => d.id);
  await live(5_000);
  for (let i = 0; i < 20; i++) { await c.advance(minute, { edgesUp: false }); await c.sweep(); }
  await c.edgeBeats();
  await live(5 * minute, (gone) => c.heard(ids.filter((_, i) => { const first = (i * 7919) % 90_000; return gone >= first && (gone - first) % 60_000 < 5_000; })));
  expect((await alerts()).map((a) => [a.kind, a.priority, a.subject_type, a.subject_id, a.count])).toEqual([['blind-window', 4, 'system', 'blind-window', 1]]);
  expect((await alerts())[0]!.summary).toMatchObject({ devices: 10_000 });
  expect(await messages()).toEqual([]);
}, 120_000);

describe('a single device', () => {
  it('offline is one silent P3 on the device, and ends by itself when it is back, with a line of the house [B1]', async () => {
    await people();
    const [id] = await c.homes({ region: village(0, 1), homes: 1 });
    await live(4 * minute);
    expect(await alerts()).toMatchObject([{ kind: 'offline', priority: 3, state: 'open', subject_type: 'device', subject_id: id }]);
    await c.heard([id!]);
    await live(5_000);
    expect(await alerts()).toMatchObject([{ kind: 'offline', state: 'closed', outcome: 'D1' }]);
    expect((await c.db.query<{ action: string; actor_type: string }>(`select action, actor_type from alert_log order by id`)).at(-1)).toEqual({ action: 'closed', actor_type: 'system' });
    expect(await messages()).toEqual([]);
  });

  it('what an operator has claimed stays his when its cause goes: noted, not closed', async () => {
    const [id] = await c.homes({ region: village(0, 1), homes: 1 });
    await live(4 * minute);
    await c.db.query(`update alert set state = 'claimed', claimed_by = 'u1', claimed_at = anling_now()`);
    await c.heard([id!]);
    await live(5_000);
    expect(await alerts()).toMatchObject([{ kind: 'offline', state: 'claimed', flags: ['cleared'] }]);
  });

  it('never reported becomes one P4 and ends with the first report [B6]', async () => {
    const [id] = await c.homes({ region: village(0, 1), homes: 1, heard: false });
    await live(4 * minute);
    expect(await alerts()).toMatchObject([{ kind: 'never-reported', priority: 4, state: 'open', subject_id: id }]);
    await c.heard([id!]);
    await live(5_000);
    expect(await alerts()).toMatchObject([{ kind: 'never-reported', state: 'closed', outcome: 'I1' }]);
  });

  it('tamper toggling sixty times in a minute is one alert with its count; it ends when it has been quiet [B5 C8]', async () => {
    const [id] = await c.homes({ region: village(0, 1), homes: 1 });
    for (let i = 0; i < 60; i++) { await says(id!, 'tamper', i % 2 === 0 ? 'raise' : 'clear'); await evaluate(); await c.advance(1_000); }
    const [alert, ...more] = await alerts('tamper');
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ state: 'open', count: 30, priority: 3 });
    const [end] = await c.db.query<{ inMs: number }>(`select (extract(epoch from due_at - anling_now()) * 1000)::float8 as "inMs" from timer where slot = 'end' and fired_at is null and cancelled_at is null`);
    expect(end!.inMs).toBeGreaterThan(4 * minute);
    await says(id!, 'tamper');
    await evaluate();
    expect(await c.db.query(`select 1 from timer where slot = 'end' and fired_at is null and cancelled_at is null`)).toEqual([]);
  });

  it('that comes and goes is three alerts and then one, flapping: it counts, rings once, and ends when it has been quiet for an hour [C8]', async () => {
    await people();
    const fire = createTimers({ db: c.db, seal: c.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
    const turn = async (): Promise<void> => { while (await fire() > 0); };
    const [id] = await c.homes({ region: village(0, 1), homes: 1, highRisk: true });
    await c.db.query(`update device set person_id = replace(home_id, '-h', '-p')`);
    for (let i = 0; i < 15; i++) { await live(4 * minute, turn, 20_000); await c.heard([id!]); }
    await live(20_000);
    const [, , , last, ...more] = await alerts('offline');
    expect(more).toEqual([]);
    expect((await alerts('offline')).map((x) => `${x.state} ${x.count}`)).toEqual(['closed 1', 'closed 1', 'closed 1', 'open 12']);
    expect(last).toMatchObject({ flags: ['high-risk', 'flapping'], priority: 3 });
    const softly = await c.db.query<{ alertId: string }>(`select alert_id as "alertId" from feed where payload->>'ring' = 'soft' order by seq`);
    expect(softly.filter((f) => f.alertId === last!.id)).toHaveLength(1);
    expect(await c.db.query(`select action from alert_log where alert_id = $1`, [last!.id])).toEqual([{ action: 'opened' }]); // no line for each time
    expect(await messages()).toEqual([]);
    const alive = async (): Promise<void> => { await c.heard([id!]); await turn(); };
    await live(59 * minute, alive, minute);
    expect((await alerts('offline')).at(-1)).toMatchObject({ state: 'open', count: 12 });
    await live(2 * minute, alive, 20_000);
    expect((await alerts('offline')).at(-1)).toMatchObject({ id: last!.id, state: 'closed', outcome: 'D1', closed_by: 'house' });
    await live(4 * minute, turn, 20_000);
    expect((await alerts('offline')).at(-1)).toMatchObject({ state: 'open', count: 1, flags: ['high-risk'] }); // after the quiet an ordinary one again
  }, 60_000);

  it('mains toggling sixty times in a minute is no notice at all; a loss that comes back too late again and again is latched too [B5 C8]', async () => {
    const [id] = await c.homes({ region: village(0, 1), homes: 1, models: ['gas'] });
    for (let i = 0; i < 60; i++) { await says(id!, 'mains-lost', i % 2 === 0 ? 'raise' : 'clear'); await c.heard([id!], { mains: i % 2 === 1 }); await evaluate(); await c.advance(1_000); }
    await live(minute);
    expect(await alerts()).toEqual([]);
    for (let i = 0; i < 5; i++) {
      await c.heard([id!], { mains: false });
      await live(11 * minute, () => Promise.resolve(), minute);
      await c.heard([id!], { mains: true });
      await live(20_000);
    }
    expect((await alerts('mains-lost')).map((x) => `${x.state} ${x.count} ${x.flags.join()}`)).toEqual(['closed 1 ', 'closed 1 ', 'closed 1 ', 'open 2 flapping']);
  }, 60_000);

  it('mains lost: nothing for two minutes, one P3 for the home after the delay, nobody is called at night [B5]', async () => {
    await people();
    const ids = await c.homes({ region: village(0, 1), homes: 1, models: ['gas', 'gas'], highRisk: true });
    const loses = async (): Promise<void> => { for (const id of ids) await says(id, 'mains-lost'); await c.heard(ids, { mains: false }); };
    await loses();
    await live(2 * minute);
    await c.heard(ids, { mains: true });
    await live(15 * minute, () => Promise.resolve(), 30_000);
    expect(await alerts()).toEqual([]);
    await loses();
    await live(11 * minute, () => Promise.resolve(), 30_000);
    expect(await alerts()).toMatchObject([{ kind: 'mains-lost', priority: 3, state: 'open', subject_type: 'home', subject_id: 'x0-h1', count: 1 }]);
    await c.heard(ids, { mains: true });
    await live(5_000);
    expect(await alerts()).toMatchObject([{ kind: 'mains-lost', state: 'closed', outcome: 'D1' }]);
    expect(await messages()).toEqual([]);
  });

  it('low battery makes no message and no ring, for a person of high risk a soft ring at the desk [B5]', async () => {
    await people();
    const [low] = await c.homes({ region: village(0, 1), homes: 1, models: ['sos-button'], prefix: 'a' });
    const [risky] = await c.homes({ region: village(0, 1), homes: 1, models: ['sos-button'], prefix: 'b', highRisk: true });
    await c.db.query(`update device set person_id = replace(home_id, '-h', '-p')`);
    for (const id of [low!, risky!]) await says(id, 'low-battery');
    await evaluate();
    const rings = await c.db.query(`select a.device_id, f.payload->>'ring' as ring from feed f join alert a on a.id = f.alert_id order by 1`);
    expect(rings).toEqual([{ device_id: low, ring: null }, { device_id: risky, ring: 'soft' }]);
    expect(await messages()).toEqual([]);
    expect((await c.db.query<{ flags: string[] }>('select flags from alert where device_id = $1', [risky]))[0]?.flags).toContain('high-risk');
  });
});

it('evacuated: technical alarms of the list wait for the end of the mode, an SOS passes at once [C9 LAW5]', async () => {
  await people();
  const ids = await c.homes({ region: village(0, 1), homes: 4, models: ['fall-radar', 'sos-button'] });
  await setMode(c.db, { regions: [village(0, 1)], mode: 'evacuated', until: (await c.now()) + 60 * minute, by: 'user:u1', prefix: '350425' });
  await says(ids[1]!, 'low-battery');
  await live(10 * minute, () => Promise.resolve(), 15_000);
  expect((await alerts()).filter((a) => a.kind !== 'outage')).toEqual([]);
  await says(ids[1]!, 'sos');
  await evaluate();
  expect(await alerts('sos')).toMatchObject([{ priority: 1, state: 'open' }]);
});
