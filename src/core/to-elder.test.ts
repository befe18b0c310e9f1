/** What the elder hears, over every pair of states, and along the roads that a case really takes. */
import { describe, expect, it } from 'vitest';
import { type Alert, alertStates } from './alert.ts';
import type { Engagement } from './change.ts';
import { lightToElder, spokenToElder, wordToElder } from './to-elder.ts';

type At = { state: Alert['state']; how?: string; going?: Partial<Engagement>[]; priority?: 1 | 2; subject?: Alert['subject'] };
const told = ({ state, how = 'accept-sms', going = [], priority = 1, subject = { type: 'person', id: 'p1' } }: At) => ({
  alert: { state, committedHow: how, priority, subject },
  engagements: new Map(going.map((e, i) => [`responder:${i}` as never, { state: 'accepted', acceptedAt: 1, arriveBy: 2, ...e } as Engagement])),
});
const word = (before: At, after: At): string | null => wordToElder(told(before), told(after));

describe('words to the elder', () => {
  it('says at the claim that the call was heard, at the commitment that somebody comes', () => {
    expect(word({ state: 'open' }, { state: 'claimed' })).toBe('taken');
    expect(word({ state: 'claimed' }, { state: 'committed', going: [{}] })).toBe('coming');
    expect(word({ state: 'open' }, { state: 'committed', going: [{}] })).toBe('coming');
    expect(word({ state: 'open' }, { state: 'committed', how: 'accept-desk' })).toBe('coming');
  });

  it('promises nobody when only a telephone was answered, until somebody accepts', () => {
    expect(word({ state: 'open' }, { state: 'committed', how: 'contact-elder' })).toBe('taken');
    expect(word({ state: 'claimed' }, { state: 'committed', how: 'contact-family' })).toBeNull();
    expect(word({ state: 'committed', how: 'contact-elder' }, { state: 'committed', how: 'contact-elder', going: [{}] })).toBe('coming');
  });

  it('takes a promise back when nobody comes any more, and only then', () => {
    expect(word({ state: 'committed', going: [{}] }, { state: 'open', going: [{ state: 'declined', arriveBy: null }] })).toBe('searching');
    expect(word({ state: 'committed', going: [{}] }, { state: 'open', going: [{ arriveBy: null }] })).toBe('searching'); // late, asked once, no answer
    expect(word({ state: 'committed', going: [{}, {}] }, { state: 'open', going: [{ state: 'declined', arriveBy: null }, {}] })).toBeNull();
    expect(word({ state: 'arrived', going: [{ state: 'arrived' }] }, { state: 'open', going: [{ state: 'need-help' }] })).toBeNull(); // somebody is beside the elder
    expect(word({ state: 'claimed' }, { state: 'open' })).toBeNull(); // "we have heard you" still holds: the search goes on
    expect(word({ state: 'open' }, { state: 'open' })).toBeNull(); // nobody answered: nothing is promised
  });

  it('ends with the light, and says nothing of what is no cry for help', () => {
    for (const state of alertStates.filter((s) => s !== 'closed')) expect(word({ state }, { state: 'closed' })).toBe('over');
    expect(word({ state: 'closed' }, { state: 'closed' })).toBeNull();
    expect(word({ state: 'open', priority: 2 }, { state: 'claimed', priority: 2 })).toBeNull();
    expect(word({ state: 'open', subject: { type: 'region', id: '350425000000' } }, { state: 'claimed', subject: { type: 'region', id: '350425000000' } })).toBeNull();
  });

  it('never says the same twice without a change between', () => {
    for (const state of alertStates) expect(word({ state, going: [{}] }, { state, going: [{}] })).toBeNull();
  });

  it('sends nobody back into a burning house', () => {
    expect(spokenToElder('coming', 'smoke')).toContain('屋外');
    expect(spokenToElder('taken', 'gas')).toContain('离开');
    expect(spokenToElder('coming', 'sos')).toBe('已有人赶来，请不要着急');
    expect(spokenToElder('over', 'sos')).toBeNull();
    expect([lightToElder('taken'), lightToElder('coming'), lightToElder('searching'), lightToElder('over')]).toEqual(['slow', 'steady', 'slow', 'off']);
  });
});
