/** What the flows' token opens and what it does not: each route of the API, the streams, the acts, their windows; and that nothing of it moves an alert. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { allow, type Flows, flowsToken } from '#test/harness/flows.ts';
import { numberBefore } from '#store/flow-history.ts';
import { testWeb, touchAlert, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let call: Flows['call'];
let token = '';
beforeAll(async () => { web = await testWeb(); ({ call, token } = await flowsToken(web)); });
afterAll(() => web.stop());

const path = (url: string): string => url.replace(/:(\w+)/g, (_, name: string) => (name === 'id' && url.includes('/alerts/') ? '999999' : 'nobody-1')).replace('*', 'x');
const rows = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => web.t.db.query(sql, values);

describe('the token of the flows', () => {
  it('opens its few calls and no other route of the API, whatever the method [C11 W18]', async () => {
    const wrong: string[] = [];
    let refused = 0;
    for (const route of web.table.filter((r) => !['HEAD', 'OPTIONS'].includes(r.method) && r.access !== 'public' && r.access !== 'hook' && r.access !== 'local')) {
      const { status } = await call(path(route.url), {}, route.method);
      const open = route.url.startsWith('/api/v1/flows/');
      if (open !== (route.access === 'flows') || open === (status === 401 || status === 403)) wrong.push(`${route.method} ${route.url} ${status}`);
      if (!open) refused++;
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(150);
    const its = web.table.filter((r) => r.access === 'flows' && r.method !== 'HEAD').map((r) => `${r.method} ${r.url}`);
    expect(its.toSorted()).toEqual(['POST /api/v1/flows/alerts/:id/notes', 'POST /api/v1/flows/alerts/next', 'POST /api/v1/flows/care-list', 'POST /api/v1/flows/devices/:id/commands', 'POST /api/v1/flows/events', 'POST /api/v1/flows/events/next', 'POST /api/v1/flows/history', 'POST /api/v1/flows/lookup', 'POST /api/v1/flows/notify', 'POST /api/v1/flows/samples']);
    // Nobody else has them: neither a login nor another token, nor the token before.
    expect((await web.fetch('/api/v1/flows/lookup', { method: 'POST', cookie: await web.cookie('admin'), body: {} })).status).toBe(401);
    await flowsToken(web).then((next) => { call = next.call; });
    expect((await web.fetch('/api/v1/flows/lookup', { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: {} })).status).toBe(401);
    expect((await call('lookup')).status).toBe(200);
  });

  it('the one of trials opens what only reads, and none of it keeps a place [C10 C11]', async () => {
    const trial = await flowsToken(web, 'flows-trial');
    const open: string[] = [];
    for (const route of web.table.filter((r) => !['HEAD', 'OPTIONS'].includes(r.method) && r.access !== 'public' && r.access !== 'hook' && r.access !== 'local')) {
      const { status } = await trial.call(path(route.url), {}, route.method);
      if (status !== 401 && status !== 403) open.push(`${route.method} ${route.url}`);
    }
    expect(open.toSorted()).toEqual(['POST /api/v1/flows/care-list', 'POST /api/v1/flows/history', 'POST /api/v1/flows/lookup', 'POST /api/v1/flows/samples']);
    expect((await call('lookup')).status).toBe(200); // the flows' own is still theirs
    expect((await web.fetch('/api/v1/tokens', { cookie: await web.cookie('admin') })).text).not.toContain('flows');
  });

  it('is in no list of tokens and cannot be taken for a screen’s [C11]', async () => {
    expect((await web.fetch('/api/v1/tokens', { cookie: await web.cookie('admin') })).text).not.toContain('flows');
    expect((await web.fetch('/api/v1/tokens', { method: 'POST', cookie: await web.cookie('admin'), body: { name: 'x', role: 'flows', scopeCode: '350425000000' } })).status).toBe(422);
  });
});

describe('streams of the flows', () => {
  it('a new node begins now; what it has not said to be done comes again, masked, after any restart [C11]', async () => {
    await web.alert({ kind: 'sos' });
    const first = await call('alerts/next', { node: 'n1', label: '短信群' });
    expect(first.body).toMatchObject({ items: [], behind: 0, gap: false });
    const id = await web.alert({ kind: 'smoke', what: 'opened' });
    const other = await web.alert({ kind: 'low-battery', priority: 3, what: 'opened' });
    const seen = await call('alerts/next', { node: 'n1', kinds: ['smoke'], priorityMax: 2, what: ['opened'], region: village });
    expect(seen.body.items).toMatchObject([{ what: 'opened', alert: { id, kind: 'smoke', subject: { name: '陈**' }, place: null } }]);
    expect(JSON.stringify(seen.body)).not.toMatch(/金水|下厝|1540425/);
    expect((await call('alerts/next', { node: 'n1', kinds: ['smoke'] })).body.items).toHaveLength(1);
    expect((await call('alerts/next', { node: 'n1', done: seen.body.next })).body).toMatchObject({ items: [], behind: 0 });
    await touchAlert(web.t, other);
    const [place] = await rows(`select position, behind from flow_cursor where node_id = 'n1' and stream = 'alerts'`);
    expect(Number(place?.['position'])).toBe(seen.body.next);
    expect((await call('alerts/next', { node: 'n1' })).body.items).toMatchObject([{ alert: { id: other } }]);
  });

  it('says how far behind it is, and when the history is another [C11]', async () => {
    await call('alerts/next', { node: 'slow' });
    const id = await web.alert();
    await rows(`update feed_counter set seq = seq + 450`);
    await rows(`insert into feed (seq, type, alert_id, region_code, payload) select c.seq - 450 + n, 'alert', $1, null, '{"what":"changed"}' from feed_counter c, generate_series(1, 450) n`, [id]);
    const far = (await call('alerts/next', { node: 'slow' })).body;
    expect([far.items.length, far.behind, far.more]).toEqual([limits.flowsRows, 251, true]);
    expect(await rows(`select behind::int as behind from flow_cursor where node_id = 'slow'`)).toEqual([{ behind: 451 }]);
    await rows(`update feed_counter set epoch = gen_random_uuid()`);
    expect((await call('alerts/next', { node: 'slow' })).body).toMatchObject({ gap: true, items: [] });
    expect((await call('alerts/next', { node: 'slow' })).body.gap).toBe(false);
  });

  it('gives events of devices by their number, filtered, without what they said of themselves [C11]', async () => {
    await rows(`insert into device (id, model, home_id, secret_hash) values ('door1', 'fall-radar', 'h1', '\\x00')`);
    const head = (await call('events/next', { node: 'ev' })).body.next;
    for (const [kind, device] of [['motionless', 'door1'], ['sos', null]] as const)
      await rows(`insert into event (ingest_id, shard, urgency, source, kind, device_id, received_at, data_enc, trace) values (gen_random_uuid(), 0, 2, 'mqtt', $1, $2, anling_now(), $3, 't')`, [kind, device, web.t.seal.seal('event.data', '{"data":{"secret":"x"}}')]);
    const got = (await call('events/next', { node: 'ev', done: head, deviceId: 'door1' })).body;
    expect(got.items).toMatchObject([{ kind: 'motionless', edge: 'raise', deviceId: 'door1', homeId: 'h1', regionCode: village }]);
    expect(JSON.stringify(got)).not.toContain('secret');
    expect((await call('events/next', { node: 'ev', done: got.next })).body.items).toEqual([]);
  });

  it('samples and look-ups are masked; what is not there is null [C11]', async () => {
    await rows(`insert into presence (device_id, last_seen_at, state, battery, check_at) values ('door1', anling_now(), 'online', 15, 'infinity') on conflict (device_id) do update set battery = 15, last_seen_at = excluded.last_seen_at, state = 'online'`);
    const { samples, now } = (await call('samples', { since: 0, batteryBelow: 20 })).body;
    expect(samples).toMatchObject([{ deviceId: 'door1', battery: 15, regionCode: village }]);
    expect((await call('samples', { since: now })).body.samples).toEqual([]);
    const look = (await call('lookup', { deviceId: 'door1' })).body;
    expect(look).toMatchObject({ device: { id: 'door1', type: 'fall-radar' }, home: { id: 'h1', village: '仙亭村', town: '均溪镇' }, people: [{ id: 'p1', name: '陈**' }] });
    const care = (await call('care-list', { region: village, only: 'all' })).body;
    expect(care.people).toMatchObject([{ id: 'p1', name: '陈**', village: '仙亭村' }]);
    expect(JSON.stringify([look, care])).not.toMatch(/金水|下厝|柿子|高血压|1540425/);
    expect((await call('lookup', { deviceId: 'none' })).body).toEqual({ device: null, home: null, people: [] });
  });
});

describe('the history that a trial is given [C10]', () => {
  it('is what the streams gave, in its order and at its time, masked; the alert as it was then', async () => {
    const from = Date.now();
    const ids = [await web.alert({ kind: 'smoke', what: 'opened' }), await web.alert({ kind: 'low-battery', priority: 3, what: 'opened' })];
    await rows(`update alert set state = 'closed', claimed_at = anling_now(), claimed_by = null, closed_at = anling_now(), outcome = 'F1', last_raised_at = anling_now() where id = $1`, [ids[0]]);
    const ask = (more: object) => call('history', { stream: 'alerts', from, to: Date.now() + 1_000, ...more }).then((a) => a.body);
    const { items, next } = await ask({ what: ['opened'] });
    expect(items.map((i: { item: { alert: { id: string } } }) => i.item.alert.id)).toEqual(ids);
    expect(items[0]).toMatchObject({ at: expect.any(Number), item: { what: 'opened', alert: { state: 'open', closedAt: null, claimedAt: null, outcome: null, place: null, subject: { name: '陈**' } } } });
    expect([next, JSON.stringify(items).includes('金水')]).toEqual([null, false]);
    expect((await ask({ kinds: ['smoke'] })).items).toHaveLength(1);
    expect((await ask({ priorityMax: 1, kinds: ['low-battery'] })).items).toEqual([]);
    expect((await ask({ to: from })).items).toEqual([]);
    for (let i = 0; i < limits.flowsRows + 1; i++) await rows(`insert into event (ingest_id, shard, urgency, source, kind, device_id, received_at, data_enc, trace) values (gen_random_uuid(), 0, 2, 'mqtt', 'motionless', null, anling_now(), '\\x00', 't')`);
    const first = await ask({ stream: 'events' });
    const second = await ask({ stream: 'events', after: first.next });
    expect([first.items.length, second.items.length, second.next]).toEqual([limits.flowsRows, 1, null]);
  });

  it('begins where the span begins, whatever lies before it, in few questions', async () => {
    await rows(`update event set received_at = received_at - interval '3 days' where kind = 'motionless'`);
    await rows(`insert into event (ingest_id, shard, urgency, source, kind, device_id, received_at, data_enc, trace) values (gen_random_uuid(), 0, 2, 'mqtt', 'bed-exit', null, anling_now(), '\\x00', 't')`);
    const at = Date.now() - 3_600_000;
    const [first] = await rows(`select min(id) as id from event where kind = 'bed-exit' and received_at > anling_now() - interval '1 hour'`);
    expect(await numberBefore(web.t.db, 'events', at)).toBe(Number(first?.['id']) - 1);
    expect(await numberBefore(web.t.db, 'events', 0)).toBeLessThan(Number(first?.['id']) - limits.flowsRows);
    expect([await numberBefore(web.t.db, 'alerts', Date.now() + 60_000), await numberBefore(web.t.db, 'alerts', 0)]).toEqual([Number((await rows('select max(seq) as seq from feed'))[0]?.['seq']), Number((await rows('select min(seq) as seq from feed'))[0]?.['seq']) - 1]);
  });

  it('readings are one for each device and while, filtered', async () => {
    await rows(`insert into heartbeat (received_at, device_no, battery, temp) select anling_now() - n * interval '1 minute', d.no, 20 - n, 21 from device d, generate_series(1, 59) n where d.id = 'door1'`);
    const now = Date.now();
    // An hour at a time, as whoever asks goes on with `next`.
    const ask = async (more: object) => {
      const items: { at: number; item: object }[] = [];
      for (let next: number | null | undefined; next !== null;) {
        const { body } = await call('history', { stream: 'samples', from: now - 7_200_000, to: now, everyS: 3_600, ...(next === undefined ? {} : { after: next }), ...more });
        items.push(...body.items);
        next = body.next as number | null;
      }
      return { items };
    };
    const { items } = await ask({});
    expect([1, 2]).toContain(items.length); // an hour of the clock may end within them
    expect(items.at(-1)).toMatchObject({ at: expect.any(Number), item: { deviceId: 'door1', regionCode: village, battery: 19, temp: 21, rssi: null, mains: null } });
    expect((await ask({ everyS: 60 })).items).toHaveLength(59);
    expect((await ask({ everyS: 60, batteryBelow: 10 })).items).toHaveLength(49);
    expect([(await ask({ region: town })).items.length, (await ask({ deviceId: 'door1' })).items.length, (await ask({ deviceId: 'none' })).items.length]).toEqual([items.length, items.length, 0]);
  });
});

describe('acts of the flows', () => {
  it('raises at most P2, on something that is there: refused by the API, not by a node [C11]', async () => {
    const raise = (more: object) => call('events', { flow: '夜间开门', note: '凌晨开门', personId: 'p1', ...more });
    expect((await raise({ priority: 1 })).status).toBe(422);
    expect((await raise({ homeId: 'h1' })).body.error.fields[0].field).toBe('personId');
    expect((await raise({ personId: 'nobody' })).status).toBe(404);
    expect((await raise({ kind: 'sos' })).status).toBe(422);
    expect((await raise({})).status).toBe(201);
    expect((await rows(`select kind, source, urgency, person_id, home_id from event where kind = 'flow'`))).toEqual([{ kind: 'flow', source: 'supervision', urgency: 2, person_id: 'p1', home_id: 'h1' }]);
  });

  it('a note is a line and a frame: version, state, claim, plan and timers of the alert stay to the byte [C11]', async () => {
    const id = await web.alert({ kind: 'sos' });
    await rows(`insert into timer (alert_id, slot, due_at) values ($1, 'desk', anling_now() + interval '1 minute')`, [id]);
    const whole = async () => [await rows('select * from alert where id = $1', [id]), await rows('select * from timer where alert_id = $1', [id]), await rows('select * from outbox where alert_id = $1', [id])];
    const before = await whole();
    expect((await call(`alerts/${id}/notes`, { flow: '天气', note: '当地 39 度' })).status).toBe(201);
    expect(await whole()).toEqual(before);
    const shown = (await web.fetch(`/api/v1/alerts/${id}`, { cookie: await web.cookie('operator') })).body;
    expect(shown.timeline.at(-1)).toMatchObject({ action: 'note', note: '当地 39 度', detail: { via: 'flow', flow: '天气' } });
    expect((await call('alerts/99999999/notes', { flow: 'x', note: 'y' })).status).toBe(404);
  });

  it('can take, delay, shelve, accept and close nothing: none of the ways of an alert is open [C11]', async () => {
    const id = await web.alert({ kind: 'sos' });
    const before = await rows('select * from alert where id = $1', [id]);
    const ways = web.table.filter((r) => r.url.startsWith('/api/v1/alerts/:id') && r.method === 'POST').map((r) => r.url.replace(':id', id));
    expect(ways.length).toBeGreaterThan(10);
    for (const way of ways) expect([way, (await call(way, { outcome: 'F1', note: 'x', until: 9_999_999_999_999, expectedVersion: 1 })).status]).toEqual([way, 401]);
    for (const way of ['/api/v1/modes', '/api/v1/devices/door1/test', '/api/v1/plans']) expect([401, 404, 405]).toContain((await call(way)).status);
    expect(await rows('select * from alert where id = $1', [id])).toEqual(before);
    expect(web.asked).toEqual([]);
  });

  it('tells a team with the registered text only, and commands no settings and no restart [C11]', async () => {
    expect((await call('notify', { flow: '电量', region: village, roles: ['care-worker'], count: 3 })).body).toEqual({ told: 1 });
    const [row] = await rows(`select template, channel, priority, purpose, alert_id, party from outbox order by id desc limit 1`);
    expect(row).toEqual({ template: 'notices', channel: 'sms', priority: 4, purpose: 'notice', alert_id: null, party: 'responder:r1' });
    expect((await call('notify', { flow: 'x', region: village, roles: ['family'] })).status).toBe(422);
    expect((await call('devices/door1/commands', { flow: 'x', name: 'led', args: { mode: 'slow' } })).status).toBe(201);
    for (const name of ['config', 'reboot']) expect((await call('devices/door1/commands', { flow: 'x', name, args: { a: 1 } })).status).toBe(422);
    expect((await call('devices/door1/commands', { flow: 'x', name: 'voice', args: {} })).body.error.fields[0].field).toBe('args.text');
  });

  it('are written down, each in the transaction that did it; what was refused is not [C10]', async () => {
    expect((await rows('select flow, what, target from flow_act order by id')).map((r) => `${r['flow']} ${r['what']} ${r['target']}`)).toEqual([
      '夜间开门 raise person:p1 P2', expect.stringMatching(/^天气 note alert:\d+$/), `电量 notify region:${village} care-worker`, 'x command device:door1 led',
    ]);
  });

  it('has a window for each, counted in the database: beyond, 429 with the seconds to wait [C11]', async () => {
    await rows(`update flow_use set used = $1, window_at = anling_now() where what = 'raise'`, [limits.flowsRaises]);
    const full = await call('events', { flow: 'x', note: 'y', personId: 'p1' });
    expect([full.status, full.body.error.code, full.body.error.retryAfterS > 0]).toEqual([429, 'E_RATE_LIMITED', true]);
    const page = (await web.fetch('/api/v1/flows-state', { cookie: await web.cookie('technician') })).body;
    expect(page.uses.find((u: { what: string }) => u.what === 'raise')).toMatchObject({ used: limits.flowsRaises + 1, refused: 1 });
    expect(page.places.map((p: { label: string }) => p.label)).toContain('短信群');
    await rows(`update flow_use set window_at = anling_now() - interval '1 day' where what = 'raise'`);
    expect((await call('events', { flow: 'x', note: 'y', personId: 'p1' })).status).toBe(201);
  });
});

describe('the hosts that flows may ask', () => {
  it('are set by the administrator of the county, seen by those who keep flows, guarded against a second writer [W18]', async () => {
    await allow(web, [{ host: 'qyapi.weixin.qq.com', port: null, inside: false }]);
    const read = async (role: 'technician' | 'operator') => web.fetch('/api/v1/settings/flows', { cookie: await web.cookie(role) });
    expect((await read('technician')).body.allow).toEqual([{ host: 'qyapi.weixin.qq.com', port: null, inside: false }]);
    expect((await read('operator')).status).toBe(403);
    const put = async (body: object, role: 'admin' | 'technician' | 'operator' = 'admin') => web.fetch('/api/v1/settings/flows', { method: 'PUT', cookie: await web.cookie(role), body, headers: { origin: web.url } });
    expect((await put({ allow: [], updatedAt: null })).status).toBe(409);
    const { updatedAt } = (await read('technician')).body;
    expect((await put({ allow: [{ host: '192.168.1.9', port: 80, inside: false }], updatedAt })).body.error.fields).toEqual([{ field: 'allow.0.inside', expected: 'true for an address of this machine or of a private network' }]);
    expect((await put({ allow: [], updatedAt }, 'operator')).status).toBe(403);
    expect((await put({ allow: [], updatedAt }, 'technician')).status).toBe(403);
    expect(await rows(`select action from audit where action = 'settings.flows'`)).toHaveLength(1);
  });
});
