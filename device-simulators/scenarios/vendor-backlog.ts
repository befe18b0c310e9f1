/**
 * A vendor's cloud was away for hours and now delivers everything at once: late, out of order, twice. Late alarms are alarms;
 * technical ones that are over stay over; what one device says keeps its order.
 */
import { type EventSeen, readAlert, readEvents } from '#simulators/api/house.ts';
import type { EventInput } from '#simulators/device/device.ts';
import type { Member } from '#simulators/fleet/fleet.ts';
import { alertsSince, close, untilAll } from './looks.ts';
import { minuteMs, type Scenario, some, type Stage, type Verdict, verdict } from './scenario.ts';

const hourMs = 60 * minuteMs;
const homesMax = 60;
type Sent = EventInput & { id: string; at: number };
type Story = { member: Member; sent: Sent[]; stored: EventSeen[] };

/** One device's backlog as a vendor's retries shuffle it: alarms that were cleared later arrive after their clear, the SOS twice. */
function backlog(now: number, nth: number): Sent[] {
  const at = (hours: number): number => Math.round(now - hours * hourMs - nth * 1_000);
  const id = (what: string): string => `late-${nth}-${at(0).toString(36)}-${what}`;
  const press: Sent = { kind: 'sos', id: id('sos'), at: at(2.5) };
  return [
    { kind: 'tamper', edge: 'clear', id: id('tamper'), at: at(3) }, press, { kind: 'tamper', id: id('tamper'), at: at(5) }, press,
    { kind: 'fault', edge: 'clear', id: id('fault'), at: at(1) }, { kind: 'fault', id: id('fault'), at: at(4) },
  ];
}

export const vendorBacklog: Scenario = {
  name: 'vendor-backlog', zh: '平台积压：数小时前的报文乱序、重复到达', en: 'a vendor delivers hours late, out of order, twice', needs: ['sos-button'], minutes: 5, cries: false, people: 'prompt',
  async run(stage) {
    const { world, api, fleet } = stage;
    const since = world.now();
    const late = [...new Map(fleet.members.filter((m) => m.model === 'sos-button' && m.device.connected).map((m) => [m.homeId ?? m.id, m])).values()].slice(0, homesMax);
    if (late.length === 0) return [verdict(false, '需要在线的按钮', 'Connected buttons are needed', `none among ${fleet.members.length} devices`)];
    const stories = late.map((member, i): Story => ({ member, sent: backlog(since, i), stored: [] }));
    await Promise.all(stories.flatMap(({ member, sent }) => sent.map((e) => fleet.press(member, e))));
    await world.until(async () => {
      for (const s of stories) s.stored = (await readEvents(api, s.member.id)).filter((e) => s.sent.some((x) => x.id === e.sourceEventId)).toReversed();
      return stories.every(({ sent, stored }) => stored.length >= sent.length && stored.every((e) => e.evaluatedAt !== null));
    }, stage.minutes * minuteMs);
    const alerts = await alertsSince(stage, since, late);
    const technical = alerts.filter((a) => a.priority > 2 && a.state !== 'closed');
    const verdicts = [
      ...judgeEvents(stories), ...await judgeAlarms(stage, late, alerts.filter((a) => a.kind === 'sos').map((a) => a.id)),
      verdict(technical.length === 0, '已经恢复的设备告警不再打开', 'Technical alarms that are over stay over', technical.length === 0 ? `${late.length * 2} came after their end, none is open` : some(technical.map((a) => `${a.kind} ${a.deviceId}`), late.length * 2)),
    ];
    await close(stage, alerts.filter((a) => a.priority === 1).map((a) => a.id), 'F1', '模拟演示：平台积压');
    return verdicts;
  },
};

function judgeEvents(stories: readonly Story[]): Verdict[] {
  const wanted = stories.reduce((n, s) => n + s.sent.length, 0);
  const stored = stories.flatMap((s) => s.stored);
  const undecided = stored.filter((e) => e.evaluatedAt === null);
  const shuffled = stories.filter((s) => s.stored.map((e) => `${e.sourceEventId} ${e.edge}`).join() !== s.sent.map((e) => `${e.id} ${e.edge ?? 'raise'}`).join());
  const unflagged = stored.filter((e) => !e.flags.includes('late'));
  return [
    verdict(stored.length === wanted && undecided.length === 0, '积压报文全部入库并已判定', 'All of the backlog is stored and evaluated', `${stored.length}/${wanted}, ${undecided.length} wait`),
    verdict(shuffled.length === 0, '同一设备的次序不乱', 'The order of a device is kept', shuffled.length === 0 ? `${stories.length} devices` : some(shuffled.map((s) => s.member.id), stories.length)),
    verdict(unflagged.length === 0, '迟到的报文都有标记', 'What came late is flagged', unflagged.length === 0 ? `${stored.length}/${stored.length}` : `unflagged ${some(unflagged.map((e) => e.id), stored.length)}`),
  ];
}

async function judgeAlarms(stage: Stage, late: readonly Member[], ids: readonly string[]): Promise<Verdict[]> {
  const untold = await untilAll(stage, ids, async (id) => (await readAlert(stage.api, id)).messages.some((m) => m.acceptedAt !== null), 2 * minuteMs);
  const alerts = await Promise.all(ids.map((id) => readAlert(stage.api, id)));
  const wrong = alerts.filter((a) => !a.flags.includes('late') || a.duplicateCount !== 1);
  return [
    verdict(ids.length === late.length, '迟到的求助仍然是警情', 'A late SOS is an alert', `${ids.length}/${late.length}`),
    verdict(untold.length === 0, '迟到的求助照样叫人', 'A late SOS is told to people like any other', untold.length === 0 ? `${ids.length}/${ids.length}` : `nobody told of ${some(untold, ids.length)}`),
    verdict(wrong.length === 0, '警情注明迟到，重复报文只计数', 'It says that it is late, and counts its duplicate', wrong.length === 0 ? `${alerts.length}/${alerts.length}` : some(wrong.map((a) => `${a.id} [${a.flags.join(' ')}] duplicates ${a.duplicateCount}`), alerts.length)),
  ];
}
