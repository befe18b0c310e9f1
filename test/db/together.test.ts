/** Statements of one transaction that leave together (ADR 0043): in their order, all of them or none, the reason told that was first. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isTransient, sqlState, together } from '#store/pool.ts';
import { type TestDatabase, testDatabase } from '#test/harness/db.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase();
  await t.db.query('create table parent (id int primary key)');
  await t.db.query('create table child (id int primary key, parent int not null references parent)');
});
beforeEach(() => t.db.query('truncate parent, child'));
afterAll(() => t.close());
const count = async (): Promise<number> => Number((await t.db.query<{ n: number }>('select (select count(*) from parent)::int + (select count(*) from child)::int as n'))[0]?.n);

describe('together', () => {
  it('executes them in the order in which they are given, prepared or not, and answers each its own rows', async () => {
    const rows = await t.db.tx((sql) => together([
      sql.query('insert into parent values (1) returning id'), sql.query('insert into child values ($2, $1) returning parent', [1, 10], 'together-child'), sql.query('insert into child values ($2, $1) returning parent', [1, 11], 'together-child'),
      sql.query<{ n: number }>('select count(*)::int as n from child'),
    ]));
    expect(rows).toEqual([[{ id: 1 }], [{ parent: 1 }], [{ parent: 1 }], [{ n: 2 }]]);
    for (let again = 0; again < 3; again++) expect(await t.db.tx((sql) => together([sql.query('select $1::int as a', [again], 'together-a'), sql.query('select $1::int as b', [again + 1], 'together-b')]))).toEqual([[{ a: again }], [{ b: again + 1 }]]);
  });

  it('tells why the first failed, not that the others came too late; a lock that was waited for in vain is a reason to try again', async () => {
    const failed = await t.db.tx((sql) => together([sql.query('insert into parent values (1)'), sql.query('insert into child values (1, 7)', [], 'together-orphan'), sql.query('select 1')])).catch((e: unknown) => e);
    expect(sqlState(failed)).toBe('23503');
    expect(await count()).toBe(0);
    // A branch of several statements stands before the one that failed: it is refused at its second, and that is not the reason.
    const branch = async (sql: Parameters<Parameters<typeof t.db.tx>[0]>[0]): Promise<void> => { await sql.query('insert into parent values (2)'); await sql.query('insert into parent values (3)'); };
    const locked = await t.db.tx((sql) => together([branch(sql), sql.query(`do $$ begin raise exception 'as it were' using errcode = '40P01'; end $$`)])).catch((e: unknown) => e);
    expect([sqlState(locked), isTransient(locked)]).toEqual(['40P01', true]);
    expect(await count()).toBe(0);
    expect(await t.db.tx((sql) => together([sql.query('insert into parent values (4) returning id', [], 'together-orphan-2')]))).toEqual([[{ id: 4 }]]); // the connection is as good as before
  });

  it('sends nothing after its transaction: a branch that is slow is waited for, and refused', async () => {
    let slow: Promise<void> = Promise.resolve();
    const ended = t.db.tx((sql) => {
      const failing = sql.query('select 1/0');
      slow = (async () => {
        await failing.catch(() => {});
        for (let i = 0; i < 20; i++) await t.db.query('select 1'); // on another connection: a rollback would be long over
        await sql.query('insert into parent values (5)');
      })();
      return together([slow, failing]);
    });
    await expect(ended).rejects.toMatchObject({ code: '22012' });
    await slow.catch(() => {});
    expect(await count()).toBe(0);
  });

  it('a connection that dies under them loses all of them, and the pool goes on', async () => {
    const died = t.db.tx((sql) => together([sql.query('insert into parent values (6)'), sql.query('select pg_terminate_backend(pg_backend_pid())'), sql.query('insert into parent values (7)'), sql.query('select pg_sleep(5)')]));
    await expect(died).rejects.toSatisfy((e) => isTransient(e));
    expect(await count()).toBe(0);
  });
});
