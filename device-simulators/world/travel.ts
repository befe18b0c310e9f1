/** Travelling by the demonstration's clock (docs/decisions/0014): the whole house goes along, the stand-in too. */
import type { HouseApi } from '#simulators/api/client.ts';
import { readStatus } from '#simulators/api/house.ts';
import type { Travel } from './world.ts';

/** One jump: shorter than the shortest thing that waits (a rung of the desk's ladder, a call that rings). */
const stepMs = 5_000;
/** Looks at whether the house has done what the jump made due, and the most patience with it. */
const lookMs = 40;
const quickMs = 15;
const patienceMs = 15_000;

/** `busy`: frames and connects of ours under way; `watched`: somebody looks, so that the story lingers where it matters. */
export async function demonstrationTravel(api: HouseApi, busy: () => number, watched = false): Promise<Travel> {
  return {
    startAt: (await readStatus(api)).serverTime, stepMs,
    advance: async (ms) => (await api.call<{ now: number }>('POST', '/api/v1/demo/clock', { advanceMs: Math.max(1, Math.round(ms)) })).now,
    ...(watched ? { linger: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) } : {}),
    async settled(careful) {
      // Twice calm in a row: what was done first may make more due.
      for (let calm = 0, end = performance.now() + patienceMs; calm < 2 && performance.now() < end;) {
        await new Promise((resolve) => setTimeout(resolve, careful ? lookMs : quickMs));
        const waits = busy() > 0 || (careful && (await readStatus(api)).outbox.due > 0);
        calm = waits ? 0 : careful ? calm + 1 : 2;
      }
    },
  };
}
