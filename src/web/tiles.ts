/**
 * Tiles of the base map (底图) through our own server: the key stays here, browsers ask nobody else, and what was fetched once is kept on
 * disk. Three kinds: Tianditu, any XYZ server, or one PMTiles file on this machine. The map is no part of the alarm path: without tiles
 * the alerts stand on a plain ground.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PMTiles, type RangeResponse, type Source } from 'pmtiles';
import { limits } from '#core/limits.ts';
import type { CoordinateSystem } from '#core/coordinates.ts';

export type BaseMap = {
  kind: 'tianditu' | 'xyz' | 'pmtiles';
  /** XYZ: template with {z} {x} {y}; PMTiles: a file; Tianditu: its server. */ url: string;
  key: string | null; coordinateSystem: CoordinateSystem; /** fetches from outside in one day */ daily: number;
};
export type Tile = { bytes: Buffer; type: string };
export type TileShape = { layers: readonly string[]; vector: boolean; minzoom: number; maxzoom: number };
/** `spent`: the day's fetches are used up; `none`: there is no such tile. */
export type TileAnswer = Tile | 'none' | 'spent' | 'failed';
export type Tiles = { shape(): Promise<TileShape>; read(layer: string, z: number, x: number, y: number): Promise<TileAnswer>; close(): Promise<void> };

const types: Readonly<Record<number, string>> = { 1: 'application/x-protobuf', 2: 'image/png', 3: 'image/jpeg', 4: 'image/webp', 5: 'image/avif' };

export function openTiles(base: BaseMap, folder: string | null): Tiles {
  return base.kind === 'pmtiles' ? fileTiles(base) : farTiles(base, folder);
}

/** One file, read by ranges. */
function fileTiles(base: BaseMap): Tiles {
  let opened: ReturnType<typeof open> | null = null;
  const source: Source = {
    getKey: () => base.url,
    async getBytes(offset, length): Promise<RangeResponse> {
      opened ??= open(base.url, 'r');
      opened.catch(() => { opened = null; }); // it may be put there later
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await (await opened).read(bytes, 0, length, offset);
      return { data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytesRead) as ArrayBuffer };
    },
  };
  const archive = new PMTiles(source);
  return {
    async shape() {
      const { tileType, minZoom, maxZoom } = await archive.getHeader();
      return { layers: ['base'], vector: tileType === 1, minzoom: minZoom, maxzoom: maxZoom };
    },
    async read(_layer, z, x, y) {
      const tile = await archive.getZxy(z, x, y);
      return tile === undefined ? 'none' : { bytes: Buffer.from(tile.data), type: types[(await archive.getHeader()).tileType] ?? 'application/octet-stream' };
    },
    async close() { await (await opened?.catch(() => null))?.close(); },
  };
}

/** A server elsewhere: kept on disk, counted by the day, each tile asked for once however many screens want it. */
function farTiles(base: BaseMap, folder: string | null): Tiles {
  const home = folder === null ? null : join(folder, createHash('sha256').update(base.url).digest('hex').slice(0, 12));
  const quota = createQuota(home === null ? null : join(home, 'spent.json'), base.daily);
  const running = new Map<string, Promise<TileAnswer>>();
  let kept: Promise<number> | null = null;
  const keep = async (path: string, tile: Tile): Promise<void> => {
    kept ??= countFiles(home as string);
    if ((await kept) >= limits.tilesKept) return;
    kept = Promise.resolve((await kept) + 1);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.part`, Buffer.concat([Buffer.from(`${tile.type}\n`), tile.bytes]));
    await rename(`${path}.part`, path);
  };
  const fetchTile = async (layer: string, z: number, x: number, y: number): Promise<TileAnswer> => {
    const path = home === null ? null : join(home, layer, String(z), String(x), String(y));
    const old = path === null ? null : await readKept(path);
    if (old !== null && old.ageMs < limits.tileKeepMs) return old.tile;
    if (running.size > limits.tileFetches || !(await quota.take())) return old?.tile ?? (running.size > limits.tileFetches ? 'failed' : 'spent');
    const answer = await fetch(addressOf(base, layer, z, x, y), { signal: AbortSignal.timeout(limits.tileFetchMs), headers: { 'user-agent': 'anling' } }).catch(() => null);
    if (answer?.status === 404) return 'none';
    const type = answer?.headers.get('content-type') ?? '';
    const bytes = answer?.ok && /^(image\/|application\/(x-protobuf|vnd\.mapbox))/.test(type) ? await answer.arrayBuffer().then((b) => Buffer.from(b), () => null) : null;
    if (bytes === null || bytes.length > limits.tileBytes) return old?.tile ?? 'failed'; // an old map is better than none
    if (path !== null) await keep(path, { bytes, type }).catch(() => { /* a full disk is no reason to draw nothing */ });
    return { bytes, type };
  };
  return {
    shape: () => Promise.resolve({ layers: base.kind === 'tianditu' ? ['vec', 'cva'] : ['base'], vector: false, minzoom: 1, maxzoom: 18 }),
    read(layer, z, x, y) {
      const id = `${layer}/${z}/${x}/${y}`;
      const known = running.get(id);
      if (known !== undefined) return known;
      const turn = fetchTile(layer, z, x, y).finally(() => running.delete(id));
      running.set(id, turn);
      return turn;
    },
    close: () => Promise.resolve(),
  };
}

function addressOf(base: BaseMap, layer: string, z: number, x: number, y: number): string {
  if (base.kind === 'xyz') return base.url.replace('{z}', String(z)).replace('{x}', String(x)).replace('{y}', String(y)).replace('{key}', encodeURIComponent(base.key ?? ''));
  const host = base.url.replace('{s}', String((x + y) % 8));
  return `${host}/${layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=${layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX=${z}&TILEROW=${y}&TILECOL=${x}&tk=${encodeURIComponent(base.key ?? '')}`;
}

async function readKept(path: string): Promise<{ tile: Tile; ageMs: number } | null> {
  const [text, info] = await Promise.all([readFile(path), stat(path)]).catch(() => [null, null]);
  if (text === null || info === null) return null;
  const end = text.indexOf(10);
  return end < 0 ? null : { tile: { type: text.subarray(0, end).toString(), bytes: text.subarray(end + 1) }, ageMs: Date.now() - info.mtimeMs };
}

const countFiles = async (folder: string): Promise<number> => (await readdir(folder, { recursive: true }).catch(() => [])).length;

/** Fetches of one day (UTC+8), kept over restarts, so that a loop of restarts does not spend the county's quota. */
function createQuota(file: string | null, daily: number): { take(): Promise<boolean> } {
  const today = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  let state: { day: string; spent: number } | null = null;
  let written = Promise.resolve();
  return {
    async take() {
      state ??= (file === null ? null : await readFile(file, 'utf8').then((text) => JSON.parse(text) as { day: string; spent: number }, () => null)) ?? { day: today(), spent: 0 };
      if (state.day !== today()) state = { day: today(), spent: 0 };
      if (state.spent >= daily) return false;
      state.spent++;
      const text = JSON.stringify(state);
      if (file !== null) written = written.then(() => mkdir(dirname(file), { recursive: true })).then(() => writeFile(file, text)).catch(() => { /* counted in memory then */ });
      await written;
      return true;
    },
  };
}
