/** The gateway in each way that is documented of the real one (device-simulators/standin/faults.ts), and not there at all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { receiptFaults, requestFaults } from '#simulators/standin/faults.ts';
import type { Fault } from './fault.ts';

const real = 60_000;
/** Business refusals with their own tables: limit, number, balance, template. */
const codes = ['isv.BUSINESS_LIMIT_CONTROL', 'isv.MOBILE_NUMBER_ILLEGAL', 'isv.AMOUNT_NOT_ENOUGH', 'isp.SYSTEM_ERROR', 'isv.SMS_TEMPLATE_ILLEGAL'] as const;

const told = (kind: (typeof requestFaults)[number] | (typeof receiptFaults)[number], of: 'request' | 'receipt'): Fault => ({
  kind: `gateway ${of}: ${kind}`, lane: 'gateway', holdMs: [500, 1_500], realMs: real,
  async run({ town, random }, ms) {
    const { faults } = town.standin.state;
    const code = kind === 'code' ? random.pick(codes) : kind === 'failed' ? random.pick(['MK:0001', 'IC:0001', '200002']) : null;
    const fault = faults.add({ kind, ...(code === null ? {} : { code }), ...(kind === 'late' ? { delayMs: 2_000 } : kind === 'throttle' ? { delayMs: 500 } : {}) });
    if (fault === null) throw new Error(`the stand-in does not know ${kind}`);
    await sleep(ms);
    faults.clear();
    return code ?? `${Math.round(ms)} ms`;
  },
});

const refused: Fault = {
  kind: 'gateway refuses connections', lane: 'gateway', holdMs: [500, 1_500], realMs: real,
  async run({ town }, ms) {
    await town.line.set({ mode: 'refuse' });
    await sleep(ms);
    await town.line.heal();
    return `${Math.round(ms)} ms`;
  },
};

export const gatewayFaults: readonly Fault[] = [...requestFaults.map((kind) => told(kind, 'request')), ...receiptFaults.map((kind) => told(kind, 'receipt')), refused];
