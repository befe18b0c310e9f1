/** When the desk is asked for a key by night, what counts as an answer, when a phone rings (FIELD F3). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWatchNight, vigilanceStep } from './vigilance.ts';

/** 2026-08-12 at the county's clock, as epoch ms. */
const at = (time: string): number => Date.parse(`2026-08-12T${time}+08:00`);

/** The night as the worker lives it, looking each second from `from` to `to`; inputs by time. */
function live(from: number, to: number, inputs: readonly number[]): string[] {
  let [askedAt, missed]: [number | null, number] = [null, 0];
  const story: string[] = [];
  for (let now = from; now <= to; now += 1_000) {
    const inputAt = inputs.filter((t) => t <= now).at(-1) ?? null;
    for (;;) {
      const step = vigilanceStep({ now, inputAt, askedAt, missed });
      if (step.do === 'nothing') break;
      if (step.do === 'ask') askedAt = now;
      if (step.do === 'answered' || step.do === 'void') { askedAt = null; missed = 0; }
      if (step.do === 'missed') { askedAt = null; missed++; }
      story.push(`${new Date(now + 8 * 3_600_000).toISOString().slice(11, 19)} ${step.do}${step.do === 'missed' && step.ring ? ' ring' : ''}`);
    }
  }
  return story;
}

describe('the vigilance of the desk', () => {
  it('last key 00:41: asked 01:11, two missed by 01:41, the phone rings then, and once an hour [FF3 FF4]', () => {
    expect(live(at('00:00:00'), at('02:45:00'), [at('00:00:00'), at('00:20:00'), at('00:41:00')])).toEqual([
      '01:11:00 ask', '01:26:00 missed', '01:26:00 ask', '01:41:00 missed ring', '01:41:00 ask', '01:56:00 missed', '01:56:00 ask', '02:11:00 missed', '02:11:00 ask',
      '02:26:00 missed', '02:26:00 ask', '02:41:00 missed ring', '02:41:00 ask',
    ]);
  });

  it('any key answers, and begins the half hour anew [FF3]', () => {
    expect(live(at('00:30:00'), at('02:00:00'), [at('00:30:00'), at('01:05:00'), at('01:29:00')])).toEqual(['01:00:00 ask', '01:05:00 answered', '01:59:00 ask']);
  });

  it('asks nobody by day, and nobody where nobody is logged in; six o’clock ends the question [FF3]', () => {
    expect(live(at('06:00:00'), at('10:00:00'), [at('06:00:00')])).toEqual([]);
    expect(live(at('00:00:00'), at('05:59:00'), [])).toEqual([]);
    expect(live(at('05:40:00'), at('06:10:00'), [at('05:20:00')])).toEqual(['05:50:00 ask', '06:00:00 void']);
    expect([at('00:00:00'), at('05:59:59'), at('06:00:00'), at('23:59:59')].map(isWatchNight)).toEqual([true, true, false, false]);
  });

  it('whoever presses at least every half hour is never asked, whatever the rhythm [FF3]', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 1_799 }), { minLength: 12, maxLength: 40 }), (gaps) => {
      let t = at('00:00:00');
      const inputs = [t, ...gaps.map((s) => (t += s * 1_000))];
      return live(at('00:00:00'), Math.min(t, at('05:59:59')), inputs).length === 0;
    }), { numRuns: 20 });
  });
});
