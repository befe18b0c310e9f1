/** Every release's filled database upgrades to this program: nothing lost, everything still readable with its keys. */
import { chmodSync, copyFileSync, mkdtempSync, readdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { migrate } from '#store/migrate.ts';
import { openDb } from '#store/pool.ts';
import { createSeal, readKeys } from '#store/seal.ts';
import { databaseUrl, onServer } from '#test/harness/db.ts';
import { fixtureFolder, readFixture } from '#test/harness/fixture.ts';
import { restoreRows } from '#test/harness/snapshot.ts';

const releases = readdirSync(fixtureFolder).filter((f) => f.endsWith('.jsonl.gz')).map((f) => f.replace('.jsonl.gz', ''));
const migrations = join(import.meta.dirname, '..', '..', 'migrations');
type Line = { table: string; row: Record<string, unknown> };

describe('upgrades', () => {
  it('has the fixture of a release to upgrade from', () => expect(releases).toContain('v0.1.0'));

  it.each(releases)('takes a filled database of %s to the present schema', async (release) => {
    const lines = readFixture(release);
    const rows = lines.map((line) => JSON.parse(line) as Line);
    const of = (table: string): Record<string, unknown>[] => rows.filter((r) => r.table === table).map((r) => r.row);
    const then = Math.max(...of('schema_migration').map((r) => Number(r['no'])));
    const old = mkdtempSync(join(tmpdir(), 'anling-migrations-'));
    for (const file of readdirSync(migrations)) if (Number(file.slice(0, 4)) <= then) copyFileSync(join(migrations, file), join(old, file));
    const name = `anling_t_${randomBytes(6).toString('hex')}`;
    await onServer(inject('serverUrl'), (server) => server.query(`create database "${name}"`));
    const url = databaseUrl(inject('serverUrl'), name);
    await migrate({ url, folder: old });
    const db = openDb({ url, max: 2, name: 'upgrade', statementMs: 60_000 });
    try {
      const checksums = await db.query<{ no: number; checksum: string }>('select no, checksum from schema_migration order by no');
      // A released migration is never edited: the file must still be the one that ran then.
      expect(checksums.map((r) => r.checksum)).toEqual(of('schema_migration').sort((a, b) => Number(a['no']) - Number(b['no'])).map((r) => r['checksum']));
      await restoreRows(db, lines, ['schema_migration']);
      await migrate({ url });
      for (const table of ['event', 'alert', 'alert_log', 'outbox', 'timer', 'person', 'device', 'audit', 'feed']) {
        const [count] = await db.query<{ n: number }>(`select count(*)::int as n from "${table}"`);
        expect({ table, rows: count?.n }).toEqual({ table, rows: of(table).length });
        expect(count?.n).toBeGreaterThan(0);
      }
      const keyFile = join(old, 'keys.json');
      copyFileSync(join(fixtureFolder, `${release}.keys.json`), keyFile);
      chmodSync(keyFile, 0o600); // a checkout does not keep the mode
      const seal = createSeal(readKeys(keyFile, false));
      for (const person of await db.query<{ name: Buffer }>('select name_enc as name from person')) expect(seal.open('person.name', person.name)).not.toBe('');
      // And it lives on: the next event gets the next number.
      const [next] = await db.query<{ id: string }>(
        `insert into event (ingest_id, shard, urgency, source, kind, received_at, trace) values (gen_random_uuid(), 0, 1, 'mqtt', 'sos', anling_now(), 't') returning id`);
      expect(Number(next?.id)).toBeGreaterThan(Math.max(...of('event').map((r) => Number(r['id']))));
    } finally {
      await db.close();
      await onServer(inject('serverUrl'), (server) => server.query(`drop database "${name}" with (force)`));
    }
  });
});
