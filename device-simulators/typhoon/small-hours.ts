/** From one o'clock to four: the seat that sleeps, and the fall of an old woman whose watch hangs on another mast. */
import type { AlertInFull } from '#simulators/api/house.ts';
import { readAlert } from '#simulators/api/house.ts';
import { alertOf } from '#simulators/scenarios/looks.ts';
import { type Verdict, verdict } from '#simulators/scenarios/scenario.ts';
import { clock, type Night, openAlerts, until } from './night.ts';

type Question = { askedAt: number; inputAt: number; answeredAt: number | null; missedAt: number | null; rungAt: number | null; rungParty: string | null };
type Sent = { party: string; channel: string; cutOff?: boolean };
type Step = { at: number; dueAt: number; sends: Sent[]; skipped: unknown[] };
/** How late a due second may be noticed on a busy machine. */
const lateMs = 6_000;

/** 01:41: one seat alone, last key 00:41, two questions missed: the shift leader's phone has rung already then. */
export async function sleepingDesk(night: Night): Promise<void> {
  await until(night, '01:10:30', 60_000);
  await until(night, '01:11:30', 5_000, true);
  await night.world.linger(4_000);
  await until(night, '01:25:30', 60_000);
  await until(night, '01:27:00', 5_000, true);
  await until(night, '01:40:30', 60_000);
  await until(night, '01:41:30', 2_000, true);
  const questions = await asked(night);
  const rung = questions.filter((q) => q.rungAt !== null && q.rungAt >= night.at('00:41:00') && q.rungAt <= night.at('01:42:00'));
  const touched = pressed(questions, night.at('00:42:00'), night.at('01:42:00')) || questions.every((q) => q.askedAt < night.at('00:41:00'));
  const [first] = rung;
  night.say(`${clock(night.world.now())} 两次值守确认没有人应答，呼叫值班长 · nobody confirmed twice: the shift leader is rung`);
  night.verdicts.push(verdict(
    touched || (rung.length === 1 && first?.rungParty?.includes('shift-leader') === true), '两次值守确认错过，01:41 值班长电话响', 'Two presence confirmations missed by 01:41: the shift leader’s phone has rung',
    touched ? 'somebody pressed a key at the wall: then nobody is asleep' : first ? `asked ${questions.filter((q) => q.askedAt >= night.at('00:42:00')).map((q) => clock(q.askedAt)).toReversed().join(' and ')}, ${first.rungParty} rung ${clock(first.rungAt ?? 0)}` : `not rung; questions ${questions.map((q) => clock(q.askedAt)).join(' ')}`,
  ));
}

const asked = async (night: Night): Promise<Question[]> => (await night.api.call<{ questions: Question[] }>('GET', '/api/v1/desk/vigilance')).questions;
/** Whether whoever watches this night has touched the wall: then the desk is not asleep, and the house is right to know it. */
const pressed = (questions: readonly Question[], from: number, to: number): boolean => questions.some((q) => [q.inputAt, q.answeredAt ?? 0].some((at) => at > from && at < to));

/** 02:13:20 she falls; 02:14:05 it is delivered. */
export async function herFall(night: Night): Promise<void> {
  await until(night, '02:12:30', 60_000);
  await until(night, '02:14:05', 5_000, true);
  night.say(`${clock(night.world.now())} 上丰村 81 岁老人的手表报跌倒(02:13:20) · the watch of a woman of 81 reports her fall of 02:13:20`);
  night.world.pace(1_000, true);
  const watch = night.member(night.county.her.devices[0]?.id ?? '');
  const entry = await night.fleet.press(watch, { kind: 'fall', at: night.at('02:13:20'), confidence: 0.93 });
  const alert = entry && await alertOf(night, entry);
  if (!entry || !alert) { night.verdicts.push(verdict(false, '手表跌倒成警情', 'The watch’s fall is an alert', 'none')); return; }
  const top = (await openAlerts(night))[0];
  await night.world.linger(5_000);
  await until(night, '02:14:25', 5_000, true);
  await until(night, '02:14:36', 1_000, true);
  const next = await night.world.until(async () => neighbours(await readAlert(night.api, alert.id))[0] ?? null, 10_000);
  await until(night, '02:15:04', 2_000, true);
  const replied = await goes(night);
  await until(night, '02:15:10', 1_000, true);
  await night.world.linger(4_000);
  await until(night, '02:16:12', 5_000, true);
  const then = await readAlert(night.api, alert.id);
  night.verdicts.push(
    verdict(top?.id === alert.id && entry.seenMs !== null && entry.seenMs <= 1_000, '一秒内到值班台第一行', 'Top row within a second', `row 1 is ${top?.kind ?? 'empty'} ${top?.id ?? ''}; seen ${entry.seenMs === null ? 'never' : `${Math.round(entry.seenMs)} ms`} after the watch sent it`),
    ...ringVerdicts(then), ...deskVerdicts(night, then, pressed(await asked(night), night.at('00:42:00'), night.at('02:16:10'))),
    verdict(next !== null && replied !== null && then.committedAt !== null && then.planState === 'ended' && arrivalMinutes(then) === 45, '邻村有信号的人 02:14:35 被叫，02:15:05 回“我去”，预案结束，到场计时 45 分钟', 'The next village with a signal is rung 02:14:35, answers 我去 02:15:05: the plan ends, the arrival clock runs 45 min',
      `${next?.party ?? 'nobody'} rung ${next ? clock(next.at) : '–'}, committed ${then.committedAt === null ? 'never' : clock(then.committedAt)}, arrival due in ${arrivalMinutes(then) ?? '–'} min`),
  );
  await noArrival(night, alert.id);
}

const stepsOf = (a: AlertInFull): Step[] => a.timeline.filter((t) => t.action === 'plan-step').map((t) => ({ at: t.at, dueAt: Number(t.detail['dueAt'] ?? t.at), sends: (t.detail['sends'] ?? []) as Sent[], skipped: (t.detail['skipped'] ?? []) as unknown[] }));
/** Calls to care-workers elsewhere: of the step that waits half a minute. */
const neighbours = (a: AlertInFull): (Sent & { at: number })[] => stepsOf(a).filter((s) => s.dueAt - a.openedAt > 20_000).flatMap((s) => s.sends.filter((x) => x.channel === 'voice' && x.party.includes('care-worker') && x.cutOff !== true).map((x) => ({ ...x, at: s.at })));

function arrivalMinutes(a: AlertInFull): number | null {
  const due = a.due.find((d) => d.slot === 'arrival');
  return due && a.committedAt !== null ? Math.round((due.dueAt - a.committedAt) / 60_000) : null;
}

/** Whoever of the next villages was called last writes back; null when no telephone can be reached. */
async function goes(night: Night): Promise<string | null> {
  const calls = (await night.phones?.messages())?.calls.filter((c) => c.template === 'voice-p1' && c.at >= night.at('02:14:30')) ?? [];
  const [first] = calls;
  if (!first) return null;
  await night.phones?.reply(first.phone, '我去');
  return first.phone;
}

function ringVerdicts(a: AlertInFull): Verdict[] {
  const steps = stepsOf(a);
  const first = steps.filter((s) => s.at - a.openedAt < lateMs).flatMap((s) => s.sends);
  const marked = first.filter((s) => s.cutOff === true);
  const town = first.find((s) => s.channel === 'voice' && s.party.includes('town-duty'));
  return [
    verdict(marked.some((s) => s.party.includes('care-worker')) && marked.some((s) => s.party.startsWith('contact:')), '孝老员和邻居照样叫，但不等，注明所在片区失联', 'Care-worker and neighbour are tried without waiting, noted as in the outage', `${marked.length} of ${first.length} first sends are marked`),
    verdict(town !== undefined, '济阳乡值班室座机同一秒响', 'The duty room of 济阳乡 is rung by landline in the same second', town ? `${town.party} ${clock(steps[0]?.at ?? 0)}` : 'not rung'),
    verdict(steps.length > 0 && steps.every((s) => s.sends.length + s.skipped.length > 0), '每一步都在时间线上，有叫到的人或原因', 'Every step stands on the timeline with whom it reached or why not', `${steps.length} steps, ${a.timeline.length} lines`),
  ];
}

/** The ladder of the desk, by its timeline: 20, 60 and 120 s after the alarm. */
function deskVerdicts(night: Night, a: AlertInFull, touched: boolean): Verdict[] {
  return ([['other-seat', 20, '02:14:25 另一席', '02:14:25 the other seat'], ['shift-leader', 60, '02:15:05 值班长', '02:15:05 the shift leader'], ['duty-leader', 120, '02:16:05 带班领导', '02:16:05 the duty leader']] as const).map(([rung, atS, zh, en]) => {
    const line = a.timeline.find((t) => t.action === 'desk-rung' && t.detail['rung'] === rung);
    const ms = line ? line.at - a.openedAt - atS * 1_000 : null;
    const rang = ((line?.detail['sends'] ?? []) as Sent[]).length > 0;
    const awake = touched || a.timeline.some((t) => t.actorType === 'user' && t.at < night.at('02:16:10'));
    return verdict((ms !== null && ms <= lateMs && rang) || (awake && line === undefined), `${zh}最迟此刻电话响`, `${en} is rung by then`, line ? `${clock(line.at)}${rang ? '' : ', nobody there'}` : awake ? 'not rung: somebody at the wall had pressed a key, and a responder went' : 'not rung');
  });
}

/** 03:00: the road is cut, he does not arrive: the next person. A shift leader who has woken ends the case. */
async function noArrival(night: Night, id: string): Promise<void> {
  await until(night, '02:59:30', 60_000);
  await until(night, '03:00:20', 5_000, true);
  const a = await night.world.until(async () => { const now = await readAlert(night.api, id); return now.timeline.some((t) => t.action === 'no-arrival') && stepsOf(now).some((s) => s.at > night.at('02:59:00')) ? now : null; }, 60_000) ?? await readAlert(night.api, id);
  const late = a.timeline.find((t) => t.action === 'no-arrival');
  const next = stepsOf(a).find((s) => late !== undefined && s.at >= late.at - 1_000);
  night.say(`${clock(night.world.now())} 路断，未到达，叫下一位 · the road is cut, nobody arrived: the next person`);
  night.verdicts.push(verdict(late !== undefined && next !== undefined && next.sends.length > 0, '03:00 未到达，叫下一位', '03:00 no arrival: the next person is called', late ? `${clock(late.at)}, then ${next?.sends.map((s) => `${s.channel} ${s.party}`).join(', ') ?? 'nobody'}` : 'not noticed'));
  night.seat.press();
  await night.seat.api.call('POST', `/api/v1/alerts/${id}/take-over`, {}).catch(() => null);
  const cadre = next?.sends.find((s) => s.party.includes('village-cadre'))?.party ?? next?.sends[0]?.party;
  if (cadre) await night.seat.api.call('POST', `/api/v1/alerts/${id}/accept`, { party: cadre }).catch(() => null);
  await until(night, '03:15:00', 60_000);
  await night.seat.api.call('POST', `/api/v1/alerts/${id}/steps`, { contact: 'visit', note: '村主干步行到达，人已扶起' });
  await until(night, '03:40:00', 60_000);
  await night.seat.api.call('POST', `/api/v1/alerts/${id}/close`, { outcome: 'R1', note: '已扶起，清醒，无明显外伤' });
}
