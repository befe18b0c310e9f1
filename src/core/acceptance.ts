/**
 * What can be proven of each kind of device on site, in at most eight minutes (FIELD F15): which steps, how the installer provokes
 * them, the longest wait. What cannot be proven there is named as probation of the seven days after, never as passed. Pure; one
 * source for the house, the installer's page and `npm run acceptance`.
 */
import type { DeviceType } from './decision.ts';
import type { DeviceKind } from './event.ts';

export const stepNames = ['registered', 'connected', 'heartbeat', 'alarm', 'cancel', 'voice', 'offline', 'reconnect', 'contact-sms'] as const;
export type StepName = (typeof stepNames)[number];
export type Words = { zh: string; en: string };

export type Profile = {
  /** The alarm of its kind. */ alarm: DeviceKind;
  /** It hears commands: the elder is told through it, and a test call proves both directions. */ hears: boolean;
  /** What takes its alarm back at the device: a cancel key, a `clear` of its own, or nothing. */ back: 'cancel' | 'clear' | null;
  provoke: Partial<Record<StepName, Words>>;
};

export const stepWords: Readonly<Record<StepName, Words>> = {
  registered: { zh: '登记', en: 'registered' }, connected: { zh: '连接', en: 'connected' }, heartbeat: { zh: '心跳', en: 'heartbeat' }, alarm: { zh: '报警到值班台并返回', en: 'alarm to the console and back' },
  cancel: { zh: '取消', en: 'cancel' }, voice: { zh: '喊话听得清', en: 'its voice is heard' }, offline: { zh: '离线', en: 'offline' }, reconnect: { zh: '断线重连', en: 'back again' }, 'contact-sms': { zh: '第一联系人试铃短信', en: 'ring test to the first contact' },
};

const power: Words = { zh: '给设备通电（或装上电池），等指示灯亮', en: 'Power the device (or insert its battery) and wait for its light' };
const beat: Words = { zh: '按一下设备的测试键，让它上报一次', en: 'Press the test key, so that it reports once' };
const pull: Words = { zh: '拔掉设备电源，不要插回', en: 'Unplug the device and leave it unplugged' };
const plug: Words = { zh: '重新通电', en: 'Power it again' };
const listen: Words = { zh: '听设备播报一句话，问老人听清没有', en: 'Hear the sentence it speaks and ask whether it was understood' };
const mainsDevice: Profile['provoke'] = { connected: power, heartbeat: { zh: '等设备自己上报', en: 'Wait for its own report' }, voice: listen, offline: pull, reconnect: plug };
const batteryDevice: Profile['provoke'] = { connected: power, heartbeat: beat, voice: listen, reconnect: { zh: '取下电池，数到十，再装上，按一下测试键', en: 'Take the battery out, count to ten, put it back, press the test key' } };

const profiles: Readonly<Record<DeviceType, Profile>> = {
  'sos-button': { alarm: 'sos', hears: true, back: 'cancel', provoke: { ...batteryDevice, alarm: { zh: '按下求助键', en: 'Press the SOS key' }, cancel: { zh: '长按取消键', en: 'Hold the cancel key' } } },
  watch: { alarm: 'sos', hears: true, back: 'cancel', provoke: { ...batteryDevice, alarm: { zh: '长按手表求助键', en: 'Hold the SOS key of the watch' }, cancel: { zh: '在手表上点取消', en: 'Tap cancel on the watch' } } },
  'fall-radar': { alarm: 'fall', hears: true, back: 'clear', provoke: { ...mainsDevice, alarm: { zh: '在雷达下方慢慢躺到地上，不要动', en: 'Lie down slowly under the radar and keep still' }, cancel: { zh: '站起来，走动', en: 'Stand up and walk' } } },
  smoke: { alarm: 'smoke', hears: false, back: 'clear', provoke: { ...batteryDevice, alarm: { zh: '按住测试键直到蜂鸣，或用烟雾测试剂', en: 'Hold the test key until it sounds, or use test smoke' }, cancel: { zh: '松开测试键，等它静音', en: 'Let go and wait until it is silent' } } },
  gas: { alarm: 'gas', hears: false, back: 'clear', provoke: { ...mainsDevice, alarm: { zh: '按住测试键直到报警', en: 'Hold the test key until it sounds' }, cancel: { zh: '松开测试键', en: 'Let go of the test key' } } },
  bed: { alarm: 'bed-exit', hears: false, back: 'clear', provoke: { ...mainsDevice, alarm: { zh: '起身离床，按说明书等够离床时间', en: 'Leave the bed for as long as its manual says' }, cancel: { zh: '躺回床上', en: 'Lie down again' } } },
  door: { alarm: 'fault', hears: false, back: null, provoke: { ...batteryDevice, alarm: { zh: '按测试键', en: 'Press the test key' } } },
  gateway: { alarm: 'sos', hears: true, back: null, provoke: { ...mainsDevice, alarm: { zh: '按网关上的求助键', en: 'Press the SOS key of the gateway' } } },
  phone: { alarm: 'sos', hears: false, back: null, provoke: {} },
};

/** Longest wait of each step on site, ms. The text to the contact waits beside the others; `voice` is a sentence and an answer. */
export const waitMs: Readonly<Record<StepName, number>> = { registered: 0, connected: 45_000, heartbeat: 60_000, alarm: 90_000, cancel: 30_000, voice: 20_000, offline: 200_000, reconnect: 35_000, 'contact-sms': 60_000 };
/** Steps that wait beside the others. */
export const beside: ReadonlySet<StepName> = new Set(['registered', 'contact-sms']);
/** Steps that the house itself has to begin: a command down, a text. */
export const startable: ReadonlySet<StepName> = new Set(['connected', 'reconnect', 'voice', 'contact-sms']);
/** What only a human can know (F16). */
export const human: ReadonlySet<StepName> = new Set(['voice']);
export const onSiteMaxMs = 8 * 60_000;
export const probationDays = 7;
/** Offline by silence can be seen on site when the class's grace is no longer than this. */
const graceOnSiteMs = 185_000;

export type Plan = { profile: Profile; steps: readonly StepName[]; probation: readonly Words[] };

/** The longest that these steps take one after the other. */
export const onSiteMs = (steps: readonly StepName[]): number => steps.reduce((sum, s) => sum + (beside.has(s) ? 0 : waitMs[s]), 0);

/** The steps for a device of this type and class; `voice`: the model speaks. A one-key telephone is proven by ringing it, which no program can do: null. */
export function planOf(type: DeviceType, graceS: number, voice = false): Plan | null {
  if (type === 'phone') return null;
  const profile = profiles[type];
  const quick = graceS * 1000 <= graceOnSiteMs;
  const hours = Math.round(graceS / 3600);
  const grace: Words = graceS < 3600 ? { zh: `${Math.round(graceS / 60)} 分钟`, en: `${Math.round(graceS / 60)} min` } : { zh: `${hours} 小时`, en: `${hours} h` };
  const steps = stepNames.filter((s) => (s === 'cancel' ? profile.back !== null : s === 'offline' ? quick : s === 'voice' ? voice && profile.hears : true));
  const probation: Words[] = [
    ...(quick ? [] : [{ zh: `离线告警（静默 ${grace.zh} 才判定，现场等不到）：列入 7 天观察`, en: `Offline notice (only after ${grace.en} of silence): 7 days of probation` }]),
    { zh: '三次连续自动心跳、低电量：列入 7 天观察', en: 'Three heartbeats in a row by itself, low battery: 7 days of probation' },
  ];
  return { profile, steps, probation };
}
