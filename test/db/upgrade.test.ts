/** Every release's filled database upgrades to this program: nothing lost, everything still readable with its keys. */
import { describe, expect, it } from 'vitest';
import { migrate } from '#store/migrate.ts';
import { emptyDatabase } from '#test/harness/db.ts';
import { fillAs, fixtureKeys, releases } from '#test/harness/fixture.ts';

describe('upgrades', () => {
  it('has the fixture of a release to upgrade from', () => expect(releases).toContain('v0.1.0'));

  it.each(releases)('takes a filled database of %s to the present schema', async (release) => {
    const { url, db, drop } = await emptyDatabase();
    try {
      const { of } = await fillAs(release, url, db);
      const checksums = await db.query<{ no: number; checksum: string }>('select no, checksum from schema_migration order by no');
      // A released migration is never edited: the file must still be the one that ran then.
      expect(checksums.map((r) => r.checksum)).toEqual(of('schema_migration').sort((a, b) => Number(a['no']) - Number(b['no'])).map((r) => r['checksum']));
      await migrate({ url });
      for (const table of ['event', 'alert', 'alert_log', 'outbox', 'timer', 'person', 'device', 'audit', 'feed']) {
        const [count] = await db.query<{ n: number }>(`select count(*)::int as n from "${table}"`);
        expect({ table, rows: count?.n }).toEqual({ table, rows: of(table).length });
        expect(count?.n).toBeGreaterThan(0);
      }
      const { seal } = fixtureKeys(release);
      for (const person of await db.query<{ name: Buffer }>('select name_enc as name from person')) expect(seal.open('person.name', person.name)).not.toBe('');
      // And it lives on: the next event gets the next number.
      const [next] = await db.query<{ id: string }>(
        `insert into event (ingest_id, shard, urgency, source, kind, received_at, trace) values (gen_random_uuid(), 0, 1, 'mqtt', 'sos', anling_now(), 't') returning id`);
      expect(Number(next?.id)).toBeGreaterThan(Math.max(...of('event').map((r) => Number(r['id']))));
    } finally {
      await drop();
    }
  });
});
