/** Looking again at work that takes long, without giving it up. */

/** True when none of them has ended after `ms`. */
export async function outlasts(working: Iterable<Promise<unknown>>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(true), ms); });
  return await Promise.race([passed, ...[...working].map((w) => w.then(() => false))]).finally(() => clearTimeout(timer));
}
