/**
 * The life of a device (FEATURES F7): in stock, installed, refused for now, and three ends that each say why. Pure. The doors know
 * `status` alone, which is `revoked` for all that is refused; whoever comes back from an end needs a secret that nobody has had before.
 */
import type { deviceStatuses } from './registry.ts';

/** 已更换, 丢失, 退役. */
export const deviceEnds = ['replaced', 'lost', 'retired'] as const;
export type DeviceEnd = (typeof deviceEnds)[number];
/** 库存, 已装, 已停用, and the ends. */
export const deviceLives = ['stock', 'installed', 'revoked', ...deviceEnds] as const;
export type DeviceLife = (typeof deviceLives)[number];
/** 安装, 入库, 停用, 更换(另一台接替), 丢失, 退役, 重新入库. */
export const lifeActs = ['install', 'store', 'revoke', 'replace', 'lose', 'retire', 'restock'] as const;
export type LifeAct = (typeof lifeActs)[number];

/** What an act makes of a device: `freshSecret`, the old secret ends for good; `begins`, its supervision begins anew; `leaves`, it hangs nowhere from now on. */
export type LifeChange = { life: DeviceLife; freshSecret: boolean; begins: boolean; leaves: boolean };

const next: Readonly<Record<LifeAct, Partial<Record<DeviceLife, DeviceLife>>>> = {
  install: { stock: 'installed', revoked: 'installed' },
  store: { installed: 'stock', revoked: 'stock' },
  revoke: { stock: 'revoked', installed: 'revoked' },
  // Who was lost stays lost when another takes its place: it may still turn up and press.
  replace: { stock: 'replaced', installed: 'replaced', revoked: 'replaced', lost: 'lost' },
  lose: { stock: 'lost', installed: 'lost', revoked: 'lost', replaced: 'lost' },
  retire: { stock: 'retired', installed: 'retired', revoked: 'retired', replaced: 'retired', lost: 'retired' },
  restock: { replaced: 'stock', lost: 'stock', retired: 'stock' },
};

/** Which it is, by its row. */
export const lifeOf = (status: (typeof deviceStatuses)[number], ended: DeviceEnd | null): DeviceLife => (status === 'revoked' ? (ended ?? 'revoked') : status);
/** What the row says of it. */
export const rowOf = (life: DeviceLife): { status: (typeof deviceStatuses)[number]; ended: DeviceEnd | null } =>
  (life === 'stock' || life === 'installed' || life === 'revoked' ? { status: life, ended: null } : { status: 'revoked', ended: life });

/** What becomes of a device by this act; null: not from where it is. */
export function lifeAfter(life: DeviceLife, act: LifeAct): LifeChange | null {
  const to = next[act][life];
  if (to === undefined) return null;
  const back = act === 'restock';
  return { life: to, freshSecret: back, begins: to === 'installed', leaves: back };
}

/** What may be done with it now. */
export const actsOf = (life: DeviceLife): LifeAct[] => lifeActs.filter((act) => next[act][life] !== undefined);
