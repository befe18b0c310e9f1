/** Minutes as a payment counts them, and the county's months. */
import { describe, expect, it } from 'vitest';
import { countyMonth, minutesThere, minutesToArrive } from './arrival.ts';

const at = 1_773_115_200_000;
const response = { openedAt: at, toldAt: at + 10_000, acceptedAt: null, arrivedAt: at + 70_000, doneAt: null, closedAt: at + 200_000 };

describe('a response on site', () => {
  it('takes from when he was told, a minute begun is a minute; nothing is negative', () => {
    expect([minutesToArrive(response), minutesToArrive({ ...response, toldAt: null }), minutesToArrive({ ...response, toldAt: null, acceptedAt: at + 69_000 }), minutesToArrive({ ...response, toldAt: at + 90_000 })]).toEqual([1, 2, 1, 0]);
  });
  it('lasts until he said done, else until the close; an open case has no end yet', () => {
    expect([minutesThere(response), minutesThere({ ...response, doneAt: at + 71_000 }), minutesThere({ ...response, closedAt: null })]).toEqual([3, 1, null]);
  });
  it('counts in a month of the county, over a new year too', () => {
    expect(countyMonth('2026-12')).toEqual({ from: Date.parse('2026-12-01T00:00:00+08:00'), to: Date.parse('2027-01-01T00:00:00+08:00') });
    expect([countyMonth('2026-13'), countyMonth('2026-00'), countyMonth('2026-1'), countyMonth('')]).toEqual([null, null, null, null]);
  });
});
