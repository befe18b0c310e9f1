/** Golden points against the formula as it was published, written down a second time here, and that nothing is lost on the way back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convert, convertAll, type CoordinateSystem, type Position } from './coordinates.ts';

/** East and north, in metres. */
function offset([lon1, lat1]: Position, [lon2, lat2]: Position): [number, number] {
  return [(lon2 - lon1) * 111_320 * Math.cos((lat1 * Math.PI) / 180), (lat2 - lat1) * 110_950];
}

/** The deviation of GCJ-02 (Krasovsky 1940), independent of the library. */
function published([lon, lat]: Position): Position {
  const [x, y, a, ee] = [lon - 105, lat - 35, 6_378_245, 0.006_693_421_622_965_943];
  const waves = (base: number): number => ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3 + base;
  const dLat = waves(-100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x))) + ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3 + ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
  const dLon = waves(300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x))) + ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3 + ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
  const radians = (lat / 180) * Math.PI;
  const magic = 1 - ee * Math.sin(radians) ** 2;
  return [lon + (dLon * 180) / ((a / Math.sqrt(magic)) * Math.cos(radians) * Math.PI), lat + (dLat * 180) / (((a * (1 - ee)) / (magic * Math.sqrt(magic))) * Math.PI)];
}

describe('coordinate systems', () => {
  it.each<[string, Position, Position]>([
    ['大田', [117.84, 25.69], [117.84484, 25.68697]],
    ['天安门', [116.39123, 39.90722], [116.39747, 39.90862]],
    ['外滩', [121.48505, 31.23628], [121.48954, 31.23431]],
  ])('WGS84 → GCJ-02 at %s, as the published formula has it', (_name, wgs84, gcj02) => {
    for (const [lon, lat] of [gcj02, published(wgs84)]) {
      const [east, north] = offset([lon, lat], convert(wgs84, 'wgs84', 'gcj02'));
      expect(Math.hypot(east, north)).toBeLessThan(1);
    }
  });

  it('at Datian the systems lie half a kilometre east and a third south of each other: a wrong flag is seen', () => {
    const [east, north] = offset([117.84, 25.69], convert([117.84, 25.69], 'wgs84', 'gcj02'));
    expect([Math.round(east / 10), Math.round(north / 10)]).toEqual([49, -34]);
  });

  it('comes back to within two decimetres from every system, anywhere in the county', () => {
    fc.assert(fc.property(fc.double({ min: 117.49, max: 118.05, noNaN: true }), fc.double({ min: 25.47, max: 26.17, noNaN: true }), fc.constantFrom<CoordinateSystem>('gcj02', 'bd09'), (lon, lat, system) => {
      const [east, north] = offset([lon, lat], convert(convert([lon, lat], 'wgs84', system), system, 'wgs84'));
      expect(Math.hypot(east, north)).toBeLessThan(0.2); // the worst of 400,000 places: 0.15 m
    }));
  });

  it('leaves its own system and places abroad alone, and follows nested rings', () => {
    expect(convert([117.84, 25.69], 'gcj02', 'gcj02')).toEqual([117.84, 25.69]);
    expect(convert([2.35, 48.85], 'wgs84', 'gcj02')).toEqual([2.35, 48.85]);
    const [[[ring]]] = convertAll([[[[117.84, 25.69]]]], 'wgs84', 'gcj02') as [[[Position]]];
    expect(ring).toEqual(convert([117.84, 25.69], 'wgs84', 'gcj02'));
  });
});
