/**
 * What can be proven of each kind of device on site, in at most eight minutes (FIELD F15): which steps, how the installer provokes
 * them, the longest wait. What cannot be proven there is named as probation, never as passed.
 */
import type { DeviceType } from '#core/decision.ts';
import type { DeviceKind } from '#core/event.ts';

export const stepNames = ['registered', 'connected', 'heartbeat', 'alarm', 'cancel', 'offline', 'reconnect', 'contact-sms'] as const;
export type StepName = (typeof stepNames)[number];
export type Words = { zh: string; en: string };

export type Profile = {
  /** The alarm of its kind. */ alarm: DeviceKind;
  /** It hears commands: the elder is told through it, and a test call proves both directions. */ hears: boolean;
  /** What takes its alarm back at the device: a cancel key, a `clear` of its own, or nothing. */ back: 'cancel' | 'clear' | null;
  provoke: Partial<Record<StepName, Words>>;
};

const power: Words = { zh: '给设备通电（或装上电池），等指示灯亮', en: 'Power the device (or insert its battery) and wait for its light' };
const beat: Words = { zh: '按一下设备的测试键，让它上报一次', en: 'Press the test key, so that it reports once' };
const pull: Words = { zh: '拔掉设备电源，不要插回', en: 'Unplug the device and leave it unplugged' };
const plug: Words = { zh: '重新通电', en: 'Power it again' };
const mainsDevice: Profile['provoke'] = { connected: power, heartbeat: { zh: '等设备自己上报', en: 'Wait for its own report' }, offline: pull, reconnect: plug };
const batteryDevice: Profile['provoke'] = { connected: power, heartbeat: beat, reconnect: { zh: '取下电池，数到十，再装上，按一下测试键', en: 'Take the battery out, count to ten, put it back, press the test key' } };

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

/** Longest wait of one step on site; together with the rest they stay within eight minutes. */
export const waitMs = { step: 60_000, alarm: 90_000, offline: 300_000 } as const;
/** Offline by silence can be seen on site when the class's grace is no longer than this. */
const graceOnSiteMs = 240_000;

export type Plan = { profile: Profile; steps: readonly StepName[]; probation: readonly Words[] };

/** The steps for a device of this type and class. A one-key telephone is proven by ringing it, which no program can do. */
export function planOf(type: DeviceType, graceS: number): Plan | null {
  if (type === 'phone') return null;
  const profile = profiles[type];
  const quick = graceS * 1000 <= graceOnSiteMs;
  const hours = Math.round(graceS / 3600);
  const grace: Words = graceS < 3600 ? { zh: `${Math.round(graceS / 60)} 分钟`, en: `${Math.round(graceS / 60)} min` } : { zh: `${hours} 小时`, en: `${hours} h` };
  const steps = stepNames.filter((s) => (s === 'cancel' ? profile.back !== null : s === 'offline' ? quick : true));
  const probation: Words[] = [
    ...(quick ? [] : [{ zh: `离线告警（静默 ${grace.zh} 才判定，现场等不到）：列入 7 天观察`, en: `Offline notice (only after ${grace.en} of silence): 7 days of probation` }]),
    { zh: '三次连续自动心跳、低电量：列入 7 天观察', en: 'Three heartbeats in a row by itself, low battery: 7 days of probation' },
  ];
  return { profile, steps, probation };
}
