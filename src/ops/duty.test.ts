/** The flag of a standby on duty, on a real folder: what holds others back, what lets them go, and what nobody may take up again. */
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { dutyGate, openDuty } from './duty.ts';
import { uptimeMs } from './machine.ts';

let data: string;
beforeEach(() => { data = mkdtempSync(join(tmpdir(), 'anling-duty-')); });
afterEach(() => rmSync(data, { recursive: true }));
/** As if nobody had touched the flag for so long. */
const untouched = (ms: number): void => { const at = (uptimeMs() - ms) / 1000; utimesSync(join(data, 'standby', 'duty.json'), at, at); };

it('holds back whom it concerns, as long as it is fresh', () => {
  const duty = openDuty(data, 'a');
  const [edge, worker] = [dutyGate(data, ['away', 'events'], null), dutyGate(data, ['away'], 60_000)];
  expect([edge(), worker(), duty.held()]).toEqual([false, false, false]);
  duty.begin('events');
  expect([edge(), worker(), duty.held()]).toEqual([true, false, true]);
  duty.begin('away');
  expect([edge(), worker()]).toEqual([true, true]);
  duty.end();
  expect([edge(), worker(), duty.held()]).toEqual([false, false, false]);
});

it('one that nobody refreshed in time is a dead one: others go on, and a process that had stood still does not take it up again [RF1 LAW6]', () => {
  const duty = openDuty(data, 'a');
  const worker = dutyGate(data, ['away'], 60_000);
  duty.begin('away');
  untouched(limits.standbyFlagMs + 1_000);
  duty.refresh();
  expect([worker(), duty.held()]).toEqual([false, false]);
  duty.begin('away');
  expect([worker(), duty.held()]).toEqual([true, true]);
});

it('a worker whose patience is over relieves standby for as long as it asks, whatever standby does to its flag [LAW6]', () => {
  const duty = openDuty(data, 'a');
  const worker = dutyGate(data, ['away'], 0);
  duty.begin('away');
  expect(worker()).toBe(false);
  duty.refresh();
  expect([duty.held(), duty.relieved()]).toEqual([false, true]);
  untouched(limits.standbyFlagMs - 1_000);
  expect(worker()).toBe(false);
  untouched(0);
  expect(duty.relieved()).toBe(true);
  untouched(limits.standbyFlagMs + 1_000); // the worker has no database either
  expect(duty.relieved()).toBe(false);
});

it('of two only the one whose flag it is holds it', () => {
  const [first, second] = [openDuty(data, 'a'), openDuty(data, 'b')];
  first.begin('away');
  second.begin('away');
  expect([first.held(), second.held()]).toEqual([false, true]);
});

it('a worker that hands over in its place holds everybody back until that is done, and then nobody is on duty [LAW6 A2]', async () => {
  const duty = openDuty(data, 'a');
  let done = (): void => {};
  let asked = 0;
  const hand = (): Promise<void> => { asked++; return new Promise((resolve) => { done = resolve; }); };
  const [worker, sender, edge] = [dutyGate(data, ['away'], 0, hand), dutyGate(data, ['away'], 60_000, hand), dutyGate(data, ['away', 'events'], null)];
  duty.begin('away');
  expect([worker(), worker(), sender(), edge()]).toEqual([true, true, true, true]);
  expect([asked, duty.held(), duty.relieving(), duty.relieved()]).toEqual([1, false, true, true]);
  done();
  await settled();
  expect([worker(), sender(), edge(), duty.relieving()]).toEqual([false, false, false, false]);
});

it('what cannot be handed over holds nobody back; the flag of a dead one is handed over at once [RF1]', async () => {
  const duty = openDuty(data, 'a');
  const worker = dutyGate(data, ['away'], 60_000, () => Promise.reject(new Error('no ledger')));
  duty.begin('events');
  untouched(limits.standbyFlagMs + 1_000);
  expect(worker()).toBe(true);
  await settled();
  expect([worker(), duty.relieved(), duty.held()]).toEqual([false, true, false]);
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
