/** The seven days after an installation (试用期): what the rows of those days say, and what makes it one to be done again. Pure. */
import { probationDays } from './acceptance.ts';

export type ProbationFacts = {
  /** Heartbeats of each whole day since, the first day first. */ beats: readonly number[];
  /** So often a heartbeat is due, s. */ periodS: number;
  /** Ms of those days in which no door of ours was open. */ blindMs: number;
  /** Low battery reported and not taken back, or the last reading below the bound. */ lowBattery: boolean;
  /** Faults and tampering reported. */ faults: number;
  /** It still hangs where it was fitted, and is in use. */ there: 'yes' | 'gone' | 'moved' | 'replaced';
};

/** Share of the heartbeats that may be lost. */
const lossAllowed = 0.1;
const dayS = 86_400;

/** Reasons (core/installation.ts: reasonWords) that make it one to be done again; none: accepted once the days are over. */
export function probationReasons({ beats, periodS, blindMs, lowBattery, faults, there }: ProbationFacts): string[] {
  if (there === 'replaced') return ['replaced'];
  if (there !== 'yes') return [there === 'gone' ? 'device-gone' : 'home-changed'];
  const heard = beats.reduce((sum, n) => sum + n, 0);
  if (heard === 0) return ['never-heard'];
  const hearing = probationDays * dayS - blindMs / 1000;
  const due = Math.floor(hearing / periodS);
  const reasons: string[] = [];
  // A class of a day may be late by an hour of its grace: a day without one is told by the count, unless two follow each other.
  if (beats.some((n, i) => n === 0 && (periodS < dayS || beats[i + 1] === 0))) reasons.push('silent-day');
  if (heard < Math.floor(due * (1 - lossAllowed))) reasons.push('beats-lost');
  if (lowBattery) reasons.push('low-battery');
  if (faults > 0) reasons.push('fault');
  return reasons;
}
