/** Positions as they come are in the system of their source; the house keeps WGS-84. A wrong system is half a kilometre: the other side of a mountain. */
import { convert, type CoordinateSystem, coordinateSystems } from '#core/coordinates.ts';
import { isObject } from './anling/fields.ts';
import type { Message } from './push.ts';
import type { Decoded } from './vendor.ts';

type Place = { lat: number; lon: number; crs?: string };
const rounded = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
const known = (name: string): CoordinateSystem | undefined => coordinateSystems.find((system) => system === name.toLowerCase().replace(/[^a-z0-9]/g, ''));

/** The same place in WGS-84; a system that we do not know stays as it was called. */
export function toWgs84<P extends Place>(place: P, system: string | undefined = place.crs): P {
  const from = known(system ?? 'wgs84');
  if (from === undefined || from === 'wgs84') return place;
  const [lon, lat] = convert([place.lon, place.lat], from, 'wgs84');
  return { ...place, lat: rounded(lat), lon: rounded(lon), crs: 'wgs84' };
}

const isPlace = (value: unknown): value is Place => isObject(value) && typeof value['lat'] === 'number' && typeof value['lon'] === 'number';

/** A message of an account whose platform reports in another system than it says (`settings.crs`). */
export function placed(message: Message, system: CoordinateSystem | undefined): Message {
  if (system === undefined || system === 'wgs84') return message;
  const event = <E extends { location?: Place }>(e: E): E => (e.location ? { ...e, location: toWgs84(e.location, system) } : e);
  const one = (decoded: Decoded): Decoded => {
    if (decoded.channel === 'event') return { ...decoded, event: event(decoded.event) };
    if (decoded.channel !== 'heartbeat' || !isPlace(decoded.extra?.['location'])) return decoded;
    return { ...decoded, extra: { ...decoded.extra, location: toWgs84(decoded.extra['location'], system) } };
  };
  return { ...message, decoded: message.decoded.map(one), states: message.states.map((s) => ({ ...s, event: event(s.event) })) };
}
