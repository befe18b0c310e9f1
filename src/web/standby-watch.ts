/**
 * Degraded running (降级运行) on the wall: what standby knows goes to the open consoles each second while it is on duty. They have
 * proven who they are before; nobody can log in meanwhile, for sessions stand in the database.
 */
import { type Service, startLoop } from '#work/loop.ts';
import type { WebContext } from './context.ts';
import type { Hub, StandbyFrame } from './hub.ts';

const everyMs = 1_000;
const answerMs = 800;
const missedMax = 10;

export function startStandbyWatch({ ctx, hub }: { ctx: Pick<WebContext, 'peers' | 'log'>; hub: Hub }): Service {
  let shown = false;
  let missed = 0;
  return startLoop({
    name: 'standby-watch', pollMs: everyMs,
    async turn() {
      const peer = ctx.peers().find((p) => p.role === 'standby');
      if (!peer && !shown) return false;
      const frame = peer ? await fetch(`${peer.url}/standby`, { signal: AbortSignal.timeout(answerMs) }).then(async (r) => (r.ok ? await r.json() as StandbyFrame : null), () => null) : null;
      missed = frame === null ? missed + 1 : 0;
      // A standby that answers no more calls nobody: the wall must not go on saying that it does.
      const told = frame ?? (shown && missed >= missedMax ? { type: 'standby' as const, on: false, cases: [] } : null);
      if (told === null || (!told.on && !shown)) return false;
      shown = told.on;
      hub.sendStandby(told);
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) ctx.log.warn({ error: (error as Error).message }, 'standby could not be asked'); },
  });
}
