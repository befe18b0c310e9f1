/**
 * Judging a plan before it runs (FIELD F6, F7, F9): refused is only what cannot run or would break law 5; everything else is a
 * warning, because a village with a short list of people is still better called than not.
 */
import type { Plan, PlanAction, PlanTarget } from './escalation.ts';
import { kindInfo } from './event.ts';
import { limits } from './limits.ts';
import { pricePlan } from './plan-price.ts';
import { roleTitle } from './roster.ts';

export type PlanProblem = { field: string; expected: string };
/** `fields`: the lines it concerns; `n`: its figure, 0 where there is none. */
export type PlanWarning = { code: string; text: string; fields: string[]; n: number };
/** What stands behind the targets inside the plan's region. */
export type PlanRoster = {
  /** Hours of the next 30 days in which a schedule of the role has nobody. */ gaps: Readonly<Record<string, number>>;
  /** Elders for whom fewer than limits.contactsWanted are there, the town's duty room counted (F9); for whom no number of a contact or of the village was ever proven. */ fewContacts: number; unproven: number;
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
  const urgent = isUrgent(plan);
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

/** Whether emergencies run it. */
const isUrgent = (plan: Plan): boolean => plan.priority === 1 || (plan.priority === undefined && plan.kinds.some((k) => kindInfo[k].priority === 1));

function warningsOf(plan: Plan, roster: PlanRoster, urgent: boolean): PlanWarning[] {
  const out: PlanWarning[] = [];
  const warn: Warn = (code, text, fields, n = 0) => { out.push({ code, text, fields, n }); };
  const firstS = plan.steps[0]?.atS ?? 0;
  const never = plan.priority === 2 ? plan.kinds.filter((k) => kindInfo[k].priority === 1) : [];
  if (never.length > 0) warn('never', `${never.map((k) => kindInfo[k].zh).join('、')}总是一级警情，二级预案用不到`, ['priority'], never.length);
  if (urgent && firstS > 0 && plan.kinds.some((k) => k !== 'fall' && kindInfo[k].priority === 1)) warn('desk-first-fall', '先值班台只对跌倒有效，其余照常马上全部呼叫', ['steps.0']);
  const targets = new Set(plan.steps.flatMap((s) => s.actions.map((a) => a.target)));
  const linesOf = (fits: (a: PlanAction) => boolean): string[] => plan.steps.flatMap((s, i) => s.actions.flatMap((a, k) => (fits(a) ? [`steps.${i}.actions.${k}`] : [])));
  if (urgent && firstS > 0) warn('desk-first', `前 ${firstS} 秒只有值班台知道，须有人在岗并由县里签字同意`, ['steps.0'], firstS);
  const firstVoice = plan.steps.findIndex((s) => s.actions.some((a) => a.channel === 'voice'));
  const voiceS = plan.steps[firstVoice]?.atS ?? 0;
  if (firstVoice < 0) warn('no-voice', '没有电话步骤:夜里短信不会响', ['steps']);
  else if (urgent && voiceS > 60) warn('late-voice', `第一个电话在 ${voiceS} 秒后:夜里短信不会响`, [`steps.${firstVoice}`], voiceS);
  if (urgent && !targets.has('town-duty')) warn('no-town-duty', '没有乡镇值班室:村里没人应答时无处可叫', ['steps']);
  if (plan.kinds.includes('smoke') && !(targets.has('nearby') && targets.has('fire-station'))) warn('no-fire-ring', `烟感没有同时叫步行${limits.nearbyWalkMinutes}分钟内的人和微型消防站:不能让一个人进火场`, ['steps']);
  if (urgent && plan.desk.length === 0) warn('no-desk', '值班台没有催接步骤:一级警情按 20、60、120 秒催接', ['desk']);
  const { target: most, n } = pricePlan(plan).in5Min;
  if (most !== null && n > limits.callsPerPerson5Min) warn('call-budget', `五分钟内最多打 ${limits.callsPerPerson5Min} 次，${targetTitle(most)}排了 ${n} 次，多出的不会打`, linesOf((a) => a.target === most && a.channel === 'voice'), n);
  if (roster.voice === 'public' && targets.size > 0) warn('voice-announces-only', '电话只能播报，不能按键确认:要靠短信回复', []);
  cover(plan, roster, targets, urgent, warn);
  for (const target of targets) {
    const gap = missing(target, roster);
    if (gap !== null) warn(`nobody:${target}`, gap.text, linesOf((a) => a.target === target), gap.n);
  }
  return out;
}

type Warn = (code: string, text: string, fields: string[], n?: number) => void;
/** Whether somebody is there at every hour, and can be reached: turns with gaps, few contacts, numbers never proven, steps that reach nobody at all. */
function cover(plan: Plan, roster: PlanRoster, targets: ReadonlySet<PlanTarget>, urgent: boolean, warn: Warn): void {
  const duties = [...targets, ...(plan.desk.length > 0 || urgent ? ['seat', 'shift-leader', 'duty-leader'] : [])];
  for (const role of new Set(duties)) {
    const hours = roster.gaps[role] ?? 0;
    if (hours > 0) warn(`gap:${role}`, `${roleTitle[role as keyof typeof roleTitle]}排班 30 天内有 ${hours} 小时没有人(届时全部呼叫)`, ['steps'], hours);
  }
  if (urgent && roster.fewContacts > 0) warn('few-contacts', `${roster.fewContacts} 位老人能叫的人不足 ${limits.contactsWanted} 个`, ['steps'], roster.fewContacts);
  if (urgent && roster.unproven > 0) warn('unproven', `${roster.unproven} 位老人的联系人和村里号码都没有核实过`, ['steps'], roster.unproven);
  for (const [i, step] of plan.steps.entries())
    if (step.actions.every((a) => nobodyAtAll(a.target, roster))) warn(`unreachable:${i}`, `第 ${i + 1} 步没有叫得到的人`, [`steps.${i}`], i + 1);
}

function nobodyAtAll(target: PlanTarget, r: PlanRoster): boolean {
  switch (target) {
    case 'key-holder': return r.keyHolders === 0;
    case 'family-1': return r.family === 0;
    case 'family-2': return r.secondFamily === 0;
    case 'neighbour': return r.neighbours === 0;
    case 'nearby': return r.nearby === 0;
    case 'neighbour-villages': return (r.roles['care-worker'] ?? 0) < 2;
    default: return (r.roles[target] ?? 0) === 0;
  }
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
