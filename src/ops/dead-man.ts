/**
 * The outside dead-man (值守监护): while `alive` says so, an address outside this house is told each minute that it lives; it raises its own
 * alarm when it hears nothing. So silence is the alarm, and whatever stops us, a fire in the machine room too, is heard.
 */
import { limits } from '#core/limits.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

export type DeadManOptions = {
  /** Null: none is configured. */ url: string | null; everyMs: number; alive(): boolean; log: Logger; metrics: Metrics;
  /** What became of each beat: `held` was withheld because something is wrong here. */ note(outside: 'unset' | 'good' | 'failing' | 'held', error: string | null): Promise<void>;
};

const tries = 6; // looks within one period: what mends itself is told at once, and a failed beat is tried again

export function startDeadMan(options: DeadManOptions): { stop(): Promise<void> } {
  const { url, log } = options;
  const beats = options.metrics.counter('dead_man_beats_total', 'Beats to the outside dead-man', ['result']);
  let last: string | null = null;
  let goodAt = Number.NEGATIVE_INFINITY;
  let busy: Promise<void> = Promise.resolve();
  const settle = async (outside: 'unset' | 'good' | 'failing' | 'held', error: string | null): Promise<void> => {
    if (outside === 'good') goodAt = performance.now();
    if (outside !== last && last !== null) log[outside === 'good' ? 'info' : 'error']({ outside, error }, 'the outside dead-man');
    if (outside !== last || outside === 'good') await options.note(outside, error);
    last = outside;
  };
  const beat = async (): Promise<void> => {
    if (url === null) return last === null ? settle('unset', null) : undefined;
    if (!options.alive()) { beats.inc({ result: 'held' }); return settle('held', null); }
    if (last === 'good' && performance.now() - goodAt < options.everyMs - options.everyMs / (2 * tries)) return undefined;
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(limits.deadManAnswerMs), redirect: 'error' });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      beats.inc({ result: 'good' });
      return await settle('good', null);
    } catch (error) {
      beats.inc({ result: 'failed' });
      return settle('failing', ((error as Error).cause as Error | undefined)?.message || (error as Error).message);
    }
  };
  const timer = setInterval(() => { busy = busy.then(beat); }, options.everyMs / tries);
  return { async stop() { clearInterval(timer); await busy; } };
}
