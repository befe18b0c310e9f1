/** The web role's own eye on 链路自检 (B8): it judges the rows that a worker writes, so that also a dead worker is seen in /readyz and in the strip. */
import { canaryTrouble } from '#core/canary.ts';
import { readCanary } from '#store/canary.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { steady } from '#work/steady.ts';
import type { WebContext } from './context.ts';

export function startCanaryWatch(ctx: WebContext): Service {
  const age = ctx.metrics.gauge('canary_success_age_seconds', 'Seconds since the self-check last came out at the end');
  const hold = steady<string>();
  let trouble: string | null = null;
  const loop = startLoop({
    name: 'canary-watch', pollMs: 2_000,
    async turn() {
      const state = await readCanary(ctx.db);
      if (state?.okAt) age.set((state.now - state.okAt) / 1000);
      trouble = hold(state && canaryTrouble(state));
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) ctx.log.warn({ err: error }, 'the self-check could not be read'); },
  });
  return { name: loop.name, ready: () => trouble, stop: () => loop.stop() };
}
