/** How far the special group is covered against what the county has promised: 33 % in 2026, 67 % in 2027, all in 2028. Pure. */
const coverMilestones = [33, 67, 100] as const;

export type CoverGoal = { percent: number; /** so many more have to be accepted */ lacking: number };

/** Percent to one decimal, never rounded up to a milestone that is not reached; and what each milestone lacks. */
export function coverGoals(accepted: number, special: number): { percent: number; goals: CoverGoal[] } {
  return {
    percent: special === 0 ? 0 : Math.floor((accepted * 1_000) / special) / 10,
    goals: coverMilestones.map((percent) => ({ percent, lacking: Math.max(0, Math.ceil((special * percent) / 100) - accepted) })),
  };
}
