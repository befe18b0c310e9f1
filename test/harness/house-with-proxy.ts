/** A house whose way to its database leads through the fault proxy: the database is another process's, killed and started from here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pidsIn } from '#ops/processes.ts';
import { type Embedded, startEmbedded } from '#store/embedded.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type House, type HouseOptions, makeHouse } from './house.ts';
import { killHard } from './processes.ts';

export type FaultyHouse = {
  readonly house: House; readonly proxy: FaultProxy;
  /** Its folder holds `pg/`. */ readonly database: { readonly folder: string; pid(): number; /** `kill -9` of the postmaster and its backends. */ kill(): void; stop(): Promise<void>; start(): Promise<void> };
  /** Stops everything and removes what it left on the disk. */ end(): Promise<void>;
};

/** Prepared, not started. `databaseFolder`: where the database lives, else a temporary folder. */
export async function makeFaultyHouse(root: string, options: Omit<HouseOptions, 'database'> & { seed?: number; databaseFolder?: string } = {}): Promise<FaultyHouse> {
  const folder = options.databaseFolder ?? mkdtempSync(join(tmpdir(), `anling-${options.name ?? 'test'}-db-`));
  let server: Embedded = await startEmbedded({ data: folder, port: 0 });
  const { url, port } = server;
  const proxy = await startFaultProxy({ port, ...(options.seed === undefined ? {} : { seed: options.seed }) });
  const house = await makeHouse(root, { ...options, database: { url: proxy.through(url), judge: url } });
  return {
    house, proxy,
    database: {
      folder, pid: () => server.pid,
      kill: () => { killHard([server.pid, ...pidsIn(join(folder, 'pg'), 'postgres')]); },
      stop: () => server.stop(),
      async start() { server = await startEmbedded({ data: folder, port }); },
    },
    async end() {
      await house.stop();
      await proxy.close();
      await server.stop();
      for (const gone of [house.folder, ...(options.databaseFolder === undefined ? [folder] : [])]) rmSync(gone, { recursive: true, force: true });
    },
  };
}
