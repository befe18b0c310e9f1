/**
 * What a fault is. They stand in lanes: what stands in one lane happens one after the other, the lanes overlap. Each has a scaled length,
 * drawn by the seed, and a real one (`--real`). A fault ends by undoing itself, whatever became of the house meanwhile.
 */
import type { Random } from '#core/demo-random.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import type { Db } from '#store/pool.ts';
import type { Presser } from '#test/torture/presser.ts';
import type { Extras } from './extras.ts';
import type { Town } from './town.ts';

export type FaultContext = { town: Town; db: Db; api: HouseApi; pressers: readonly Presser[]; extras: Extras; random: Random; /** A small disk that the database stands on; null: none could be made. */ disk: { folder: string } | null };
export type Fault = {
  kind: string; lane: 'kills' | 'guards' | 'heart' | 'pauses' | 'hangs' | 'path' | 'gateway' | 'devices' | 'screens';
  /** Milliseconds between which the scaled one is drawn; the real one. */ holdMs: readonly [number, number]; realMs: number;
  /** Why it cannot be done here; null: it can. */ missing?(ctx: FaultContext): string | null;
  /** Does it for so long and undoes it; what was done, in a few words. */ run(ctx: FaultContext, ms: number): Promise<string>;
};
