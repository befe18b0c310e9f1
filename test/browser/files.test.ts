/** The file pages in a real browser on a real web role and a real database with the demonstration county: found, opened, changed, refused, on record. */
import { mkdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { UserRole } from '#core/user.ts';
import { loadDemo } from '#store/demo.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { testWeb, type Web } from '#test/harness/web.ts';
import { readWorkbook } from '#web/workbook.ts';
import { type Browser, buildWall, chromiumPath, noBrowser, openBrowser, type Page } from './browser.ts';
import { openPage, until } from './visit.ts';

const neiyang = '350425201'; // 屏山乡
const shots = process.env['ANLING_SHOTS'];

describe('the file pages', () => {
  let browser: Browser;
  let built: { dist: string; remove(): void };
  let t: TestDatabase;
  let web: Web;
  let open: { close(): Promise<void> }[] = [];
  let elder: { id: string; homeId: string; version: number };
  beforeAll(async () => {
    if (chromiumPath() === null) return;
    built = await buildWall();
    t = await testDatabase({ max: 8 });
    await loadDemo(t.db, t.seal);
    web = await testWeb({ t, settings: { pages: built.dist } });
    browser = await openBrowser();
    elder = (await t.db.query<typeof elder>(`select p.id, p.home_id as "homeId", p.version from person p where p.region_code like $1 || '%' and p.phone_enc is not null and (select count(*) from contact c where c.person_id = p.id) >= 2 order by p.id limit 1`, [neiyang]))[0]!;
  }, 180_000);
  afterAll(async () => { await browser?.close(); await web?.stop(); await t?.close(); built?.remove(); });
  beforeEach(({ skip }) => skip(chromiumPath() === null, noBrowser));
  afterEach(async () => { for (const c of open) await c.close(); open = []; });

  const come = async (hash: string, options: { role?: UserRole; scope?: string; lang?: 'zh' | 'en'; theme?: 'wall' | 'desk'; width?: number; height?: number } = {}): Promise<{ page: Page; complaints: string[] }> => {
    const { role = 'admin', scope = '350425000000', lang = 'zh', theme = 'desk', width = 1366, height = 768 } = options;
    const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
    open.push(context);
    await context.addInitScript(([th, l]) => { localStorage.setItem('anling.theme', th ?? ''); localStorage.setItem('anling.lang', l ?? ''); }, [theme, lang]);
    const [name, value] = (await web.cookie(role, scope)).split('=');
    await context.addCookies([{ name: name!, value: value!, url: web.url }]);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error' && !/status of (401|403|404|409|422)/.test(message.text())) complaints.push(message.text()); });
    await page.goto(`${web.url}/${hash}`);
    await page.waitForSelector('main');
    return { page, complaints };
  };
  const api = (method: string, path: string, body?: unknown): ReturnType<Web['fetch']> => web.cookie('admin').then((cookie) => web.fetch(`/api/v1${path}`, { method, cookie, ...(body === undefined ? {} : { body }) }));
  const search = async (page: Page, text: string): Promise<void> => { await page.fill('[data-test=search]', text); await page.press('[data-test=search]', 'Enter'); };
  const idsOf = (page: Page): Promise<string[]> => page.locator('tbody tr[data-id]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id') ?? ''));
  const saved = (page: Page): Promise<unknown> => page.waitForSelector('[data-test=toast]:has-text("已保存")');

  it('a person, a home and a device say who would be called, now and tonight at 02:10 [2.4 E9]', async () => {
    const device = (await t.db.query<{ id: string }>(`select id from device where home_id = $1 and status = 'installed' limit 1`, [elder.homeId]))[0];
    for (const hash of [`#/people/${elder.id}`, `#/homes/${elder.homeId}`, ...(device ? [`#/devices/${device.id}`] : [])]) {
      const { page, complaints } = await come(hash);
      await page.waitForSelector('[data-test=who-called] [data-test=preview-steps] .call');
      expect(await page.textContent('[data-test=who-called]'), hash).toMatch(/孝老员 .\*/);
      await page.click('[data-test=when-night]');
      await page.waitForSelector('[data-test=who-called] p:has-text("02:10")');
      if (shots) { mkdirSync(shots, { recursive: true }); await page.locator('[data-test=who-called]').screenshot({ path: `${shots}/who-${hash.slice(2, 6)}.png` }); await page.screenshot({ path: `${shots}/who-page-${hash.slice(2, 6)}.png` }); }
      expect(complaints).toEqual([]);
    }
  });

  it('are reached by keys, keep their place over a reload and the back button, and show a role only what it may open', async () => {
    const { page, complaints } = await come('#/wall');
    await page.locator('.menu[data-group=files] .menu-button').focus();
    await page.keyboard.press('ArrowDown');
    await until('the first link', 20_000, () => page.evaluate(() => document.activeElement?.getAttribute('data-page') === 'people'));
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('menu-button');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('main[data-test=people] tbody tr');
    expect(await page.textContent('.menu-button[aria-current]')).toContain('老人');
    await page.selectOption('[data-test=people] select[name=town]', `${neiyang}000`);
    await until('the town alone', 20_000, async () => (await page.locator('tbody tr').allTextContents()).every((row) => row.includes('屏山乡')) && (await idsOf(page)).length > 0);
    const before = await idsOf(page);
    await page.click('[data-test=next]');
    await until('the next page', 20_000, async () => { const now = await idsOf(page); return now.length > 0 && now[0] !== before[0]; });
    const second = await idsOf(page);
    await page.reload();
    await page.waitForSelector('tbody tr');
    expect(await idsOf(page)).toEqual(second);
    await page.goBack();
    await until('the first page again', 20_000, async () => (await idsOf(page))[0] === before[0]);
    await page.click('tbody tr:first-child a');
    await page.waitForSelector('[data-test=person-form]');
    await page.click('[data-test=back]');
    await page.waitForSelector('[data-test=people] tbody tr');
    expect(await page.inputValue('select[name=town]')).toBe(`${neiyang}000`);
    expect(complaints).toEqual([]);
    const reader = await come('#/people', { role: 'county-reader' });
    await reader.page.waitForSelector('tbody tr');
    expect(await reader.page.locator('[data-test=new]').count()).toBe(0);
    await reader.page.click('tbody tr:first-child a');
    await reader.page.waitForSelector('[data-test=person-form]');
    expect(await reader.page.locator('[data-test=save], [data-test=reveal], [data-test=contact-new], [data-test=mode-set]').count()).toBe(0);
    const installer = await come('#/wall', { role: 'installer' });
    await installer.page.waitForSelector('main[data-test=people]');
    expect(await installer.page.locator('[data-test=dead-bar], [data-test=link]').count()).toBe(0);
  });

  it('find an elder by initials and tail, open the file masked, show it on record, save what was changed, and show it in the list [W10 W21]', async () => {
    const { page, complaints } = await come('#/people');
    const plain = (await api('POST', `/people/${elder.id}/reveal`, {})).body;
    const { initialsOf } = await import('#core/search.ts');
    await search(page, `${initialsOf(plain.name).toLowerCase()} ${plain.phone.slice(-4)}`);
    await until('the one elder', 20_000, async () => (await idsOf(page)).includes(elder.id) && (await idsOf(page)).length <= 3);
    expect(await page.content()).not.toContain(plain.phone);
    await page.click(`tr[data-id="${elder.id}"] a`);
    await page.waitForSelector('[data-test=person-form]');
    expect(await page.isDisabled('input[name=name]')).toBe(true);
    expect(await page.content()).not.toContain(plain.name);
    const looks = async (): Promise<number> => (await t.db.query(`select from audit where action = 'person.reveal' and target = $1`, [`person:${elder.id}`])).length;
    const before = await looks();
    await page.click('[data-test=reveal]');
    await until('the plain name', 20_000, async () => (await page.inputValue('input[name=name]')) === plain.name);
    expect(await looks()).toBe(before + 1);
    expect(await page.isDisabled('[data-test=save]')).toBe(true);
    await page.fill('input[name=language]', '客家话');
    await page.fill('textarea[name=note]', '耳背,讲大声');
    await page.check('input[name=riskTags-heart]');
    await page.fill('input[name=routineBy]', '09:30');
    // What is typed is asked for before it is left.
    await page.click('[data-test=back]');
    await page.waitForSelector('[data-test=stay]');
    await page.click('[data-test=stay]');
    expect(await page.inputValue('input[name=language]')).toBe('客家话');
    await page.click('[data-test=save]');
    await saved(page);
    const now = (await api('GET', `/people/${elder.id}`)).body;
    expect(now).toMatchObject({ language: '客家话', routineBy: '09:30' });
    expect(now.riskTags).toContain('heart');
    const [row] = await t.db.query<{ detail: { fields: string[] } }>(`select detail from audit where action = 'person.change' order by id desc limit 1`);
    expect(row?.detail.fields.toSorted()).toEqual(['language', 'note', 'riskTags', 'routineBy']);
    await page.click('[data-test=hide]');
    expect(await page.inputValue('textarea[name=note]')).toBe('');
    await page.click('[data-test=back]');
    await page.waitForSelector('[data-test=people] tbody tr');
    expect(complaints).toEqual([]);
  });

  it('say a conflict in words and keep what was typed, and put a refusal at its field [W21]', async () => {
    const { page } = await come(`#/people/${elder.id}`);
    await page.waitForSelector('[data-test=person-form]');
    await page.fill('input[name=language]', '前路话');
    const { version } = (await api('GET', `/people/${elder.id}`)).body;
    await api('PATCH', `/people/${elder.id}`, { version, language: '桃源话' });
    await page.click('[data-test=save]');
    await page.waitForSelector('[data-test=form-trouble]:has-text("别人刚改过")');
    await page.click('[data-test=reload]');
    await page.waitForSelector('[data-test=theirs]:has-text("桃源话")');
    expect(await page.inputValue('input[name=language]')).toBe('前路话');
    await page.click('[data-test=save]');
    await saved(page);
    expect((await api('GET', `/people/${elder.id}`)).body.language).toBe('前路话');
    await page.click('[data-test=reveal]');
    await until('the number', 20_000, async () => (await page.inputValue('input[name=phone]')) !== '' && !(await page.isDisabled('input[name=phone]')));
    await page.fill('input[name=phone]', '13905980001');
    await page.click('[data-test=save]');
    await page.waitForSelector('[data-field=phone] [data-test=wrong]');
    expect(await page.textContent('[data-field=phone] [data-test=wrong]')).toContain('154 0425');
    await page.waitForFunction(() => (document.activeElement as HTMLInputElement).name === 'phone');
    await page.fill('input[name=name]', ' ');
    await page.click('[data-test=save]');
    await page.waitForSelector('[data-field=name] [data-test=wrong]:has-text("必填")');
    await page.click('[data-test=drop]');
    expect(await page.locator('[data-test=wrong]').count()).toBe(0);
    const home = await come(`#/homes/${elder.homeId}`);
    await home.page.waitForSelector('[data-test=home-form]');
    await home.page.click('[data-test=reveal]');
    await until('the place', 20_000, async () => !(await home.page.isDisabled('input[name=place]')));
    await home.page.fill('input[name=place]', '一二三四五六七八九十一二三四五');
    expect(await home.page.textContent('[data-field=place] [data-test=count]')).toBe('15/14');
    await home.page.click('[data-test=save]');
    expect(await home.page.textContent('[data-field=place] [data-test=wrong]')).toBe('太长了');
    await home.page.fill('input[name=place]', '屏山内洋下厝角12号');
    await home.page.click('[data-test=save]');
    await saved(home.page);
    await until('the new place as title', 20_000, async () => (await home.page.textContent('h1')) === '屏山内洋下厝角12号');
  });

  it('open a home, a person in it, a contact and a responder anew; contacts change their order and are verified', async () => {
    const { page } = await come('#/homes/new');
    await page.waitForSelector('[data-test=home-form]');
    await page.selectOption('select[name=town]', `${neiyang}000`);
    await page.selectOption('select[name=village]', { index: 1 });
    await page.fill('input[name=address]', '屏山乡内洋村新厝99号');
    await page.click('[data-test=save]');
    await page.waitForSelector('[data-test=home] [data-test=residents]');
    await page.click('[data-test=residents] a:has-text("新建")');
    await page.waitForSelector('[data-test=person-new]');
    await page.fill('input[name=name]', '罗招治');
    await page.fill('input[name=phone]', '139 0598 7766');
    await page.fill('input[name=birthDate]', '1944-05-06');
    await page.selectOption('select[name=sex]', 'female');
    await page.click('[data-test=save]');
    await page.waitForSelector('[data-test=person] [data-test=contacts]');
    for (const [name, phone] of [['罗一', '13905980021'], ['罗二', '13905980022']] as const) {
      await page.click('[data-test=contact-new]');
      await page.fill('dialog input[name=name]', name);
      await page.fill('dialog input[name=phone]', phone);
      await page.selectOption('dialog select[name=relation]', 'family');
      await page.click('dialog [data-test=save]');
      await page.waitForSelector('dialog', { state: 'detached' });
    }
    await until('two contacts', 20_000, async () => (await page.locator('.contact-list li').count()) === 2);
    const order = (): Promise<string[]> => page.locator('.contact-list li').evaluateAll((rows) => rows.map((r) => r.getAttribute('data-id') ?? ''));
    const before = await order();
    await page.locator('.contact-list li').nth(1).locator('[data-test=up]').click();
    await until('the other order', 20_000, async () => (await order())[0] === before[1]);
    await page.locator('.contact-list li').first().locator('[data-test=verify]').click();
    await until('the proof', 20_000, async () => (await page.locator('.contact-list [data-test=verify]').count()) === 1);
    // A contact that is looked at takes nothing from what is typed on the page; one that is removed is asked about.
    await page.fill('input[name=language]', '前路话');
    await page.locator('.contact-list li').first().locator('[data-test=contact-edit]').click();
    await page.waitForSelector('dialog');
    await page.click('dialog [data-test=contact-remove]');
    await page.click('dialog [data-test=sure]');
    await until('one contact', 20_000, async () => (await page.locator('.contact-list li').count()) === 1);
    await page.click('[data-test=back]');
    await page.click('[data-test=leave]');
    await page.waitForSelector('main[data-test=people]');
    await page.goto(`${web.url}/#/responders/new`);
    await page.waitForSelector('[data-test=responder-form]');
    await page.fill('input[name=name]', '王玉兰');
    await page.fill('input[name=phone]', '13905980033');
    await page.selectOption('select[name=role]', 'care-worker');
    await page.selectOption('select[name=town]', `${neiyang}000`);
    await page.fill('input[name=languages]', '闽南话、前路话');
    await page.click('[data-test=save]');
    await page.waitForSelector('[data-test=responder] [data-test=proof]');
    await page.click('[data-test=verify]');
    await page.waitForSelector('[data-test=proof]:has-text("核实")');
    await page.goto(`${web.url}/#/responders?q=wyl`);
    await page.waitForSelector('tbody tr:has-text("闽南话、前路话")');
  });

  it('move a device, book its test, renew its secret once, and revoke it after asking', async () => {
    const made = (await api('POST', '/devices', { model: 'sos-button', homeId: elder.homeId, demo: true, serial: 'BT-0007' })).body;
    const { page } = await come('#/devices?q=BT-0007');
    await page.waitForSelector(`tr[data-id="${made.id}"]`);
    await page.click(`tr[data-id="${made.id}"] a`);
    await page.waitForSelector('[data-test=device-form]');
    await page.locator('[data-field=personId] button:has-text("选择")').click();
    await page.fill('input[name=person-q]', elder.id);
    await page.press('input[name=person-q]', 'Enter');
    await page.click(`[data-pick="${elder.id}"]`);
    await page.fill('input[name=room]', '卧室');
    await page.click('[data-test=save]');
    await saved(page);
    expect((await api('GET', `/devices/${made.id}`)).body).toMatchObject({ personId: elder.id, homeId: elder.homeId, room: '卧室' });
    await page.click('[data-minutes="30"]');
    await page.waitForSelector('[data-test=test-mode] [data-minutes="0"]');
    await page.click('[data-minutes="0"]');
    await page.click('[data-test=new-secret]');
    await page.click('dialog [data-test=sure]');
    await page.waitForSelector('[data-test=secret-once]');
    const secret = await page.textContent('[data-test=secret-once] code');
    expect(secret).not.toBe(made.secret);
    await page.reload();
    await page.waitForSelector('[data-test=device-form]');
    expect(await page.content()).not.toContain(secret!);
    await page.click('[data-test=revoke]');
    await page.click('dialog [data-test=sure]');
    await page.waitForSelector('[data-test=secrets]:has-text("已停用")');
    expect((await api('GET', `/devices/${made.id}`)).body.status).toBe('revoked');
  });

  it('register devices from a file in the national encoding: judged line by line, the good ones registered, their secrets in one file, once [F7]', async () => {
    const { page, complaints } = await come('#/device-import');
    const choose = (): Promise<void> => page.setInputFiles('[data-test=import-file]', {
      name: 'caigou.csv', mimeType: 'text/csv',
      // 型号,序列号,户编号,房间 / sos-button,IMP-1,<home>,卧室 / 没有的,IMP-2 in GB 18030
      buffer: Buffer.concat([Buffer.from('d0cdbac52cd0f2c1d0bac52cbba7b1e0bac52cb7bfbce40d0a', 'hex'), Buffer.from(`sos-button,IMP-1,${elder.homeId},`), Buffer.from('ced4cad20d0a', 'hex'), Buffer.from('c3bbd3d0b5c4', 'hex'), Buffer.from(',IMP-2,,\r\n')]),
    });
    await choose();
    await page.waitForSelector('[data-test=import-report]:has-text("可登记 1 行,已有 0 行,有错 1 行")');
    expect(await page.locator('tr[data-line="3"]').textContent()).toBe('3有错型号型号目录里的型号没有的');
    expect((await api('GET', '/devices?q=IMP-1')).body.devices).toEqual([]);
    await page.click('[data-test=import-register]');
    await page.waitForSelector('[data-test=import-secrets]');
    const [made] = (await api('GET', '/devices?q=IMP-1')).body.devices;
    expect(made).toMatchObject({ model: 'sos-button', homeId: elder.homeId, room: '卧室', demo: true });
    const secrets = decodeURIComponent((await page.getAttribute('[data-test=import-secrets]', 'href'))!);
    expect(secrets).toMatch(new RegExp(`"2","${made.id}","[\\w-]{43}"`));
    await choose();
    await page.waitForSelector('[data-test=import-report]:has-text("可登记 0 行,已有 1 行,有错 1 行")');
    expect(await page.locator('[data-test=import-register]').isDisabled()).toBe(true);
    expect(await page.content()).not.toContain(/"2","[^"]+","([\w-]{43})"/.exec(secrets)![1]!);
    expect(complaints).toEqual([]);
  });

  it('register devices from a spreadsheet: the numbers that lost something named, the template a spreadsheet too [F7]', async () => {
    const { page, complaints } = await come('#/device-import');
    const template = (await page.getAttribute('[data-test=import-template-sheet]', 'href'))!;
    expect(await readWorkbook(Buffer.from(template.split(',')[1]!, 'base64'))).toMatchObject({ table: [expect.arrayContaining(['型号', '序列号', 'SIM到期'])] });
    await page.setInputFiles('[data-test=import-file]', new URL('../fixtures/sheets/xlsxwriter.xlsx', import.meta.url).pathname);
    await page.waitForSelector('[data-test=import-report]');
    expect(await page.locator('tr[data-line="3"]').allTextContents()).toEqual([expect.stringContaining('序列号要用文本:数字会丢掉开头的零和后面的位数')]);
    await page.setInputFiles('[data-test=import-file]', { name: 'a.xls', mimeType: 'application/vnd.ms-excel', buffer: Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]) });
    await page.waitForSelector('[data-test=import-problem]:has-text("save it as .xlsx")');
    expect(complaints).toEqual([]);
  });

  it('ask for the monthly press: a village with what is overdue, a window for it, ended early; switched on in the settings [B7]', async () => {
    const village = (await t.db.query<{ code: string }>('select region_code as code from home where id = $1', [elder.homeId]))[0]!.code;
    const id = (await api('POST', '/devices', { model: 'sos-button', homeId: elder.homeId, demo: true })).body.id as string;
    await t.db.query(`update device set registered_at = anling_now() - interval '45 days' where id = $1`, [id]);
    const { page, complaints } = await come('#/test-calls');
    await page.waitForSelector('[data-test=press-off]');
    await page.click('[data-test=press-on]');
    await page.click('[data-test=save-press]');
    await saved(page);
    await page.waitForSelector('[data-test=press-off]', { state: 'detached' });
    await page.click(`tr[data-id="${village}"] a`);
    await page.waitForSelector(`tr[data-id="${id}"]:has-text("逾期")`);
    expect(await page.textContent(`tr[data-id="${id}"]`)).toContain('从未');
    if (shots) await page.screenshot({ path: `${shots}/test-calls.png` });
    await page.click('[data-test=press-book]');
    await page.waitForSelector('[data-test=press-running]');
    expect((await api('GET', `/devices/${id}`)).body.testUntil).toEqual(expect.any(Number));
    await page.click('[data-test=press-end]');
    await page.waitForSelector('[data-test=press-running]', { state: 'detached' });
    expect((await api('GET', `/devices/${id}`)).body.testUntil).toBeNull();
    expect(complaints).toEqual([]);
    const english = await come(`#/test-calls/${village}`, { lang: 'en' });
    await english.page.waitForSelector(`tr[data-id="${id}"]:has-text("overdue")`);
    await t.db.query('delete from device where id = $1', [id]);
  });

  it('walk through a home: two radars in each other’s rooms are named and swapped, by one button [F7 2.3]', async () => {
    const homeId = (await t.db.query<{ id: string }>(`select id from home h where demo and not exists (select from device d join device_model m on m.id = d.model where d.home_id = h.id and m.type in ('fall-radar', 'bed', 'door')) order by id limit 1`))[0]!.id;
    const [a, b] = await Promise.all(['卧室', '卫生间'].map(async (room) => (await api('POST', '/devices', { model: 'fall-radar', homeId, room, demo: true })).body.id as string)) as [string, string];
    const { page, complaints } = await come(`#/homes/${homeId}`);
    await page.click('[data-test=walk-begin]');
    for (const [room, id] of [['卧室', b], ['卫生间', a]] as const) {
      await page.click(`[data-test=walk] [data-room="${room}"]`);
      await page.waitForSelector(`[data-test=walk] b:has-text("${room}")`);
      await t.advance(60_000);
      await t.db.query('insert into vital (received_at, device_no, breath) select anling_now(), no, 15 from device where id = $1', [id]);
    }
    await page.click('[data-test=walk-end]');
    await page.waitForSelector('[data-test=walk-result]:has-text("装反了")');
    if (shots) await page.locator('[data-test=walk]').screenshot({ path: `${shots}/walk.png` });
    await page.click('[data-test=swap-rooms]');
    await page.waitForSelector('[data-test=walk-result]:has-text("都对得上")');
    expect([(await api('GET', `/devices/${a}`)).body.room, (await api('GET', `/devices/${b}`)).body.room]).toEqual(['卫生间', '卧室']);
    expect(complaints).toEqual([]);
    await t.db.query('delete from device where id = any($1)', [[a, b]]);
  });

  it('show what is installed and needs somebody: never heard, silently dead, a battery near its end with its trend [B6 B9]', async () => {
    const ids = await Promise.all(['never', 'dead', 'battery'].map(async () => (await api('POST', '/devices', { model: 'sos-button', homeId: elder.homeId, demo: true })).body.id as string)) as [string, string, string];
    await t.db.query(`update device set registered_at = anling_now() - interval '50 days' where id = any($1)`, [ids]);
    await t.db.query(`update presence set state = 'offline', last_seen_at = anling_now() - interval '3 days' where device_id = $1`, [ids[1]]);
    await t.db.query(`update presence set state = 'online', last_seen_at = anling_now(), battery = 15 where device_id = $1`, [ids[2]]);
    await t.db.query(`insert into heartbeat (received_at, device_no, battery) select anling_now() - make_interval(days => n) - interval '1 minute', d.no, 15 + n from device d, generate_series(0, 39) n where d.id = $1`, [ids[2]]);
    const { page, complaints } = await come('#/device-health?region=350425201000');
    await t.db.query(`update presence set rssi = -115 where device_id = $1`, [ids[2]]);
    await t.db.query(`update heartbeat set rssi = -115 from device d where d.no = device_no and d.id = $1`, [ids[2]]);
    for (const [list, id] of [['never', ids[0]], ['dead', ids[1]], ['signal', ids[2]], ['battery', ids[2]]] as const) {
      await page.click(`[data-list=${list}]`);
      await page.waitForSelector(`[data-list=${list}][aria-current=page]`);
      await page.waitForSelector(`tr[data-id="${id}"]`);
      expect((await idsOf(page)).filter((shown) => ids.includes(shown))).toEqual([id]);
    }
    expect(await page.textContent(`tr[data-id="${ids[2]}"]`)).toMatch(/约 [45] 天后到 10%/);
    await page.click(`tr[data-id="${ids[2]}"] a`);
    await page.waitForSelector('[data-test=battery] svg.trend');
    await page.waitForSelector('[data-test=signal] svg.trend');
    expect(await page.textContent('[data-test=signal-trend]')).toMatch(/信号弱:近一周平均 -115 dBm/);
    expect(await page.textContent('[data-test=battery-outlook]')).toMatch(/约 [45] 天后到 10%/);
    const english = await come('#/device-health?list=dead', { lang: 'en' });
    await english.page.waitForSelector('h1:has-text("Device health")');
    expect([...complaints, ...english.complaints]).toEqual([]);
  });

  it('show the catalogue of models; a change says first how many devices would fall silent, and who may not change it sees no button [F7 B1]', async () => {
    const { id } = (await api('POST', '/devices', { model: 'gas', homeId: elder.homeId, demo: true })).body;
    const { page, complaints } = await come('#/device-models');
    await page.waitForSelector('tr[data-id=watch]:has-text("30 秒")');
    expect(await page.textContent('tr[data-id=gas]')).toContain('每 1 小时,3 小时不响算离线');
    await page.click('tr[data-id=gas] [data-test=edit-model]');
    expect(await page.locator('[data-test=model-editor] input[name=window]').count()).toBe(0);
    await t.db.query(`update presence set state = 'offline' where state = 'online' and device_id in (select id from device where model = 'gas')`);
    await t.db.query(`update presence set state = 'online', last_seen_at = anling_now() - interval '1 hour' where device_id = $1`, [id]);
    await page.selectOption('[data-test=model-class]', '5min');
    await page.click('[data-test=save-model]');
    await page.waitForSelector('[data-test=model-problem]:has-text("有 1 台会马上算离线")');
    expect(await t.db.query(`select supervision_class from device_model where id = 'gas'`)).toEqual([{ supervision_class: '1h' }]);
    await page.click('[data-test=save-model]:has-text("仍要保存")');
    await page.waitForSelector('tr[data-id=gas]:has-text("每 5 分钟,15 分钟不响算离线")');
    const reader = await come('#/device-models', { role: 'technician', lang: 'en' });
    await reader.page.waitForSelector('tr[data-id=gas]:has-text("every 5 min")');
    expect(await reader.page.locator('[data-test=edit-model]').count()).toBe(0);
    expect([...complaints, ...reader.complaints]).toEqual([]);
  });

  it('replace a device by another and restock the old one: the chain stands on both files, each act says first what it costs [F7]', async () => {
    const old = (await api('POST', '/devices', { model: 'sos-button', homeId: elder.homeId, room: '卧室', demo: true })).body;
    const fresh = (await api('POST', '/devices', { model: 'sos-button', status: 'stock', demo: true })).body;
    const { page, complaints } = await come(`#/devices/${old.id}`);
    await page.click('[data-test=device-life] [data-act=replace]');
    expect(await page.textContent('dialog')).toContain('未办结的警情不受影响');
    await page.fill('dialog input[name=by]', 'nobody-1');
    await page.click('dialog [data-test=life-sure]');
    await page.waitForSelector('dialog [data-test=life-problem]');
    await page.fill('dialog input[name=by]', fresh.id);
    await page.click('dialog [data-test=life-sure]');
    await page.waitForSelector(`[data-test=replaced-by]:has-text("${fresh.id}")`);
    await page.waitForSelector('[data-test=secrets]:has-text("已更换")');
    expect(await page.locator('[data-test=life-lines] li').allTextContents()).toMatchObject([expect.stringContaining('已更换'), expect.stringContaining('已装')]);
    await page.click(`[data-test=replaced-by] a`);
    await page.waitForSelector(`[data-test=replaces]:has-text("${old.id}")`);
    expect((await api('GET', `/devices/${fresh.id}`)).body).toMatchObject({ status: 'installed', homeId: elder.homeId, room: '卧室' });
    const english = await come(`#/devices/${old.id}`, { lang: 'en' });
    await english.page.click('[data-act=restock]');
    expect(await english.page.textContent('dialog')).toContain('its old secret void for ever');
    await english.page.click('dialog [data-test=life-sure]');
    await english.page.waitForSelector('[data-test=life-lines] li:has-text("in stock")');
    await english.page.goto(`${web.url}/#/devices?life=stock&q=${old.id}`);
    await english.page.waitForSelector(`tr[data-id="${old.id}"]`);
    expect([...complaints, ...english.complaints]).toEqual([]);
  });

  it('evacuate a list of villages in one action, after asking, and end it again [C9]', async () => {
    const { page } = await come('#/modes');
    await page.waitForSelector('[data-test=villages]');
    await page.locator('[data-town="350425201000"] summary').click();
    await page.locator('[data-town="350425201000"] .whole input').check();
    await page.locator('[data-town="350425203000"] summary').click();
    await page.locator('[data-town="350425203000"] .ticks input').first().check();
    await page.click('[data-test=evacuate]');
    await page.waitForSelector('dialog');
    expect(await page.textContent('dialog')).toContain('已转移');
    expect((await api('GET', '/modes')).body.modes).toEqual([]);
    await page.click('dialog [data-test=sure]');
    await page.waitForSelector('[data-test=modes-now]');
    const [truth] = await t.db.query<{ n: number }>(`select count(*)::int as n from home where mode = 'evacuated' and mode_until > anling_now() and region_code like '350425201%'`);
    const [all] = await t.db.query<{ n: number }>(`select count(*)::int as n from home where region_code like '350425201%'`);
    expect([truth!.n > 0, truth!.n]).toEqual([true, all!.n]);
    await page.locator('.village-end button').first().click();
    await page.waitForSelector('[data-test=toast]:has-text("已结束")');
    const list = await come('#/homes?mode=evacuated');
    await list.page.waitForSelector('tbody tr');
    expect((await list.page.locator('tbody tr').allTextContents()).every((row) => row.includes('已转移'))).toBe(true);
    await api('POST', '/modes', { mode: null, regions: ['350425000000'] });
  });

  it('show a town’s user their town alone, and English to who wants it [W8]', async () => {
    const { page, complaints } = await come('#/people', { role: 'shift-leader', scope: '350425203000', lang: 'en' });
    await page.waitForSelector('tbody tr');
    expect(await page.textContent('h1')).toBe('People');
    expect((await page.locator('tbody tr').allTextContents()).every((row) => row.includes('济阳乡'))).toBe(true);
    expect(await page.locator('select[name=town] option').count()).toBe(2);
    await page.goto(`${web.url}/#/people/${elder.id}`);
    await page.waitForSelector('[data-test=file-waiting] .trouble');
    expect(await page.textContent('[data-test=file-waiting]')).toContain('outside your scope');
    await openPage(page, 'homes');
    await page.waitForSelector('[data-test=homes] tbody tr');
    expect(await page.content()).not.toMatch(/屏山乡/);
    expect(complaints).toEqual([]);
  });

  it('fit from 1920 x 1080 down to 200 % zoom of a small screen, in both themes and languages, without scrolling sideways', async () => {
    const device = (await api('GET', '/devices?limit=1')).body.devices[0].id;
    const responder = (await api('GET', '/responders?limit=1')).body.responders[0].id;
    const pages = { people: '#/people', person: `#/people/${elder.id}`, homes: '#/homes', home: `#/homes/${elder.homeId}`, devices: '#/devices', device: `#/devices/${device}`, responders: '#/responders', responder: `#/responders/${responder}`, modes: '#/modes', register: '#/register', 'person-new': '#/people/new' };
    for (const [theme, lang] of [['desk', 'zh'], ['wall', 'en']] as const) {
      const { page } = await come('#/people', { theme, lang });
      for (const [name, hash] of Object.entries(pages)) {
        await page.goto(`${web.url}/${hash}`);
        await page.waitForSelector(`main[data-test=${name}]`);
        await until('what it shows', 20_000, async () => !/正在取|Fetching/.test((await page.textContent('main')) ?? ''));
        if (name === 'person' && theme === 'desk') { await page.click('[data-test=reveal]'); await page.waitForSelector('[data-test=dial]'); }
        for (const [width, height] of [[1920, 1080], [1366, 768], [911, 512], [683, 384]] as const) {
          await page.setViewportSize({ width, height });
          const sideways = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.page, .strip, .file-form, .aside-card:not(.scroll)')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className));
          expect([name, width, lang, sideways]).toEqual([name, width, lang, []]);
          if (shots && width >= 1366) { mkdirSync(shots, { recursive: true }); await page.screenshot({ path: `${shots}/${name}-${theme}-${width}.png` }); }
        }
      }
    }
  }, 300_000);
});
