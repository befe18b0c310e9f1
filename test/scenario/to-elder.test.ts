/** Words to the elder over real sockets: press, claim, hear; commit, hear; what is not delivered says so; an edge that dies costs seconds. */
import { randomBytes } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertId, Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { claimCommands, commandsOfAlert, insertCommands, type ShownCommand } from '#store/commands.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';
import { connectDevice, startTestEdge, type TestDevice, type TestEdge, topic, until } from '#test/harness/edge.ts';

let a: Alarm;
let edge: TestEdge;
const button: TestDevice = { id: 'd1', secret: randomBytes(32).toString('base64url') };
const watch: TestDevice = { id: 'd2', secret: randomBytes(32).toString('base64url') };
const radar: TestDevice = { id: 'd4', secret: randomBytes(32).toString('base64url') };
type Heard = { id: string; name: string; args: Record<string, unknown> };
const clients: MqttClient[] = [];

beforeAll(async () => {
  a = await testAlarm();
  for (const d of [button, radar, watch]) await a.db.query('update device set secret_hash = $2 where id = $1', [d.id, a.seal.secretHash(d.secret)]);
  edge = await startTestEdge(a);
});
afterAll(async () => { for (const c of clients) c.end(true); await edge.stop(); await a.close(); });
beforeEach(async () => {
  for (const c of clients.splice(0)) await c.endAsync(true);
  await a.db.query(`update alert set state = 'closed', closed_at = anling_now() where state <> 'closed'`);
  await a.db.query('delete from command');
});

/** A device that listens, remembers, and answers as it should. */
async function listening(device: TestDevice, options: { at?: TestEdge; replies?: boolean } = {}): Promise<{ client: MqttClient; heard: Heard[] }> {
  const heard: Heard[] = [];
  const client = await connectDevice(options.at ?? edge, device);
  clients.push(client);
  client.on('message', (_topic, payload) => {
    const command = JSON.parse(String(payload)) as Heard;
    heard.push(command);
    if (options.replies !== false) client.publish(topic(device, 'command/reply'), JSON.stringify({ id: command.id, ok: true, data: { played: true } }), { qos: 1 });
  });
  await client.subscribeAsync(topic(device, 'command'), { qos: 1 });
  return { client, heard };
}
const press = async (client: MqttClient): Promise<AlertId> => {
  await client.publishAsync(topic(button, 'event'), JSON.stringify({ kind: 'sos' }), { qos: 1 });
  await a.settle();
  return (await a.alert()).id;
};
const shown = (id: AlertId): Promise<ShownCommand[]> => commandsOfAlert(a.db, a.seal, id, 100);
const states = async (id: AlertId): Promise<string[]> => (await shown(id)).map((c) => `${c.deviceId} ${c.say} ${c.state}`);
const spoken = (heard: Heard[]): string[] => heard.map((h) => `${h.name} ${String(h.args['text'] ?? h.args['mode'])}`);

describe('to the elder', () => {
  it('says at the claim and at the commitment what is true, within a second, and puts the light out at the close', async () => {
    const { client, heard } = await listening(button);
    const id = await press(client);
    let began = performance.now();
    const patienceMs = 5_000; // a second is the promise; a machine that does much else gets five
    await a.respond({ alertId: id, action: 'claim' });
    await until('the claim is heard', () => heard.length === 2);
    expect(performance.now() - began).toBeLessThan(patienceMs);
    expect(spoken(heard)).toEqual(['voice 已收到您的求助，正在处理', 'led slow']);
    expect(heard[0]?.args['say']).toBe('taken');
    began = performance.now();
    await a.respond({ alertId: id, action: 'accept', party: 'responder:cw' as Party });
    await until('the commitment is heard', () => heard.length === 4);
    expect(performance.now() - began).toBeLessThan(patienceMs);
    expect(spoken(heard).slice(2)).toEqual(['voice 已有人赶来，请不要着急', 'led steady']);
    await until('the case knows', async () => (await states(id)).filter((s) => s.startsWith('d1')).every((s) => s.endsWith('replied')));
    await a.respond({ alertId: id, action: 'arrive', party: 'responder:cw' as Party });
    await a.respond({ alertId: id, action: 'close', outcome: 'F1', note: '误按' });
    await until('the light is out', () => heard.length === 5);
    expect(spoken(heard).at(-1)).toBe('led off');
    // The others of the home speak too; they were away, so they have heard nothing yet, and nothing old is told to them now.
    expect((await states(id)).filter((s) => !s.startsWith('d1'))).toEqual(['d2 taken withdrawn', 'd4 taken withdrawn', 'd2 coming withdrawn', 'd4 coming withdrawn']);
    expect(edge.lines.some((l) => l.includes('已收到'))).toBe(false);
  });

  it('tells a device that connects in time, and says on the case what came to nobody', async () => {
    const { client } = await listening(button);
    const id = await press(client);
    await a.respond({ alertId: id, action: 'claim' });
    const late = await listening(radar);
    await until('the radar has said it', async () => (await states(id)).includes('d4 taken replied'));
    expect(spoken(late.heard)).toEqual(['voice 已收到您的求助，正在处理']); // the light is only for the device that called
    const [before] = await a.db.query<{ seq: string }>('select seq from feed_counter');
    await a.advance(limits.commandWordMs + 1_000);
    await until('the watch has missed it', async () => (await states(id)).includes('d2 taken expired'));
    // Whoever looks at the case is told: a line of the feed for the alert.
    const lines = await a.db.query<{ payload: { what: string } }>('select payload from feed where seq > $1 and alert_id = $2', [before?.seq, id]);
    expect(lines.map((l) => l.payload.what)).toContain('elder-told');
    const tooLate = await listening(watch);
    await insertCommands(a.db, a.seal, [{ deviceId: 'd2', alertId: null, name: 'test-call', say: null, args: {}, shown: false, by: 'test', validMs: 60_000, trace: 't' }]);
    await until('it hears what came after', () => tooLate.heard.length > 0);
    expect(tooLate.heard.map((h) => h.name)).toEqual(['test-call']);
  });

  it('takes back "somebody comes" when nobody does, and not what was never said', async () => {
    const { client, heard } = await listening(button);
    const id = await press(client);
    await a.respond({ alertId: id, action: 'accept', party: 'responder:cw' as Party });
    await until('told', () => heard.length === 2);
    await a.respond({ alertId: id, action: 'decline', party: 'responder:cw' as Party });
    await until('taken back', () => heard.length === 4);
    expect(spoken(heard)).toEqual(['voice 已有人赶来，请不要着急', 'led steady', 'voice 正在继续为您找人，请不要着急', 'led slow']);
    await a.pass(400, 10); // nobody answers, round after round
    expect(heard).toHaveLength(4);
  });

  it('is delivered by the next edge when the first dies with the command in its hands [LAW3]', async () => {
    const { client } = await listening(button);
    const id = await press(client);
    await client.endAsync(true);
    await a.respond({ alertId: id, action: 'claim' });
    // The first edge has taken the commands and is gone before anything left it.
    expect((await claimCommands(a.db, a.seal, ['d1'], 'edge-dead')).map((c) => c.name)).toEqual(['voice']);
    const other = await startTestEdge(a);
    try {
      const { heard } = await listening(button, { at: other });
      await until('it looked', async () => (await a.db.query(`select from command where state = 'sent'`)).length === 1);
      expect(heard).toEqual([]); // the lease still runs, and what comes after waits for its turn
      await a.advance(limits.commandLeaseMs + 100);
      await until('heard from the other edge', () => heard.length === 2);
      expect(spoken(heard)).toEqual(['voice 已收到您的求助，正在处理', 'led slow']);
    } finally { await other.stop(); }
  });

  it('takes the first answer of the device itself, kept sealed, and no other', async () => {
    const { client, heard } = await listening(button, { replies: false });
    const [id] = await insertCommands(a.db, a.seal, [{ deviceId: 'd1', alertId: null, name: 'test-call', say: null, args: {}, shown: false, by: 'test', validMs: 60_000, trace: 't' }]);
    await until('acknowledged without an answer', async () => (await a.db.query(`select from command where id = $1 and state = 'acknowledged'`, [id])).length === 1);
    expect(heard).toMatchObject([{ id: `c${id}`, name: 'test-call', args: {} }]);
    // A refusal, then a second answer: the first one stands. Another device's answer to it does not count.
    const radarClient = (await listening(radar)).client;
    await radarClient.publishAsync(topic(radar, 'command/reply'), JSON.stringify({ id: `c${id}`, ok: true }), { qos: 1 });
    expect(await a.db.query(`select from command where id = $1 and state = 'acknowledged'`, [id])).toHaveLength(1);
    for (const ok of [false, true]) await client.publishAsync(topic(button, 'command/reply'), JSON.stringify({ id: `c${id}`, ok, data: { why: '占用' } }), { qos: 1 });
    const [row] = await a.db.query<{ state: string; reply_enc: Buffer }>('select state, reply_enc from command where id = $1', [id]);
    expect(row?.state).toBe('failed');
    expect(JSON.parse(a.seal.open('command.reply', row?.reply_enc as Buffer))).toEqual({ why: '占用' });
    // Answers to what we never sent are acknowledged and change nothing.
    for (const wrong of ['c999999', 'x1', `c${'9'.repeat(40)}`]) await client.publishAsync(topic(button, 'command/reply'), JSON.stringify({ id: wrong, ok: true }), { qos: 1 });
    expect(client.connected).toBe(true);
  });
});
