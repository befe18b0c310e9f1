/** A fresh house with its demonstration county, from the terminal to the alert: what somebody sees who starts it for the first time. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedPort, embeddedUrl } from '#store/embedded.ts';
import { until } from '#test/harness/edge.ts';
import { type House, makeHouse } from '#test/harness/house.ts';

const root = join(import.meta.dirname, '..', '..');
let house: House;
let cookie = '';
beforeAll(async () => {
  house = await makeHouse(root, { name: 'county', env: { ANLING_GATEWAY: '', ANLING_DEMO: '' } });
  await house.start();
  await house.ready(60_000);
  const login = await fetch(`${house.base}/api/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username: 'admin', password: house.password }) });
  cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
}, 120_000);
afterAll(async () => { await house.stop(); rmSync(house.folder, { recursive: true, force: true }); });

const api = async (path: string): Promise<{ status: number; body: Record<string, unknown[]> }> => {
  const answer = await fetch(`${house.base}/api/v1${path}`, { headers: { cookie } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown[]> };
};
const run = (file: string, args: string[], env: Record<string, string> = {}): Promise<{ stdout: string; stderr: string; code: number }> =>
  promisify(execFile)(process.execPath, [join(root, 'src', file), ...args], { cwd: root, env: { ...process.env, ANLING_DATA: house.data, ANLING_MQTT_PORT: String(house.mqttPort), DATABASE_URL: '', ...env }, timeout: 60_000 })
    .then(({ stdout, stderr }) => ({ stdout, stderr, code: 0 }), (e: { stdout: string; stderr: string; code: number }) => e);

describe('a fresh start', () => {
  it('has the county, its default plans, its administrator, and says that it is demonstration data', async () => {
    expect((await api('/regions?level=village')).body['regions']).toHaveLength(279);
    expect((await api('/people?limit=500')).body['people']).toHaveLength(500);
    expect((await api('/stations?limit=500')).body['stations']).toHaveLength(274);
    expect((await api('/presence?level=town')).body['regions']).toHaveLength(18); // the farm with the town it is shown under
    const presence = (await api('/presence?level=county')).body['regions'] as Record<string, number>[];
    expect(presence).toMatchObject([{ code: '350425000000', online: 0, offline: 0, presumed: 0, neverReported: 0, cannotHear: 0 }]);
    expect(presence[0]?.['never']).toBeGreaterThan(2_500);
    expect((await api('/alerts')).body['alerts']).toEqual([]);
    expect((await api('/plans')).body['plans']).toMatchObject([{ id: 'demo-fire', scopeCode: '350425000000' }, { id: 'demo-p1', scopeCode: '350425000000' }, { id: 'demo-p2' }]);
    expect((await api('/users')).body['users']).toMatchObject([{ username: 'admin', disabledAt: null }, { username: 'leader1', demo: true }, { username: 'operator1' }, { username: 'viewer' }]);
    expect((await api('/status')).body['gateway']).toEqual({ kind: 'standin', realPhones: false, danger: false, demo: true });
  });

  it('gives a device by one command, with a line that works as it is pasted', async () => {
    const { stdout } = await run('admin.ts', ['demo-device', 'sos-button', 'demo-h07']);
    const line = /^mosquitto_pub -h 127\.0\.0\.1 -p (\d+) -i (\S+) -u (\S+) -P (\S+) -q 1 -t (\S+) -m '(.+)'$/m.exec(stdout);
    expect(line, stdout).not.toBeNull();
    const [, port, id, user, secret, topic, message] = line as unknown as string[];
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: id as string, username: user as string, password: secret as string, protocolVersion: 4, reconnectPeriod: 0 });
    await client.publishAsync(topic as string, message as string, { qos: 1 });
    await client.endAsync();
    await until('the alert stands', async () => (await api('/alerts')).body['alerts']?.length === 1, 5_000);
    const [alert] = (await api('/alerts')).body['alerts'] as Record<string, unknown>[];
    expect(alert).toMatchObject({ kind: 'sos', priority: 1, deviceId: id, homeId: 'demo-h07', town: '济阳乡', demo: true });
    const sealed = house.openDb();
    try {
      await until('the first messages go out', async () => (await sealed.query(`select 1 from outbox where demo and provider = 'standin' and state in ('accepted', 'delivered')`)).length > 0, 15_000);
      expect(await sealed.query(`select distinct demo from outbox where not dry`)).toEqual([{ demo: true }]);
    } finally {
      await sealed.close();
    }
  });

  it('does not start with a real gateway beside demonstration data [FF18]', async () => {
    const data = join(house.folder, 'second');
    const url = embeddedUrl(house.data, embeddedPort(house.data) ?? 0) ?? '';
    const refused = await run('main.ts', ['--role', 'web'], { ANLING_GATEWAY: 'aliyun', ANLING_DATA: data, ANLING_KEYS: join(house.data, 'keys.json'), DATABASE_URL: url, ANLING_HTTP_PORT: '0', ANLING_OPS_PORT: '0' });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/demonstration data is on file.*demo-remove/s)]);
  });

  it('is rid of the demonstration by one command while it runs, and takes in a county’s regions [FF18]', async () => {
    expect((await run('admin.ts', ['demo-remove'])).stdout).toMatch(/removed: .*person 3600/);
    expect((await run('admin.ts', ['demo-remove'])).stdout).toContain('There was no demonstration data.');
    expect((await run('admin.ts', ['import-regions', join(root, 'src', 'core', 'datian-regions.json')])).stdout).toContain('299 regions: 298 new, 1 known');
    const wrong = await run('admin.ts', ['import-regions', join(root, 'package.json')]);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('is no county')]);
    expect((await api('/people')).body['people']).toEqual([]);
    expect((await api('/alerts?state=all')).body['alerts']).toEqual([]);
    expect((await api('/status')).body['gateway']).toMatchObject({ demo: false });
    expect((await fetch(`${house.base}/readyz`)).status).toBe(200);
  });
});
