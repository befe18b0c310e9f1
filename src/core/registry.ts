/**
 * The county's files as they are told to us (FIELD 2): home, person, contact, responder, device. Plain text here; the store
 * seals what is personal. Every text is kept as it came (W19): what it looks like to a spreadsheet or a browser is their matter.
 */
import type { ResponderRole } from './roster.ts';

export const livingKinds = ['alone', 'couple', 'with-family'] as const;
/** 对象类别: 特困, 低保, 优抚, 计生特殊, 重残, 五老. */
export const categories = ['destitute', 'low-income', 'preferential', 'bereaved', 'disabled', 'five-elders'] as const;
/** GB/T 42195: 能力完好, 轻度, 中度, 重度, 完全失能. */
export const abilities = ['intact', 'mild', 'moderate', 'severe', 'complete'] as const;
export const riskTags = ['fall-history', 'heart', 'stroke', 'dementia', 'bedridden', 'oxygen', 'epilepsy', 'diabetes', 'hypertension', 'lives-alone', 'over-80', 'frequent-presser'] as const;
export const hearings = ['good', 'weak', 'deaf'] as const;
/** 在册, 拒装, 空户, 死亡, 迁出. */
export const personStatuses = ['present', 'refused', 'vacant', 'deceased', 'moved'] as const;
export const relations = ['family', 'neighbour', 'doctor', 'other'] as const;
export const responderRoles = ['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'fire-station', 'seat', 'shift-leader', 'duty-leader'] as const satisfies readonly ResponderRole[];
export const deviceStatuses = ['stock', 'installed', 'revoked'] as const;

export type HomeFields = {
  regionCode: string; /** 地址 */ address: string; /** 短信用地点, at most 14 characters */ place: string; landmark: string | null;
  /** 车能到哪 */ roadEnd: string | null; walkMinutes: number | null; /** 钥匙在谁家 */ keyWith: string | null; dog: boolean;
  lat: number | null; lon: number | null; crs: string; cell: string | null; powerArea: string | null;
};
export type PersonFields = {
  number: string | null; homeId: string | null; name: string; phone: string | null; identityNo: string | null;
  sex: 'male' | 'female' | null; /** yyyy-MM-dd */ birthDate: string | null; category: readonly (typeof categories)[number][]; living: (typeof livingKinds)[number] | null;
  registeredRegionCode: string | null; ability: (typeof abilities)[number] | null; riskTags: readonly string[]; highRisk: boolean;
  language: string | null; hearing: (typeof hearings)[number] | null; healthNote: string | null; note: string | null;
  status: (typeof personStatuses)[number]; /** yyyy-MM-dd */ statusSince: string | null; /** epoch ms */ consentAt: number | null; consentBy: string | null;
  /** HH:mm of the county's day by which a sign of movement is due; null: not watched */ routineBy: string | null;
};
/** How a contact said that he agrees. */
export const consentWays = ['paper', 'phone', 'text'] as const;
export type ContactFields = {
  personId: string; ord: number; relation: (typeof relations)[number]; name: string; phone: string; keyHolder: boolean; walkMinutes: number | null; language: string | null;
  /** What he has agreed to: called in an emergency only. */ emergenciesOnly: boolean; /** HH:mm between which lesser cases leave him alone; both or neither. */ quietFrom: string | null; quietTo: string | null;
  verifiedAt: number | null; absentUntil: number | null; /** 撤回同意: from then on nobody calls or texts him */ withdrawnAt: number | null; /** by whose hand: in the files, or his own text */ withdrawnHow: 'desk' | 'text' | null;
  /** When he agreed to be called, how he said so, and the account that wrote it down (`user:ID`). */ consentAt: number | null; consentHow: (typeof consentWays)[number] | null; consentBy: string | null;
};
export type ResponderFields = {
  role: ResponderRole; regionCode: string; ord: number; name: string; phone: string; landline: boolean; keypress: boolean; languages: readonly string[];
  /** On foot to the middle of the village. */ walkMinutes: number | null; /** 持钥匙人 of homes of the village */ keyHolder: boolean;
  /** HH:mm of the county's day between which only emergencies reach them (免打扰); both or neither. */ quietFrom: string | null; quietTo: string | null;
  verifiedAt: number | null; absentUntil: number | null;
};
export type DeviceFields = { model: string; homeId: string | null; personId: string | null; room: string | null; cell: string | null; serial: string | null; /** yyyy-MM-dd, the last day that its SIM is paid for */ simUntil: string | null; /** of a one-key telephone: the number it calls from */ phone: string | null; status: (typeof deviceStatuses)[number];
  /** The vendor's door that it comes through, what it is called there, and the secret that its password is made with there. */ door: string | null; doorKey: string | null; doorSecret: string | null };

export const emptyHome: Omit<HomeFields, 'regionCode' | 'address' | 'place'> = {
  landmark: null, roadEnd: null, walkMinutes: null, keyWith: null, dog: false, lat: null, lon: null, crs: 'wgs84', cell: null, powerArea: null,
};
export const emptyPerson: Omit<PersonFields, 'name' | 'highRisk'> = {
  number: null, homeId: null, phone: null, identityNo: null, sex: null, birthDate: null, category: [], living: null, registeredRegionCode: null, ability: null,
  riskTags: [], language: null, hearing: null, healthNote: null, note: null, status: 'present', statusSince: null, consentAt: null, consentBy: null, routineBy: null,
};
export const emptyContact: Omit<ContactFields, 'personId' | 'name' | 'phone' | 'relation'> = { ord: 1, keyHolder: false, walkMinutes: null, language: null, emergenciesOnly: false, quietFrom: null, quietTo: null, verifiedAt: null, absentUntil: null, withdrawnAt: null, withdrawnHow: null, consentAt: null, consentHow: null, consentBy: null };
export const emptyResponder: Omit<ResponderFields, 'role' | 'regionCode' | 'name' | 'phone'> = {
  ord: 1, landline: false, keypress: false, languages: [], walkMinutes: null, keyHolder: false, quietFrom: null, quietTo: null, verifiedAt: null, absentUntil: null,
};
export const emptyDevice: Omit<DeviceFields, 'model'> = { homeId: null, personId: null, room: null, cell: null, serial: null, simUntil: null, phone: null, status: 'installed', door: null, doorKey: null, doorSecret: null };

/** 特殊群体: not able to care for oneself, or 80 and alone, or of known dangerous illness; the default of `highRisk`. */
export function highRiskOf(p: Pick<PersonFields, 'ability' | 'living' | 'riskTags' | 'birthDate'>, year: number): boolean {
  const dependent = p.ability === 'moderate' || p.ability === 'severe' || p.ability === 'complete';
  const oldAlone = p.living === 'alone' && p.birthDate !== null && year - Number(p.birthDate.slice(0, 4)) >= 80;
  return dependent || oldAlone || p.riskTags.some((t) => t === 'fall-history' || t === 'heart' || t === 'stroke' || t === 'dementia');
}

/** Characters as people count them, for 短信用地点 ≤ 14 字. */
export const charCount = (text: string): number => [...text].length;
export const placeCharsMax = 14;

/** The check digit of a Chinese identity number's first 17 digits (GB 11643, ISO 7064 MOD 11-2). */
export function identityCheckDigit(first17: string): string {
  const sum = [...first17].reduce((acc, d, i) => acc + Number(d) * (2 ** (17 - i) % 11), 0);
  return '10X98765432'[sum % 11] ?? '';
}

/** What was expected instead of this identity number, or null. Demonstration numbers have the never issued sequence 000 (FIELD 5). */
export function identityProblem(text: string, demo: boolean): string | null {
  if (!/^\d{17}[\dXx]$/.test(text) || !isDate(`${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`)) return 'an identity number of 18 characters';
  if (identityCheckDigit(text.slice(0, 17)) !== text.slice(17).toUpperCase()) return 'an identity number whose check digit is right';
  const invented = text.slice(14, 17) === '000';
  if (invented !== demo) return demo ? 'an identity number of the demonstration (sequence 000)' : 'a real identity number (sequence 000 is never issued)';
  return null;
}

/** Whether the text is a day that exists, yyyy-MM-dd. */
export function isDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}

