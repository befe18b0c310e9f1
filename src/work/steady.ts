/** What has been true for a while without a gap: a moment's impression (a clock that steps, a process that starts) is nothing to be said. */

const steadyMs = 15_000;

/** Answers what it is given once that has been something for `ms` on the monotonic clock, else null. */
export function steady<T>(ms = steadyMs, monotonic: () => number = () => performance.now()): (now: T | null) => T | null {
  let since: number | null = null;
  return (now) => {
    if (now === null) { since = null; return null; }
    since ??= monotonic();
    return monotonic() - since >= ms ? now : null;
  };
}
