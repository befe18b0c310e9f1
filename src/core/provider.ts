/**
 * What a county agrees with its message provider (setting 'provider'): sign, template codes, mode, budgets. The stand-in's
 * codes are made here too, so that the house and the stand-in agree without sharing anything else.
 */
import { templates, type TemplateName } from './messages.ts';
import type { Prompts } from './prompts.ts';

export type ProviderSettings = {
  /** Registered sign without its brackets; with them at most 8 characters, else a P1 becomes two parts. */ sign: string;
  /** public: announcements only, from a number of the provider's pool; dedicated: a bought number, keypresses. */ mode: 'public' | 'dedicated';
  /** The bought number, shown to the callee; only in dedicated mode. */ shownNumber: string | null;
  /** The provider's code per logical name. */ templates: Partial<Record<TemplateName, string>>;
  /** Code of a recorded file played when the spoken text is refused; null when none was recorded. */ voiceFile: string | null;
  /** The account's number at the provider: receipts and replies are fetched from his queues, for where nothing can come in; null: he calls us. */ mnsAccount: string | null;
  /** Announcements in other languages than Mandarin. */ prompts: Prompts;
  /** Times a text is spoken in one call (1 to 3). */ playTimes: number;
  /** The provider's own windows per number, mirrored so that another channel is chosen before they close. */
  budget: Record<keyof typeof providerBudget, number>;
};

/**
 * Windows of PROVIDERS 1 and 2: SMS per template and number in 24 h; calls per number, won or lost. A minute, an hour, and all texts to
 * one number together are what an account may limit by itself in the provider's console; 0: it does not.
 */
export const providerBudget = { smsPerDay: 50, smsPerMinute: 0, smsPerHour: 0, smsPerNumberDay: 0, voicePerMinute: 1, voicePerHour: 5, voicePerDay: 20 } as const;

/** Names without which an emergency cannot be told; each needs a code before a real gateway is ready. */
export const vitalTemplates = [
  'sos', 'fall', 'smoke', 'gas', 'phone-in', 'concern', 'escalate', 'minimal', 'voice-p1', 'voice-escalate', 'voice-desk', 'voice-vigilance',
] as const satisfies readonly TemplateName[];

/** Texts that tell of somebody in need: when one is refused, "an elder needs help, call back" is still true. */
export const alarmTemplates: ReadonlySet<TemplateName> = new Set(['sos', 'fall', 'smoke', 'gas', 'phone-in', 'concern', 'escalate', 'voice-p1', 'voice-escalate']);

/** The day's texts of one template to one number are used up: an emergency says it with this one, which says the same (E7). Not a fire: its own text keeps people out of it. */
export const spareText: Partial<Record<TemplateName, TemplateName>> = { sos: 'concern', fall: 'concern', 'phone-in': 'concern' };

/** What is told of devices, not of people: throttled apart from alarms, and bundled (E13). */
export const technicalNotices: ReadonlySet<TemplateName> = new Set(['battery', 'test-calls', 'outage', 'notices']);

const names = Object.keys(templates) as TemplateName[];

/** The stand-in's code of a template: shaped like the provider's, SMS_ or TTS_ and nine digits. */
export function standinCode(name: TemplateName): string {
  return `${templates[name].channel === 'sms' ? 'SMS' : 'TTS'}_${350425000 + names.indexOf(name)}`;
}

/** The template behind a stand-in code, or null. */
export function standinTemplate(code: string): TemplateName | null {
  return names.find((name) => standinCode(name) === code) ?? null;
}

/** The number that the stand-in counts as bought, for dedicated mode. */
export const standinShownNumber = '05980350425';
export const standinVoiceFile = '35042500-0000-0000-0000-000000000001.wav';

/** Settings that the stand-in accepts. */
export const standinProvider: ProviderSettings = {
  sign: '大田养老呼叫', mode: 'public', shownNumber: null, voiceFile: standinVoiceFile, mnsAccount: null, prompts: {}, playTimes: 2, budget: { ...providerBudget },
  templates: Object.fromEntries(names.map((name) => [name, standinCode(name)])),
};

const unset: ProviderSettings = { sign: '', mode: 'public', shownNumber: null, templates: {}, voiceFile: null, mnsAccount: null, prompts: {}, playTimes: 2, budget: { ...providerBudget } };
/** Settings of the county over the defaults: the stand-in's own, or nothing for a real provider. */
export function mergeSettings(stored: Partial<ProviderSettings> | null, standin: boolean): ProviderSettings {
  const base = standin ? standinProvider : unset;
  return { ...base, ...stored, templates: { ...base.templates, ...stored?.templates }, budget: { ...base.budget, ...stored?.budget } };
}

/** Characters of a sign with its brackets above which an emergency becomes two parts. */
export const signCharsMax = 8;
/** Harmless texts that only ask whether a telephone rings: what a test from the settings sends. */
export const testTemplates = { sms: 'ring', voice: 'voice-ring' } as const satisfies Record<'sms' | 'voice', TemplateName>;

/** A number of the demonstration: 154 0425 xxxx and landlines 0598-0…, neither ever assigned (FIELD 5). Digits only are compared. */
export function isDemoNumber(phone: string): boolean {
  const digits = phone.replace(/\D/g, '').replace(/^(?:0086|86)(?=1\d{10}$)/, '').replace(/^(?:0086|86)(?=598)/, '0');
  return /^1540425\d{4}$/.test(digits) || /^05980\d{6,7}$/.test(digits);
}

/** Codes by which a provider says that the account has no money. */
export const outOfMoney = /^isv\.(AMOUNT_NOT_ENOUGH?|OUT_OF_SERVICE)$/;
