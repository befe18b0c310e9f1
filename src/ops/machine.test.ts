/** What the machine's own tools say, and that a tool that is not there is not known rather than well. */
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { onSameDisk, readMachine, type RunTool } from './machine.ts';

const tools = (said: Record<string, string>): RunTool => async (command, args) => said[[command, ...args].join(' ')] ?? null;
const ntp = 'timedatectl show -p NTPSynchronized --value';

it('reads synchronization, apcupsd and nut, and knows nothing of what is not installed', async () => {
  expect(await readMachine({}, tools({}))).toEqual({ volumes: [], synchronized: null, ups: null });
  expect((await readMachine({}, tools({ [ntp]: 'yes\n' }))).synchronized).toBe(true);
  expect((await readMachine({}, tools({ [ntp]: 'no\n' }))).synchronized).toBe(false);
  const apc = (status: string): RunTool => tools({ 'apcaccess status': `APC      : 001,036,0879\nSTATUS   : ${status} \nBCHARGE  : 93.0 Percent\nTIMELEFT : 45.0 Minutes\n` });
  expect((await readMachine({}, apc('ONLINE'))).ups).toEqual({ state: 'ONLINE', onMains: true, charge: 93 });
  expect((await readMachine({}, apc('ONBATT'))).ups).toMatchObject({ onMains: false });
  expect((await readMachine({}, apc('ONLINE REPLACEBATT'))).ups).toMatchObject({ onMains: false });
  const nut = (status: string): RunTool => tools({ 'upsc -l': 'rack\n', 'upsc rack': `battery.charge: 100\nups.status: ${status}\n` });
  expect((await readMachine({}, nut('OL CHRG'))).ups).toEqual({ state: 'OL CHRG', onMains: true, charge: 100 });
  expect((await readMachine({}, nut('OB DISCHRG'))).ups).toMatchObject({ onMains: false });
  expect((await readMachine({}, tools({ 'upsc -l': '\n' }))).ups).toBeNull();
});

it('names a disk once, and folders that are not there not at all', async () => {
  const { volumes } = await readMachine({ database: tmpdir(), data: tmpdir(), log: '/no/such/folder' }, tools({}));
  expect(volumes).toEqual([{ name: 'database', freeBytes: expect.any(Number), totalBytes: expect.any(Number) }]);
  expect([onSameDisk(tmpdir(), tmpdir()), onSameDisk(tmpdir(), '/proc'), onSameDisk(tmpdir(), '/no/such/folder')]).toEqual([true, false, null]);
});
