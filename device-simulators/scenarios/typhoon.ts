/** The typhoon night (FIELD 3), minute by minute from 19:00 to 06:00 on the real house: each line of the night is a verdict. */
import type { Member } from '#simulators/fleet/fleet.ts';
import { makeCounty, towns } from '#simulators/typhoon/county.ts';
import { powerBack, report } from '#simulators/typhoon/dawn.ts';
import { evacuate, mastsDie, powerCut, refusedMobile } from '#simulators/typhoon/dusk.ts';
import { clock, type Night, nextEvening, timeOf, unheard, until } from '#simulators/typhoon/night.ts';
import { takeSeat } from '#simulators/typhoon/seat.ts';
import { herFall, sleepingDesk } from '#simulators/typhoon/small-hours.ts';
import { type Scenario, type Stage, verdict } from './scenario.ts';

export const typhoon: Scenario = {
  name: 'typhoon', zh: '台风夜：十一小时，数分钟看完，逐条核对', en: 'the typhoon night, eleven hours in minutes, judged line by line', needs: [], minutes: 660, cries: false, people: 'nobody', own: true, travels: true,
  async run(stage) {
    if (stage.phones === null) return [verdict(false, '需要模拟网关', 'The stand-in gateway is needed', 'it does not answer: --phones')];
    const night = await prepare(stage);
    try {
      for (const act of [evacuate, comeUp, powerCut, mastsDie, refusedMobile, sleepingDesk, herFall, powerBack, report]) await act(night);
    } finally {
      await stage.phones.clearFaults();
      await night.seat.leave();
      stage.say('The house’s clock stays ahead until the demonstration is removed (npm run demo:remove). · 演示时钟不回拨，删除演示数据时复原。');
    }
    return night.verdicts;
  },
};

/** Goes to the evening, builds the two towns and takes the seat. */
async function prepare(stage: Stage): Promise<Night> {
  const { world, api } = stage;
  const startAt = nextEvening(world.now());
  stage.say('the house’s clock goes ahead to 19:00 · 演示时钟走到 19:00');
  world.pace(3_600_000);
  await world.wait(startAt - world.now());
  const county = await makeCounty(api, stage.seed);
  const members = new Map<string, Member>();
  const seat = await takeSeat(api, world);
  const night: Night = {
    ...stage, county, members, seat, startAt, baseline: await unheard({ api }, Object.values(towns)), at: (time) => timeOf(startAt, time), verdicts: [],
    member(id) {
      const m = members.get(id);
      if (!m) throw new Error(`no such device of the night: ${id}`);
      return m;
    },
  };
  // Somebody works at the desk until 00:41.
  let pressedAt = world.now();
  world.each((now) => { if (now - pressedAt >= 15 * 60_000 && now < night.at('00:38:00')) { pressedAt = now; seat.press(); } });
  return night;
}

/** 21:20: the devices are fitted and come up; what they would have said before adds nothing to the night. */
async function comeUp(night: Night): Promise<void> {
  const { world, county, fleet } = night;
  await until(night, '21:20:00', 300_000);
  await county.fit();
  for (const m of fleet.add([...county.radarHomes, ...county.smallHomes, county.her].flatMap((h) => h.devices))) night.members.set(m.id, m);
  const watch = night.member(county.her.devices[0]?.id ?? '');
  watch.device.state.cell = county.her.mast;
  world.pace(5_000, true);
  const up = await fleet.online(4 * 60_000);
  night.verdicts.push(verdict(up === night.members.size, '全部设备已上线', 'Every device came up', `${up}/${night.members.size} at ${clock(world.now())}`));
}
