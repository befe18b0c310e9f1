/** GCJ-02 and BD-09 become WGS-84 at the edge: the published golden points (DEVICES 5.0), within the two metres of the plain inverse; Baidu's published formulas differ by ten among themselves. */
import { describe, expect, it } from 'vitest';
import { emptySettings } from '#core/vendor-door.ts';
import { anling } from './anling/index.ts';
import { fixtureNow } from './fixture.ts';
import { bytesOf } from './push.ts';
import { pushVendors } from './push-vendors.ts';
import { toWgs84 } from './places.ts';

const metres = (a: { lat: number; lon: number }, b: { lat: number; lon: number }): number => Math.hypot((a.lat - b.lat) * 111_195, (a.lon - b.lon) * 111_195 * Math.cos((a.lat * Math.PI) / 180));
const golden = [
  ['gcj02', { lat: 31.175304, lon: 121.531542 }, { lat: 31.1774276, lon: 121.5272106 }], ['gcj02', { lat: 22.540796, lon: 113.917177 }, { lat: 22.543847, lon: 113.912316 }],
  ['gcj02', { lat: 39.913345, lon: 116.384047 }, { lat: 39.911954, lon: 116.377817 }], ['bd09', { lat: 29.199786, lon: 120.019809 }, { lat: 29.196132, lon: 120.008779 }],
] as const;

const within = (crs: string): number => (crs === 'bd09' ? 15 : 2);

describe('positions of vendors [A9]', () => {
  it.each(golden)('%s %j', (crs, given, wgs84) => {
    const found = toWgs84({ ...given, crs });
    expect(found.crs).toBe('wgs84');
    expect(metres(given, wgs84)).toBeGreaterThan(300);
    expect(metres(found, wgs84)).toBeLessThan(within(crs));
  });

  it.each(golden)('in our own protocol, named by the device: %s %j', (crs, given, wgs84) => {
    for (const name of [crs, crs.toUpperCase(), crs.replace('0', '-0')]) {
      const said = anling.decode('event', bytesOf({ kind: 'sos', location: { ...given, crs: name } }), fixtureNow);
      expect(said).toMatchObject({ event: { location: { crs: 'wgs84' } } });
      expect(metres((said as { event: { location: { lat: number; lon: number } } }).event.location, wgs84)).toBeLessThan(within(crs));
    }
  });

  it('of a platform that does not say so, by the door’s setting; without it they stay', () => {
    const [, given, wgs84] = golden[0];
    const read = (crs?: 'gcj02') => pushVendors.ctwing?.read(bytesOf({ timestamp: fixtureNow, deviceId: 'd', IMEI: '860000000000001', messageType: 'dataReport', payload: { sos: 1, latitude: given.lat, longitude: given.lon, battery_value: 4 } }), { ...emptySettings, ...(crs && { crs }) }, fixtureNow)[0];
    const moved = read('gcj02');
    for (const place of [moved?.states[0]?.event.location, moved?.decoded.flatMap((d) => (d.channel === 'heartbeat' ? [d.extra?.['location'] as never] : []))[0]]) expect(metres(place ?? { lat: 0, lon: 0 }, wgs84)).toBeLessThan(2);
    expect(read()?.states[0]?.event.location).toMatchObject(given);
  });

  it('another system’s name is kept as it was called', () => expect(toWgs84({ lat: 1, lon: 2, crs: 'cgcs2000' })).toEqual({ lat: 1, lon: 2, crs: 'cgcs2000' }));
});
