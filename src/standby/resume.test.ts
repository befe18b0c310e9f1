/** Going on after an absence that was not over: of a case that was handed over and not taken yet, nothing is made a second time. */
import { expect, it } from 'vitest';
import { createLog } from '#ops/log.ts';
import type { Kept } from './case.ts';
import type { OpenNow } from './county.ts';
import type { WorkTools } from './room.ts';
import { createWork } from './work.ts';

const alertOf = (id: string, planStep: number, state = 'open'): Kept['standing']['alert'] => ({ id, trace: id === '8' ? 'u' : 't', state, planRound: 0, planStep, version: 3, stateVersion: 1, subject: { type: 'person', id: id === '8' ? 'q' : 'p' }, kind: 'sos', flags: [], count: 1, priority: 1 }) as never;
const caseOf = (id: string, planStep: number, state?: string): OpenNow['cases'][number] => ({ alert: alertOf(id, planStep, state), timers: new Map(), engagements: new Map(), roster: [], contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 0 });
const handed = (planStep: number): Kept => ({
  key: 'ingest', alertId: null, standing: caseOf('~ingest', planStep), handover: { startedAt: 0, fromVersion: null, changes: [] }, slips: new Map(), events: [{ ingestId: 'ingest', opens: true }], replies: [], handed: true,
});
function resumed(left: Kept, open: OpenNow['cases'][number]): { key: string; alertId: string | null; step: number; handed: boolean }[] {
  const tools = { log: createLog('test', 'silent'), now: () => 0, ledger: { left: [left], save: () => true, forget: () => true, holds: () => true } } as unknown as WorkTools;
  const work = createWork(tools);
  work.resume({ cases: [open], slips: [], nowMs: 0 });
  return [...work.cases.values()].map((k) => ({ key: k.key, alertId: k.alertId, step: k.standing.alert.planStep, handed: k.handed }));
}

it('goes on with what was handed over where its alert stands behind it, as one case', () => {
  expect(resumed(handed(3), caseOf('9', 1))).toEqual([{ key: 'ingest', alertId: null, step: 3, handed: false }]);
});

const known = (planStep: number, state = 'open'): Kept => ({ ...handed(planStep), key: 'alert 9 x', alertId: '9' as never, standing: { ...caseOf('9', planStep, state) }, events: [] });

it('a case of a known alert whose handover was cut off by the next absence goes on where it stood, though the look is older', () => {
  expect(resumed(known(3), caseOf('9', 1))).toEqual([{ key: 'alert 9 x', alertId: '9', step: 3, handed: false }]);
  expect(resumed(known(1, 'committed'), caseOf('9', 1))).toMatchObject([{ key: 'alert 9 x', handed: false }]);
});

it('an answer that it had taken does not hold where the alert was set free since and is searched for again', () => {
  const answered = { ...known(1, 'committed'), committed: { stateVersion: 1, planRound: 0, planStep: 1 } };
  const again = caseOf('9', 4);
  Object.assign(again.alert, { stateVersion: 3, planRound: 1 });
  expect(resumed(answered, again)).toMatchObject([{ alertId: '9', step: 4, handed: false }]);
  expect(resumed(answered, again)[0]?.key).not.toBe('alert 9 x');
  expect(resumed(answered, caseOf('9', 1))).toMatchObject([{ key: 'alert 9 x', handed: false }]);
});

it('it goes on from the look where that is as far, and not at all where the alert is closed by then', () => {
  expect(resumed(known(3), caseOf('9', 3))).toMatchObject([{ alertId: '9', step: 3, handed: false }]);
  expect(resumed(known(3), caseOf('9', 3))[0]?.key).not.toBe('alert 9 x');
  expect(resumed(known(3), caseOf('8', 0)).map((k) => k.alertId)).toEqual(['8']);
});

it('goes on from the alert where that has been taken over, or somebody has it', () => {
  expect(resumed(handed(3), caseOf('9', 3))).toMatchObject([{ alertId: '9', step: 3, handed: false }]);
  expect(resumed(handed(3), caseOf('9', 1, 'committed'))).toMatchObject([{ alertId: '9', step: 1 }]);
});

/** A press of the same button that stands in a spool, put to a standby to which this case was handed over. */
function pressedAgain(left: Kept, running: OpenNow['cases'][number][] = []): { key: string; step: number; count: number; handed: boolean }[] {
  const county = {
    devices: new Map([['d', { id: 'd', type: 'sos-button', supervisionClass: 'minute', personId: 'p', homeId: null, about: 'p', demo: false }]]), persons: new Map([['p', { id: 'p', homeId: null, mode: 'home', riskTags: [], demo: false }]]), homes: new Map(),
    roster: { responders: [], contacts: [], places: [], scopes: [], turns: { groups: [], holidays: [] } }, lines: new Map(), plans: [], provider: null, regions: new Map(), nowMs: 0,
  };
  const tools = { log: createLog('test', 'silent'), now: () => 0, county: () => county, running: () => running.map((c) => c.alert), ledger: { left: [left], save: () => true, forget: () => true, holds: () => true } } as unknown as WorkTools;
  const work = createWork(tools);
  work.event({ ingestId: 'again', shard: 0, urgency: 1, deviceId: 'd', source: 'mqtt', kind: 'sos', edge: 'raise', sourceEventId: 'e2', ref: null, deviceTime: 0, flags: [], confidence: null, dataSealed: null, trace: 't2' }, 0);
  return [...work.cases.values()].map((k) => ({ key: k.key, step: k.standing.alert.planStep, count: k.events.length, handed: k.handed }));
}

it('a press while the database takes no events again goes to the case that was handed over and not taken: it is gone on with, and no step of it is made anew', () => {
  expect(pressedAgain(handed(3))).toEqual([{ key: 'ingest', step: 3, count: 2, handed: false }]);
});

it('where the worker has that alert already, the press is counted there and the case stays his', () => {
  expect(pressedAgain(handed(3), [caseOf('9', 3)])).toEqual([{ key: 'ingest', step: 3, count: 1, handed: true }]);
});
