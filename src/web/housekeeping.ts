/** What the web role does beside answering: ends sockets of dead sessions within seconds and those behind which nobody is, prunes old access rows, marks files for the search that another release wrote, notes the audit's head outside the database. */
import { auditHead } from '#store/audit.ts';
import { pruneCalls } from '#store/calls.ts';
import { pruneCommands } from '#store/commands.ts';
import { fillMarks } from '#store/marks.ts';
import { aliveCredentials, endSessions, pruneAccess, touchSessions } from '#store/sessions.ts';
import { type Service, startLoop } from '#work/loop.ts';
import type { WebContext } from './context.ts';
import type { Hub } from './hub.ts';

const checkMs = 2_000;
const anchorMs = 60_000;
const endMs = 30_000;
const pruneMs = 600_000;
const markMs = 60_000;

export function startHousekeeping({ ctx, hub }: { ctx: WebContext; hub: Hub }): Service {
  let [anchoredAt, prunedAt, markedAt, endedAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let anchored = '';
  return startLoop({
    name: 'web-housekeeping', pollMs: checkMs,
    async turn() {
      hub.endSilent();
      const clients = [...hub.clients];
      const hashes = [...new Map(clients.map((c) => [c.credential.toString('hex'), c.credential])).values()];
      if (hashes.length > 0) {
        await touchSessions(ctx.db, hashes);
        hub.endDead(await aliveCredentials(ctx.db, hashes), clients);
      }
      const now = performance.now();
      if (now - endedAt > endMs) { endedAt = now; await endSessions(ctx.db); }
      if (now - anchoredAt > anchorMs) {
        anchoredAt = now;
        const head = await auditHead(ctx.db);
        if (head.hash !== anchored) ctx.log.info({ auditId: head.id, auditHash: head.hash }, 'audit head');
        anchored = head.hash;
      }
      if (now - markedAt > markMs && (await fillMarks(ctx.db, ctx.seal)) === 0) markedAt = now;
      if (now - prunedAt > pruneMs) { prunedAt = now; await pruneAccess(ctx.db); await pruneCommands(ctx.db); await pruneCalls(ctx.db); }
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) ctx.log.warn({ err: error }, 'web housekeeping failed'); },
  });
}
