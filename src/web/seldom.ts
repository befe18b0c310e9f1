/** "Not more often than": for audit rows and log lines that somebody outside could make by the thousand. */

const keysMax = 10_000;

/** True the first time a key comes, and again when `spanMs` have passed since; forgets everything when too many keys come. */
export function atMostEach(spanMs: number): (key: string) => boolean {
  const last = new Map<string, number>();
  return (key) => {
    const now = performance.now();
    if (now - (last.get(key) ?? Number.NEGATIVE_INFINITY) < spanMs) return false;
    if (last.size >= keysMax) last.clear();
    last.set(key, now);
    return true;
  };
}
