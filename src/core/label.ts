/**
 * What codes on labels say (FEATURES 2.9): a device's label names the device and holds no secret; a home's door code is an address of the house
 * that ends in 26 characters of which nobody learns anything. Pure.
 */

const doorShape = /^[0-9abcdefghjkmnpqrstvwxyz]{26}$/;
/** Characters of a code that name it; the others are its signature. */
export const doorHandleChars = 10;

/** The code as it was scanned or typed (in capitals, with blanks, an O for a 0), else null. */
export function doorCode(text: string): string | null {
  const code = text.normalize('NFKC').toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
  return doorShape.test(code) ? code : null;
}

/** The address behind a door code. */
export const doorAddress = (publicUrl: string, code: string): string => `${publicUrl.replace(/\/+$/, '')}/d/${code}`;

/** In capitals and without marks, so that the code stays small. */
export const deviceLabel = (id: string): string => `ANLING:${id}`;

/** What somebody holds before the camera: our label, a door, or a maker's own code, which is taken for a serial number (of several values the first that could be one). */
export type Scanned = { kind: 'device'; id: string } | { kind: 'door'; code: string } | { kind: 'serial'; serial: string };
export function readScan(text: string): Scanned | null {
  const trimmed = text.trim();
  const device = /^anling:([A-Za-z0-9_-]{1,64})$/i.exec(trimmed)?.[1];
  if (device !== undefined) return { kind: 'device', id: device };
  const door = /\/d\/([^/?#]+)(?:[?#].*)?$/.exec(trimmed)?.[1];
  const code = door === undefined ? null : doorCode(door);
  if (code !== null) return { kind: 'door', code };
  const serial = trimmed.split(/[\s,;|]+/).map((part) => part.replace(/^(?:s\/?n|imei|序列号)[:：=]/i, '')).find((part) => /^[A-Za-z0-9_-]{4,64}$/.test(part));
  return serial === undefined ? null : { kind: 'serial', serial };
}
