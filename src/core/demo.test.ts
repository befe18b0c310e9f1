import { describe, expect, it } from 'vitest';
import { makeDemoCounty } from './demo.ts';
import { shareOut } from './demo-random.ts';
import { limits } from './limits.ts';
import { maskName, variables } from './messages.ts';
import { isDemoNumber } from './provider.ts';
import { phoneProblem } from './phone.ts';
import { showRegion } from './region.ts';
import { charCount, identityCheckDigit, identityProblem, placeCharsMax } from './registry.ts';

const county = makeDemoCounty();
const homes = new Map(county.homes.map((h) => [h.id, h]));
const regions = new Map(county.regions.map((r) => [r.code, r]));
const villageOf = (homeId: string | null): string => homes.get(homeId ?? '')?.regionCode ?? '';
const contactsOf = Map.groupBy(county.contacts, (c) => c.personId);
const tally = <T>(list: readonly T[], of: (x: T) => string): Map<string, number> => new Map([...Map.groupBy(list, of)].map(([key, all]) => [key, all.length]));

describe('the demonstration county', () => {
  it('has every town, the farm and all 279 villages of the county, each placed inside it and lived in, and 274 stations [FIELD5]', () => {
    const of = (level: string) => county.regions.filter((r) => r.level === level);
    expect([of('county').length, of('town').length, of('village').length, county.stations.length]).toEqual([1, 19, 279, 274]);
    for (const r of county.regions) expect([r.lat! > 25.4 && r.lat! < 26.25, r.lon! > 117.4 && r.lon! < 118.15], r.name).toEqual([true, true]);
    expect(new Set(of('village').map((v) => `${v.lat} ${v.lon}`)).size).toBe(279);
    expect(of('village').filter((v) => v.language === null).map((v) => v.name)).toEqual(['泼水管理区生活区', '八峰管理区生活区', '大石分场生活区']);
    const sizes = [...tally(county.homes, (h) => h.regionCode).values()];
    expect([sizes.length, Math.min(...sizes) >= 4, Math.max(...sizes) <= 30]).toEqual([279, true, true]);
  });

  it('has 3,600 people of the special group, 1,152 of them in fitted homes: 32.0 %, 36 short of 33 % [FIELD5]', () => {
    expect(county.people).toHaveLength(3_600);
    const fitted = new Set(county.devices.map((d) => d.homeId));
    const inFitted = county.people.filter((p) => fitted.has(p.homeId));
    expect(inFitted).toHaveLength(1_152);
    expect(Math.round(3_600 * 0.33) - inFitted.length).toBe(36);
    // Fitted: something is installed, and whoever lives there is there and has agreed.
    expect(county.devices.every((d) => d.status === 'installed')).toBe(true);
    expect(inFitted.every((p) => p.status === 'present' && p.consentAt !== null)).toBe(true);
    const others = county.people.filter((p) => !fitted.has(p.homeId));
    expect(others.every((p) => p.consentAt === null && (p.status === 'present') === (p.statusSince === null))).toBe(true);
    for (const status of ['refused', 'vacant']) expect(others.filter((p) => p.status === status).length, status).toBeGreaterThan(40);
    // A town that is ahead and one that is behind.
    const share = (town: string): number => inFitted.filter((p) => villageOf(p.homeId).startsWith(town)).length / county.people.filter((p) => villageOf(p.homeId).startsWith(town)).length;
    const shares = county.regions.filter((r) => r.level === 'town').map((r) => share(r.code.slice(0, 9)));
    expect([Math.min(...shares) < 0.25, Math.max(...shares) > 0.38]).toEqual([true, true]);
  });

  it('lives alone or two by two, everybody fitted with a button, most with a radar, many with a smoke detector, some with a watch', () => {
    const residents = tally(county.people, (p) => p.homeId ?? '');
    expect(residents.size).toBe(county.homes.length);
    for (const p of county.people) expect([p.id, p.living === 'couple'], p.id).toEqual([p.id, residents.get(p.homeId ?? '') === 2]);
    expect([...residents.values()].filter((n) => n === 2).length).toBeGreaterThan(80);
    const models = tally(county.devices, (d) => d.model);
    expect(models.get('sos-button')).toBe(1_152);
    const [radars, smoke, watches] = [models.get('fall-radar')!, models.get('smoke')!, models.get('watch')!];
    expect([radars > 850, smoke > 550 && smoke < radars, watches > 80 && watches < 250]).toEqual([true, true, true]);
    for (const id of ['demo-h01', 'demo-h07']) expect(county.devices.filter((d) => d.homeId === id).map((d) => d.id)).toEqual([`${id}-sos`, `${id}-radar`, `${id}-smoke`, `${id}-watch`]);
  });

  it('holds only numbers that can never ring; a number is one human’s or one household’s, a responder’s nobody else’s [FF18 FF23]', () => {
    const owners = new Map<string, Set<string>>();
    const own = (phone: string | null, owner: string): void => { if (phone !== null) owners.set(phone, (owners.get(phone) ?? new Set()).add(owner)); };
    for (const p of county.people) own(p.phone, `home ${p.homeId}`);
    const childOf = (personId: string): string => county.people.find((p) => p.id === personId)?.homeId ?? '';
    for (const c of county.contacts) own(c.phone, c.relation === 'family' ? `child ${childOf(c.personId)} ${c.name}` : `neighbour ${c.name}`);
    for (const r of county.responders) own(r.phone, r.id);
    for (const n of owners.keys()) expect([isDemoNumber(n), phoneProblem(n, true)], n).toEqual([true, null]);
    expect([...owners].filter(([, who]) => who.size > 1)).toEqual([]);
    expect(new Set(county.responders.map((r) => r.phone)).size).toBe(county.responders.length);
    const without = county.people.filter((p) => p.phone === null).length;
    expect([without > 400, without < 1_200]).toEqual([true, true]);
    const identities = county.people.map((p) => p.identityNo).filter((n) => n !== null);
    expect(identities.length).toBeGreaterThan(1_000);
    for (const n of identities) expect([identityProblem(n, true), identityProblem(n, false) === null]).toEqual([null, false]);
    expect(identityCheckDigit('35042519420315000')).toBe('7');
  });

  it('has the awkward people: doubles in one village, 4 characters, 欧阳, a dot, beyond the BMP, 林氏, no telephone, no relatives', () => {
    const names = county.people.map((p) => p.name);
    const doubles = county.people.filter((p) => ['demo-h07', 'demo-h09'].includes(p.homeId ?? ''));
    expect(doubles.map((p) => [p.name, p.note])).toEqual([['陈秀英', '同村同名，住溪边的这位'], ['陈秀英', '同村同名，住祠堂边的这位']]);
    expect(homes.get('demo-h07')!.address).toContain('溪边');
    // Only they share a name in one village.
    expect([...tally(county.people, (p) => `${villageOf(p.homeId)} ${p.name}`)].filter(([, n]) => n > 1)).toEqual([[`${villageOf('demo-h07')} 陈秀英`, 2]]);
    expect(names.some((n) => n.startsWith('欧阳'))).toBe(true);
    expect(names.some((n) => charCount(n) === 4 && !n.startsWith('欧阳'))).toBe(true);
    expect(names.some((n) => n.includes('·'))).toBe(true);
    expect(names.some((n) => n.length > charCount(n))).toBe(true);
    expect(names).toContain('林氏');
    expect(county.people.find((p) => p.homeId === 'demo-h12')!.phone).toBeNull();
    const withoutFamily = county.people.filter((p) => !contactsOf.get(p.id)?.some((c) => c.relation === 'family'));
    expect(withoutFamily.map((p) => p.homeId)).toContain('demo-h10');
    expect(withoutFamily.length).toBeGreaterThan(200);
    expect(county.people.filter((p) => p.category.includes('destitute')).every((p) => withoutFamily.includes(p))).toBe(true);
    for (const n of names) expect([maskName(n), maskName(n) === n]).toEqual([expect.stringContaining('*'), false]);
  });

  it('speaks as its town does, with pockets of 客家话 and some who came from elsewhere [FIELD5]', () => {
    const spoken = tally(county.people, (p) => p.language ?? '');
    for (const language of ['前路话', '后路话', '闽南话', '桃源话', '客家话', '普通话']) expect(spoken.get(language), language).toBeGreaterThan(20);
    const local = county.people.filter((p) => p.language === regions.get(villageOf(p.homeId))?.language).length;
    expect(local).toBeGreaterThan(3_200);
    expect(county.regions.filter((r) => r.language === '客家话').length).toBeGreaterThan(3);
  });

  it('has addresses by the grammar, each home’s own, and a short place that fits a message and is nobody else’s [FIELD5]', () => {
    expect(new Set(county.homes.map((h) => h.address)).size).toBe(county.homes.length);
    expect(new Set(county.homes.map((h) => h.place)).size).toBe(county.homes.length);
    for (const h of county.homes) {
      const village = regions.get(h.regionCode)!;
      const town = regions.get(village.parentCode!)!;
      expect(h.address).toMatch(new RegExp(`^${town.name}${showRegion(village.name)}(?:示范路\\d+号\\d幢\\d0\\d室|(?:上厝|下厝角|水尾|岭头|溪边|坂尾|祠堂边|土楼坪|新厝)\\d+号)$`, 'u'));
      expect(charCount(h.place), h.place).toBeLessThanOrEqual(placeCharsMax);
      expect(variables('sos', { place: h.place, name: '陈', time: '02:13', no: '27' }, '大田养老呼叫')['place']).toBe(h.place);
      expect([h.landmark, h.roadEnd, h.walkMinutes, h.keyWith].includes(null)).toBe(false);
    }
    expect(homes.get('demo-h01')!.place).toBe('屏山乡内洋村下厝角12号');
    expect([county.homes.some((h) => h.dog), county.homes.some((h) => h.walkMinutes! > 10)]).toEqual([true, true]);
  });

  it('has a ring in every village, a duty room in every town, a desk, and a key holder for everybody [FF9]', () => {
    for (const village of county.regions.filter((r) => r.level === 'village')) {
      const ring = tally(county.responders.filter((r) => r.regionCode === village.code), (r) => r.role);
      expect([ring.get('care-worker'), ring.get('grid-worker'), ring.get('village-cadre'), (ring.get('doctor') ?? 0) <= 1], village.name).toEqual([1, 1, 1, true]);
    }
    const ringers = county.responders.filter((r) => r.regionCode.slice(9) !== '000');
    expect(ringers.every((r) => r.walkMinutes !== null && r.walkMinutes > 0)).toBe(true);
    expect([ringers.some((r) => r.keyHolder), ringers.some((r) => r.quietFrom !== null)]).toEqual([true, true]);
    const roles = tally(county.responders, (r) => r.role);
    expect(['town-duty', 'fire-station', 'seat', 'shift-leader', 'duty-leader'].map((role) => roles.get(role))).toEqual([18, 18, 4, 1, 1]);
    expect([roles.get('doctor')! > 120, roles.get('doctor')! < 220]).toEqual([true, true]);
    expect(county.responders.filter((r) => r.role === 'town-duty').every((r) => r.landline && r.phone.startsWith('05980'))).toBe(true);
    // A fire station takes the text that says what burns: a mobile, not the room's landline.
    expect(county.responders.filter((r) => r.role === 'fire-station').every((r) => !r.landline && r.regionCode.endsWith('000') && r.name.endsWith('微型消防站'))).toBe(true);
    for (const p of county.people) {
      const callable = contactsOf.get(p.id) ?? [];
      expect(callable.some((c) => (c.walkMinutes ?? 99) <= limits.nearbyWalkMinutes), p.id).toBe(true);
      expect(callable.filter((c) => c.keyHolder && c.relation === 'neighbour'), p.id).toHaveLength(1);
      expect(callable.map((c) => c.ord)).toEqual(callable.map((_, i) => i + 1));
    }
  });

  it('is the same for the same seed, another for another, and its ids and person numbers are its own', () => {
    expect(makeDemoCounty(350425)).toEqual(county);
    expect(makeDemoCounty(1).people.map((p) => p.birthDate)).not.toEqual(county.people.map((p) => p.birthDate));
    for (const list of [county.homes, county.people, county.contacts, county.responders, county.devices])
      expect([new Set(list.map((r) => r.id)).size, list.every((r) => r.id.startsWith('demo-') && r.id.length <= 64)]).toEqual([list.length, true]);
    expect(county.people.every((p) => /^DEMO-\d{6}$/.test(p.number ?? ''))).toBe(true);
    expect(new Set(county.people.map((p) => p.number)).size).toBe(3_600);
  });

  it('shares a total out to the last one, by weight', () => {
    expect(shareOut(10, [1, 1, 1])).toEqual([4, 3, 3]);
    expect(shareOut(7, [0, 2, 5])).toEqual([0, 2, 5]);
    expect(shareOut(3_600, county.homes.map((_, i) => 1 + (i % 7))).reduce((sum, n) => sum + n, 0)).toBe(3_600);
  });
});
