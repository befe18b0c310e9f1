/** People at their telephones: what each persona does with a text and a call, and that the house understands what they write. */
import { describe, expect, it } from 'vitest';
import { randomOf } from '#core/demo-random.ts';
import { parseReply } from '#core/reply.ts';
import { type Act, answerOf, drawPersona, type Persona, personas, type Shown } from './personas.ts';

const sms = (template = 'fall', slip: string | null = '27'): Shown => ({ type: 'sms', template, slip });
const call = (keys = false): Shown => ({ type: 'call', keys, template: 'voice-p1', slip: '27' });
const answers = (persona: Persona, shown: Shown): Act[] => answerOf(persona, shown, randomOf(11));
const meanings = (acts: readonly Act[]): unknown[] => acts.map((a) => (a.do === 'reply' ? parseReply(a.text) : a.action));
const act = (action: string, slip: number | null = 27): object => ({ meaning: 'act', action, slip });

describe('personas', () => {
  it('answer a text as themselves, in words that the house reads so [FF2]', () => {
    expect(meanings(answers('prompt', sms()))).toEqual([act('accept'), act('arrive'), act('done')]);
    expect(answers('prompt', sms())[0]?.afterMs).toBeLessThanOrEqual(30_000);
    expect(meanings(answers('slow', sms()))).toEqual([act('accept'), act('arrive'), act('done')]);
    expect(answers('slow', sms())[0]?.afterMs).toBeGreaterThanOrEqual(60_000);
    expect(meanings(answers('courteous', sms()))).toEqual([act('seen', null)]);
    expect(meanings(answers('declines', sms()))).toEqual([act('decline')]);
    expect(answers('never', sms())).toEqual([]);
    expect(answers('no-signal', sms())).toEqual([]);
    // Without a slip in the text (minimal) the bare digit must do.
    expect(meanings(answers('prompt', sms('minimal', null)))).toEqual([act('accept', null), act('arrive', null), act('done', null)]);
  });

  it('name a wrong slip first and the right one when they are asked back', () => {
    const [first] = answers('wrong-slip', sms());
    const wrong = first?.do === 'reply' ? parseReply(first.text) : null;
    expect(wrong).toMatchObject({ meaning: 'act', action: 'accept' });
    expect((wrong as { slip: number }).slip).not.toBe(27);
    for (let slip = 10; slip < 100; slip++) {
      const [a] = answers('wrong-slip', sms('sos', String(slip)));
      expect(a?.do === 'reply' && a.text).not.toBe(`1${slip}`);
    }
    expect(meanings(answers('wrong-slip', sms('which')))[0]).toEqual(act('accept'));
  });

  it('pick up, press where keys are heard, promise by text where they are not', () => {
    expect(meanings(answers('courteous', call()))).toEqual(['answer', act('accept'), act('arrive'), act('done')]);
    expect(meanings(answers('prompt', call(true)))).toEqual(['answer', '1', act('arrive'), act('done')]);
    expect(meanings(answers('declines', call(true)))).toEqual(['answer', '0']);
    expect(meanings(answers('declines', call()))).toEqual(['hang-up']);
    expect(answers('never', call())).toEqual([]);
    expect(meanings(answers('prompt', { type: 'call', keys: false, template: 'voice-desk', slip: null }))).toEqual(['answer']);
  });

  it('do nothing about texts that ask nothing, and answer a ring test with 5', () => {
    for (const template of ['taken', 'passed', 'family', 'battery', 'outage', 'seen', 'late']) for (const persona of personas) expect(answers(persona, sms(template)), template).toEqual([]);
    expect(meanings(answers('slow', sms('ring-test', null)))).toEqual([{ meaning: 'ring-test' }]);
  });

  it('are drawn by the seed, mostly people who answer', () => {
    const random = randomOf(2);
    const drawn = Array.from({ length: 10_000 }, () => drawPersona(random));
    const share = (...who: Persona[]): number => drawn.filter((p) => who.includes(p)).length / drawn.length;
    expect(share('prompt', 'slow')).toBeCloseTo(0.6, 1);
    expect(share('never', 'no-signal')).toBeCloseTo(0.11, 1);
    expect(personas.every((p) => share(p) > 0)).toBe(true);
  });
});
