/** Who an emergency concerns, from what the operator types: a number, a whole name, a file number, a village. Nothing is kept. */
import { get } from '#wall/api/client.ts';
import { regionNames, regions } from './county.ts';

/** One thing to raise for; `label` as it is read aloud. */
export type Choice = { key: string; label: string; note: string; body: { from?: string; personId?: string; regionCode?: string } };
type Person = { id: string; number: string | null; name: string; town: string | null; village: string | null; birthYear: number | null };

const rowsMax = 8;
/** The digits, when it is a telephone number that is typed. */
export const numberOf = (text: string): string | null => (/^[\d\s+()-]+$/.test(text) && text.replace(/\D/g, '').length >= 5 ? text.trim() : null);

/** Villages and towns whose name holds the text; villages first. */
export function placesFor(text: string): Choice[] {
  const names = regionNames.value;
  return (regions.value ?? [])
    .filter((r) => r.level !== 'county' && (names.get(r.code) ?? '').includes(text))
    .sort((a, b) => Number(a.level === 'town') - Number(b.level === 'town') || a.code.localeCompare(b.code))
    .slice(0, rowsMax)
    .map((r) => ({ key: `r${r.code}`, label: names.get(r.code) ?? r.name, note: r.level === 'village' ? (names.get(`${r.code.slice(0, 9)}000`) ?? '') : '', body: { regionCode: r.code } }));
}

/** Files that fit exactly; names stand masked, so town, year and number tell two of one name apart. */
export async function peopleFor(text: string): Promise<Choice[]> {
  const answer = await get<{ people: Person[] }>(`/api/v1/people?limit=${rowsMax}&q=${encodeURIComponent(text)}`);
  if (!answer.ok) return [];
  return answer.value.people.map((p) => ({
    key: `p${p.id}`, label: p.name, note: [`${p.town ?? ''}${p.village ?? ''}`, p.birthYear === null ? '' : String(p.birthYear), p.number ?? p.id].filter((part) => part !== '').join(' · '), body: { personId: p.id },
  }));
}
