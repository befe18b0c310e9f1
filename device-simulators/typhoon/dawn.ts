/** From half past four to six: everything comes back at once, radars cry fall, one button is pressed by a human; then the figures of the night. */
import { dayOf } from '#core/clock.ts';
import { compareAlerts } from '#core/alert-order.ts';
import type { Member } from '#simulators/fleet/fleet.ts';
import { alertsSince } from '#simulators/scenarios/looks.ts';
import { some, type Verdict, verdict } from '#simulators/scenarios/scenario.ts';
import { counts, officer, towns } from './county.ts';
import { evacuated, radars, small } from './dusk.ts';
import { clock, incidents, listsOf, type Night, openAlerts, until } from './night.ts';

/** 04:30: power and masts are back: all but nine radars reconnect, 37 cry fall, one SOS is real. */
export async function powerBack(night: Night): Promise<void> {
  await until(night, '04:29:30', 60_000);
  await until(night, '04:30:00', 10_000, true);
  const away = new Set(evacuated(night));
  const all = radars(night);
  const lost = all.filter((m) => !away.has(m.personId ?? '')).slice(-counts.lost);
  const watches = night.county.radarHomes.flatMap((h) => h.devices.filter((d) => d.model === 'watch').map((d) => night.member(d.id)));
  const back = [...all.filter((m) => !lost.includes(m)), ...watches, ...small(night)];
  night.say(`${clock(night.world.now())} 来电：${back.length} 台设备重连 · the power is back: ${back.length} devices reconnect`);
  night.fleet.revive(back);
  night.world.pace(5_000, true);
  const up = await night.fleet.online(3 * 60_000, back);
  const since = night.at('04:30:00');
  const falls = back.filter((m) => m.model === 'fall-radar' && !away.has(m.personId ?? '')).filter((_, n) => n % 13 === 5).slice(0, counts.rebootFalls);
  const button = small(night).find((m) => m.model === 'sos-button') as Member;
  await Promise.all(falls.map((m) => night.fleet.press(m, { kind: 'fall', confidence: 0.6, data: { uptimeS: 40 } }, false)));
  await night.world.wait(5_000);
  await night.fleet.press(button, { kind: 'sos' });
  const p1 = async (): ReturnType<typeof openAlerts> => (await openAlerts(night)).filter((a) => a.priority === 1 && a.openedAt >= since);
  await night.world.until(async () => (await p1()).length >= falls.length + 1, 60_000);
  const queue = (await p1()).toSorted(compareAlerts);
  const cried = queue.filter((a) => a.kind === 'fall');
  const homes = new Set(cried.map((a) => a.homeId));
  await night.world.linger(6_000);
  night.verdicts.push(
    verdict(up === back.length, '800 户的设备重连，只有 9 台雷达没回来', 'The devices of 800 homes reconnect, but for nine radars', `${up} of ${back.length} devices of ${new Set([...back, ...lost].map((m) => m.homeId)).size} homes; ${lost.length} radars stay away`),
    verdict(queue[0]?.kind === 'sos' && queue[0]?.homeId === button.homeId, '一键呼排在最上面', 'The SOS is on top', `${queue[0]?.kind ?? 'nothing'} before ${cried.length} falls, pressed last`),
    verdict(cried.length === counts.rebootFalls && homes.size === counts.rebootFalls && cried.every((a) => a.flags.includes('after-reboot')), '37 条跌倒都在，一条不并，注明重启', 'All 37 falls are there, none merged away, marked as after a reboot', `${cried.length} falls of ${homes.size} homes, ${cried.filter((a) => a.flags.includes('after-reboot')).length} marked`),
  );
  await handle(night, queue.map((a) => [a.id, a.kind === 'sos'] as const));
  night.verdicts.push(...await recovered(night, since));
}

/** The shift leader at the desk: the SOS first, then the falls. */
async function handle(night: Night, alerts: readonly (readonly [string, boolean])[]): Promise<void> {
  night.seat.press();
  for (const [id, real] of alerts) await night.seat.api.call('POST', `/api/v1/alerts/${id}/close`, { outcome: real ? 'S1' : 'F2', note: real ? '已与老人通话，要人帮忙接水管' : '来电重启误报，电话核实平安' }).catch(() => null);
}

async function recovered(night: Night, since: number): Promise<Verdict[]> {
  night.world.pace(10_000, true);
  await night.world.until(async () => (await incidents(night)).every((a) => a.state === 'closed'), 30 * 60_000);
  const found = await incidents(night);
  await until(night, '05:58:00', 60_000);
  const still = (await Promise.all(found.map((a) => listsOf(night, a.id)))).flatMap((l) => l.members.filter((m) => m.backAt === null));
  const singles = (await alertsSince(night, since, night.fleet.members)).filter((a) => a.kind === 'offline' || a.kind === 'mains-lost' || a.kind === 'never-reported');
  const shown = found.reduce((n, a) => n + Number(a.summary['silent'] ?? 0), 0);
  const how = found.map((a) => `${clock(a.closedAt ?? 0)} ${String(a.timeline.findLast((t) => t.action === 'closed')?.detail['why'] ?? a.state)}`).join(', ');
  return [
    verdict(found.length === 2 && found.every((a) => a.state === 'closed' && a.timeline.some((t) => t.action === 'closed' && t.detail['why'] === 'recovered')) && still.length === counts.lost && shown === counts.lost, '事件以恢复结束，注明仍失联 9', 'The incidents close as recovered, with 仍失联 9', `${how}; still silent ${still.length}, shown ${shown}`),
    verdict(singles.length === 0, '恢复后没有新的离线告警', 'No new offline alert', singles.length === 0 ? '0' : some(singles.map((a) => `${a.kind} ${a.deviceId}`), singles.length)),
  ];
}

type Roll = { total: { people: number; evacuated: number; seen: number; heard: number; missing: number } };
type Blind = { people: number; away: number; villages: { code: string }[] };

/** 06:00: what the flood office asks: whom we could not have heard, by village; who is evacuated, seen, heard, missing. */
export async function report(night: Night): Promise<void> {
  await until(night, '06:00:30', 30_000, true);
  const rolls = await Promise.all(Object.values(towns).map((region) => night.api.call<Roll>('GET', `/api/v1/reports/roll?from=${night.startAt}&region=${region}`)));
  const total = (key: keyof Roll['total']): number => rolls.reduce((n, r) => n + r.total[key], 0);
  const day = dayOf(night.world.now());
  const blind = await Promise.all(Object.values(towns).map((region) => night.api.call<Blind>('GET', `/api/v1/reports/blind?day=${day}&region=${region}`)));
  const villages = new Set(blind.flatMap((b) => b.villages.map((v) => v.code)));
  const [unheard, away] = [blind.reduce((n, b) => n + b.people, 0), blind.reduce((n, b) => n + b.away, 0)];
  const figures = `已转移 ${total('evacuated')} · 已见人 ${total('seen')} · 设备听到 ${total('heard')} · 失联 ${total('missing')}`;
  night.say(`${clock(night.world.now())} 报告：${figures} · evacuated, seen, heard by a device, missing`);
  night.verdicts.push(
    verdict(night.county.villages.every((v) => villages.has(v)), '06:00 报告：各村盲区时段', '06:00 report: blind windows by village', `${villages.size} villages; ${unheard} people could not have been heard, ${away} more were away`),
    verdict(total('evacuated') === counts.evacuated && total('seen') >= 1 && total('missing') === counts.lost, '06:00 报告：已转移、已见人、失联', '06:00 report: people evacuated, seen, not seen', `${figures} of ${total('people')}`),
    ...await budgets(night),
  );
}

/** Calls to one number in five minutes and in an hour (F6), and that the provider refused nothing but what it was told to. */
async function budgets(night: Night): Promise<Verdict[]> {
  if (night.phones === null) return [];
  const { calls } = await night.phones.messages();
  const mine = calls.filter((c) => c.at >= night.startAt);
  const worst = (spanMs: number): { n: number; phone: string } => {
    let most = { n: 0, phone: '' };
    for (const [phone, list] of Map.groupBy(mine, (c) => c.phone)) for (const from of list) { const n = list.filter((c) => c.at >= from.at && c.at < from.at + spanMs).length; if (n > most.n) most = { n, phone }; }
    return most;
  };
  const [five, hour] = [worst(5 * 60_000), worst(3_600_000)];
  const refused = (await night.phones.requests()).filter((r) => r.at >= night.startAt && r.code === 'isv.BUSINESS_LIMIT_CONTROL' && r.phone !== officer.phone);
  return [verdict(five.n <= 3 && hour.n <= 5 && refused.length === 0, '谁的呼叫次数都没有超', 'Nobody’s budget is broken', `at most ${five.n} calls to one number in 5 min, ${hour.n} in an hour (${hour.phone.slice(-4)}); ${refused.length} refused by the provider’s windows`)];
}
