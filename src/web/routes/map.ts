/**
 * What the map is drawn on: the base map's tiles, the county's outline as the county brought it, and the source and approval number
 * (审图号) that must be shown with either. Without configuration there is none of it: a schematic picture (示意图), no border invented.
 */
import { readFileSync } from 'node:fs';
import { Type } from 'typebox';
import { convertAll, type CoordinateSystem, coordinateSystems } from '#core/coordinates.ts';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import { alertReaders } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { openTiles } from '#web/tiles.ts';

const Feature = Type.Object({ type: Type.Literal('Feature'), properties: Type.Object({}), geometry: Type.Object({ type: Type.String(), coordinates: Type.Array(Type.Any()) }) });
const View = Shape({
  base: Nullable(Shape({ tiles: Type.Array(Type.String({ description: 'address template, one a layer, drawn in this order' })), vector: Type.Boolean(), minzoom: Type.Integer(), maxzoom: Type.Integer() })),
  coordinateSystem: OneOf(coordinateSystems, 'of the base map: what is drawn above it is shifted to it'), source: Nullable(Type.String()), approvalNumber: Nullable(Type.String()),
  outline: Nullable(Shape({ features: Type.Array(Feature), source: Nullable(Type.String()), approvalNumber: Nullable(Type.String()) }, 'in the base map’s coordinate system')),
});

export function registerMap(app: App, ctx: WebContext): void {
  const { map, data } = ctx.settings;
  const tiles = map?.base ? openTiles(map.base, data === null ? null : `${data}/tiles`) : null;
  const system = map?.base?.coordinateSystem ?? 'wgs84';
  const outline = map?.outline ? readOutline(map.outline, system) : null;
  app.addHook('onClose', async () => { await tiles?.close(); });
  app.get('/api/v1/map', {
    config: { access: alertReaders }, schema: { summary: 'What the map is drawn on: base map, outline, source and approval number', tags: ['map'], response: { 200: View, ...errorAnswers } },
  }, async () => {
    const shape = await tiles?.shape().catch((error: unknown) => { ctx.log.warn({ err: error }, 'the base map cannot be read'); return null; });
    return {
      base: shape ? { tiles: shape.layers.map((layer) => `/tiles/${layer}/{z}/{x}/{y}`), vector: shape.vector, minzoom: shape.minzoom, maxzoom: shape.maxzoom } : null,
      coordinateSystem: system, source: map?.source ?? null, approvalNumber: map?.approvalNumber ?? null, outline,
    };
  });
  app.get('/tiles/:layer/:z/:x/:y', {
    config: { access: alertReaders },
    schema: {
      summary: 'One tile of the base map, through this server', tags: ['map'], produces: ['image/png'],
      params: Shape({ layer: OneOf(['base', 'vec', 'cva']), z: Type.Integer({ minimum: 0, maximum: 20 }), x: Type.Integer({ minimum: 0, maximum: 1_048_575 }), y: Type.Integer({ minimum: 0, maximum: 1_048_575 }) }),
      response: { 200: Type.Any(), 204: Type.Null(), ...errorAnswers },
    },
    serializerCompiler: () => (body: unknown) => body as string,
  }, async (request, reply) => {
    const { layer, z, x, y } = request.params;
    if (tiles === null || x >= 2 ** z || y >= 2 ** z) throw new ApiError('E_NOT_FOUND', 'No such tile.');
    const tile = await tiles.read(layer, z, x, y);
    if (tile === 'none') return reply.code(204).send(null);
    if (tile === 'spent') throw new ApiError('E_OVERLOADED', 'The base map’s fetches of today are used up (ANLING_MAP_DAILY); what was seen before is still shown.');
    if (tile === 'failed') throw new ApiError('E_OVERLOADED', 'The base map’s server does not answer.');
    return reply.header('content-type', tile.type).header('cache-control', `private, max-age=${limits.tileBrowserS}`).send(tile.bytes);
  });
}

/** GeoJSON with three members of its own: coordinateSystem, approvalNumber, source. Wrong files stop the start: a border in the wrong place is worse than none. */
function readOutline(file: string, to: CoordinateSystem): { features: never[]; source: string | null; approvalNumber: string | null } {
  const wrong = (why: string): never => { throw new OperatingError('E_CONFIG', `ANLING_MAP_OUTLINE (${file}): ${why}`); };
  let text: Record<string, unknown> = {};
  try { text = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>; } catch (error) { wrong((error as Error).message); }
  const { coordinateSystem, approvalNumber, source } = text;
  if (!coordinateSystems.includes(coordinateSystem as CoordinateSystem)) wrong(`expected "coordinateSystem": one of ${coordinateSystems.join(', ')} beside "type"`);
  if (typeof approvalNumber !== 'string' || approvalNumber === '') wrong('expected "approvalNumber": its 审图号, or "内部使用" for a sheet the county may only use inside');
  const features = text['type'] === 'FeatureCollection' ? text['features'] : [text['type'] === 'Feature' ? text : { geometry: text }];
  if (!Array.isArray(features)) return wrong('expected GeoJSON: a FeatureCollection, a Feature or a geometry');
  return {
    features: features.map((feature: { geometry?: { type?: string; coordinates?: unknown } } | null) => {
      const geometry = feature?.geometry;
      if (!geometry || !/^(Multi)?(Polygon|LineString)$/.test(geometry.type ?? '')) return wrong('expected polygons or lines only');
      return { type: 'Feature' as const, properties: {}, geometry: { type: geometry.type, coordinates: convertAll(geometry.coordinates, coordinateSystem as CoordinateSystem, to) } };
    }) as never[],
    source: typeof source === 'string' ? source : null, approvalNumber: approvalNumber as string,
  };
}
