/** Commands to a device by hand: who may send which, what is refused by name, what stands in the audit, what a list shows. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { pruneCalls } from '#store/calls.ts';
import { claimCommands, pruneCommands, settleCommand } from '#store/commands.ts';
import { otherTown, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let id: string;
beforeAll(async () => {
  web = await testWeb();
  id = (await web.fetch('/api/v1/devices', { method: 'POST', cookie: await web.cookie('installer'), body: { model: 'fall-radar', homeId: 'h1', room: '卧室' } })).body.id;
});
afterAll(() => web.stop());
const post = async (role: Parameters<Web['cookie']>[0], body: unknown, device = id) => web.fetch(`/api/v1/devices/${device}/commands`, { method: 'POST', cookie: await web.cookie(role), body });

it('are rows that an edge finds, audited, and never in a log', async () => {
  const made = await post('operator', { name: 'voice', args: { text: '陈阿伯，请开门' }, validS: 60 });
  expect([made.status, made.body]).toMatchObject([201, { deviceId: id, name: 'voice', text: '陈阿伯，请开门', state: 'due', room: '卧室', attempts: 0, alertId: null }]);
  const [claimed] = await claimCommands(web.t.db, web.t.seal, [id], 'edge-test');
  expect(claimed).toMatchObject({ id: made.body.id, args: { text: '陈阿伯，请开门' } });
  await web.t.db.tx((sql) => settleCommand(sql, claimed!, 'acknowledged'));
  const list = await web.fetch(`/api/v1/devices/${id}/commands`, { cookie: await web.cookie('technician') });
  expect(list.body.commands).toMatchObject([{ id: made.body.id, state: 'acknowledged', acknowledgedAt: expect.any(Number) }]);
  expect(await web.t.db.query(`select detail from audit where action = 'device.command'`)).toEqual([{ detail: { command: made.body.id, name: 'voice' } }]);
  expect(web.logs.join('') + JSON.stringify(await web.t.db.query('select * from command'))).not.toContain('陈阿伯');
});

it('are refused by name: what the device cannot do, who may not, what is elsewhere, too many', async () => {
  for (const [body, field] of [
    [{ name: 'voice' }, 'args.text'], [{ name: 'voice', args: { text: ' ' } }, 'args.text'], [{ name: 'led', args: { mode: 'blink' } }, 'args.mode'], [{ name: 'explode' }, 'name'],
    [{ name: 'test-call', args: { x: 'y'.repeat(3_000) } }, 'args'], [{ name: 'test-call', validS: 1 }, 'validS']] as const)
    expect((await post('operator', body)).body.error.fields.map((f: { field: string }) => f.field)).toEqual([field]);
  expect((await post('installer', { name: 'config' })).body.error.fields).toEqual([{ field: 'args', expected: 'at least one setting of the device' }]);
  // Nobody restarts a radar out of an alarm; those who keep devices do.
  expect((await post('operator', { name: 'reboot' })).status).toBe(403);
  expect((await post('technician', { name: 'reboot' })).status).toBe(201);
  expect((await post('viewer', { name: 'led', args: { mode: 'off' } })).status).toBe(403);
  const elsewhere = await web.cookie('operator', otherTown);
  expect((await web.fetch(`/api/v1/devices/${id}/commands`, { method: 'POST', cookie: elsewhere, body: { name: 'test-call' } })).status).toBe(404);
  for (let i = 1; i < limits.commandsPerDevice; i++) expect((await post('admin', { name: 'test-call' })).status).toBe(201);
  expect((await post('admin', { name: 'test-call' })).body.error).toMatchObject({ code: 'E_CONFLICT', message: expect.stringContaining('waiting already') });
  await web.fetch(`/api/v1/devices/${id}/revoke`, { method: 'POST', cookie: await web.cookie('admin'), body: {} });
  expect((await post('admin', { name: 'test-call' })).body.error.message).toContain('revoked');
});

it('ring one contact with the harmless text, a landline by voice, a few times an hour, never one who opted out', async () => {
  const ring = async (contact: string, cookie: string) => web.fetch(`/api/v1/contacts/${contact}/ring`, { method: 'POST', cookie, body: {} });
  const installer = await web.cookie('installer');
  const first = await ring('c1', installer);
  expect([first.status, first.body.channel]).toEqual([201, 'sms']);
  expect(await web.t.db.query('select party, channel, template, purpose, alert_id from outbox')).toEqual([{ party: 'contact:c1', channel: 'sms', template: 'ring', purpose: 'notice', alert_id: null }]);
  for (let i = 1; i < limits.ringsPerHour; i++) expect((await ring('c1', installer)).status).toBe(201);
  expect((await ring('c1', installer)).status).toBe(429);
  expect((await ring('c2', await web.cookie('installer', otherTown))).status).toBe(201);
  expect((await ring('c1', await web.cookie('installer', otherTown))).status).toBe(404);
  expect((await ring('c2', await web.cookie('operator'))).status).toBe(403);
  await web.t.db.query(`update contact set opted_out_at = anling_now() where id = 'c2'`);
  expect((await ring('c2', installer)).status).toBe(409);
  expect(await web.t.db.query(`select from audit where action = 'contact.ring'`)).toHaveLength(limits.ringsPerHour + 1);
});

it('are forgotten after their time, as calls are, but never what belongs to a case [LAW7]', async () => {
  const day = 86_400_000;
  const count = async (table: string): Promise<number> => (await web.t.db.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? -1;
  const [alert] = await web.t.db.query<{ id: string }>(
    `insert into alert (kind, priority, state, subject_type, subject_id, opened_at, last_raised_at, trace) values ('sos', 1, 'closed', 'number', 'x', anling_now(), anling_now(), 't') returning id`);
  await web.t.db.query(`insert into command (device_id, alert_id, name, args_enc, created_by, expires_at, trace) values ($1, $2, 'led', '\\x00', 'house', anling_now(), 't')`, [id, alert?.id]);
  await web.t.db.query(`insert into call (matched, trace) values ('unknown', 't')`);
  const before = await count('command');
  await web.t.advance((limits.commandDays - 1) * day);
  await pruneCommands(web.t.db);
  expect(await count('command')).toBe(before);
  await web.t.advance(2 * day);
  await pruneCommands(web.t.db);
  await pruneCalls(web.t.db);
  expect([await web.t.db.query('select alert_id from command'), await count('call')]).toEqual([[{ alert_id: alert?.id }], 1]);
  await web.t.advance(limits.callDays * day);
  await pruneCalls(web.t.db);
  expect(await count('call')).toBe(0);
});
