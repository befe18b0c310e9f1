/** 排班: turns, layers, windows past midnight, holidays, stand-ins and swaps; and, for any schedule, that the spans say what each moment says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf } from './clock.ts';
import { calendar, gaps, type Holidays, isRestDay, type Layer, onDuty, type Override, type Schedule, spans, swap } from './schedule.ts';

const at = (text: string): number => Date.parse(`${text}:00+08:00`);
const none: Holidays = new Map();
const layer = (more: Partial<Layer> = {}): Layer => ({ members: ['a', 'b', 'c'], startDay: '2026-11-02', handOver: '08:00', turnHours: 24, days: 'all', window: null, endDay: null, ...more });
const who = (s: Schedule, text: string, holidays = none): string | null => onDuty(s, at(text), holidays).who;
const only = (...layers: Layer[]): Schedule => ({ layers, overrides: [] });

describe('a rotation', () => {
  it('hands over at its time, turn by turn, and begins on its day [E9]', () => {
    const s = only(layer());
    expect([who(s, '2026-11-02T07:59'), who(s, '2026-11-02T08:00'), who(s, '2026-11-03T07:59'), who(s, '2026-11-03T08:00'), who(s, '2026-11-05T08:00')]).toEqual([null, 'a', 'a', 'b', 'a']);
  });

  it('changes by the week and by twelve hours [E9]', () => {
    expect([who(only(layer({ turnHours: 168 })), '2026-11-09T07:59'), who(only(layer({ turnHours: 168 })), '2026-11-09T08:00')]).toEqual(['a', 'b']);
    expect([who(only(layer({ turnHours: 12, handOver: '20:00' })), '2026-11-03T07:59'), who(only(layer({ turnHours: 12, handOver: '20:00' })), '2026-11-03T08:00')]).toEqual(['a', 'b']);
  });

  it('over a leap day and a year’s end loses and repeats nobody [E9]', () => {
    const s = only(layer({ startDay: '2028-02-27' }));
    expect(['2028-02-28T09:00', '2028-02-29T09:00', '2028-03-01T09:00'].map((t) => who(s, t))).toEqual(['b', 'c', 'a']);
    expect(spans(only(layer({ startDay: '2027-12-30' })), at('2027-12-30T08:00'), at('2028-01-03T08:00'), none).map((x) => x.who)).toEqual(['a', 'b', 'c', 'a']);
  });

  it('of the county’s day, not of UTC’s: two in the morning belongs to the evening before [E9 F10]', () => {
    const night = only(layer({ window: { from: '20:00', to: '08:00' }, turnHours: 24, handOver: '20:00', days: 'rest' }));
    expect(who(night, '2026-11-08T02:00')).toBe('c'); // Saturday night goes on into Sunday
    expect(who(night, '2026-11-09T02:00')).toBe('a'); // Sunday's night goes on into Monday
    expect(who(night, '2026-11-09T21:00')).toBeNull();
  });
});

describe('layers and holidays', () => {
  const base = layer({ members: ['station'] });
  it('a later layer goes over an earlier one where it has somebody, and nowhere else [E9]', () => {
    const s = only(base, layer({ members: ['night'], window: { from: '22:00', to: '06:00' } }));
    expect([who(s, '2026-11-03T21:59'), who(s, '2026-11-03T22:00'), who(s, '2026-11-04T05:59'), who(s, '2026-11-04T06:00')]).toEqual(['station', 'night', 'night', 'station']);
  });

  it('knows weekends, public holidays and the weekend days worked instead [E9]', () => {
    const holidays: Holidays = new Map([['2027-02-06', 'rest'], ['2027-02-08', 'rest'], ['2027-02-20', 'work']]);
    expect(['2027-02-06', '2027-02-08', '2027-02-09', '2027-02-13', '2027-02-20'].map((d) => isRestDay(d, holidays))).toEqual([true, true, false, true, false]);
    const s = only(base, layer({ members: ['holiday'], days: 'rest' }));
    expect([who(s, '2027-02-08T12:00', holidays), who(s, '2027-02-09T12:00', holidays), who(s, '2027-02-20T12:00', holidays)]).toEqual(['holiday', 'station', 'station']);
  });

  it('ends on its last day, and what is below is seen again [E9]', () => {
    const s = only(base, layer({ members: ['summer'], endDay: '2026-11-05' }));
    expect([who(s, '2026-11-04T23:59'), who(s, '2026-11-05T00:00')]).toEqual(['summer', 'station']);
  });
});

describe('stand-ins', () => {
  const s = only(layer());
  const override = (more: Partial<Override>): Schedule => ({ ...s, overrides: [{ id: 'o1', from: at('2026-11-03T12:00'), to: at('2026-11-03T18:00'), out: null, in: 'x', ...more }] });
  it('stand in for one person or for whoever it is, to the minute, and only then [E9]', () => {
    expect(onDuty(override({}), at('2026-11-03T12:00'), none)).toEqual({ who: 'x', instead: true });
    expect([who(override({}), '2026-11-03T11:59'), who(override({}), '2026-11-03T18:00')]).toEqual(['b', 'b']);
    expect([who(override({ out: 'a' }), '2026-11-03T13:00'), who(override({ out: 'b' }), '2026-11-03T13:00')]).toEqual(['b', 'x']);
  });

  it('two people change their turns, both ways [E9]', () => {
    const pair = swap({ who: 'a', from: at('2026-11-02T08:00'), to: at('2026-11-03T08:00') }, { who: 'b', from: at('2026-11-03T08:00'), to: at('2026-11-04T08:00') });
    const changed: Schedule = { ...s, overrides: pair.map((o, i) => ({ ...o, id: String(i) })) };
    expect(['2026-11-02T09:00', '2026-11-03T09:00', '2026-11-04T09:00', '2026-11-05T09:00'].map((t) => who(changed, t))).toEqual(['b', 'a', 'c', 'a']);
  });

  it('the gap finder names the hours without anybody in the next thirty days [E9 E10]', () => {
    const worked = only(layer({ days: 'work' }));
    expect(gaps(worked, at('2026-11-06T00:00'), 30, none).slice(0, 2)).toEqual([
      { from: at('2026-11-07T00:00'), to: at('2026-11-09T00:00'), who: null, instead: false }, { from: at('2026-11-14T00:00'), to: at('2026-11-16T00:00'), who: null, instead: false }]);
    expect(gaps(only(layer()), at('2026-11-06T00:00'), 30, none)).toEqual([]);
    expect(gaps(override({ in: null }), at('2026-11-03T00:00'), 2, none)).toEqual([{ from: at('2026-11-03T12:00'), to: at('2026-11-03T18:00'), who: null, instead: true }]);
  });
});

describe('any schedule', () => {
  const clock = fc.integer({ min: 0, max: 47 }).map((half) => `${String(Math.floor(half / 2)).padStart(2, '0')}:${half % 2 ? '30' : '00'}`);
  const day = fc.integer({ min: -40, max: 40 }).map((n) => dayOf(at('2028-02-20T12:00') + n * 86_400_000));
  const layers = fc.array(fc.record({
    members: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }), startDay: day, handOver: clock, turnHours: fc.constantFrom(1, 8, 12, 24, 72, 168),
    days: fc.constantFrom('all', 'work', 'rest'), window: fc.option(fc.record({ from: clock, to: clock }).filter((w) => w.from !== w.to)), endDay: fc.option(day),
  }), { maxLength: 4 }) as fc.Arbitrary<Layer[]>;
  const overrides = fc.array(fc.record({
    id: fc.uuid(), from: fc.integer({ min: 0, max: 20 * 48 }).map((h) => at('2028-02-15T00:00') + h * 1_800_000), length: fc.integer({ min: 1, max: 96 }),
    out: fc.option(fc.constantFrom('a', 'b')), in: fc.option(fc.constantFrom('c', 'x')),
  }).map(({ length, ...o }): Override => ({ ...o, to: o.from + length * 1_800_000 })), { maxLength: 4 });
  const holidays = fc.array(fc.tuple(day, fc.constantFrom('rest' as const, 'work' as const)), { maxLength: 6 }).map((list): Holidays => new Map(list));

  it('has spans without holes or overlaps that say what each moment says [E9]', () => {
    fc.assert(fc.property(layers, overrides, holidays, fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 20, maxLength: 20 }), (l, o, h, points) => {
      const s: Schedule = { layers: l, overrides: o };
      const [from, to] = [at('2028-02-14T03:07'), at('2028-03-10T11:11')];
      const all = spans(s, from, to, h);
      expect(all[0]?.from).toBe(from);
      expect(all.at(-1)?.to).toBe(to);
      for (const [i, span] of all.entries()) if (i > 0) expect(span.from).toBe(all[i - 1]?.to);
      for (const p of points) {
        const moment = Math.floor(from + p * (to - from));
        const span = all.find((x) => moment >= x.from && moment < x.to);
        expect(onDuty(s, moment, h)).toEqual({ who: span?.who, instead: span?.instead });
      }
    }), { numRuns: 300 });
  });
});

describe('the calendar', () => {
  it('is what a calendar reads: CRLF, UTC, folded at 75 octets without cutting a character, commas escaped [E9]', () => {
    const text = calendar({ id: 'seat-1', name: '一号席,值班排班表（节假日另行安排）以县养老服务中心的通知为准请勿外传' }, spans(only(layer()), at('2026-11-02T08:00'), at('2026-11-04T08:00'), none), new Map([['a', '陈接警']]), at('2026-11-01T00:00'));
    expect(text).toContain('DTSTART:20261102T000000Z\r\nDTEND:20261103T000000Z\r\n');
    expect(text.split('\r\n').every((line) => Buffer.byteLength(line) <= 75)).toBe(true);
    const unfolded = text.replace(/\r\n /g, '');
    expect(unfolded).toContain('SUMMARY:陈接警 一号席\\,值班排班表（节假日另行安排）以县养老服务中心的通知为准请勿外传\r\n');
    expect(unfolded.match(/BEGIN:VEVENT/g)).toHaveLength(2);
    expect(unfolded.endsWith('END:VCALENDAR\r\n')).toBe(true);
  });
});
