/**
 * The canary of this worker (链路自检, B8): presses when a press is due (one worker takes each, by the row), judges what the rows say,
 * and tells the desk. The web role judges the same rows, so that a dead worker is seen too (docs/decisions/0021).
 */
import { canaryLegs, canaryTrouble } from '#core/canary.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { endPress, ensureCanary, markRaised, pressRows, readCanary, takePress } from '#store/canary.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { insertHouseEvents } from '#store/supervision.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { steady } from '#work/steady.ts';
import { pressButton } from './press.ts';

export type CanaryOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics; /** This machine's name. */ host: string };

/** Starts pressing and judging, each on its own: a press that hangs must not keep the judge waiting. */
export function startCanary(options: CanaryOptions): Service {
  const { db, seal, log, host, metrics } = options;
  const presses = metrics.counter('canary_presses_total', 'Presses of the house’s own button, by how they ended', ['result']);
  const seconds = metrics.gauge('canary_leg_seconds', 'Seconds from the press to each station of the last good one', ['leg']);
  let made = false;
  const presser = startLoop({
    name: 'canary',
    async turn(signal) {
      if (!made) { await ensureCanary(db, seal); made = true; }
      const press = await takePress(db, seal, host);
      if (!press) return false;
      const result = await pressButton(press, host, () => pressRows(db, press.deviceId, press.run), signal);
      if (signal.aborted) return false; // a stopping house proves nothing
      await endPress(db, press.run, result);
      presses.inc({ result: result.failed === null ? 'ok' : 'failed' });
      for (const leg of canaryLegs) if (result.failed === null) seconds.set({ leg }, (result.legs[leg] ?? 0) / 1000);
      if (result.failed !== null) log.warn({ run: press.run, failed: result.failed, legs: result.legs }, 'the self-check failed');
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) log.warn({ error: (error as Error).message, inARow }, 'the self-check could not be made'); },
  });
  const judge = startJudge(options);
  return { name: 'canary', ready: judge.ready, async stop() { await Promise.all([presser.stop(), judge.stop()]); } };
}

function startJudge({ db, seal, log, metrics }: CanaryOptions): Service {
  const age = metrics.gauge('canary_success_age_seconds', 'Seconds since the self-check last came out at the end');
  const hold = steady<string>();
  let trouble: string | null = null;
  const loop = startLoop({
    name: 'canary-judge', pollMs: 2_000,
    async turn() {
      const state = await readCanary(db);
      if (state?.okAt) age.set((state.now - state.okAt) / 1000);
      trouble = hold(state && canaryTrouble(state));
      // What holds has to hold for a while before it is said; that it is over is said with the first good press.
      if (state && (trouble !== null || canaryTrouble(state) === null)) await tell(trouble);
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'the self-check could not be judged'); },
  });
  const tell = (reason: string | null): Promise<void> => db.tx(async (sql) => {
    if (!(await markRaised(sql, reason !== null))) return;
    await insertHouseEvents(sql, seal, [{ kind: 'self-check', edge: reason === null ? 'clear' : 'raise', data: { subject: { type: 'system', id: 'canary' }, ...(reason === null ? { reason: 'self-check-good' } : { reason }) } }]);
    if (reason === null) log.info('the self-check is good again'); else log.error({ reason }, 'the self-check fails');
  });
  return { name: loop.name, ready: () => trouble, stop: () => loop.stop() };
}
