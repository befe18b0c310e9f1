/** One load generator from outside: a thread that is connected, told to go, and read over spans of time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { LoadOptions, Mark } from './sender.ts';

export type Load = {
  go(): void;
  /** Sends nothing more; what is in flight is still acknowledged. */ hold(): void;
  /** What happened since the last look. Throws when a server closed connections: no figure is made of a fault. */ look(): Promise<Mark>;
  stop(): Promise<void>;
};
/** One span under load. `senderUs` and `senderBusy`: what a message cost the generator's thread, and the share of its time that took. */
export type Measured = { perSecond: number; p50: number; p99: number; senderUs: number; senderBusy: number };

/** Connected, sending nothing yet. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const worker = new Worker(new URL('./sender.ts', import.meta.url), { workerData: options });
  const gone = new Promise<never>((_, reject) => { worker.once('error', reject); worker.once('exit', () => reject(new Error('the load generator ended'))); });
  gone.catch(() => {});
  const answer = <T>(): Promise<T> => Promise.race([gone, new Promise<T>((resolve) => worker.once('message', resolve))]);
  await answer();
  return {
    go: () => worker.postMessage('go'), hold: () => worker.postMessage('hold'),
    async look() {
      const marked = answer<Mark>();
      worker.postMessage('mark');
      const mark = await marked;
      if (mark.lost > 0) throw new Error(`${mark.lost} of ${options.devices.length} connections were closed by the server`);
      return mark;
    },
    async stop() {
      worker.postMessage('end');
      await gone.catch(() => {});
    },
  };
}

/** Goes, warms up, measures, stops. `during` runs over the measured span alone. */
export async function measure(options: LoadOptions, warmS: number, seconds: number, span: { begin?(): void; end?(mark: Mark): void } = {}): Promise<Measured> {
  const load = await startLoad(options);
  try {
    load.go();
    await sleep(warmS * 1_000);
    await load.look();
    span.begin?.();
    await sleep(seconds * 1_000);
    const mark = await load.look();
    span.end?.(mark);
    const frames = options.qos === 0 ? mark.sent : mark.acknowledged;
    return { perSecond: frames / mark.ms * 1_000, p50: mark.p50, p99: mark.p99, senderUs: mark.cpuMs * 1_000 / Math.max(1, frames), senderBusy: mark.cpuMs / mark.ms };
  } finally {
    await load.stop();
  }
}
