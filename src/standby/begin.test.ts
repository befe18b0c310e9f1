/** A standby that begins while the database is away: what it goes on from is the last look and every commit told of since, by the clock as it was stepped since. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Case } from '#core/change.ts';
import { limits } from '#core/limits.ts';
import { bootOf, uptimeMs } from '#ops/machine.ts';
import { followEchoes, openEcho } from '#store/echo.ts';
import { createSeal, readKeys } from '#store/seal.ts';
import { sealed } from '#store/sealed-value.ts';
import type { OpenNow } from './county.ts';
import { hearEchoes } from './echoes.ts';
import { current, type Parts, type State } from './parts.ts';
import { newState, presentOf } from './snapshot.ts';

const hourMs = 3_600_000;
let data: string;
let seal: ReturnType<typeof createSeal>;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'anling-begin-'));
  seal = createSeal(readKeys(join(data, 'keys.json'), true));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const caseOf = (id: string, version: number): Case => ({ alert: { id, version, state: 'open' }, timers: new Map(), engagements: new Map(), contacted: new Map(), roster: [], calls: new Map(), consoleBeatAt: null, unclaimed: 0 }) as never;
/** As it was written `ageMs` ago by this machine, or by its life before. */
function looked(ageMs: number, open: Partial<OpenNow>, boot = bootOf()): void {
  mkdirSync(join(data, 'standby'));
  writeFileSync(join(data, 'standby', 'open'), sealed(seal, 'standby.open', { value: { cases: [], slips: [], nowMs: 0, ...open }, boot, upMs: uptimeMs() - ageMs, wallMs: Date.now() - ageMs }));
}
function begun(): State {
  const s = newState(data, join(data, 'standby'), seal);
  hearEchoes({ s, echoes: followEchoes(data, seal) } as unknown as Parts);
  return s;
}
const proved = (s: State): State => ({ ...s, proofs: { ...s.proofs, at: performance.now() } });

it('goes on from a look of two minutes ago, though the database has committed since: the echo has told of it', () => {
  looked(2 * limits.standbyLagMs, { cases: [caseOf('7', 1)], elsewhere: false });
  openEcho(data, seal).wrote([caseOf('7', 2), caseOf('8', 1)], 0);
  const s = proved(begun());
  expect(s.open?.cases.map(({ alert }) => [alert.id, alert.version])).toEqual([['7', 2], ['8', 1]]);
  expect(current(s)).toBe(true);
});

it('does not where others work on another machine, nor from a look of the day before', () => {
  for (const elsewhere of [true, undefined]) expect(current(proved({ ...begun(), open: { cases: [], slips: [], nowMs: 0, ...(elsewhere === undefined ? {} : { elsewhere }) }, openAt: performance.now() - limits.standbyLagMs - 1 }))).toBe(false);
  looked(limits.standbyOldMs + 1, { elsewhere: false });
  expect(current(begun())).toBe(false);
});

it('follows a step of the clock that came between the look and its beginning', () => {
  looked(90_000, { nowMs: 1_000_000, elsewhere: false });
  expect(presentOf(begun())).toBeCloseTo(1_090_000, -3);
  openEcho(data, seal).wrote([caseOf('7', 2)], 1_090_000 + 2 * hourMs);
  expect(presentOf(begun())).toBeCloseTo(1_090_000 + 2 * hourMs, -3);
});

it('tells no time by an echo of the machine’s life before, but how its cases stood', () => {
  looked(90_000, { nowMs: 1_000_000, cases: [caseOf('7', 1)], elsewhere: false }, 'before');
  openEcho(data, seal, 'before').wrote([caseOf('7', 2)], 1_000_000 - 5 * hourMs);
  const s = begun();
  expect(s.open?.cases.map(({ alert }) => alert.version)).toEqual([2]);
  expect(presentOf(s)).toBeCloseTo(1_090_000, -3);
});
