/** Which announcement somebody hears: his own speech where the county has recorded it, by kind before the general one, else Mandarin. */
import { expect, it } from 'vitest';
import { promptFor, promptKeys, type Prompts } from './prompts.ts';

const prompts: Prompts = { 闽南话: { 'voice-p1': 'minnan.wav', 'voice-p1.smoke': 'minnan-smoke.wav' }, 前路话: { 'voice-desk': 'qianlu.wav' } };
it.each([
  [['闽南话'], 'voice-p1', 'sos', 'minnan.wav'], [['闽南话'], 'voice-p1', 'smoke', 'minnan-smoke.wav'], [['闽南话'], 'voice-p1', null, 'minnan.wav'],
  [['桃源话', '闽南话'], 'voice-p1', 'fall', 'minnan.wav'], [['普通话', '闽南话'], 'voice-p1', 'fall', null], [['前路话', '普通话'], 'voice-p1', 'fall', null], [['前路话'], 'voice-desk', 'fall', 'qianlu.wav'], [[], 'voice-p1', 'sos', null],
] as const)('%j, %s of %s: %s [E14]', (languages, template, kind, expected) => expect(promptFor(prompts, languages, template, kind)).toBe(expected));
it('may be recorded for every spoken text, and for each emergency by itself [E14]', () => {
  expect(promptKeys).toEqual(expect.arrayContaining(['voice-p1', 'voice-p1.fall', 'voice-p1.smoke', 'ivr-p1.sos', 'ivr-yes', 'voice-desk', 'voice-family']));
  expect(new Set(promptKeys).size).toBe(promptKeys.length);
});
