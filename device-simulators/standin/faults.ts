/** What the stand-in was told to do wrong, in the ways that are documented of the real gateway (PROVIDERS 3.3, 4, 5). */

/** How a request goes wrong; the `-after-accept` ones have sent the message all the same: outcome unknown. */
export const requestFaults = [
  'code', 'throttle', 'unavailable', 'internal', 'html', 'not-json', 'drop', 'drop-after-accept', 'stall', 'stall-after-accept', 'hang', 'hang-after-accept', 'cut-after-accept', 'drip-after-accept',
] as const;
/** How a receipt goes wrong. */
export const receiptFaults = ['none', 'duplicate', 'late', 'out-of-order', 'forged', 'failed'] as const;
export type RequestFaultKind = (typeof requestFaults)[number];
export type ReceiptFaultKind = (typeof receiptFaults)[number];

export type Fault = {
  id: number; target: 'request' | 'receipt'; kind: RequestFaultKind | ReceiptFaultKind;
  /** Only this action; null: every one. */ action: string | null;
  /** Only this number; null: all. */ phone: string | null;
  /** For 'code' and 'failed': the code to give; status for 'code' (default 200). */ code: string | null; status: number; message: string | null;
  /** For 'late' and 'throttle'. */ delayMs: number;
  /** Times left; null: until cleared. */ left: number | null;
};
export type FaultInput = { kind: string; action?: string; phone?: string; code?: string; status?: number; message?: string; delayMs?: number; count?: number };

const faultsMax = 100;

export type Faults = {
  list(): readonly Fault[];
  /** Null when it makes no sense. */
  add(input: FaultInput): Fault | null;
  clear(): void;
  take(target: Fault['target'], action: string, phone: string): Fault | null;
};

export function createFaults(): Faults {
  let faults: Fault[] = [];
  let nextId = 1;
  return {
    list: () => faults,
    add(input) {
      const target = (requestFaults as readonly string[]).includes(input.kind) ? 'request' : (receiptFaults as readonly string[]).includes(input.kind) ? 'receipt' : null;
      if (target === null || (input.kind === 'code' && !input.code) || faults.length >= faultsMax) return null;
      const fault: Fault = {
        id: nextId++, target, kind: input.kind as Fault['kind'], action: input.action ?? null, phone: input.phone ?? null, code: input.code ?? null,
        status: input.status ?? 200, message: input.message ?? null, delayMs: input.delayMs ?? 0, left: input.count ?? null,
      };
      faults.push(fault);
      return fault;
    },
    clear() { faults = []; },
    take(target, action, phone) {
      const fault = faults.find((f) => f.target === target && (f.action === null || f.action === action) && (f.phone === null || f.phone === phone));
      if (!fault) return null;
      if (fault.left !== null && --fault.left <= 0) faults = faults.filter((f) => f !== fault);
      return fault;
    },
  };
}
