/**
 * From a send that was decided to a row of the outbox: number, slip, values. Renders nothing; names, places and numbers go
 * from sealed column to sealed column and never into a log. What cannot be opened is left out; a number that cannot fails in the
 * sender, is seen there and goes on to the next: one broken row must not silence a plan (law 6).
 */
import type { Alert } from '#core/alert.ts';
import type { Send } from '#core/change.ts';
import { clockTime, countyZoneMs } from '#core/clock.ts';
import { kindInfo } from '#core/event.ts';
import type { AlertId, Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { outageWords } from '#core/outage.ts';
import { type MessageParams, surnameOf, variableNames } from '#core/messages.ts';
import { isOffice, type PartyRole, roleTitle, voiceForm } from '#core/roster.ts';
import { alertPlaces, type AlertPlace, type NewOutbox, type PartyLine, partyLines } from '#store/outbox-insert.ts';
import type { Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { allotSlips, insertSlips, type Slip, slipKey } from '#store/slips.ts';

export type Outgoing = { alert: Alert; send: Send };

type Usable = { alert: Alert; send: Send; line: PartyLine };
/** What the values of a message are taken from. */
type Sources = { lines: ReadonlyMap<Party, PartyLine>; places: ReadonlyMap<AlertId, AlertPlace>; slips: ReadonlyMap<string, Slip> };

/** Rows for these sends; those without a usable line (number gone, landline and no spoken form) are left out. */
export async function outboxRows(sql: Sql, seal: Seal, items: readonly Outgoing[], now: number): Promise<NewOutbox[]> {
  if (items.length === 0) return [];
  const lines = await partyLines(sql, [...new Set(items.flatMap(({ send }) => [send.party, ...(send.who ? [send.who] : [])]))]);
  const usable = usableOf(items, lines);
  const places = await alertPlaces(sql, [...new Set(usable.map((u) => u.alert.id))]);
  await insertSlips(sql, usable.flatMap(({ alert, send }) => (send.done?.slip ? [{ party: send.party, alertId: alert.id, at: send.done.at, ...send.done.slip }] : [])));
  const slips = await allotSlips(sql, slipsWanted(usable));
  return usable.map((item) => rowOf(item, { lines, places, slips }, seal, now));
}

/** One message without the database, from what standby knows; null when the party has no usable line. */
export function composeOne(item: Outgoing, known: { lines: ReadonlyMap<Party, PartyLine>; place: AlertPlace; slipFor(party: Party): Slip }, seal: Seal, now: number): NewOutbox | null {
  const [usable] = usableOf([item], known.lines);
  if (!usable) return null;
  const slips = new Map(slipsWanted([usable]).map(({ party, alertId }) => [slipKey(party, alertId), known.slipFor(party)]));
  return rowOf(usable, { lines: known.lines, places: new Map([[item.alert.id, known.place]]), slips }, seal, now);
}

/**
 * Sends with a line that can carry them; a text to who cannot read one becomes its spoken form. News to who withdrew consent is left out; a rung of the
 * search that was decided before he did goes as far as the sender, which takes it back, so that the next person is asked.
 */
function usableOf(items: readonly Outgoing[], lines: ReadonlyMap<Party, PartyLine>): Usable[] {
  return items.flatMap(({ alert, send }) => {
    const line = lines.get(send.party);
    const spoken = !send.done && line && send.channel === 'sms' && (line.landline || line.optedOut);
    const template = spoken ? voiceForm[send.template] : send.template;
    const shut = line?.withdrawn === true && send.purpose === 'notice' && !send.done;
    return line && template && !shut ? [{ alert, line, send: { ...send, template, channel: spoken ? 'voice' as const : send.channel } }] : [];
  });
}

const slipsWanted = (usable: readonly Usable[]): { party: Party; alertId: AlertId }[] => usable.filter(({ send }) => needsSlip(send)).map(({ alert, send }) => ({ party: send.party, alertId: alert.id }));

function rowOf({ alert, line, send }: Usable, { lines, places, slips }: Sources, seal: Seal, now: number): NewOutbox {
  const slip = needsSlip(send) ? slips.get(slipKey(send.party, alert.id)) : undefined;
  return {
    alertId: alert.id, party: send.party, channel: send.channel, template: send.template, purpose: send.purpose, round: send.round, step: send.step, slip: slip?.no ?? null,
    params: valuesOf(alert, send, places.get(alert.id), slip, lines, line, seal, now), to: seal.openIfReadable(`${line.column}.phone`, line.phoneEnc) ?? '', toBidx: line.phoneBidx,
    priority: alert.priority, trace: alert.trace, demo: alert.demo || line.demo, ...(send.lastWay ? { lastWay: true } : {}), ...(send.done ? { done: send.done } : {}),
  };
}

// Every search call has one too: where keys can be pressed, the text says the slip.
const needsSlip = (send: Send): boolean => variableNames(send.template).includes('no') || send.template === 'voice-p1';

function valuesOf(alert: Alert, send: Send, place: AlertPlace | undefined, slip: Slip | undefined, lines: ReadonlyMap<Party, PartyLine>, line: PartyLine, seal: Seal, now: number): MessageParams {
  const name = surnameOf(seal.openIfReadable('person.name', place?.nameEnc) ?? '');
  const full = seal.openIfReadable('home.place', place?.placeEnc) ?? '';
  const near = line.regionCode !== null && line.regionCode === alert.regionCode;
  return {
    time: timeWord(alert, now), place: near ? withoutTown(full) : full, name, kind: kindInfo[alert.kind][send.channel === 'sms' ? 'zh' : 'spoken'],
    ...(slip ? { no: String(slip.no), code: slip.code } : {}), ...(send.who ? { who: whoWord(lines.get(send.who), seal) } : {}), ...(alert.kind === 'outage' ? outageWords(alert.summary) : {}), ...send.params,
  };
}

/** To a responder of the same village the town is left out (FIELD 6). */
const withoutTown = (place: string): string => place.replace(/^[^村]{1,4}?[乡镇](?=.{4})/u, '');

function whoWord(line: PartyLine | undefined, seal: Seal): string {
  if (!line) return '值班人员';
  const title = roleTitle[line.role as PartyRole] ?? '';
  return line.landline || isOffice(line.role) ? title : `${title}${surnameOf(seal.openIfReadable(`${line.column}.name`, line.nameEnc) ?? '')}`;
}

/** When it happened, by the county's clock; the device's time for what came late, with the day when it was not today (law 5: the age is in the text). */
export function timeWord(alert: Pick<Alert, 'openedAt' | 'occurredAt'> & Partial<Pick<Alert, 'flags'>>, now: number): string {
  // What was found in a vendor's history is late whatever its age.
  const late = alert.occurredAt !== null && (alert.openedAt - alert.occurredAt > limits.lateMs || alert.flags?.includes('pulled') === true);
  const at = late ? (alert.occurredAt as number) : alert.openedAt;
  const day = (ms: number): number => Math.floor((ms + countyZoneMs) / 86_400_000);
  const ago = day(now) - day(at);
  return `${ago <= 0 ? '' : ago === 1 ? '昨' : '前'}${clockTime(at)}`;
}
