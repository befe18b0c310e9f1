/** Time as an argument (law 9). Durations that matter use `anling_now()` in SQL; these helpers format and measure only. */

/** A monotonic stop-watch source in milliseconds; injected so that tests can hold it. */
export type Monotonic = () => number;

/** A day of 24 hours, in milliseconds. */
export const dayMs = 86_400_000;
/** What the county's clocks are ahead of UTC; it has no daylight saving. */
export const countyZoneMs = 8 * 3_600_000;

/** HH:mm in the county's time zone (Asia/Shanghai has no daylight saving: UTC+8). */
export function clockTime(epochMs: number): string {
  return new Date(epochMs + countyZoneMs).toISOString().slice(11, 16);
}

/** The county's day of a moment, `yyyy-MM-dd`. */
export function dayOf(epochMs: number): string {
  return new Date(epochMs + countyZoneMs).toISOString().slice(0, 10);
}

/** `yyyy-MM-dd HH:mm` of the county, as sheets and files say it. */
export const dayTime = (epochMs: number): string => `${dayOf(epochMs)} ${clockTime(epochMs)}`;

/** The minute of the county's day, 0 to 1,439. */
export const countyMinute = (epochMs: number): number => Math.floor((epochMs + countyZoneMs) / 60_000) % 1_440;

/** The next moment at which the county's clocks show HH:mm: tonight's 02:10. */
export function nextClock(now: number, clock: string): number {
  const at = Date.parse(`${dayOf(now)}T${clock}:00+08:00`);
  return at > now ? at : at + 24 * 3_600_000;
}

/** Epoch milliseconds of the provider's `yyyy-MM-dd HH:mm:ss` (always UTC+8, whatever our zone); null when it is none. */
export function parseBeijingTime(text: string): number | null {
  const ms = Date.parse(`${text.replace(' ', 'T')}+08:00`);
  return Number.isNaN(ms) ? null : ms;
}

/** The county's day (UTC+8) `yyyy-MM-dd` as epoch milliseconds, `to` being the next midnight; null when there is no such day. */
export function countyDay(day: string): { from: number; to: number } | null {
  const from = Date.parse(`${day}T00:00:00+08:00`);
  if (Number.isNaN(from) || dayOf(from) !== day) return null;
  return { from, to: from + 24 * 3_600_000 };
}
