/**
 * One acceptance: test mode on, the steps in their order, the alert of the rehearsal closed, test mode off, a verdict. Whatever fails, the
 * house is left as it was found: no test mode, no open rehearsal, no device that holds a place.
 */
import type { DeviceType } from '#core/decision.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import { readDevice, readStatus } from '#simulators/api/house.ts';
import { watchLive } from '#simulators/api/live.ts';
import type { Hands } from './hands.ts';
import { type Plan, planOf, type StepName, type Words } from '#core/acceptance.ts';
import { type Device, type Evidence, Failing, openEmergency, readDeviceNow, type Rehearsal, steps } from './steps.ts';

export type StepResult = { step: StepName; ok: boolean; facts: readonly string[]; ms: number | null; why: Words | null };
export type Verdict = { passed: boolean; results: readonly StepResult[]; reasons: readonly Words[]; probation: readonly Words[]; tookMs: number };
export type AcceptanceOptions = { api: HouseApi; deviceId: string; hands(device: Device, now: () => number): Promise<Hands>; /** Share of the usual waits. */ patience?: number; tell(result: StepResult | { begins: StepName }): void };

/** Minutes of test mode: the longest acceptance and a margin; it is ended at the end. */
const testMinutes = 15;
const pollMs = 300;
/** Without these nothing after them can be proven. */
const vital: ReadonlySet<StepName> = new Set(['registered', 'connected']);

export async function accept({ api, deviceId, hands: take, tell, patience = 1 }: AcceptanceOptions): Promise<Verdict> {
  const began = performance.now();
  const device = (await readDevice(api, deviceId)) as Device;
  const { models } = await api.call<{ models: { id: string; graceS: number }[] }>('GET', '/api/v1/device-models');
  const plan = planOf(device.type as DeviceType, models.find((m) => m.id === device.model)?.graceS ?? 0);
  if (plan === null) return refused({ zh: '一键电话请直接拨打一次：来电条出现即可', en: 'Ring us once with a one-key telephone: it must appear on the strip of calls' }, began);
  const emergency = await openEmergency(api, device);
  if (emergency !== null) return refused({ zh: `这一户有未办结的警情 ${emergency}，先处理，不能演练`, en: `alert ${emergency} of this home is open: handle it first, nobody rehearses into it` }, began);
  const clock = houseClock(api);
  await clock.sync();
  await api.call('POST', `/api/v1/devices/${encodeURIComponent(deviceId)}/test`, { minutes: testMinutes });
  const seen = new Map<string, number>();
  const live = watchLive(api, (frame) => { if (frame.type === 'alert' && !seen.has(frame.alert.id)) seen.set(frame.alert.id, clock.now()); });
  const hands = await take(device, clock.now).catch((error: unknown) => { live.close(); throw error; });
  const rehearsal: Rehearsal = {
    api, device: await readDeviceNow({ api, device }), profile: plan.profile, hands, ...clock, seenLive: (id) => seen.get(id) ?? null, alertId: null,
    async until(limitMs, look) {
      const end = performance.now() + limitMs * patience;
      for (;;) {
        const found = await look();
        const left = end - performance.now();
        hands.waiting(found === null ? Math.max(0, left) : 0);
        if (found !== null || left <= 0) return found;
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
  };
  try {
    const results = await walk(plan, rehearsal, tell);
    const reasons = results.flatMap((r) => (r.why ? [r.why] : []));
    return { passed: reasons.length === 0, results, reasons, probation: plan.probation, tookMs: performance.now() - began };
  } finally {
    live.close();
    hands.end();
    await tidy(rehearsal);
  }
}

const refused = (why: Words, began: number): Verdict => ({ passed: false, results: [], reasons: [why], probation: [], tookMs: performance.now() - began });

async function walk(plan: Plan, r: Rehearsal, tell: AcceptanceOptions['tell']): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of plan.steps) {
    if (step === 'voice') continue;
    tell({ begins: step });
    await r.sync();
    const result = await steps[step](r).then((e: Evidence): StepResult => ({ step, ok: true, ...e, why: null }), (error: unknown): StepResult => ({ step, ok: false, facts: [], ms: null, why: whyOf(step, error) }));
    results.push(result);
    tell(result);
    if (step === 'cancel' || (step === 'alarm' && !plan.steps.includes('cancel'))) await closeRehearsal(r);
    if (!result.ok && vital.has(step)) break;
  }
  return results;
}

function whyOf(step: StepName, error: unknown): Words {
  if (error instanceof Failing) return error.words;
  const text = (error as Error).message;
  return { zh: `${step}：${text}`, en: `${step}: ${text}` };
}

/** 办结 as an installer's test; an alert that somebody else has closed stays as it is. */
async function closeRehearsal(r: Rehearsal): Promise<void> {
  if (r.alertId === null) return;
  await r.api.call('POST', `/api/v1/alerts/${r.alertId}/close`, { outcome: 'T1', note: '安装验收演练' }).catch(() => {});
  r.alertId = null;
}

async function tidy(r: Rehearsal): Promise<void> {
  await closeRehearsal(r);
  await r.api.call('POST', `/api/v1/devices/${encodeURIComponent(r.device.id)}/test`, { minutes: 0 }).catch(() => {});
}

/** The house's clock as an offset to the monotonic one. */
function houseClock(api: HouseApi): { now(): number; sync(): Promise<void> } {
  let offset = 0;
  return { now: () => performance.now() + offset, async sync() { offset = (await readStatus(api)).serverTime - performance.now(); } };
}
