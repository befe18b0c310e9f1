/** Once per run, for all projects that need a database: the server, and the template that every test database is cloned from. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '#store/embedded.ts';
import { migrate } from '#store/migrate.ts';
import { databaseUrl, onServer } from './db.ts';

type Shared = { users: number; ready: Promise<{ serverUrl: string; template: string; end(): Promise<void> }> };
// Each project evaluates this file anew; the server is one.
const holder = globalThis as { anlingTestServer?: Shared };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  holder.anlingTestServer ??= { users: 0, ready: begin() };
  const shared = holder.anlingTestServer;
  shared.users++;
  const { serverUrl, template, end } = await shared.ready;
  project.provide('serverUrl', serverUrl);
  project.provide('template', template);
  return async () => { if (--shared.users === 0) { delete holder.anlingTestServer; await end(); } };
}

async function begin(): Promise<Awaited<Shared['ready']>> {
  const template = `anling_template_${randomBytes(4).toString('hex')}`;
  const given = process.env['ANLING_TEST_DB'];
  let serverUrl = given ?? '';
  let stop = async (): Promise<void> => {};
  if (!given) {
    const data = mkdtempSync(join(tmpdir(), 'anling-test-db-'));
    // fsync stays on: some scenarios kill, and the alarm path refuses a database that would lose a commit.
    const server = await startEmbedded({ data, port: 0, database: 'postgres', settings: { max_connections: '300', max_wal_size: '4GB' } });
    serverUrl = server.url;
    stop = async () => { await server.stop(); rmSync(data, { recursive: true, force: true }); };
  }
  await onServer(serverUrl, (server) => server.query(`create database "${template}"`));
  await migrate({ url: databaseUrl(serverUrl, template) });
  return {
    serverUrl, template,
    async end() {
      await onServer(serverUrl, async (server) => {
        const left = await server.query<{ name: string }>(`select datname as name from pg_database where datname = $1 or ($2 and datname like 'anling\\_t\\_%')`, [template, !given]);
        for (const { name } of left) await server.query(`drop database if exists "${name}" with (force)`);
      });
      await stop();
    },
  };
}
