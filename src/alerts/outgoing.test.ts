import { describe, expect, it } from 'vitest';
import { timeWord } from './outgoing.ts';

describe('the time in a text [A5 LAW5]', () => {
  const at = (text: string): number => Date.parse(`${text}+08:00`);
  const word = (opened: string, occurred: string | null, now = opened): string => timeWord({ openedAt: at(opened), occurredAt: occurred === null ? null : at(occurred) }, at(now));
  it('is our own for what came in time, whatever the device says', () => {
    expect(word('2026-11-22T02:13:20', null)).toBe('02:13');
    expect(word('2026-11-22T02:13:20', '2026-11-22T02:05:00')).toBe('02:13');
  });
  it("is the device's for what came late, with the day when it was another", () => {
    expect(word('2026-11-22T06:00:00', '2026-11-22T02:13:00')).toBe('02:13');
    expect(word('2026-11-22T06:00:00', '2026-11-21T23:59:00')).toBe('昨23:59');
    expect(word('2026-11-22T06:00:00', '2026-11-20T23:59:00')).toBe('前23:59');
  });
  it('says yesterday for an alarm that midnight has passed', () => expect(word('2026-11-21T23:58:00', null, '2026-11-22T00:10:00')).toBe('昨23:58'));
});
