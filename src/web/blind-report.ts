/**
 * The sheet of a day (2.10): we could not have heard these people between a and b. From rows alone; people counted whole, names
 * masked, our own blind windows apart (they were everybody's), who was away counted apart.
 */
import { limits } from '#core/limits.ts';
import type { Sql } from '#store/pool.ts';
import { type BlindReason, coveredPeople, ownWindows, type OwnWindow, type Unheard, unheardPeople } from '#store/silence.ts';

export type ReportPerson = { personId: string; homeId: string; regionCode: string; nameEnc: Buffer; highRisk: boolean; minutes: number; windows: { fromAt: number; toAt: number; reason: BlindReason }[] };
export type ReportVillage = { code: string; covered: number; people: number; personMinutes: number };
export type BlindReport = {
  own: OwnWindow[]; covered: number; /** who could not be heard at some time */ people: number; personMinutes: number; /** unheard, but nobody was at home: in no other number */ away: number;
  villages: ReportVillage[]; list: ReportPerson[]; truncated: boolean;
};
const minuteMs = 60_000;

export async function blindReport(sql: Sql, prefix: string, from: number, to: number): Promise<BlindReport> {
  const [own, covered, rows] = [await ownWindows(sql, from, to), await coveredPeople(sql, prefix, from, to), await unheardPeople(sql, prefix, from, to)];
  const villages = new Map(covered.map((v) => [v.code, { code: v.code, covered: v.covered, people: v.blind, ms: v.blindMs }]));
  const people = new Map<string, ReportPerson & { ms: number }>();
  const away = new Set<string>();
  for (const row of rows) {
    if (row.away) { away.add(row.personId); continue; }
    const village = villages.get(row.regionCode);
    if (!village) continue; // registered a moment ago
    const person = people.get(row.personId) ?? newPerson(row);
    if (!people.has(row.personId)) { people.set(row.personId, person); if (!row.blind) village.people++; }
    person.windows.push({ fromAt: row.fromAt, toAt: row.toAt, reason: row.reason });
    person.ms += row.toAt - row.fromAt;
    village.ms += row.toAt - row.fromAt;
  }
  const all = [...villages.values()];
  const list = [...people.values()].map(({ ms, ...person }) => ({ ...person, minutes: Math.round(ms / minuteMs) }));
  const sum = (of: (v: (typeof all)[number]) => number): number => all.reduce((n, v) => n + of(v), 0);
  return {
    own, covered: sum((v) => v.covered), people: sum((v) => v.people), personMinutes: Math.round(sum((v) => v.ms) / minuteMs), away: away.size,
    villages: all.filter((v) => v.people > 0).map(({ ms, ...v }) => ({ ...v, personMinutes: Math.round(ms / minuteMs) })),
    list: list.slice(0, limits.unheardListed), truncated: list.length > limits.unheardListed || rows.length >= limits.unheardRows,
  };
}

const newPerson = ({ personId, homeId, regionCode, nameEnc, highRisk }: Unheard): ReportPerson & { ms: number } => ({ personId, homeId, regionCode, nameEnc, highRisk, minutes: 0, windows: [], ms: 0 });
