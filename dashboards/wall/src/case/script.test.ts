/** The operator's script: the steps of FIELD 8, fitted to who is in need. */
import { describe, expect, it } from 'vitest';
import type { Candidate, TimelineEntry } from '#wall/api/case.ts';
import { zhCase } from '#wall/i18n/case.zh-CN.ts';
import { circled, doneAt, nextSteps, scriptFor, type Step, waysFor } from './script.ts';

const person = { hearing: 'good', language: '普通话', riskTags: [] as string[] };
const text = (step: Step | undefined): string => (zhCase as Readonly<Record<string, string>>)[step?.text ?? ''] ?? '';
const speaker = (name: string, languages: string[]): Candidate => ({ party: name, role: 'care-worker', name, phone: '1', near: 'village', keyHolder: false, walkMinutes: null, languages, landline: false, absentUntil: null, optedOut: false, withdrawn: false, link: null });

describe('the script', () => {
  it.each([['fall', 7], ['sos', 6], ['smoke', 5], ['offline', 5]] as const)('of %s has its %i steps in words, in their order, each with a key of its own [D7]', (kind, n) => {
    const steps = scriptFor(kind, null) ?? [];
    expect(steps.map((s) => s.n)).toEqual(Array.from({ length: n }, (_, i) => i + 1));
    for (const step of steps) expect(text(step), step.text).toMatch(/^[^|]{2,14}(\|.+)?$/);
    expect(new Set(steps.map((s) => s.text)).size).toBe(n);
    expect(steps.map((s) => s.stage)[0]).toBe(0);
  });

  it.each([
    ['a deaf elder is not telephoned: a relative is sent first', { ...person, hearing: 'deaf' }, 'fall', 2, /听不见/, /他听不见电话，请您马上去看/, ['deaf']],
    ['nor called back after a press', { ...person, hearing: 'deaf' }, 'sos', 1, /听不见/, /他听不见电话/, ['deaf']],
    ['who hears badly is telephoned, slowly', { ...person, hearing: 'weak' }, 'fall', 2, /打老人电话/, /是不是摔到了/, ['weak']],
    ['with dementia “nothing happened” ends nothing', { ...person, riskTags: ['dementia'] }, 'fall', 3, /失智/, null, ['dementia']],
    ['nor does a wrong press', { ...person, riskTags: ['dementia', 'frequent-presser'] }, 'sos', 5, /失智/, null, ['dementia', 'frequent']],
    ['another speech names who speaks it', { ...person, language: '后路话' }, 'sos', 1, /老人/, /哪里不舒服/, ['language']],
    ['everybody else has the general one', person, 'fall', 3, /应答且无事/, null, []],
  ] as const)('%s [2.13]', (_, who, kind, n, words, say, ways) => {
    const step = scriptFor(kind, who)?.[n - 1];
    expect(text(step)).toMatch(words);
    if (say === null) expect(step?.say).toBeNull(); else expect(step?.say).toMatch(say);
    expect(waysFor(who, []).map((w) => w.way)).toEqual(ways);
  });

  it('of another speech names those who speak it, and nobody where nobody does [2.13]', () => {
    const people = [speaker('郑月娥', ['后路话', '普通话']), speaker('吴清源', ['闽南话'])];
    expect(waysFor({ ...person, language: '后路话' }, people)[0]?.speakers?.map((c) => c.name)).toEqual(['郑月娥']);
    expect(waysFor({ ...person, language: '桃源话' }, people)[0]?.speakers).toEqual([]);
  });

  it('suggests the branches of the first stage of which none was done, from the case’s own history [D7]', () => {
    const steps = scriptFor('fall', null) ?? [];
    const line = (note: string, at: number): TimelineEntry => ({ id: String(at), at, actorType: 'user', actorId: 'u', actorName: '张三', action: 'step', detail: {}, note });
    const next = (notes: string[]): number[] => { const done = doneAt(notes.map(line)); return nextSteps(steps, (s) => done.has(s.n)).map((s) => s.n); };
    expect(next([])).toEqual([1]);
    expect(next(['① 接警'])).toEqual([2]);
    expect(next(['① 接警', '② 打老人电话', '无人接 老人'])).toEqual([3, 4, 5]);
    expect(next(['① 接警', '② 打老人电话', '⑤ 不应答'])).toEqual([6]);
    expect(next([1, 2, 3, 6, 7].map((n) => `${circled(n)} 做了`))).toEqual([]);
  });

  it('is not made up where none is written', () => expect(scriptFor('low-battery', null)).toBeNull());
});
