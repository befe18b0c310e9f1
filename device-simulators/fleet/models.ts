/** How each model of device behaves by itself: how often it beats, what its battery does, what it may cry and how often (DOMAIN C, FIELD 5). */
import type { Random } from '#core/demo-random.ts';
import type { DeviceKind } from '#core/event.ts';
import type { DeviceState } from '#simulators/device/state.ts';

export type Model = {
  id: string; periodMs: number; power: 'mains' | 'battery';
  /** Battery percent lost in a day without mains. */ drainPerDay: number;
  /** What it cries, and raw warnings per device and month: mostly false. */ cries: DeviceKind | null; warningsPerMonth: number;
  /** A radar that comes up again looks at an empty room and may take it for a fall (FIELD 3: 37 of 800). */ rebootFall: number;
};

const second = 1_000;
export const models: Readonly<Record<string, Model>> = Object.fromEntries(([
  { id: 'fall-radar', periodMs: 60 * second, power: 'mains', drainPerDay: 0, cries: 'fall', warningsPerMonth: 0.32, rebootFall: 0.05 },
  { id: 'watch', periodMs: 300 * second, power: 'battery', drainPerDay: 18, cries: 'fall', warningsPerMonth: 0.1, rebootFall: 0 },
  { id: 'sos-button', periodMs: 86_400 * second, power: 'battery', drainPerDay: 0.15, cries: 'sos', warningsPerMonth: 0.03, rebootFall: 0 },
  { id: 'smoke', periodMs: 86_400 * second, power: 'battery', drainPerDay: 0.1, cries: 'smoke', warningsPerMonth: 0.05, rebootFall: 0 },
  { id: 'gas', periodMs: 3_600 * second, power: 'mains', drainPerDay: 0, cries: 'gas', warningsPerMonth: 0.02, rebootFall: 0 },
  { id: 'bed', periodMs: 60 * second, power: 'mains', drainPerDay: 0, cries: 'bed-exit', warningsPerMonth: 0.2, rebootFall: 0 },
  { id: 'gateway', periodMs: 60 * second, power: 'mains', drainPerDay: 0, cries: null, warningsPerMonth: 0, rebootFall: 0 },
] satisfies Model[]).map((m) => [m.id, m]));

/** The model of this name; a county's own one beats like the slowest and cries nothing. */
export const modelOf = (id: string): Model => models[id] ?? { id, periodMs: 3_600 * second, power: 'mains', drainPerDay: 0, cries: null, warningsPerMonth: 0, rebootFall: 0 };

const dayMs = 86_400_000;
/** Worn watches are charged when they are as low as this. */
const chargeAt = 25;
const signal = { low: -113, high: -51 } as const;
const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** A device as it is found: batteries of different age, valleys with more and less signal. */
export function firstState(model: Model, random: Random): Pick<DeviceState, 'battery' | 'rssi' | 'temp'> {
  return { battery: model.power === 'mains' ? 100 : 35 + random.below(66), rssi: -60 - random.below(45), temp: 12 + random.below(12) };
}

/** What so much time does to it: the battery drains, the signal wanders. Nobody lets a watch die in an evening: it is charged. */
export function age(state: DeviceState, model: Model, elapsedMs: number, random: Random): void {
  const onBattery = model.power === 'battery' || !state.mains;
  const drain = model.power === 'battery' ? model.drainPerDay : 40;
  if (onBattery) state.battery = within(state.battery - (drain * elapsedMs) / dayMs, 0, 100);
  if (model.id === 'watch' && state.battery < chargeAt) state.battery = 100;
  state.rssi = within(state.rssi + random.below(5) - 2, signal.low, signal.high);
  state.temp = Math.round(within(state.temp + (random.share() - 0.5) * 0.4, -5, 45) * 10) / 10;
}
