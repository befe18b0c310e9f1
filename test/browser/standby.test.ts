/** The database goes away under a whole house with a wall open: the wall says so and shows what standby knows, a killed standby goes on, and one alert is left (A2). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { embeddedUrl } from '#store/embedded.ts';
import { hashPassword } from '#store/password.ts';
import { createUser } from '#store/users.ts';
import { type Client, logIn } from '#test/harness/client.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { descendants, killHard } from '#test/harness/processes.ts';
import { chromiumPath, noBrowser, type Page, openBrowser } from './browser.ts';
import { type DatabaseGate, databaseGate } from '#test/harness/db.ts';
import { until } from './visit.ts';

describe('a wall while the database is away', { timeout: 180_000 }, () => {
  beforeEach(({ skip }) => skip(chromiumPath() === null, noBrowser));
  let house: House;
  let client: Client;
  let gate: DatabaseGate;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let wall: Page;
  let device: { id: string; secret: string };
  const standby = (): number[] => descendants(house.pid() as number).filter((pid) => { try { return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--role\0standby'); } catch { return false; } });

  beforeAll(async () => {
    if (chromiumPath() === null) return;
    house = await makeHouse(process.cwd(), { name: 'standby', logLevel: 'info' });
    await house.start();
    await house.ready(120_000);
    client = await logIn(house);
    const { people } = await client.call<{ people: { id: string }[] }>('GET', '/api/v1/people?limit=100');
    device = await client.call('POST', '/api/v1/devices', { model: 'sos-button', personId: people[0]?.id });
    gate = databaseGate(embeddedUrl(house.data, Number(house.env['ANLING_DB_PORT'])) ?? '', 'template1');
    browser = await openBrowser();
    wall = await browser.newPage();
    await wall.goto(house.base);
    const db = house.openDb();
    await createUser(db, { username: 'desk1', passwordHash: await hashPassword(house.password), role: 'operator', scopeCode: '350425000000', displayName: '陈接警' });
    await db.close();
    await wall.fill('input[name=username]', 'desk1');
    await wall.fill('input[name=password]', house.password);
    await wall.click('button[type=submit]');
    await wall.waitForSelector('[data-test=queue]', { timeout: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 4_000)); // the new device is in the snapshot
  });
  afterAll(async () => {
    await browser?.close();
    await gate?.back().catch(() => {});
    await gate?.close();
    await house?.stop();
  });

  it('says 降级运行, lists the case with whom it told, and gives it back as one alert, though standby was killed meanwhile [A2 RF1 RF2 D1]', async () => {
    const button = await mqtt.connectAsync(`mqtt://127.0.0.1:${house.mqttPort}`, { clientId: device.id, username: device.id, password: device.secret });
    await gate.away();
    await button.publishAsync(`care/v1/${device.id}/event`, JSON.stringify({ kind: 'sos', id: 'e1' }), { qos: 1 }); // resolves with the PUBACK
    await wall.waitForSelector('[data-test=standby-case]', { timeout: 10_000 });
    await until('somebody was told', 10_000, async () => /\*/.test((await wall.textContent('[data-test=standby-case]')) ?? ''));
    const before = (await wall.textContent('[data-test=standby-bar]')) ?? '';
    expect(before).toMatch(/降级运行|Degraded/);
    expect(before).not.toMatch(/1540425\d{4}/);
    expect(await wall.locator('[data-test=empty]').count()).toBe(0); // nothing says that all is well
    expect(await wall.getAttribute('[data-test=link]', 'data-link')).toBe('degraded');
    await wall.screenshot({ path: process.env['STANDBY_SHOT'] ?? `${house.folder}/standby.png` });
    const flag = (): string => readFileSync(join(house.data, 'standby', 'duty.json'), 'utf8');
    const killed = flag();
    killHard(standby());
    await until('another standby on duty', 30_000, () => flag() !== killed);
    await wall.waitForSelector('[data-test=standby-case]', { timeout: 15_000 });
    await gate.back();
    await wall.waitForSelector('[data-test=standby-bar]', { state: 'detached', timeout: 30_000 });
    let last = 'nothing';
    const merged = until('one alert, with the steps of standby', 40_000, async () => {
      const { alerts } = await client.call<{ alerts: { id: string; kind: string; deviceId: string }[] }>('GET', '/api/v1/alerts?state=open').catch(() => ({ alerts: [] }));
      const mine = alerts.filter((a) => a.deviceId === device.id);
      if (mine.length === 0) return false;
      const full = await client.call<{ timeline: { action: string }[]; messages: { party: string; channel: string }[] }>('GET', `/api/v1/alerts/${mine[0]?.id}`);
      last = JSON.stringify({ alerts: mine.length, timeline: full.timeline.map((e) => e.action), messages: full.messages.map((m) => `${m.channel} ${m.party}`) });
      const first = full.messages.filter((m) => m.channel === 'sms').map((m) => m.party);
      return mine.length === 1 && full.timeline.some((e) => e.action === 'standby-handed-over') && first.length === new Set(first).size;
    });
    await merged.catch((error: Error) => { throw new Error(`${error.message}; last seen: ${last}`); });
    await button.endAsync();
  });
});
