/**
 * The schematic county, pure: towns as tiles, villages as dots, no borders (none may be invented) and no claim about
 * where a place lies. Aggregates are grey; only open alerts have colour, each its own mark (a bubble that turns red tells nothing).
 */
import { compareAlerts } from '#core/alert-order.ts';
import { scopePrefix } from '#core/ids.ts';
import { showRegion } from '#core/region.ts';
import type { AlertView, PresenceCount } from '#core/live.ts';
import { isUnclaimed } from '#wall/queue/order.ts';

export type Region = { code: string; level: 'county' | 'town' | 'village'; name: string; parentCode: string | null; /** drawn with this one */ shownUnder?: string | null; demo?: boolean; lat?: number | null; lon?: number | null };
export type Place = { code: string; name: string; counts: Counts; alerts: readonly AlertView[] };
export type Town = Place & { villages: readonly Place[] };
export type County = { towns: readonly Town[]; /** open alerts of no village or town that is drawn */ elsewhere: readonly AlertView[]; counts: Counts };
export type Counts = Omit<PresenceCount, 'code'>;

const none: Counts = { online: 0, offline: 0, never: 0, presumed: 0 };
const add = (a: Counts, b: Counts): Counts => ({ online: a.online + b.online, offline: a.offline + b.offline, never: a.never + b.never, presumed: a.presumed + b.presumed });
export const total = (c: Counts): number => c.online + c.offline + c.never + c.presumed;

/** Puts regions, counts and open alerts together, a unit that is shown under another with it. Towns in the order of their codes; inside a place the gravest alert first. */
export function drawCounty(regions: readonly Region[], presence: ReadonlyMap<string, PresenceCount>, alerts: Iterable<AlertView>): County {
  const byPlace = new Map<string, AlertView[]>();
  const known = new Set(regions.map((r) => r.code));
  const folds = new Map(regions.flatMap((r) => (r.shownUnder && known.has(r.shownUnder) ? [[r.code, r.shownUnder] as const] : [])));
  const shownAs = (code: string): string => folds.get(code) ?? code;
  const elsewhere: AlertView[] = [];
  for (const alert of alerts) {
    const code = alert.regionCode;
    const townCode = code === null ? null : `${scopePrefix(code).slice(0, 9)}000`;
    const home = code !== null && known.has(code) && !code.endsWith('000000') ? code : townCode !== null && known.has(townCode) && !townCode.endsWith('000000') ? townCode : null;
    if (home === null) elsewhere.push(alert);
    else {
      const there = byPlace.get(shownAs(home));
      if (there) there.push(alert); else byPlace.set(shownAs(home), [alert]); // never copied: a flood stands in one place
    }
  }
  // Of a code that is not on the list any more, the town counts what is still heard there.
  const heard = new Map<string, Counts>();
  for (const [code, counts] of presence) {
    const at = shownAs(known.has(code) ? code : `${code.slice(0, 9)}000`);
    heard.set(at, add(heard.get(at) ?? none, counts));
  }
  const place = (region: Region): Place => ({
    code: region.code, name: showRegion(region.name), counts: heard.get(region.code) ?? none, alerts: (byPlace.get(region.code) ?? []).sort(graver),
  });
  const villages = new Map<string, Place[]>();
  for (const region of inOrder(regions, 'village')) {
    if (folds.has(region.code)) continue;
    const parent = shownAs(region.parentCode ?? `${region.code.slice(0, 9)}000`);
    villages.set(parent, [...(villages.get(parent) ?? []), place(region)]);
  }
  const towns = inOrder(regions, 'town').filter((r) => !folds.has(r.code)).map((region): Town => {
    const own = place(region);
    const inside = villages.get(region.code) ?? [];
    return { ...own, villages: inside, counts: inside.reduce((sum, v) => add(sum, v.counts), own.counts) };
  });
  return { towns, elsewhere: elsewhere.sort(graver), counts: towns.reduce((sum, t) => add(sum, t.counts), none) };
}

const inOrder = (regions: readonly Region[], level: Region['level']): Region[] => regions.filter((r) => r.level === level).sort((a, b) => (a.code < b.code ? -1 : 1));
export const graver = (a: AlertView, b: AlertView): number => a.priority - b.priority || Number(isUnclaimed(b)) - Number(isUnclaimed(a)) || compareAlerts(a, b);

/** Whether a map can be drawn at all: most towns have a position. Else only tiles tell the truth. */
export function canBePlaced(regions: readonly Region[]): boolean {
  const towns = regions.filter((r) => r.level === 'town');
  return towns.length > 0 && towns.filter((r) => typeof r.lon === 'number').length * 2 > towns.length;
}

/** What a village's dot says in grey: `full` heard, `part` some are not, `hollow` none is, `presumed` perhaps none is, `never` none ever was (installed, not switched on), `empty` nobody lives with us there. */
export function dotOf(counts: Counts): 'full' | 'part' | 'hollow' | 'presumed' | 'never' | 'empty' {
  const all = total(counts);
  if (all === 0) return 'empty';
  if (counts.never === all) return 'never';
  if (counts.online === 0) return counts.presumed > counts.offline + counts.never ? 'presumed' : 'hollow';
  return counts.online === all ? 'full' : 'part';
}

export type Box = { x: number; y: number; w: number; h: number };

/** Equal tiles for `n` towns in `width` x `height` px: the number of columns whose tiles are nearest to 6:5. */
export function tileBoxes(n: number, width: number, height: number, gap: number): Box[] {
  if (n === 0 || width <= 0 || height <= 0) return [];
  let best = 1;
  let bestMiss = Number.POSITIVE_INFINITY;
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    const miss = Math.abs(Math.log((width / columns) / (height / rows) / 1.2)) + (columns * rows - n) / n;
    if (miss < bestMiss) { best = columns; bestMiss = miss; }
  }
  const rows = Math.ceil(n / best);
  const w = (width - gap * (best - 1)) / best;
  const h = (height - gap * (rows - 1)) / rows;
  return Array.from({ length: n }, (_, i) => ({ x: (i % best) * (w + gap), y: Math.floor(i / best) * (h + gap), w, h }));
}

/** A tile's least weight: the smallest town must still hold its name. */
const weightMin = 10;

/**
 * Tiles for towns in `width` x `height` px, in order, as rows whose tiles are as wide as they have villages: so dots stand
 * equally dense everywhere. The number of rows is the one whose tiles are nearest to 5:4.
 */
export function townBoxes(sizes: readonly number[], width: number, height: number, gap: number): Box[] {
  const weights = sizes.map((n) => Math.max(n, weightMin) + 2);
  const all = weights.reduce((sum, w) => sum + w, 0);
  if (all === 0 || width <= 0 || height <= 0) return [];
  let best: Box[] = [];
  let bestMiss = Number.POSITIVE_INFINITY;
  for (let rows = 1; rows <= sizes.length; rows++) {
    const boxes = layRows(splitRows(weights, all / rows), all, width, height, gap);
    const miss = boxes.reduce((sum, b) => sum + Math.abs(Math.log(b.w / b.h / 1.25)), 0) / boxes.length;
    if (miss < bestMiss) { best = boxes; bestMiss = miss; }
  }
  return best;
}

/** Consecutive weights in rows of about `target`. */
function splitRows(weights: readonly number[], target: number): number[][] {
  const rows: number[][] = [];
  let row: number[] = [];
  let done = 0;
  let sum = 0;
  for (const weight of weights) {
    if (row.length > 0 && Math.abs(done + sum - (rows.length + 1) * target) < Math.abs(done + sum + weight - (rows.length + 1) * target)) { rows.push(row); done += sum; row = []; sum = 0; }
    row.push(weight);
    sum += weight;
  }
  return [...rows, row];
}

function layRows(rows: readonly (readonly number[])[], all: number, width: number, height: number, gap: number): Box[] {
  const boxes: Box[] = [];
  let y = 0;
  for (const row of rows) {
    const sum = row.reduce((a, b) => a + b, 0);
    const h = (height - gap * (rows.length - 1)) * (sum / all);
    let x = 0;
    for (const weight of row) {
      const w = (width - gap * (row.length - 1)) * (weight / sum);
      boxes.push({ x, y, w, h });
      x += w + gap;
    }
    y += h + gap;
  }
  return boxes;
}

/** The widest pitch (px, at most `most`) at which `n` dots fit into a box. */
export function pitchFor(n: number, box: Box, most: number): number {
  for (let pitch = most; pitch > 4; pitch -= 0.5) if (Math.floor(box.w / pitch) * Math.floor(box.h / pitch) >= n) return pitch;
  return 4;
}

/** Centres for `n` dots in a box, in reading order, in the middle of the box. */
export function dotPlaces(n: number, box: Box, pitch: number): { x: number; y: number }[] {
  const columns = Math.max(1, Math.floor(box.w / pitch));
  const rows = Math.ceil(n / columns);
  const across = Math.ceil(n / Math.max(1, rows)); // even rows look better than a full one and a rest
  const left = box.x + (box.w - across * pitch) / 2;
  const top = box.y + (box.h - rows * pitch) / 2;
  return Array.from({ length: n }, (_, i) => ({ x: left + (i % across + 0.5) * pitch, y: top + (Math.floor(i / across) + 0.5) * pitch }));
}
