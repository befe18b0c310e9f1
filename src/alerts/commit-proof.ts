/** A worker's own proof that the database takes commits, marked on this machine: standby makes no step while a worker can (ADR 0026). */
import { limits } from '#core/limits.ts';
import { markCommit } from '#ops/commit-mark.ts';
import type { Db } from '#store/pool.ts';
import { proveCommit } from '#store/standby.ts';
import { type Service, startLoop } from '#work/loop.ts';

/** `db` is a connection of its own: one that hangs proves nothing and holds nobody up. */
export function startCommitProof({ db, data }: { db: Db; data: string }): Service {
  const loop = startLoop({
    name: 'commit-proof', pollMs: limits.commitProofMs,
    async turn() {
      await db.tx(proveCommit);
      markCommit(data);
      return false;
    },
    onError: () => { /* a database that is away is said by those who have work there */ },
  });
  return { ...loop, ready: () => null };
}
