/** The status word of GPS watches (DEVICES 5.6), the same on their TCP protocol and in their clouds: which bit is which alarm. */
import type { DeviceKind } from '#core/event.ts';

/** The emergencies first. Bit 0 (and 17) is the battery, 1/2 and 18/19 the fences. */
export const watchAlarms: readonly { bit: number; kind: DeviceKind }[] = [
  { bit: 16, kind: 'sos' }, { bit: 21, kind: 'fall' }, { bit: 22, kind: 'fall' }, { bit: 18, kind: 'wander' }, { bit: 1, kind: 'wander' }, { bit: 20, kind: 'removed' },
  { bit: 17, kind: 'low-battery' }, { bit: 0, kind: 'low-battery' }, { bit: 14, kind: 'mains-lost' },
];

/** The bits that are set in a hexadecimal word of at most 32. */
export function bitsOf(word: unknown): number[] {
  if (typeof word !== 'string' || !/^[0-9a-f]{1,8}$/i.test(word)) return [];
  const value = Number.parseInt(word, 16);
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => Math.floor(value / 2 ** bit) % 2 === 1);
}
