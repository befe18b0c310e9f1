/** Schemas of the county's files: what a body may hold, and what lists and single answers show (masked). */
import { type TSchema, Type } from 'typebox';
import { deviceEnds } from '#core/device-life.ts';
import { limits } from '#core/limits.ts';
import { abilities, categories, consentWays, deviceStatuses, hearings, livingKinds, personStatuses, relations, responderRoles, riskTags } from '#core/registry.ts';
import { regionLevels } from '#core/region.ts';
import { EpochMs, Nullable, OneOf, RegionCodeText, Shape } from './schemas.ts';

const Opt = <T extends TSchema>(schema: T) => Type.Optional(Nullable(schema));
const text = (max: number, description: string) => Type.String({ minLength: 1, maxLength: max, description });
const whole = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum });

export const OwnId = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'an id of letters, digits, _ and -' });
export const VersionNumber = Type.Integer({ minimum: 1, description: 'the version you saw; another one is 409' });
const Demo = Type.Boolean({ description: 'demonstration data: never reaches a real telephone' });
const PhoneText = Type.String({ minLength: 1, maxLength: 24, description: 'a telephone number' });
const HourText = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'HH:mm of the county’s day' });
export const Day = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d$', description: 'a day, yyyy-MM-dd' });
export const IdParams = Shape({ id: Type.String({ minLength: 1, maxLength: 64 }) });
export const Next = { next: Nullable(Type.String({ description: 'cursor of the next page' })) };
export const pageQuery = {
  q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'an id, a number, an exact name, a surname, initials (cjs), a telephone number or its last four digits, a device’s serial number; several words must all fit' })),
  region: Type.Optional(RegionCodeText), cursor: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,160}$', description: 'the `next` of the answer before' })), limit: Type.Optional(whole(1, limits.pageRows)),
};

/** The same fields, all optional, with the version that was seen. */
export const patchOf = <T extends Record<string, TSchema>>(fields: T) => Shape({ version: VersionNumber, ...Type.Partial(Type.Object(fields)).properties });
export const bulkOf = <T extends TSchema>(row: T) => Shape({ rows: Type.Array(row, { minItems: 1, maxItems: limits.bulkRows }) });

export const homeFields = {
  regionCode: RegionCodeText, address: text(200, 'the full address'), place: Type.Optional(text(40, '短信用地点, at most 14 characters; without it the end of the address')),
  landmark: Opt(text(200, 'landmark')), roadEnd: Opt(text(60, '车能到哪')), walkMinutes: Opt(whole(0, 600)), keyWith: Opt(text(100, '钥匙在谁家')), dog: Type.Optional(Type.Boolean()),
  lat: Opt(Type.Number({ minimum: -90, maximum: 90 })), lon: Opt(Type.Number({ minimum: -180, maximum: 180 })), crs: Type.Optional(OneOf(['wgs84', 'gcj02', 'bd09'])),
  cell: Opt(text(40, 'base station cell')), powerArea: Opt(text(40, 'transformer area')),
};
export const HomeBody = Shape({ id: Type.Optional(OwnId), ...homeFields, demo: Type.Optional(Demo) });
export const ModeName = OneOf(['away', 'hospital', 'evacuated']);
const Mode = { mode: Nullable(ModeName), modeUntil: Nullable(EpochMs) };
export const HomeView = Shape({
  id: Type.String(), regionCode: RegionCodeText, town: Nullable(Type.String()), village: Nullable(Type.String()), place: Nullable(Type.String({ description: 'for the desk only' })),
  roadEnd: Nullable(Type.String()), walkMinutes: Nullable(Type.Integer()), dog: Type.Boolean(), lat: Nullable(Type.Number()), lon: Nullable(Type.Number()), crs: Type.String(),
  cell: Nullable(Type.String()), powerArea: Nullable(Type.String()), ...Mode, people: Type.Integer(), devices: Type.Integer(), version: Type.Integer(), demo: Type.Boolean(), createdAt: EpochMs,
});
export const HomePlain = Shape({ address: Type.String(), place: Type.String(), landmark: Nullable(Type.String()), keyWith: Nullable(Type.String()) });

export const personFields = {
  number: Opt(Type.String({ pattern: '^[A-Za-z0-9-]{1,40}$', description: 'the file number' })), homeId: Opt(OwnId), name: text(60, 'the name'), phone: Opt(PhoneText),
  identityNo: Opt(Type.String({ minLength: 15, maxLength: 18, description: 'an identity number' })), sex: Opt(OneOf(['male', 'female'])), birthDate: Opt(Day),
  category: Type.Optional(Type.Array(OneOf(categories), { maxItems: 10 })), living: Opt(OneOf(livingKinds)), registeredRegionCode: Opt(RegionCodeText), ability: Opt(OneOf(abilities)),
  riskTags: Type.Optional(Type.Array(OneOf(riskTags), { maxItems: 12 })), highRisk: Type.Optional(Type.Boolean({ description: 'without it decided by ability, living and tags' })),
  language: Opt(text(20, 'speech')), hearing: Opt(OneOf(hearings)), healthNote: Opt(text(1000, 'health note')), note: Opt(text(1000, 'note')),
  status: Type.Optional(OneOf(personStatuses)), statusSince: Opt(Day), consentAt: Opt(EpochMs), consentBy: Opt(text(60, 'who consented')),
  routineBy: Opt(Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'HH:mm by which a sign of movement is due' })),
};
export const PersonBody = Shape({ id: Type.Optional(OwnId), ...personFields, demo: Type.Optional(Demo) });
export const PersonView = Shape({
  id: Type.String(), number: Nullable(Type.String()), homeId: Nullable(Type.String()), regionCode: Nullable(RegionCodeText), town: Nullable(Type.String()), village: Nullable(Type.String()),
  name: Type.String({ description: 'masked' }), phone: Nullable(Type.String({ description: 'masked' })), sex: Nullable(OneOf(['male', 'female'])), birthYear: Nullable(Type.Integer()),
  category: Type.Array(Type.String()), living: Nullable(Type.String()), registeredRegionCode: Nullable(Type.String()), ability: Nullable(Type.String()), riskTags: Type.Array(Type.String()),
  highRisk: Type.Boolean(), language: Nullable(Type.String()), hearing: Nullable(Type.String()), status: OneOf(personStatuses), statusSince: Nullable(Type.String()),
  consentAt: Nullable(EpochMs), routineBy: Nullable(Type.String()), ...Mode,
  devices: Type.Integer({ description: 'not revoked, of the person or of the home' }), contacts: Type.Integer(), version: Type.Integer(), demo: Type.Boolean(), createdAt: EpochMs,
});
export const PersonPlain = Shape({
  name: Type.String(), phone: Nullable(Type.String()), identityNo: Nullable(Type.String()), birthDate: Nullable(Type.String()), healthNote: Nullable(Type.String()),
  note: Nullable(Type.String()), consentBy: Nullable(Type.String()),
});

export const contactFields = {
  ord: Type.Optional(whole(1, 99)), relation: OneOf(relations), name: text(60, 'the name'), phone: PhoneText, keyHolder: Type.Optional(Type.Boolean()), walkMinutes: Opt(whole(0, 600)),
  language: Opt(text(20, 'speech')), emergenciesOnly: Type.Optional(Type.Boolean()), quietFrom: Opt(HourText), quietTo: Opt(HourText), verifiedAt: Opt(EpochMs), absentUntil: Opt(EpochMs),
  withdrawnAt: Opt(EpochMs), consentAt: Opt(EpochMs), consentHow: Opt(OneOf(consentWays, 'how he said that he agrees')),
};
export const ContactBody = Shape({ id: Type.Optional(OwnId), personId: OwnId, ...contactFields });
export const ContactView = Shape({
  id: Type.String(), personId: Type.String(), ord: Type.Integer(), relation: OneOf(relations), name: Type.String({ description: 'masked' }), phone: Type.String({ description: 'masked' }),
  keyHolder: Type.Boolean(), walkMinutes: Nullable(Type.Integer()), language: Nullable(Type.String()), verifiedAt: Nullable(EpochMs), optedOutAt: Nullable(EpochMs),
  absentUntil: Nullable(EpochMs), emergenciesOnly: Type.Boolean(), quietFrom: Nullable(Type.String()), quietTo: Nullable(Type.String()),
  withdrawnAt: Nullable(Type.Integer({ description: 'consent withdrawn: neither called nor texted any more' })), withdrawnHow: Nullable(OneOf(['desk', 'text'], 'by whose hand: the desk’s, or his own by text')),
  consentAt: Nullable(EpochMs), consentHow: Nullable(OneOf(consentWays)), consentBy: Nullable(Type.String({ description: 'who wrote the consent down' })), version: Type.Integer(), demo: Type.Boolean(),
});
export const ContactPlain = Shape({ id: Type.String(), relation: OneOf(relations), name: Type.String(), phone: Type.String(), keyHolder: Type.Boolean() });

export const responderFields = {
  role: OneOf(responderRoles), regionCode: RegionCodeText, ord: Type.Optional(whole(1, 999)), name: text(60, 'the name'), phone: PhoneText,
  landline: Type.Optional(Type.Boolean()), keypress: Type.Optional(Type.Boolean()), languages: Type.Optional(Type.Array(text(20, 'speech'), { maxItems: 10 })),
  walkMinutes: Opt(whole(0, 600)), keyHolder: Type.Optional(Type.Boolean()), quietFrom: Opt(HourText), quietTo: Opt(HourText), verifiedAt: Opt(EpochMs), absentUntil: Opt(EpochMs),
};
export const ResponderBody = Shape({ id: Type.Optional(OwnId), ...responderFields, demo: Type.Optional(Demo) });
export const ResponderView = Shape({
  id: Type.String(), role: OneOf(responderRoles), regionCode: RegionCodeText, town: Nullable(Type.String()), village: Nullable(Type.String()), ord: Type.Integer(),
  name: Type.String({ description: 'masked' }), phone: Type.String({ description: 'masked' }), landline: Type.Boolean(), keypress: Type.Boolean(), languages: Type.Array(Type.String()),
  walkMinutes: Nullable(Type.Integer()), keyHolder: Type.Boolean(), quietFrom: Nullable(Type.String()), quietTo: Nullable(Type.String()),
  verifiedAt: Nullable(EpochMs), optedOutAt: Nullable(EpochMs), absentUntil: Nullable(EpochMs), version: Type.Integer(), demo: Type.Boolean(), createdAt: EpochMs, told30: Type.Integer({ description: 'alarms he was told of in the last 30 whole days' }), night30: Type.Integer({ description: 'of them by night' }),
});

export const DoorName = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$', description: 'a vendor’s door (/vendors/{name})' });
export const deviceFields = {
  homeId: Opt(OwnId), personId: Opt(OwnId), room: Opt(text(40, 'room')), cell: Opt(text(40, 'base station cell')), serial: Opt(text(64, 'serial number')), simUntil: Opt(Day), phone: Opt(PhoneText), status: Type.Optional(OneOf(['stock', 'installed'])),
  door: Opt(DoorName), doorKey: Opt(Type.String({ pattern: '^[!-~]{1,128}$', description: 'what the vendor calls it: the IMEI where there is one, else its own id' })), doorSecret: Opt(Type.String({ minLength: 1, maxLength: 200, description: 'Alink devices: the secret that their password is made with' })),
};
export const DeviceBody = Shape({ id: Type.Optional(OwnId), model: text(64, 'a device model'), ...deviceFields, demo: Type.Optional(Demo) });
export const presenceNames = ['never', 'online', 'silent', 'offline', 'never-reported'] as const;
export const DeviceView = Shape({
  id: Type.String(), model: Type.String(), type: Type.String(), homeId: Nullable(Type.String()), personId: Nullable(Type.String()), regionCode: Nullable(RegionCodeText), room: Nullable(Type.String()),
  cell: Nullable(Type.String()), serial: Nullable(Type.String()), simUntil: Nullable(Type.String({ description: 'the last day that its SIM is paid for' })), door: Nullable(Type.String()), doorKey: Nullable(Type.String()), status: OneOf(deviceStatuses), ended: Nullable(OneOf(deviceEnds, 'why it is revoked for good; null: it is not')), replacedBy: Nullable(Type.String({ description: 'the device that took its place' })), testUntil: Nullable(EpochMs), registeredAt: EpochMs,
  state: OneOf(['never', 'online', 'silent', 'offline']), lastSeenAt: Nullable(EpochMs), neverReported: Type.Boolean({ description: 'installed, past its class’s grace, never heard' }),
  lowBattery: Type.Boolean(), battery: Nullable(Type.Integer()), rssi: Nullable(Type.Integer()), mains: Nullable(Type.Boolean()), fw: Nullable(Type.String()), version: Type.Integer(), demo: Type.Boolean(),
});
export const DeviceModelView = Shape({
  id: Type.String(), name: Type.String(), type: Type.String(), vendor: Type.String(), supervisionClass: Type.String(), periodS: Type.Integer(), graceS: Type.Integer(), power: OneOf(['mains', 'battery']),
});
export const Secret = Type.String({ description: '256 random bits; shown once, stored only as a keyed hash' });
export const RegionView = Shape({
  code: RegionCodeText, level: OneOf(regionLevels), name: Type.String(), shown: Type.String({ description: '内洋村委会 as 内洋村' }), parentCode: Nullable(RegionCodeText),
  language: Nullable(Type.String()), lat: Nullable(Type.Number()), lon: Nullable(Type.Number()), demo: Type.Boolean({ description: 'positions of demonstration regions are schematic (示意)' }),
  validFrom: Nullable(Type.String()), validTo: Nullable(Type.String({ description: 'the first day on which the code does not hold any more' })),
  shownUnder: Nullable(Type.String({ description: 'lists and the map show it under this one; scopes are not touched' })),
});
/** What may be said of a region besides its code. */
export const regionFields = {
  name: text(60, 'the name'), language: Opt(text(20, 'speech')), lat: Opt(Type.Number({ minimum: -90, maximum: 90 })), lon: Opt(Type.Number({ minimum: -180, maximum: 180 })),
  validFrom: Opt(Day), validTo: Opt(Day), shownUnder: Opt(RegionCodeText),
};

export const stationFields = {
  regionCode: RegionCodeText, name: text(60, 'the name'), address: Opt(text(200, 'where it is')), lat: Opt(Type.Number({ minimum: -90, maximum: 90 })), lon: Opt(Type.Number({ minimum: -180, maximum: 180 })),
  closedOn: Opt(Day),
};
export const StationBody = Shape({ id: Type.Optional(OwnId), ...stationFields, demo: Type.Optional(Demo) });
export const StationView = Shape({
  id: Type.String(), regionCode: RegionCodeText, town: Nullable(Type.String()), village: Nullable(Type.String()), name: Type.String(), address: Nullable(Type.String()),
  lat: Nullable(Type.Number()), lon: Nullable(Type.Number()), closedOn: Nullable(Type.String()), version: Type.Integer(), demo: Type.Boolean(),
});
export const Changed = Shape({ id: Type.String(), version: Type.Integer() });
