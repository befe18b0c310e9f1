/** Our own protocol v1 (DEVICES 0, docs/protocol.md): JSON in UTF-8. */
import type { Vendor } from '#vendors/vendor.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';

export const anling: Vendor = { name: 'anling', decode, encode };
