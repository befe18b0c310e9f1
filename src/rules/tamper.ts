/** Tamper (防拆): somebody opened or took down a device. */
import { technical } from './technical.ts';

export const tamper = technical('tamper', 'D2');
