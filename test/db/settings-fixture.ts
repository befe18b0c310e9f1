/** Messages as rows, for tests of pages that count them. */
import type { Party } from '#core/ids.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import type { TestDatabase } from '#test/harness/db.ts';

/** So many test messages; with a code they have failed by it. */
export async function addTestSends(t: TestDatabase, n: number, code: string | null = null): Promise<void> {
  const to = '15404250201';
  await insertOutbox(t.db, t.seal, Array.from({ length: n }, (_, i) => ({
    alertId: null, party: 'test:u1' as Party, channel: 'sms' as const, template: 'ring' as const, params: {}, to, toBidx: t.seal.blind('phone', to), priority: 3, purpose: 'notice' as const, round: null, step: null, slip: null, trace: `test-send-${i}`, demo: true,
  })));
  if (code !== null) await t.db.query(`update outbox set state = 'failed', error_code = $1`, [code]);
}
