/**
 * A flow tried before it is used: one tab driven with the last 24 hours in a process of its own, by a clock of its own; what it would have done against what was done. Nothing of it
 * reaches a person, a device, an alert or the outside, whatever the flow is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlowActAt, Trial } from '#core/flow-acts.ts';
import { noteAct } from '#store/flow-trials.ts';
import { allow, type FlowNode, type Flows, fn, lastNight, once, receiver, root, tab, testFlows } from '#test/harness/flows.ts';
import { town } from '#test/harness/web.ts';

let flows: Flows;
let group: Awaited<ReturnType<typeof receiver>>;
const rows = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => flows.web.t.db.query(sql, values);
const ready = (name: string, env: Record<string, string>): FlowNode[] => (JSON.parse(readFileSync(join(root, 'flows', 'ready', `${name}.json`), 'utf8')) as FlowNode[]).map((n) => (n.type === 'tab' ? { ...n, env: (n['env'] as { name: string; value: string }[]).map((e) => ({ ...e, value: env[e.name] ?? e.value })) } : n));
const at = (path: string): string => `http://127.0.0.1:${group.port}${path}`;
const night = lastNight();
const event = (kind: string, device: string, ms: number) => rows(`insert into event (ingest_id, shard, urgency, source, kind, device_id, received_at, data_enc, trace) values (gen_random_uuid(), 0, 2, 'mqtt', $1, $2, to_timestamp($3::float8 / 1000), $4, 't')`, [kind, device, ms, flows.web.t.seal.seal('event.data', '{"data":{}}')]);

const ask = async (body: object, role: 'technician' | 'shift-leader' = 'technician', region?: string) => flows.web.fetch('/api/v1/flows-trials', { method: 'POST', cookie: await flows.web.cookie(role, region), body, headers: { origin: flows.web.url } });
const look = async (id: string) => (await flows.web.fetch(`/api/v1/flows-trials/${id}`, { cookie: await flows.web.cookie('technician') })).body;
async function tried(flow: readonly FlowNode[], more: object = {}): Promise<Trial> {
  const answer = await ask({ tab: flow.find((n) => n.type === 'tab')?.id, flows: flow, ...more });
  expect([answer.status, answer.text]).toEqual([202, expect.anything()]);
  await expect.poll(async () => (await look(answer.body.id)).state, { timeout: 60_000 }).toBe('done');
  const { result } = await look(answer.body.id);
  return result as Trial;
}
const brief = (list: readonly FlowActAt[]): string[] => list.map((a) => `${a.what} ${a.target} ${a.said}`);
/** Everything that an act of a flow would leave behind. */
const left = () => Promise.all(['select count(*) from event', 'select count(*) from outbox', 'select count(*) from command', 'select count(*) from alert_log', 'select count(*) from flow_cursor', 'select count(*) from flow_use', 'select count(*) from flow_act', 'select max(version) from alert', 'select seq from feed_counter', `select count(*) from audit where action like 'flow.%'`].map((sql) => rows(sql)));
let before: unknown;

beforeAll(async () => {
  group = await receiver();
  flows = await testFlows();
  await allow(flows.web, [{ host: '127.0.0.1', port: group.port, inside: true }]);
  await rows(`insert into device_model (id, name, type, supervision_class, power, confirm_window_s) values ('door-contact', '门磁', 'door', '24h', 'battery', 0), ('bed-strip', '床垫', 'bed', '24h', 'battery', 0) on conflict do nothing`);
  await rows(`insert into device (id, model, home_id, secret_hash, status) values ('door-1', 'door-contact', 'h1', '\\x00', 'installed'), ('bed-1', 'bed-strip', 'h1', '\\x00', 'installed')`);
  await rows(`insert into presence (device_id, last_seen_at, state, battery, check_at) values ('door-1', anling_now(), 'online', 12, 'infinity') on conflict (device_id) do update set battery = 12`);
  await event('bed-exit', 'bed-1', night - 3 * 86_400_000); // before the span
  await event('bed-exit', 'bed-1', night);
  await event('motionless', 'door-1', night + 8 * 60_000);
  await event('motionless', 'door-1', night + 10 * 60_000);
  const smoke = await flows.web.alert({ kind: 'smoke', what: 'opened' });
  await rows(`update alert set state = 'closed', closed_at = anling_now(), claimed_at = anling_now(), outcome = 'F1' where id = $1`, [smoke]);
  await rows(`update feed set at = anling_now() - interval '30 minutes'`);
  await rows(`insert into heartbeat (received_at, device_no, battery) select anling_now() - n * interval '5 minutes', d.no, 12 from device d, generate_series(1, 24) n where d.id = 'door-1'`);
  await flows.up();
}, 120_000);
afterAll(async () => { await flows.stop(); await group.close(); });

describe('a flow tried with the last 24 hours', () => {
  it('a ready flow of the night: what it would raise, against what was done; the gate goes by when it happened [C10 C11]', async () => {
    before = await left();
    const first = await tried(ready('door-night', { MINUTES: '15' }));
    expect(first).toMatchObject({ end: 'whole', less: false, cut: false, tried: 1, refused: [], difference: { gone: [], changed: [], same: 0 } });
    expect(brief(first.difference.added)).toEqual(['raise home:h1 P2 夜里离床后开门,可能外出']);
    expect(first.difference.added[0]?.at).toBeGreaterThanOrEqual(night + 8 * 60_000);
    expect(first.difference.added[0]?.at).toBeLessThan(night + 8 * 60_000 + 1_000);
    expect(await left()).toEqual(before);
    // What was done stands under the name of the tab: the same at about the same time, one in other words, one that would not be.
    const { db, seal } = flows.web.t;
    await noteAct(db, seal, '夜里开门又离床', { what: 'raise', target: 'home:h1 P2', said: '夜里离床后开门,可能外出' });
    await rows(`update flow_act set at = to_timestamp($1::float8 / 1000)`, [night + 9 * 60_000]);
    expect((await tried(ready('door-night', { MINUTES: '15' }))).difference).toEqual({ added: [], gone: [], changed: [], same: 1 });
    const far = await tried(ready('door-night', { MINUTES: '1' }));
    expect([far.tried, brief(far.difference.gone)]).toEqual([0, ['raise home:h1 P2 夜里离床后开门,可能外出']]);
    await rows('delete from flow_act');
  });

  it('a flow of a clock fires once at its hour; its request is written down and asked of nobody; the answer is what was given [C10 C11]', async () => {
    const digest = await tried(ready('battery-digest', { WEBHOOK_URL: at('/group?key=geheim'), BELOW: '20' }));
    expect(digest.difference.added).toMatchObject([{ what: 'request', target: `POST 127.0.0.1:${group.port}/group`, said: expect.stringContaining('低电量 1 台') }]);
    expect(JSON.stringify(digest)).not.toContain('geheim');
    const cool = await tried(ready('heat-wave', { WEATHER_URL: at('/weather'), WEBHOOK_URL: at('/group') }), { answer: '{"max":30}' });
    expect(brief(cool.difference.added)).toEqual([`request GET 127.0.0.1:${group.port}/weather `]);
    await rows(`update person set high_risk = true where id = 'p1'`);
    const hot = await tried(ready('heat-wave', { WEATHER_URL: at('/weather'), WEBHOOK_URL: at('/group') }), { answer: '{"max":39}' });
    expect(hot.difference.added.map((a) => a.what).toSorted()).toEqual(['notify', 'request', 'request']);
    expect(group.asked).toEqual([]);
    expect(await left()).toEqual(before);
  });

  it('alerts are seen as they were then, samples as they came; only the tab that is tried runs [C10 C11]', async () => {
    const smoke = await tried(ready('smoke-siren', { SIREN_URL: at('/siren'), SPEAKER_URL: at('/speaker') }));
    expect(brief(smoke.difference.added).map((a) => a.split(' ').slice(0, 2).join(' '))).toEqual(['request POST', 'request POST', expect.stringMatching(/^note alert:/)]);
    const seen: FlowNode[] = [tab('seen'), { id: 'a', type: 'anling-alerts', z: 'seen', kinds: '', priorityMax: 4, what: '', region: '', wires: [['s'], []] }, { id: 'r', type: 'anling-samples', z: 'seen', everyS: 60, deviceId: '', batteryBelow: 20, region: '', wires: [['s']] },
      fn('s', 'seen', "node.warn(msg.what ? 'state ' + msg.payload.state + ' ' + msg.payload.closedAt : 'sample ' + msg.payload.deviceId + ' ' + msg.payload.battery); return null;"),
      tab('other'), once('go', 'other', 'out'), { id: 'out', type: 'anling-http', z: 'other', method: 'POST', url: at('/other'), wires: [[], []] }];
    const { lines, tried: n } = await tried(seen);
    expect(n).toBe(0);
    expect(lines.filter((l) => l.includes('state ')).map((l) => l.slice(l.indexOf('state ')))).toEqual(['state open null']);
    expect(lines.filter((l) => l.includes('sample door-1 12')).length).toBeGreaterThanOrEqual(12); // one in ten minutes at most
    expect(lines.filter((l) => l.includes('sample ')).length).toBeLessThanOrEqual(14);
    expect(group.asked).toEqual([]);
    expect(await left()).toEqual(before);
  });

  it('what the API would refuse is refused: an emergency, nobody, beyond its window [C10 C11]', async () => {
    const code = "for (let i = 0; i < 62; i++) setTimeout(() => node.send({ homeId: 'h1', note: 'n' + i }), i * 100); node.send({ homeId: 'h1', note: 'x', priority: 1 }); node.send({ homeId: 'nobody', note: 'x' }); return null;";
    const { refused, tried: n } = await tried([tab('much'), once('go', 'much', 'f'), fn('f', 'much', code, [['r']]), { id: 'r', type: 'anling-raise', z: 'much', note: '', priority: '', wires: [[]] }]);
    expect([n, refused.filter((r) => r.why === '429').length, refused.filter((r) => r.why !== '429').map((r) => r.why)]).toEqual([60, 2, ['priority: 2, 3 or 4', 'home:nobody P2: there is no such thing']]);
    expect(await left()).toEqual(before);
  });

  it('a hostile flow ends with its trial, named; it reaches nothing, and the flows that run do not notice [C10 C11 RF18 W18]', async () => {
    const hostile = (code: string, wires: string[][] = [[]]): FlowNode[] => [tab('bad'), once('go', 'bad', 'f'), fn('f', 'bad', code, wires)];
    expect(await tried(hostile('while (true) {}'))).toMatchObject({ end: 'stuck', detail: expect.stringContaining('(f)') });
    expect(await tried(hostile("Buffer.constructor('return process')().exit(3);"))).toMatchObject({ end: 'ended', detail: 'exit 3 (f)' });
    expect(await tried(hostile('return msg;', [['f']]))).toMatchObject({ end: 'messages' });
    const paths = ['alerts/1/notes', 'events', 'notify', 'devices/door-1/commands', 'alerts/next', 'events/next'];
    const out = await tried(hostile(`const host = Buffer.constructor('return process')(); const net = host.getBuiltinModule('net');
      const ask = (m) => new Promise((ok) => { const id = 900000 + Math.floor(Math.random() * 90000); const hear = (a) => { if (a.id === id) { host.off('message', hear); ok(a.status); } }; host.on('message', hear); host.send({ ...m, id }); });
      const said = [];
      for (const p of ${JSON.stringify(paths)}) said.push(await ask({ type: 'api', path: '/api/v1/flows/../flows/' + p, body: { node: 'n', flow: 'x', note: 'x', homeId: 'h1', region: '350425100001', roles: ['care-worker'], name: 'led', args: { mode: 'slow' } } }));
      said.push(await ask({ type: 'api', path: '/api/v1/login', body: {} }), Object.keys(host.env).length, await new Promise((ok) => net.connect(${group.port}, '127.0.0.1').on('connect', () => ok('connected')).on('error', (e) => ok(e.code))));
      node.warn('said ' + said.join(' ')); return null;`));
    const line = out.lines.find((l) => l.includes('said ')) ?? '';
    // By a path of his own he gets past what is written down, to the API: whose doors this token does not open.
    expect(line.slice(line.indexOf('said '))).toBe('said 401 401 401 401 401 401 403 0 EACCES');
    expect([group.asked, existsSync(join(flows.folder, '..', 'flows-trial'))]).toEqual([[], false]);
    expect(flows.keeper.state()).toMatchObject({ restarts: 0 });
    expect(await left()).toEqual(before);
  }, 240_000);

  it('is for those who may open the editor; of the deployed tab without a drawing; a tab that is not there, or too many at once, are refused [C10 C11]', async () => {
    expect([(await ask({ tab: 'x' }, 'shift-leader')).status, (await ask({ tab: 'x' }, 'technician', town)).status, (await ask({ tab: 'x' })).status, (await ask({ tab: 'x', flows: [{ no: 'id' }] })).status]).toEqual([403, 403, 422, 422]);
    await flows.deploy([{ ...tab('mine', '还没启用'), disabled: true }, once('go', 'mine', 'out'), { id: 'out', type: 'anling-http', z: 'mine', name: '', method: 'POST', url: at('/mine'), json: true, wires: [[], []] }]);
    const asked = await Promise.all(Array.from({ length: 6 }, () => ask({ tab: 'mine' })));
    expect(asked.some((a) => a.status === 429)).toBe(true);
    const first = asked.find((a) => a.status === 202)?.body.id;
    await expect.poll(async () => (await look(first)).state, { timeout: 60_000 }).toBe('done');
    expect(brief((await look(first)).result.difference.added)).toEqual([`request POST 127.0.0.1:${group.port}/mine 1`]);
    const { trials, tabs } = (await flows.web.fetch('/api/v1/flows-trials', { cookie: await flows.web.cookie('auditor') })).body;
    expect([trials[0].tabName, trials[0].drawn, tabs]).toEqual(['还没启用', false, [{ id: 'mine', name: '还没启用', disabled: true }]]);
    expect(group.asked).toEqual([]);
    expect((await rows(`select 1 from audit where action = 'flows.trial'`)).length).toBeGreaterThan(8);
  }, 120_000);
});
