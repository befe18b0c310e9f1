/** What a contact agreed to holds from the next step on, and for what waits to leave: nobody calls who has withdrawn (E12). */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findContact, updateContact } from '#store/contacts.ts';
import { type Alarm, phone, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(() => a.close());

const change = async (id: string, patch: Parameters<typeof updateContact>[4]): Promise<void> => {
  const contact = await findContact(a.db, a.seal, id);
  expect(await a.db.tx((sql) => updateContact(sql, a.seal, id, contact?.version ?? 0, patch))).not.toBeNull();
};

it('withdrawn in the middle of an alarm: what has not left stays behind, no later step and no news reaches him, the timeline says why, the others are called on [E12 E5]', async () => {
  await a.event('sos');
  await a.settle();
  await a.startClock();
  expect(await a.db.query(`select 1 from outbox where party = 'contact:family1' and state = 'due'`)).toHaveLength(1);
  await change('family1', { withdrawnAt: await a.now() });
  const first = await a.sentLines();
  await a.pass(420, 10);
  const rest = await a.sentLines();
  expect([...first, ...rest].filter((l) => l.includes('contact:family1'))).toEqual([]);
  expect(rest.filter((l) => l.includes('contact:family2')).length).toBeGreaterThan(0);
  const skipped = (await a.log()).filter((l) => l.action === 'plan-step').flatMap((l) => (l.detail['skipped'] as { party?: string; reason: string }[] | undefined) ?? []);
  expect(skipped).toContainEqual(expect.objectContaining({ party: 'contact:family1', reason: 'consent-withdrawn' }));
  await a.reply(phone['cw'] ?? '', '1');
  expect((await a.sentLines()).filter((l) => l.includes('contact:family1'))).toEqual([]);
  await change('family1', { withdrawnAt: null });
  expect((await findContact(a.db, a.seal, 'family1'))?.withdrawnAt).toBeNull();
});

it('who agreed to emergencies only, or has quiet hours, is left alone by lesser cases and called in an emergency [E12]', async () => {
  await change('family1', { emergenciesOnly: true });
  await change('family2', { quietFrom: '00:00', quietTo: '00:00' });
  await a.event('motionless', { deviceId: 'd4' });
  await a.settle();
  await a.pass(600, 20);
  expect((await a.sentLines()).filter((l) => l.includes('contact:family'))).toEqual([]);
  await a.event('sos');
  await a.settle();
  expect((await a.sentLines()).filter((l) => l.includes('contact:family1'))).not.toEqual([]);
});
