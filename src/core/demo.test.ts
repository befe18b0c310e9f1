import { describe, expect, it } from 'vitest';
import { makeDemoCounty } from './demo.ts';
import { maskName, variables } from './messages.ts';
import { isDemoNumber } from './provider.ts';
import { phoneProblem } from './phone.ts';
import { charCount, identityCheckDigit, identityProblem, placeCharsMax } from './registry.ts';

const county = makeDemoCounty();

describe('the demonstration county', () => {
  it('has every town, the farm and all 279 villages of the county, each village placed inside the county', () => {
    const of = (level: string) => county.regions.filter((r) => r.level === level);
    expect([of('county').length, of('town').length, of('village').length, county.stations.length]).toEqual([1, 19, 279, 274]);
    for (const r of county.regions) expect([r.lat! > 25.4 && r.lat! < 26.25, r.lon! > 117.4 && r.lon! < 118.15], r.name).toEqual([true, true]);
    expect(new Set(of('village').map((v) => `${v.lat} ${v.lon}`)).size).toBe(279);
    expect(of('village').filter((v) => v.language === null).map((v) => v.name)).toEqual(['泼水管理区生活区', '八峰管理区生活区', '大石分场生活区']);
  });

  it('holds only numbers that can never ring, no two people share one, identity numbers are never issued ones [FF18 FF23]', () => {
    const numbers = [...county.people.map((p) => p.phone), ...county.contacts.map((c) => c.phone), ...county.responders.map((r) => r.phone)].filter((n) => n !== null);
    expect(numbers.length).toBeGreaterThan(150);
    for (const n of numbers) expect([isDemoNumber(n), phoneProblem(n, true)], n).toEqual([true, null]);
    expect(new Set(numbers).size).toBe(numbers.length);
    const identities = county.people.map((p) => p.identityNo).filter((n) => n !== null);
    expect(identities.length).toBeGreaterThan(5);
    for (const n of identities) expect([identityProblem(n, true), identityProblem(n, false) === null]).toEqual([null, false]);
    expect(identityCheckDigit('35042519420315000')).toBe('7');
  });

  it('has the awkward people: doubles in one village, 4 characters, 欧阳, a dot, beyond the BMP, 林氏, no telephone, no relatives', () => {
    const names = county.people.map((p) => p.name);
    const home = (id: string | null) => county.homes.find((h) => h.id === id);
    const doubles = county.people.filter((p) => p.name === '陈秀英');
    expect(new Set(doubles.map((p) => home(p.homeId)?.regionCode)).size).toBe(1);
    expect(doubles.length).toBe(2);
    expect(new Set(doubles.map((p) => p.note)).size).toBe(2);
    expect(names.some((n) => n.startsWith('欧阳'))).toBe(true);
    expect(names.some((n) => charCount(n) === 4 && !n.startsWith('欧阳'))).toBe(true);
    expect(names.some((n) => n.includes('·'))).toBe(true);
    expect(names.some((n) => n.length > charCount(n))).toBe(true);
    expect(names).toContain('林氏');
    expect(county.people.filter((p) => p.phone === null)).toHaveLength(1);
    expect(county.people.filter((p) => !county.contacts.some((c) => c.personId === p.id && c.relation === 'family'))).toHaveLength(1);
    for (const n of names) expect([maskName(n), maskName(n) === n]).toEqual([expect.stringContaining('*'), false]);
  });

  it('has homes whose short place fits a message, and rings around every one of them', () => {
    expect(county.homes).toHaveLength(30);
    expect(new Set(county.homes.map((h) => h.regionCode)).size).toBe(12);
    for (const h of county.homes) {
      expect(charCount(h.place), h.place).toBeLessThanOrEqual(placeCharsMax);
      expect(variables('sos', { place: h.place, name: '陈', time: '02:13', no: '27' }, '大田养老呼叫')['place']).toBe(h.place);
      for (const role of ['care-worker', 'doctor', 'grid-worker', 'village-cadre'] as const)
        expect(county.responders.filter((r) => r.regionCode === h.regionCode && r.role === role)).toHaveLength(1);
      expect(county.responders.some((r) => r.role === 'care-worker' && r.regionCode !== h.regionCode && r.regionCode.slice(0, 9) === h.regionCode.slice(0, 9))).toBe(true);
      expect(county.devices.filter((d) => d.homeId === h.id).map((d) => d.model)).toEqual(['sos-button', 'fall-radar', 'smoke', 'watch']);
    }
    const roles = (role: string) => county.responders.filter((r) => r.role === role);
    expect([roles('town-duty').length, roles('seat').length, roles('shift-leader').length, roles('duty-leader').length]).toEqual([18, 4, 1, 1]);
    expect(roles('town-duty').every((r) => r.landline)).toBe(true);
  });

  it('is the same for the same seed, another for another, and its ids and person numbers are its own', () => {
    expect(makeDemoCounty(350425)).toEqual(county);
    expect(makeDemoCounty(1).people.map((p) => p.birthDate)).not.toEqual(county.people.map((p) => p.birthDate));
    for (const list of [county.homes, county.people, county.contacts, county.responders, county.devices])
      expect([new Set(list.map((r) => r.id)).size, list.every((r) => r.id.startsWith('demo-') && r.id.length <= 64)]).toEqual([list.length, true]);
    expect(county.people.every((p) => /^DEMO-\d{6}$/.test(p.number ?? ''))).toBe(true);
  });
});
