/** Going on after an absence that was not over: of a case that was handed over and not taken yet, nothing is made a second time. */
import { expect, it } from 'vitest';
import { createLog } from '#ops/log.ts';
import type { Kept } from './case.ts';
import type { OpenNow } from './county.ts';
import type { WorkTools } from './room.ts';
import { createWork } from './work.ts';

const alertOf = (id: string, planStep: number, state = 'open'): Kept['standing']['alert'] => ({ id, trace: 't', state, planRound: 0, planStep, version: 3, stateVersion: 1, subject: { type: 'person', id: 'p' }, kind: 'sos' }) as never;
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

it('goes on from the alert where that has been taken over, or somebody has it', () => {
  expect(resumed(handed(3), caseOf('9', 3))).toMatchObject([{ alertId: '9', step: 3, handed: false }]);
  expect(resumed(handed(3), caseOf('9', 1, 'committed'))).toMatchObject([{ alertId: '9', step: 1 }]);
});
