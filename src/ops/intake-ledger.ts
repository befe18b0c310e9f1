/**
 * The conservation law of an edge (G5), per lane: received + adopted = committed + quarantined + refused + shed + merged + noted, and what is
 * under way or spooled now. The left side is counted where a frame comes in, the right where it ends, and what is under way is read
 * from the queues themselves: an item that a lane lets fall stands in `intake_unaccounted`. A process begins at zero: what its predecessor
 * had in flight was never acknowledged and comes again from the devices; what it had spooled is adopted, and counted on both sides.
 */
import type { Counter, Metrics } from './metrics.ts';

export const ledgerLanes = ['urgent', 'telemetry', 'presence', 'quarantine'] as const;
export type LedgerLane = (typeof ledgerLanes)[number];
/** noted: it changes one row of presence together with others; nobody waits for it (QoS 0). */
const fates = ['committed', 'quarantined', 'refused', 'shed', 'merged', 'noted'] as const;
export type Fate = (typeof fates)[number];
type Held = { inflight(): number; spooled(): number };
export type IntakeLedger = {
  taken(lane: LedgerLane, n?: number): void;
  /** Kept by an earlier process on this disk. */ adopted(lane: LedgerLane, n: number): void;
  ended(lane: LedgerLane, fate: Fate, n?: number): void;
  /** Where what has not ended stands. */ watch(lane: LedgerLane, held: Held): void;
  /** Lanes whose sums do not come out, and by how much; at rest none. */ open(): Partial<Record<LedgerLane, number>>;
};
type Account = { taken: number; adopted: number; ended: Record<Fate, number>; held: Held };

/** Plain numbers, brought into the instruments when somebody asks: a heartbeat costs an addition. */
export function createIntakeLedger(metrics: Metrics): IntakeLedger {
  const account = (): Account => ({ taken: 0, adopted: 0, ended: { committed: 0, quarantined: 0, refused: 0, shed: 0, merged: 0, noted: 0 }, held: { inflight: () => 0, spooled: () => 0 } });
  const of: Readonly<Record<LedgerLane, Account>> = { urgent: account(), telemetry: account(), presence: account(), quarantine: account() };
  const sum = ({ ended }: Account): number => fates.reduce((n, fate) => n + ended[fate], 0);
  const missing = (a: Account): number => a.taken + a.adopted - sum(a) - a.held.inflight() - a.held.spooled();
  const gauge = (name: string, help: string, read: (a: Account) => number): void => collected(metrics.gauge(name, help, ['lane']), (g) => { for (const lane of ledgerLanes) g.set({ lane }, read(of[lane])); });
  const counter = (name: string, help: string, read: (a: Account) => number): void => total(metrics.counter(name, help, ['lane']), () => ledgerLanes.map((lane) => [{ lane }, read(of[lane])]));
  counter('intake_received_total', 'Frames that came in, and what the edge itself makes of them', (a) => a.taken);
  counter('intake_adopted_total', 'Items that an earlier process had kept on this disk', (a) => a.adopted);
  total(metrics.counter('intake_ended_total', 'Items by what became of them; received + adopted = ended + in flight + spooled', ['lane', 'fate']), () => ledgerLanes.flatMap((lane) => fates.map((fate): Total => [{ lane, fate }, of[lane].ended[fate]])));
  gauge('intake_inflight', 'Items on their way, not acknowledged yet', (a) => a.held.inflight());
  gauge('intake_spooled', 'Items acknowledged and kept on this disk, not in the database yet', (a) => a.held.spooled());
  gauge('intake_unaccounted', 'Items of which nobody knows what became of them: received + adopted - ended - in flight - spooled; 0 at rest', missing);
  return {
    taken(lane, n = 1) { of[lane].taken += n; },
    adopted(lane, n) { of[lane].adopted += n; },
    ended(lane, fate, n = 1) { of[lane].ended[fate] += n; },
    watch(lane, held) { of[lane].held = held; },
    open: () => Object.fromEntries(ledgerLanes.flatMap((lane) => { const n = missing(of[lane]); return n === 0 ? [] : [[lane, n]]; })),
  };
}

type Total = [labels: Record<string, string>, value: number];
// prom-client calls `collect` before each exposition.
function collected<T>(instrument: T, collect: (instrument: T) => void): void { (instrument as { collect?: () => void }).collect = () => collect(instrument); }
/** A counter whose values are kept elsewhere. */
function total(counter: Counter, read: () => Total[]): void {
  collected(counter, (c) => { c.reset(); for (const [labels, value] of read()) c.inc(labels, value); });
}
