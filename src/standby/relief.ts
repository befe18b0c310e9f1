/**
 * Handing over in standby's place: by a worker that has the database while standby has not, or is dead. Without it the worker could not know
 * what standby had done, and would make its steps again. It takes the ledger as a newer standby would (law 6): from then on the old one writes nothing.
 */
import { join } from 'node:path';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { openDuty } from '#ops/duty.ts';
import { isTransient } from '#store/pool.ts';
import { openLedger, reliefToken } from '#store/standby-ledger.ts';
import { pause } from '#work/pause.ts';
import { type Kept, sendsOf } from './case.ts';
import { type HandParts, handOver } from './hand.ts';

/** The last try begins so long before everybody's patience is over. */
const triesMs = 1_000;

export type ReliefOptions = Pick<HandParts, 'db' | 'log' | 'seal' | 'handoverLabel' | 'takeOverOpen'> & { data: string };

/**
 * Called under the flag `relieving`, so that standby sends nothing new. A database that goes away in the middle is waited for: without it the worker
 * makes no step either, and what is handed over twice is there once. Throws when the ledger cannot be read or the database does not take it in time.
 */
export async function relieve(o: ReliefOptions): Promise<void> {
  const until = performance.now() + limits.reliefMs - triesMs;
  await pause(limits.reliefSettleMs);
  const fault: { error: Error | null } = { error: null };
  const ledger = openLedger<Kept>(join(o.data, 'standby'), o.seal, reliefToken(newId('', 12)), (error) => { fault.error = error; });
  try {
    if (fault.error) throw fault.error;
    const cases = new Map(ledger.left.map((kept) => [kept.key, kept]));
    // At the gateway when it was last written: perhaps sent. It goes again under its own id, doubled at most once.
    for (const kept of cases.values()) for (const { done } of sendsOf(kept)) if (done.state === 'sending') done.state = 'due';
    const work: HandParts['work'] = {
      cases, settled: async () => {}, busy: () => false, keep: (...changed) => { ledger.save(changed); },
      forget(key) { cases.delete(key); ledger.forget(key); },
    };
    const once = async (): Promise<'over' | 'known' | 'no' | Error> =>
      await handOver({ ...o, ledger, work, s: { duty: 'away', waiting: new Map(), handedAt: 0 } }).catch((error: Error) => { if (!isTransient(error)) throw error; return error; });
    // `known`: there was no proof of a commit, perhaps only for a moment: what opened by events of the spool is not there yet.
    let handed = await once();
    for (let tries = 0; handed !== 'over' && ledger.holds() && performance.now() < until; handed = await once()) {
      if (tries++ === 0) o.log.warn({ error: handed instanceof Error ? handed.message : 'no proof of a commit' }, 'the database is waited for before what standby did is handed over');
      await pause(triesMs / 2);
    }
    if (handed === 'no' || handed instanceof Error) throw handed instanceof Error ? handed : new Error('the database does not take what standby did');
    o.log.warn({ cases: ledger.left.length, handed }, 'handed over in the place of standby, which has not come back by itself');
  } catch (error) {
    o.log.error({ error: (error as Error).message }, 'what standby did cannot be handed over in its place; the worker goes on without it');
    throw error;
  } finally {
    ledger.close();
  }
}

const pollMs = 100;
/** Waits for a worker that hands over: it has the ledger, and whoever took it now would go on with what is handed over already. */
export async function reliefOver(data: string): Promise<void> {
  const { relieving } = openDuty(data, '');
  for (const until = performance.now() + limits.reliefMs; relieving() && performance.now() < until;) await pause(pollMs);
}
