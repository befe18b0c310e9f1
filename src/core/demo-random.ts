/** Chance that repeats itself: the same seed, the same county on every machine. */
export type Random = { /** 0 to n - 1 */ below(n: number): number; chance(share: number): boolean; pick<T>(from: readonly T[]): T; /** 0 to 1 */ share(): number };

/** mulberry32: small, seeded, the same on every machine. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const share = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(share() * n);
  return { share, below, chance: (of) => share() < of, pick: <T>(from: readonly T[]) => from[below(from.length)] as T };
}

/** Something drawn that is not taken yet, and takes it. Throws when `tries` draws found nothing free: the pool is too small. */
export function drawFree(taken: Set<string>, draw: () => string, tries = 500): string {
  for (let i = 0; i < tries; i++) {
    const drawn = draw();
    if (!taken.has(drawn)) { taken.add(drawn); return drawn; }
  }
  throw new Error(`nothing free in ${tries} draws; the last was ${draw()}`);
}

/** `total` shared out by weight in whole numbers, to the last one: the largest remainders are rounded up. */
export function shareOut(total: number, weights: readonly number[]): number[] {
  const all = weights.reduce((sum, w) => sum + w, 0);
  const exact = weights.map((w) => (total * w) / all);
  const out = exact.map(Math.floor);
  const byRemainder = exact.map((e, i) => [e - Math.floor(e), i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, i] of byRemainder.slice(0, total - out.reduce((sum, n) => sum + n, 0))) out[i] = (out[i] ?? 0) + 1;
  return out;
}
