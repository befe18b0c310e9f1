/** What the map draws: places in the right system, the gravest marks in the middle, nothing without a place lost, hulls that hold their villages. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convert, type Position } from '#core/coordinates.ts';
import { datianRegions } from '#core/demo-places.ts';
import { alertView } from '#wall/live/samples.ts';
import { canBePlaced, drawCounty, type Region } from './model.ts';
import { boxOf, hullOf, markFeatures, marksDrawn, outageFeatures, placeRegions, positionOf, responderFeatures, townFeatures, villageFeatures, villageLooks } from './scene.ts';
import { type Ground, type Palette, paletteNames, styleOf } from './style.ts';

const regions = datianRegions() as readonly Region[];
const at = placeRegions(regions, 'wgs84');
const [village = '', other = ''] = regions.filter((r) => r.level === 'village' && r.code.startsWith('350425201')).map((r) => r.code);
const inside = (p: Position, ring: readonly Position[]): boolean => ring.every((a, i) => { const b = ring[(i + 1) % ring.length] as Position; return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) >= -1e-12; });

describe('places', () => {
  it('stand in the base map’s system: the same village on a GCJ-02 sheet lies half a kilometre off', () => {
    expect(at.size).toBe(regions.length);
    expect(placeRegions(regions, 'gcj02').get(village)).toEqual(convert(at.get(village) as Position, 'wgs84', 'gcj02'));
    const home = { lat: 25.7, lon: 117.8, regionCode: village };
    expect([positionOf(home, at, 'wgs84'), positionOf(home, at, 'gcj02')]).toEqual([[117.8, 25.7], convert([117.8, 25.7], 'wgs84', 'gcj02')]);
  });

  it('fall back to the village, the town, and then to none: the county’s middle would be a lie', () => {
    const of = (regionCode: string | null): Position | null => positionOf({ lat: null, lon: null, regionCode }, at, 'wgs84');
    expect([of(village), of('350425201999'), of('350425000000'), of(null), of('110101001001')]).toEqual([at.get(village), at.get('350425201000'), at.get('350425000000') ?? null, null, null]);
    expect(canBePlaced(regions)).toBe(true);
    expect(canBePlaced(regions.map((r) => ({ ...r, lat: null, lon: null })))).toBe(false);
  });
});

describe('marks', () => {
  it('are one for each alert, the gravest in the middle of its spot and on top, held ones hollow, the open case ringed; the list has what is too much [D3]', () => {
    const alerts = [alertView({ id: '1', priority: 3, regionCode: village }), alertView({ id: '2', priority: 1, regionCode: village }), alertView({ id: '3', priority: 1, state: 'claimed', regionCode: village }), alertView({ id: '4', regionCode: null })];
    const { marks, elsewhere } = markFeatures(alerts, at, 'wgs84', '3');
    expect(marks.features.map((f) => [f.properties.id, f.properties.icon, f.properties.halo])).toEqual([['2', 'p1', 'ringing'], ['3', 'p1-held', 'chosen'], ['1', 'p3', '']]);
    expect(marks.features[0]?.properties.off).toEqual([0, 0]);
    expect(new Set(marks.features.map((f) => f.properties.off.join())).size).toBe(3);
    expect(elsewhere.map((a) => a.id)).toEqual(['4']);
    const flood = Array.from({ length: 1_000 }, (_, i) => alertView({ id: String(i), priority: i === 999 ? 1 : 2, regionCode: village }));
    const drawn = markFeatures(flood, at, 'wgs84', null).marks.features;
    expect([drawn.length, drawn[0]?.properties.id]).toEqual([marksDrawn, '999']);
  });
});

describe('aggregates', () => {
  it('give every village its grey state, every town its count, and gaps in words', () => {
    const county = drawCounty(regions, new Map([[village, { code: village, online: 3, offline: 1, never: 0, presumed: 0 }]]), []);
    expect(villageLooks(county).get(village)).toEqual({ look: 'part', n: 4 });
    expect(villageLooks(county).size).toBe(279);
    expect(townFeatures(county, at).features.map((f) => f.properties.text)).toContain('屏山乡 3/4');
    const gaps = new Map([[village, { cannotHear: 2, neverReported: 1 }], [other, { cannotHear: 0, neverReported: 0 }]]);
    const named = villageFeatures(county, at, gaps, (gap) => `${gap.cannotHear}+${gap.neverReported}`).features.filter((f) => f.properties.gap !== '');
    expect(named.map((f) => [f.properties.code, f.properties.gap])).toEqual([[village, '2+1']]);
    expect(responderFeatures([{ regionCode: village, absent: false }, { regionCode: village, absent: false }, { regionCode: other, absent: true }], at).features.map((f) => f.properties.n)).toEqual(['2']);
  });

  it('draw an outage around its villages, one too, and nothing for none', () => {
    const [area] = outageFeatures([[village, other, village]], at).features;
    const ring = area?.geometry.type === 'Polygon' ? (area.geometry.coordinates[0] ?? []) : [];
    for (const code of [village, other]) expect(inside(at.get(code) as Position, ring.slice(0, -1))).toBe(true);
    expect(outageFeatures([[], ['nowhere']], at).features).toEqual([]);
    fc.assert(fc.property(fc.array(fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })), { minLength: 3, maxLength: 30 }), (points) => {
      const hull = hullOf(points);
      if (hull.length > 3) for (const p of points) expect(inside(p, hull.slice(0, -1))).toBe(true);
    }));
    expect(boxOf([])).toBeNull();
    expect(boxOf([[1, 2], [3, 1]])).toEqual([1, 1, 3, 2]);
  });
});

describe('the style', () => {
  const palette = Object.fromEntries(paletteNames.map((name) => [name, '#123456'])) as Palette;
  const ground = (given: Partial<Ground>): Ground => ({ base: null, coordinateSystem: 'wgs84', source: null, approvalNumber: null, outline: null, ...given });

  it('asks nobody for glyphs or sprites, takes tiles from our own origin, and draws no border that a base map brings along [FF4 W15]', () => {
    expect(JSON.stringify(styleOf(ground({}), palette, 'https://house'))).not.toMatch(/glyphs|sprite|https?:/);
    const vector = styleOf(ground({ base: { tiles: ['/tiles/base/{z}/{x}/{y}'], vector: true, minzoom: 5, maxzoom: 14 } }), palette, 'https://house');
    expect(vector.sources['base0']).toMatchObject({ type: 'vector', tiles: ['https://house/tiles/base/{z}/{x}/{y}'] });
    expect(vector.layers.map((layer) => ('source-layer' in layer ? layer['source-layer'] : null)).filter(Boolean)).toEqual(['water', 'roads', 'transportation']);
    const two = styleOf(ground({ base: { tiles: ['/tiles/vec/{z}/{x}/{y}', '/tiles/cva/{z}/{x}/{y}'], vector: false, minzoom: 1, maxzoom: 18 }, outline: { features: [], source: null, approvalNumber: 'x' } }), palette, 'https://house');
    const ids = two.layers.map((layer) => layer.id);
    expect(ids.slice(0, 4)).toEqual(['ground', 'base0', 'base1', 'outline']);
    expect(ids.at(-1)).toBe('alerts');
  });
});
