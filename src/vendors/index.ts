/** The dialects, one line each; a device's model names its own. */
import { anling } from './anling/index.ts';
import type { Vendor } from './vendor.ts';

export const vendors: Readonly<Record<string, Vendor>> = { anling };
