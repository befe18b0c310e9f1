/**
 * Judging a plan before it runs (FIELD F6, F7, F9): refused is only what cannot run or would break law 5; everything else is a
 * warning, because a village with a short list of people is still better called than not.
 */
import type { Plan, PlanAction, PlanTarget } from './escalation.ts';
import { kindInfo } from './event.ts';
import { limits } from './limits.ts';
import { roleTitle } from './roster.ts';

export type PlanProblem = { field: string; expected: string };
/** `fields`: the lines it concerns; `n`: its figure, 0 where there is none. */
export type PlanWarning = { code: string; text: string; fields: string[]; n: number };
/** What stands behind the targets inside the plan's region. */
export type PlanRoster = {
  roles: Readonly<Record<string, number>>; people: number; keyHolders: number; family: number; /** who have two relatives or more */ secondFamily: number; neighbours: number; /** who have somebody within limits.nearbyWalkMinutes */ nearby: number; villages: number; villagesWithCareWorker: number;
  /** public: announcements only, no keypress can accept. */ voice: 'public' | 'dedicated';
};

/** Seconds of a P1 that a county may leave to its desk (law 5). */
const deskFirstSMax = 45;
const roundSMin = 60;

export function lintPlan(plan: Plan, roster: PlanRoster): { problems: PlanProblem[]; warnings: PlanWarning[] } {
  const problems: PlanProblem[] = [];
  const first = plan.steps[0];
  const last = plan.steps.at(-1);
  const urgent = plan.kinds.some((k) => kindInfo[k].priority === 1);
  if (plan.kinds.length === 0) problems.push({ field: 'kinds', expected: 'at least one kind' });
  if (!first || !last) problems.push({ field: 'steps', expected: 'at least one step' });
  for (const [i, step] of plan.steps.entries()) {
    if (step.actions.length === 0) problems.push({ field: `steps.${i}.actions`, expected: 'at least one action' });
    if (i > 0 && step.atS <= (plan.steps[i - 1]?.atS ?? 0)) problems.push({ field: `steps.${i}.atS`, expected: 'later than the step before' });
  }
  if (last && plan.roundS <= last.atS) problems.push({ field: 'roundS', expected: `more than ${last.atS}, the last step` });
  if (plan.roundS < roundSMin) problems.push({ field: 'roundS', expected: `at least ${roundSMin}` });
  if (urgent && first && first.atS > deskFirstSMax) problems.push({ field: 'steps.0.atS', expected: `at most ${deskFirstSMax} for an emergency: nobody may be left waiting longer` });
  if (plan.kinds.length > 0 && plan.kinds.every((k) => kindInfo[k].priority > 2)) problems.push({ field: 'kinds', expected: 'a kind that calls people: technical ones have work lists, no plan' });
  return { problems, warnings: problems.length > 0 ? [] : warningsOf(plan, roster, urgent) };
}

function warningsOf(plan: Plan, roster: PlanRoster, urgent: boolean): PlanWarning[] {
  const out: PlanWarning[] = [];
  const warn = (code: string, text: string, fields: string[], n = 0): void => { out.push({ code, text, fields, n }); };
  const targets = new Set(plan.steps.flatMap((s) => s.actions.map((a) => a.target)));
  const linesOf = (fits: (a: PlanAction) => boolean): string[] => plan.steps.flatMap((s, i) => s.actions.flatMap((a, k) => (fits(a) ? [`steps.${i}.actions.${k}`] : [])));
  const firstS = plan.steps[0]?.atS ?? 0;
  if (urgent && firstS > 0) warn('desk-first', `前 ${firstS} 秒只有值班台知道，须有人在岗并由县里签字同意`, ['steps.0'], firstS);
  const firstVoice = plan.steps.findIndex((s) => s.actions.some((a) => a.channel === 'voice'));
  const voiceS = plan.steps[firstVoice]?.atS ?? 0;
  if (firstVoice < 0) warn('no-voice', '没有电话步骤:夜里短信不会响', ['steps']);
  else if (urgent && voiceS > 60) warn('late-voice', `第一个电话在 ${voiceS} 秒后:夜里短信不会响`, [`steps.${firstVoice}`], voiceS);
  if (urgent && !targets.has('town-duty')) warn('no-town-duty', '没有乡镇值班室:村里没人应答时无处可叫', ['steps']);
  if (plan.kinds.includes('smoke') && !(targets.has('nearby') && targets.has('fire-station'))) warn('no-fire-ring', `烟感没有同时叫步行${limits.nearbyWalkMinutes}分钟内的人和微型消防站:不能让一个人进火场`, ['steps']);
  if (urgent && plan.desk.length === 0) warn('no-desk', '值班台没有催接步骤', ['desk']);
  const { target: most, n } = mostCalls(plan);
  if (most !== null && n > limits.callsPerPerson5Min) warn('call-budget', `五分钟内最多打 ${limits.callsPerPerson5Min} 次，${targetTitle(most)}排了 ${n} 次，多出的不会打`, linesOf((a) => a.target === most && a.channel === 'voice'), n);
  if (roster.voice === 'public' && targets.size > 0) warn('voice-announces-only', '电话只能播报，不能按键确认:要靠短信回复', []);
  for (const target of targets) {
    const gap = missing(target, roster);
    if (gap !== null) warn(`nobody:${target}`, gap.text, linesOf((a) => a.target === target), gap.n);
  }
  return out;
}

const targetTitle = (target: PlanTarget): string => {
  switch (target) {
    case 'key-holder': return '持钥匙人';
    case 'family-1': return '家属1';
    case 'family-2': return '家属2';
    case 'neighbour-villages': return '邻村孝老员';
    case 'nearby': return `步行${limits.nearbyWalkMinutes}分钟内的人`;
    default: return roleTitle[target];
  }
};

/** The most calls one target gets within five minutes, rounds included. */
function mostCalls(plan: Plan): { target: PlanTarget | null; n: number } {
  const times = new Map<PlanTarget, number[]>();
  for (let round = 0; round * plan.roundS <= 300; round++)
    for (const step of plan.steps) for (const a of step.actions) if (a.channel === 'voice') times.set(a.target, [...(times.get(a.target) ?? []), round * plan.roundS + step.atS]);
  let most: { target: PlanTarget | null; n: number } = { target: null, n: 0 };
  for (const [target, at] of times) for (const from of at) {
    const n = at.filter((t) => t >= from && t < from + 300).length;
    if (n > most.n) most = { target, n };
  }
  return most;
}

function missing(target: PlanTarget, r: PlanRoster): { text: string; n: number } | null {
  const people = (n: number, what: string): { text: string; n: number } | null => (n < r.people ? { text: `${r.people - n} 位老人没有${what}`, n: r.people - n } : null);
  switch (target) {
    case 'key-holder': return people(r.keyHolders, '持钥匙人');
    case 'family-1': return people(r.family, '家属');
    case 'family-2': return people(r.secondFamily, '第二位家属');
    case 'nearby': return people(r.nearby, targetTitle(target));
    case 'neighbour': return people(r.neighbours, '邻居');
    case 'care-worker': case 'neighbour-villages': { const n = r.villages - r.villagesWithCareWorker; return n > 0 ? { text: `${n} 个村没有孝老员`, n } : null; }
    default: return (r.roles[target] ?? 0) === 0 ? { text: `没有${targetTitle(target)}`, n: 0 } : null;
  }
}
