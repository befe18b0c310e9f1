/** Ids of the house: branded strings, so that a device id cannot stand where an alert id belongs. */
declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

export type DeviceId = Brand<string, 'DeviceId'>;
export type PersonId = Brand<string, 'PersonId'>;
export type HomeId = Brand<string, 'HomeId'>;
/** Database identities travel as decimal strings: they outgrow a double only in theory, but JSON has no bigint. */
export type AlertId = Brand<string, 'AlertId'>;
export type EventId = Brand<string, 'EventId'>;
/** `responder:ID` or `contact:ID`: whoever can be called and can answer. */
export type Party = Brand<string, 'Party'>;
/** 12 digits: county 6, town 3, village 3. */
export type RegionCode = Brand<string, 'RegionCode'>;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford base32: no i, l, o, u

/** A random id of `length` base32 characters (5 bits each), e.g. newId('h', 10) -> 'h7k2m…'. */
export function newId(prefix: string, length = 12): string {
  let out = prefix;
  for (const byte of crypto.getRandomValues(new Uint8Array(length))) out += alphabet[byte & 31];
  return out;
}

const deviceIdShape = /^[A-Za-z0-9_-]{1,64}$/;

/** The device protocol's id shape (DEVICES 0); null when the text is none. */
export function deviceId(text: string): DeviceId | null {
  return deviceIdShape.test(text) ? (text as DeviceId) : null;
}

/** Whether `code` lies in `scope` (county 350425000000 covers 350425100001). Non-significant zeros are cut pairwise from the right. */
export function inScope(code: string | null | undefined, scope: string): boolean {
  return code?.startsWith(scopePrefix(scope)) ?? false;
}

/** The scope above all counties: of the first administrator while no county has been imported. */
export const everywhere = '000000000000' as RegionCode;

/** The significant digits of a region code: county 6, town 9, village 12; none for `everywhere`. */
export function scopePrefix(scope: string): string {
  if (scope === everywhere) return '';
  if (scope.endsWith('000000')) return scope.slice(0, 6);
  return scope.endsWith('000') ? scope.slice(0, 9) : scope;
}
