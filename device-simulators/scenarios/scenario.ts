/** What a scenario is: what it needs, what it does on the stage, and the sentences that judge the house afterwards. */
import type { HouseApi } from '#simulators/api/client.ts';
import type { PhonesApi } from '#simulators/api/phones.ts';
import type { Fleet } from '#simulators/fleet/fleet.ts';
import type { People } from '#simulators/people/people.ts';
import type { Persona } from '#simulators/people/personas.ts';
import type { Ledger } from '#simulators/report/ledger.ts';
import type { World } from '#simulators/world/world.ts';

/** A sentence about the house with its evidence. */
export type Verdict = { ok: boolean; zh: string; en: string; evidence: string };

/** Everything a scenario may touch. Time is `world`, and nothing else. */
export type Stage = {
  world: World; api: HouseApi; fleet: Fleet; ledger: Ledger;
  /** Null where the stand-in cannot be reached: then nobody answers by telephone. */ phones: PhonesApi | null; people: People | null;
  minutes: number; seed: number;
  /** A line for whoever watches. */ say(line: string): void;
};

export type Scenario = {
  name: string; zh: string; en: string;
  /** Models that must be there; homes that have them come first. */ needs: readonly string[];
  /** Homes of one town come first: what befalls a town needs one. */ together?: boolean;
  /** How long it takes without --minutes. */ minutes: number;
  /** Whether devices cry by the raw-warning model. */ cries: boolean;
  /** Who answers the telephones: people drawn by the seed, everybody alike, or nobody. */ people: 'town' | Persona | 'nobody';
  /** It makes its own homes and devices; nothing is gathered. */ own?: boolean; /** It is told in travelled time, always. */ travels?: boolean;
  run(stage: Stage): Promise<Verdict[]>;
};

export const minuteMs = 60_000;

/** A sentence that holds or does not. */
export const verdict = (ok: boolean, zh: string, en: string, evidence: string): Verdict => ({ ok, zh, en, evidence });

/** `3/5: a, b …` for evidence. */
export function some(list: readonly string[], of: number): string {
  return `${list.length}/${of}${list.length === 0 ? '' : `: ${list.slice(0, 5).join(', ')}${list.length > 5 ? ' …' : ''}`}`;
}
