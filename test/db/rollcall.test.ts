/** 平安清点 on rows: lists by risk given to those who keep them, answers by text, who needs help an alarm, 2,000 people of 274 villages in seconds. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRollCall, findRollLink, rollKeepers, rollList, rollVillages } from '#store/rollcall-reads.ts';
import { endRollCall, giveLists, insertRollCall, markPeople } from '#store/rollcall.ts';
import { type Alarm, phone, testAlarm, village } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(() => a.close());

async function person(id: string, name: string, place: string, set: Record<string, unknown> = {}, region = village): Promise<void> {
  await a.db.query(`insert into home (id, region_code, address_enc, place_enc) values ($1, $2, $3, $4)`, [`h-${id}`, region, a.seal.seal('home.address', place), a.seal.seal('home.place', place)]);
  await a.db.query(`insert into person (id, home_id, name_enc, name_bidx, high_risk, ability, living, birth_year) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, `h-${id}`, a.seal.seal('person.name', name), a.seal.blind('name', name), set['highRisk'] ?? false, set['ability'] ?? null, set['living'] ?? null, set['birthYear'] ?? null]);
}
async function begin(): Promise<string> {
  return a.db.tx(async (sql) => {
    const id = await insertRollCall(sql, { name: '断电清点', scope: { kind: 'region', regions: ['350425201000'] }, regionCode: '350425201000', by: 'user:op1', demo: false });
    await giveLists(sql, id);
    return id;
  });
}
const states = async (id: string): Promise<string[]> => (await rollList(a.db, a.seal, id, [village])).map((p) => `${p.no} ${p.name} ${p.status}${p.via === null ? '' : ` ${p.via} ${p.markedBy}`}`);
const loose = async (): Promise<string[]> => (await a.db.query<{ result: string; alert: string | null }>('select result, alert_id as alert from reply order by id')).map((r) => `${r.result}${r.alert === null ? '' : ' on a case'}`);

describe('the lists of a roll-call', () => {
  it('are numbered by risk, village by village, whoever cries unanswered first; people who are not there are on none [2.2]', async () => {
    await person('old', '林秀英', '下厝角1号', { birthYear: 1930 });
    await person('young', '郑清源', '下厝角2号', { birthYear: 1955 });
    await person('alone', '吴玉兰', '下厝角3号', { living: 'alone' });
    await person('risk', '欧阳建国', '下厝角4号', { highRisk: true });
    await person('bed', '周凤珠', '下厝角5号', { highRisk: true, ability: 'complete' });
    await person('gone', '罗德发', '下厝角6号', { highRisk: true });
    await person('there', '苏月娥', '上洋村1号', {}, '350425201002');
    await a.db.query(`update person set status = 'moved' where id = 'gone'`);
    await a.event('sos');
    await a.settle();
    await a.db.query(`update alert set flags = flags || '{nobody-answered}'`);
    const id = await begin();
    expect((await rollList(a.db, a.seal, id, null)).map((p) => `${p.regionCode.slice(9)} ${p.no} ${p.name} ${p.place}`)).toEqual([
      '001 1 陈金水 屏山乡内洋村下厝角12号', '001 2 周凤珠 下厝角5号', '001 3 欧阳建国 下厝角4号', '001 4 吴玉兰 下厝角3号', '001 5 林秀英 下厝角1号', '001 6 郑清源 下厝角2号', '002 1 苏月娥 上洋村1号',
    ]);
    expect((await rollKeepers(a.db, a.seal, id)).map((k) => `${k.party} ${k.regions.map((r) => r.slice(9)).join(' ')}`)).toEqual(['responder:cadre 001', 'responder:cw 001', 'responder:doctor 001', 'responder:grid 001', 'responder:other1 002']);
  });

  it('of a village where nobody gets texts go to the town, if it does; else nobody has it, and that is seen [2.2]', async () => {
    await person('there', '苏月娥', '上洋村1号', {}, '350425201002');
    await a.db.query(`update responder set opted_out_at = anling_now() where id = 'other1'`);
    expect((await rollKeepers(a.db, a.seal, await begin())).filter((k) => k.regions.includes('350425201002'))).toEqual([]); // the town has a landline only
    await a.db.query('delete from roll_call');
    await a.db.query(`update responder set landline = false where id = 'duty'`);
    expect((await rollKeepers(a.db, a.seal, await begin())).filter((k) => k.party === 'responder:duty').map((k) => k.regions)).toEqual([['350425201002']]);
  });

  it('of 2,000 people in 274 villages are ready long before two minutes are over [2.2]', { timeout: 180_000 }, async () => {
    await a.db.query(`insert into region (code, level, name, parent_code) select '3504252' || lpad((10 + t)::text, 2, '0') || '000', 'town', '乡' || t, '350425000000' from generate_series(1, 18) t`);
    await a.db.query(`insert into region (code, level, name, parent_code) select '3504252' || lpad((11 + v % 18)::text, 2, '0') || lpad((v + 1)::text, 3, '0'), 'village', '村' || v, '3504252' || lpad((11 + v % 18)::text, 2, '0') || '000' from generate_series(0, 273) v`);
    const villages = `array(select code from region where level = 'village' and name like '村%' order by code)`;
    await a.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'b' || i, (${villages})[1 + i % 274], $1, $2 from generate_series(1, 2000) i`, [a.seal.seal('home.address', '下厝角1号'), a.seal.seal('home.place', '下厝角1号')]);
    await a.db.query(`insert into person (id, home_id, name_enc, name_bidx, high_risk, birth_year) select 'b' || i, 'b' || i, $1, '\\x00', i % 3 = 0, 1930 + i % 30 from generate_series(1, 2000) i`, [a.seal.seal('person.name', '陈金水')]);
    await a.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) select 'b' || row_number() over (), 'care-worker', code, $1, $2, decode(md5(code), 'hex') from unnest(${villages}) code`, [a.seal.seal('responder.name', '王玉兰'), a.seal.seal('responder.phone', '15404250099')]);
    const began = performance.now();
    const id = await a.db.tx(async (sql) => {
      const made = await insertRollCall(sql, { name: '全县', scope: { kind: 'region', regions: ['350425000000'] }, regionCode: '350425000000', by: 'user:op1', demo: false });
      expect(new Set((await giveLists(sql, made)).flatMap((p) => p.regions)).size).toBe(275);
      return made;
    });
    const list = await rollList(a.db, a.seal, id, null);
    const seconds = (performance.now() - began) / 1000;
    expect([list.length, new Set(list.map((p) => p.regionCode)).size]).toEqual([2001, 275]);
    for (const [region, mine] of Map.groupBy(list, (p) => p.regionCode)) expect([region, mine.map((p) => p.no)]).toEqual([region, mine.map((_, i) => i + 1)]);
    expect(seconds, 'seconds').toBeLessThan(120);
  });
});

describe('an answer by text', () => {
  let id: string;
  beforeEach(async () => {
    for (const [i, name] of ['林秀英', '郑清源', '吴玉兰'].entries()) await person(`p${i + 2}`, name, `下厝角${i + 2}号`);
    id = await begin();
  });

  it('names people by the numbers of the list; all the rest at once; the last word counts, every word is kept [2.2]', async () => {
    expect(await a.reply(phone['cw'] as string, '平安 3')).toBe('roll-call');
    expect(await a.reply(phone['grid'] as string, '未2')).toBe('roll-call');
    expect(await states(id)).toEqual(['1 陈金水 unchecked', '2 林秀英 unreached sms 郑grid', '3 郑清源 safe sms 郑cw', '4 吴玉兰 unchecked']);
    expect(await a.reply(phone['cw'] as string, '全部平安')).toBe('roll-call');
    expect(await states(id)).toEqual(['1 陈金水 safe sms 郑cw', '2 林秀英 safe sms 郑cw', '3 郑清源 safe sms 郑cw', '4 吴玉兰 safe sms 郑cw']);
    expect((await a.db.query<{ s: string }>('select no || status as s from roll_call_mark order by id')).map((r) => r.s)).toEqual(['3safe', '2unreached', '1safe', '2safe', '4safe']);
    expect((await rollVillages(a.db, id, ''))[0]).toMatchObject({ people: 4, safe: 4, unchecked: 0 });
    expect(await a.alerts()).toEqual([]);
  });

  it('that somebody needs help is an alarm at once, his plan runs, and nothing but a human ends it; all the rest safe leaves him out [2.2 LAW5 LAW6]', async () => {
    expect(await a.reply(phone['cw'] as string, '求助 4')).toBe('roll-call');
    await a.settle();
    const alert = await a.alert();
    expect([alert.kind, alert.priority, alert.state, alert.personId]).toEqual(['phone-in', 1, 'open', 'p4']);
    expect((await a.sent()).map((m) => m.template)).toContain('phone-in');
    await a.reply(phone['cw'] as string, '求助4');
    await a.reply(phone['cw'] as string, '平安 全');
    expect((await states(id)).at(-1)).toBe('4 吴玉兰 help sms 郑cw');
    expect((await a.alerts()).map((x) => [x.personId, x.count])).toEqual([['p4', 1]]);
    await a.reply(phone['cw'] as string, '平安4');
    expect((await a.alert()).state).toBe('open');
  });

  it('without a number is an alarm of the village, because nobody knows yet who it is [2.2 LAW5]', async () => {
    expect(await a.reply(phone['cw'] as string, '求助')).toBe('roll-call');
    await a.settle();
    expect([(await a.alert()).kind, (await a.alert()).regionCode]).toEqual(['phone-in', village]);
  });

  it('with a number that is on no list is asked back; of strangers, of who keeps no list, of a roll-call that is over it stands in the list of loose answers [2.2 FF20]', async () => {
    await a.sent();
    expect(await a.reply(phone['cw'] as string, '平安 2 9')).toBe('reply-unread');
    expect((await states(id))[1]).toBe('2 林秀英 safe sms 郑cw');
    expect((await a.sent()).map((m) => [m.party, m.template, m.params['list']])).toEqual([['responder:cw', 'roll-which', '9']]);
    expect(await a.reply('15404250555', '平安3')).toBe('stranger-reply');
    expect(await a.reply(phone['leader'] as string, '平安3')).toBe('reply-unread');
    await endRollCall(a.db, id, 'user:op1');
    expect(await a.reply(phone['cw'] as string, '平安3')).toBe('reply-unread');
    expect(await loose()).toEqual(['reply-unread', 'stranger-reply', 'reply-unread', 'reply-unread']);
    expect(await states(id)).toEqual(['1 陈金水 unchecked', '2 林秀英 safe sms 郑cw', '3 郑清源 unchecked', '4 吴玉兰 unchecked']);
  });

  it('never touches an alarm, and the answer to an alarm never touches the roll-call [2.2 E6]', async () => {
    await a.event('sos');
    await a.settle();
    await a.sent();
    expect(await a.reply(phone['cw'] as string, '平安1')).toBe('roll-call');
    expect((await a.alert()).state).toBe('open');
    expect(await a.reply(phone['cw'] as string, '1')).toBe('accept');
    expect(await a.reply(phone['cw'] as string, '3')).toBe('done');
    expect(await states(id)).toEqual(['1 陈金水 safe sms 郑cw', '2 林秀英 unchecked', '3 郑清源 unchecked', '4 吴玉兰 unchecked']);
  });

  it('is taken for three days, then a forgotten roll-call has ended by itself, and so has its code [2.2 LAW7]', async () => {
    const [row] = await a.db.query<{ code: string }>(`select code from roll_call_party where party = 'responder:cw'`);
    const code = row?.code ?? '';
    expect(await findRollLink(a.db, a.seal, code)).toMatchObject({ state: 'open', gone: false, regions: [village], partyName: '郑cw' });
    await a.advance(73 * 3_600_000);
    expect(await findRollCall(a.db, '', id)).toMatchObject({ state: 'expired' });
    expect(await findRollLink(a.db, a.seal, code)).toMatchObject({ state: 'over', gone: false });
    expect(await markPeople(a.db, a.seal, { id, regionCode: village, marks: new Map([[1, 'safe']]), rest: false, by: 'user:op1', via: 'desk', who: '陈接警', trace: 't' })).toMatchObject({ over: true, changed: 0 });
    await a.advance(3 * 3_600_000);
    expect(await findRollLink(a.db, a.seal, code)).toMatchObject({ gone: true });
  });
});
