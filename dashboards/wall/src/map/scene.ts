/**
 * What the map draws, pure: where things stand, as GeoJSON in the base map's coordinate system. Two layers (UI 0): grey aggregates of
 * villages that change their state and are never tiled anew, and each open alert as a mark of its own above them.
 */
import { convert, type CoordinateSystem, type Position } from '#core/coordinates.ts';
import type { AlertView } from '#core/live.ts';
import { waits } from '#wall/queue/order.ts';
import { type County, dotOf, graver, type Region, total } from './model.ts';

export type Feature<P> = { type: 'Feature'; properties: P; geometry: { type: 'Point'; coordinates: Position } | { type: 'Polygon'; coordinates: Position[][] } };
export type Features<P = Record<string, unknown>> = { type: 'FeatureCollection'; features: Feature<P>[] };
export type Positions = ReadonlyMap<string, Position>;
export type Box = readonly [west: number, south: number, east: number, north: number];

/** Marks drawn at once, the gravest of all that is open; the list has the others. */
export const marksDrawn = 300;
const collect = <P>(features: Feature<P>[]): Features<P> => ({ type: 'FeatureCollection', features });
const point = <P>(coordinates: Position, properties: P): Feature<P> => ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates } });

/** Where the regions' centres stand on a map of this coordinate system; the house keeps WGS84. */
export function placeRegions(regions: readonly Region[], system: CoordinateSystem): Positions {
  return new Map(regions.flatMap((r) => (typeof r.lon === 'number' && typeof r.lat === 'number' ? [[r.code, convert([r.lon, r.lat], 'wgs84', system)] as const] : [])));
}

/** The home's own position, else its village, else its town; null: it stands under 未定位. */
export function positionOf(alert: Pick<AlertView, 'lat' | 'lon' | 'regionCode'>, at: Positions, system: CoordinateSystem): Position | null {
  if (alert.lat !== null && alert.lon !== null) return convert([alert.lon, alert.lat], 'wgs84', system);
  const code = alert.regionCode;
  if (code === null) return null;
  return at.get(code) ?? (code.slice(6) === '000000' ? null : (at.get(`${code.slice(0, 9)}000`) ?? null));
}

export type Mark = { id: string; icon: string; rank: number; off: [number, number]; halo: '' | 'ringing' | 'chosen' };

/** Each open alert as its own mark; what stands on one spot is spread by pixels, the gravest in the middle. */
export function markFeatures(alerts: Iterable<AlertView>, at: Positions, system: CoordinateSystem, chosen: string | null): { marks: Features<Mark>; elsewhere: AlertView[] } {
  const spots = new Map<string, number>();
  const elsewhere: AlertView[] = [];
  const features: Feature<Mark>[] = [];
  for (const alert of [...alerts].sort(graver)) {
    const where = positionOf(alert, at, system);
    if (where === null) { elsewhere.push(alert); continue; }
    if (features.length >= marksDrawn) continue;
    const key = where.map((n) => n.toFixed(4)).join();
    const nth = spots.get(key) ?? 0;
    spots.set(key, nth + 1);
    const reach = 15 * Math.sqrt(nth);
    const unclaimed = waits(alert);
    features.push(point(where, {
      id: alert.id, icon: `p${alert.priority}${unclaimed ? '' : '-held'}`, rank: 100 - 10 * alert.priority + (unclaimed ? 5 : 0) + (alert.id === chosen ? 50 : 0),
      off: [Math.round(reach * Math.cos(nth * 2.4)), Math.round(reach * Math.sin(nth * 2.4))], halo: alert.id === chosen ? 'chosen' : unclaimed && alert.priority === 1 ? 'ringing' : '',
    }));
  }
  return { marks: collect(features), elsewhere };
}

export type Look = { look: ReturnType<typeof dotOf>; n: number };

/** The state of every village, by its code: set on the features that stand there already. */
export function villageLooks(county: County): Map<string, Look> {
  return new Map(county.towns.flatMap((town) => town.villages.map((v) => [v.code, { look: dotOf(v.counts), n: total(v.counts) }] as const)));
}

/** People whom no device lets us hear, and devices that never came (缺口), by village. */
export type Gaps = ReadonlyMap<string, { cannotHear: number; neverReported: number }>;
type PlaceNote = { code: string; name: string; gap: string };

/** Villages with their names, and what is missing there in words. */
export function villageFeatures(county: County, at: Positions, gaps: Gaps, words: (gap: { cannotHear: number; neverReported: number }) => string): Features<PlaceNote> {
  return collect(county.towns.flatMap((town) => town.villages.flatMap(({ code, name }) => {
    const where = at.get(code);
    const gap = gaps.get(code);
    return where ? [point(where, { code, name, gap: gap && gap.cannotHear + gap.neverReported > 0 ? words(gap) : '' })] : [];
  })));
}

/** 均溪镇 412/430: the label of a town with who is heard there. */
export function townFeatures(county: County, at: Positions): Features<{ code: string; text: string }> {
  return collect(county.towns.flatMap((town) => {
    const where = at.get(town.code);
    const all = total(town.counts);
    return where ? [point(where, { code: town.code, text: all > 0 ? `${town.name} ${town.counts.online}/${all}` : town.name })] : [];
  }));
}

/** Villages around a case with somebody who can go, and how many. */
export function responderFeatures(responders: readonly { regionCode: string; absent: boolean }[], at: Positions): Features<{ n: string }> {
  const counts = new Map<string, number>();
  for (const { regionCode, absent } of responders) if (!absent && at.has(regionCode)) counts.set(regionCode, (counts.get(regionCode) ?? 0) + 1);
  return collect([...counts].map(([code, n]) => point(at.get(code) as Position, { n: String(n) })));
}

/** How far (degrees, about a kilometre) a hull reaches beyond its outermost village. */
const hullMargin = 0.01;

/** The area of an outage: around every village that has somebody silent. It says where silence is, not where a border runs. */
export function outageFeatures(outages: Iterable<readonly string[]>, at: Positions): Features<Record<string, never>> {
  return collect([...outages].flatMap((codes) => {
    const around = [...new Set(codes)].flatMap((code) => { const p = at.get(code); return p ? corners(p) : []; });
    return around.length === 0 ? [] : [{ type: 'Feature' as const, properties: {}, geometry: { type: 'Polygon' as const, coordinates: [hullOf(around)] } }];
  }));
}
const corners = ([lon, lat]: Position): Position[] => Array.from({ length: 12 }, (_, i) => [lon + hullMargin * Math.cos((i * Math.PI) / 6), lat + hullMargin * Math.sin((i * Math.PI) / 6)]);

/** The convex hull, closed (monotone chain). */
export function hullOf(points: readonly Position[]): Position[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (from: readonly Position[]): Position[] => {
    const chain: Position[] = [];
    for (const p of from) {
      for (;;) {
        const [a, b] = chain.slice(-2);
        if (!a || !b || (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        chain.pop();
      }
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  const ring = [...half(sorted), ...half(sorted.reverse())];
  return ring[0] ? [...ring, ring[0]] : [];
}

/** The box around everything that has a position; null: nothing has. */
export function boxOf(positions: Iterable<Position>): Box | null {
  let [west, south, east, north] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [lon, lat] of positions) { west = Math.min(west, lon); south = Math.min(south, lat); east = Math.max(east, lon); north = Math.max(north, lat); }
  return west <= east ? [west, south, east, north] : null;
}
