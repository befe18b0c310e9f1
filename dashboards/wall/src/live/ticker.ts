/** One tick a second for the whole page, from the worker where there is one. */

/** Calls `run` about every second, in hidden tabs too; returns the way to end it. */
export function startTicker(run: () => void): () => void {
  try {
    const worker = new Worker(new URL('./ticker-worker.ts', import.meta.url), { type: 'module' });
    let fallback: ReturnType<typeof setInterval> | null = null;
    worker.onmessage = () => run();
    worker.onerror = () => { fallback ??= setInterval(run, 1000); };
    return () => { worker.terminate(); if (fallback) clearInterval(fallback); };
  } catch {
    const timer = setInterval(run, 1000);
    return () => clearInterval(timer);
  }
}
