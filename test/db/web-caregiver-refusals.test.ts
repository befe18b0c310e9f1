/** What the page's script hears of a press that had waited: taken, or why not, also when it asks again under the same key. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => { web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) }); });
afterAll(() => web.stop());

it('a press that comes too late is refused by name, one that counts is not; a form without a script gets its page as before [UI3.4 E6]', async () => {
  const id = await web.alert();
  for (const [party, no] of [['responder:r1', 11], ['contact:c1', 12]] as const) {
    await web.t.db.query('insert into slip (party, no, alert_id, code, created_at) values ($1, $2, $3, $4, anling_now())', [party, no, id, `late-${no}`]);
    await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, updated_at) values ($1, $2, 'notified', anling_now(), anling_now())`, [id, party]);
  }
  const press = (no: number, action: string, key: string, accept = 'application/json') =>
    web.fetch(`/j/late-${no}`, { method: 'POST', body: `action=${action}&keptMs=5000`, headers: { accept, 'content-type': 'application/x-www-form-urlencoded', origin: 'null', 'idempotency-key': key } });
  const why = async (no: number, action: string, key: string): Promise<unknown> => { const { status, body } = await press(no, action, key); return status === 200 ? body.why : status; };
  expect(await why(11, 'accept', '1')).toBeNull();
  expect([await why(12, 'accept', '2'), await why(12, 'accept', '2'), await why(12, 'decline', '3'), await why(12, 'depart', '4')]).toEqual(['taken', 'taken', null, 'taken']);
  await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), outcome = 'R1' where id = $1`, [id]);
  expect([await why(12, 'accept', '5'), await why(12, 'need-help', '6'), await why(12, 'off-today', '7')]).toEqual(['closed', 'closed', null]);
  // She had promised: that she was there without a network counts, and nothing else.
  expect([await why(11, 'depart', '8'), await why(11, 'arrive', '9'), await why(11, 'done', '10'), await why(11, 'accept', '1')]).toEqual(['closed', null, 'closed', null]);
  expect([(await press(12, 'accept', '11', 'text/html')).status, (await press(12, 'accept', '12', '*/*')).status]).toEqual([303, 303]);
});
