/** Falls from many homes at once: an earthquake, a bad firmware. Each is an alert of its own, of each somebody is told. */
import { readAlert } from '#simulators/api/house.ts';
import { settle } from '#simulators/report/ledger.ts';
import { close, handled, untilAll } from './looks.ts';
import { minuteMs, type Scenario, some, verdict } from './scenario.ts';

/** Homes of one flood at most: more would only say the same again. */
const homesMax = 300;

export const flood: Scenario = {
  name: 'flood', zh: '跌倒潮：许多家同时报跌倒，条条成警情、条条有人被叫', en: 'falls from many homes at once: each an alert, each handled', needs: ['fall-radar'], minutes: 5, cries: false, people: 'prompt',
  async run(stage) {
    const { world, api, fleet } = stage;
    const homes = new Map(fleet.members.filter((m) => m.model === 'fall-radar' && m.device.connected && m.homeId !== null).map((m) => [m.homeId, m]));
    const falling = [...homes.values()].slice(0, homesMax);
    if (falling.length === 0) return [verdict(false, '需要在线的雷达', 'Connected radars are needed', `none among ${fleet.members.length} devices`)];
    const presses = (await Promise.all(falling.map((m) => fleet.press(m, { kind: 'fall', confidence: 0.9 })))).filter((e) => e !== null);
    let found = await settle(api, presses);
    await world.until(async () => {
      found = await settle(api, presses);
      return found.every((f) => f.why === 'counted');
    }, minuteMs);
    const ids = [...new Set(found.flatMap((f) => f.alertId ?? []))];
    const silent = await untilAll(stage, ids, async (id) => handled(await readAlert(api, id)), stage.minutes * minuteMs);
    const left = await close(stage, ids, 'F2', '模拟演示：跌倒潮');
    return [
      verdict(presses.length === falling.length, '每次跌倒都已确认', 'Every fall was acknowledged', `${presses.length}/${falling.length}`),
      verdict(ids.length === falling.length, '每户一条警情，一条不并掉', 'An alert for every home, none merged away', `${ids.length} alerts of ${falling.length} homes`),
      verdict(silent.length === 0, '每条警情都已叫到人', 'Of every alert somebody was told', silent.length === 0 ? `${ids.length}/${ids.length}` : `nobody told of ${some(silent, ids.length)}`),
      verdict(left.length === 0, '全部由人办结', 'All were closed by a human', `${ids.length - left.length}/${ids.length}`),
    ];
  },
};
