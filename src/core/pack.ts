/**
 * 离线清点包 (2.2): what stands in the file that a town opens when this house is dead, in plain words, and when one is due. Pure: sealing
 * and files belong to web/packs.ts.
 */
import { dayOf } from './clock.ts';
import { limits } from './limits.ts';
import type { riskTags } from './registry.ts';

export type PackPerson = { no: number; name: string; place: string; phone: string; risk: string; away: string; contacts: { name: string; relation: string; phone: string; key: boolean }[] };
export type PackResponder = { role: string; name: string; phone: string; away: boolean };
export type PackVillage = { name: string; people: PackPerson[]; responders: PackResponder[] };
/** What is sealed. `desk`: the county's; `town`: of no village. */
export type PackContent = { town: string; made: string; demo: boolean; desk: PackResponder[]; townPeople: PackResponder[]; villages: PackVillage[] };

const tagWords: Readonly<Record<(typeof riskTags)[number], string>> = {
  'fall-history': '跌倒史', heart: '心脏病', stroke: '中风', dementia: '失智', bedridden: '卧床', oxygen: '吸氧', epilepsy: '癫痫', diabetes: '糖尿病', hypertension: '高血压', 'lives-alone': '独居', 'over-80': '80岁以上', 'frequent-presser': '频繁按铃',
};
const abilityWords: Readonly<Record<string, string>> = { complete: '完全失能', severe: '重度失能', moderate: '中度失能', mild: '轻度失能' };
const hearingWords: Readonly<Record<string, string>> = { deaf: '听不见', weak: '听力弱' };
export const modeWords: Readonly<Record<string, string>> = { away: '外出', hospital: '住院', evacuated: '已转移' };
export const relationWords: Readonly<Record<string, string>> = { family: '家属', neighbour: '邻居', doctor: '医生', other: '联系人' };

/** In the order in which somebody at the door wants it. */
export function riskText(p: { highRisk: boolean; ability: string | null; living: string | null; hearing: string | null; riskTags: readonly string[]; birthYear: number | null }, year: number): string {
  const tags = p.riskTags.filter((tag) => tag !== 'over-80' || p.birthYear === null).flatMap((tag) => tagWords[tag as keyof typeof tagWords] ?? []);
  const alone = p.living === 'alone' && !tags.includes('独居') ? ['独居'] : [];
  return [...(p.highRisk ? ['重点'] : []), ...(p.birthYear === null ? [] : [`${year - p.birthYear}岁`]), ...[abilityWords[p.ability ?? ''], hearingWords[p.hearing ?? '']].filter((w) => w !== undefined), ...alone, ...tags].join('、');
}

const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'; // nothing that is read as something else
/** Four groups of four, about 79 bits: written by hand into an envelope, typed by somebody at night. `random(n)`: an even number below n. */
export function newPassphrase(random: (below: number) => number): string {
  return Array.from({ length: 16 }, (_, i) => `${i > 0 && i % 4 === 0 ? '-' : ''}${alphabet[random(alphabet.length)]}`).join('');
}
/** As it is meant: capitals, spaces, hyphens and wide characters say nothing. The file's own page does the same. */
export const plainPassphrase = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/[^a-z0-9]/g, '');

/** The night a file belongs to: what is made before limits.packFromMs of a day still belongs to the night before. */
export const nightOf = (at: number): string => dayOf(at - limits.packFromMs);

export type PackFile = { code: string; madeAt: number; name: string; bytes: number };
export type PackTown = { code: string; name: string; people: number; keySetAt: number | null };
export type PackState = 'good' | 'no-passphrase' | 'none' | 'old';

/** The newest file of a town that its present passphrase opens. */
export const newestOf = (town: Pick<PackTown, 'code' | 'keySetAt'>, files: readonly PackFile[]): PackFile | null =>
  files.filter((f) => f.code === town.code && town.keySetAt !== null && f.madeAt >= minuteOf(town.keySetAt)).sort((a, b) => b.madeAt - a.madeAt)[0] ?? null;
/** Names of files know minutes only. */
const minuteOf = (at: number): number => Math.floor(at / 60_000) * 60_000;

export function packState(town: PackTown, files: readonly PackFile[], now: number): PackState {
  if (town.keySetAt === null) return 'no-passphrase';
  const newest = newestOf(town, files);
  return newest === null ? 'none' : now - newest.madeAt > limits.packOldMs ? 'old' : 'good';
}
/** Whether tonight's is still to be made. */
export const packDue = (town: PackTown, files: readonly PackFile[], now: number): boolean => {
  const newest = newestOf(town, files);
  return town.keySetAt !== null && (newest === null || nightOf(newest.madeAt) !== nightOf(now));
};
/** What is not kept: older nights than limits.packNights, all but the newest of one night, whatever an older passphrase opens. */
export function packsToForget(town: PackTown, files: readonly PackFile[]): PackFile[] {
  const mine = files.filter((f) => f.code === town.code).sort((a, b) => b.madeAt - a.madeAt);
  const current = mine.filter((f) => town.keySetAt !== null && f.madeAt >= minuteOf(town.keySetAt));
  const kept = new Map(current.toReversed().map((f) => [nightOf(f.madeAt), f]));
  const nights = new Set([...kept.keys()].sort().slice(-limits.packNights));
  return mine.filter((f) => kept.get(nightOf(f.madeAt)) !== f || !nights.has(nightOf(f.madeAt)));
}
