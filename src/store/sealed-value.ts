/** Any value as one sealed column or file: what only this house reads again, with its maps, buffers and dates. `label` binds it to its place. */
import { deserialize, serialize } from 'node:v8';
import type { Seal } from './seal.ts';

export function sealed(seal: Seal, label: string, value: unknown): Buffer {
  return seal.seal(label, serialize(value).toString('base64'));
}
/** Throws when it is of another label or key, or damaged. */
export function unsealed<T>(seal: Seal, label: string, bytes: Uint8Array): T {
  return deserialize(Buffer.from(seal.open(label, bytes), 'base64')) as T;
}
