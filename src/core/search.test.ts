/** What files are found by: initials of awkward names, marks of a row, and what was typed. */
import { describe, expect, it } from 'vitest';
import { initialsOf, marksOf, wantedMarks } from './search.ts';

describe('search', () => {
  it('reads names by the language’s own order, surnames by their own reading', () => {
    const names = { 陈金水: 'CJS', 欧阳凤珠: 'OYFZ', 曾阿妹: 'ZAM', 单文旺: 'SWW', 林氏: 'LS', '蓝·阿妹': 'LAM', 任开盛: 'RKS', 俞火旺: 'YHW', 鄂德发: 'EDF', 'Anna 王': 'ANNAW', '': '', '·': '' };
    expect(Object.fromEntries(Object.keys(names).map((name) => [name, initialsOf(name)]))).toEqual(names);
    for (const [letter, chars] of Object.entries({ A: '安艾', B: '鲍卞', C: '蔡程', D: '邓丁', E: '鄂', F: '范冯', G: '郭高', H: '黄胡', J: '蒋江', K: '柯康', L: '林罗', M: '马莫', N: '倪牛', O: '欧', P: '潘彭', Q: '邱钱', R: '饶阮', S: '苏孙', T: '汤涂', W: '吴王', X: '许谢', Y: '杨叶', Z: '郑周' }))
      for (const char of chars) expect(char + initialsOf(char)).toBe(char + letter);
  });

  it('marks a row by name, surname, initials, number and its end', () => {
    expect(marksOf('欧阳金水', '+86 154 0425 0001')).toEqual(['name:欧阳金水', 'surname:欧阳', 'initials:OYJS', 'phone:15404250001', 'tail:0001']);
    expect(marksOf('林', null)).toEqual(['name:林', 'surname:林']);
  });

  it('takes what was typed as what its shape says, every word', () => {
    expect(wantedMarks(' 0001 ')).toEqual({ marks: ['tail:0001'], onlyPhone: true });
    expect(wantedMarks('154 0425 0001').marks).toEqual(['phone:15404250001']);
    expect(wantedMarks('cjs')).toEqual({ marks: ['initials:CJS'], onlyPhone: false });
    expect(wantedMarks('陈 0001')).toEqual({ marks: ['surname:陈', 'tail:0001'], onlyPhone: false });
    expect(wantedMarks('cjs 0001').marks).toEqual(['initials:CJS', 'tail:0001']);
    expect(wantedMarks('陈金水').marks).toEqual(['name:陈金水']);
    expect(wantedMarks('欧阳').marks).toEqual(['surname:欧阳']);
    for (const odd of ['@SUM(A1) +1', '名字 别的', "'; drop table person; --"]) expect(wantedMarks(odd).marks).toEqual([`name:${odd.trim()}`]);
  });
});
