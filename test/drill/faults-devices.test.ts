/** Each fault of devices, doors, websockets, gateway and roles at least fifty times (scaled), with the counts: nothing lost, nothing twice, nothing stalled. */
import { afterAll, describe, expect, it } from 'vitest';
import { deviceFaults } from '#test/faults/devices.ts';
import { gatewayFaults, untrustedGateway } from '#test/faults/gateway.ts';
import { roleFaults } from '#test/faults/roles.ts';
import { broken, type FaultRow, tableOf } from '#test/faults/table.ts';
import { wallFaults } from '#test/faults/walls.ts';
import { fuzzPure } from '#test/faults/fuzz.ts';

const times = 50;
const rows: FaultRow[] = [];
const say = (line: string): void => { process.stdout.write(`    ${line}\n`); };
afterAll(() => { process.stdout.write(`\n${tableOf(rows)}\n\n`); });

describe('each fault, many times', () => {
  it('of the gateway: everybody is told, nothing ends in silence [RF12 I5 I6]', async () => {
    rows.push(await untrustedGateway(times), ...await gatewayFaults(times, say));
    expect(broken(rows, times)).toEqual([]);
  });
  it('of devices and their wires: what was acknowledged is there, others press as before [RF13 RF14 RF15 RF16 RF17 I1 LAW1 LAW5]', async () => {
    const mine = await deviceFaults(1_000, say);
    rows.push(...mine);
    expect(broken(mine, times)).toEqual([]);
  });
  it('of a million frames and packets none breaks the judge or the decoder [RF15 M17]', () => {
    const mine = fuzzPure(1_000_000);
    rows.push(mine);
    expect(broken([mine], 1_000_000)).toEqual([]);
  });
  it('of walls: each shows what the database holds, and the process is as it was before [RF17 I8 I9]', async () => {
    const mine = await wallFaults(times, say);
    rows.push(...mine);
    expect(broken(mine, times)).toEqual([]);
  });
  it('of roles that hang or are ended: back by themselves, every escalation goes on [RF19 RF22 I1 I2 I3 I4]', async () => {
    const mine = await roleFaults(times, say);
    rows.push(...mine);
    expect(broken(mine, times)).toEqual([]);
  });
});
