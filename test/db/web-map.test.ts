/** The map's ground: tiles come through our own server alone, kept and counted; the county's borders as the county brought them, shifted to the base map. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convert, type Position } from '#core/coordinates.ts';
import { testWeb, type Web } from '#test/harness/web.ts';
import type { MapSettings } from '#web/context.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describe('the base map', () => {
  let far: Server;
  let farUrl: string;
  const asked: string[] = [];
  let broken = false;
  const folder = mkdtempSync(join(tmpdir(), 'anling-map-'));
  const webs: Web[] = [];
  beforeAll(async () => {
    far = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (broken) response.writeHead(502).end();
      else if (/TILEMATRIX=2|\/2\//.test(request.url ?? '')) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'image/png' }).end(png);
    });
    await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
    farUrl = `http://127.0.0.1:${(far.address() as AddressInfo).port}`;
  });
  afterAll(async () => { for (const web of webs.toReversed()) await web.stop(); await new Promise((resolve) => far.close(resolve)); rmSync(folder, { recursive: true, force: true }); });

  const open = async (map: MapSettings | null, data: string | null = folder): Promise<{ web: Web; get(path: string): ReturnType<Web['fetch']> }> => {
    const web = await testWeb({ ...(webs.length === 0 ? {} : { t: webs[0]!.t }), settings: { map, data } });
    webs.push(web);
    const cookie = await webs[0]!.cookie(webs.length % 2 === 0 ? 'viewer' : 'operator');
    return { web, get: (path) => web.fetch(path, { cookie }) };
  };
  const base = (given: Partial<NonNullable<MapSettings['base']>> = {}): MapSettings =>
    ({ base: { kind: 'tianditu', url: farUrl, key: 'the-key-of-the-county', coordinateSystem: 'wgs84', daily: 3, ...given }, source: '国家地理信息公共服务平台', approvalNumber: 'GS(2025)0001号', outline: null });

  it('is none unless configured: nothing is asked of anybody', async () => {
    const { web, get } = await open(null);
    expect((await get('/api/v1/map')).body).toEqual({ base: null, coordinateSystem: 'wgs84', source: null, approvalNumber: null, outline: null });
    expect((await get('/tiles/base/1/0/0')).status).toBe(404);
    expect([(await web.fetch('/tiles/base/1/0/0')).status, (await web.fetch('/api/v1/map')).status]).toEqual([401, 401]);
    expect(asked).toEqual([]);
  });

  it('from Tianditu: the key never leaves, a tile is fetched once and kept, a day has its bound over a restart, an old map beats none', async () => {
    const { get } = await open(base());
    const { body } = await get('/api/v1/map');
    expect(body).toMatchObject({ base: { tiles: ['/tiles/vec/{z}/{x}/{y}', '/tiles/cva/{z}/{x}/{y}'], vector: false }, source: '国家地理信息公共服务平台', approvalNumber: 'GS(2025)0001号' });
    const all = await Promise.all([1, 2, 3, 4].map(() => get('/tiles/vec/9/423/218')));
    expect(all.map((answer) => [answer.status, answer.headers.get('content-type')])).toEqual(Array(4).fill([200, 'image/png']));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^\/vec_w\/wmts\?.*LAYER=vec&.*TILEMATRIX=9&TILEROW=218&TILECOL=423&tk=the-key-of-the-county$/);
    expect(JSON.stringify(body) + all.map((answer) => answer.text + JSON.stringify([...answer.headers])).join()).not.toContain('the-key');
    expect((await get('/tiles/vec/2/1/1')).status).toBe(204);
    const { get: later } = await open(base()); // a restart: what was kept is there, and what was spent is spent
    expect((await later('/tiles/vec/9/423/218')).status).toBe(200);
    expect((await later('/tiles/cva/9/423/218')).status).toBe(200);
    expect(asked).toHaveLength(3);
    const spent = await later('/tiles/vec/9/424/218');
    expect([spent.status, spent.body.error.message]).toEqual([503, expect.stringContaining('ANLING_MAP_DAILY')]);
    expect((await later('/tiles/vec/9/423/218')).status).toBe(200);
    expect([(await later('/tiles/vec/1/2/0')).status, (await later('/tiles/satellite/1/0/0')).status, asked.length]).toEqual([404, 422, 3]);
  });

  it('from an XYZ server; one that does not answer is said, and is no ground to fall', async () => {
    const { get } = await open(base({ kind: 'xyz', url: `${farUrl}/t/{z}/{x}/{y}.png?k={key}`, coordinateSystem: 'gcj02', daily: 100 }));
    expect((await get('/api/v1/map')).body).toMatchObject({ base: { tiles: ['/tiles/base/{z}/{x}/{y}'] }, coordinateSystem: 'gcj02' });
    expect((await get('/tiles/base/5/26/13')).status).toBe(200);
    expect(asked.at(-1)).toBe('/t/5/26/13.png?k=the-key-of-the-county');
    broken = true;
    expect([(await get('/tiles/base/5/26/14')).status, (await get('/tiles/base/5/26/13')).status]).toEqual([503, 200]);
    broken = false;
  });

  it('from one PMTiles file on this machine', async () => {
    const file = join(folder, 'county.pmtiles');
    writeFileSync(file, pmtiles(png));
    const { get } = await open(base({ kind: 'pmtiles', url: file, key: null }));
    expect((await get('/api/v1/map')).body.base).toEqual({ tiles: ['/tiles/base/{z}/{x}/{y}'], vector: false, minzoom: 0, maxzoom: 0 });
    const before = asked.length;
    expect([(await get('/tiles/base/0/0/0')).headers.get('content-type'), (await get('/tiles/base/1/0/0')).status, asked.length]).toEqual(['image/png', 204, before]);
    const { get: gone } = await open(base({ kind: 'pmtiles', url: join(folder, 'nowhere.pmtiles'), key: null }));
    expect((await gone('/api/v1/map')).body.base).toBeNull();
  });

  it('alerts stand in WGS84, in whatever system their home was entered; a visitor’s view is rounded to a kilometre [D14]', async () => {
    const { web } = await open(null);
    const [east, north] = convert([117.84, 25.69], 'wgs84', 'gcj02');
    const { body } = await web.fetch('/api/v1/homes', { method: 'POST', cookie: await webs[0]!.cookie('admin'), body: { regionCode: '350425100001', address: '路边1号', place: '路边1号', lat: north, lon: east, crs: 'gcj02' } });
    const id = await web.alert({ homeId: body.id });
    const seen = async (role: 'operator' | 'viewer'): Promise<{ id: string; lat: number; lon: number }> =>
      (await web.fetch('/api/v1/alerts?state=open', { cookie: await webs[0]!.cookie(role) })).body.alerts.find((a: { id: string }) => a.id === id);
    const [desk, visitor] = [await seen('operator'), await seen('viewer')];
    expect([desk.lon.toFixed(5), desk.lat.toFixed(5)]).toEqual(['117.84000', '25.69000']);
    expect([visitor.lon, visitor.lat]).toEqual([117.84, 25.69]);
  });

  it('draws the county’s own borders in the base map’s system, and does not start with a file that says neither system nor approval number', async () => {
    const ring: Position[] = [[117.5, 25.5], [118, 25.5], [118, 26.1], [117.5, 25.5]];
    const file = join(folder, 'outline.json');
    const write = (more: object): void => writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', properties: { 名称: '大田县' }, geometry: { type: 'Polygon', coordinates: [ring] } }], ...more }));
    const outline: MapSettings = { base: null, source: null, approvalNumber: null, outline: file };
    for (const [more, why] of [[{}, 'coordinateSystem'], [{ coordinateSystem: 'gcj02' }, 'approvalNumber']] as const) {
      write(more);
      await expect(testWeb({ t: webs[0]!.t, settings: { map: outline } }), why).rejects.toThrow(why);
    }
    write({ coordinateSystem: 'gcj02', approvalNumber: '闽S(2025)12号', source: '县自然资源局' });
    const { get } = await open(outline);
    const { body } = await get('/api/v1/map');
    expect(body.outline).toMatchObject({ approvalNumber: '闽S(2025)12号', source: '县自然资源局', features: [{ properties: {} }] });
    expect(body.outline.features[0].geometry.coordinates[0][0]).toEqual(convert([117.5, 25.5], 'gcj02', 'wgs84'));
  });
});

/** The smallest archive: one png at zoom 0, nothing compressed. */
function pmtiles(tile: Buffer): Buffer {
  const header = Buffer.alloc(127);
  header.write('PMTiles', 0);
  header[7] = 3;
  const directory = Buffer.from([1, 0, 1, tile.length, 1]); // one entry: id 0, run 1, its length, offset + 1
  const numbers: [number, number][] = [[8, 127], [16, directory.length], [24, 132], [32, 0], [40, 132], [48, 0], [56, 132], [64, tile.length], [72, 1], [80, 1], [88, 1]];
  for (const [at, value] of numbers) header.writeBigUInt64LE(BigInt(value), at);
  header.set([1, 1, 1, 2, 0, 0], 96); // clustered, no compression, no compression, png, zooms 0 to 0
  return Buffer.concat([header, directory, tile]);
}
