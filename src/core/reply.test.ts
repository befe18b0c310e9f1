import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, digitOf, parseKey, parseReply, type Pending, targetOf } from './reply.ts';

const action = (text: string): string => { const a = parseReply(text); return a.meaning === 'act' ? `${a.action}${a.slip === null ? '' : ` ${a.slip}`}` : a.meaning; };

describe('what people answer [E6 FF2 FF21]', () => {
  const table: [string, string[]][] = [
    ['accept', ['1', '１', ' 1 ', '1。', '一', '去', '我去', '马上去', '来了', '我 去！', '好的，我去', '收到，马上去', '回复1', '回1']],
    ['seen', ['收到', '好', '好的', '嗯', '知道了', '收到。', '好的！', 'OK', '👌']],
    ['decline', ['0', '０', '零', '不去', '去不了', '不行', '在外地', '不去。', '我去不了']],
    ['arrive', ['2', '２', '到了', '我到了']], ['done', ['3', '办好了', '好了']], ['need-help', ['9', '要支援', '支援！']],
    ['depart', ['在路上', '出发了', '已出发', '我在路上了。']], ['depart 27', ['27出发了']], ['back', ['7', '７', '回7', '销假', '我回来了']],
    ['off-today', ['8', '外出', '请假']], ['ring-test', ['5', '五', '527']], ['opted-out', ['T', 'TD', 'N', 'td', 'ｎ', '退订']],
    ['accept 27', ['127', '１２７', '1 27', '1-27', '去27', '27我去', '单号27 去', '27号去']], ['decline 27', ['027', '0 27', '27不去']], ['arrive 10', ['210']], ['done 99', ['399']],
    ['unknown', ['', '你好', '1234', '12', '107', '81', '1x', '陈金水在家吗', '10086', 'T27', '不是我去', '明天去', '谁去']],
  ];
  for (const [meaning, texts] of table) for (const text of texts) it(`${JSON.stringify(text)} is ${meaning}`, () => expect(action(text)).toBe(meaning));

  it('never throws, and only a clear yes accepts: no text without 1, 一 or a word of going does [E6]', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const a = parseReply(text);
      if (a.meaning === 'act' && a.action === 'accept') expect(/[1１一去来幺壹路发到①-⑳㈠㊀¹₁]/u.test(text.normalize('NFKC'))).toBe(true);
    }), { numRuns: 2_000 });
    fc.assert(fc.property(fc.constantFrom('收到', '好', '好的', '嗯', '知道了', '不去', '去不了', 'T', 'TD', 'N'), fc.stringMatching(/^[ ,.!。，！~…\t]{0,5}$/), (word, noise) => {
      expect(action(noise + word + noise)).not.toMatch(/^accept/);
    }));
  });

  it('blanks, full width and punctuation change nothing', () => {
    fc.assert(fc.property(fc.constantFrom('1', '0', '2', '3', '9', '127', '去', '不去', '收到', '到了'), fc.stringMatching(/^[ 　.,。，!！?？~:：、-]{0,6}$/), fc.boolean(), (word, noise, wide) => {
      const text = wide ? word.replace(/\d/g, (d) => String.fromCharCode(d.charCodeAt(0) + 0xfee0)) : word;
      expect(parseReply(noise + text + noise)).toEqual(parseReply(word));
    }));
  });

  it('keys: 1 yes, 0 no, nothing else [FF7]', () => {
    expect(parseKey('1')).toMatchObject({ action: 'accept' });
    expect(parseKey('0')).toMatchObject({ action: 'decline' });
    for (const k of ['', '3', '#', '11', '10', '*', '2']) expect(parseKey(k)).toEqual({ meaning: 'unknown' });
  });
});

describe('which alert is meant [E6]', () => {
  const p = (alertId: string, slip: number | null, state: Pending['state'], at: number, open = true): Pending => ({ alertId, slip, state, at, open });
  const yes = parseReply('1') as Extract<Answer, { meaning: 'act' }>;
  const slip = parseReply('127') as Extract<Answer, { meaning: 'act' }>;
  const there = parseReply('2') as Extract<Answer, { meaning: 'act' }>;
  it('the only one that waits', () => expect(targetOf(yes, [p('a', 27, 'notified', 1), p('b', 28, 'declined', 2)])).toEqual({ kind: 'one', alertId: 'a' }));
  it('asks back when several wait', () => expect(targetOf(yes, [p('a', 27, 'notified', 1), p('b', 28, 'seen', 2)])).toEqual({ kind: 'which', slips: [28, 27] }));
  it('the slip decides, an open one before a closed one', () => expect(targetOf(slip, [p('c', 27, 'notified', 9, false), p('a', 27, 'notified', 1), p('b', 28, 'notified', 2)])).toEqual({ kind: 'one', alertId: 'a' }));
  it('a mistyped slip is asked back while something waits, else it is nobody', () => {
    expect(targetOf(slip, [p('b', 28, 'notified', 2)])).toEqual({ kind: 'which', slips: [28] });
    expect(targetOf(slip, [p('b', 28, 'declined', 2), p('c', 29, 'notified', 3, false)])).toEqual({ kind: 'none' });
  });
  it('the question names the digit that was sent', () => expect(['accept', 'decline', 'arrive', 'done', 'need-help'].map((a) => digitOf(a as 'accept'))).toEqual(['1', '0', '2', '3', '9']));
  it('arrived means the one he goes to', () => expect(targetOf(there, [p('a', 27, 'accepted', 1), p('b', 28, 'notified', 2)])).toEqual({ kind: 'one', alertId: 'a' }));
  it('nothing waits: the last one', () => expect(targetOf(yes, [p('a', 27, 'notified', 1, false), p('b', 28, 'declined', 2, false)])).toEqual({ kind: 'one', alertId: 'b' }));
  it('nothing at all', () => expect(targetOf(yes, [])).toEqual({ kind: 'none' }));
});
