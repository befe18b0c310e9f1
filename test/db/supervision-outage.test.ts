/** Many devices at once: one incident with its figures, no flood before, during or after it; our own blindness is none. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listMembers, listPresumed, outagesAround, presenceCounts } from '#store/outages.ts';
import { type County, county, type EventSeen, testCounty, town, village } from './supervision-fixture.ts';

const minute = 60_000;
let c: County;
beforeEach(async () => { c = await testCounty(); });
afterEach(() => c.close());

/** Devices of the 60 s class that beat in turn, and stop when `stopsAt` says so (ms since the start, Infinity: never). */
function beats(ids: readonly string[], stopsAt: (i: number) => number): (goneMs: number) => Promise<void> {
  let before = 0;
  return async (gone) => {
    const due = ids.filter((_, i) => {
      const phase = (i * 997) % 60_000;
      const last = gone - ((gone - phase + 60_000) % 60_000);
      return last > before && last <= gone && last < stopsAt(i);
    });
    before = gone;
    await c.heard(due);
  };
}
const of = (events: readonly EventSeen[], edge: string): EventSeen[] => events.filter((e) => e.edge === edge);

/** Stands in for the evaluator: gives each outage event an alert of its own, as apply does. */
async function giveAlert(): Promise<string> {
  const [row] = await c.db.query<{ id: string }>(
    `with a as (insert into alert (kind, priority, state, subject_type, subject_id, opened_at, last_raised_at, trace) select 'outage', 2, 'open', subject_type, subject_id, opened_at, opened_at, trace from outage where ended_at is null limit 1 returning id)
     update event e set alert_id = a.id from a, outage o where o.ended_at is null and e.ingest_id = o.ingest_id returning a.id`);
  return row!.id;
}

it('600 devices of a town silent within 3 minutes: one incident within 60 s, no single alarm, no second flood, and single again afterwards [B4 FF4]', async () => {
  const ids: string[] = [];
  for (let v = 0; v < 20; v++) ids.push(...await c.homes({ region: village(0, v), homes: 30, prefix: `v${v}` }));
  const elsewhere = await c.homes({ region: village(1, 1), homes: 60 });
  const all = beats([...ids, ...elsewhere], (i) => (i < ids.length ? 120_000 + (i * 7919) % 180_000 : Number.POSITIVE_INFINITY));
  const start = await c.now();
  await c.pass(9 * minute, { each: all });
  const events = await c.events();
  expect(new Set(events.map((e) => e.kind))).toEqual(new Set(['outage']));
  expect(of(events, 'raise')).toHaveLength(1);
  expect(of(events, 'raise')[0]!.data).toMatchObject({ subject: { type: 'region', id: town(0) }, regionCode: town(0), cause: 'power' });
  // The first device can be suspected 135 s after its last beat; 60 s later the incident must stand.
  expect(of(events, 'raise')[0]!.receivedAt - start).toBeLessThanOrEqual(120_000 + 135_000 + 60_000);
  const told = events.filter((e) => e.data['tell'] === true);
  expect(told).toHaveLength(1);
  expect(told[0]!.data).toMatchObject({ town: '第0乡' });
  const [row] = await c.db.query<{ members: number; homes: number; back: number; people: number }>(`select counts->'members' as members, counts->'homes' as homes, counts->'back' as back, counts->'people' as people from outage`);
  expect(row).toEqual({ members: 600, homes: 600, back: 0, people: 600 });
  expect(of(events, 'repeat').length).toBeLessThan(40);

  // Power returns: everybody within two minutes but nine, who stay listed and raise nothing.
  const dead = new Set(ids.slice(0, 9));
  const living = ids.filter((id) => !dead.has(id));
  const returning = beats(living, () => Number.POSITIVE_INFINITY);
  const others = beats(elsewhere, () => Number.POSITIVE_INFINITY);
  await c.pass(12 * minute, { each: async (gone) => { await returning(gone); await others(gone); } });
  const after = (await c.events()).slice(events.length);
  expect(new Set(after.map((e) => e.kind))).toEqual(new Set(['outage']));
  expect(of(after, 'raise')).toEqual([]);
  expect(of(after, 'clear')).toMatchObject([{ data: { how: 'recovered', silent: 9, back: 591, members: 600 } }]);
  expect(await c.db.query(`select count(*)::int as n, min(state) as state from presence where outage_id is not null`)).toEqual([{ n: 9, state: 'offline' }]);

  // The last nine come back silently; one that dies again later is a single alarm like any other.
  await c.heard([...dead]);
  await c.sweep(); await c.pass(5_000);
  expect(await c.db.query(`select count(*)::int as n from presence where outage_id is not null`)).toEqual([{ n: 0 }]);
  const again = beats(ids.slice(9), () => Number.POSITIVE_INFINITY);
  const keep = beats([...ids.slice(1, 9), ...elsewhere], () => Number.POSITIVE_INFINITY);
  await c.pass(4 * minute, { each: async (gone) => { await again(gone); await keep(gone); } });
  expect((await c.events('offline')).map((e) => [e.edge, e.deviceId])).toEqual([['raise', ids[0]]]);
}, 120_000);

describe('inside an incident', () => {
  let neighbours: string[] = [];
  const eachMinute = (gone: number): Promise<void> => (gone % minute === 0 ? c.heard(neighbours) : Promise.resolve());
  const dark = async (): Promise<{ radars: string[]; buttons: string[]; alertId: string }> => {
    const radars = await c.homes({ region: village(0, 1), homes: 12, prefix: 'r', cell: 'c1' });
    const buttons = await c.homes({ region: village(0, 1), homes: 8, prefix: 'b', models: ['sos-button'], cell: 'c1' });
    await c.homes({ region: village(0, 2), homes: 10, prefix: 'n', models: ['sos-button'], cell: 'c2' });
    neighbours = await c.homes({ region: village(0, 2), homes: 10, prefix: 'm', cell: 'c2' });
    await c.pass(3 * minute, { each: eachMinute });
    const alertId = await giveAlert();
    await c.pass(minute, { each: eachMinute });
    return { radars, buttons, alertId };
  };

  it('devices that share it and are not yet due are presumed unreachable, counted and listed [B4 FF5]', async () => {
    const { radars, buttons, alertId } = await dark();
    expect((await c.db.query(`select subject_type, subject_id, cause from outage`))).toEqual([{ subject_type: 'region', subject_id: village(0, 1), cause: 'mast' }]);
    const presumed = await listPresumed(c.db, alertId);
    expect(presumed.map((d) => d.deviceId).sort()).toEqual([...buttons].sort());
    expect((await listMembers(c.db, alertId)).map((d) => d.deviceId).sort()).toEqual([...radars].sort());
    const [outage] = await c.db.query<{ counts: Record<string, number> }>('select counts from outage');
    expect(outage!.counts).toMatchObject({ members: 12, silent: 12, presumed: 8, people: 20 });
    const byCode = new Map((await presenceCounts(c.db)).map((p) => [p.code, p]));
    expect(byCode.get(village(0, 1))).toMatchObject({ online: 0, offline: 12, presumed: 8 });
    expect(byCode.get(village(0, 2))).toMatchObject({ online: 20, offline: 0, presumed: 0 });
    // One of them is pressed, or speaks: it is alive.
    await c.heard(buttons.slice(0, 1));
    expect(await listPresumed(c.db, alertId)).toHaveLength(7);
    await c.db.query(`update home set mode = 'evacuated', mode_until = anling_now() + interval '1 day' where id = 'b-h2'`);
    expect(await listPresumed(c.db, alertId)).toHaveLength(6);
  });

  it('a home inside it is known to be inside it, one outside is not [B4]', async () => {
    const { alertId } = await dark();
    const around = await outagesAround(c.db, [{ id: '1', homeId: 'b-h1', deviceId: 'b-d1-1' }, { id: '2', homeId: 'b-h1', deviceId: null }, { id: '3', homeId: 'n-h1', deviceId: 'n-d1-1' }]);
    expect([...around]).toMatchObject([['1', { alertId, cause: 'mast' }], ['2', { alertId }]]);
  });

  it('a close by a human ends it; what is still silent stays listed and raises nothing [B4]', async () => {
    const { radars, alertId } = await dark();
    await c.db.query(`update alert set state = 'closed', closed_at = anling_now(), closed_by = 'u1', outcome = 'D1' where id = $1`, [alertId]);
    await c.pass(10 * minute, { stepMs: 15_000, each: eachMinute });
    expect(await c.db.query('select ended_how from outage')).toEqual([{ ended_how: 'closed' }]);
    expect(await c.events('offline')).toEqual([]);
    expect((await listMembers(c.db, alertId)).filter((d) => d.backAt === null)).toHaveLength(radars.length);
  });
});

it('single alarms raised before the incident could be seen end in its favour [B4]', async () => {
  const first = await c.homes({ region: village(0, 1), homes: 2, prefix: 'a' });
  const rest = await c.homes({ region: village(0, 1), homes: 10, prefix: 'b' });
  const living = beats(rest, () => 3 * minute);
  await c.pass(8 * minute, { each: living });
  const offline = await c.events('offline');
  expect(of(offline, 'raise').map((e) => e.deviceId).sort()).toEqual([...first].sort());
  expect(of(offline, 'clear').map((e) => [e.deviceId, e.data['reason']]).sort()).toEqual(first.map((id) => [id, 'in-outage']).sort());
  expect(of(await c.events('outage'), 'raise')).toHaveLength(1);
  expect(await c.db.query('select count(*)::int as n from outage_member')).toEqual([{ n: 12 }]);
});

it('a mains loss of a village is an incident at once, and no mains notice follows [B4 B5]', async () => {
  const ids = await c.homes({ region: village(0, 1), homes: 10, models: ['gas'] });
  await c.heard(ids, { mains: false });
  await c.pass(20 * minute, { stepMs: 10_000, each: (gone) => (gone % minute === 0 ? c.heard(ids, { mains: false }) : Promise.resolve()) });
  const events = await c.events();
  expect(of(events, 'raise').map((e) => e.kind)).toEqual(['outage']);
  expect(events[0]!.data).toMatchObject({ cause: 'power', members: 10 });
  await c.heard(ids, { mains: true });
  await c.pass(3 * minute, { each: (gone) => (gone % minute === 0 ? c.heard(ids, { mains: true }) : Promise.resolve()) });
  expect((await c.events()).filter((e) => e.kind !== 'outage')).toEqual([]);
  expect(await c.db.query('select ended_how from outage')).toEqual([{ ended_how: 'recovered' }]);
});

it('villages that fall one after the other become the incident of their town, told once [B4]', async () => {
  const ids: string[] = [];
  for (let v = 0; v < 10; v++) ids.push(...await c.homes({ region: village(0, v), homes: 20, prefix: `v${v}` }));
  await c.homes({ region: county, homes: 1, prefix: 'x' });
  const all = beats(ids, (i) => (i < 20 ? 60_000 : 4 * minute));
  await c.pass(11 * minute, { each: all });
  const events = await c.events('outage');
  expect(of(events, 'raise').map((e) => (e.data['subject'] as { id: string }).id)).toEqual([village(0, 0), town(0)]);
  expect(of(events, 'clear')).toMatchObject([{ data: { how: 'absorbed', subject: { id: village(0, 0) } } }]);
  expect(events.filter((e) => e.data['tell'] === true)).toHaveLength(1);
  expect(await c.db.query(`select subject_id, ended_how, (select count(*)::int from outage_member m where m.outage_id = o.id and m.back_at is null) as n from outage o where ended_at is null`)).toEqual([{ subject_id: town(0), ended_how: null, n: 200 }]);
});

it('the typhoon: power first, then the masts: buttons are presumed unreachable only when nothing proves their mast any more [B4 FF5]', async () => {
  const watches: string[] = [];
  for (let v = 0; v < 3; v++) {
    await c.homes({ region: village(0, v), homes: 12, prefix: `r${v}` });
    watches.push(...await c.homes({ region: village(0, v), homes: 6, prefix: `w${v}`, models: ['watch'], cell: `c${v}` }));
    await c.homes({ region: village(0, v), homes: 4, prefix: `b${v}`, models: ['sos-button'], cell: `c${v}` });
  }
  const counts = async () => (await c.db.query<{ cause: string; counts: Record<string, number> }>('select cause, counts from outage where ended_at is null'))[0]!;
  await c.pass(10 * minute, { stepMs: 15_000, each: (gone) => (gone % minute === 0 ? c.heard(watches) : Promise.resolve()) });
  expect(await counts()).toMatchObject({ cause: 'power', counts: { members: 36, presumed: 0, people: 36 } });
  await c.pass(17 * minute, { stepMs: 15_000 });
  expect(await c.db.query('select count(*)::int as n from outage')).toEqual([{ n: 1 }]);
  expect(await counts()).toMatchObject({ cause: 'unknown', counts: { members: 54, presumed: 12, people: 66 } });
  expect(await c.events('offline')).toEqual([]);
});

it('a button heard minutes before the masts die is presumed too: the blow is dated by the last of those who fell with it [B4 FF5]', async () => {
  const watches: string[] = [];
  const buttons: string[] = [];
  for (let v = 0; v < 3; v++) {
    await c.homes({ region: village(0, v), homes: 12, prefix: `r${v}` });
    watches.push(...await c.homes({ region: village(0, v), homes: 6, prefix: `w${v}`, models: ['watch'], cell: `c${v}` }));
    buttons.push(...await c.homes({ region: village(0, v), homes: 4, prefix: `b${v}`, models: ['sos-button'], cell: `c${v}` }));
  }
  // Watches beat every five minutes, each at its own time: the first of them are missed when the last were heard minutes later.
  const beat = (gone: number): Promise<void> => c.heard(watches.filter((_, i) => gone % (5 * minute) === (i * 15_000) % (5 * minute)));
  await c.pass(20 * minute, { stepMs: 15_000, each: async (gone) => { await beat(gone); if (gone === 18 * minute) await c.heard(buttons.slice(0, 1)); } });
  await c.pass(22 * minute, { stepMs: 15_000 });
  const [row] = await c.db.query<{ cause: string; counts: Record<string, number> }>('select cause, counts from outage where ended_at is null');
  expect(row).toMatchObject({ cause: 'unknown', counts: { members: 54, presumed: 12, people: 66 } });
});

it('of two people in one home, a device of one is no ear for the other [B4]', async () => {
  const ids = await c.homes({ region: village(0, 1), homes: 6, models: ['fall-radar', 'watch'] });
  await c.db.query(`insert into person (id, home_id, name_enc, name_bidx) select 'q' || id, id, '\\x00', '\\x00' from home`);
  await c.db.query(`update device set person_id = replace(home_id, '-h', '-p') where model = 'watch'`);
  await c.pass(4 * minute, { each: (gone) => (gone % minute === 0 ? c.heard(ids.filter((id) => id.endsWith('-2'))) : Promise.resolve()) });
  expect(await c.db.query(`select counts->'members' as members, counts->'people' as people from outage`)).toEqual([{ members: 6, people: 6 }]);
});
