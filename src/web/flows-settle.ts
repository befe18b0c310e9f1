/** Events get their number before they are committed: a number that is missing may still come. How far a list is sure. */
import { limits } from '#core/limits.ts';

/** `settle(from, ids)`: how many of these ids, in order after `from`, may be given; what follows a gap only when the gap has been seen for limits.flowsGapMs. */
export function createSettle(now: () => number): (from: number, ids: readonly number[]) => number {
  const gaps = new Map<number, number>(); // the number before the gap -> when it was first seen
  return (from, ids) => {
    const at = now();
    for (const [gap, since] of gaps) if (at - since > limits.flowsGapMs * 10) gaps.delete(gap);
    let last = from;
    for (const [i, id] of ids.entries()) {
      if (id !== last + 1) {
        const since = gaps.get(last) ?? at;
        gaps.set(last, since);
        if (at - since < limits.flowsGapMs) return i;
      }
      last = id;
    }
    return ids.length;
  };
}
