import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Case, withFlags } from '#core/change.ts';
import { limits } from '#core/limits.ts';
import { machineNow } from '#ops/machine.ts';
import { followEchoes, openEcho } from './echo.ts';
import { createSeal, readKeys } from './seal.ts';
import { sealed } from './sealed-value.ts';

let data: string;
let seal: ReturnType<typeof createSeal>;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'anling-echo-'));
  seal = createSeal(readKeys(join(data, 'keys.json'), true));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const caseOf = (id: string, version: number, more = ''): Case => ({
  alert: { id, version, state: 'open', flags: withFlags({ flags: [] }, [`陈金水${more}`]) }, timers: new Map([['plan', { dueAt: version }]]), engagements: new Map(), contacted: new Map(), roster: [], calls: new Map(), consoleBeatAt: null, unclaimed: 0,
}) as never;
const nothing = { cases: [], evaluated: [] };
const folder = (): string => join(data, 'standby', 'echo');
const [file] = [(): string => join(folder(), readdirSync(folder())[0] ?? '')];

it('tells a reader what was committed, in order, each once, also what was written before it began', () => {
  const echo = openEcho(data, seal);
  const early = followEchoes(data, seal);
  expect(early()).toEqual(nothing);
  echo.wrote([caseOf('1', 1), caseOf('2', 7)], 7, ['e1']);
  echo.wrote([], 7);
  const late = followEchoes(data, seal);
  expect(early().cases.map((e) => [e.alert.id, e.alert.version, e.timers.get('plan')?.dueAt])).toEqual([['1', 1, 1], ['2', 7, 7]]);
  echo.wrote([caseOf('1', 2)], 7);
  expect(early().cases.map((e) => e.alert.version)).toEqual([2]);
  expect(early()).toEqual(nothing);
  expect(late().cases.map((e) => e.alert.version)).toEqual([1, 7, 2]);
});

it('tells which urgent events were evaluated, also where no emergency changed by it, and reads what the release before has written', () => {
  const read = followEchoes(data, seal);
  openEcho(data, seal).wrote([], 7, ['e1', 'e2']);
  expect(read()).toEqual({ cases: [], evaluated: ['e1', 'e2'] });
  const body = sealed(seal, 'standby.echo', [{ ...caseOf('9', 3), upMs: 1, nowMs: 7 }]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  writeFileSync(join(folder(), 'before'), Buffer.concat([head, body]));
  expect(read().cases.map((e) => e.alert.id)).toEqual(['9']);
});

it('takes a record that is being written with the next look, and survives a file that is none', () => {
  const echo = openEcho(data, seal);
  const read = followEchoes(data, seal);
  echo.wrote([caseOf('1', 1)], 7);
  read();
  const whole = statSync(file()).size;
  const head = Buffer.alloc(4);
  head.writeUInt32BE(100);
  appendFileSync(file(), Buffer.concat([head, Buffer.alloc(10)]));
  expect(read()).toEqual(nothing);
  expect(statSync(file()).size).toBe(whole + 14);
  writeFileSync(join(folder(), 'other'), 'not an echo at all');
  expect(read()).toEqual(nothing);
  openEcho(data, seal).wrote([caseOf('1', 2)], 7);
  expect(read().cases.filter((e) => e.alert.version === 2).length).toBeLessThanOrEqual(1);
});

it('begins its file anew when it is full, and a reader goes on with what comes then', () => {
  const echo = openEcho(data, seal);
  const read = followEchoes(data, seal);
  echo.wrote([caseOf('1', 1, 'x'.repeat(limits.echoBytes / 2))], 7);
  expect(read().cases.length).toBe(1);
  echo.wrote([caseOf('2', 2)], 7);
  expect(statSync(file()).size).toBeLessThan(10_000);
  expect(read().cases.map((e) => e.alert.id)).toEqual(['2']);
  echo.wrote([caseOf('2', 3)], 7);
  expect(read().cases.map((e) => e.alert.version)).toEqual([3]);
});

it('says nothing readable on the disk, and removes what nobody has written to for an hour', () => {
  openEcho(data, seal).wrote([caseOf('1', 1)], 7);
  const [name = ''] = readdirSync(folder());
  expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
  utimesSync(join(folder(), name), 1, (machineNow() - limits.echoKeptMs) / 1_000 - 60);
  writeFileSync(join(folder(), 'kept'), '');
  openEcho(data, seal).wrote([caseOf('1', 1)], 7);
  expect(readdirSync(folder())).not.toContain('1');
  expect(readdirSync(folder())).toContain('kept');
});

it('a disk that takes nothing breaks nobody', () => {
  openEcho('/dev/null/nowhere', seal).wrote([caseOf('1', 1)], 7);
  expect(followEchoes('/dev/null/nowhere', seal)()).toEqual(nothing);
});
