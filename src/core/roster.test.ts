import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Case, Contacted, Engagement } from './change.ts';
import { clockTime } from './clock.ts';
import type { PlanAction } from './escalation.ts';
import type { Party } from './ids.ts';
import { arriveMs, candidates, type PartyFacts, resolveStep, resolveTells } from './roster.ts';

const now = 1_800_000_000_000;
const person = (party: string, role: PartyFacts['role'], more: Partial<PartyFacts> = {}): PartyFacts =>
  ({ party: party as Party, role, ord: 1, keyHolder: false, reach: 'village', distanceKm: 0, phoneKey: party, landline: false, optedOut: false, absentUntil: null, ...more });
const caseOf = (roster: PartyFacts[], more: { engagements?: [string, Engagement['state']][]; contacted?: [string, Partial<Contacted>][]; calls?: [string, number[]][] } = {}): Case => ({
  alert: { kind: 'sos', flags: [] as string[] } as unknown as Case['alert'], timers: new Map(), roster, consoleBeatAt: null, unclaimed: 0,
  engagements: new Map((more.engagements ?? []).map(([p, state]) => [p as Party, { state, acceptedAt: null, arriveBy: null }])),
  contacted: new Map((more.contacted ?? []).map(([p, c]) => [p as Party, { sms: 1, voice: 0, rounds: [0], reached: true, ...c }])), calls: new Map(more.calls ?? []),
});
const lines = (c: Case, actions: PlanAction[], round = 0, step = 1): string[] => resolveStep(c, actions, round, step, now).sends.map((s) => `${s.channel} ${s.party}`);
const reasons = (c: Case, actions: PlanAction[]): string[] => resolveStep(c, actions, 0, 1, now).skipped.map((s) => `${s.party ?? s.target} ${s.reason}`);
const call = (target: PlanAction['target']): PlanAction => ({ target, channel: 'voice' });
const text = (target: PlanAction['target']): PlanAction => ({ target, channel: 'sms' });

describe('whom a step reaches', () => {
  it('absent goes to the deputy by ord [FF9]', () => {
    const c = caseOf([person('r:1', 'care-worker', { absentUntil: now + 1 }), person('r:2', 'care-worker', { ord: 2 })]);
    expect(lines(c, [text('care-worker')])).toEqual(['sms r:2']);
    expect(reasons(c, [text('care-worker')])).toEqual(['r:1 absent']);
    expect(lines(caseOf([person('r:1', 'care-worker', { absentUntil: now })]), [text('care-worker')])).toEqual(['sms r:1']);
  });
  it('quiet hours keep all but an emergency from a responder, over midnight too [LAW5 2.4]', () => {
    const quiet = (from: string, to: string): PartyFacts[] => [person('r:1', 'care-worker', { quiet: { from, to } }), person('r:2', 'care-worker', { ord: 2 })];
    const at = (priority: 1 | 2, roster: PartyFacts[]): string[] => lines({ ...caseOf(roster), alert: { kind: 'motionless', priority, flags: [] as string[] } as unknown as Case['alert'] }, [text('care-worker')]);
    expect(clockTime(now)).toBe('16:00');
    expect([at(2, quiet('15:00', '16:01')), at(2, quiet('15:00', '16:00')), at(2, quiet('22:00', '06:00')), at(2, quiet('15:30', '06:00')), at(1, quiet('00:00', '00:00'))])
      .toEqual([['sms r:2'], ['sms r:1'], ['sms r:1'], ['sms r:2'], ['sms r:1']]);
  });
  it('a contact who withdrew consent is never reached, one who agreed to emergencies only not in a lesser case, and both say why [E12 LAW5]', () => {
    const roster = [person('c:1', 'family', { withdrawn: true }), person('c:2', 'family', { ord: 2, emergenciesOnly: true }), person('c:3', 'family', { ord: 3 })];
    const at = (priority: 1 | 2): Case => ({ ...caseOf(roster), alert: { kind: 'motionless', priority, flags: [] as string[] } as unknown as Case['alert'] });
    expect([lines(at(1), [text('family-1')]), lines(at(2), [text('family-1')])]).toEqual([['sms c:2'], ['sms c:3']]);
    expect([reasons(at(1), [text('family-1')]), reasons(at(2), [text('family-1')])]).toEqual([['c:1 consent-withdrawn'], ['c:1 consent-withdrawn', 'c:2 emergencies-only']]);
    expect(lines(at(1), [call('doctor')], 1, 0).filter((l) => l.includes('c:1')), 'nor at the beginning of a round').toEqual([]);
    expect(resolveTells(at(1), [{ target: 'family-1', channel: 'sms', template: 'self-cancelled' } as never], now).sends.map((m) => m.party)).toEqual(['c:2']);
  });
  it('a decline or a promise stands: neither is called again [LAW6]', () => {
    const roster = [person('r:1', 'care-worker'), person('r:2', 'care-worker', { ord: 2 }), person('r:3', 'care-worker', { ord: 3 })];
    expect(lines(caseOf(roster, { engagements: [['r:1', 'declined'], ['r:2', 'accepted']], contacted: [['r:3', {}]] }), [call('care-worker')])).toEqual(['voice r:3']);
  });
  it('in an outage the town’s landline rings in the same second, whoever comes first in the duty room [FF4]', () => {
    const room = [person('r:officer', 'town-duty', { reach: 'town' }), person('r:room', 'town-duty', { reach: 'town', ord: 2, landline: true })];
    const inOutage = (c: Case): Case => ({ ...c, alert: { ...c.alert, flags: ['in-outage'] } });
    expect(lines(caseOf(room), [call('town-duty')])).toEqual(['sms r:officer', 'voice r:officer']);
    expect(lines(inOutage(caseOf(room)), [call('town-duty')])).toEqual(['sms r:officer', 'voice r:officer', 'voice r:room']);
    expect(lines(inOutage(caseOf(room.slice(1))), [call('town-duty')]), 'once').toEqual(['voice r:room']);
  });
  it('in an outage the nearest villages with a signal are rung; those without come last [FF4]', () => {
    const near = (party: string, distanceKm: number, more: Partial<PartyFacts> = {}): PartyFacts => person(party, 'care-worker', { reach: 'town', distanceKm, ...more });
    const roster = [near('r:1', 1, { cutOff: true }), near('r:2', 2, { cutOff: true }), near('r:8', 8), near('r:9', 9, { reach: 'county' }), near('r:7', 7, { cutOff: true })];
    const inOutage: Case = { ...caseOf(roster), alert: { kind: 'sos', flags: ['in-outage'] } as unknown as Case['alert'] };
    expect(lines(inOutage, [text('neighbour-villages')])).toEqual(['sms r:8', 'sms r:9', 'sms r:1']);
    expect(reasons(inOutage, [text('neighbour-villages')])).toEqual(['r:2 cut-off', 'r:7 cut-off']);
  });
  it('whose own village is in an outage is passed over while a deputy has a signal, and the timeline says so; alone, he is tried all the same [FF4 2.4]', () => {
    const dark = person('r:1', 'care-worker', { cutOff: true });
    const c = caseOf([dark, person('r:2', 'care-worker', { ord: 2 })]);
    expect([lines(c, [text('care-worker')]), reasons(c, [text('care-worker')])]).toEqual([['sms r:2'], ['r:1 cut-off']]);
    expect(lines(caseOf([dark]), [text('care-worker')])).toEqual(['sms r:1']);
  });
  it('who speaks as she does comes first among those who are as near; a nearer village goes before a language, contacts keep their order [2.4 FF9]', () => {
    const near = (party: string, distanceKm: number, more: Partial<PartyFacts> = {}): PartyFacts => person(party, 'care-worker', { reach: 'town', distanceKm, ...more });
    expect(lines(caseOf([person('r:1', 'doctor', { strange: true }), person('r:2', 'doctor', { ord: 2 })]), [text('doctor')])).toEqual(['sms r:2']);
    expect(lines(caseOf([person('r:1', 'doctor', { strange: true })]), [text('doctor')]), 'better than nobody').toEqual(['sms r:1']);
    expect(candidates('neighbour-villages', [near('r:1', 0.5, { strange: true }), near('r:2', 2.5), near('r:5', 5, { strange: true }), near('r:9', 9)]).map((p) => p.party)).toEqual(['r:2', 'r:1', 'r:5', 'r:9']);
    expect(candidates('seat', [person('r:1', 'seat', { strange: true }), person('r:2', 'seat', { ord: 2 })]).map((p) => p.party), 'a desk has its own order').toEqual(['r:1', 'r:2']);
  });
  it('of those whom neither turn, distance, speech nor the village’s own order tells apart, who was called less goes first; between villages within a band; a fire goes by distance [2.4]', () => {
    const near = (party: string, distanceKm: number, called: number, role: PartyFacts['role'] = 'care-worker'): PartyFacts => person(party, role, { reach: 'town', distanceKm, called });
    const order = (target: PlanAction['target'], ...roster: PartyFacts[]): string => candidates(target, roster).map((p) => p.party.slice(2)).join(' ');
    expect(order('doctor', person('r:1', 'doctor', { called: 9 }), person('r:2', 'doctor', { called: 2 }), person('r:3', 'doctor'))).toBe('3 2 1');
    expect(order('doctor', person('r:1', 'doctor', { called: 9 }), person('r:2', 'doctor', { ord: 2 })), 'the village says who is the deputy').toBe('1 2');
    expect(order('neighbour-villages', near('r:1', 0.5, 7), near('r:2', 2.5, 1), near('r:4', 4, 0))).toBe('2 1 4');
    expect(order('fire-station', near('r:1', 0.5, 7, 'fire-station'), near('r:2', 2.5, 1, 'fire-station'))).toBe('1 2');
  });
  it('how often somebody was called orders, it never leaves anybody out, and it takes nobody before his band, his language or his turn [2.4]', () => {
    const someone = fc.record({ km: fc.constantFrom(0, 0.5, 2, 4, 8), ord: fc.integer({ min: 1, max: 2 }), called: fc.integer({ min: 0, max: 3 }), strange: fc.boolean(), off: fc.boolean(), role: fc.constantFrom('care-worker' as const, 'doctor' as const) });
    fc.assert(fc.property(fc.array(someone, { maxLength: 12 }), fc.constantFrom<PlanAction['target']>('care-worker', 'doctor', 'neighbour-villages'), (people, target) => {
      const roster = people.map((p, i) => person(`r:${i}`, p.role, { distanceKm: p.km, reach: p.km === 0 ? 'village' : 'town', ord: p.ord, called: p.called, ...(p.strange ? { strange: true as const } : {}), ...(p.off ? { offDuty: true as const } : {}) }));
      const [mine, uncounted] = [candidates(target, roster), candidates(target, roster.map(({ called: _, ...p }) => p))];
      expect(mine.map((p) => p.party).sort()).toEqual(uncounted.map((p) => p.party).sort());
      const rank = (p: PartyFacts): number => (p.offDuty ? 1e6 : 0) + Math.floor(p.distanceKm / 3) * 100 + (p.strange ? 1 : 0);
      for (const [i, p] of mine.entries()) expect(rank(p), 'ranks ascend').toBeGreaterThanOrEqual(rank(mine[i - 1] ?? p));
      expect(mine.map(rank)).toEqual(uncounted.map(rank));
    }));
  });
  it('who opted out or has a landline is called instead of written to [FF21]', () => {
    expect(lines(caseOf([person('r:1', 'care-worker', { optedOut: true })]), [text('care-worker')])).toEqual(['voice r:1']);
    expect(lines(caseOf([person('r:1', 'town-duty', { landline: true, reach: 'town' })]), [call('town-duty'), text('town-duty')])).toEqual(['voice r:1']);
  });
  it('whoever is called has a message to answer [FF7]', () => {
    expect(lines(caseOf([person('r:1', 'doctor')]), [call('doctor')])).toEqual(['sms r:1', 'voice r:1']);
    expect(lines(caseOf([person('r:1', 'doctor')], { contacted: [['r:1', {}]] }), [call('doctor')])).toEqual(['voice r:1']);
  });
  it('one number in two roles is reached once by a step', () => {
    const c = caseOf([person('r:1', 'doctor', { phoneKey: 'x' }), person('c:1', 'neighbour', { phoneKey: 'x' })]);
    expect(lines(c, [call('neighbour'), call('doctor')])).toEqual(['sms c:1', 'voice c:1']);
  });
  it('three calls in five minutes or five in an hour are enough, then the deputy [FF6]', () => {
    const min = 60_000;
    const both = [person('r:1', 'care-worker'), person('r:2', 'care-worker', { ord: 2 })];
    const at = (...minutes: number[]): [string, number[]][] => [['r:1', minutes.map((m) => now - m * min)]];
    expect(lines(caseOf(both, { calls: at(1, 2, 4.9), contacted: [['r:2', {}]] }), [call('care-worker')])).toEqual(['sms r:1', 'voice r:2']);
    expect(lines(caseOf(both, { calls: at(1, 2, 5.1), contacted: [['r:1', {}]] }), [call('care-worker')])).toEqual(['voice r:1']);
    expect(lines(caseOf(both, { calls: at(10, 20, 30, 40, 50), contacted: [['r:1', {}], ['r:2', {}]] }), [call('care-worker')])).toEqual(['voice r:2']);
    expect(lines(caseOf(both, { calls: at(10, 20, 30, 40, 60), contacted: [['r:1', {}]] }), [call('care-worker')])).toEqual(['voice r:1']);
  });
  it('who has been called too often, perhaps about another elder, has the message all the same; a landline has none [FF6 LAW5]', () => {
    const calls: [string, number[]][] = [['r:1', [now - 1, now - 2, now - 3]]];
    expect(lines(caseOf([person('r:1', 'doctor')], { calls }), [call('doctor')])).toEqual(['sms r:1']);
    expect(reasons(caseOf([person('r:1', 'doctor')], { calls }), [call('doctor')])).toEqual(['r:1 call-budget-sms-instead']);
    expect(lines(caseOf([person('r:1', 'doctor')], { calls, contacted: [['r:1', {}]] }), [call('doctor')])).toEqual([]);
    expect(lines(caseOf([person('r:1', 'town-duty', { landline: true })], { calls }), [call('town-duty')])).toEqual([]);
  });
  it('family-2 is the second of the family; with one there is none', () => {
    const family = [person('c:1', 'family', { reach: 'county' }), person('c:2', 'family', { reach: 'county', ord: 2 })];
    expect(lines(caseOf(family), [text('family-1'), text('family-2')])).toEqual(['sms c:1', 'sms c:2']);
    expect(lines(caseOf(family.slice(0, 1)), [text('family-1'), text('family-2')])).toEqual(['sms c:1']);
  });
  it('a fire is told to everybody within five minutes, each number once, whatever their roles; never to one alone [FF9]', () => {
    const near = [person('c:key', 'neighbour', { keyHolder: true, walkMinutes: 1 }), person('c:son', 'family', { walkMinutes: 5 }), person('r:doctor', 'doctor', { walkMinutes: 0 }), person('r:same', 'grid-worker', { walkMinutes: 2, phoneKey: 'c:key' })];
    const others = [person('r:six', 'village-cadre', { walkMinutes: 6 }), person('c:unknown', 'neighbour')];
    expect(lines(caseOf([...others, ...near]), [text('nearby'), text('key-holder'), text('family-1')]).sort()).toEqual(['sms c:key', 'sms c:son', 'sms r:doctor']);
    expect(lines(caseOf([...others, ...near], { engagements: [['c:key', 'declined']] }), [text('nearby')]).sort(), 'his other role').toEqual(['sms c:son', 'sms r:doctor', 'sms r:same']);
    expect(reasons(caseOf(others), [text('nearby')])).toEqual(['nearby nobody-in-role']);
    const minutes = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
    fc.assert(fc.property(fc.array(fc.record({ minutes, key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') }), { maxLength: 30 }), (people) => {
      const roster = people.map(({ minutes: m, key }, i) => person(`p:${i}`, 'neighbour', { phoneKey: key, ...(m === undefined ? {} : { walkMinutes: m }) }));
      const told = resolveStep(caseOf(roster), [text('nearby')], 0, 0, now).sends.map((s) => roster.find((p) => p.party === s.party)?.phoneKey);
      expect(told.sort()).toEqual([...new Set(people.flatMap((p) => (p.minutes !== undefined && p.minutes <= 5 ? [p.key] : [])))].sort());
    }));
  });
  it('the fire station is the nearest one: the village’s own, else another of its town; one that has only a landline is called [FF21]', () => {
    const stations = [person('r:far', 'fire-station', { reach: 'town', distanceKm: 7 }), person('r:town', 'fire-station', { reach: 'town', distanceKm: 2 }), person('r:own', 'fire-station')];
    expect(lines(caseOf(stations), [text('fire-station')])).toEqual(['sms r:own']);
    expect(lines(caseOf(stations.slice(0, 2)), [text('fire-station')])).toEqual(['sms r:town']);
    expect(lines(caseOf([person('r:room', 'fire-station', { landline: true })]), [text('fire-station')])).toEqual(['voice r:room']);
  });
  it('neighbour villages are the nearest three, in the next round the next [FF6]', () => {
    const far = [4, 1, 3, 2, 5].map((km) => person(`r:${km}`, 'care-worker', { reach: 'town', distanceKm: km }));
    expect(lines(caseOf(far), [text('neighbour-villages')])).toEqual(['sms r:1', 'sms r:2', 'sms r:3']);
    const tried = [1, 2, 3].map((km): [string, Partial<Contacted>] => [`r:${km}`, { rounds: [0] }]);
    expect(lines(caseOf(far, { contacted: tried }), [text('neighbour-villages')], 1)).toEqual(['sms r:4', 'sms r:5', 'sms r:1']);
    expect(candidates('care-worker', far)).toEqual([]); // not the home's own village
  });
  it('a new round begins with whoever no round has tried [E2]', () => {
    const c = caseOf([person('r:1', 'care-worker'), person('c:9', 'neighbour', { ord: 9 }), person('r:s', 'shift-leader', { reach: 'county' })], { contacted: [['r:1', {}]] });
    expect(lines(c, [text('care-worker')], 1, 0)).toEqual(['sms r:1', 'sms c:9', 'voice c:9']);
    expect(lines(c, [text('care-worker')], 0, 0)).toEqual(['sms r:1']);
  });
  it('tells once per number, by voice where a message cannot arrive [B4]', () => {
    const c = caseOf([person('r:d', 'town-duty', { landline: true, reach: 'town' }), person('r:l', 'duty-leader', { reach: 'county' })]);
    const tell = (target: PlanAction['target']) => ({ target, channel: 'sms' as const, template: 'outage' as const });
    expect(resolveTells(c, [tell('town-duty'), tell('duty-leader'), tell('duty-leader'), tell('doctor')], now)).toMatchObject({
      sends: [{ party: 'r:d', channel: 'voice', template: 'voice-outage' }, { party: 'r:l', channel: 'sms', template: 'outage' }], skipped: [{ target: 'doctor' }],
    });
  });
  it('gives 20 minutes to the village and 45 to others [LAW6]', () => {
    const c = caseOf([person('r:1', 'care-worker'), person('r:2', 'care-worker', { reach: 'town' })]);
    expect([arriveMs(c, 'r:1' as Party), arriveMs(c, 'r:2' as Party), arriveMs(c, null)].map((ms) => ms / 60_000)).toEqual([20, 45, 20]);
  });
});
