/**
 * Looking at an installation: which steps the store proves by now (written down once, by the house alone), and what is missing. Whoever asks,
 * a page or the house itself, hears the same.
 */
import { onSiteMs, beside, human, type Plan, planOf, startable, type StepName, stepWords, waitMs, type Words } from '#core/acceptance.ts';
import type { DeviceType } from '#core/decision.ts';
import { judge, type Missing, missingOf, named, type Proof, type Seen, type Visit } from '#core/installation.ts';
import { limits } from '#core/limits.ts';
import { seeVisit } from '#store/installation-facts.ts';
import { type Installation, readSteps, testAlerts, writeStep } from '#store/installations.ts';
import { databaseNow } from '#store/nodes.ts';
import type { Sql } from '#store/pool.ts';

export type Looked = { plan: Plan; seen: Seen; passed: Map<StepName, Proof>; why: Map<StepName, Words>; missing: Missing[]; alerts: Awaited<ReturnType<typeof testAlerts>> };

/** The plan of the device of this installation; null: a refusal, or a device that no program can prove. */
const planFor = (i: Pick<Installation, 'type' | 'graceS' | 'voice'>): Plan | null => (i.type === null ? null : planOf(i.type as DeviceType, i.graceS ?? 0, i.voice));

/** Evidence lies after the beginning and within the longest test mode. */
const spanOf = (i: Installation): { deviceId: string; homeId: string; personId: string | null; from: number; to: number } =>
  ({ deviceId: i.deviceId ?? '', homeId: i.homeId, personId: i.personId, from: i.begunAt, to: i.begunAt + limits.testMinutes * 60_000 });

const visitOf = (i: Installation): Visit => ({
  begunAt: i.begunAt, homeId: i.homeId, personId: i.personId,
  voice: i.voiceAt === null || i.voiceHeard === null ? null : { heard: i.voiceHeard, by: i.voiceBy ?? '', saidBy: i.voiceSaidBy ?? '', at: i.voiceAt },
});

/** Looks, and writes down what is proven while the installation runs. Null: there is nothing to prove. */
export async function look(sql: Sql, i: Installation): Promise<Looked | null> {
  const plan = planFor(i);
  if (plan === null || i.deviceId === null) return null;
  const [seen, passed, now] = [await seeVisit(sql, spanOf(i)), await readSteps(sql, i.id), await databaseNow(sql)];
  const why = new Map<StepName, Words>();
  const visit = visitOf(i);
  for (const step of plan.steps) {
    if (passed.has(step)) continue;
    const verdict = judge(step, { visit, seen, plan, passed });
    if (!verdict.ok) { why.set(step, verdict.why); continue; }
    if (i.state !== 'begun') continue;
    await writeStep(sql, i.id, step, verdict.proof);
    passed.set(step, verdict.proof);
  }
  const alerts = i.state === 'begun' ? await testAlerts(sql, i.deviceId, i.begunAt) : [];
  const have = { consent: i.consentAt !== null, place: i.place !== null, position: i.lat !== null, photo: i.photoAt !== null, signature: i.signatureAt !== null };
  const missing = [...missingOf({ plan, passed, why, seen, visit, now, have }), ...(alerts.length > 0 ? [named('answer')] : [])];
  return { plan, seen, passed, why, missing, alerts };
}

export type StepView = { step: StepName; zh: string; en: string; how: Words | null; waitMs: number; human: boolean; start: boolean; beside: boolean };

/** The steps of a plan as a page shows them. */
export const stepViews = (plan: Plan): StepView[] =>
  plan.steps.map((step) => ({ step, ...stepWords[step], how: plan.profile.provoke[step] ?? null, waitMs: waitMs[step], human: human.has(step), start: startable.has(step) && (plan.profile.hears || step === 'contact-sms'), beside: beside.has(step) }));
export const planMs = (plan: Plan): number => onSiteMs(plan.steps);
