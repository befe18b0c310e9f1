/** Figures of a machine that others use too: many runs, sorted, and a bound that grows with what anything takes there. */

/** Milliseconds of so many runs, the shortest first. */
export async function pace(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await work();
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b);
}

export const medianOf = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

/** `ms`, or so many times a request that reads next to nothing, where that is more: then it is the machine that is slow. */
export const bearable = (ms: number, plain: readonly number[]): number => Math.max(ms, 25 * medianOf(plain));
