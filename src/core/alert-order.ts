/** Order of open alerts in lists (FIELD F11): priority; inside it made by a human or fire first, then high risk, then age. Nothing is hidden. */
import { humanOrFire, type EventKind } from './event.ts';

export type Ordered = { id: string; kind: EventKind; priority: number; flags: readonly string[]; openedAt: number };

export function compareAlerts(a: Ordered, b: Ordered): number {
  const rank = (x: Ordered): number => (x.priority === 1 ? (humanOrFire.has(x.kind) ? 0 : 2) : 0) + (x.flags.includes('high-risk') ? 0 : 1);
  return a.priority - b.priority || rank(a) - rank(b) || a.openedAt - b.openedAt || (BigInt(a.id) < BigInt(b.id) ? -1 : 1);
}
