/** A database of its own for a part that needs no house: on the server of DATABASE_URL where it is given, else a fresh embedded one. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '#store/embedded.ts';
import { migrate } from '#store/migrate.ts';
import { type Db, openDb } from '#store/pool.ts';

export type BenchDatabase = { db: Db; /** the server and its edition, in words */ server: string; close(): Promise<void> };

export async function benchDatabase(what: string): Promise<BenchDatabase> {
  const given = process.env['DATABASE_URL'];
  const name = `anling_bench_${what}_${randomBytes(4).toString('hex')}`;
  const data = given ? null : mkdtempSync(join(tmpdir(), `anling-bench-${what}-`));
  // Written in bulk, without checkpoints every few seconds; fsync stays on.
  const server = data === null ? null : await startEmbedded({ data, port: 0, database: name, settings: { max_wal_size: '8GB', statement_timeout: '0' } });
  const at = (database: string): string => { const url = new URL(given ?? ''); url.pathname = `/${database}`; return url.href; };
  const beside = given ? openDb({ url: given, max: 1, name: 'bench-admin', statementMs: 600_000 }) : null;
  const end = async (): Promise<void> => {
    await beside?.query(`drop database if exists "${name}" with (force)`).catch(() => {});
    await beside?.close();
    await server?.stop();
    if (data !== null) rmSync(data, { recursive: true, force: true });
  };
  const url = server?.url ?? at(name);
  try {
    await beside?.query(`create database "${name}"`);
    await migrate({ url });
  } catch (error) { await end(); throw error; }
  const db = openDb({ url, max: 4, name: 'bench', statementMs: 3_600_000 });
  const [version] = await db.query<{ v: string; t: string | null; l: string | null }>(`select current_setting('server_version') as v, (select extversion from pg_extension where extname = 'timescaledb') as t, current_setting('timescaledb.license', true) as l`);
  return {
    db, server: `PostgreSQL ${version?.v.split(' ')[0]}${version?.t ? `, TimescaleDB ${version.t} (${version.l})` : ''}`,
    async close() { await db.close(); await end(); },
  };
}
