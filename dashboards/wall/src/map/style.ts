/**
 * The map's own style, pure: greys for places, colour for alarms alone, in the theme's palette. No glyph, sprite or style server: names are
 * drawn with the fonts of this PC, marks are painted by gl.ts. Boundaries of a base map's own are never drawn: only approved ones may be.
 */
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import type { Features } from './scene.ts';

/** The theme's colours, by the names of styles/tokens.css. */
export const paletteNames = ['ground', 'panel', 'line', 'line-strong', 'text', 'dim', 'quiet', 'quiet-strong', 'p1', 'p2', 'p3', 'p4'] as const;
export type Palette = Readonly<Record<(typeof paletteNames)[number], string>>;
/** As `GET /api/v1/map` answers. */
export type Ground = {
  base: { tiles: readonly string[]; vector: boolean; minzoom: number; maxzoom: number } | null;
  coordinateSystem: 'wgs84' | 'gcj02' | 'bd09'; source: string | null; approvalNumber: string | null;
  outline: { features: readonly unknown[]; source: string | null; approvalNumber: string | null } | null;
};
/** Sources whose data come while the map stands. */
export const sourceNames = ['outages', 'villages', 'responders', 'towns', 'alerts'] as const;
export type SourceName = (typeof sourceNames)[number];

const none: Features = { type: 'FeatureCollection', features: [] };
const geojson = (data: unknown, more: object = {}): SourceSpecification => ({ type: 'geojson', data: data as never, ...more });

export function styleOf(ground: Ground, palette: Palette, origin: string): StyleSpecification {
  const sources: Record<string, SourceSpecification> = Object.fromEntries(sourceNames.map((name) => [name, geojson(none, name === 'villages' ? { promoteId: 'code' } : {})]));
  if (ground.outline) sources['outline'] = geojson({ type: 'FeatureCollection', features: ground.outline.features });
  const { base } = ground;
  for (const [i, tiles] of (base?.tiles ?? []).entries())
    sources[`base${i}`] = { type: base?.vector ? 'vector' : 'raster', tiles: [origin + tiles], minzoom: base?.minzoom ?? 0, maxzoom: base?.maxzoom ?? 18, ...(base?.vector ? {} : { tileSize: 256 }) } as SourceSpecification;
  return {
    version: 8, sources,
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': palette.ground } },
      ...(base?.tiles ?? []).flatMap((_, i) => baseLayers(`base${i}`, base?.vector ?? false, palette)),
      ...(ground.outline ? outlineLayers(palette, base !== null) : []),
      ...placeLayers(palette), ...alertLayers(),
    ],
  };
}

function baseLayers(source: string, vector: boolean, palette: Palette): LayerSpecification[] {
  if (!vector) return [{ id: source, type: 'raster', source, paint: { 'raster-saturation': -0.7, 'raster-opacity': 0.85, 'raster-fade-duration': 0 } }];
  // Water and roads of the usual schemas; everything else of them, borders above all, stays away.
  return [
    { id: `${source}-water`, type: 'fill', source, 'source-layer': 'water', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': palette.panel } },
    ...['roads', 'transportation'].map((layer): LayerSpecification => ({ id: `${source}-${layer}`, type: 'line', source, 'source-layer': layer, paint: { 'line-color': palette.line, 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.5, 14, 2] } })),
  ];
}

function outlineLayers(palette: Palette, overBase: boolean): LayerSpecification[] {
  return [
    ...(overBase ? [] : [{ id: 'outline-fill', type: 'fill', source: 'outline', filter: ['match', ['geometry-type'], ['Polygon', 'MultiPolygon'], true, false], paint: { 'fill-color': palette.panel } } satisfies LayerSpecification]),
    { id: 'outline', type: 'line', source: 'outline', paint: { 'line-color': palette['line-strong'], 'line-width': 1.4 } },
  ];
}

const look: ExpressionSpecification = ['coalesce', ['feature-state', 'look'], 'empty'];
const size: ExpressionSpecification = ['sqrt', ['coalesce', ['feature-state', 'n'], 0]];
const font: { 'text-font': string[] } = { 'text-font': ['sans-serif'] };
const halo = (palette: Palette): { 'text-halo-color': string; 'text-halo-width': number } => ({ 'text-halo-color': palette.ground, 'text-halo-width': 1.6 });

function placeLayers(palette: Palette): LayerSpecification[] {
  return [
    { id: 'outages', type: 'fill', source: 'outages', paint: { 'fill-color': palette.dim, 'fill-opacity': 0.16 } },
    { id: 'outage-lines', type: 'line', source: 'outages', paint: { 'line-color': palette.dim, 'line-width': 1.6, 'line-dasharray': [3, 2] } },
    {
      id: 'villages', type: 'circle', source: 'villages',
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, ['+', 1.6, ['*', 0.35, size]], 12, ['+', 3, ['*', 1.1, size]]],
        'circle-color': ['match', look, ['full', 'part'], palette.quiet, 'empty', palette['line-strong'], palette.ground],
        'circle-stroke-color': ['match', look, 'never', palette['line-strong'], palette.dim], 'circle-stroke-width': ['match', look, ['part', 'hollow', 'presumed'], 1.6, 'never', 1.2, 0],
      },
    },
    { id: 'towns', type: 'symbol', source: 'towns', layout: { ...font, 'text-field': ['get', 'text'], 'text-anchor': 'bottom', 'text-offset': [0, -0.9], 'text-size': ['interpolate', ['linear'], ['zoom'], 8, 12, 12, 16], 'text-allow-overlap': true }, paint: { 'text-color': palette.text, ...halo(palette) } },
    { id: 'village-names', type: 'symbol', source: 'villages', minzoom: 10.6, layout: { ...font, 'text-field': ['get', 'name'], 'text-size': 11.5, 'text-offset': [0, 1.1], 'text-optional': true }, paint: { 'text-color': palette.dim, ...halo(palette) } },
    { id: 'gaps', type: 'symbol', source: 'villages', filter: ['!=', ['get', 'gap'], ''], minzoom: 9.2, layout: { ...font, 'text-field': ['get', 'gap'], 'text-size': 11.5, 'text-offset': [0, -1.1] }, paint: { 'text-color': palette.text, ...halo(palette) } },
    { id: 'responders', type: 'symbol', source: 'responders', layout: { ...font, 'icon-image': 'responder', 'icon-allow-overlap': true, 'text-field': ['get', 'n'], 'text-size': 11.5, 'text-offset': [1.2, 0.1], 'text-optional': true }, paint: { 'text-color': palette.text, ...halo(palette) } },
  ];
}

function alertLayers(): LayerSpecification[] {
  const layout = { 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'icon-offset': ['get', 'off'] as never, 'symbol-sort-key': ['get', 'rank'] as never };
  return [
    { id: 'halos', type: 'symbol', source: 'alerts', filter: ['!=', ['get', 'halo'], ''], layout: { ...layout, 'icon-image': ['concat', 'halo-', ['get', 'halo']] } },
    { id: 'alerts', type: 'symbol', source: 'alerts', layout: { ...layout, 'icon-image': ['get', 'icon'] } },
  ];
}
