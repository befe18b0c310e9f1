/**
 * 平安清点 (2.2): the words of a roll-call, what people write when they answer one (by SMS, and on the desk's line for a returned
 * paper), the pieces of a list that fit into texts, and the figures of its report. Pure.
 */
import { surnameOf } from './messages.ts';

export const rollStatuses = ['unchecked', 'safe', 'help', 'unreached'] as const;
export type RollStatus = (typeof rollStatuses)[number];
export type RollMark = Exclude<RollStatus, 'unchecked'>;
export const rollMarks = ['safe', 'help', 'unreached'] as const satisfies readonly RollMark[];
export const rollWord: Record<RollStatus, { zh: string; en: string }> = {
  unchecked: { zh: '未查', en: 'not checked' }, safe: { zh: '安全', en: 'safe' }, help: { zh: '需帮助', en: 'needs help' }, unreached: { zh: '未联系上', en: 'not reached' },
};
/** Numbers on a list, or all that nobody has spoken for yet. */
export type RollAnswer = { mark: RollMark; numbers: readonly number[] | 'rest' };

const markWords: [RollMark, string][] = [
  ['safe', '(?:人都|全都|全|都)?(?:平安|安全)了?'], ['help', '(?:需要?|要)?(?:求助|帮助)'], ['unreached', '未联系上|没联系上|联系不上|没有?见到|未见到|未见|没见|未'],
];
const numbersMax = 300;
const ending = /[\s。.!!,,;；、]+$/u;
const all = /^(?:全|全部|都|所有|全体|所有人|大家|全村)$/u;

/**
 * What an SMS says to a roll-call: 平安 3, 平安3、5, 3号平安, 平安 1-6, 平安 全, 全部平安, 求助 3, 未 3. Null: it is no such answer. The word
 * decides, and it is asked for before any digit: a bare number never means a roll-call, and these never mean an alarm.
 */
export function parseRoll(text: string): RollAnswer | null {
  const plain = text.slice(0, 200).normalize('NFKC').replace(ending, '').trim();
  for (const [mark, word] of markWords) {
    const after = new RegExp(`^(?:清点)?[\\s:,]*(?:${word})[\\s:,、]*(.*)$`, 'u').exec(plain)?.[1];
    const before = new RegExp(`^(?:清点)?[\\s:,]*(.*?)[\\s:,、]*(?:${word})$`, 'u').exec(plain)?.[1];
    if (mark === 'safe' && (all.test(after ?? '') || all.test(before ?? '') || /^(?:全部|所有人?|大家|全村)?(?:人都|全都|全|都)(?:平安|安全)了?$/u.test(plain))) return { mark, numbers: 'rest' };
    const numbers = numbersIn(after ?? '') ?? numbersIn(before ?? '');
    if (numbers) return { mark, numbers };
  }
  return null;
}

/** 求助 without a number: somebody of a village that is being asked after needs help, and nobody knows yet who. */
export const criesForHelp = (text: string): boolean => /^(?:需要?|要)?(?:求助|帮助)$/u.test(text.slice(0, 40).normalize('NFKC').replace(ending, '').trim());

/** `3`, `3号`, `1 2、5`, `1-6`, `三`, `十二`; null when it is anything else. */
function numbersIn(text: string): number[] | null {
  if (text === '') return null;
  const out = new Set<number>();
  for (const part of text.split(/[\s,、;；和及]+/u)) {
    const [, from, to] = /^(?:第)?(\d{1,3}|[一二两三四五六七八九十]{1,3})(?:号)?(?:[-~–—到至](\d{1,3}|[一二两三四五六七八九十]{1,3})(?:号)?)?$/u.exec(part) ?? [];
    if (from === undefined) return null;
    const [first, last] = [numberOf(from), numberOf(to ?? from)];
    if (first === null || last === null || last < first || last - first >= numbersMax) return null;
    for (let n = first; n <= last; n++) out.add(n);
  }
  return out.size === 0 || out.size > numbersMax ? null : [...out];
}

const digits = '零一二三四五六七八九';
function numberOf(text: string): number | null {
  if (/^\d/.test(text)) return Number(text) > 0 ? Number(text) : null;
  const [, tens, ten, ones] = /^([一二两三四五六七八九])?(十)?([一二三四五六七八九])?$/u.exec(text) ?? [];
  const value = (digit: string | undefined): number => Math.max(0, digits.indexOf(digit === '两' ? '二' : (digit ?? '零')));
  if (ten === undefined) return tens !== undefined && ones === undefined ? value(tens) : null;
  return (tens === undefined ? 1 : value(tens)) * 10 + value(ones);
}

/**
 * A returned paper as it is typed at the desk: `1-5 8 !6 ?7 *`. Bare numbers are 安全, `!` 需帮助, `?` 未联系上, `*` all the rest 安全. Null: not
 * understood, and `at` says where. A number that stands in two of them is not understood either: a paper says one thing of everybody.
 */
export function parseSheet(text: string): { marks: Map<number, RollMark>; rest: boolean } | { at: string } {
  const marks = new Map<number, RollMark>();
  let rest = false;
  for (const part of text.slice(0, 2_000).normalize('NFKC').split(/[\s,、;；]+/u).filter((p) => p !== '')) {
    if (part === '*') { rest = true; continue; }
    const mark: RollMark = part.startsWith('!') ? 'help' : part.startsWith('?') ? 'unreached' : 'safe';
    const numbers = numbersIn(mark === 'safe' ? part : part.slice(1));
    if (!numbers || numbers.some((n) => (marks.get(n) ?? mark) !== mark)) return { at: part };
    for (const n of numbers) marks.set(n, mark);
  }
  return { marks, rest };
}

/** 3陈下厝角12号: as much of somebody as a text carries; the end of a place is what tells neighbours apart. */
export function listEntry(no: number, name: string, place: string): string {
  return `${no}${surnameOf(name)}${[...place.replace(/^.*村(?=.)/u, '')].slice(-10).join('')}`;
}

/** A list in pieces that fit into one variable each. */
export function listPieces(entries: readonly string[], chars: number): string[] {
  const out: string[] = [];
  for (const entry of entries) {
    const last = out.at(-1);
    if (last !== undefined && [...last].length + [...entry].length < chars) out[out.length - 1] = `${last}、${entry}`;
    else out.push([...entry].slice(0, chars).join(''));
  }
  return out;
}

export type RollCounts = { people: number; safe: number; help: number; unreached: number; unchecked: number };
export type RollVillage = RollCounts & { code: string; firstAt: number | null; lastAt: number | null };
export type RollTotal = RollCounts & { checked: number; /** of 100; 100 only when nobody is left */ percent: number; /** to the last word about somebody; null while nobody was spoken for */ minutes: number | null; complete: boolean };

/** What villages come to: their sums, their share, and how long it took. */
export function rollTotal(villages: readonly Omit<RollVillage, 'code'>[], startedAt: number): RollTotal {
  const sum = (of: (v: RollCounts) => number): number => villages.reduce((n, v) => n + of(v), 0);
  const people = sum((v) => v.people);
  const unchecked = sum((v) => v.unchecked);
  const last = Math.max(...villages.map((v) => v.lastAt ?? 0));
  return {
    people, safe: sum((v) => v.safe), help: sum((v) => v.help), unreached: sum((v) => v.unreached), unchecked, checked: people - unchecked,
    percent: people === 0 ? 0 : Math.floor(((people - unchecked) / people) * 100), minutes: last > 0 ? Math.max(0, Math.ceil((last - startedAt) / 60_000)) : null, complete: people > 0 && unchecked === 0,
  };
}
