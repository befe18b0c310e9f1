/** Whom a drill may reach, and what its rows say: no contact of anybody whatever the plan and the roster, no more than a person's share, scores by the clock. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DrillCallRow, type DrillFacts, drillDueMs, drillStep, drillVerdict, scoreDrill } from './drill.ts';
import type { PlanTarget } from './escalation.ts';
import type { Party } from './ids.ts';
import { limits } from './limits.ts';
import { templates } from './messages.ts';
import { phoneProblem } from './phone.ts';
import { emergencyPlan } from './plan.ts';
import type { PartyFacts, PartyRole } from './roster.ts';

const targets: PlanTarget[] = ['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'duty-leader', 'shift-leader', 'seat', 'key-holder', 'family-1', 'family-2', 'neighbour', 'neighbour-villages', 'nearby', 'fire-station'];
const roles: PartyRole[] = ['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'fire-station', 'seat', 'shift-leader', 'duty-leader', 'family', 'neighbour', 'other'];
const someone = fc.record({ kind: fc.constantFrom('responder', 'contact'), id: fc.integer({ min: 0, max: 30 }), role: fc.constantFrom(...roles), number: fc.integer({ min: 0, max: 12 }), keyHolder: fc.boolean(), landline: fc.boolean(), optedOut: fc.boolean(), reach: fc.constantFrom('village' as const, 'town' as const, 'county' as const), walk: fc.integer({ min: 0, max: 30 }) })
  .map((p): PartyFacts => ({ party: `${p.kind}:${p.id}` as Party, role: p.role, ord: 1, keyHolder: p.keyHolder, reach: p.reach, distanceKm: 1, phoneKey: `n${p.number}`, landline: p.landline, optedOut: p.optedOut, absentUntil: null, walkMinutes: p.walk }));
const facts = (more: Partial<DrillFacts>): DrillFacts => ({ plan: emergencyPlan, kind: 'sos', roster: [], family: new Set(), busy: new Set(), declined: new Set(), contacted: new Map(), sent: new Map(), calls: new Map(), ...more });
const person = (id: string, role: PartyRole, more: Partial<PartyFacts> = {}): PartyFacts => ({ party: `responder:${id}` as Party, role, ord: 1, keyHolder: false, reach: 'village', distanceKm: 0, phoneKey: id, landline: false, optedOut: false, absentUntil: null, ...more });

describe('whom a drill reaches', () => {
  it('is never a contact, nor a number of anybody’s family, whatever the plan and the roster; and every text begins with 演练 [2.16]', () => {
    fc.assert(fc.property(fc.uniqueArray(someone, { maxLength: 25, selector: (p) => p.party }), fc.array(fc.record({ target: fc.constantFrom(...targets), channel: fc.constantFrom('sms' as const, 'voice' as const) }), { minLength: 1, maxLength: 8 }), fc.array(fc.integer({ min: 0, max: 12 })), (roster, actions, kin) => {
      const family = new Set(kin.map((n) => `n${n}`));
      const { sends } = drillStep(facts({ roster, family, plan: { ...emergencyPlan, steps: [{ atS: 0, actions }] } }), 0, 1_000_000);
      for (const s of sends) {
        expect(s.party).toMatch(/^responder:/);
        expect(['family', 'neighbour', 'other']).not.toContain(s.role);
        expect(family.has(s.phoneKey)).toBe(false);
        expect(templates[s.template].text.startsWith('演练')).toBe(true);
        expect(templates[s.template].channel).toBe(s.channel);
      }
      expect(new Set(sends.map((s) => `${s.phoneKey} ${s.channel}`)).size).toBe(sends.length);
    }), { numRuns: 400 });
  });

  it('is never 110, 119 or 120: nobody on file can have such a number [2.16]', () => {
    for (const number of ['110', '119', '120', '122', '12345', '0110', '0598-110', '0598120']) expect(phoneProblem(number, false), number).not.toBeNull();
  });

  it('follows the real plan: the same steps, the same people, contacts written down as left out on purpose [2.16]', () => {
    const roster = [person('cw', 'care-worker'), person('doctor', 'doctor'), person('cadre', 'village-cadre'), person('duty', 'town-duty', { landline: true, reach: 'town' }), person('lead', 'duty-leader', { reach: 'county' })];
    const steps = emergencyPlan.steps.map((_, i) => drillStep(facts({ roster }), i, 0));
    expect(steps.map(({ sends }) => sends.map((s) => `${s.channel} ${s.party.slice(10)}`))).toEqual([['sms cw'], ['sms cw', 'voice cw'], ['sms doctor', 'voice doctor'], ['sms cadre', 'voice cadre'], ['voice duty'], ['sms lead', 'voice lead']]);
    expect(steps[0]?.skipped.map((s) => `${s.target} ${s.reason}`)).toEqual(['key-holder no-contacts-in-drill', 'family-1 no-contacts-in-drill']);
    expect(steps[3]?.skipped.map((s) => `${s.target} ${s.reason}`)).toContain('grid-worker nobody-in-role');
    expect([drillDueMs(emergencyPlan, 1), drillDueMs(emergencyPlan, emergencyPlan.steps.length)]).toEqual([30_000, 300_000]);
  });

  it('keeps a person’s share of a drill, what of his hour belongs to alarms, and leaves whoever has a real one in peace [2.16 FF6]', () => {
    const roster = [person('cw', 'care-worker')];
    const at = (more: Partial<DrillFacts>, step: number) => drillStep(facts({ roster, ...more }), step, 10_000_000);
    const full = { sms: limits.drillTextsPerPerson, voice: 0 };
    expect(at({ sent: new Map([['cw', full]]) }, 0)).toMatchObject({ sends: [], skipped: expect.arrayContaining([{ step: 0, target: 'care-worker', party: 'responder:cw', reason: 'drill-share' }]) });
    expect(at({ sent: new Map([['cw', { sms: 1, voice: limits.drillCallsPerPerson }]]), contacted: new Map([['responder:cw' as Party, { sms: 1, voice: 0, rounds: [0], reached: true }]]) }, 1).sends).toEqual([]);
    expect(at({ calls: new Map([['cw', [9_000_000, 9_100_000]]]) }, 1).sends.map((s) => s.channel)).toEqual(['sms']);
    expect(at({ busy: new Set(['responder:cw' as Party]) }, 0).skipped.map((s) => s.reason)).toContain('has-alarm');
  });
});

describe('what comes back', () => {
  it('is an answer unless it is a clear no [2.16 FF2]', () => {
    expect(['5', '517', '1', '收到', '好的', '演练收到'].map((w) => drillVerdict('sms', w))).toEqual(new Array(6).fill('answered'));
    expect(['0', '不去', '8', '在外地', '退订'].map((w) => drillVerdict('sms', w))).toEqual(new Array(5).fill('declined'));
    expect([drillVerdict('dtmf', '1'), drillVerdict('dtmf', '0')]).toEqual(['answered', 'declined']);
  });

  it('is scored by the rows: who in how long, per step, per person; silence is named [2.16]', () => {
    const call = (caseId: string, id: string, step: number, channel: 'sms' | 'voice', sentAt: number, answeredAt: number | null = null, verdict: DrillCallRow['verdict'] = null): DrillCallRow => ({ caseId, party: `responder:${id}` as Party, role: 'care-worker', step, channel, sentAt, answeredAt, verdict });
    const score = scoreDrill(
      [{ id: '1', state: 'answered', beginsAt: 0, claimedAt: 9_000, answeredAt: 40_000 }, { id: '2', state: 'nobody', beginsAt: 0, claimedAt: null, answeredAt: null }],
      [call('1', 'a', 0, 'sms', 0, 40_000, 'answered'), call('1', 'a', 1, 'voice', 30_000, 40_000, 'answered'), call('2', 'b', 0, 'sms', 0), call('2', 'c', 1, 'voice', 30_000, 35_000, 'taken'), call('2', 'd', 1, 'sms', 30_000, 50_000, 'declined')]);
    expect(score).toMatchObject({ cases: 2, answered: 1, claimed: 1, nobody: 1, answerMs: 40_000, claimMs: 9_000 });
    expect(score.steps).toEqual([{ step: 0, people: 2, answered: 1, medianMs: 40_000 }, { step: 1, people: 3, answered: 1, medianMs: 10_000 }]);
    expect(score.people.map((p) => [p.party.slice(10), p.verdict, p.ms, p.texts, p.calls])).toEqual([['c', 'taken', 5_000, 0, 1], ['d', 'declined', 20_000, 1, 0], ['a', 'answered', 40_000, 1, 1], ['b', 'silent', null, 1, 0]]);
    expect(scoreDrill([], [])).toMatchObject({ cases: 0, answerMs: null, people: [] });
  });
});
