/** The web role's eye on the auditor (E3): what stands among its findings, for every wall, and its silence, which nobody else inside this house would notice. */
import { limits } from '#core/limits.ts';
import { summarize } from '#core/findings.ts';
import { openFindings, readAuditor } from '#store/findings.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { steady } from '#work/steady.ts';
import type { WebContext } from './context.ts';
import type { Hub } from './hub.ts';

export function startAuditWatch({ ctx, hub }: { ctx: Pick<WebContext, 'db' | 'log' | 'metrics'>; hub: Hub }): Service {
  const age = ctx.metrics.gauge('audit_age_seconds', 'Seconds since the auditor last came to the end of a look');
  const hold = steady<number>();
  let silentMs: number | null = null;
  const loop = startLoop({
    name: 'audit-watch', pollMs: 2_000,
    async turn() {
      const life = await readAuditor(ctx.db);
      const sinceMs = life.lookedAt === null ? null : life.now - life.lookedAt;
      if (sinceMs !== null) age.set(sinceMs / 1000);
      silentMs = hold(sinceMs !== null && sinceMs > limits.auditSilentMs ? sinceMs : null);
      const found = summarize(await openFindings(ctx.db));
      hub.audit = silentMs === null && found.length === 0 ? null : { silentMs, found };
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) ctx.log.warn({ err: error }, 'the audit could not be read'); },
  });
  return { name: loop.name, ready: () => (silentMs === null ? null : `no audit for ${Math.round(silentMs / 1000)} s: nobody checks what was missed`), stop: () => loop.stop() };
}
