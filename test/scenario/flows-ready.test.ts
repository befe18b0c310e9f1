/** The flows that are ready to import, and the nodes they are made of, each driven with events through a real deployment: what comes out is checked at a receiver, at the desk, on the timeline. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allow, type FlowNode, type Flows, fn, receiver, root, tab, testFlows } from '#test/harness/flows.ts';
import { county, town, village } from '#test/harness/web.ts';

let flows: Flows;
let group: Awaited<ReturnType<typeof receiver>>;
const rows = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => flows.web.t.db.query(sql, values);
const said = (url: string): string[] => group.asked.filter((a) => a.url === url).map((a) => a.body);
const text = (url: string): string => said(url).map((b) => (JSON.parse(b) as { text: { content: string } }).text.content).join('\n');
const ready = (name: string, env: Record<string, string>): FlowNode[] => (JSON.parse(readFileSync(join(root, 'flows', 'ready', `${name}.json`), 'utf8')) as FlowNode[]).map((n) => {
  if (n.type !== 'tab') return n;
  const list = n['env'] as { name: string; value: string }[];
  expect(Object.keys(env).filter((k) => !list.some((e) => e.name === k))).toEqual([]);
  return { ...n, env: list.map((e) => ({ ...e, value: env[e.name] ?? e.value })) };
});
const event = async (kind: string, device: string, at: string): Promise<void> => { await rows(`insert into event (ingest_id, shard, urgency, source, kind, device_id, received_at, data_enc, trace) values (gen_random_uuid(), 0, 2, 'mqtt', $1, $2, $3, $4, 't')`, [kind, device, at, flows.web.t.seal.seal('event.data', '{"data":{}}')]); };
/** A stream that is read is at its head. */
const listening = (...nodes: string[]) => expect.poll(async () => (await rows('select node_id from flow_cursor where node_id = any($1)', [nodes])).length).toBe(nodes.length);
let moved = '';

beforeAll(async () => {
  group = await receiver(({ url }) => ({ status: url === '/broken' ? 500 : url === '/moved' ? 302 : 200, ...(url === '/moved' ? { headers: { location: moved } } : {}), body: url === '/weather' ? '{"max":39}' : url === '/cool' ? '{"max":30}' : '{"errcode":0}' }));
  flows = await testFlows();
  await allow(flows.web, [{ host: '127.0.0.1', port: group.port, inside: true }]);
  await rows(`insert into device_model (id, name, type, supervision_class, power, confirm_window_s) values ('door-contact', '门磁', 'door', '24h', 'battery', 0), ('bed-strip', '床垫', 'bed', '24h', 'battery', 0) on conflict do nothing`);
  await rows(`insert into device (id, model, home_id, secret_hash) values ('door-1', 'door-contact', 'h1', '\\x00'), ('bed-1', 'bed-strip', 'h1', '\\x00'), ('door-2', 'door-contact', 'h2', '\\x00')`);
  await rows(`update person set high_risk = true, living = 'alone' where id = 'p1'`);
  await flows.up();
});
beforeEach(() => { group.asked.length = 0; });
afterAll(async () => { await flows.stop(); await group.close(); });
const at = (path: string): string => `http://127.0.0.1:${group.port}${path}`;

describe('flows ready to import', () => {
  it('heat wave: on a hot day the care list goes to the group by village, masked, and care workers are told; on a cool day nobody is [C11]', async () => {
    await flows.deploy(ready('heat-wave', { WEATHER_URL: at('/cool'), WEBHOOK_URL: at('/group'), REGION: county }));
    await flows.press('heat-at');
    await expect.poll(() => said('/cool').length).toBe(1);
    expect(group.asked.map((a) => a.url)).toEqual(['/cool']);
    await flows.deploy(ready('heat-wave', { WEATHER_URL: at('/weather'), WEBHOOK_URL: at('/group'), REGION: county }));
    await flows.press('heat-at');
    await expect.poll(() => said('/group').length).toBe(1);
    expect(text('/group')).toMatch(/^高温 39 度.*\n仙亭村 1 人:陈\*\*\(独居\)$/s);
    expect(text('/group')).not.toMatch(/金水|下厝|1540425/);
    await expect.poll(async () => (await rows(`select party, template from outbox where template = 'notices' order by party`))).toEqual([{ party: 'responder:r1', template: 'notices' }, { party: 'responder:r2', template: 'notices' }]);
  });

  it('door open at night and bed exit of one home raise P2 once; by day, of two homes, or far apart they do not [C6 C11]', async () => {
    await flows.deploy(ready('door-night', { MINUTES: '15' }));
    await listening('door-events');
    const raised = () => rows(`select home_id, data_enc from event where kind = 'flow'`);
    await event('bed-exit', 'bed-1', '2026-11-26T10:00:00+08:00');
    await event('motionless', 'door-1', '2026-11-26T10:01:00+08:00'); // by day
    await event('bed-exit', 'bed-1', '2026-11-26T23:00:00+08:00');
    await event('motionless', 'door-2', '2026-11-26T23:05:00+08:00'); // another home
    await event('motionless', 'door-1', '2026-11-26T23:30:00+08:00'); // too late
    await event('bed-exit', 'bed-1', '2026-11-27T02:10:00+08:00');
    await event('motionless', 'door-1', '2026-11-27T02:18:00+08:00');
    await event('motionless', 'door-1', '2026-11-27T02:20:00+08:00'); // once a night
    await expect.poll(async () => (await raised()).length).toBe(1);
    const [one] = await raised();
    expect(one?.['home_id']).toBe('h1');
    expect(JSON.parse(flows.web.t.seal.open('event.data', one?.['data_enc'] as Buffer))).toMatchObject({ data: { priority: 2, flow: '夜里开门又离床', note: '夜里开门又离床:夜里离床后开门,可能外出' } });
  });

  it('an outage of a township goes to the group’s webhook and what became of it stands on the alert, also when the group does not take it; of another kind nothing goes out [C11]', async () => {
    await flows.deploy(ready('outage-webhook', { WEBHOOK_URL: at('/ding') }));
    await listening('outage-alerts');
    const id = await flows.web.alert({ kind: 'outage', priority: 2, region: town, personId: null, homeId: null, what: 'opened' });
    const notes = (alert: string) => rows(`select note_enc from alert_log where alert_id = $1 and action = 'note'`, [alert]).then((l) => l.map((r) => flows.web.t.seal.open('alert_log.note', r['note_enc'] as Buffer)));
    await expect.poll(() => notes(id)).toEqual(['已发到工作群']);
    expect(JSON.parse(said('/ding')[0] ?? '{}')).toMatchObject({ msgtype: 'text', text: { content: expect.stringContaining(`【安铃】均溪镇约`) } });
    await flows.web.alert({ kind: 'sos', what: 'opened' });
    await flows.deploy(ready('outage-webhook', { WEBHOOK_URL: at('/broken') }));
    const second = await flows.web.alert({ kind: 'outage', priority: 2, region: null, personId: null, homeId: null, what: 'opened' });
    await expect.poll(() => notes(second)).toEqual(['工作群没有发成:500']);
    moved = 'http://127.0.0.1:1/';
    await flows.deploy(ready('outage-webhook', { WEBHOOK_URL: at('/moved') }));
    const third = await flows.web.alert({ kind: 'outage', priority: 2, region: null, personId: null, homeId: null, what: 'opened' });
    await expect.poll(() => notes(third)).toEqual([expect.stringMatching(/^工作群没有发成:Error: not allowed: 127\.0\.0\.1:1 is not on the list/)]);
    expect(said('/ding')).toHaveLength(1);
  });

  it('smoke sounds the siren and the loudspeaker, again when it comes again, never for a test; the alert itself is not touched [C11]', async () => {
    await flows.deploy(ready('smoke-siren', { SIREN_URL: at('/siren'), SPEAKER_URL: at('/speaker') }));
    await listening('smoke-alerts');
    const test = await flows.web.alert({ kind: 'smoke', what: 'nothing' });
    await rows(`update alert set flags = '{test}' where id = $1`, [test]);
    const id = await flows.web.alert({ kind: 'smoke', what: 'opened' });
    const before = await rows('select * from alert where id = $1', [id]);
    await expect.poll(() => [said('/siren').length, said('/speaker').length]).toEqual([1, 1]);
    expect(JSON.parse(said('/siren')[0] ?? '')).toEqual({ on: true, seconds: 60, alert: id });
    expect(JSON.parse(said('/speaker')[0] ?? '')).toEqual({ text: '仙亭村烟感报警,请邻居去看,不要进火场', times: 3 });
    await expect.poll(async () => (await rows(`select 1 from alert_log where alert_id = $1 and action = 'note'`, [id])).length).toBe(1);
    expect(await rows('select * from alert where id = $1', [id])).toEqual(before);
  });

  it('the daily digest of low batteries goes out by town, with the devices below the bound only [C11]', async () => {
    await rows(`insert into presence (device_id, last_seen_at, state, battery, check_at) values ('door-1', anling_now(), 'online', 12, 'infinity'), ('bed-1', anling_now(), 'online', 55, 'infinity'), ('door-2', anling_now(), 'online', 19, 'infinity')
      on conflict (device_id) do update set battery = excluded.battery, last_seen_at = excluded.last_seen_at`);
    await flows.deploy(ready('battery-digest', { WEBHOOK_URL: at('/group') }));
    await flows.press('battery-at');
    await expect.poll(() => said('/group').length).toBe(1);
    expect(text('/group')).toBe('低电量 2 台,请安排换电池:\n350425100:1 台,最低 12%(door-1)\n350425201:1 台,最低 19%(door-2)');
  });

  it('the daily digest says nothing to anybody when no battery is low [C11]', async () => {
    await rows(`update presence set battery = 80, last_seen_at = anling_now() where device_id in ('door-1', 'bed-1', 'door-2')`);
    const nodes = ready('battery-digest', { WEBHOOK_URL: at('/group') });
    // What it says of itself instead tells that it has looked and ended there.
    await flows.deploy([...nodes, { id: 'battery-status', type: 'status', z: 'battery', name: '', scope: ['battery-words'], x: 1, y: 1, wires: [['battery-quiet']] }, fn('battery-quiet', 'battery', "return { payload: msg.status.text };", [['battery-told']]), { id: 'battery-told', type: 'anling-http', z: 'battery', name: '', method: 'POST', url: at('/quiet'), json: true, x: 1, y: 1, wires: [[], []] }]);
    await flows.press('battery-at');
    await expect.poll(() => said('/quiet')).toEqual(['没有']);
    expect(group.asked.map((a) => a.url)).toEqual(['/quiet']);
  });

  it('every flow of the folder is driven here, also in its silent case [C11]', () => {
    const own = readFileSync(import.meta.filename, 'utf8');
    const silent = { 'battery-digest': 'says nothing to anybody', 'door-night': 'or far apart they do not', 'heat-wave': 'on a cool day nobody is', 'outage-webhook': 'of another kind nothing goes out', 'smoke-siren': 'never for a test' } as const;
    expect(readdirSync(join(root, 'flows', 'ready')).map((f) => f.replace(/\.json$/, '')).toSorted()).toEqual(Object.keys(silent));
    for (const [name, words] of Object.entries(silent)) expect([name, own.includes(`ready('${name}'`), own.split('\n').some((line) => line.startsWith("  it('") && line.includes(words))]).toEqual([name, true, true]);
  });
});

describe('the place of a node', () => {
  it('what came while the flows were away, and what a redeploy cut off, comes afterwards [C11]', async () => {
    const nodes = [tab('keep'), { id: 'in', type: 'anling-alerts', z: 'keep', name: '全部', kinds: 'sos', priorityMax: 4, what: 'opened', region: village, x: 1, y: 1, wires: [['to'], []] }, fn('to', 'keep', 'return { payload: { id: msg.payload.id } };', [['out']]), { id: 'out', type: 'anling-http', z: 'keep', name: '', method: 'POST', url: at('/keep'), json: true, x: 1, y: 1, wires: [[], []] }];
    await flows.deploy(nodes);
    await listening('in');
    const first = await flows.web.alert({ kind: 'sos', what: 'opened' });
    const ids = () => said('/keep').map((b) => (JSON.parse(b) as { id: string }).id);
    await expect.poll(ids).toEqual([first]);
    await expect.poll(async () => (await rows(`select 1 from flow_cursor c, feed_counter f where node_id = 'in' and position = f.seq`)).length).toBe(1); // it has said that this is done
    await flows.pause();
    const missed = [await flows.web.alert({ kind: 'sos', what: 'opened', personId: 'p2', homeId: 'h2', region: village }), await flows.web.alert({ kind: 'sos', what: 'opened', personId: null, homeId: 'h1' })];
    flows.again();
    await flows.up();
    await expect.poll(ids).toEqual(expect.arrayContaining([first, ...missed]));
    expect(ids().filter((id) => id === first)).toHaveLength(1); // it was said to be done
    await flows.deploy(nodes.map((n) => (n.id === 'to' ? { ...n, func: 'return { payload: { id: msg.payload.id, v: 2 } };' } : n)));
    const last = await flows.web.alert({ kind: 'sos', what: 'opened', personId: null, homeId: 'h2', region: village });
    await expect.poll(ids).toEqual(expect.arrayContaining([first, ...missed, last]));
  });
});
