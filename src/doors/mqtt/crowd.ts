/** Whether a crowd is being let in: so many devices in the last whole second, or in this one already (after a fall of the network thousands come at once). Strangers make no crowd. */
import { limits } from '#core/limits.ts';

export function createCrowd(monotonic: () => number = () => performance.now()): { entered(): void; here(): boolean } {
  let [second, now, before] = [0, 0, 0];
  const look = (): void => {
    const at = Math.floor(monotonic() / 1_000);
    if (at !== second) [before, now, second] = [at === second + 1 ? now : 0, 0, at];
  };
  return { entered() { look(); now++; }, here() { look(); return Math.max(now, before) >= limits.crowdPerS; } };
}
