/** 处理结果: what she found, in her words, six choices to a kind; each is a code of core/alert.ts that the desk closes with, or does not. */
import type { Outcome } from '#core/alert.ts';
import type { EventKind } from '#core/event.ts';

/** `U`, nobody seen: no case is done by that, the search goes on and the desk rings. */
export const results = {
  'result-N2': { zh: '真有事，已帮到', en: 'Real, and helped' }, 'result-R1': { zh: '摔了，已扶起', en: 'Fell, helped up' }, 'result-R2': { zh: '受伤，送医院', en: 'Hurt, to hospital' }, 'result-R3': { zh: '急病，送医院', en: 'Ill, to hospital' },
  'result-R4': { zh: '真有火或燃气', en: 'Fire or gas' }, 'result-N1': { zh: '见到人，平安', en: 'Seen, and well' }, 'result-F1': { zh: '按错了', en: 'Pressed by mistake' }, 'result-F2': { zh: '设备误报', en: 'False alarm' }, 'result-F3': { zh: '做饭的烟', en: 'Cooking smoke' },
  'result-S1': { zh: '要值班室再跟进', en: 'Needs the duty room' }, 'result-U': { zh: '没见到人', en: 'Nobody seen' },
} as const;
export type Result = keyof typeof results;

const fire: readonly Result[] = ['result-R4', 'result-R2', 'result-N1', 'result-F3', 'result-F2', 'result-U'];
const perKind: Partial<Record<EventKind, readonly Result[]>> = { fall: ['result-R1', 'result-R2', 'result-N1', 'result-F2', 'result-S1', 'result-U'], smoke: fire, gas: fire };
const others: readonly Result[] = ['result-N2', 'result-R3', 'result-N1', 'result-F1', 'result-S1', 'result-U'];
export const resultsFor = (kind: EventKind): readonly Result[] => perKind[kind] ?? others;

export const outcomeOf = (result: Result): Outcome => result.slice('result-'.length) as Outcome;
