/**
 * The upkeep of what devices sent, on one edge at a time: days that are over are rolled up, then old rows are dropped, chunks get the span their volume
 * asks for and, where the edition has it, are compressed. One bounded statement a turn, on a connection of its own; alarms wait for nothing of it.
 */
import type { Logger } from '#ops/log.ts';
import type { Db } from '#store/pool.ts';
import { createRollup } from '#store/rollup.ts';
import { chunkByVolume, compressNext, prepareCommunity } from '#store/telemetry-community.ts';
import { dropOldTelemetry } from '#store/telemetry-layout.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { pause } from '#work/pause.ts';

const lookMs = 10 * 60_000;
const restMsMax = 3_000;

export type UpkeepOptions = { db: Db; log: Logger; /** days that raw rows are kept */ days: { heartbeat: number; vital: number } };

/** Never a reason not to be ready: what it does can wait for a day. */
export function startUpkeep(options: UpkeepOptions): Service {
  const step = createUpkeep(options);
  const loop = startLoop({
    name: 'telemetry-upkeep', pollMs: lookMs, turn: step,
    onError: (error, inARow) => { if (inARow % 600 === 1) options.log.warn({ error: (error as Error).message, inARow }, 'telemetry is not rolled up; it is tried again'); },
  });
  return { ...loop, ready: () => null };
}

/** One step; true when there is more to do at once. */
function createUpkeep({ db, log, days }: UpkeepOptions): () => Promise<boolean> {
  const roll = createRollup(db);
  let prepared = false;
  return async () => {
    if (!prepared) { // what the edition has is a help: without it days are rolled up out of rows
      prepared = true;
      await prepareCommunity(db).catch((error: Error) => log.warn({ error: error.message }, 'compression and the continuous aggregate cannot be switched on'));
    }
    const began = performance.now();
    const rolled = await roll();
    if (rolled) {
      await pause(Math.min(restMsMax, performance.now() - began)); // half of the time is the others': after an upgrade there are weeks to roll up
      if (rolled.done) log.info({ day: rolled.day, what: rolled.what }, 'a day is rolled up');
      return true;
    }
    const span = await chunkByVolume(db);
    const dropped = await dropOldTelemetry(db, days);
    if (span !== null || dropped.length > 0) log.info({ chunkSeconds: span, dropped }, 'telemetry layout');
    const compressed = await compressNext(db);
    if (compressed !== null) log.info({ chunk: compressed }, 'telemetry compressed');
    return compressed !== null;
  };
}
