/** What the wall shows of standby: its cases, masked; whom it has told and what he said; whom a hand would dial next. */
import type { StandbyCase, StandbyParty } from '#core/live.ts';
import type { Party } from '#core/ids.ts';
import { maskName, maskPhone } from '#core/messages.ts';
import { type PartyRole, roleTitle } from '#core/roster.ts';
import type { Seal } from '#store/seal.ts';
import type { CountyFacts } from '#store/standby.ts';
import type { Kept } from './case.ts';
import { openColumn, placeOf } from './county.ts';

/** Whom a hand dials first: more would not be dialled. */
const dialRows = 4;

export function viewOf(county: CountyFacts, cases: readonly Kept[], seal: Seal, now: number): StandbyCase[] {
  return cases.filter((k) => k.standing.alert.state !== 'closed').map(({ key, alertId, standing: { alert, engagements, contacted, roster } }) => {
    const code = alert.regionCode;
    const name = seal.openIfReadable('person.name', placeOf(county, alert).nameEnc);
    const next = roster.filter((p) => !contacted.has(p.party) && engagements.get(p.party)?.state !== 'declined').slice(0, dialRows);
    const show = (party: Party): StandbyParty[] => partyOf(county, party, seal, engagements.get(party)?.state ?? null);
    return {
      key, known: alertId !== null, kind: alert.kind, state: alert.state, regionCode: code, town: (code && county.regions.get(`${code.slice(0, 9)}000`)) ?? null, village: (code && county.regions.get(code)) ?? null,
      name: name === null ? null : maskName(name), count: alert.count, ageMs: Math.max(0, now - alert.openedAt), reached: [...contacted.keys()].flatMap(show), dial: next.flatMap((p) => show(p.party)),
    };
  });
}

function partyOf(county: CountyFacts, party: Party, seal: Seal, state: string | null): StandbyParty[] {
  const line = county.lines.get(party);
  if (!line) return [];
  const open = (column: 'name' | 'phone'): string => openColumn(county, party, column, seal);
  return [{ role: roleTitle[line.role as PartyRole] ?? '', name: maskName(open('name')), phone: maskPhone(open('phone')), state }];
}
