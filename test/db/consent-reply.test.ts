/** Consent by text (E12): a contact who writes 退订 is called no more and becomes a task; what somebody who withdrew answers to an alarm counts all the same, and he gets no text for it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAssurance } from '#alerts/assurance.ts';
import type { Party } from '#core/ids.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { findContact, updateContact } from '#store/contacts.ts';
import { listTasks } from '#store/number-tasks.ts';
import { type Alarm, phone, testAlarm, village } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(() => a.close());

const change = async (id: string, patch: Parameters<typeof updateContact>[4]): Promise<void> => {
  const contact = await findContact(a.db, a.seal, id);
  expect(await a.db.tx((sql) => updateContact(sql, a.seal, id, contact?.version ?? 0, patch))).not.toBeNull();
};
const to = (party: string, lines: readonly string[]): string[] => lines.filter((l) => l.includes(party));
const number = (id: string): string => phone[id] as string;
/** Looked at as every quarter of an hour. */
const look = async (): Promise<void> => {
  await a.advance(20 * 60_000);
  await createAssurance({ db: a.db, seal: a.seal, metrics: createMetrics('test'), log: createLog('test', 'fatal', () => {}) })();
};
const tasks = async (): Promise<string[]> => (await a.db.query<{ t: string }>(`select party || ' ' || reason || coalesce(' ' || how, '') as t from number_task order by id`)).map((r) => r.t);

describe('what somebody who withdrew answers', () => {
  it('counts: he goes, the search ends, and nothing is written to him [E12 E6 LAW6]', async () => {
    await a.event('sos');
    await a.settle();
    await a.sent();
    await change('keyholder', { withdrawnAt: await a.now() });
    await a.settle();
    await a.sent();
    expect(await a.reply(number('keyholder'), '1')).toBe('accept');
    expect((await a.alert()).state).toBe('committed');
    const lines = await a.sentLines();
    expect([to('contact:keyholder', lines), to('responder:cw', lines).length]).toEqual([[], 1]);
    expect(await a.reply(number('keyholder'), '8')).toBe('off-today');
    expect(await a.reply(number('keyholder'), '7')).toBe('back');
    expect(to('contact:keyholder', await a.sentLines()), 'no word about his absence either').toEqual([]);
  });

  it('is put before the desk where the house would have to ask back: which of two [E12 FF20]', async () => {
    await a.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'h2', region_code, address_enc, place_enc from home where id = 'h1'`);
    await a.db.query(`insert into person (id, home_id, name_enc, name_bidx) select 'p2', 'h2', name_enc, name_bidx from person where id = 'p1'`);
    await a.db.query(`insert into contact (id, person_id, ord, relation, name_enc, phone_enc, phone_bidx, key_holder) select 'key2', 'p2', 1, relation, name_enc, phone_enc, phone_bidx, true from contact where id = 'keyholder'`);
    await a.event('sos');
    await a.event('sos', { deviceId: 'd2', homeId: 'h2', personId: 'p2' });
    await a.settle();
    await a.sent();
    for (const id of ['keyholder', 'key2']) await change(id, { withdrawnAt: await a.now() });
    await a.settle();
    await a.sent();
    expect(await a.reply(number('keyholder'), '1')).toBe('reply-unread');
    const lines = await a.sentLines();
    expect([...to('contact:keyholder', lines), ...to('contact:key2', lines)]).toEqual([]);
    expect((await a.log()).filter((l) => l.action === 'reply-unread')).toHaveLength(1);
  });
});

describe('退订 of a contact', () => {
  it('withdraws his consent, by his own hand, on record; who waits for him goes to the next, and nobody calls him instead [E12 FF21]', async () => {
    await a.event('sos');
    await a.settle();
    await a.sent();
    const step = (await a.alert()).planStep;
    expect(await a.reply(number('family1'), '退订')).toBe('opted-out');
    const file = await findContact(a.db, a.seal, 'family1');
    expect(file).toMatchObject({ withdrawnAt: expect.any(Number), withdrawnHow: 'text', optedOutAt: expect.any(Number) });
    expect((await a.alert()).planStep).toBe(step + 1);
    expect((await a.log()).map((l) => l.action)).toContain('opted-out');
    const [row] = await a.db.query<{ actor: string; detail: unknown }>(`select actor, detail from audit where action = 'contact.withdraw'`);
    expect(row).toEqual({ actor: 'party:contact:family1', detail: { via: 'sms', consent: { withdrawnAt: { from: null, to: file?.withdrawnAt } } } });
    await a.pass(420, 10);
    expect(to('contact:family1', await a.sentLines())).toEqual([]);
    expect((await a.respond({ alertId: (await a.alert()).id, action: 'dispatch', party: 'contact:family1' as Party })).kind).toBe('invalid');
    expect(await a.reply(number('family1'), 'TD'), 'once is enough').toBe('opted-out');
    expect(await a.db.query(`select from audit where action = 'contact.withdraw'`)).toHaveLength(1);
  });

  it('of a duty number silences texts alone: he is called, as before [FF21]', async () => {
    expect(await a.reply(number('doctor'), 'T')).toBe('opted-out');
    await a.event('sos');
    await a.settle();
    await a.pass(300, 10);
    expect(to('responder:doctor', await a.sentLines()).some((l) => l.includes('voice'))).toBe(true);
  });

  it('is a task of his village; so is it when the last whom anybody could call leaves by the desk’s hand; it ends when consent is given again or he leaves the file [E12 2.17]', async () => {
    await a.reply(number('family1'), 'T');
    await look();
    expect(await tasks()).toEqual(['contact:family1 withdrawn']);
    expect((await listTasks(a.db, village, true)).map((t) => [t.reason, t.personId])).toEqual([['withdrawn', 'p1']]);
    for (const id of ['keyholder', 'neighbour']) await change(id, { withdrawnAt: await a.now(), withdrawnHow: 'desk' });
    await look();
    expect(await tasks(), 'somebody is left').toEqual(['contact:family1 withdrawn']);
    await change('family2', { withdrawnAt: await a.now(), withdrawnHow: 'desk' });
    await look();
    expect(await tasks(), 'nobody is').toEqual(['contact:family1 withdrawn', 'contact:family2 withdrawn']);
    await change('family1', { withdrawnAt: null, withdrawnHow: null });
    await a.db.query(`delete from contact where id = 'family2'`);
    await look();
    expect(await tasks()).toEqual(['contact:family1 withdrawn mended', 'contact:family2 withdrawn gone']);
    await a.reply(number('family1'), 'T');
    await look();
    await a.db.query(`update number_task set closed_at = anling_now(), how = 'dismissed', closed_by = 'op1' where closed_at is null`);
    await a.advance(200 * 24 * 3_600_000);
    await look();
    expect((await tasks()).slice(2), 'what somebody settled is not asked again').toEqual(['contact:family1 withdrawn dismissed']);
  });
});
