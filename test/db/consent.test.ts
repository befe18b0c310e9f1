/** What a contact agreed to holds from the next step on, and for what waits to leave: nobody calls who has withdrawn (E12). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Party } from '#core/ids.ts';
import { readCandidates } from '#store/alert-detail.ts';
import { findContact, updateContact } from '#store/contacts.ts';
import { type Alarm, phone, testAlarm, village } from '#test/harness/alarm.ts';
import { accepted, fakeGateway, send } from './notify-fixture.ts';

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

it('a dispatch to who withdrew is refused by name and reason, nothing is sent, and the alert is as it was; the next relative can be sent [E12]', async () => {
  await a.event('sos');
  await a.settle();
  await a.sent();
  await change('family1', { withdrawnAt: await a.now() });
  const { id, version } = await a.alert();
  const refused = await a.respond({ alertId: id, action: 'dispatch', party: 'contact:family1' as Party });
  expect(refused).toEqual({ kind: 'invalid', fields: [{ field: 'party', expected: expect.stringMatching(/撤回同意.*家属 contact:family1/u) as string }] });
  expect([(await a.alert()).version, (await a.sentLines()).filter((l) => l.includes('family1'))]).toEqual([version, []]);
  expect((await a.respond({ alertId: id, action: 'dispatch', party: 'contact:family2' as Party })).kind).toBe('ok');
  expect((await a.sentLines()).filter((l) => l.includes('contact:family2'))).toHaveLength(2);
});

it('the desk sees him marked, behind the others, and may dial; the page of who goes leaves him out [E12]', async () => {
  await change('keyholder', { withdrawnAt: await a.now() });
  const shown = (await readCandidates(a.db, a.seal, { id: '1', homeId: 'h1', personId: 'p1', regionCode: village }, false)).filter((c) => c.near === 'home');
  expect(shown.map((c) => [c.party, c.withdrawn])).toEqual([['contact:neighbour', false], ['contact:family1', false], ['contact:family2', false], ['contact:keyholder', true]]);
});

it('a text that fails after he withdrew is followed by no call to him, but by the next person at once [E12 LAW6]', async () => {
  await a.event('sos');
  await a.settle();
  await a.sent();
  await change('family1', { withdrawnAt: await a.now() });
  await a.db.query(`update outbox set state = 'failed', error_code = 'isv.X', error_class = 'P', done_at = anling_now() where party = 'contact:family1' and state = 'accepted'`);
  const before = (await a.alert()).planStep;
  await a.settle();
  expect((await a.sentLines()).filter((l) => l.includes('contact:family1'))).toEqual([]);
  expect((await a.alert()).planStep).toBe(before + 1);
  expect((await a.log()).find((l) => l.action === 'send-failed')?.detail).toMatchObject({ party: 'contact:family1', next: 'next-person' });
});

describe('a text that waits when he withdraws [E12 LAW6]', () => {
  const lines = async (): Promise<{ state: string; error_code: string | null; handled: boolean }[]> =>
    a.db.query(`select state, error_code, handled_at is not null as handled from outbox where party = 'contact:family1' order by id`);
  const taken = async (): Promise<unknown> => (await a.log()).filter((l) => l.action === 'send-withdrawn').map((l) => [l.detail['party'], l.detail['reason'], l.detail['next']]);

  it('is taken back, the timeline says why, and the next step comes at once, not at its time', async () => {
    await a.event('sos');
    await a.settle();
    const [step, due] = [(await a.alert()).planStep, await a.db.query(`select due_at from timer where slot = 'plan' and fired_at is null and cancelled_at is null`)];
    expect(due[0]?.['due_at'] as number).toBeGreaterThan(await a.now());
    await change('family1', { withdrawnAt: await a.now() });
    expect(await lines()).toEqual([{ state: 'withdrawn', error_code: 'local.CONSENT', handled: false }]);
    await a.settle();
    expect((await a.alert()).planStep).toBe(step + 1);
    expect(await taken()).toEqual([['contact:family1', 'consent-withdrawn', 'next-person']]);
    expect(await lines()).toEqual([{ state: 'withdrawn', error_code: 'local.CONSENT', handled: true }]);
  });

  it('is not handed to the gateway when the sender claims it first, nor a second time when it was tried before: the same follows', async () => {
    await a.event('sos');
    await a.settle();
    const step = (await a.alert()).planStep;
    // Decided on the file as it was a moment ago: nothing has taken the row back.
    await a.db.query(`update contact set withdrawn_at = anling_now() where id = 'family1'`);
    const gateway = fakeGateway(() => accepted());
    await a.db.query('update outbox set demo = true');
    const sending = send(a, gateway);
    await expect.poll(async () => (await a.db.query(`select from outbox where state in ('due', 'sending')`)).length, { timeout: 20_000, interval: 20 }).toBe(0);
    await sending.stop();
    expect(gateway.sent.map((m) => m.to)).not.toContain(phone['family1']);
    expect(gateway.sent.length).toBeGreaterThan(0);
    expect(await lines()).toEqual([{ state: 'withdrawn', error_code: 'local.CONSENT', handled: false }]);
    await a.settle();
    expect((await a.alert()).planStep).toBe(step + 1);
    expect(await taken()).toEqual([['contact:family1', 'consent-withdrawn', 'next-person']]);
  });

  it('with what was taken back because somebody goes nothing follows', async () => {
    await a.event('sos');
    await a.settle();
    await a.reply(phone['cw'] ?? '', '1');
    await change('family1', { withdrawnAt: await a.now() });
    await a.settle();
    expect(await taken()).toEqual([['contact:family1', 'consent-withdrawn', 'nothing-left-to-do']]);
    expect((await a.alert()).state).toBe('committed');
  });
});

it('news of a case that goes on does not reach him either, whoever decides it: the line is shut [E12]', async () => {
  await a.event('sos');
  await a.settle();
  await a.sent();
  await a.reply(phone['family1'] ?? '', '1');
  await change('family1', { withdrawnAt: await a.now() });
  await a.pass(60 * 60, 60); // he is late: asked why, were he to be asked
  expect((await a.sentLines()).filter((l) => l.includes('contact:family1'))).toEqual([]);
});
