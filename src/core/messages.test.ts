/** Every text against the provider's rules (PROVIDERS 1 and 2) at worst-case values, and the texts that the field agreed on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskName, maskPhone, render, smsParts, spoken, surnameOf, type TemplateName, templates, variableNames, variables, worstValues } from './messages.ts';
import { isDemoNumber, standinCode, standinProvider, standinTemplate, vitalTemplates } from './provider.ts';

const sign = '【大田养老呼叫】';
const worst = worstValues;
const names = Object.keys(templates) as TemplateName[];
const sms = names.filter((name) => templates[name].channel === 'sms');
const voice = names.filter((name) => templates[name].channel === 'voice');
const shared = (text: string): void => {
  const vars = [...text.matchAll(/\$\{(\w+)\}/g)].map((m) => m[1]);
  expect(new Set(vars).size, 'each variable once').toBe(vars.length);
  expect(text, 'no adjacent variables').not.toMatch(/\}\$\{/);
  expect(text.replace(/\$\{\w+\}/g, ''), 'not all variables').not.toBe('');
};

describe.each(sms)('SMS text %s', (name) => {
  const text = templates[name].text;
  it('keeps the provider’s template rules', () => {
    shared(text);
    expect([...text].length).toBeLessThanOrEqual(500);
    expect(text).not.toMatch(/[【】#★※→①•¥]/);
    expect(text, 'no mobile number, link or opt-out word').not.toMatch(/1[3-9]\d{9}|https?:|www|拒收|退订|\bTD?\b|\bN\b/);
    expect(text, 'a banned theme').not.toMatch(/党|政|医|保险|殡葬|问卷|确认收货/);
  });
  it('fits one segment of 70 characters with the sign at worst-case values', () => {
    const values = variables(name, worst, '大田养老呼叫');
    for (const value of Object.values(values)) expect([...value].length).toBeLessThanOrEqual(35);
    expect([...(sign + render(name, values))].length).toBeLessThanOrEqual(70);
  });
});

describe.each(voice)('spoken text %s', (name) => {
  const text = templates[name].text;
  it('keeps the provider’s rules of spoken texts', () => {
    shared(text);
    if (!('dedicated' in templates[name])) expect(variableNames(name).length, 'public mode: at most two variables').toBeLessThanOrEqual(2);
    const values = variables(name, worst);
    expect(render(name, values)).not.toMatch(/[#/:\-%¥【】0-9]/);
    expect(render(name, values)).not.toMatch(/http|医|党|政|保险|培训/);
    expect(JSON.stringify(values).length).toBeLessThan(250);
    expect([...render(name, values)].length / 4.2, 'seconds to speak').toBeLessThanOrEqual(25);
  });
});

describe('what the field agreed on', () => {
  it('keeps the texts of the field to the letter', () => {
    expect(templates.sos.text).toBe('一键呼${time}，${place}，${name}姓老人，请速去看。去回1，不去回0，单${no}。0598-0350425');
    expect(templates.smoke.text).toBe('烟感响${time}，${place}，${name}姓老人家，喊人勿进火场。去回1，不去回0，单${no}。0598-0350425');
    expect(templates.taken.text).toBe('单号${no}，${who}已前往，您不用再去，谢谢。值班室0598-0350425');
    expect(templates.late.text).toBe('单号${no}您已答应前往，还没有到达消息。到了请回2，去不了请回0。值班室0598-0350425');
    expect(templates.minimal.text).toBe('有老人紧急求助，请立即回电值班室0598-0350425');
    expect(templates['voice-p1'].text).toContain('能去回复数字一，不能去回复数字零');
  });
  it('gives way at the place, from its town on, and keeps the house number', () => {
    const values = variables('smoke', { ...worst, place: '谢洋乡草垄崎村祠堂边120号' }, '大田养老呼叫');
    expect(values['place']).toBe('草垄崎村祠堂边120号');
    expect(variables('sos', { ...worst, place: '屏山乡内洋村下厝角12号' }, '大田养老呼叫')['place']).toBe('屏山乡内洋村下厝角12号');
  });
});

describe('values [M19]', () => {
  it('never lets a value break the provider’s rules, whatever it holds', () => {
    fc.assert(fc.property(fc.constantFrom(...names), fc.dictionary(fc.constantFrom('place', 'name', 'kind', 'no', 'list', 'who'), fc.string({ unit: 'grapheme', maxLength: 80 })), (name, raw) => {
      const values = variables(name, raw, '大田养老呼叫');
      expect(Object.keys(values).sort()).toEqual(variableNames(name).sort());
      for (const value of Object.values(values)) {
        expect(value.length).toBeGreaterThan(0);
        expect([...value].length).toBeLessThanOrEqual(35);
        expect(value).not.toMatch(/[【】#★※→①•¥${}<>"\\]|https?:|www\.\S/);
        if (templates[name].channel === 'voice') expect(value).not.toMatch(/[#/:\-%¥0-9]/);
      }
      if (templates[name].channel === 'voice') expect(JSON.stringify(values).length).toBeLessThan(250);
    }), { numRuns: 500 });
  });
  it('puts a word where a value is missing, so that no gateway refuses an alarm', () => {
    expect(render('sos', variables('sos', { time: '02:13' }))).toBe('一键呼02:13，地点问值班室，某姓老人，请速去看。去回1，不去回0，单0。0598-0350425');
    expect(variables('sos', { ...worst, place: '看 http://x.cn/1 15404250001 【贷款】' })['place']).toBe('看   贷款');
  });
  it('speaks numbers', () => {
    expect(spoken('上丰村水尾7号')).toBe('上丰村水尾七号');
    expect(spoken('3-2')).toBe('三之二');
    expect(spoken('10:05')).toBe('十点五分');
    expect(spoken('412')).toBe('四百一十二');
    expect(spoken('12幢202室')).toBe('十二幢二百零二室');
    expect(spoken('0598')).toBe('零五九八');
    expect(spoken(spoken('8号3幢'))).toBe(spoken('8号3幢'));
  });
});

describe('names and numbers', () => {
  it('masks', () => {
    expect([maskName('陈水'), maskName('陈金水'), maskName('欧阳建国'), maskName('屏山乡值班室'), maskPhone('15404250001')]).toEqual(['陈*', '陈*水', '欧阳**', '屏山乡值班室', '154****0001']);
    expect(surnameOf('欧阳建国')).toBe('欧阳');
  });
  it('knows the demonstration’s numbers however they are written [FF23]', () => {
    for (const number of ['15404250001', '+8615404259999', '008615404250001', '154 0425 0001', '0598-0350425', '+86 598 0350425']) expect(isDemoNumber(number), number).toBe(true);
    for (const number of ['13800138000', '15404260001', '0598-7222222', '154042500011']) expect(isDemoNumber(number), number).toBe(false);
  });
  it('counts parts as they are paid: 70, then 67 each', () => {
    expect([smsParts('大田养老呼叫', '一'.repeat(62)), smsParts('大田养老呼叫', '一'.repeat(63)), smsParts('', '𠮷'.repeat(70))]).toEqual([{ chars: 70, parts: 1 }, { chars: 71, parts: 2 }, { chars: 70, parts: 1 }]);
  });
  it('gives every template one code of the stand-in and back', () => {
    for (const name of names) expect(standinTemplate(standinCode(name))).toBe(name);
    expect(new Set(names.map(standinCode)).size).toBe(names.length);
    for (const name of vitalTemplates) expect(standinProvider.templates[name]).toMatch(/^(SMS|TTS)_\d{9}$/);
  });
});
