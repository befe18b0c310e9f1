/** What responders say on the way, who is told of it, and a fire that is nobody's alone (E8, FIELD F7). */
import { describe, expect, it } from 'vitest';
import type { AlertAction } from './alert.ts';
import { absorb, type Case, type Change } from './change.ts';
import { openAlert } from './decide-raise.ts';
import type { EventKind, StoredEvent } from './event.ts';
import type { AlertId, DeviceId, EventId, Party } from './ids.ts';
import { emergencyPlan, firePlan } from './plan.ts';
import type { PartyFacts } from './roster.ts';
import { act } from './transition.ts';

const t0 = 1_800_000_000_000;
const minute = 60_000;
const person = (party: string, role: PartyFacts['role'], more: Partial<PartyFacts> = {}): PartyFacts =>
  ({ party: party as Party, role, ord: 1, keyHolder: false, reach: 'village', distanceKm: 0, phoneKey: party, landline: false, optedOut: false, absentUntil: null, ...more });
const roster = [person('r:cw', 'care-worker'), person('r:doc', 'doctor'), person('c:son', 'family', { reach: 'county' }), person('c:key', 'family', { keyHolder: true })];

class Run {
  c: Case;
  now = t0;
  constructor(kind: EventKind = 'sos') {
    const event: StoredEvent = {
      id: '1' as EventId, kind, edge: 'raise', source: 'mqtt', urgency: 1, deviceId: 'd1' as DeviceId, homeId: null, personId: null, room: null, regionCode: null, sourceEventId: null, ref: null,
      deviceTime: null, receivedAt: t0, flags: [], confidence: null, data: {}, trace: 't',
    };
    const { alert, change } = openAlert({ type: 'raise', kind, priority: 1, subject: { type: 'device', id: 'd1' } }, event, kind === 'smoke' ? firePlan : emergencyPlan, false, t0);
    this.c = absorb({ alert: { ...alert, id: '7' as AlertId }, timers: new Map(), engagements: new Map(), roster, contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 1 }, change, t0);
    const told: Change['sends'] = roster.map((p) => ({ party: p.party, channel: 'sms', template: 'sos', purpose: 'search', round: 0, step: 0 }));
    this.c = absorb(this.c, { patch: {}, timers: {}, withdraw: 'nothing', sends: told, log: [], engagements: [], feed: null }, t0);
  }

  says(party: string, action: AlertAction, afterMin = 0): Change {
    this.now += afterMin * minute;
    const result = act(this.c, { action, actor: { type: 'party', id: party as Party, name: '某' }, via: 'sms' }, this.now);
    if (result.kind !== 'change') throw new Error(result.kind);
    this.c = absorb(this.c, result.change, this.now);
    return result.change;
  }

  of(party: string): { state: string | undefined; departedAt: number | null } { const e = this.c.engagements.get(party as Party); return { state: e?.state, departedAt: e?.departedAt ?? null }; }
  get arrival(): number | undefined { return this.c.timers.get('arrival')?.dueAt; }
}
const lines = (c: Change): string[] => c.sends.map((s) => `${s.template} ${s.party}`).sort();

describe('on the way [E8]', () => {
  it('follows the promise; the way has its time from there, once', () => {
    const run = new Run();
    run.says('r:cw', 'accept');
    expect(run.arrival).toBe(t0 + 20 * minute);
    run.says('r:cw', 'depart', 10);
    expect([run.of('r:cw'), run.arrival]).toEqual([{ state: 'accepted', departedAt: t0 + 10 * minute }, t0 + 30 * minute]);
    run.says('r:cw', 'depart', 15);
    expect([run.of('r:cw').departedAt, run.arrival]).toEqual([t0 + 10 * minute, t0 + 30 * minute]);
    run.says('r:cw', 'arrive', 2);
    expect(run.c.alert.state).toBe('arrived');
  });
  it('is a promise too: who says only that he is on the way ends the search', () => {
    const run = new Run();
    run.says('r:cw', 'depart');
    expect([run.c.alert.state, run.of('r:cw')]).toEqual(['committed', { state: 'accepted', departedAt: t0 }]);
  });
  it('of somebody while another goes: he is told who, and is not waited for [D4]', () => {
    const run = new Run();
    run.says('r:cw', 'accept');
    expect(lines(run.says('r:doc', 'depart'))).toEqual(['taken r:doc']);
    expect(run.of('r:doc')).toEqual({ state: 'seen', departedAt: null });
  });
});

describe('who goes, told to the others [E6]', () => {
  it('those who were called need not go, a relative hears that somebody does', () => {
    const run = new Run();
    expect(lines(run.says('r:cw', 'accept'))).toEqual(['family-taken c:son', 'taken c:key', 'taken r:doc']);
  });
  it('a relative who answers is told by whom it is taken', () => {
    const run = new Run();
    run.says('r:cw', 'accept');
    expect(lines(run.says('c:son', 'accept', 4))).toEqual(['taken c:son']);
  });
});

describe('a fire [FF9]', () => {
  it('is nobody’s alone: nobody is told to stay, each who comes is expected', () => {
    const run = new Run('smoke');
    expect(lines(run.says('r:cw', 'accept'))).toEqual(['family-taken c:son']);
    run.says('r:doc', 'accept', 1);
    expect([run.of('r:cw').state, run.of('r:doc').state, run.arrival]).toEqual(['accepted', 'accepted', t0 + 20 * minute]);
    run.says('r:cw', 'decline', 1);
    expect(run.c.alert.state).toBe('committed'); // the other still comes
  });
});
