/** 成批认领: what may be taken by the dozen, and what one at a time only. Pure. */
import type { Alert } from './alert.ts';
import { kindInfo } from './event.ts';

/** Why this one is not taken with others; null: it may be. A person in need, a fire, an area in the dark are looked at one by one. */
export function notInBulk(alert: Pick<Alert, 'id' | 'kind' | 'priority' | 'state'>): string | null {
  const what = `alert ${alert.id} is ${kindInfo[alert.kind].zh}`;
  if (alert.priority <= 2) return `alarms of devices only: ${what}, P${alert.priority}; it is taken by itself`;
  return null;
}
