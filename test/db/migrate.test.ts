/** The schema's history: once each, whole steps, nothing newer, nothing edited. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate } from '#store/migrate.ts';
import { openDb, type Db } from '#store/pool.ts';
import { databaseUrl, onServer, onTimescale } from '#test/harness/db.ts';

describe('migrate', () => {
  const name = `anling_t_migrate_${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'anling-migrations-'));
  let url: string;
  let db: Db;
  beforeAll(async () => {
    cpSync(join(import.meta.dirname, '..', '..', 'migrations'), folder, { recursive: true });
    await onServer(inject('serverUrl'), (server) => server.query(`create database "${name}"`));
    url = databaseUrl(inject('serverUrl'), name);
    db = openDb({ url, max: 2, name: 'test' });
  });
  afterAll(async () => {
    await db.close();
    await onServer(inject('serverUrl'), (server) => server.query(`drop database "${name}" with (force)`));
    rmSync(folder, { recursive: true });
  });

  it('runs every file once, however many starters come at once', async () => {
    const ran = await Promise.all([1, 2, 3].map(() => migrate({ url, folder })));
    const rows = await db.query<{ no: number }>('select no from schema_migration order by no');
    expect(ran.flat().sort((a, b) => a - b)).toEqual(rows.map((row) => row.no));
    expect(rows.length).toBeGreaterThanOrEqual(3);
    expect(await migrate({ url, folder })).toEqual([]);
  });

  it('makes hypertables where TimescaleDB is, partitions elsewhere', async () => {
    const kind = (await db.query<{ kind: string }>(`select relkind as kind from pg_class where relname = 'heartbeat'`))[0]?.kind;
    expect(kind).toBe(onTimescale() ? 'r' : 'p');
    expect((await db.query(`select from pg_extension where extname = 'timescaledb'`)).length).toBe(onTimescale() ? 1 : 0);
  });

  it('gives way to whoever serves devices meanwhile, however they take their tables, and runs when they are free [RF19]', async () => {
    const no = (await db.query<{ n: number }>('select max(no) as n from schema_migration'))[0]!.n + 1;
    writeFileSync(join(folder, `${String(no).padStart(4, '0')}-two-tables.sql`), 'alter table person add column two_a int; -- first the one\nalter table device add column two_b int;');
    const waits = (): Promise<boolean> => db.query(`select from pg_stat_activity where datname = current_database() and application_name = 'anling-migrate' and wait_event_type = 'Lock'`).then((rows) => rows.length > 0);
    let ran: Promise<number[]> | null = null;
    await db.tx(async (sql) => {
      await sql.query('select from device limit 1');
      ran = migrate({ url, folder });
      await expect.poll(waits, { timeout: 20_000, interval: 5 }).toBe(true);
      await sql.query('select from person limit 1'); // what a change that holds on to its first table would wait for, and it for us
    });
    expect(await ran).toEqual([no]);
  });

  it('leaves nothing of a file that fails', async () => {
    const no = (await db.query<{ n: number }>('select max(no) as n from schema_migration'))[0]!.n + 1;
    const file = join(folder, `${String(no).padStart(4, '0')}-broken.sql`);
    writeFileSync(file, 'create table half_made (a int); select 1/0;');
    await expect(migrate({ url, folder })).rejects.toThrow(/division by zero/);
    expect((await db.query(`select to_regclass('half_made') as found`))[0]).toEqual({ found: null });
    writeFileSync(file, 'create table whole_made (a int);');
    expect(await migrate({ url, folder })).toEqual([no]);
    writeFileSync(file, 'create table whole_made (a int, b int);');
    await expect(migrate({ url, folder })).rejects.toMatchObject({ code: 'E_MIGRATION_CHANGED' });
    rmSync(file);
    await expect(migrate({ url, folder })).rejects.toMatchObject({ code: 'E_SCHEMA_NEWER' });
  });
});
