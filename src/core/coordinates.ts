/**
 * Positions in the three coordinate systems of Chinese maps. The house keeps WGS84; tiles of Amap or Tencent are GCJ-02, files of Baidu
 * BD-09. At Datian the first two lie 590 m apart: one wrong flag sends the ambulance to the next valley (UI 1.5).
 */
import library from 'gcoord';

export const coordinateSystems = ['wgs84', 'gcj02', 'bd09'] as const;
export type CoordinateSystem = (typeof coordinateSystems)[number];
/** As GeoJSON has it: longitude first. */
export type Position = [lon: number, lat: number];

/** Its types speak of another module format than it has. */
const gcoord = library as unknown as (typeof library)['default'];
const known = { wgs84: gcoord.WGS84, gcj02: gcoord.GCJ02, bd09: gcoord.BD09 } as const;

/** The same place in another system; outside China nothing is shifted. */
export function convert([lon, lat]: Position, from: CoordinateSystem, to: CoordinateSystem): Position {
  return from === to ? [lon, lat] : gcoord.transform([lon, lat], known[from], known[to]) as Position;
}

/** Every position of a GeoJSON geometry's nested arrays, in another system. */
export function convertAll(coordinates: unknown, from: CoordinateSystem, to: CoordinateSystem): unknown {
  if (!Array.isArray(coordinates)) return coordinates;
  return typeof coordinates[0] === 'number' ? convert(coordinates as Position, from, to) : coordinates.map((inner) => convertAll(inner, from, to));
}

/** Metres between two places of one system, good enough for a county. */
export function metresBetween([lonA, latA]: Position, [lonB, latB]: Position): number {
  const perDegree = 111_320;
  return Math.hypot((lonA - lonB) * Math.cos((((latA + latB) / 2) * Math.PI) / 180), latA - latB) * perDegree;
}
