/** Keeps the embedded database running: whatever ends it, it is started again on the same port until it is stopped on purpose. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded.ts';

export type Keeper = {
  readonly url: string; readonly port: number;
  /** Null when it runs, else since when and why not. */ down(): string | null;
  readonly restarts: number; stop(boundMs: number): Promise<void>;
};

/** The first start throws; later ones are tried for ever. */
export async function keepEmbedded(options: EmbeddedOptions & { onEvent(what: string, detail?: string): void }): Promise<Keeper> {
  let server: Embedded = await startEmbedded(options);
  const { url, port } = server;
  let stopping = false;
  let down: string | null = null;
  let restarts = 0;
  const again = async (): Promise<void> => {
    for (;;) {
      await server.ended;
      if (stopping) return;
      restarts++;
      down = 'the embedded database ended and is being started again';
      options.onEvent('the database ended; starting it again');
      for (let tries = 0; ; tries++) {
        try {
          server = await startEmbedded({ ...options, port });
          break;
        } catch (error) {
          down = `the embedded database does not start: ${(error as Error).message}`;
          options.onEvent('the database does not start', (error as Error).message);
          await sleep(Math.min(250 * 2 ** tries, 5_000));
          if (stopping) return;
        }
      }
      if (stopping) { await server.stop(); return; }
      down = null;
      options.onEvent('the database runs again');
    }
  };
  const keeping = again();
  return {
    url, port, down: () => down, get restarts() { return restarts; },
    async stop(boundMs) { stopping = true; await server.stop(boundMs); await Promise.race([keeping, sleep(boundMs)]); },
  };
}
