/** Elders of the demonstration with their files, their families, and the neighbours who hold the keys (FIELD 5). */
import { awkward, type DemoHome } from './demo-homes.ts';
import { nameOf, type Numbers, surnameOf } from './demo-names.ts';
import { townLanguages } from './demo-places.ts';
import { drawFree, type Random } from './demo-random.ts';
import { type ContactFields, emptyContact, emptyPerson, highRiskOf, identityCheckDigit, type PersonFields } from './registry.ts';

export type DemoPerson = PersonFields & { id: string };
export type DemoContact = ContactFields & { id: string };
type Callable = Pick<ContactFields, 'relation' | 'name' | 'phone'> & Partial<ContactFields>;
const demoYear = 2026;
const speeches = [...new Set([...Object.values(townLanguages), '客家话', '普通话'])];
const rates = { alone: 0.68, mobile: 0.45, landline: 0.35, noFamily: 0.06, secondChild: 0.35, homesPerNeighbour: 4 } as const;

/** Who lives in the homes, two in a couple's, and whom to call for each; a neighbour keeps the key of the homes around. */
export function settle(random: Random, numbers: Numbers, homes: readonly DemoHome[]): { people: DemoPerson[]; contacts: DemoContact[] } {
  const people: DemoPerson[] = [];
  const contacts: DemoContact[] = [];
  const villages = new Map<string, { names: Set<string>; homes: number; neighbour: Callable }>();
  for (const at of homes) {
    const v = villages.get(at.village.code) ?? { names: new Set(), homes: 0, neighbour: { relation: 'neighbour', name: '', phone: '' } };
    villages.set(at.village.code, v);
    if (v.homes++ % rates.homesPerNeighbour === 0)
      v.neighbour = { relation: 'neighbour', name: drawFree(v.names, () => nameOf(random, 'male')), phone: numbers.mobile(), keyHolder: true, language: at.village.language };
    at.home.keyWith = random.chance(0.4) ? '钥匙在隔壁' : `钥匙在隔壁${v.neighbour.name}家`;
    const here = Array.from({ length: at.residents }, (_, i) => elder(random, at, people.length + i, v.names, i));
    giveNumbers(random, numbers, at, here);
    const family = familyOf(random, numbers, at, here);
    for (const person of here) {
      for (const [i, who] of [...family, { ...v.neighbour, walkMinutes: 1 + random.below(4) }].entries())
        contacts.push({ ...emptyContact, ...who, id: `demo-c${String(contacts.length + 1).padStart(3, '0')}`, personId: person.id, ord: i + 1 });
    }
    people.push(...here);
  }
  return { people, contacts };
}

function elder(random: Random, { home, village, residents, fitted, first }: DemoHome, n: number, names: Set<string>, nth: number): DemoPerson {
  const fixed = nth === 0 ? awkward[home.id] : undefined;
  const sex = fixed?.sex ?? (residents === 2 ? (['male', 'female'] as const)[nth] ?? 'male' : random.chance(0.6) ? 'female' : 'male');
  const name = fixed?.name ?? drawFree(names, () => nameOf(random, sex));
  names.add(name);
  const birthDate = `${1930 + random.below(26)}-${String(1 + random.below(12)).padStart(2, '0')}-${String(1 + random.below(28)).padStart(2, '0')}`;
  const old = demoYear - Number(birthDate.slice(0, 4)) >= 80;
  const living = residents === 2 ? 'couple' as const : random.chance(rates.alone) ? 'alone' as const : 'with-family' as const;
  const ill = (['fall-history', 'heart', 'stroke', 'dementia', 'hypertension', 'diabetes', 'oxygen', 'epilepsy'] as const).filter((_, i) => random.chance(i < 1 || (i > 3 && i < 6) ? 0.12 : 0.04));
  const facts = {
    ability: random.pick(['intact', 'intact', 'intact', 'intact', 'mild', 'mild', 'mild', 'moderate', 'severe', random.chance(0.3) ? 'complete' : 'intact'] as const), living, birthDate,
    riskTags: [...ill, ...(living === 'alone' ? ['lives-alone' as const] : []), ...(old ? ['over-80' as const] : [])],
  };
  const language = village.language !== null && random.chance(0.93) ? village.language : random.pick(speeches);
  const first17 = `350425${birthDate.replaceAll('-', '')}000`;
  return {
    ...emptyPerson, ...facts, ...standing(random, fitted, first), id: `demo-p${String(n + 1).padStart(2, '0')}`, number: `DEMO-${String(n + 1).padStart(6, '0')}`, homeId: home.id, name, sex,
    identityNo: random.chance(0.5) ? first17 + identityCheckDigit(first17) : null, registeredRegionCode: village.code,
    category: random.chance(0.4) ? [random.pick(['destitute', 'low-income', 'low-income', 'preferential', 'bereaved', 'disabled', 'five-elders'] as const)] : [],
    highRisk: highRiskOf(facts, demoYear), language, hearing: random.pick(['good', 'good', 'good', 'weak', 'weak', 'deaf'] as const),
    healthNote: ill.length > 0 ? '按时服药，勿自行搬动' : null, note: fixed?.note ?? null,
  };
}

/** Fitted people have consented; of the others some refused and some homes are empty, with the day, so that 33 % has its reasons. */
function standing(random: Random, fitted: boolean, first: boolean): Pick<PersonFields, 'status' | 'statusSince' | 'consentAt' | 'consentBy'> {
  const noticedAt = Date.UTC(demoYear, 0, 5 + random.below(300), 2, random.below(360));
  if (fitted) return { status: 'present', statusSince: null, consentAt: noticedAt, consentBy: random.chance(0.8) ? '本人' : '子女' };
  const status = first || random.chance(0.92) ? 'present' : random.chance(0.6) ? 'refused' : 'vacant';
  return { status, statusSince: status === 'present' ? null : new Date(noticedAt).toISOString().slice(0, 10), consentAt: null, consentBy: null };
}

/** Not everybody has a telephone; a couple often has one together. */
function giveNumbers(random: Random, numbers: Numbers, { home }: DemoHome, here: readonly DemoPerson[]): void {
  for (const [i, person] of here.entries()) {
    const kind = random.share();
    if (awkward[home.id]?.without === 'phone') continue;
    if (i > 0 && random.chance(0.6)) person.phone = here[0]?.phone ?? null;
    else if (kind < rates.mobile) person.phone = numbers.mobile();
    else if (kind < rates.mobile + rates.landline) person.phone = numbers.landline();
  }
}

/** One or two children, whose number is the household's; nobody for the destitute (特困: no family by definition). */
function familyOf(random: Random, numbers: Numbers, { home }: DemoHome, here: readonly DemoPerson[]): Callable[] {
  const [elderly] = here;
  const alone = random.chance(rates.noFamily);
  const count = random.chance(rates.secondChild) ? 2 : 1;
  if (!elderly || alone || awkward[home.id]?.without === 'family' || here.some((p) => p.category.includes('destitute'))) return [];
  return Array.from({ length: count }, () => ({ relation: 'family', name: nameOf(random, 'younger', surnameOf(elderly.name)), phone: numbers.mobile() }));
}
