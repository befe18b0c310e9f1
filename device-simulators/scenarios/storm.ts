/** Every wire goes at once and comes back at once: each login is checked again, nothing is raised, and an SOS in the middle of it is fast. */
import { SimDevice } from '#simulators/device/device.ts';
import { alertOf, alertsSince, close } from './looks.ts';
import { minuteMs, type Scenario, some, type Stage, verdict } from './scenario.ts';

/** What the press may wait from its own login to its PUBACK while everybody logs in. */
const pressMs = 2_000;

export const storm: Scenario = {
  name: 'storm', zh: '重连风暴：全部断线同时重连，不产生警情，期间按键仍然很快', en: 'all disconnect and reconnect at once: no alert, an SOS meanwhile is acknowledged fast', needs: ['sos-button'], minutes: 5, cries: false, people: 'prompt',
  async run(stage) {
    const { world, fleet } = stage;
    const since = world.now();
    const before = fleet.figures().connected;
    const button = fleet.members.find((m) => m.model === 'sos-button' && m.device.connected);
    fleet.storm(fleet.members);
    const began = world.now();
    const refused = await strangerRefused(stage);
    // Pressed as soon as its own wire is back, while the others still log in.
    if (button) await fleet.online(minuteMs, [button]);
    const entry = button ? await fleet.press(button, { kind: 'sos' }) : null;
    const back = await fleet.online(stage.minutes * minuteMs);
    const backMs = world.now() - began;
    const alert = entry && await alertOf(stage, entry);
    await world.wait(minuteMs);
    const raised = (await alertsSince(stage, since, fleet.members)).filter((a) => a.id !== alert?.id);
    if (alert) await close(stage, [alert.id], 'F1', '模拟演示：重连风暴中的按键');
    return [
      verdict(back >= before, '全部设备重新上线', 'Every device is back', `${back}/${before} after ${Math.round(backMs / 100) / 10} s`),
      verdict(refused, '登录逐一重新核对：错误的密码被拒绝', 'Logins are checked again: a wrong secret is refused in the middle of it', refused ? 'refused' : 'a wrong secret came in'),
      verdict(raised.length === 0, '没有因重连产生警情', 'Nothing was raised by it', raised.length === 0 ? '0' : some(raised.map((a) => `${a.kind} ${a.id}`), raised.length)),
      verdict(entry?.ack != null && entry.ack.ms <= pressMs && alert !== null, `风暴中的按键在 ${pressMs / 1000} 秒内确认并成为警情`, `The SOS in the storm was acknowledged within ${pressMs / 1000} s and is an alert`,
        entry?.ack ? `${Math.round(entry.ack.ms)} ms, alert ${alert?.id ?? 'none'}` : 'not acknowledged'),
    ];
  },
};

/** Somebody with a member's id and a wrong secret. */
async function strangerRefused({ fleet, world }: Stage): Promise<boolean> {
  const victim = fleet.members.at(-1);
  if (!victim) return false;
  const stranger = new SimDevice({ id: victim.id, secret: `${victim.secret.slice(0, -1)}!`, model: victim.model, address: fleet.address, now: () => world.now() });
  return stranger.connect().then(() => { stranger.close(); return false; }, (error: Error) => error.name === 'Refusal');
}
