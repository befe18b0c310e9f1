/**
 * What a device may be told about itself (desired) and says of itself (reported), setting by setting: which ones a device of this kind
 * has, and what a value must be. Pure; what goes down is `config` with one setting, so that each is taken or refused by itself.
 */
import type { DeviceType } from './decision.ts';
import { mayWait } from './device-models.ts';
import { phoneProblem } from './phone.ts';
import type { DoorKind } from './vendor-door.ts';

export const settingNames = ['heartbeatS', 'volume', 'fallSensitivity', 'callNumbers', 'confirmWindowS'] as const;
export type SettingName = (typeof settingNames)[number];
export const sensitivities = ['low', 'medium', 'high'] as const;
/** What decides which settings a device has, and how far they go. */
export type Configurable = { type: DeviceType; /** of its supervision class, seconds */ periodS: number; /** of its model */ confirmWindowS: number; voice: boolean; demo: boolean; /** the vendor's door it is bound to; null: our own protocol */ doorKind: DoorKind | null };
/** `agreed`: as it should be. `sent`: on its way. `waiting`: tried again later. `refused`: the device says no. `expired`: not taken in limits.configDays. `own`: only the device's word. */
export type SettingState = 'agreed' | 'sent' | 'waiting' | 'refused' | 'expired' | 'own';
export type ShownSetting = { name: SettingName; /** in words, for whoever types */ expected: string; desired: unknown; desiredAt: number | null; desiredBy: string | null; reported: unknown; reportedAt: number | null; state: SettingState | null };

const heartbeatMinS = 30;
const volumeMax = 10;
const callNumbersMax = 3;

/** The settings that can be told to this device. Clouds that push have no way down; watches know two. */
export function settingsOf(d: Configurable): SettingName[] {
  if (d.doorKind !== null && d.doorKind !== 'watch' && d.doorKind !== 'alink') return [];
  if (d.type === 'phone') return [];
  if (d.doorKind === 'watch') return ['heartbeatS', 'callNumbers'];
  return settingNames.filter((name) => (name === 'volume' ? d.voice : name === 'fallSensitivity' ? d.type === 'fall-radar' || d.type === 'watch' : name === 'callNumbers' ? d.type === 'watch' || d.type === 'sos-button' : name === 'confirmWindowS' ? mayWait(d.type) && d.confirmWindowS > 0 : true));
}

/** What a value of this setting must be, in words. */
export function expectedOf(name: SettingName, d: Configurable): string {
  switch (name) {
    case 'heartbeatS': return `whole seconds from ${heartbeatMinS} to ${d.periodS}, the period of its supervision class`;
    case 'volume': return `a whole number from 0 to ${volumeMax}`;
    case 'fallSensitivity': return sensitivities.join(', ');
    case 'callNumbers': return `1 to ${callNumbersMax} telephone numbers`;
    case 'confirmWindowS': return `whole seconds from 0 to ${d.confirmWindowS}, the window of its model`;
  }
}

const whole = (value: unknown, from: number, to: number): boolean => Number.isInteger(value) && (value as number) >= from && (value as number) <= to;

/** What is wrong with a desired value; null: nothing. */
export function settingProblem(name: SettingName, value: unknown, d: Configurable): string | null {
  if (!settingsOf(d).includes(name)) return 'nothing: this device cannot be told this';
  switch (name) {
    case 'heartbeatS': return whole(value, heartbeatMinS, d.periodS) ? null : expectedOf(name, d);
    case 'volume': return whole(value, 0, volumeMax) ? null : expectedOf(name, d);
    case 'fallSensitivity': return (sensitivities as readonly unknown[]).includes(value) ? null : expectedOf(name, d);
    case 'confirmWindowS': return whole(value, 0, d.confirmWindowS) ? null : expectedOf(name, d);
    case 'callNumbers': {
      if (!Array.isArray(value) || value.length < 1 || value.length > callNumbersMax) return expectedOf(name, d);
      for (const text of value) { const problem = typeof text === 'string' ? phoneProblem(text, d.demo) : expectedOf(name, d); if (problem !== null) return problem; }
      return null;
    }
  }
}

/** Whether what a device reports is what it should be; numbers may come as texts. */
export const sameSetting = (a: unknown, b: unknown): boolean => JSON.stringify(plain(a)) === JSON.stringify(plain(b));
const plain = (value: unknown): unknown => (Array.isArray(value) ? value.map(plain) : typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : (value ?? null));

/** The settings that we know among what a device says of itself; anything that is no plain value falls away. */
export function reportedOf(data: unknown): Partial<Record<SettingName, unknown>> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return {};
  return Object.fromEntries(settingNames.flatMap((name) => {
    if (!Object.hasOwn(data, name)) return [];
    const value = (data as Record<string, unknown>)[name];
    const small = typeof value === 'number' || (typeof value === 'string' && value.length <= 40) || (Array.isArray(value) && value.length <= 10 && value.every((v) => typeof v === 'string' && v.length <= 24));
    return small ? [[name, value]] : [];
  }));
}
