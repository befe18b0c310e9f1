/** The files as the API shows them (src/web/registry-schemas.ts): masked, and what a reveal opens. */
import type { DeviceEnd } from '#core/device-life.ts';
import type { DeviceFields, HomeFields, PersonFields } from '#core/registry.ts';

type Place = { regionCode: string | null; town: string | null; village: string | null };
type Row = { id: string; version: number; demo: boolean };
type Mode = { mode: 'away' | 'hospital' | 'evacuated' | null; modeUntil: number | null };
export type PersonFile = Row & Place & Mode & Omit<PersonFields, 'identityNo' | 'birthDate' | 'healthNote' | 'note' | 'consentBy'> & { birthYear: number | null; devices: number; contacts: number };
export type ContactFile = Row & {
  personId: string; ord: number; relation: string; name: string; phone: string; keyHolder: boolean; walkMinutes: number | null; language: string | null; verifiedAt: number | null; optedOutAt: number | null; absentUntil: number | null;
  emergenciesOnly: boolean; quietFrom: string | null; quietTo: string | null; withdrawnAt: number | null; withdrawnHow: 'desk' | 'text' | null; consentAt: number | null; consentHow: string | null; consentBy: string | null;
};
export type PersonPlain = Pick<PersonFields, 'name' | 'phone' | 'identityNo' | 'birthDate' | 'healthNote' | 'note' | 'consentBy'> & { contacts: { id: string; name: string; phone: string }[] };
export type HomeFile = Row & Place & Mode & Omit<HomeFields, 'address' | 'place' | 'landmark' | 'keyWith' | 'regionCode'> & { place: string | null; people: number; devices: number };
export type DeviceFile = Row & Omit<DeviceFields, 'phone'> & {
  type: string; ended: DeviceEnd | null; replacedBy: string | null; regionCode: string | null; testUntil: number | null; registeredAt: number; state: 'never' | 'online' | 'silent' | 'offline'; lastSeenAt: number | null; neverReported: boolean;
  lowBattery: boolean; battery: number | null; rssi: number | null; mains: boolean | null; fw: string | null;
};
export type ResponderFile = Row & Place & {
  role: string; ord: number; name: string; phone: string; landline: boolean; keypress: boolean; languages: string[]; walkMinutes: number | null; keyHolder: boolean; quietFrom: string | null; quietTo: string | null;
  verifiedAt: number | null; optedOutAt: number | null; absentUntil: number | null; told30: number; night30: number;
};
