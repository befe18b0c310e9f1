/** What standby knows of the county from its last snapshot, as rules and plans want to see it. Pure but for opening what is sealed. */
import type { Alert } from '#core/alert.ts';
import type { Case } from '#core/change.ts';
import type { EarlierEvent, Facts } from '#core/decision.ts';
import type { StoredEvent } from '#core/event.ts';
import type { EventId, Party, RegionCode } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { openData } from '#store/evaluation.ts';
import type { NewEvent } from '#store/events.ts';
import type { AlertPlace } from '#store/outbox-insert.ts';
import type { Seal } from '#store/seal.ts';
import type { CountyFacts, GivenSlip } from '#store/standby.ts';

/** Open emergencies and the slips that are in use. */
export type OpenNow = { cases: Case[]; slips: GivenSlip[]; nowMs: number; /** Workers or pages of another machine, of which no echo is heard; not known: of a snapshot of the release before. */ elsewhere?: boolean };
/** An event as an edge keeps it in its spool. */
export type Spooled = Omit<NewEvent, 'ageMs'>;

export function storedEvent(county: CountyFacts, e: Spooled, receivedAt: number, seal: Seal): StoredEvent {
  const device = county.devices.get(e.deviceId ?? '');
  const home = county.homes.get(device?.homeId ?? county.persons.get(device?.about ?? '')?.homeId ?? '');
  const late = e.deviceTime !== null && e.deviceTime < receivedAt - limits.lateMs;
  return {
    id: e.ingestId as EventId, kind: e.kind, edge: e.edge, source: e.source, urgency: e.urgency as StoredEvent['urgency'], deviceId: e.deviceId as StoredEvent['deviceId'], homeId: device?.homeId ?? null,
    personId: device?.about ?? null, room: device?.room ?? null, regionCode: (home?.regionCode ?? null) as RegionCode | null, sourceEventId: e.sourceEventId, ref: e.ref,
    deviceTime: e.deviceTime, receivedAt, flags: [...e.flags, ...(late ? ['late'] : [])], confidence: e.confidence, data: openData(e.dataSealed, seal).data, trace: e.trace,
  };
}

/** Without presence and outages: nobody writes them now, and neither may keep an alarm back. */
export function factsOf(county: CountyFacts, event: StoredEvent, open: readonly Alert[], earlier: EarlierEvent | null): Facts {
  return {
    device: county.devices.get(event.deviceId ?? '') ?? null, person: county.persons.get(event.personId ?? '') ?? null, home: county.homes.get(event.homeId ?? '') ?? null,
    presence: null, outage: null, open, earlier, clearedLater: false, ...(county.rules ? { rules: county.rules } : {}),
  };
}

export function placeOf(county: CountyFacts, alert: Alert): AlertPlace {
  const inHome = (): { nameEnc: Buffer } | undefined => [...county.persons.values()].filter((p) => p.homeId === alert.homeId).sort((a, b) => Number(b.highRisk) - Number(a.highRisk))[0];
  const person = alert.personId === null ? inHome() : county.persons.get(alert.personId);
  const home = county.homes.get(alert.homeId ?? county.persons.get(alert.personId ?? '')?.homeId ?? '');
  return { alertId: alert.id, placeEnc: home?.placeEnc ?? null, nameEnc: person?.nameEnc ?? null };
}

/** What stands sealed in a party's line; empty when there is none, or nobody can open it. */
export function openColumn(county: CountyFacts, party: Party, column: 'name' | 'phone', seal: Seal): string {
  const line = county.lines.get(party);
  return (line && seal.openIfReadable(`${line.column}.${column}`, column === 'name' ? line.nameEnc : line.phoneEnc)) ?? '';
}
