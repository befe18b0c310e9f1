/** The PostgreSQL of `npm run sim`: the house's embedded one in a folder of its own, a fresh database for each seed that wants one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '#store/embedded.ts';
import { migrate } from '#store/migrate.ts';
import { openDb } from '#store/pool.ts';

export type Server = { /** The address of a migrated, empty database. */ fresh(): Promise<string>; close(): Promise<void> };

export async function openServer(): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'anling-sim-'));
  const server = await startEmbedded({ data, port: 0, database: 'template', settings: { max_connections: '200' } });
  await migrate({ url: server.url });
  const address = (name: string): string => { const url = new URL(server.url); url.pathname = `/${name}`; return url.href; };
  let made = 0;
  return {
    async fresh() {
      const name = `seed_${++made}`;
      const db = openDb({ url: address('postgres'), max: 1, name: 'sim-server', statementMs: 60_000 });
      try { await db.query(`create database ${name} template template`); } finally { await db.close(); }
      return address(name);
    },
    async close() { await server.stop(); rmSync(data, { recursive: true, force: true }); },
  };
}
