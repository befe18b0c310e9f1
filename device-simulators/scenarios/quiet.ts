/** Nothing happens: devices beat, and the house must not raise anything. */
import { alertsSince } from './looks.ts';
import { minuteMs, type Scenario, some, verdict } from './scenario.ts';

export const quiet: Scenario = {
  name: 'quiet', zh: '平静：只有心跳，不应有任何警情', en: 'calm: heartbeats only, nothing may be raised', needs: [], minutes: 5, cries: false, people: 'nobody',
  async run(stage) {
    const since = stage.world.now();
    await stage.world.wait(stage.minutes * minuteMs);
    const raised = await alertsSince(stage, since, stage.fleet.members);
    const { devices, connected } = stage.fleet.figures();
    return [
      verdict(connected === devices, '全部设备在线', 'Every device is connected', `${connected}/${devices}`),
      verdict(raised.length === 0, '没有产生警情', 'Nothing was raised', raised.length === 0 ? `0 in ${stage.minutes} min` : some(raised.map((a) => `${a.kind} ${a.id}`), raised.length)),
    ];
  },
};
