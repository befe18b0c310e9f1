/**
 * The definitions behind the answer figures (D10), where they are more than a count: when a month begins, and when the desk is in
 * a flood (ISA-18.2: it begins above 10 alarms in 10 minutes per operator on duty and ends below 5). SQL counts the rest: store/kpi.ts.
 */
import { countyZoneMs } from './clock.ts';
import { limits } from './limits.ts';

/** 接警 and 到场 as a county is asked for them: 97.5 % in 60 s, 99 % in 180 s, 90 % at the door in 45 min. */
export const kpiTargets = { within60s: 0.975, within180s: 0.99, arrived45m: 0.9 } as const;

/** When the county's month (UTC+8) of this moment began. */
export function monthStart(now: number): number {
  const local = new Date(now + countyZoneMs);
  return Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1) - countyZoneMs;
}

export type Flood = { active: boolean; /** when it began; null: there is none */ since: number | null; /** alarms of the last ten minutes */ lastTen: number };

/**
 * Whether there is a flood at `now`, from the times of the alarms before it (ascending). Each counts for the ten minutes that
 * begin with it. Who was on duty then is not kept: today's number of operators judges all of it; nobody counts as one.
 */
export function floodOf(opened: readonly number[], now: number, operators: number): Flood {
  const seats = Math.max(1, operators);
  let [active, since, n, leaving] = [false, null as number | null, 0, 0];
  const judge = (at: number): void => {
    if (!active && n > limits.floodBegins * seats) [active, since] = [true, at];
    else if (active && n < limits.floodEnds * seats) [active, since] = [false, null];
  };
  const leaveUntil = (at: number): void => {
    for (; (opened[leaving] ?? Number.POSITIVE_INFINITY) + limits.floodMs <= at; leaving++) {
      n--;
      const gone = (opened[leaving] ?? 0) + limits.floodMs;
      if (gone < at && opened[leaving + 1] !== opened[leaving]) judge(gone);
    }
  };
  for (const [i, at] of opened.entries()) {
    if (at > now) break;
    leaveUntil(at);
    n++;
    if (opened[i + 1] !== at) judge(at);
  }
  leaveUntil(now);
  judge(now);
  return { active, since, lastTen: n };
}
