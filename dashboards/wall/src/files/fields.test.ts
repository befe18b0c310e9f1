/** Fields of a form: both ways between the API and an input, only changes are sent, what is wrong is said before the server is asked. */
import { describe, expect, it } from 'vitest';
import { changesOf, type Field, fromLocal, problemOf, sentOf, shownOf, toLocal } from './fields.ts';

const field = (kind: Field['kind'], more: Partial<Field> = {}): Field => ({ name: kind, label: 'files.name', kind, ...more });

describe('the fields of a file', () => {
  it('come back as they were said', () => {
    for (const [kind, value] of [['text', '陈'], ['number', 12], ['number', 0], ['yes', true], ['many', ['a', 'b']], ['words', ['前路话', '闽南话']], ['instant', 1_790_000_040_000], ['date', '1941-02-03'], ['hour', '08:30'], ['text', null], ['instant', null]] as const)
      expect([kind, sentOf(field(kind), shownOf(field(kind), value))]).toEqual([kind, value]);
    expect(sentOf(field('words'), '前路话, 闽南话、')).toEqual(['前路话', '闽南话']);
    expect(toLocal(fromLocal('2026-11-26T20:05'))).toBe('2026-11-26T20:05');
    expect(fromLocal('2026-11-26T20:05')).toBe(Date.UTC(2026, 10, 26, 12, 5));
  });

  it('send only what was changed', () => {
    const fields = [field('text'), field('many'), field('number'), field('yes')];
    const base = { text: 'x', many: ['b', 'a'], number: 3, yes: false };
    expect(changesOf(fields, {}, base)).toEqual({});
    expect(changesOf(fields, { text: 'x', many: ['a', 'b'], number: '3', yes: false }, base)).toEqual({});
    expect(changesOf(fields, { text: ' ', many: ['a'], number: '', yes: true }, base)).toEqual({ text: null, many: ['a'], number: null, yes: true });
  });

  it('say what is wrong: missing, too long by people’s count, no such day, no number', () => {
    expect(problemOf(field('text', { required: true }), '  ')).toBe('expect.something');
    expect(problemOf(field('text'), '')).toBeNull();
    expect(problemOf(field('text', { max: 3 }), '𠮷𠮷𠮷')).toBeNull();
    expect(problemOf(field('text', { max: 3 }), '𠮷𠮷𠮷𠮷')).toBe('expect.shorter');
    expect(problemOf(field('date'), '2026-02-30')).toBe('expect.day');
    expect(problemOf(field('number'), '1e')).toBe('expect.number');
  });
});
