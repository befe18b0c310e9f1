/** One press of one button, from the finger to the end: alert, first text, somebody promises to come, the elder hears it, arrival, close. */
import { readAlert } from '#simulators/api/house.ts';
import type { Member } from '#simulators/fleet/fleet.ts';
import { alertOf, close, firstTold } from './looks.ts';
import { minuteMs, type Scenario, type Stage, type Verdict, verdict } from './scenario.ts';

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

export const singleSos: Scenario = {
  name: 'single-sos', zh: '一次按键：警情、短信、回复“我去”、老人听到、到达、办结', en: 'one press: alert, first SMS, somebody answers 我去, the elder hears it, arrival, close', needs: ['sos-button'], minutes: 10, cries: false, people: 'nobody',
  async run(stage) {
    const { world, api, fleet, phones } = stage;
    const button = fleet.members.find((m) => m.model === 'sos-button' && m.device.connected);
    if (!button) return [verdict(false, '需要一台在线的按钮', 'A connected button is needed', `none among ${fleet.members.length} devices`)];
    const entry = await fleet.press(button, { kind: 'sos' });
    const alert = entry && await alertOf(stage, entry);
    const verdicts = [verdict(alert !== null, '按键成为警情', 'The press is an alert', alert ? `alert ${alert.id}, acknowledged after ${Math.round(entry?.ack?.ms ?? 0)} ms` : 'none within a minute')];
    if (!alert) return verdicts;
    const told = await world.until(async () => firstTold(await readAlert(api, alert.id)), minuteMs);
    verdicts.push(verdict(told !== null, '第一条短信或电话已被网关接受', 'The gateway has taken the first message', told === null ? 'none within a minute' : seconds(told)));
    if (phones === null) stage.say('The stand-in cannot be reached: nobody answers by telephone. 模拟网关不可达，无人接听。');
    else verdicts.push(...await followed(stage, alert.id, button));
    const left = await close(stage, [alert.id], 'F1', '模拟演示：按键已核实');
    verdicts.push(verdict(left.length === 0, '由人办结', 'A human has closed it', left.length === 0 ? 'F1' : `alert ${alert.id} is still open`));
    return verdicts;
  },
};

async function followed(stage: Stage, alertId: string, button: Member): Promise<Verdict[]> {
  const { world, api } = stage;
  const phone = await world.until(() => whoWasTexted(stage, alertId), minuteMs);
  if (phone === null) return [verdict(false, '短信到达村里人的手机', 'The text is on somebody’s phone', 'on none within a minute')];
  const began = world.now();
  await stage.phones?.reply(phone, '我去');
  const committed = await world.until(async () => (await readAlert(api, alertId)).committedAt, minuteMs);
  const heard = await world.until(() => button.device.heard.find((h) => h.name === 'voice' && h.args['say'] === 'coming') ?? null, minuteMs);
  await stage.phones?.reply(phone, '到了');
  const arrived = await world.until(async () => (await readAlert(api, alertId)).arrivedAt, minuteMs);
  return [
    verdict(committed !== null, '回复“我去”即已叫应', 'The answer 我去 commits', committed === null ? 'not within a minute' : `${seconds(Math.max(0, committed - began))} after the answer`),
    verdict(heard !== null, '老人听到有人赶来', 'The elder hears that somebody comes', heard === null ? `heard: ${button.device.heard.map((h) => h.name).join(', ') || 'nothing'}` : `“${String(heard.args['text'] ?? '')}”`),
    verdict(arrived !== null, '回复“到了”即已到达', 'The answer 到了 is the arrival', arrived === null ? 'not within a minute' : 'arrived'),
  ];
}

/** The telephone on which the first text of this alert lies. */
async function whoWasTexted(stage: Stage, alertId: string): Promise<string | null> {
  const sent = (await readAlert(stage.api, alertId)).messages.filter((m) => m.channel === 'sms' && m.acceptedAt !== null && m.party.startsWith('responder:'));
  const onPhones = (await stage.phones?.messages())?.messages ?? [];
  return onPhones.find((sms) => sent.some((m) => m.outId === sms.outId))?.phone ?? null;
}
