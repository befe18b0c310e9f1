/**
 * 每月试按 (FEATURES B7): once in a period the person of a device presses it, which proves the whole chain with the person in it. Pure: when the
 * next press is due, and what a press was worth. Nothing here decides what an alarm is: that is the rules' alone (rules/test.ts).
 */
import { dayMs } from './clock.ts';
import type { DeviceType } from './decision.ts';
import { limits } from './limits.ts';

/** What a person presses: radars, mats and doors feel by themselves. */
export const pressable = ['sos-button', 'phone', 'watch', 'smoke', 'gas'] as const satisfies readonly DeviceType[];
export type Pressable = (typeof pressable)[number];

/** The county's setting `test-calls`; off until it says otherwise. `remind`: a message to the village's care worker, once a week at most. */
export type TestCallSettings = { on: boolean; periodDays: number; types: readonly Pressable[]; remind: boolean };
export const defaultTestCalls: TestCallSettings = { on: false, periodDays: 30, types: ['sos-button', 'phone'], remind: true };
export const periodDaysMin = 7;
export const periodDaysMax = 180;

/** 未到期; 快到期: within limits.testCallSoonDays; 逾期; 不在家: nobody is there who could press. */
export const testCallStates = ['pressed', 'due', 'overdue', 'away'] as const;
export type TestCallState = (typeof testCallStates)[number];

/** Times in epoch ms. `since`: installed, or fitted anew; a press of before is somebody else's. `awayUntil`: the mode of its person or home. */
export type TestCallFacts = { since: number; lastPressAt: number | null; awayUntil: number | null };

/** When the next press is due, and how that stands now. */
export function testCallOf({ since, lastPressAt, awayUntil }: TestCallFacts, periodDays: number, now: number): { state: TestCallState; dueAt: number } {
  const dueAt = Math.max(since, lastPressAt ?? since) + periodDays * dayMs;
  if (dueAt > now + limits.testCallSoonDays * dayMs) return { state: 'pressed', dueAt };
  if (awayUntil !== null && awayUntil > now) return { state: 'away', dueAt };
  return { state: dueAt <= now ? 'overdue' : 'due', dueAt };
}
