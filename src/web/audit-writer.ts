/** Writes audit rows in small groups: the chain's head admits one writer at a time, so each commit should carry all that wait. */
import { type AuditEntry, appendAudit } from '#store/audit.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { Batcher } from '#work/batcher.ts';

/** Resolves when the row is committed; rejects when it is not. */
export function auditWriter({ db, seal }: { db: Db; seal: Seal }): (entry: AuditEntry) => Promise<void> {
  const batches = new Batcher<AuditEntry, undefined>({
    maxMs: 1, maxRows: 100,
    async write(entries) {
      await db.tx((sql) => appendAudit(sql, seal, entries));
      return entries.map(() => undefined);
    },
  });
  return (entry) => batches.add(entry);
}
