/** What others have committed is on the snapshot and on the cases of standby: never older, never lost by a look that began before it. */
import { beforeEach, expect, it } from 'vitest';
import type { AlertId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { uptimeMs } from '#ops/machine.ts';
import type { Echoed } from '#store/echo.ts';
import type { Kept } from './case.ts';
import { hearEchoes, putOn, standStill, takeHeard } from './echoes.ts';
import type { Parts, State } from './parts.ts';
import type { Room } from './room.ts';

type Over = { nowMs?: number; sv?: number; state?: string; version?: number; step?: number; upMs?: number; due?: number; trace?: string; about?: string };
const alertOf = (id: string, { sv = 1, state = 'open', version = 1, step = 0, trace = `t${id}`, about = `p${id}` }: Over): Echoed['alert'] => ({ id, state, version, stateVersion: sv, trace, planRound: 0, planStep: step, kind: 'sos', subject: { type: 'person', id: about } }) as Echoed['alert'];
const echoed = (id: string, o: Over): Echoed => ({ alert: alertOf(id, o), timers: new Map([['plan', { dueAt: o.due ?? 0 }]]), engagements: new Map(), contacted: new Map(), upMs: o.upMs ?? 0, nowMs: o.nowMs ?? 0 });
const known = (id: string, o: Over): State['known'] => new Map([[id as AlertId, { ...echoed(id, o), roster: [{ party: 'responder:a' }], calls: new Map([['1', [5]]]), consoleBeatAt: null, unclaimed: 0 } as never]]);

let s: State;
beforeEach(() => {
  const map = known('7', { version: 3, step: 1 });
  s = { known: map, open: { cases: [...map.values()], slips: [], nowMs: 0 }, echoes: new Map(), evaluated: new Set(), waiting: new Map(), county: null, unwritten: false } as unknown as State;
});
const hear = (e: Echoed, since = 0): void => { s.echoes.set(e.alert.id, e); putOn(s, since); };
const open = (): [string, number, number][] => (s.open?.cases ?? []).map((c) => [c.alert.id, c.alert.version, c.alert.planStep]);

it('goes on from the last commit, with the people and calls that the snapshot knew', () => {
  hear(echoed('7', { version: 4, step: 2, due: 99 }));
  expect(open()).toEqual([['7', 4, 2]]);
  expect(s.open?.cases[0]?.roster.length).toBe(1);
  expect(s.open?.cases[0]?.timers.get('plan')?.dueAt).toBe(99);
  expect(s.open?.cases[0]?.calls.get('1')).toEqual([5]);
  expect(s.unwritten).toBe(true);
});

it('lets no older word undo a newer look, and forgets what stands in it', () => {
  hear(echoed('7', { version: 2, step: 0 }));
  expect(open()).toEqual([['7', 3, 1]]);
  putOn(s, 1);
  expect(s.echoes.size).toBe(0);
});

it('a look that began before a close does not bring the case back', () => {
  hear(echoed('7', { version: 4, state: 'closed', upMs: 500 }));
  expect(open()).toEqual([]);
  s.known = known('7', { version: 3, step: 1 });
  s.open = { cases: [...s.known.values()], slips: [], nowMs: 0 };
  putOn(s, 400);
  expect(open()).toEqual([]);
});

it('knows an emergency that was opened since', () => {
  hear(echoed('8', { version: 1 }));
  expect(open().map(([id]) => id)).toEqual(['7', '8']);
});

function roomWith(...kept: Kept[]): Room & { saved: string[] } {
  const saved: string[] = [];
  return { cases: new Map(kept.map((k) => [k.key, k])), ledger: { save: (list: Kept[]) => { saved.push(...list.map((k) => k.key)); return true; } }, log: { info() {} }, now: () => 0, saved } as never;
}
const keptOf = (id: string, o: Over, sends: object[] = []): Kept => ({
  key: `alert ${id}`, alertId: id, handed: false, standing: { ...echoed(id, o), roster: [], calls: new Map(), consoleBeatAt: null, unclaimed: 0 }, handover: { startedAt: 0, fromVersion: 1, changes: [{ at: 0, change: { sends } }] },
}) as never;

it('a claim that somebody could still commit ends the search here, and takes back what has not left', () => {
  const sends = [{ purpose: 'search', done: { state: 'due' } }, { purpose: 'search', done: { state: 'accepted' } }, { purpose: 'notice', done: { state: 'due' } }];
  const kept = keptOf('7', { step: 2 }, sends);
  const room = roomWith(kept);
  expect(takeHeard(room, [echoed('7', { state: 'claimed', version: 9, step: 1 })])).toEqual([]);
  expect(kept.standing.alert.state).toBe('claimed');
  expect(sends.map((x) => x.done.state)).toEqual(['withdrawn', 'accepted', 'due']);
  expect(room.saved).toEqual(['alert 7']);
});

it('a step that standby has made since is not undone by an older one; a later one of the worker is taken', () => {
  const kept = keptOf('7', { step: 3 });
  takeHeard(roomWith(kept), [echoed('7', { step: 3, version: 9 })]);
  expect(kept.standing.alert.version).toBe(1);
  takeHeard(roomWith(kept), [echoed('7', { step: 4, version: 10 })]);
  expect(kept.standing.alert.planStep).toBe(4);
});

it('a word that is no news does not take back what standby has done since; the round that it has begun stays begun', () => {
  const kept = { ...keptOf('7', { step: 3 }), committed: { stateVersion: 4, planRound: 0, planStep: 1 } } as Kept;
  takeHeard(roomWith(kept), [echoed('7', { state: 'committed', sv: 4, version: 9, step: 1 })]);
  expect(kept.standing.alert.state).toBe('open');
  takeHeard(roomWith(kept), [echoed('7', { state: 'committed', sv: 10, version: 10, step: 1 })]);
  expect(kept.standing.alert).toMatchObject({ state: 'committed', planStep: 3 });
  expect(kept.handover.changes.at(-1)?.change.patch).toEqual({ planRound: 0, planStep: 3 });
});

it('the alert that the worker opened for an event of a spool is that event’s case; one that nobody here has is named', () => {
  const kept = { ...keptOf('~x', { trace: 'same' }), alertId: null };
  expect(takeHeard(roomWith(kept), [echoed('12', { trace: 'same', step: 1, version: 2 }), echoed('13', {}), echoed('14', { state: 'closed' })])).toEqual(['13']);
  expect(kept.standing.alert.id).toBe('~x');
  expect(kept.standing.alert.planStep).toBe(1);
});

it('follows a step of the database’s clock that another has seen, and no commit that was only slow', () => {
  const say = (nowMs: number): number => {
    hearEchoes({ s, echoes: () => ({ cases: [echoed('7', { version: 9, upMs: uptimeMs(), nowMs })], evaluated: [] }) } as unknown as Parts);
    return Math.round((s.base?.db ?? 0) / 1_000) * 1_000;
  };
  Object.assign(s, { duty: null, base: { db: 1_000_000, perf: performance.now() - 1 } });
  expect(say(1_000_000 - limits.standbyLagMs + 1_000)).toBe(1_000_000);
  expect(say(1_000_000 + 7_200_000)).toBe(8_200_000);
});

it('an event that others have evaluated waits for nobody here, in whatever spool it stands; the ids of the oldest are forgotten', () => {
  s.waiting.set('e1', {} as never);
  Object.assign(s, { duty: null });
  const hearIds = (evaluated: string[]): void => hearEchoes({ s, echoes: () => ({ cases: [], evaluated }) } as unknown as Parts);
  hearIds(['e1', 'e2']);
  expect([s.waiting.size, s.evaluated.has('e2')]).toEqual([0, true]);
  hearIds(Array.from({ length: limits.standbyEvaluated }, (_, i) => `later ${i}`));
  expect([s.evaluated.size, s.evaluated.has('e2')]).toEqual([limits.standbyEvaluated, false]);
});

it('a case that standby opened for an event which somebody has counted on another alert stands still: that alert’s search is its own', () => {
  const sends = [{ purpose: 'search', done: { state: 'due' } }, { purpose: 'search', done: { state: 'accepted' } }];
  const kept = { ...keptOf('~e1', { trace: 'of e1', due: 5 }, sends), alertId: null, events: [{ ingestId: 'e1', opens: true }] } as Kept;
  const opened = { ...keptOf('~e2', { trace: 'of e2', due: 5 }), alertId: null, events: [{ ingestId: 'e2', opens: true }] } as Kept;
  const room = roomWith(kept, opened);
  standStill(room, new Set(['e1', 'e2']), [echoed('12', { trace: 'of e2' })]);
  expect([sends.map((x) => x.done.state), kept.still, opened.still]).toEqual([['withdrawn', 'accepted'], true, undefined]);
  expect(room.saved).toEqual([kept.key]);
});

it('the alert that a worker opened for another press of the same alarm is the case that standby opened for this one', () => {
  const kept = { ...keptOf('~e1', { trace: 'of e1', about: 'p9' }), alertId: null } as Kept;
  expect(takeHeard(roomWith(kept), [echoed('12', { trace: 'of e2', about: 'p9', step: 1 }), echoed('13', { about: 'p10' })])).toEqual(['13']);
  expect(kept.standing.alert.planStep).toBe(1);
});

it('a word about an alert whose case was handed over is of that case: one that was opened since for the next alarm does not jump to where that stood', () => {
  const before = { ...keptOf('12', { about: 'p9', step: 4 }), handed: true } as Kept;
  const since = { ...keptOf('~e9', { trace: 'of e9', about: 'p9' }), alertId: null } as Kept;
  const room = roomWith(before, since);
  expect(takeHeard(room, [echoed('12', { about: 'p9', step: 5, state: 'arrived', version: 8, sv: 7 })])).toEqual([]);
  expect([before.standing.alert.state, before.standing.alert.planStep, since.standing.alert.planStep, since.standing.alert.state]).toEqual(['arrived', 5, 0, 'open']);
  expect(room.saved).toEqual([]);
});
