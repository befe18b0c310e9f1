/**
 * Calls in the callee's own speech: five groups that do not understand each other live in one county, and the provider speaks Mandarin only. A county
 * has announcements recorded (or reviewed as texts) per language, and per kind where the recording says what happened; without one it stays Mandarin.
 */
import { type EventKind, eventKinds } from './event.ts';
import { type TemplateName, templates } from './messages.ts';

/** `voice-p1` for every kind, `voice-p1.fall` for one. */
export type PromptKey = TemplateName | `${TemplateName}.${EventKind}`;
/** Language -> what is said -> the provider's code: of a text (TTS_…) or of a recorded file. */
export type Prompts = Record<string, Partial<Record<string, string>>>;

/** Whoever understands it first of all is told with the whole text, which says where. */
const mandarin = '普通话';
const voices = (Object.keys(templates) as TemplateName[]).filter((name) => templates[name].channel === 'voice');
const perKind: readonly TemplateName[] = ['voice-p1', 'ivr-p1'];
const kinds = eventKinds.filter((k) => ['sos', 'fall', 'smoke', 'gas', 'phone-in'].includes(k));

/** Everything that may be recorded. */
export const promptKeys: readonly PromptKey[] = voices.flatMap((name): PromptKey[] => [name, ...(perKind.includes(name) ? kinds.map((kind): PromptKey => `${name}.${kind}`) : [])]);

/** The code for the first of the callee's languages that has one; null: Mandarin. */
export function promptFor(prompts: Prompts, languages: readonly string[], template: TemplateName, kind: EventKind | null): string | null {
  for (const language of languages) {
    if (language === mandarin) return null;
    const own = prompts[language];
    const code = (kind === null ? undefined : own?.[`${template}.${kind}`]) ?? own?.[template];
    if (code !== undefined) return code;
  }
  return null;
}

/** A text that the provider speaks, not a file: it takes the variables. */
export const isSpokenText = (code: string): boolean => code.startsWith('TTS_');
