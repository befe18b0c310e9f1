/** 外出: who says 8 is not called until the county's midnight, and for a few hours at least; 7 brings him back. */
import { clockTime, countyDay, dayOf } from './clock.ts';
import { limits } from './limits.ts';

/** Until when somebody is away who says so now. */
export const offUntil = (now: number): number => Math.max(countyDay(dayOf(now))?.to ?? now, now + limits.offTodayMs);

/** As the text to him says it: 今天23:30, 明天05:30. */
export const untilWord = (until: number, now: number): string => `${dayOf(until) === dayOf(now) ? '今天' : '明天'}${clockTime(until)}`;
