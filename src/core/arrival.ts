/** A response on site as the arrival sheet counts it: how long until he was there, how long he stayed. Pure. */
import { countyZoneMs } from './clock.ts';

export type Response = { openedAt: number; toldAt: number | null; acceptedAt: number | null; arrivedAt: number; doneAt: number | null; closedAt: number | null };

/** Whole minutes, rounded up: who drives for forty seconds has driven a minute. A clock that stepped back counts as nothing. */
const minutes = (from: number, to: number): number => Math.max(0, Math.ceil((to - from) / 60_000));
/** From when he was told (else promised, else the alarm) to the door. */
export const minutesToArrive = (r: Response): number => minutes(r.toldAt ?? r.acceptedAt ?? r.openedAt, r.arrivedAt);
/** From the door to his own "done", else to the close of the case; null while neither is. */
export function minutesThere(r: Response): number | null {
  const end = r.doneAt ?? r.closedAt;
  return end === null ? null : minutes(r.arrivedAt, end);
}

/** The county's month `yyyy-MM` as epoch milliseconds, `to` being the beginning of the next; null when there is none. */
export function countyMonth(month: string): { from: number; to: number } | null {
  const [, year, no] = /^(\d{4})-(\d\d)$/.exec(month) ?? [];
  if (year === undefined || no === undefined || Number(no) < 1 || Number(no) > 12) return null;
  const begin = (m: number): number => Date.UTC(Number(year), m, 1) - countyZoneMs;
  return { from: begin(Number(no) - 1), to: begin(Number(no)) };
}
