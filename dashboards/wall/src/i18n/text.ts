/** The words in the chosen language: a typed dictionary, no library. zh-CN is the language of the house and the source of the keys. */
import { signal } from '@preact/signals';
import { outcomes, type Outcome } from '#core/alert.ts';
import { type EventKind, kindInfo } from '#core/event.ts';
import { zhDesk } from './desk.zh-CN.ts';
import { zhFigures } from './figures.zh-CN.ts';
import type { zhPages } from './pages.zh-CN.ts';
import { zhScreen } from './screen.zh-CN.ts';
import { zhShell } from './shell.zh-CN.ts';
import type { zhSoon } from './soon.zh-CN.ts';
import { zh } from './zh-CN.ts';

export type Lang = 'zh' | 'en';
/** What the first row needs, one file per part and language; the Chinese ones are the source of the keys. What comes later brings its own (`zhSoon`, `zhPages`). */
export const chinese = { ...zh, ...zhDesk, ...zhFigures, ...zhScreen, ...zhShell } as const;
export type TextKey = keyof typeof chinese | keyof typeof zhSoon | keyof typeof zhPages;
const known: Record<string, string> = { ...chinese };
/** What a part that comes later brings along. */
export function learn(words: Readonly<Record<string, string>>): void { Object.assign(known, words); }
type English = { words: Readonly<Record<TextKey, string>>; outcomes: Readonly<Record<Outcome, string>> };
/** Null until somebody asks for it: one more file for the few, nothing for the others. */
let english: English | null = null;
/** Fetches the English words; `lang` may be set to it after that. False when they did not come. */
export async function loadEnglish(): Promise<boolean> {
  english ??= await import('./english.ts').then((file) => file.english, () => null);
  return english !== null;
}
const wordsOf = (which: Lang): Readonly<Record<string, string>> => (which === 'en' && english ? english.words : known);

/** The language of this browser's pages. */
export const lang = signal<Lang>('zh');

/** The text of `key`; `{name}` stands for a value. Reading it inside a component subscribes to the language. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return (wordsOf(lang.value)[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** A text whose key is put together; null when there is none, so that a word the contract grew later is shown as it came. */
export function maybeText(key: string): string | null {
  return wordsOf(lang.value)[key] ?? null;
}

export const kindName = (kind: EventKind): string => kindInfo[kind]?.[lang.value] ?? kind;
export const outcomeName = (code: Outcome): string => (lang.value === 'en' && english ? english.outcomes : outcomes)[code];
