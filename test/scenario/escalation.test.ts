/** The plan of FIELD 7 through rows, by time travel: exact seconds, exact people; a message nobody expected fails. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Party } from '#core/ids.ts';
import { render, type TemplateName } from '#core/messages.ts';
import { bindReply, finishLoose, looseReplies } from '#store/loose-replies.ts';
import { type Alarm, operator, party, phone, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(async () => { await a.close(); });

const press = async (kind: Parameters<Alarm['event']>[0] = 'sos', options: Parameters<Alarm['event']>[1] = {}): Promise<void> => {
  await a.event(kind, options);
  await a.settle();
  await a.startClock();
};
const firstStep = ['0 sms responder:cw sos', '0 sms contact:keyholder sos', '0 sms contact:family1 family'];
const ladder = [
  '20 voice responder:seat2 voice-desk',
  '30 voice responder:cw voice-p1',
  '60 voice responder:shift voice-desk',
  '60 voice contact:keyholder voice-p1', '60 sms responder:doctor sos', '60 voice responder:doctor voice-p1',
  '90 sms responder:cadre sos', '90 voice responder:cadre voice-p1', '90 sms responder:grid sos', '90 voice responder:grid voice-p1', '90 sms contact:family2 family',
  '120 voice responder:leader voice-desk',
  '120 voice responder:duty voice-p1', '120 sms responder:other1 sos', '120 voice responder:other1 voice-p1', '120 sms responder:other2 sos', '120 voice responder:other2 voice-p1',
  '180 sms responder:leader escalate', '180 voice responder:leader voice-escalate',
];
const sorted = (lines: string[]): string[] => [...lines].sort((x, y) => Number.parseInt(x, 10) - Number.parseInt(y, 10) || (x < y ? -1 : 1));

describe('an alarm that nobody takes', () => {
  for (const kind of ['sos', 'phone-in', 'fall'] as const) {
    it(`${kind}: calls exactly these people at exactly these seconds, care worker, key holder and family beside the desk at second 0 [E1 E2 FF1 FF3 LAW6 C2 D8]`, async () => {
      await press(kind, { deviceId: kind === 'fall' ? 'd4' : 'd1' });
      const named = (lines: string[]): string[] => sorted(lines.map((l) => l.replace(/ sos$/, ` ${kind}`)));
      expect(sorted(await a.sentLines())).toEqual(named(firstStep));
      await a.pass(299);
      expect(sorted(await a.sentLines())).toEqual(named(ladder));
      expect((await a.alert()).flags).not.toContain('nobody-answered');
    });
  }

  for (const kind of ['smoke', 'gas'] as const) {
    it(`${kind}: beside them everybody within five minutes on foot and the micro fire station at once, the station's call at 30 s [E1 E2 FF1 LAW6]`, async () => {
      await a.db.query(`update contact set walk_minutes = case id when 'keyholder' then 1 when 'neighbour' then 5 when 'family1' then 4 end`);
      await a.db.query(`update responder set walk_minutes = case id when 'doctor' then 3 when 'cadre' then 6 when 'other1' then 2 end`); // other1: in a village of its own
      await a.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) values ('station', 'fire-station', '350425201000', $1, $2, $3)`,
        [a.seal.seal('responder.name', '屏山乡微型消防站'), a.seal.seal('responder.phone', '15404250041'), a.seal.blind('phone', '15404250041')]);
      await press(kind, { deviceId: 'd3' });
      const first = await a.sent();
      const near = ['contact:family1', 'contact:keyholder', 'contact:neighbour', 'responder:cw', 'responder:doctor', 'responder:station'];
      expect(first.map((m) => `${m.atS} ${m.channel} ${m.party} ${m.template}`).sort()).toEqual(near.map((who) => `0 sms ${who} ${kind}`)); // a son next door hears what is burning
      for (const m of first) expect(render(m.template as TemplateName, m.params)).toMatch(kind === 'smoke' ? /喊人勿进火场/ : /勿开灯勿点火/);
      await a.pass(299);
      const rest = ladder.filter((l) => !l.includes('sms responder:doctor')).map((l) => l.replace(/ sos$/, ` ${kind}`)); // he has his text already
      expect(sorted(await a.sentLines())).toEqual(sorted([...rest, '30 voice responder:station voice-p1']));
    });
  }

  it('at 300 s says nobody answered on every screen and begins again with other people first [E2 FF6]', async () => {
    await press();
    await a.pass(301);
    await a.sent();
    await a.pass(20);
    const alert = await a.alert();
    expect(alert).toMatchObject({ planRound: 1, state: 'open' });
    expect(alert.flags).toContain('nobody-answered');
    const feed = await a.db.query<{ payload: { ring?: string; what: string } }>(`select payload from feed where payload->>'ring' = 'nobody'`);
    expect(feed.map((f) => f.payload.what)).toEqual(['nobody-answered']);
    const round1 = await a.db.query<{ party: string }>('select distinct party from outbox where round = 1 and purpose = $1', ['search']);
    expect(round1.map((r) => r.party)).toContain('contact:neighbour'); // untried in the first round
  });

  it('never calls one number more than 3 times in 5 minutes or 5 times in an hour, for two hours [E2 FF6]', async () => {
    await press();
    await a.pass(2 * 3600, 5);
    const calls = await a.db.query<{ phone: string; at: number }>(`select encode(to_bidx, 'hex') as phone, created_at as at from outbox where channel = 'voice' order by created_at`);
    for (const [, list] of Map.groupBy(calls, (c) => c.phone)) {
      for (const c of list) {
        expect(list.filter((x) => x.at > c.at - 300_000 && x.at <= c.at).length).toBeLessThanOrEqual(3);
        expect(list.filter((x) => x.at > c.at - 3_600_000 && x.at <= c.at).length).toBeLessThanOrEqual(5);
      }
    }
    expect(calls.length).toBeGreaterThan(40);
    expect((await a.alert()).planRound).toBeGreaterThanOrEqual(22); // unlimited rounds
    expect(await a.watch()).toBe(0);
  });

  it('after ten minutes of no worker runs what it missed in order, without gaps and without a second round at once [E1 I3]', async () => {
    await press();
    await a.sent();
    await a.advance(600_000);
    await a.settle();
    const steps = (await a.log()).filter((l) => l.action === 'plan-step').map((l) => `${l.detail['round']}.${l.detail['step']}`);
    expect(steps).toEqual(['0.0', '0.1', '0.2', '0.3', '0.4', '0.5', '1.0']);
    expect((await a.log()).filter((l) => l.action === 'nobody-answered')).toHaveLength(1);
    await a.pass(29);
    expect((await a.log()).filter((l) => l.action === 'plan-step')).toHaveLength(7);
  });

  it('without anybody in the village goes on at once and never waits for nobody [E2 FF9]', async () => {
    await a.db.query('delete from contact');
    await a.db.query(`delete from responder where region_code like '350425201%'`);
    await press();
    await a.pass(2);
    expect(await a.sentLines()).toEqual(['0 sms responder:leader escalate', '0 voice responder:leader voice-escalate']);
    const gaps = (await a.log()).filter((l) => l.action === 'plan-step').flatMap((l) => l.detail['skipped'] as { reason: string }[]);
    expect(gaps.map((g) => g.reason)).toContain('nobody-in-role');
  });
});

describe('the desk', () => {
  it('claim suspends for 120 s and no longer without a step; then the next rung and the other seat [FF1 LAW6 E1]', async () => {
    await press();
    await a.sent();
    await a.pass(8);
    expect(await a.respond({ alertId: (await a.alert()).id, action: 'claim' })).toMatchObject({ kind: 'ok', state: 'claimed' });
    await a.pass(119);
    expect(await a.sentLines()).toEqual([]);
    expect((await a.alert()).state).toBe('claimed');
    await a.pass(3);
    expect(await a.sentLines()).toEqual(['128 voice responder:cw voice-p1', '128 voice responder:seat2 voice-desk']);
    expect(await a.alert()).toMatchObject({ state: 'open', planState: 'running', claimedBy: 'op1', flags: ['claim-lapsed'] });
    await a.pass(30);
    expect((await a.sentLines()).map((l) => l.split(' ').slice(1).join(' '))).toContain('voice contact:keyholder voice-p1');
  });

  it('升级 under a claim calls the next rung in that second and leaves the claim; given back, the plan goes on behind it [E1 LAW6]', async () => {
    await press();
    await a.sent();
    await a.pass(8);
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'claim' });
    await a.pass(2);
    expect(await a.respond({ alertId: id, action: 'escalate' })).toMatchObject({ kind: 'ok', state: 'claimed' });
    expect(await a.sentLines()).toEqual(['10 voice responder:cw voice-p1']);
    expect(await a.respond({ alertId: id, action: 'escalate', actor: operator('op2', '李接警') })).toMatchObject({ kind: 'conflict', by: '陈接警' });
    await a.pass(60);
    expect(await a.sentLines()).toEqual([]);
    await a.respond({ alertId: id, action: 'release' });
    await a.pass(1);
    expect((await a.sentLines()).map((l) => l.split(' ').slice(1).join(' '))).toContain('voice contact:keyholder voice-p1');
    const steps = (await a.log()).filter((l) => l.action === 'plan-step').map((l) => l.detail);
    expect(steps.map((d) => [d['step'], Number(d['lateMs']) < 2_000])).toEqual([[0, true], [1, true], [2, true]]);
    expect((await a.log()).find((l) => l.action === 'escalated')).toMatchObject({ actor: 'user:op1', detail: { step: 1, steps: [1] } });
  });

  it('each recorded step renews the claim [LAW6]', async () => {
    await press();
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'claim' });
    await a.sent();
    for (let i = 0; i < 4; i++) {
      await a.pass(100, 10);
      expect(await a.respond({ alertId: id, action: 'step', note: '打老人电话' })).toMatchObject({ kind: 'ok', state: 'claimed' });
    }
    expect(await a.sentLines()).toEqual([]);
    await a.pass(121);
    expect((await a.alert()).state).toBe('open');
  });

  it('without a living wall the ladder carries the alarm itself: the shift leader is rung at once and told who and where [2.14 FF3]', async () => {
    await a.db.query(`update console set beat_at = anling_now()`); // the web role dies as the button is pressed
    await a.event('sos', { id: 'blind' });
    await a.settle();
    await a.startClock();
    await a.pass(19);
    const leaders = async () => (await a.sent()).filter((m) => ['responder:seat1', 'responder:seat2', 'responder:shift', 'responder:leader'].includes(m.party));
    expect(await leaders()).toEqual([]);
    await a.pass(2);
    const first = await leaders();
    expect(first.map((m) => `${m.channel} ${m.party} ${m.template}`)).toEqual(['voice responder:seat2 voice-desk', 'sms responder:shift sos', 'voice responder:shift voice-desk']);
    expect(first[1]).toMatchObject({ to: phone['shift'], slip: expect.any(Number), params: { kind: '一键呼', name: '陈', place: '屏山乡内洋村下厝角12号' } });
    await a.pass(100);
    expect((await leaders()).map((m) => `${m.channel} ${m.party} ${m.template}`)).toEqual(['voice responder:shift voice-desk', 'sms responder:leader sos', 'voice responder:leader voice-desk']);
    expect((await a.log()).filter((l) => l.action === 'desk-rung').map((l) => l.detail['blind'])).toEqual([true, true, true]);
    await a.reply(phone['leader']!, '1');
    expect((await a.alert()).state).toBe('committed');
  });

  it('a console lost for 30 s gives the alert back, and it rings again; one that beats keeps it [LAW6 FF3 D4]', async () => {
    await press();
    const { id } = await a.alert();
    await a.db.query(`insert into console (tab_id, user_id, beat_at) values ('tab1', 'op1', anling_now())`);
    await a.respond({ alertId: id, action: 'claim', tabId: 'tab1' });
    await a.pass(20);
    await a.db.query('update console set beat_at = anling_now()');
    await a.pass(28);
    expect((await a.alert()).state).toBe('claimed');
    await a.pass(2);
    expect(await a.alert()).toMatchObject({ state: 'open', planState: 'running' });
    expect((await a.log()).find((l) => l.action === 'claim-lapsed')?.detail).toMatchObject({ why: 'console-lost' });
    expect(await a.db.query(`select payload->>'ring' as ring from feed where payload->>'what' = 'claim-lapsed'`)).toEqual([{ ring: 'desk' }]);
  });

  it('a contact with the elder commits, 20 minutes without a close bring the search back [LAW6 FF1]', async () => {
    await press();
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'step', contact: 'elder' });
    await a.sent();
    expect(await a.alert()).toMatchObject({ state: 'committed', planState: 'ended', committedHow: 'contact-elder' });
    await a.pass(1199, 50);
    expect(await a.sentLines()).toEqual([]);
    await a.pass(2);
    expect(await a.alert()).toMatchObject({ state: 'open', planState: 'running' });
  });

  it('an arrival that nobody closes rings every 30 minutes [LAW6]', async () => {
    await press();
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'arrive', actor: party('responder:cw'), via: 'link' });
    await a.pass(2 * 3600 + 300, 60);
    expect((await a.log()).filter((l) => l.action === 'not-closed')).toHaveLength(4);
    expect(await a.alert()).toMatchObject({ state: 'arrived' });
  });

  it('closes only with an outcome, a P1 only with contact, arrival or a note; the family hears how it ended [C4 C5]', async () => {
    await press();
    const { id } = await a.alert();
    await a.sent();
    expect(await a.respond({ alertId: id, action: 'close' })).toMatchObject({ kind: 'invalid', fields: [{ field: 'outcome' }, { field: 'note' }] });
    expect(await a.respond({ alertId: id, action: 'close', outcome: 'F1' })).toMatchObject({ kind: 'invalid', fields: [{ field: 'note' }] });
    expect(await a.respond({ alertId: id, action: 'close', outcome: 'F1', actor: party('responder:cw') })).toMatchObject({ kind: 'invalid' });
    expect(await a.respond({ alertId: id, action: 'close', outcome: 'F1', note: '电话核实误按' })).toMatchObject({ kind: 'ok', state: 'closed' });
    const end = await a.sent();
    expect(end.map((m) => `${m.party} ${m.template}`).sort()).toEqual(['contact:family1 family-done', 'contact:keyholder taken', 'responder:cw taken']);
    expect(end.find((m) => m.template === 'family-done')?.params).toMatchObject({ result: '人平安', name: '陈' });
    await a.pass(600, 10);
    expect(await a.sentLines()).toEqual([]);
    expect(await a.respond({ alertId: id, action: 'claim' })).toMatchObject({ kind: 'conflict', by: '陈接警', state: 'closed' });
    expect((await a.db.query('select close_note_enc from alert'))[0]?.['close_note_enc']).toBeInstanceOf(Buffer);
  });
});

describe('answers', () => {
  it('1 commits: nothing more of the search, the others are told, the clock runs [E5 E6 FF2]', async () => {
    await press();
    await a.pass(31);
    await a.sent();
    expect(await a.reply(phone['cw'] as string, ' １ ')).toBe('accept');
    expect(await a.alert()).toMatchObject({ state: 'committed', planState: 'ended', committedHow: 'accept-sms' });
    const told = await a.sent();
    expect(told.map((m) => `${m.party} ${m.template}`)).toEqual(['contact:keyholder taken', 'contact:family1 family-taken']);
    expect(told[0]?.params).toMatchObject({ who: '郑cw' });
    await a.pass(1100, 50);
    expect(await a.sentLines()).toEqual([]);
  });

  it('收到 asks back once and the plan goes on; 0 passes to the next at once [FF2 E6]', async () => {
    await press();
    await a.sent();
    await a.pass(5);
    expect(await a.reply(phone['cw'] as string, '收到')).toBe('seen');
    expect(await a.reply(phone['cw'] as string, '好的')).toBe('seen');
    expect(await a.sentLines()).toEqual(['5 sms responder:cw seen']);
    await a.pass(10);
    expect(await a.reply(phone['cw'] as string, '不去')).toBe('decline');
    expect(await a.sentLines()).toEqual(['15 sms responder:cw passed', '15 voice contact:keyholder voice-p1', '15 sms responder:doctor sos', '15 voice responder:doctor voice-p1']);
    await a.pass(76);
    const later = await a.sentLines();
    expect(later.filter((l) => l.includes('responder:cw'))).toEqual([]);
    expect(later).toContain('90 voice responder:cadre voice-p1'); // the others keep their times
  });

  it('who promised and does not come is asked and the next is called: 20 minutes in the village, 45 from outside [LAW6 E8]', async () => {
    await press();
    await a.pass(121);
    await a.sent();
    expect(await a.reply(phone['other1'] as string, '我去')).toBe('accept');
    await a.sent();
    await a.pass(44 * 60, 60);
    expect(await a.sentLines()).toEqual([]);
    await a.pass(90, 30);
    const lines = await a.sentLines();
    expect(lines.map((l) => l.replace(/^\d+ /, ''))).toEqual(expect.arrayContaining(['sms responder:other1 late', 'voice responder:leader voice-escalate']));
    expect((await a.alert()).flags).toContain('no-arrival');
    expect(await a.reply(phone['cw'] as string, '去')).toBe('accept');
    await a.sent();
    await a.pass(19 * 60, 60);
    expect((await a.alert()).state).toBe('committed');
    await a.pass(90, 30);
    expect((await a.alert()).state).toBe('open');
  });

  it('2 arrives, 9 calls others, 3 is shown but does not close [E6 FF2 LAW6]', async () => {
    await press();
    await a.sent();
    await a.reply(phone['cw'] as string, '1');
    expect(await a.reply(phone['cw'] as string, '2')).toBe('arrive');
    expect((await a.alert()).state).toBe('arrived');
    await a.sent();
    expect(await a.reply(phone['cw'] as string, '9')).toBe('need-help');
    expect(await a.alert()).toMatchObject({ state: 'open', planState: 'running' });
    expect((await a.sentLines()).map((l) => l.replace(/^\d+ /, ''))).toContain('voice contact:keyholder voice-p1');
    expect(await a.reply(phone['keyholder'] as string, '来了')).toBe('accept');
    expect(await a.reply(phone['keyholder'] as string, '3')).toBe('done');
    expect(await a.alert()).toMatchObject({ state: 'arrived', closedAt: null });
  });

  it('a second yes is told who goes already [E6]', async () => {
    await press();
    await a.sent();
    await a.reply(phone['cw'] as string, '1');
    await a.sent();
    await a.reply(phone['keyholder'] as string, '1');
    const reply = await a.sent();
    expect(reply.map((m) => `${m.party} ${m.template}`)).toEqual(['contact:keyholder taken']);
    expect(reply[0]?.params['who']).toBe('孝老员郑');
  });

  it('with two open slips asks which; the slip decides [E6]', async () => {
    await a.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'h2', region_code, address_enc, $1 from home where id = 'h1'`, [a.seal.seal('home.place', '屏山乡内洋村水尾3号')]);
    await press();
    await a.event('sos', { deviceId: 'd9', homeId: 'h2', personId: null });
    await a.settle();
    const slips = (await a.sent()).filter((m) => m.party === 'responder:cw');
    expect(slips).toHaveLength(2);
    expect(await a.reply(phone['cw'] as string, '1')).toBe('which-asked');
    const asked = (await a.sent()).find((m) => m.template === 'which');
    expect(asked?.params).toMatchObject({ n: '2' });
    expect(asked?.params['list']).toContain(`${slips[1]?.slip}水尾3号`);
    expect(await a.reply(phone['cw'] as string, `1${slips[1]?.slip}`)).toBe('accept');
    expect((await a.alerts()).map((x) => x.state)).toEqual(['open', 'committed']);
    // A slip that is none of his is no answer, and he is told so; the question names the digit that he sent.
    const none = [10, 11, 12].find((no) => slips.every((m) => m.slip !== no));
    await a.sent();
    expect(await a.reply(phone['cw'] as string, `0${none}`)).toBe('which-asked');
    const again = (await a.sent()).find((m) => m.template === 'which');
    expect(again?.params).toMatchObject({ n: '2', key: '0' });
    expect((await a.alerts()).map((x) => x.state)).toEqual(['open', 'committed']);
  });

  it('8 is absent until midnight and passed on; a duty number that opts out is flagged and called instead, a contact is called no more; strangers are shown, not answered [FF20 FF21 E12]', async () => {
    await press();
    await a.sent();
    expect(await a.reply(phone['cw'] as string, '8')).toBe('off-today');
    expect((await a.sentLines()).map((l) => l.replace(/^\d+ /, ''))).toContain('sms responder:cw passed');
    expect(await a.reply(phone['keyholder'] as string, 'TD')).toBe('opted-out');
    expect(await a.reply(phone['doctor'] as string, 'T')).toBe('opted-out');
    expect(await a.reply('15404259999', '去')).toBe('stranger-reply');
    expect((await a.alert()).state).toBe('open');
    await a.event('sos', { deviceId: 'd9', homeId: 'h1', personId: null });
    await a.settle();
    const { id } = await a.alert(); // the doctor's number is an alert of its own
    const second = (await a.sent()).filter((m) => m.alertId === id);
    expect(second.map((m) => `${m.channel} ${m.party} ${m.template}`)).toEqual(['sms contact:family1 family']);
    await a.pass(120, 10);
    const later = (await a.sent()).filter((m) => m.alertId === id).map((m) => `${m.channel} ${m.party}`);
    expect([later.filter((l) => l.includes('keyholder')), later.filter((l) => l.includes('doctor'))]).toEqual([[], ['voice responder:doctor']]);
    const log = await a.log();
    expect(log.filter((l) => l.action === 'stranger-reply')).toHaveLength(1);
    expect(JSON.stringify(log)).not.toContain('15404259999');
    expect(a.logs.join('')).toContain('opted out');
  });

  it('8 is told until when, once; 7 brings him back at once, and he is called again [E9 FF9]', async () => {
    await press();
    await a.sent();
    expect(await a.reply(phone['cw'] as string, '8')).toBe('off-today');
    expect(await a.reply(phone['cw'] as string, '外出')).toBe('off-today');
    const away = (await a.db.query<{ template: string; alert_id: string | null }>(`select template, alert_id from outbox where party = 'responder:cw' and template in ('away', 'back')`));
    expect(away).toEqual([{ template: 'away', alert_id: null }]);
    expect(await a.reply(phone['cw'] as string, '7')).toBe('back');
    expect(await a.reply(phone['cw'] as string, '销假')).toBe('back');
    expect((await a.db.query(`select template from outbox where party = 'responder:cw' and template = 'back'`))).toHaveLength(1);
    expect((await a.db.query(`select absent_until from responder where id = 'cw'`))[0]).toEqual({ absent_until: null });
    await a.event('sos', { deviceId: 'd9', homeId: 'h1', personId: null });
    await a.settle();
    expect((await a.sent()).filter((m) => m.alertId === '2').map((m) => m.party)).toContain('responder:cw');
  });

  it('what no case can show stands in a list; an opt-out of a duty number is an alert of its own; a stranger is bound by one click and read again [FF20 FF21 E11]', async () => {
    expect(await a.reply(phone['cw'] as string, 'TD')).toBe('opted-out');
    expect(await a.reply('15404259999', '去')).toBe('stranger-reply');
    await a.settle();
    const loose = await looseReplies(a.db, a.seal, 10);
    expect(loose.map((r) => [r.result, r.party, r.text])).toEqual([['stranger-reply', null, '去'], ['opted-out', 'responder:cw', 'TD']]);
    expect(await a.db.query(`select kind, priority, subject_type, subject_id, summary from alert`)).toMatchObject([{ kind: 'audit', priority: 2, subject_type: 'number', subject_id: 'responder:cw', summary: { reason: 'opted-out' } }]);
    expect(await finishLoose(a.db, loose[1]?.id ?? '', 'user:op')).toBe(true);
    await press();
    await a.sent();
    expect(await bindReply(a.db, loose[0]?.id ?? '', 'contact:keyholder' as Party, 'user:op')).toBe(true);
    await a.settle();
    const sos = await a.db.query<{ id: string; state: string }>(`select id, state from alert where kind = 'sos'`);
    expect(sos).toMatchObject([{ state: 'committed' }]); // her husband's telephone said 去 for her
    expect(await a.reply('15404259999', '2')).toBe('arrive');
    expect(await bindReply(a.db, loose[0]?.id ?? '', 'contact:keyholder' as Party, 'user:op')).toBe(false);
    expect(await looseReplies(a.db, a.seal, 10)).toEqual([]);
  });

  it('keys: 1 accepts for the call it was pressed in, silence and other keys do not [E6 FF7]', async () => {
    await press();
    await a.pass(31);
    const calls = (await a.sent()).filter((m) => m.channel === 'voice');
    const desk = calls.find((m) => m.template === 'voice-desk');
    const call = calls.find((m) => m.party === 'responder:cw');
    expect(await a.reply(phone['seat2'] as string, '1', { channel: 'dtmf', outId: desk?.outId ?? '' })).toBe('desk-answered');
    expect(await a.reply(phone['cw'] as string, '3', { channel: 'dtmf', outId: call?.outId ?? '' })).toBe('key-unread');
    expect((await a.alert()).state).toBe('open');
    expect(await a.reply(phone['cw'] as string, '1', { channel: 'dtmf', outId: call?.outId ?? '' })).toBe('accept');
    expect((await a.alert()).state).toBe('committed');
  });
});

describe('a new press on a taken alert', () => {
  it('rings again, reaches who is going, and after 60 s without a step restarts the plan [LAW6 C1]', async () => {
    await press();
    await a.sent();
    await a.reply(phone['cw'] as string, '1');
    await a.sent();
    await a.pass(30);
    await a.event('sos');
    await a.settle();
    expect(await a.sentLines()).toEqual(['30 sms responder:cw sos']);
    for (let i = 0; i < 5; i++) { await a.event('sos'); await a.pass(5); } // a burst neither postpones nor texts again
    expect(await a.sentLines()).toEqual([]);
    await a.pass(36);
    expect(await a.alert()).toMatchObject({ state: 'open', planState: 'running', planRound: 1, count: 7 });
    const rung = await a.db.query(`select 1 from feed where payload->>'what' = 'raised-again' and payload->>'ring' = 'p1'`);
    expect(rung.length).toBeGreaterThanOrEqual(6);
  });

  it('a step within the 60 s keeps it taken [LAW6]', async () => {
    await press();
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'claim' });
    await a.event('sos');
    await a.pass(30);
    await a.respond({ alertId: id, action: 'step' });
    await a.pass(60);
    expect((await a.alert()).state).toBe('claimed');
  });
});

describe('failures', () => {
  it('a failed SMS becomes a call to the same person, a failed call the next person, at once [I5 E4]', async () => {
    await press();
    const [first] = await a.sent();
    await a.db.query(`update outbox set state = 'failed', error_code = 'isv.BUSINESS_LIMIT_CONTROL' where id = $1`, [first?.id]);
    await a.pass(1);
    expect(await a.sentLines()).toEqual(['1 voice responder:cw voice-p1']);
    await a.db.query(`update outbox set state = 'failed' where channel = 'voice'`);
    await a.pass(1);
    expect(await a.sentLines()).toContain('2 voice responder:cw voice-p1');
    expect((await a.log()).filter((l) => l.action === 'send-failed')).toHaveLength(2);
    expect(await a.db.query('select 1 from outbox where state = $1 and handled_at is null', ['failed'])).toEqual([]);
  });

  it('after the commit a failure is only noted [E5 I5]', async () => {
    await press();
    const [first] = await a.sent();
    await a.respond({ alertId: (await a.alert()).id, action: 'accept', actor: party('contact:keyholder'), via: 'sms' });
    await a.sent();
    await a.db.query(`update outbox set state = 'unknown' where id = $1`, [first?.id]);
    await a.pass(60, 10);
    expect(await a.sentLines()).toEqual([]);
    expect((await a.log()).at(-1)?.detail).toMatchObject({ next: 'nothing-left-to-do' });
  });
});

describe('calmer kinds', () => {
  it('P2 goes to the desk first, then calmly to the village; technical kinds have no plan [C2]', async () => {
    await press('motionless');
    expect(await a.sentLines()).toEqual([]);
    await a.pass(300, 5);
    expect(sorted(await a.sentLines())).toEqual(sorted(['60 voice responder:seat2 voice-desk', '120 sms responder:cw concern', '120 sms contact:family1 family', '300 voice responder:cw voice-p1', '300 voice responder:shift voice-desk']));
    await a.event('tamper');
    await a.settle();
    expect((await a.alert()).plan).toBeNull();
    expect(await a.sentLines()).toEqual([]);
  });

  it('the operator may dispatch; only the acceptance commits [LAW6 E8]', async () => {
    await press();
    await a.sent();
    const { id } = await a.alert();
    expect(await a.respond({ alertId: id, action: 'dispatch' })).toMatchObject({ kind: 'invalid', fields: [{ field: 'party' }] });
    expect(await a.respond({ alertId: id, action: 'dispatch', party: 'responder:doctor' as never, actor: operator() })).toMatchObject({ kind: 'ok', state: 'claimed' });
    expect(await a.sentLines()).toEqual(['0 sms responder:doctor sos', '0 voice responder:doctor voice-p1']);
    await a.reply(phone['doctor'] as string, '1');
    expect((await a.alert()).state).toBe('committed');
  });
});
