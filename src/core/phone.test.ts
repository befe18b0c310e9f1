import { describe, expect, it } from 'vitest';
import { phoneDigits, phoneProblem } from './phone.ts';
import { levelOf, parentOf, showRegion, treeProblems } from './region.ts';
import datian from './datian-regions.json' with { type: 'json' };

describe('telephone numbers of rows', () => {
  it.each(['15404250001', '+86 154 0425 9999', '0598-0350425', '0086 154-0425-1234'])('refuses the demonstration number %s on a real row, takes it on a demonstration row [FF18 FF23]', (number) => {
    expect(phoneProblem(number, false)).toContain('demonstration');
    expect(phoneProblem(number, true)).toBeNull();
  });
  it.each(['13905980001', '0598-7222222', '+86 139 0598 0001', '010-88888888'])('takes %s on a real row, refuses it on a demonstration row [FF23]', (number) => {
    expect(phoneProblem(number, false)).toBeNull();
    expect(phoneProblem(number, true)).toContain('demonstration');
  });
  it.each(['110', '120', '12345', '95598', '1390598000', '139059800011', 'abc', '1390598000１', '', '0598-1222222', '=1+1'])('refuses %s: nobody could be called there', (number) => {
    expect(phoneProblem(number, false)).not.toBeNull();
    expect(phoneProblem(number, true)).not.toBeNull();
  });
  it('compares numbers by their digits without the country code', () => {
    expect(new Set(['13905980001', '+86 139 0598 0001', '0086-13905980001'].map(phoneDigits)).size).toBe(1);
    expect(phoneDigits('+86 598 7222222')).toBe(phoneDigits('0598-7222222'));
  });
});

describe('regions', () => {
  it('knows level and parent by the code alone, and shows villages as people say them', () => {
    expect([levelOf('350425000000'), levelOf('350425201000'), levelOf('350425201201')]).toEqual(['county', 'town', 'village']);
    expect(parentOf('350425201201')).toBe('350425201000');
    expect(parentOf('350425201000')).toBe('350425000000');
    expect(parentOf('350425000000')).toBeNull();
    expect(['内洋村委会', '仙亭居委会', '八峰管理区生活区'].map(showRegion)).toEqual(['内洋村', '仙亭社区', '八峰管理区生活区']);
  });
  it('finds what is wrong with a tree before it is imported', () => {
    expect(treeProblems(datian)).toEqual([]);
    expect(treeProblems(null).length).toBeGreaterThan(0);
    expect(treeProblems({ county: { code: '350425000000', name: 'x' }, towns: [{ code: '350426100000', name: 'y', villages: [{ code: '350425100000', name: '' }] }] })).toHaveLength(3);
  });
});
