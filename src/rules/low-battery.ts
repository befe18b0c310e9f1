/** Low battery (低电量): a work order; the village hears of it once a day with all others (alerts/digest.ts), never at night. */
import { technical } from './technical.ts';

export const lowBattery = technical('low-battery', 'D1');
