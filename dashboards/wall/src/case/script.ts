/**
 * What to do, step by step (FIELD 8), pure: the steps of the kind, fitted to the person (deaf: the phone is not tried, relatives go first;
 * dementia: "nothing happened" proves nothing; another speech: who speaks it). What is said is Chinese whatever language the page is in.
 */
import type { EventKind } from '#core/event.ts';
import type { Candidate, RevealedPerson, TimelineEntry } from '#wall/api/case.ts';

export const scripts = ['fall', 'sos', 'smoke', 'offline'] as const;
export type ScriptName = (typeof scripts)[number];
/** `stage`: steps of one stage are branches of each other; one of them and the next stage is suggested. */
export type Step = { n: number; stage: number; /** key of its text, `title|more` */ text: string; /** what to say, word by word */ say: string | null; /** taking the case does it */ claims: boolean };
/** What is to be minded of this person. */
export type Way = { way: 'deaf' | 'weak' | 'dementia' | 'frequent' | 'language'; /** the speech, and who speaks it */ language?: string; speakers?: readonly Candidate[] };

const of: Partial<Record<EventKind, ScriptName>> = { fall: 'fall', motionless: 'fall', 'bed-exit': 'fall', sos: 'sos', 'phone-in': 'sos', smoke: 'smoke', gas: 'smoke', offline: 'offline' };
const stages: Record<ScriptName, readonly number[]> = { fall: [0, 1, 2, 2, 2, 3, 4], sos: [0, 1, 1, 1, 1, 1], smoke: [0, 1, 1, 1, 1], offline: [0, 1, 2, 1, 3] };
const said: Record<ScriptName, Readonly<Record<number, string>>> = {
  fall: { 2: '阿伯/阿婆，我是值班室，您是不是摔到了？能动吗？哪里疼？头有没有碰到？', 4: '不要急着起来，不要自己爬，我叫人来，电话不要挂。' },
  sos: { 1: '这里是值班室，您按了求助，哪里不舒服？' },
  smoke: { 1: '家里有没有明火？看得到烟吗？', 2: '喊人出来，拉电闸，不要单人进火场。' },
  offline: { 2: '设备没信号，家里停电了吗？插头有没有拔？' },
};
/** The step that telephones the elder, and what is said to a relative in its place when the elder cannot hear. */
const phones: Partial<Record<ScriptName, number>> = { fall: 2, sos: 1 };
const toRelative = '我是值班室，老人家里的设备在报警，他听不见电话，请您马上去看，到了回个电话。';
/** The branch that ends it because the elder says so. */
const believes: Partial<Record<ScriptName, number>> = { fall: 3, sos: 5 };

type Heard = Pick<RevealedPerson, 'hearing' | 'language'> & { riskTags: readonly string[] } | null;

/** The steps for this kind and person; null where no script is written. Before the file is opened (`person` null) they are the general ones. */
export function scriptFor(kind: EventKind, person: Heard): Step[] | null {
  const name = of[kind];
  if (name === undefined) return null;
  const deaf = person?.hearing === 'deaf';
  const dementia = person?.riskTags.includes('dementia') ?? false;
  return stages[name].map((stage, i): Step => {
    const n = i + 1;
    const instead = deaf && phones[name] === n ? 'script.deaf' : dementia && believes[name] === n ? 'script.dementia' : null;
    return { n, stage, text: instead ?? `script.${name}.${n}`, say: instead === 'script.deaf' ? toRelative : said[name][n] ?? null, claims: n === 1 && name === 'fall' };
  });
}

/** What is to be minded, the gravest first; nothing before the file is opened. */
export function waysFor(person: Heard, candidates: readonly Candidate[]): Way[] {
  if (person === null) return [];
  const ways: Way[] = [];
  if (person.hearing === 'deaf') ways.push({ way: 'deaf' });
  if (person.hearing === 'weak') ways.push({ way: 'weak' });
  if (person.riskTags.includes('dementia')) ways.push({ way: 'dementia' });
  if (person.riskTags.includes('frequent-presser')) ways.push({ way: 'frequent' });
  const { language } = person;
  if (language !== null && language !== '' && language !== '普通话') ways.push({ way: 'language', language, speakers: candidates.filter((c) => c.languages.includes(language)) });
  return ways;
}

export const circled = (n: number): string => String.fromCodePoint(0x245f + n);
/** When each step was done last, from the case's own history: its line begins with the step's number. */
export function doneAt(timeline: readonly TimelineEntry[]): ReadonlyMap<number, TimelineEntry> {
  const done = new Map<number, TimelineEntry>();
  for (const entry of timeline) {
    const n = (entry.action === 'step' ? entry.note?.codePointAt(0) ?? 0 : 0) - 0x245f;
    if (n >= 1 && n <= 9) done.set(n, entry);
  }
  return done;
}

/** The steps to take next: those of the first stage of which none was done. */
export function nextSteps(steps: readonly Step[], isDone: (step: Step) => boolean): readonly Step[] {
  const open = [...new Set(steps.map((s) => s.stage))].sort((a, b) => a - b).find((stage) => !steps.some((s) => s.stage === stage && isDone(s)));
  return open === undefined ? [] : steps.filter((s) => s.stage === open);
}
