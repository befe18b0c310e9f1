/**
 * Baseline of the **escalation** part: the least that is a durable timer. Rows, claimed with `skip locked` in batches of 64 each quarter of a second, each
 * step one message row and the next due time, in one transaction. Nobody is looked up, no budget counted, nothing told; a round is seven steps in 300 s.
 */
import pg from 'pg';

const [url = ''] = process.argv.slice(2);
const stepsS = [0, 30, 60, 90, 120, 180, 300];
const client = new pg.Client({ connectionString: url });
await client.connect();
process.once('disconnect', () => process.exit(0));
process.send?.({ port: 0 });

async function turn(): Promise<number> {
  await client.query('begin');
  const { rows } = await client.query<{ id: string; step: number; base_at: Date }>(`select id, step, base_at from bare_timer where due_at <= now() order by due_at limit 64 for update skip locked`);
  if (rows.length > 0) {
    await client.query(`insert into bare_fired (timer_id, late_ms) select id, extract(epoch from clock_timestamp() - due_at) * 1000 from bare_timer where id = any($1)`, [rows.map((r) => r.id)]);
    await client.query(`insert into bare_message (timer_id, step) select * from unnest($1::bigint[], $2::int[])`, [rows.map((r) => r.id), rows.map((r) => r.step)]);
    const next = rows.map((r) => (r.step === 6 ? { step: 0, base: r.base_at.getTime() + 300_000 } : { step: r.step + 1, base: r.base_at.getTime() }));
    await client.query(
      `update bare_timer t set step = v.step, base_at = to_timestamp(v.base / 1000), due_at = to_timestamp(v.base / 1000) + v.in_s * interval '1 s'
       from unnest($1::bigint[], $2::int[], $3::float8[], $4::int[]) as v (id, step, base, in_s) where t.id = v.id`,
      [rows.map((r) => r.id), next.map((n) => n.step), next.map((n) => n.base), next.map((n) => stepsS[n.step] ?? 0)]);
  }
  await client.query('commit');
  return rows.length;
}

for (;;) if ((await turn()) === 0) await new Promise((resolve) => setTimeout(resolve, 250));
