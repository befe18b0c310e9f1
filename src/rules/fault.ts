/** Fault (故障): the device says that it does not work as it should. */
import { technical } from './technical.ts';

export const fault = technical('fault', 'D2');
