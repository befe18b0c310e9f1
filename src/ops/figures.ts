/** Figures out of a Prometheus text: sums over processes and labels. */

/** The sum of all samples of `name`; null when nobody tells it. */
export function sumOf(text: string, name: string): number | null {
  let sum: number | null = null;
  for (const line of text.split('\n')) {
    if (!line.startsWith(name) || !/^[ {]/.test(line.slice(name.length))) continue;
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (Number.isFinite(value)) sum = (sum ?? 0) + value;
  }
  return sum;
}

/** A growing count as a rate: the difference to the sample before, kept here; null at first and after a restart of the counter. */
export function createRate(monotonic: () => number, leastMs = 1_000): (count: number | null) => number | null {
  let last: { at: number; count: number; rate: number | null } | null = null;
  return (count) => {
    const at = monotonic();
    if (count === null) return null;
    if (last && at - last.at < leastMs) return last.rate;
    const rate = last && count >= last.count ? ((count - last.count) * 1000) / (at - last.at) : null;
    last = { at, count, rate };
    return rate;
  };
}
