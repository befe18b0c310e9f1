/** Who withdrew consent (撤回同意) in the middle of a case is asked by nobody: not by a dispatch, not by the way that follows a failure (E12). */
import { describe, expect, it } from 'vitest';
import type { Alert } from './alert.ts';
import type { Case, Change, Contacted } from './change.ts';
import { sendFailed, type Failure } from './decide-failure.ts';
import type { Party } from './ids.ts';
import { emergencyPlan } from './plan.ts';
import type { PartyFacts } from './roster.ts';
import { act } from './transition.ts';

const now = 1_800_000_000_000;
const person = (party: string, role: PartyFacts['role'], more: Partial<PartyFacts> = {}): PartyFacts =>
  ({ party: party as Party, role, ord: 1, keyHolder: false, reach: 'village', distanceKm: 0, phoneKey: party, landline: false, optedOut: false, absentUntil: null, ...more });
const plan = { ...emergencyPlan, steps: [{ atS: 0, actions: [{ target: 'family-1', channel: 'sms' }] }, { atS: 120, actions: [{ target: 'family-2', channel: 'voice' }] }] as typeof emergencyPlan.steps };
const caseOf = (withdrawn: boolean, alert: Partial<Alert> = {}, contacted: Partial<Contacted> = {}): Case => ({
  alert: { id: '1', kind: 'sos', priority: 1, state: 'open', flags: [] as string[], plan, planState: 'running', planBaseAt: now - 1_000, planRound: 0, planStep: 1, ...alert } as unknown as Alert,
  timers: new Map([['plan', { dueAt: now + 119_000 }]]), consoleBeatAt: null, unclaimed: 0, engagements: new Map(), calls: new Map(),
  roster: [person('contact:son', 'family', withdrawn ? { withdrawn: true } : {}), person('contact:daughter', 'family', { ord: 2 })],
  contacted: new Map([['contact:son' as Party, { sms: 1, voice: 0, rounds: [0], reached: true, ...contacted }]]),
});
const failure = (more: Partial<Failure> = {}): Failure =>
  ({ party: 'contact:son' as Party, channel: 'sms', template: 'family', purpose: 'search', state: 'failed', round: 0, step: 0, errorCode: 'isv.MOBILE_NUMBER_ILLEGAL', errorClass: 'P', ...more });
const sent = (c: Change): string[] => c.sends.map((s) => `${s.channel} ${s.party}`);

describe('nobody asks who withdrew consent [E12 LAW6]', () => {
  const dispatch = (withdrawn: boolean) => act(caseOf(withdrawn), { action: 'dispatch', actor: { type: 'user', id: 'op', name: '接警员' }, via: 'wall', party: 'contact:son' as Party }, now);
  it('a dispatch is refused, and says who and why; who has not withdrawn is texted and called', () => {
    const ok = dispatch(false);
    expect(ok.kind === 'change' ? sent(ok.change) : ok).toEqual(['sms contact:son', 'voice contact:son']);
    expect(dispatch(true)).toEqual({ kind: 'invalid', fields: [{ field: 'party', expected: expect.stringMatching(/撤回同意.*家属 contact:son/u) as string }] });
  });
  it('a human may still have dialled him by hand: what he said counts', () => {
    const c = caseOf(true);
    const by = { actor: { type: 'user', id: 'op', name: '接警员' }, via: 'wall', party: 'contact:son' as Party } as const;
    expect(act(c, { action: 'step', ...by, note: '接通' }, now).kind).toBe('change');
    const accepted = act(c, { action: 'accept', ...by }, now);
    expect(accepted.kind === 'change' && accepted.change.patch.state).toBe('committed');
  });
  it('after his text failed he is not called instead, and the next one is, at once', () => {
    expect(sent(sendFailed(caseOf(false), failure(), now))).toEqual(['voice contact:son']);
    const change = sendFailed(caseOf(true), failure(), now);
    expect(sent(change)).toEqual([]);
    expect(change.timers).toEqual({ plan: { dueAt: now } });
    expect(change.log).toEqual([expect.objectContaining({ action: 'send-failed', detail: expect.objectContaining({ party: 'contact:son', next: 'next-person' }) as unknown })]);
  });
  it('nor is the last way left his: a text that its budget kept back stays kept', () => {
    const last = (withdrawn: boolean): Change => sendFailed(caseOf(withdrawn, { planStep: 2 }, { reached: false, voice: 1 }), failure({ errorCode: 'local.SMS_DAY' }), now);
    expect(sent(last(false))).toEqual(['sms contact:son']);
    expect(sent(last(true))).toEqual([]);
  });
});
