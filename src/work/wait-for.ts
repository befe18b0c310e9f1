/** Starting something that needs what is away at the moment: tried again until it is there, or until nobody wants it any more. */
import { limits } from '#core/limits.ts';

export type WaitOptions<T> = {
  /** One try; leaves nothing behind when it throws. */ start(): Promise<T>;
  /** Whether the failure may pass; another one is thrown. */ passes(error: unknown): boolean;
  /** Each failure that may pass. */ onWait(error: unknown, inARow: number): void;
  /** Ends the waiting. */ given: Promise<unknown>; pauseMs?: number;
};

/** What `start` made, or null when `given` up before. */
export async function waitFor<T>({ start, passes, onWait, given, pauseMs = limits.pollMs / 2 }: WaitOptions<T>): Promise<T | null> {
  let over = false;
  const end = given.then(() => { over = true; });
  for (let inARow = 1; ; inARow++) {
    try {
      return await start();
    } catch (error) {
      if (!passes(error)) throw error;
      onWait(error, inARow);
    }
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([end, new Promise((resolve) => { timer = setTimeout(resolve, pauseMs); })]);
    clearTimeout(timer);
    if (over) return null;
  }
}
