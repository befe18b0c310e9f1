/** Wrong codes of links per address in the running minute: only they are counted, a right one always opens. */

export function createWrongCodes(): { count(address: string): number } {
  let since = performance.now();
  let counts = new Map<string, number>();
  return {
    count(address) {
      if (performance.now() - since > 60_000 || counts.size > 50_000) { since = performance.now(); counts = new Map(); }
      const n = (counts.get(address) ?? 0) + 1;
      counts.set(address, n);
      return n;
    },
  };
}
