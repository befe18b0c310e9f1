/** What people write to a roll-call, and that it can never be taken for the answer to an alarm, nor the other way round. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listEntry, listPieces, parseRoll, parseSheet, rollTotal } from './rollcall.ts';
import { parseReply } from './reply.ts';

const said = (text: string): string => { const a = parseRoll(text); return a === null ? 'none' : `${a.mark} ${a.numbers === 'rest' ? 'rest' : a.numbers.join(' ')}`; };

describe('answers to a roll-call', () => {
  const table: [string, string[]][] = [
    ['safe 3', ['平安 3', '平安3', '平安３', '平安：3', '平安3。', '3平安', '3号平安', '3号 平安!', '安全3', '平安三', '第3号平安', '3号平安了', '清点 平安3']],
    ['safe 12', ['平安12', '平安十二', '12号平安']], ['safe 1 2 5', ['平安 1 2 5', '平安1、2、5', '平安 1，2，5', '1、2、5平安', '平安1和2和5']], ['safe 1 2 3 4', ['平安 1-4', '平安1到4', '1-4平安', '1至4都平安']],
    ['safe rest', ['平安 全', '平安全', '全部平安', '都平安', '平安 都', '全村平安', '全部安全', '大家都平安', '全都平安了', '平安全部。', '所有人都平安']],
    ['help 3', ['求助 3', '求助3', '3求助', '需要帮助3', '3号要帮助']], ['help 3 4', ['求助3、4']],
    ['unreached 3', ['未 3', '未3', '未联系上 3', '3号没见到', '联系不上3', '3未联系上']],
    ['none', ['', '3', '13', '127', '平安', '求助', '未', '求助 全', '未全', '不平安3', '平安0', '平安1234', '平安3吗', '平安 9-3', '一路平安', '未到', '未到27', '安全', '平安3次4x', '我去', '到了', '3办好了', '收到平安']],
  ];
  for (const [meaning, texts] of table) for (const text of texts) it(`${JSON.stringify(text)} is ${meaning} [2.2]`, () => expect(said(text)).toBe(meaning));
});

describe('a roll-call and an alarm', () => {
  const word = fc.constantFrom('平安', '安全', '求助', '未', '未联系上', '联系不上', '没见到', '都平安');
  const number = fc.integer({ min: 1, max: 999 }).map(String);
  const blank = fc.stringMatching(/^[ 　:：,，、]{0,3}$/);
  it('whatever number follows the word of a roll-call, it never answers an alarm; whatever digits stand alone, they never answer a roll-call [2.2 E6]', () => {
    fc.assert(fc.property(word, blank, fc.array(number, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.boolean(), (w, b, list, wide, first) => {
      const digits = list.join(' ').replace(/\d/g, (d) => (wide ? String.fromCharCode(d.charCodeAt(0) + 0xfee0) : d));
      const text = first ? `${digits}${b}${w}` : `${w}${b}${digits}`;
      expect(parseRoll(text)?.numbers, text).toEqual([...new Set(list.map(Number))]);
      expect(parseReply(text).meaning, text).toBe('roll-call');
    }), { numRuns: 1_000 });
    fc.assert(fc.property(fc.stringMatching(/^[0-9０-９ .,。，!:、-]{0,12}$/), (text) => { expect(parseRoll(text)).toBeNull(); expect(parseReply(text).meaning).not.toBe('roll-call'); }), { numRuns: 1_000 });
  });

  it('no word of an answer to an alarm, with or without its slip, is one to a roll-call [2.2 E6 FF2]', () => {
    const words = ['去', '我去', '不去', '去不了', '收到', '好', '到了', '办好了', '没事了', '要支援', '要帮忙', '来人', '在路上', '外出', '我回来了', '五', '零', '一', '退订', 'TD', '救命'];
    fc.assert(fc.property(fc.constantFrom(...words), fc.integer({ min: 10, max: 99 }), fc.integer({ min: 0, max: 2 }), (w, slip, how) => {
      const text = how === 0 ? w : how === 1 ? `${w}${slip}` : `${slip}${w}`;
      expect(parseReply(text).meaning, text).not.toBe('roll-call');
    }));
  });

  it('nothing that anybody may send makes it throw, or speak for more people than a list has', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => { const a = parseRoll(text); if (a && a.numbers !== 'rest') expect(a.numbers.length).toBeLessThanOrEqual(300); }), { numRuns: 2_000 });
    expect(parseRoll('平安1-900')).toBeNull();
  });
});

describe('a returned paper', () => {
  const sheet = (text: string): unknown => { const s = parseSheet(text); return 'at' in s ? s : [Object.fromEntries(s.marks), s.rest]; };
  it('is one line of keys: numbers, ! for help, ? for not reached, * for the rest [2.2]', () => {
    expect(sheet('1-3 5 !6 ?7')).toEqual([{ 1: 'safe', 2: 'safe', 3: 'safe', 5: 'safe', 6: 'help', 7: 'unreached' }, false]);
    expect(sheet('!2，？4 ＊')).toEqual([{ 2: 'help', 4: 'unreached' }, true]);
    expect(sheet('!2-3')).toEqual([{ 2: 'help', 3: 'help' }, false]);
    expect(sheet('')).toEqual([{}, false]);
    expect(sheet('1 x3')).toEqual({ at: 'x3' });
    expect(sheet('1-3 !2')).toEqual({ at: '!2' });
  });
});

describe('a list in texts', () => {
  it('carries number, surname and the end of the place, as many as fit into one variable [2.2]', () => {
    expect(listEntry(3, '欧阳建国', '屏山乡内洋村下厝角12号')).toBe('3欧阳下厝角12号');
    expect(listEntry(4, '陈水', '内洋村')).toBe('4陈内洋村');
    const entries = Array.from({ length: 13 }, (_, i) => listEntry(i + 1, '陈金水', `谢洋乡草垄崎村祠堂边${100 + i}号`));
    const pieces = listPieces(entries, 35);
    expect(pieces.join('、').split('、')).toEqual(entries);
    for (const piece of pieces) expect([...piece].length).toBeLessThanOrEqual(35);
    expect(pieces.length).toBe(5);
  });
});

describe('the figures', () => {
  it('say 100 only when nobody is left, and how long it took to the last word [2.2]', () => {
    const v = { people: 200, safe: 197, help: 1, unreached: 1, unchecked: 1, firstAt: 60_000, lastAt: 600_001 };
    expect(rollTotal([v], 0)).toMatchObject({ checked: 199, percent: 99, minutes: 11, complete: false });
    expect(rollTotal([{ ...v, safe: 198, unchecked: 0 }, { people: 1, safe: 1, help: 0, unreached: 0, unchecked: 0, firstAt: 1, lastAt: 2 }], 0)).toMatchObject({ people: 201, percent: 100, complete: true });
    expect(rollTotal([], 0)).toMatchObject({ people: 0, percent: 0, minutes: null, complete: false });
  });
});
