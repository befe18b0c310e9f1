/** The sweep's decisions: exact deadlines, one lost heartbeat of three, blind windows, modes, installs that never spoke. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { groupNever, suspectMs, supervise, type Watched } from './supervision.ts';

const minute = 60_000;
const t0 = 1_790_000_000_000;
const device = (over: Partial<Watched> = {}): Watched => ({
  state: 'online', lastSeenAt: t0, registeredAt: t0 - 86_400_000, graceMs: 3 * minute, hearingSince: null, silentAt: null,
  offlineRaised: false, neverRaised: false, inOutage: false, mutedUntil: null, watched: true, ...over,
});

describe('one device', () => {
  it('is not even suspected while exactly one heartbeat of three is lost [B1]', () => {
    expect(supervise(device(), t0 + 2 * minute + 5_000)).toEqual({ do: 'wait', at: t0 + 135_000 });
    expect(suspectMs(3 * minute)).toBeGreaterThan(2 * minute);
  });

  it('is suspected inside its grace and offline exactly at it [B1]', () => {
    const silent = supervise(device(), t0 + 135_000);
    expect(silent).toEqual({ do: 'silent', at: t0 + 3 * minute });
    const suspected = device({ state: 'silent', silentAt: t0 + 135_000 });
    expect(supervise(suspected, t0 + 3 * minute - 1)).toEqual({ do: 'wait', at: t0 + 3 * minute });
    expect(supervise(suspected, t0 + 3 * minute)).toEqual({ do: 'offline', raise: true, at: null });
  });

  it('gets its full grace anew from the end of a blind window [B3]', () => {
    const back = t0 + 60 * minute;
    expect(supervise(device({ hearingSince: back }), back + 100)).toEqual({ do: 'wait', at: back + 135_000 });
    expect(supervise(device({ state: 'silent', silentAt: t0 + 135_000, hearingSince: back }), back + minute)).toEqual({ do: 'wait', at: back + 3 * minute });
  });

  it('that never spoke is never online and is noticed once, at registration plus grace [B6]', () => {
    const mute = device({ state: 'never', lastSeenAt: null, registeredAt: t0 });
    expect(supervise(mute, t0 + 3 * minute - 1)).toMatchObject({ do: 'wait', at: t0 + 3 * minute });
    expect(supervise(mute, t0 + 3 * minute)).toMatchObject({ do: 'never' });
    expect(supervise({ ...mute, neverRaised: true }, t0 + 9 * minute)).toMatchObject({ do: 'wait' });
  });

  it('waits with its offline alarm until the mode of its home ends, then raises it [C9]', () => {
    const away = device({ state: 'silent', silentAt: t0 + 135_000, mutedUntil: t0 + 60 * minute });
    expect(supervise(away, t0 + 3 * minute)).toEqual({ do: 'offline', raise: false, at: t0 + 60 * minute });
    expect(supervise({ ...away, state: 'offline' }, t0 + 60 * minute)).toEqual({ do: 'offline', raise: true, at: null });
  });

  it('inside an outage raises nothing of its own [B4]', () => {
    expect(supervise(device({ state: 'silent', silentAt: t0 + 135_000, inOutage: true }), t0 + 9 * minute)).toEqual({ do: 'offline', raise: false, at: null });
  });

  it('in stock is not watched', () => {
    expect(supervise(device({ watched: false }), t0 + 90 * minute)).toMatchObject({ do: 'wait' });
  });

  it('driven by its own verdicts is declared offline once, at its deadline, whenever the sweep happens to look [B1 B2]', () => {
    fc.assert(fc.property(
      fc.integer({ min: 4_000, max: 90_000_000 }), fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 50 }),
      fc.option(fc.integer({ min: 0, max: 400_000 }), { nil: null }),
      (graceMs, lags, blindFor) => {
        const hearingSince = blindFor === null ? null : t0 + blindFor;
        const deadline = Math.max(t0, hearingSince ?? 0) + graceMs;
        let w = device({ graceMs, hearingSince });
        let now = t0;
        let raises = 0;
        for (let i = 0; i < 60; i++) {
          const lag = lags[i % lags.length]!;
          const verdict = supervise(w, now);
          if (verdict.do === 'silent') w = { ...w, state: 'silent', silentAt: now };
          if (verdict.do === 'offline') { raises++; w = { ...w, state: 'offline', offlineRaised: true }; expect(now).toBeGreaterThanOrEqual(deadline); expect(now - deadline).toBeLessThanOrEqual(10_001); }
          if (verdict.at === null) break;
          expect(verdict.at).toBeGreaterThanOrEqual(now);
          now = Math.max(verdict.at, now + 1) + lag;
        }
        expect(raises).toBe(1);
      }));
  });
});

it('many never-reported devices of one village are one notice, few are single [B6]', () => {
  const many = Array.from({ length: limits.neverReportedGroup }, (_, i) => ({ id: i, village: 'v1' }));
  const grouped = groupNever([...many, { id: 99, village: 'v2' }, { id: 100, village: null }]);
  expect([...grouped.villages.keys()]).toEqual(['v1']);
  expect(grouped.single.map((d) => d.id)).toEqual([100, 99]);
});
