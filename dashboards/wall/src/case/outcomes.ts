/** Which outcomes stand on the first page of buttons: at most eight per kind (FIELD 8); the rest is one press away. */
import { type Outcome, outcomes } from '#core/alert.ts';
import { type EventKind, kindInfo } from '#core/event.ts';

const fall: readonly Outcome[] = ['R1', 'R2', 'R3', 'N1', 'C1', 'F2', 'F1', 'T1'];
const call: readonly Outcome[] = ['R3', 'R1', 'R5', 'S1', 'S2', 'F1', 'N1', 'T1'];
const fire: readonly Outcome[] = ['R4', 'F3', 'F2', 'N1', 'R2', 'D1', 'D2', 'T1'];
const concern: readonly Outcome[] = ['R3', 'R1', 'N1', 'C1', 'F2', 'S1', 'D2', 'T1'];
const technical: readonly Outcome[] = ['D1', 'D2', 'N1', 'I1', 'T1', 'F2', 'C1', 'U'];
const perKind: Partial<Record<EventKind, readonly Outcome[]>> = {
  fall, sos: call, 'phone-in': call, smoke: fire, gas: fire, wander: ['R6', 'R3', 'R5', 'N1', 'C1', 'F2', 'D2', 'T1'],
};

/** The buttons of the first page, in the order of how bad it was. */
export function outcomesFor(kind: EventKind): readonly Outcome[] {
  return perKind[kind] ?? (kindInfo[kind]?.priority <= 2 && !['outage', 'unreadable-alarm', 'unknown-device'].includes(kind) ? concern : technical);
}
export const allOutcomes = Object.keys(outcomes) as Outcome[];
