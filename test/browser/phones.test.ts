/** The phones page in a real browser: what arrives is seen, ringing is answered, replies and keys go out, both languages. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { standinProvider } from '#core/provider.ts';
import { openGateway } from '#notify/channels/index.ts';
import type { Gateway } from '#notify/channels/channel.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import { chromiumPath, openBrowser, type Page } from './browser.ts';

const key = { id: 'a', secret: 'b' };
const test = it.skipIf(chromiumPath() === null);
let standin: Standin;
let gateway: Gateway;
let browser: Awaited<ReturnType<typeof openBrowser>>;
let page: Page;
const problems: string[] = [];
beforeAll(async () => {
  if (chromiumPath() === null) return;
  standin = await startStandin({ port: 0, key, hooks: null, settings: { receiptMs: 50, windows: false } });
  gateway = openGateway({ kind: 'standin', smsUrl: null, voiceUrl: null, standinUrl: standin.url, credentials: key, settings: () => standinProvider });
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('console', (m) => { if (m.type() === 'error') problems.push(m.text()); });
  page.on('pageerror', (e) => problems.push(e.message));
  await page.goto(standin.url);
});
afterAll(async () => {
  await browser?.close();
  await standin?.close();
});
const params = { time: '02:13', place: '屏山乡内洋村下厝角12号', name: '陈<b>', no: '27', kind: '按了求助' };
const phone = (number: string): ReturnType<Page['locator']> => page.locator(`[data-phone="${number}"]`);

test('says that nobody was called yet, and how to try it', async () => {
  await page.getByText('还没有人被呼叫').waitFor();
  await page.getByText('mosquitto_pub').waitFor();
});
test('shows a text with its sign as text, delivered; a quick reply goes out [E6]', async () => {
  await gateway.channels.sms.send({ outId: 'o1', to: '15404250001', template: 'sos', params });
  await phone('15404250001').getByText('【大田养老呼叫】一键呼02:13，屏山乡内洋村下厝角12号，陈b姓老人').waitFor();
  await phone('15404250001').getByText('已送达').waitFor();
  await phone('15404250001').getByRole('button', { name: '收到' }).click();
  await phone('15404250001').locator('.own').getByText('收到').waitFor();
  await phone('15404250001').getByRole('textbox').fill('我马上去');
  await phone('15404250001').getByRole('button', { name: '发送' }).click();
  await phone('15404250001').locator('.own').getByText('我马上去').waitFor();
  expect(standin.state.phones.items().filter((i) => i.type === 'reply').map((i) => i.content)).toEqual(['收到', '我马上去']);
});
test('rings on top, is answered, speaks; keys only with a bought number [FF7]', async () => {
  await gateway.channels.voice.send({ outId: 'o2', to: '15404250002', template: 'voice-p1', params });
  await expect.poll(() => page.locator('.phone').first().getAttribute('data-phone')).toBe('15404250002');
  expect(await page.title()).toMatch(/^\(1\)/);
  await phone('15404250002').getByRole('button', { name: '接听' }).click();
  await phone('15404250002').getByText('请您马上去看').waitFor();
  expect(await phone('15404250002').getByRole('button', { name: '1' }).first().isDisabled()).toBe(true);
  await phone('15404250002').getByText('公共模式，不能按键').waitFor();
  await phone('15404250002').getByRole('button', { name: '挂断' }).click();
  await phone('15404250002').getByText('听到一半挂断').waitFor();
  await page.getByText('可按键').click();
  await expect.poll(() => standin.state.settings.keypress).toBe(true);
  await gateway.channels.voice.send({ outId: 'o3', to: '15404250003', template: 'voice-p1', params });
  await phone('15404250003').getByRole('button', { name: '接听' }).click();
  await phone('15404250003').locator('.call').getByRole('button', { name: '1' }).click();
  await expect.poll(() => standin.state.phones.find((i) => i.type === 'call' && i.outId === 'o3')).toMatchObject({ pressed: '1' });
});
test('ignored and busy calls end as such; the search finds a number; English is there', async () => {
  await gateway.channels.voice.send({ outId: 'o4', to: '15404250004', template: 'voice-p1', params });
  await phone('15404250004').getByRole('button', { name: '不理' }).click();
  await phone('15404250004').getByText('没人理，还在响').waitFor();
  await phone('15404250004').getByRole('button', { name: '占线' }).click();
  await phone('15404250004').locator('.log').getByText('占线').waitFor();
  await page.getByRole('searchbox').fill('0001');
  await expect.poll(() => page.locator('.phone').count()).toBe(1);
  await page.getByRole('searchbox').fill('9999999');
  await page.getByText('没有这个号码').waitFor();
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByText('no real phone rings').waitFor();
  await page.getByRole('button', { name: '中文' }).click();
});
test('a page opened later shows the same, and an interruption is said and mended', async () => {
  const second = await browser.newPage();
  await second.goto(standin.url);
  await second.locator('[data-phone="15404250001"]').getByText('我马上去').waitFor();
  await second.close();
  expect(problems).toEqual([]);
  await page.route('**/api/stream', (route) => route.abort());
  await page.reload();
  await page.getByText('连接断了').waitFor();
  await page.unroute('**/api/stream');
  await expect.poll(() => page.getByText('连接断了').isHidden(), { timeout: 10_000 }).toBe(true);
});
