/** Looking again at work that takes long, without giving it up; or doing it elsewhere. */

/** True when none of them has ended after `ms`. */
export async function outlasts(working: Iterable<Promise<unknown>>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(true), ms); });
  return await Promise.race([passed, ...[...working].map((w) => w.then(() => false))]).finally(() => clearTimeout(timer));
}

export type TwoPlaces<T> = {
  /** Whether the first place is known not to take anything now. */ away(): boolean; /** null: there is no second place */ afterMs: number | null;
  /** Begins the work at the first place; it goes on by itself, and may give up once it is `abandoned`. */ begin(state: { readonly abandoned: boolean }): Promise<T>;
  /** The second place, with what is under way at the first (null: nothing); null when it does not take it either. */ keep(working: Promise<T> | null): Promise<T | null>;
  /** Told of an outcome that is the first place's. */ settled(outcome: T): void;
};

/** The first place, or after `afterMs` the second; where that does not take it, the first one again, however long it lasts. */
export async function eitherPlace<T>({ away, afterMs, begin, keep, settled }: TwoPlaces<T>): Promise<T> {
  if (away()) {
    const kept = await keep(null);
    if (kept !== null) return kept;
  }
  const state = { abandoned: false };
  const working = begin(state);
  // Again and again: the second place may have room by then.
  while (afterMs !== null && await outlasts([working], afterMs)) {
    const kept = await keep(working);
    if (kept !== null) {
      state.abandoned = true;
      return kept;
    }
  }
  const outcome = await working;
  settled(outcome);
  return outcome;
}
