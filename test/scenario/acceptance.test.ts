/** `npm run acceptance` against a whole house: a button and a radar pass with evidence, nobody is rung but the first contact; what fails says why. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi, type HouseApi } from '#simulators/api/client.ts';
import { installerHands, simulatedHands } from '#simulators/acceptance/hands.ts';
import { accept, type StepResult } from '#simulators/acceptance/run.ts';
import { SimDevice } from '#simulators/device/device.ts';
import type { Db } from '#store/pool.ts';
import { logIn } from '#test/harness/client.ts';
import { travel } from '#test/harness/db.ts';
import { type House, makeHouse } from '#test/harness/house.ts';

const root = new URL('../..', import.meta.url).pathname;
const village = '350425100001';
let house: House;
let db: Db;
let api: HouseApi;
let button: { id: string; secret: string };
let radar: { id: string; secret: string };

beforeAll(async () => {
  house = await makeHouse(root, { name: 'acceptance', env: { ANLING_DEMO: '0' } });
  await house.start();
  await house.ready(120_000);
  db = house.openDb();
  const admin = await logIn(house);
  await admin.call('POST', '/api/v1/regions', { rows: [{ code: '350425000000', name: '大田县' }, { code: '350425100000', name: '均溪镇' }, { code: village, name: '仙亭村' }] });
  const { id: homeId } = await admin.call<{ id: string }>('POST', '/api/v1/homes', { regionCode: village, address: '均溪镇仙亭村下厝角12号', demo: true });
  const { id: personId } = await admin.call<{ id: string }>('POST', '/api/v1/people', { homeId, name: '陈金水', demo: true });
  await admin.call('POST', '/api/v1/contacts', { personId, relation: 'family', name: '陈开盛', phone: '15404250004' });
  await admin.call('POST', '/api/v1/responders', { role: 'care-worker', regionCode: village, name: '王玉兰', phone: '15404250005', demo: true });
  button = await admin.call('POST', '/api/v1/devices', { model: 'sos-button', personId });
  radar = await admin.call('POST', '/api/v1/devices', { model: 'fall-radar', homeId, room: '卧室' });
  const { id: _, secret: token } = await adminToken();
  api = createApi(house.base, { token });
}, 180_000);
afterAll(async () => { await db?.close(); await house?.stop(); });

type Ended = { code: number | null; output: string };
/** A program of the checkout with the house's own environment; `hear` gets all output so far at each piece. */
function run(args: string[], hear: (output: string) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: root, env: house.env as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => { output += String(piece); hear(output); });
  return new Promise((resolve) => child.on('exit', (code) => resolve({ code, output })));
}
async function adminToken(): Promise<{ id: string; secret: string }> {
  const { output } = await run(['src/admin.ts', 'token', 'test', '24']);
  const [, id = '', secret = ''] = /token (\S+) {3}secret (\S+)/.exec(output) ?? [];
  return { id, secret };
}
const acceptance = (more: string[], hear?: (output: string) => void): Promise<Ended> =>
  run(['scripts/acceptance.ts', '--url', house.base, '--mqtt', `127.0.0.1:${house.mqttPort}`, '--simulate', ...more], hear);
const sent = () => db.query<{ template: string; party: string; state: string }>('select template, split_part(party, \':\', 1) as party, state from outbox where not dry order by id');

describe('acceptance at the door', () => {
  it('of a button: every step with its evidence from the store; nobody is rung but the first contact, with the harmless text [F6 FF15 B7]', async () => {
    const { code, output } = await acceptance(['--device', button.id, '--secret', button.secret]);
    expect(code, output).toBe(0);
    expect(output).toContain('合格 ACCEPTED');
    for (const step of ['登记', '连接', '心跳', '报警到值班台并返回', '取消', '断线重连', '第一联系人试铃短信']) expect(output).toMatch(new RegExp(`通过 pass  ${step}`));
    expect(output).toMatch(/command c\d+ (acknowledged|replied)/);
    expect(output).toMatch(/event \d+ \| alert \d+ .*console \+\d+ ms.*voice 已收到您的求助，正在处理.*没有打扰任何人/);
    expect(output).toMatch(/cancel-pressed/);
    expect(output).toMatch(/断线重连[^✓]*✓ \d+ ms {2}PUBACK \d+ ms \| command c\d+/);
    expect(output).toMatch(/待观察 probation {2}离线告警（静默 25 小时/);
    expect(output).not.toContain('不合格');
    expect(await sent()).toEqual([{ template: 'ring', party: 'contact', state: 'delivered' }]);
    const [device] = await db.query<{ test: boolean }>('select test_until > anling_now() as test from device where id = $1', [button.id]);
    expect(device?.test ?? false).toBe(false);
    const [alert] = await db.query<{ state: string; outcome: string; flags: string[] }>('select state, outcome, flags from alert order by id desc limit 1');
    expect(alert).toMatchObject({ state: 'closed', outcome: 'T1', flags: expect.arrayContaining(['test']) });
    expect(output + (await db.query<{ n: number }>(`select count(*)::int as n from api_token where name = 'acceptance' and revoked_at is null`))[0]?.n).not.toContain(button.secret);
    expect(await db.query(`select from api_token where name = 'acceptance' and revoked_at is null`)).toEqual([]);
  }, 180_000);

  it('of a radar: its silence is declared while somebody waits, and its return is seen [FF15]', async () => {
    let travelling: Promise<void> | null = null;
    let done = false;
    const { code, output } = await acceptance(['--device', radar.id, '--secret', radar.secret], (so) => {
      if (/离线 · offline\n/.test(so)) travelling ??= (async () => { while (!done && !/断线重连/.test(so)) { await travel(db, 40_000); await new Promise((r) => setTimeout(r, 1_000)); } })();
      if (/断线重连 · back again/.test(so)) done = true;
    });
    done = true;
    await travelling;
    expect(code, output).toBe(0);
    expect(output).toMatch(/通过 pass {2}离线 · offline/);
    expect(output).toMatch(/state offline/);
    expect(output).toMatch(/cleared-at-device/);
    expect(output).not.toMatch(/probation {2}离线告警/);
  }, 180_000);

  it('of a detector that hears nothing, with a secret issued for it: its own alarm, its clear, its return', async () => {
    const gas = await api.call<{ id: string }>('POST', '/api/v1/devices', { model: 'gas', homeId: (await api.call<{ homeId: string }>('GET', `/api/v1/devices/${radar.id}`)).homeId });
    const { code, output } = await acceptance(['--device', gas.id]);
    expect(code, output).toBe(0);
    expect(output).toContain('旧密钥立即失效');
    expect(output).toMatch(/alert \d+: cleared-at-device/);
    expect(output).toMatch(/待观察 probation {2}离线告警（静默 3 小时/);
    expect(output).not.toMatch(/command c\d+/);
  }, 180_000);

  it('waits for an installer at the real device, telling him what to do, with the time that is left [FF15]', async () => {
    // The real device, in somebody's hands: it does what the screen says.
    const real = new SimDevice({ id: button.id, secret: button.secret, model: 'sos-button', address: { host: '127.0.0.1', port: house.mqttPort, tls: false }, now: () => Date.now(), keepAliveS: 60 });
    const hands: [RegExp, () => Promise<unknown>][] = [
      [/给设备通电/, () => real.connect()], [/测试键，让它上报/, () => real.heartbeat()], [/按下求助键/, () => real.event({ kind: 'sos' })], [/长按取消键/, () => real.event({ kind: 'cancel' })],
      [/取下电池/, async () => { real.drop(); while (real.connected) await new Promise((r) => setTimeout(r, 20)); await real.connect(); await real.heartbeat(); }],
    ];
    let screen = '';
    const verdict = await accept({
      api, deviceId: button.id, tell: () => {},
      hands: async () => installerHands((text) => { screen += text; for (const [told, act] of hands) if (told.test(text)) void act(); }, true),
    });
    real.close();
    expect(verdict.reasons).toEqual([]);
    expect(verdict.passed).toBe(true);
    expect(screen).toMatch(/→ 按下求助键\n {6}Press the SOS key\n[\s\S]*⏳ (90|89) s/);
    expect(verdict.results.find((r) => r.step === 'alarm')?.facts.join(' | ')).toMatch(/command c\d+ (acknowledged|replied) \+\d+ ms/);
  }, 180_000);

  it('does not begin where it must not: an unknown device, an open emergency, a real device that would be cut off', async () => {
    expect(await acceptance(['--device', 'nobody'])).toMatchObject({ code: 2, output: expect.stringContaining('不能验收') });
    expect(await run(['scripts/acceptance.ts'])).toMatchObject({ code: 2, output: expect.stringContaining('--device') });
    await api.call('POST', '/api/v1/alerts', { personId: (await api.call<{ personId: string }>('GET', `/api/v1/devices/${button.id}`)).personId });
    const refused = await within(async () => { const a = await acceptance(['--device', button.id, '--secret', button.secret]); return a.output.includes('未办结的警情') ? a : null; });
    expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/不合格 NOT ACCEPTED[\s\S]*未办结的警情 \d+/) });
    // A real device in the field is not cut off by a rehearsal that nobody meant that way.
    const real = await api.call<{ id: string; secret: string }>('POST', '/api/v1/devices', { model: 'sos-button' });
    const beat = await fetch(`${house.doors}/api/v1/devices/${real.id}/heartbeats`, { method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${real.id}:${real.secret}`).toString('base64')}`, 'content-type': 'application/json' }, body: '{}' });
    expect(beat.status).toBe(200);
    await within(async () => ((await api.call<{ state: string }>('GET', `/api/v1/devices/${real.id}`)).state === 'online' ? true : await new Promise<null>((r) => setTimeout(() => r(null), 3_000))));
    expect(await acceptance(['--device', real.id])).toMatchObject({ code: 2, output: expect.stringContaining('--reissue') });
    const open = await api.call<{ alerts: { id: string }[] }>('GET', '/api/v1/alerts?state=open');
    for (const { id } of open.alerts) await api.call('POST', `/api/v1/alerts/${id}/close`, { outcome: 'T1', note: '测试' });
  }, 180_000);

  it('fails with the reason in words: a wrong secret, no heartbeat [FF15]', async () => {
    const wrong = await acceptance(['--device', radar.id, '--secret', 'wrong']);
    expect(wrong).toMatchObject({ code: 1, output: expect.stringMatching(/不合格 NOT ACCEPTED[\s\S]*wrong id or secret/) });
    const results: StepResult[] = [];
    const verdict = await accept({
      api, deviceId: radar.id, patience: 0.05, tell: (line) => { if ('ok' in line) results.push(line); },
      hands: async (device, now) => {
        const hands = simulatedHands({ id: device.id, secret: radar.secret, model: device.model, address: { host: '127.0.0.1', port: house.mqttPort, tls: false }, now });
        return { ...hands, provoke: (step, profile) => (step === 'heartbeat' ? Promise.resolve(null) : hands.provoke(step, profile)) };
      },
    });
    expect(verdict.passed).toBe(false);
    expect(results.filter((r) => !r.ok).map((r) => r.step)).toContain('heartbeat');
    expect(verdict.reasons.map((r) => r.zh).join()).toContain('没有收到心跳');
    const [device] = await db.query<{ test: boolean | null }>('select test_until > anling_now() as test from device where id = $1', [radar.id]);
    expect(device?.test ?? false).toBe(false); // left as it was found
    expect(await api.call<{ alerts: unknown[] }>('GET', '/api/v1/alerts?state=open')).toMatchObject({ alerts: [] });
  }, 180_000);
});

async function within<T>(look: () => Promise<T | null>): Promise<T | null> {
  for (let n = 0; n < 5; n++) { const found = await look(); if (found) return found; }
  return null;
}
