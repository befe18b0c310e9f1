/** The audit against somebody who owns the database: edit, delete, reorder, cut the tail, forge a row (W20). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { appendAudit, auditHead, listAudit, verifyAudit } from '#store/audit.ts';

let t: TestDatabase;
beforeAll(async () => { t = await testDatabase(); });
afterAll(() => t.close());

const asOwner = (sql: string, values: unknown[] = []): Promise<unknown> => t.db.tx(async (tx) => {
  await tx.query('alter table audit disable trigger audit_append_only');
  await tx.query(sql, values);
  await tx.query('alter table audit enable trigger audit_append_only');
});
beforeEach(async () => {
  await asOwner('truncate audit');
  await t.db.query(`update audit_head set id = 0, hash = '\\x00'`);
  for (let i = 1; i <= 10; i++) await t.db.tx((sql) => appendAudit(sql, t.seal, [{ actor: `user:u${i}`, action: 'alert.close', target: `alert:${i}`, result: 'ok', detail: { outcome: 'F1', z: 1, a: { d: [1, 'é', null], b: 2 } } }]));
});

describe('audit chain', () => {
  it('verifies what was written, also a batch and odd texts [W20 I10]', async () => {
    await t.db.tx((sql) => appendAudit(sql, t.seal, [{ actor: 'a\0b\ud800', action: 'x', result: 'ok', detail: { 'k\n': '\0', n: 1.5, big: 'y'.repeat(900) } }, { actor: 'b', action: 'y', result: 'denied' }]));
    expect(await verifyAudit(t.db, t.seal)).toMatchObject({ ok: true, rows: 12 });
    expect(await listAudit(t.db, { limit: 2, actor: 'user:u3' })).toMatchObject([{ target: 'alert:3', result: 'ok' }]);
  });

  it('refuses update, delete and truncate in the database itself [W20]', async () => {
    for (const sql of [`update audit set actor = 'x'`, 'delete from audit where id = 3', 'truncate audit']) await expect(t.db.query(sql)).rejects.toThrow('append-only');
  });

  it.each([
    ['an edited row', `update audit set result = 'failed' where id = 4`, '4'], ['an edited detail', `update audit set detail = '{"outcome":"R1"}' where id = 7`, '7'],
    ['a moved time', `update audit set at = at + interval '1 ms' where id = 2`, '2'], ['a deleted row', 'delete from audit where id = 5', '5'], ['a cut tail', 'delete from audit where id > 8', '9'],
    ['two rows exchanged', 'update audit set id = case id when 3 then 999 when 4 then 3 end where id in (3, 4); update audit set id = 4 where id = 999', '3'],
  ])('names the first bad row of %s [W20 I10]', async (_, sql, firstBad) => {
    for (const part of sql.split('; ')) await asOwner(part);
    expect(await verifyAudit(t.db, t.seal)).toMatchObject({ ok: false, firstBad });
  });

  it('is not fooled by a head rewound together with the tail, when an anchor was noted outside [W20 I10]', async () => {
    const anchor = await auditHead(t.db);
    await asOwner('delete from audit where id > 8');
    await t.db.query('update audit_head set id = 8, hash = (select hash from audit where id = 8)');
    expect(await verifyAudit(t.db, t.seal)).toMatchObject({ ok: true, rows: 8 }); // what the database alone can tell
    expect(await verifyAudit(t.db, t.seal, anchor)).toMatchObject({ ok: false, firstBad: '9' });
    // Nor by other rows written in their place.
    for (let i = 0; i < 4; i++) await t.db.tx((sql) => appendAudit(sql, t.seal, [{ actor: 'forger', action: 'x', result: 'ok' }]));
    expect(await verifyAudit(t.db, t.seal, anchor)).toMatchObject({ ok: false, firstBad: '10' });
  });

  it('keeps the chain whole under concurrent writers [W20 I10]', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => t.db.tx((sql) => appendAudit(sql, t.seal, [{ actor: `c${i}`, action: 'login', result: 'ok' }]))));
    expect(await verifyAudit(t.db, t.seal)).toMatchObject({ ok: true, rows: 50 });
  });
});
