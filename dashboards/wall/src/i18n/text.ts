/** The words in the chosen language: a typed dictionary, no library. zh-CN is the language of the house and the source of the keys. */
import { signal } from '@preact/signals';
import { outcomes, type Outcome } from '#core/alert.ts';
import { type EventKind, kindInfo } from '#core/event.ts';
import { en, enOutcomes } from './en.ts';
import { enDesk } from './desk.en.ts';
import { zhDesk } from './desk.zh-CN.ts';
import { enDrill } from './drill.en.ts';
import { zhDrill } from './drill.zh-CN.ts';
import { enDuty } from './duty.en.ts';
import { zhDuty } from './duty.zh-CN.ts';
import { enFiles } from './files.en.ts';
import { enFigures } from './figures.en.ts';
import { zhFiles } from './files.zh-CN.ts';
import { enReach } from './reach.en.ts';
import { zhFigures } from './figures.zh-CN.ts';
import { zhReach } from './reach.zh-CN.ts';
import { enRoll } from './roll.en.ts';
import { zhRoll } from './roll.zh-CN.ts';
import { enSending } from './sending.en.ts';
import { zhSending } from './sending.zh-CN.ts';
import { enSettings } from './settings.en.ts';
import { zhSettings } from './settings.zh-CN.ts';
import { enStatistics } from './statistics.en.ts';
import { zhStatistics } from './statistics.zh-CN.ts';
import { enShift } from './shift.en.ts';
import { zhShift } from './shift.zh-CN.ts';
import { zh } from './zh-CN.ts';

export type Lang = 'zh' | 'en';
/** One file per part of the pages and language; the Chinese ones are the source of the keys. */
const chinese = { ...zh, ...zhDesk, ...zhDrill, ...zhDuty, ...zhFiles, ...zhFigures, ...zhReach, ...zhRoll, ...zhSending, ...zhSettings, ...zhShift, ...zhStatistics } as const;
export type TextKey = keyof typeof chinese;
export const dictionaries: Record<Lang, Readonly<Record<TextKey, string>>> = { zh: chinese, en: { ...en, ...enDesk, ...enDrill, ...enDuty, ...enFiles, ...enFigures, ...enReach, ...enRoll, ...enSending, ...enSettings, ...enShift, ...enStatistics } };

/** The language of this browser's pages. */
export const lang = signal<Lang>('zh');

/** The text of `key`; `{name}` stands for a value. Reading it inside a component subscribes to the language. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return dictionaries[lang.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** A text whose key is put together; null when there is none, so that a word the contract grew later is shown as it came. */
export function maybeText(key: string): string | null {
  return (dictionaries[lang.value] as Record<string, string>)[key] ?? null;
}

export const kindName = (kind: EventKind): string => kindInfo[kind]?.[lang.value] ?? kind;
export const outcomeName = (code: Outcome): string => (lang.value === 'zh' ? outcomes[code] : enOutcomes[code]);
