/** Durations counted in buckets that grow by an eighth: a percentile of millions costs a few hundred numbers. */

const perDoubling = 8;
/** Buckets from 1/16 ms to beyond an hour. */
const offset = 4 * perDoubling;
const buckets = offset + 22 * perDoubling;

export class Histogram {
  readonly #counts = new Uint32Array(buckets);
  count = 0;
  max = 0;

  add(ms: number): void {
    const at = ms <= 0 ? 0 : Math.round(Math.log2(ms) * perDoubling) + offset;
    const bucket = Math.min(buckets - 1, Math.max(0, at));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.count++;
    if (ms > this.max) this.max = ms;
  }

  /** Milliseconds below which this share lies, to within a sixteenth; null without any. */
  percentile(share: number): number | null {
    if (this.count === 0) return null;
    let left = Math.ceil(this.count * share);
    for (let i = 0; i < buckets; i++) {
      left -= this.#counts[i] ?? 0;
      if (left <= 0) return Math.min(this.max, 2 ** ((i - offset) / perDoubling));
    }
    return this.max;
  }
}
