/** Desired and reported settings: each told to the device until it reports it, refused by name where it is wrong, sealed, audited. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { dailyTurn } from '#alerts/digest.ts';
import { emptySettings } from '#core/vendor-door.ts';
import { answerCommand, claimCommands, expireCommands, settleCommand } from '#store/commands.ts';
import { configurable, readSettings, reportSettings, settingsAnswered } from '#store/device-config.ts';
import { insertDoor } from '#store/vendor-doors.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web.stop());

const register = async (model: string, more: object = {}): Promise<string> => (await web.fetch('/api/v1/devices', { method: 'POST', cookie: await web.cookie('installer'), body: { model, homeId: 'h1', room: '卧室', ...more } })).body.id;
const want = (id: string, desired: object, cookie = admin): ReturnType<Web['fetch']> => web.fetch(`/api/v1/devices/${id}/config`, { method: 'PUT', cookie, body: { desired } });
const shown = async (id: string, cookie = admin): Promise<Record<string, { desired: unknown; reported: unknown; state: string | null }>> =>
  Object.fromEntries((await web.fetch(`/api/v1/devices/${id}/config`, { cookie })).body.settings.map((s: { name: string }) => [s.name, s]));
/** The device takes what waits for it; `answer`: what it says to it, null: only that it arrived. */
async function obey(id: string, answer: { ok: boolean; data: unknown } | null): Promise<Record<string, unknown> | null> {
  const [command] = await claimCommands(web.t.db, web.t.seal, [id], 'edge-test');
  if (!command) return null;
  await web.t.db.tx(async (sql) => {
    await settingsAnswered(sql, web.t.seal, command.id, 'acknowledged');
    await settleCommand(sql, command, 'acknowledged');
    if (answer) { await settingsAnswered(sql, web.t.seal, command.id, { deviceId: id, ...answer }); await answerCommand(sql, web.t.seal, { deviceId: id, id: command.id, ...answer }); }
  });
  return command.args;
}
const turn = (): Promise<boolean> => dailyTurn({ db: web.t.db, seal: web.t.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });

describe('settings of a device', () => {
  it('go down one by one, stand as sent, and agree when the device reports them [F6]', async () => {
    const id = await register('fall-radar');
    expect(Object.keys(await shown(id))).toEqual(expect.arrayContaining(['heartbeatS', 'volume', 'fallSensitivity']));
    expect((await want(id, { heartbeatS: 60, volume: 7, fallSensitivity: 'high' })).status).toBe(200);
    expect(await shown(id)).toMatchObject({ heartbeatS: { desired: 60, reported: null, state: 'sent' }, volume: { state: 'sent' }, fallSensitivity: { desired: 'high' } });
    expect(await obey(id, { ok: true, data: { heartbeatS: 60, volume: 4, secret: 'x' } })).toEqual({ heartbeatS: 60 });
    expect(await shown(id)).toMatchObject({ heartbeatS: { reported: 60, state: 'agreed' }, volume: { desired: 7, reported: 4, state: 'sent' } });
    expect(await obey(id, { ok: true, data: null })).toEqual({ volume: 7 }); // done, without values: as told
    expect(await obey(id, { ok: false, data: { error: 'no such thing' } })).toEqual({ fallSensitivity: 'high' });
    expect(await shown(id)).toMatchObject({ volume: { reported: 7, state: 'agreed' }, fallSensitivity: { state: 'refused' } });
    // Somebody turned the knob: the wish is told again.
    await web.t.db.tx((sql) => reportSettings(sql, web.t.seal, id, { volume: 2 }));
    expect(await shown(id)).toMatchObject({ volume: { desired: 7, reported: 2, state: 'waiting' } });
    await web.t.advance(limits.configAgainMs);
    await turn();
    expect(await obey(id, { ok: true, data: { volume: '7' } })).toEqual({ volume: 7 });
    expect(await shown(id)).toMatchObject({ volume: { state: 'agreed' } });
    await turn();
    expect(await obey(id, null)).toBeNull();
  });

  it('are refused by name: no such setting, beyond what its class or model allows, a vendor without a way down [F6]', async () => {
    const id = await register('fall-radar');
    for (const [desired, field, expected] of [
      [{ brightness: 3 }, 'desired.brightness', 'one of heartbeatS'], [{ heartbeatS: 86_400 * 3 }, 'desired.heartbeatS', 'whole seconds from 30 to'], [{ volume: 11 }, 'desired.volume', '0 to 10'], [{ fallSensitivity: 'very' }, 'desired.fallSensitivity', 'low, medium, high'],
      [{ callNumbers: ['13800000000'] }, 'desired.callNumbers', 'nothing: this device cannot be told this'], [{}, 'desired', 'at least one']] as const) {
      const answer = await want(id, desired);
      expect(answer.status).toBe(422);
      expect(answer.body.error.fields).toMatchObject([{ field, expected: expect.stringContaining(expected) }]);
    }
    await web.t.db.query(`update device_model set confirm_window_s = 20 where id = 'fall-radar'`);
    expect((await want(id, { confirmWindowS: 25 })).body.error.fields).toMatchObject([{ field: 'desired.confirmWindowS', expected: 'whole seconds from 0 to 20, the window of its model' }]);
    expect((await want(id, { confirmWindowS: 10 })).status).toBe(200);
    await insertDoor(web.t.db, web.t.seal, { name: 'cloud', kind: 'ctwing', title: '', secrets: {}, settings: emptySettings, enabled: true, by: 'test' });
    const pushed = await register('sos-button', { door: 'cloud', doorKey: '860000000000001' });
    expect(await shown(pushed)).toEqual({});
    expect((await want(pushed, { heartbeatS: 600 })).status).toBe(422);
    expect((await want(id, { volume: 1 }, await web.cookie('operator'))).status).toBe(403);
    expect((await want('nobody', { volume: 1 })).status).toBe(404);
  });

  it('of a watch are as told when it says the word back; numbers to call are sealed, and shown to whoever keeps devices alone [F6 A9]', async () => {
    await insertDoor(web.t.db, web.t.seal, { name: 'watches', kind: 'watch', title: '', secrets: {}, settings: { ...emptySettings, port: 9_000 }, enabled: true, by: 'test' });
    const id = await register('watch', { door: 'watches', doorKey: '8800000015' });
    expect(Object.keys(await shown(id))).toEqual(['heartbeatS', 'callNumbers']);
    expect((await want(id, { callNumbers: ['1'] })).status).toBe(422);
    expect((await want(id, { callNumbers: ['13850001234'] })).status).toBe(200);
    expect(await obey(id, null)).toEqual({ callNumbers: ['13850001234'] });
    expect(await shown(id)).toMatchObject({ callNumbers: { reported: ['13850001234'], state: 'agreed' } });
    expect(JSON.stringify(await web.t.db.query('select * from device_setting')) + JSON.stringify(await web.t.db.query('select * from command')) + web.logs.join('')).not.toContain('13850001234');
    const [audit] = await web.t.db.query<{ detail: unknown }>(`select detail from audit where action = 'device.config' and target = $1`, [`device:${id}`]);
    expect(audit?.detail).toEqual({ callNumbers: ['…1234'] });
    expect(await shown(id, await web.cookie('operator'))).toMatchObject({ callNumbers: { desired: ['…1234'], reported: ['…1234'] } });
  });

  it('nobody answers for another’s command [M1]', async () => {
    const [own, other] = [await register('fall-radar'), await register('fall-radar')];
    await want(own, { volume: 9 });
    const [command] = await claimCommands(web.t.db, web.t.seal, [own], 'edge-test');
    await web.t.db.tx((sql) => settingsAnswered(sql, web.t.seal, command?.id ?? '0', { deviceId: other, ok: true, data: { volume: 9 } }));
    expect(await shown(own)).toMatchObject({ volume: { reported: null } });
  });

  it('that nothing came of are told again, until they expire; a newer wish replaces one on its way; one taken back is not told [F6]', async () => {
    const id = await register('fall-radar');
    await want(id, { heartbeatS: 60 });
    await want(id, { heartbeatS: null });
    await turn();
    expect(await obey(id, null)).toBeNull();
    expect(await shown(id)).toMatchObject({ heartbeatS: { desired: null, state: null } });
    await want(id, { volume: 3 });
    await want(id, { volume: 5 });
    expect(await obey(id, null)).toEqual({ volume: 5 }); // arrived, and no word of it
    expect(await shown(id)).toMatchObject({ volume: { state: 'waiting' } });
    await turn();
    expect(await obey(id, null)).toBeNull(); // not before its time
    await web.t.advance(limits.configAgainMs);
    await turn();
    expect(await obey(id, null)).toEqual({ volume: 5 });
    await web.t.advance(limits.configDays * 86_400_000);
    await web.t.db.tx((sql) => expireCommands(sql, 100));
    await turn();
    expect(await obey(id, null)).toBeNull();
    const d = await configurable(web.t.db, id); // no session lives so long
    expect(d && (await readSettings(web.t.db, web.t.seal, id, d)).find((one) => one.name === 'volume')).toMatchObject({ state: 'expired' });
  });
});
