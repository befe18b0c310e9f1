/** The catalogue of device models (型号目录): what a type may say, which of them may have a window of its own, and what of a model may be changed. Pure. */
import type { DeviceType } from './decision.ts';
import type { EventKind } from './event.ts';
import { charCount } from './registry.ts';

/** The alarms of a type, the one it is bought for first; what every device may say besides (battery, tamper, fault, test) is not named. */
export const alarmsOf: Readonly<Record<DeviceType, readonly EventKind[]>> = {
  'sos-button': ['sos'], 'fall-radar': ['fall', 'motionless', 'vital-high', 'vital-low'], smoke: ['smoke'], gas: ['gas'], watch: ['sos', 'fall', 'wander', 'removed', 'vital-high', 'vital-low'],
  bed: ['bed-exit', 'vital-high', 'vital-low'], door: ['motionless'], gateway: ['sos'], phone: ['phone-in'],
};
/** Types whose fall may wait so long for the person's own word (law 5: declared, and for nothing else). */
export const mayWait = (type: DeviceType): boolean => alarmsOf[type].includes('fall');
export const confirmWindowMaxS = 30;
/** Types that feel by themselves, and so may have a learning period (C12); whose alarms a person presses have none. */
export const mayLearn = (type: DeviceType): boolean => type === 'fall-radar' || type === 'bed' || type === 'watch' || type === 'door';
export const learningDaysMax = 60;

export type ModelChange = { name?: string | undefined; supervisionClass?: string | undefined; confirmWindowS?: number | undefined; batteryKind?: string | null | undefined; batteryDays?: number | null | undefined; learningDays?: number | undefined };

/** What is wrong with a change of a model of this type, by field. */
export function modelProblems(type: DeviceType, change: ModelChange, classes: readonly string[]): { field: string; expected: string }[] {
  const problems: { field: string; expected: string }[] = [];
  if (change.name !== undefined && (change.name.trim() === '' || charCount(change.name) > 40)) problems.push({ field: 'name', expected: 'a name of at most 40 characters' });
  if (change.supervisionClass !== undefined && !classes.includes(change.supervisionClass)) problems.push({ field: 'supervisionClass', expected: `one of ${classes.join(', ')}` });
  if (change.batteryKind != null && (change.batteryKind.trim() === '' || charCount(change.batteryKind) > 40)) problems.push({ field: 'batteryKind', expected: 'at most 40 characters, like CR123A' });
  if (change.batteryDays != null && (!Number.isInteger(change.batteryDays) || change.batteryDays < 1 || change.batteryDays > 7_300)) problems.push({ field: 'batteryDays', expected: 'whole days from 1 to 7300' });
  const { confirmWindowS: s, learningDays: days } = change;
  if (days !== undefined && (!Number.isInteger(days) || days < 0 || days > learningDaysMax)) problems.push({ field: 'learningDays', expected: `whole days from 0 to ${learningDaysMax}` });
  else if (days !== undefined && days > 0 && !mayLearn(type)) problems.push({ field: 'learningDays', expected: '0: what a person presses is never in doubt' });
  if (s !== undefined && (!Number.isInteger(s) || s < 0 || s > confirmWindowMaxS)) problems.push({ field: 'confirmWindowS', expected: `whole seconds from 0 to ${confirmWindowMaxS}` });
  else if (s !== undefined && s > 0 && !mayWait(type)) problems.push({ field: 'confirmWindowS', expected: '0: only a fall may wait for the person’s own word' });
  return problems;
}
