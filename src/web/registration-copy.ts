/** A copy of every registration outside the database, written before its commit: a restore of last night's backup asks it what came since (FIELD F24). */
import { join } from 'node:path';
import { limits } from '#core/limits.ts';
import { appendLines } from '#ops/append.ts';
import type { Sql } from '#store/pool.ts';
import { registrationLines } from '#store/registrations.ts';
import type { WebContext } from './context.ts';

/** A disk that refuses must not refuse the registration: that is logged, and the doctor sees the disk. */
export async function keepCopy(ctx: Pick<WebContext, 'settings' | 'seal' | 'log'>, sql: Sql, ids: readonly string[]): Promise<void> {
  if (ctx.settings.data === null) return;
  const lines = await registrationLines(sql, ctx.seal, ids);
  try {
    appendLines(join(ctx.settings.data, 'registrations.jsonl'), lines, limits.registrationBytes);
  } catch (error) {
    ctx.log.error({ error: (error as Error).message, ids: ids.slice(0, 20) }, 'the copy of a registration could not be written: make a backup once the disk has room');
  }
}
