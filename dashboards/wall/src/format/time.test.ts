/** Durations and clocks as the field writes them (FIELD 4). */
import { expect, it } from 'vitest';
import { clockMs, clockSeconds, countdown, dayMinute, duration } from './time.ts';

it('writes durations as people say them', () => {
  expect([0, 20_999, 60_000, 200_000, 3_600_000, 12_000_000, 183_600_000, -5].map((ms) => duration(ms, 'zh')))
    .toEqual(['0秒', '20秒', '1分00秒', '3分20秒', '1小时00分', '3小时20分', '2天3小时', '0秒']);
  expect(duration(200_000, 'en')).toBe('3m 20s');
});

it('shows the county’s clock whatever the zone of the PC', () => {
  const at = Date.parse('2026-11-21T18:13:05.120Z');
  expect([clockSeconds(at), clockMs(at), dayMinute(at)]).toEqual(['02:13:05', '02:13:05.120', '11-22 02:13']);
});

it('counts down to zero and not below', () => expect([42_000, 725_000, 1, -9].map(countdown)).toEqual(['0:42', '12:05', '0:01', '0:00']));
