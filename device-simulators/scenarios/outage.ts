/** A village or town falls silent: one incident, the people behind it listed, no flood of single alarms, neither then nor on the return. */
import type { AlertView } from '#core/live.ts';
import { readAlerts, readStatus } from '#simulators/api/house.ts';
import type { Member } from '#simulators/fleet/fleet.ts';
import { alertsSince, heard } from './looks.ts';
import { minuteMs, type Scenario, some, type Stage, verdict } from './scenario.ts';

export const outage: Scenario = {
  name: 'outage', zh: '片区失联：一村或一乡设备同时失联，只成一个事件，恢复时不刷屏', en: 'a village or town falls silent: one incident, no flood, none on the return', needs: ['fall-radar', 'sos-button'], together: true, minutes: 6, cries: false, people: 'nobody',
  async run(stage) {
    const { world, api, fleet } = stage;
    const area = widest(fleet.members);
    if (area.length === 0) return [verdict(false, '需要同一乡村的雷达', 'Radars of one village or town are needed', `no region has 5 connected radars in 3 homes among ${fleet.members.length} devices`)];
    const online = await heard(stage, area);
    const since = world.now();
    const unheardBefore = (await readStatus(api)).cannotHear;
    stage.say(`${area.length} devices fall silent · ${area.length} 台设备失联`);
    fleet.silence(area);
    await world.until(async () => (await incidents(stage, since)).length > 0, stage.minutes * minuteMs);
    // Until every radar is long past its grace: now single alarms would show.
    await world.wait(4 * minuteMs);
    const during = { incidents: await incidents(stage, since), singles: await singles(stage, since, area), unheard: (await readStatus(api)).cannotHear };
    const figures = during.incidents[0]?.summary ?? {};
    stage.say('power and masts are back · 恢复');
    fleet.revive(area);
    await fleet.online(minuteMs, area);
    const ended = await world.until(async () => (await incidents(stage, since)).every((a) => a.state === 'closed'), 10 * minuteMs);
    await world.wait(minuteMs);
    const after = await singles(stage, since, area);
    const radars = area.filter((m) => m.behaviour.power === 'mains').length;
    return [
      verdict(online === area.length, '失联之前全部在线', 'All were heard before', `${online}/${area.length}`),
      verdict(during.incidents.length === 1, '只有一个片区失联事件', 'One incident', during.incidents.length === 0 ? 'none' : during.incidents.map((a) => `${a.id} ${a.subject.type}:${a.subject.id}`).join(', ')),
      verdict(Number(figures['members'] ?? 0) >= radars, '事件包含全部失联的雷达', 'It holds every radar that fell silent', `${String(figures['members'] ?? 0)} members of ${radars} radars; ${String(figures['presumed'] ?? 0)} more presumed unreachable`),
      verdict(during.unheard > unheardBefore, '“现在听不到”如实显示', 'The strip says how many people cannot be heard', `${during.unheard}, before ${unheardBefore}`),
      verdict(during.singles.length === 0, '没有逐台离线告警', 'No alarm of a single device', during.singles.length === 0 ? '0' : some(during.singles.map((a) => `${a.kind} ${a.deviceId}`), area.length)),
      verdict(ended === true && during.incidents.length > 0, '恢复后事件自行结束', 'It ends by itself on the return', ended === true ? 'closed' : 'still open after 10 min'),
      verdict(after.length === during.singles.length, '恢复时不刷屏', 'No flood on the return', `${after.length - during.singles.length} new`),
    ];
  },
};

const incidents = async ({ api }: Stage, since: number): Promise<AlertView[]> => (await readAlerts(api, { state: 'all', kind: 'outage' }, 500)).filter((a) => a.openedAt >= since);
const singles = async (stage: Stage, since: number, area: readonly Member[]): Promise<AlertView[]> => (await alertsSince(stage, since, area)).filter((a) => a.kind === 'offline' || a.kind === 'mains-lost' || a.kind === 'never-reported');

/** The town, else the village, with most connected radars: enough of them, in enough homes, to be no single fault. */
function widest(members: readonly Member[]): Member[] {
  const radarsOf = (list: readonly Member[]): Member[] => list.filter((m) => m.behaviour.power === 'mains');
  for (const [digits, devices, homes] of [[9, 12, 10], [12, 5, 3]] as const) {
    const areas = Map.groupBy(members.filter((m) => m.regionCode !== null && m.device.connected), (m) => m.regionCode?.slice(0, digits) ?? '');
    const [best] = [...areas.values()].filter((list) => radarsOf(list).length >= devices && new Set(radarsOf(list).map((m) => m.homeId)).size >= homes).sort((a, b) => radarsOf(b).length - radarsOf(a).length);
    if (best) return best;
  }
  return [];
}
