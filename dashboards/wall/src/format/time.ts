/** Durations and clocks as the field reads them: 3分20秒, 02:13:05. All by the county's clock (UTC+8), never the PC's zone. */
import type { Lang } from '#wall/i18n/text.ts';

const hourMs = 3_600_000;
const shifted = (epochMs: number): string => new Date(epochMs + 8 * hourMs).toISOString();

/** 02:13:05 */
export const clockSeconds = (epochMs: number): string => shifted(epochMs).slice(11, 19);
/** 02:13:05.120 */
export const clockMs = (epochMs: number): string => shifted(epochMs).slice(11, 23);
/** 11-22 02:13 */
export const dayMinute = (epochMs: number): string => shifted(epochMs).slice(5, 16).replace('T', ' ');

/** 20秒, 3分20秒, 3小时20分, 2天3小时; 20 s, 3 m 20 s, 3 h 20 m, 2 d 3 h. Negative counts as 0. */
export function duration(ms: number, lang: Lang): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const [day, hour, minute, second] = lang === 'zh' ? ['天', '小时', '分', '秒'] : ['d', 'h', 'm', 's'];
  const gap = lang === 'zh' ? '' : ' ';
  const pair = (a: number, unitA: string | undefined, b: number, unitB: string | undefined): string => `${a}${unitA}${gap}${String(b).padStart(2, '0')}${unitB}`;
  if (s < 60) return `${s}${second}`;
  if (s < 3600) return pair(Math.floor(s / 60), minute, s % 60, second);
  if (s < 86_400) return pair(Math.floor(s / 3600), hour, Math.floor((s % 3600) / 60), minute);
  return `${Math.floor(s / 86_400)}${day}${gap}${Math.floor((s % 86_400) / 3600)}${hour}`;
}

/** 0:42, 12:05: a countdown; a past due time shows 0:00. */
export function countdown(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}
