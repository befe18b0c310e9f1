/** The one alert (or device) that is wrong, told so that a person can follow it: what the house says of it, what the phones and the device saw, which faults befell the house meanwhile. */
import { type AlertInFull, readAlert } from '#simulators/api/house.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import type { Complaint } from './checker.ts';
import type { Facts } from './facts.ts';
import type { Entry, Journal } from './journal.ts';

const linesMax = 80;
const time = (at: number): string => new Date(at).toISOString().slice(11, 23);

/** Real times left; what only the house's clock knows is set among them by the beats of the wall. */
export async function storyOf(api: HouseApi, journal: Journal, facts: Facts, complaint: Complaint, most = linesMax): Promise<string> {
  const alert = complaint.alert === undefined ? null : (facts.alerts.find((a) => a.id === complaint.alert) ?? (await readAlert(api, complaint.alert).catch(() => null)));
  const toReal = realTime(journal);
  const lines: { at: number; text: string }[] = [];
  if (alert) lines.push(...ofAlert(alert, journal, facts, toReal));
  const device = complaint.device ?? alert?.deviceId ?? null;
  const own = lines.map((l) => l.at);
  const middle = complaint.at ?? own.at(-1) ?? 0;
  const [from, to] = alert ? [Math.min(...own), Math.max(...own)] : [middle - 30_000, middle + 30_000];
  for (const e of journal.entries) {
    const said = around(e, device);
    if (said && said.at >= from - 2_000 && said.at <= to + 2_000) lines.push(said);
  }
  const told = lines.sort((a, b) => a.at - b.at).map((l) => `  ${time(l.at)}  ${l.text}`);
  return [`${complaint.rule}: ${complaint.text}`, ...(told.length > most ? [`  … ${told.length - most} lines before`] : []), ...told.slice(-Math.min(most, told.length))].join('\n');
}

function around(e: Entry, device: string | null): { at: number; text: string } | null {
  if (e.t === 'fault') return { at: e.from, text: `  · ${e.kind} (${e.what}) until ${time(e.to)}` };
  if (e.t === 'starved') return { at: e.from, text: `  · the machine stood still until ${time(e.to)}` };
  if (e.t === 'ack' && e.device === device) return { at: e.at, text: `device sees ${e.event} acknowledged` };
  return e.t === 'wall' ? { at: e.at, text: `the wall: ${e.wrong}` } : null;
}

function ofAlert(alert: AlertInFull, journal: Journal, facts: Facts, toReal: (house: number) => number): { at: number; text: string }[] {
  const outIds = new Map(facts.notifications.filter((n) => n.alertId === alert.id).map((n) => [n.outId, n]));
  return [
    ...alert.timeline.map((e) => ({ at: toReal(e.at), text: `house: ${e.action} by ${e.actorType} ${e.actorId} ${JSON.stringify(e.detail).slice(0, 160)}` })),
    ...[...outIds.values()].map((n) => ({ at: toReal(n.createdAt), text: `house: message ${n.outId} ${n.channel} ${n.template} to ${n.party}, step ${n.step} of round ${n.round}: ${n.state}${n.errorCode ? ` ${n.errorCode}` : ''}, ${n.attempts} tries` })),
    ...journal.of('phone').filter((p) => outIds.has(p.outId)).map((p) => ({ at: p.at, text: `phone ${p.phone.slice(0, 3)}…${p.phone.slice(-2)}: ${p.type} ${p.template} ${p.outId}` })),
    ...journal.of('act').filter((a) => a.alert === alert.id).map((a) => ({ at: a.at, text: `operator: ${a.action} confirmed` })),
  ];
}

/** The house's time as real time, by the beat of the wall that is nearest. */
function realTime(journal: Journal): (house: number) => number {
  const beats = journal.of('clock');
  return (house) => {
    let best = beats[0];
    for (const b of beats) if (best && Math.abs(b.house - house) < Math.abs(best.house - house)) best = b;
    return best ? best.at + (house - best.house) : house;
  };
}
