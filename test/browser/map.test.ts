/** The map: MapLibre from the built bundle under the strict CSP, its marks, its view, its ground; and the tiles wherever it cannot be. */
import { describe, expect, it } from 'vitest';
import type { FakeServer } from './fake-server.ts';
import type { Page } from './browser.ts';
import { until, useWall } from './visit.ts';

const stands = (page: Page): Promise<unknown> => page.waitForSelector('[data-test=map-canvas][data-ready]', { timeout: 60_000 });
const shots = process.env['ANLING_SHOTS'];
/** How many pixels of the canvas have about this colour, and where their middle is in the window. */
async function pixels(page: Page, [r, g, b]: [number, number, number]): Promise<{ n: number; x: number; y: number }> {
  const canvas = page.locator('[data-test=map-canvas]');
  const png = (await canvas.screenshot()).toString('base64');
  const found = await page.evaluate(async ([data, red, green, blue]) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data as string), (c) => c.charCodeAt(0))], { type: 'image/png' }));
    const paper = new OffscreenCanvas(image.width, image.height);
    const pen = paper.getContext('2d');
    pen?.drawImage(image, 0, 0);
    const bytes = pen?.getImageData(0, 0, image.width, image.height).data ?? [];
    const sum = { n: 0, x: 0, y: 0 };
    for (let i = 0; i < bytes.length; i += 4) {
      if (Math.abs((bytes[i] ?? 0) - (red as number)) + Math.abs((bytes[i + 1] ?? 0) - (green as number)) + Math.abs((bytes[i + 2] ?? 0) - (blue as number)) >= 40) continue;
      sum.n++;
      sum.x += (i / 4) % image.width;
      sum.y += Math.floor(i / 4 / image.width);
    }
    return sum;
  }, [png, r, g, b]);
  const box = await canvas.boundingBox();
  return { n: found.n, x: (box?.x ?? 0) + found.x / Math.max(1, found.n), y: (box?.y ?? 0) + found.y / Math.max(1, found.n) };
}
const p1: [number, number, number] = [255, 90, 79];

const middle = async (page: Page): Promise<{ x: number; y: number }> => { const box = await page.locator('[data-test=map-canvas]').boundingBox(); return { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 }; };
/** The red mark is near the middle of the map: the view is on its place. */
async function isCentred(page: Page): Promise<boolean> {
  const [mark, at] = [await pixels(page, p1), await middle(page)];
  return mark.n > 80 && Math.hypot(mark.x - at.x, mark.y - at.y) < 60;
}
const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

describe('the map', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });

  it('stands in the built bundle without asking anybody else; a mark opens its case, a claim flies there, leaving flies back, and a hand on the view locks it until ★ [FF4 W15 D3]', async () => {
    const alert = server.house.raise({ kind: 'sos' });
    server.house.presence.push({ code: '350425201001', online: 4, offline: 1, never: 0, presumed: 0 }, { code: '350425100001', online: 9, offline: 0, never: 0, presumed: 0 });
    server.house.raise({ kind: 'outage', priority: 2, subject: { type: 'region', id: '350425203000', name: '济阳乡' }, regionCode: '350425203000', town: '济阳乡', village: null, personId: null, homeId: null, deviceId: null });
    const { page, foreign, complaints } = await come({ map: 'map', width: 1300, height: 680 });
    await stands(page);
    await until('the mark is red', 30_000, async () => (await pixels(page, p1)).n > 80);
    expect(await page.textContent('[data-test=map-source]')).toContain('示意图 · 内部使用');
    if (shots) await page.screenshot({ path: `${shots}/map.png` });
    const mark = await pixels(page, p1);
    await page.mouse.click(mark.x, mark.y);
    await page.waitForSelector(`[data-test=case][data-id="${alert.id}"]`);
    await until('the view is on its place', 30_000, () => isCentred(page));
    if (shots) { await page.waitForTimeout(1_200); await page.screenshot({ path: `${shots}/map-case.png` }); }
    const refit = page.locator('[data-test=refit]');
    const at = await middle(page);
    await page.mouse.move(at.x, at.y);
    await page.mouse.down();
    await page.mouse.move(at.x - 180, at.y - 160, { steps: 6 });
    await page.mouse.up();
    await until('locked', 10_000, async () => (await refit.getAttribute('aria-pressed')) === 'true');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-test=no-case]');
    await page.waitForTimeout(500);
    expect((await pixels(page, p1)).n, 'a locked view stays').toBeGreaterThan(80);
    await page.click(`[data-id="${alert.id}"] .row-main`);
    await page.waitForSelector('[data-test=case]');
    await page.keyboard.press('a'); // a claim moves a locked view too: it is what the hand is asking for
    await page.waitForSelector('[data-test=case][data-state=claimed]');
    await until('flown to the claim', 30_000, async () => { const [m, c] = [await pixels(page, p1), await middle(page)]; return m.n > 20 && Math.hypot(m.x - c.x, m.y - c.y) < 60; });
    await refit.click();
    expect(await refit.getAttribute('aria-pressed')).toBe('false');
    await page.keyboard.press('Escape');
    await until('back to the whole', 30_000, async () => { const [m, c] = [await pixels(page, p1), await middle(page)]; return m.n > 20 && m.y > c.y + 80; });
    expect([foreign, complaints]).toEqual([[], []]);
  });

  it('gives way to the tiles where it was lost, where a processor draws, and where there is no WebGL; the list never waits for it [FF4]', async () => {
    const alert = server.house.raise({ kind: 'sos' });
    const { page, context } = await come({ width: 1300, height: 680 });
    await page.waitForSelector('[data-map=tiles]');
    expect(server.requests.some((r) => r.includes('/assets/gl-'))).toBe(false);
    await page.click('[data-test=to-map]');
    await stands(page);
    await page.evaluate(() => { (document.querySelector('.map-canvas canvas') as HTMLCanvasElement).getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext(); });
    await page.waitForSelector('[data-map=tiles] [data-test=map-trouble]');
    expect(await page.textContent('[data-test=map-trouble]')).toContain('地图停了');
    await page.waitForSelector(`[data-map=tiles] [data-mark="${alert.id}"]`);
    const next = server.house.raise({ kind: 'fall' });
    await page.waitForSelector(`[data-test=row][data-id="${next.id}"]`);
    await page.click('[data-test=to-map]');
    await stands(page);
    await context.addInitScript(() => {
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) { return /webgl/.test(kind) ? null : (real as (...all: unknown[]) => unknown).call(this, kind, ...rest); } as never;
    });
    await page.reload();
    await page.waitForSelector(`[data-test=row][data-id="${next.id}"]`);
    await page.waitForSelector(`[data-map=tiles] [data-mark="${alert.id}"]`);
    expect(await page.locator('[data-test=to-map], [data-test=map-trouble]').count()).toBe(0);
  });

  it('stands on the configured ground through our own server, with the county’s borders, and always says whose map it is and its approval number', async () => {
    server.house.ground = {
      base: { tiles: ['/tiles/vec/{z}/{x}/{y}', '/tiles/cva/{z}/{x}/{y}'], vector: false, minzoom: 1, maxzoom: 18 }, coordinateSystem: 'gcj02', source: '国家地理信息公共服务平台', approvalNumber: 'GS(2025)0001号',
      outline: { source: '县自然资源局', approvalNumber: '闽S(2025)12号', features: [{ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[[117.5, 25.5], [118.05, 25.5], [118.05, 26.15], [117.5, 26.15], [117.5, 25.5]]] } }] },
    };
    server.house.raise({ kind: 'sos' });
    const asked: string[] = [];
    const { page, context, foreign } = await come({ map: 'tiles', width: 1300, height: 680 });
    await context.route('**/tiles/**', (route) => { asked.push(new URL(route.request().url()).pathname); return route.fulfill({ contentType: 'image/png', body: dot }); });
    await page.click('[data-test=to-map]');
    await stands(page);
    await until('tiles were asked for', 30_000, () => asked.some((path) => path.startsWith('/tiles/vec/')) && asked.some((path) => path.startsWith('/tiles/cva/')));
    expect(await page.textContent('[data-test=map-source]')).toMatch(/国家地理信息公共服务平台 · 审图号:GS\(2025\)0001号.*县界:县自然资源局 · 审图号:闽S\(2025\)12号.*GCJ-02/);
    const [text, frame] = [await page.locator('[data-test=map-source]').boundingBox(), await page.locator('[data-test=map-canvas]').boundingBox()];
    expect([(text?.x ?? 0) - (frame?.x ?? 0), Math.round((frame?.y ?? 0) + (frame?.height ?? 0) - (text?.y ?? 0) - (text?.height ?? 0))]).toEqual([0, 0]);
    if (shots) await page.screenshot({ path: `${shots}/map-ground.png` });
    expect(foreign).toEqual([]);
  });
});
