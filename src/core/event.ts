/**
 * Events: what a device, a person or our own supervision reports (上报事件). Words of DEVICES 0; an event is a fact
 * and is never changed, only evaluated once.
 */
import type { DeviceId, EventId, HomeId, PersonId, RegionCode } from './ids.ts';

/** Kinds a device may send. */
export const deviceKinds = [
  'sos', 'fall', 'smoke', 'gas', 'motionless', 'bed-exit', 'wander', 'vital-high', 'vital-low',
  'low-battery', 'mains-lost', 'tamper', 'removed', 'fault', 'test', 'cancel',
] as const;
/** Kinds that only our own house makes. */
const houseKinds = ['phone-in', 'offline', 'never-reported', 'outage', 'blind-window', 'unreadable-alarm', 'unknown-device', 'self-check', 'audit', 'no-responder', 'flow'] as const;
export const eventKinds = [...deviceKinds, ...houseKinds] as const;
export type DeviceKind = (typeof deviceKinds)[number];
export type EventKind = (typeof eventKinds)[number];

export const edges = ['raise', 'clear', 'repeat', 'report'] as const;
export type Edge = (typeof edges)[number];

/** P1 emergency, P2 urgent, P3 technical affecting safety, P4 information. */
export type Priority = 1 | 2 | 3 | 4;

/** Default priority, Chinese name (FIELD 4), and whether a person (not a machine) made it. */
export const kindInfo: Record<EventKind, { priority: Priority; zh: string; en: string; spoken: string }> = {
  sos: { priority: 1, zh: '一键呼', en: 'SOS', spoken: '按了求助' },
  'phone-in': { priority: 1, zh: '电话报警', en: 'Phone-in', spoken: '来电求助' },
  smoke: { priority: 1, zh: '烟感', en: 'Smoke', spoken: '烟感报警' },
  gas: { priority: 1, zh: '燃气报警', en: 'Gas', spoken: '燃气报警' },
  fall: { priority: 1, zh: '跌倒', en: 'Fall', spoken: '疑似跌倒' },
  motionless: { priority: 2, zh: '长时间无活动', en: 'Motionless', spoken: '长时间无活动' },
  'bed-exit': { priority: 2, zh: '离床未归', en: 'Bed exit', spoken: '离床未归' },
  wander: { priority: 2, zh: '走失', en: 'Wander', spoken: '可能走失' },
  'vital-high': { priority: 2, zh: '体征偏高', en: 'Vital high', spoken: '体征异常' },
  'vital-low': { priority: 2, zh: '体征偏低', en: 'Vital low', spoken: '体征异常' },
  outage: { priority: 2, zh: '片区失联', en: 'Area outage', spoken: '片区失联' },
  'unreadable-alarm': { priority: 2, zh: '报文不明', en: 'Unreadable alarm', spoken: '报警不明' },
  'unknown-device': { priority: 2, zh: '设备未登记', en: 'Unknown device', spoken: '设备未登记' },
  'self-check': { priority: 2, zh: '链路自检失败', en: 'Self-check failed', spoken: '链路自检失败' },
  audit: { priority: 2, zh: '核查发现', en: 'Audit finding', spoken: '核查发现' },
  flow: { priority: 2, zh: '自定规则', en: 'Custom rule', spoken: '自定规则告警' },
  'no-responder': { priority: 3, zh: '无人可叫', en: 'Nobody to call', spoken: '无人可叫' },
  offline: { priority: 3, zh: '离线', en: 'Offline', spoken: '设备离线' },
  'never-reported': { priority: 4, zh: '从未上线', en: 'Never reported', spoken: '从未上线' },
  'mains-lost': { priority: 3, zh: '断电', en: 'Mains lost', spoken: '断电' },
  'low-battery': { priority: 3, zh: '低电量', en: 'Low battery', spoken: '低电量' },
  tamper: { priority: 3, zh: '防拆', en: 'Tamper', spoken: '设备被拆' },
  removed: { priority: 3, zh: '未佩戴', en: 'Removed', spoken: '未佩戴' },
  fault: { priority: 3, zh: '故障', en: 'Fault', spoken: '设备故障' },
  'blind-window': { priority: 4, zh: '盲区时段', en: 'Blind window', spoken: '盲区时段' },
  test: { priority: 4, zh: '测试', en: 'Test', spoken: '测试' },
  cancel: { priority: 4, zh: '取消', en: 'Cancel', spoken: '取消' },
};

/** Made by a human or by fire: first inside P1 (FIELD F11). */
export const humanOrFire: ReadonlySet<EventKind> = new Set(['sos', 'phone-in', 'smoke', 'gas']);

export type EventSource = 'mqtt' | 'http' | 'vendor' | 'phone' | 'wall' | 'supervision' | 'vitals' | 'heartbeat' | 'quarantine' | 'replay';

/** What a decoder makes of one frame; the store adds who sent it and when. */
export type DecodedEvent = {
  kind: DeviceKind; edge: Edge; sourceEventId?: string; ref?: string;
  /** Epoch milliseconds by the device's own clock; absent when it gave none or an absurd one (see `flags`). */
  deviceTime?: number; confidence?: number;
  location?: { lat: number; lon: number; crs?: string }; data?: Record<string, unknown>; flags: string[];
};

/** A stored event as the rules see it. Times are epoch milliseconds. */
export type StoredEvent = {
  id: EventId; kind: EventKind; edge: Edge; source: EventSource; /** As the door judged it: 1 for a frame that may hold an alarm. */ urgency: Priority;
  deviceId: DeviceId | null; homeId: HomeId | null; personId: PersonId | null; room: string | null; regionCode: RegionCode | null;
  sourceEventId: string | null; ref: string | null; deviceTime: number | null; receivedAt: number;
  flags: readonly string[]; confidence: number | null; data: Record<string, unknown>; trace: string;
};

export type HeartbeatReading = {
  deviceTime?: number; seq?: number; battery?: number; rssi?: number; mains?: boolean; fw?: string; temp?: number; cell?: string;
};
export type VitalsReading = {
  deviceTime?: number; heartRate?: number; breath?: number; spo2?: number; sbp?: number; dbp?: number; bodyTemp?: number; bed?: 'in' | 'out';
};
