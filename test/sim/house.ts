/**
 * The house as processes of the simulation: an edge with the durable lane and its spool, workers with every loop of the alarm path and the sender, a
 * web process for operators and provider callbacks. All of it is the engine's own code; only the database, the clock and the gateway are not.
 */
import { startClockWatch } from '#alerts/clock-watch.ts';
import { startEvaluate } from '#alerts/evaluate.ts';
import { startFailures } from '#alerts/failures.ts';
import { startReplies } from '#alerts/replies.ts';
import { createRespond } from '#alerts/respond.ts';
import { startTimers } from '#alerts/timers.ts';
import { startWatch } from '#alerts/watch.ts';
import type { Respond } from '#core/respond.ts';
import { standinProvider } from '#core/provider.ts';
import { openSpooling } from '#intake/spool.ts';
import { openUrgent, type Urgent } from '#intake/urgent.ts';
import type { Gateway } from '#notify/channels/channel.ts';
import { startReconcile } from '#notify/reconcile.ts';
import { startSender } from '#notify/sender.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { Seal } from '#store/seal.ts';
import { type Feed, startFeed } from '#web/feed.ts';
import type { FeedItem, Hub } from '#web/hub.ts';
import type { WebContext } from '#web/context.ts';
import type { Loop } from '#work/loop.ts';
import type { Database } from './database.ts';
import type { Disk } from './disk.ts';
import { Process } from './runtime.ts';
import type { Wall } from './wall.ts';

/** What the processes say at level error, for the story. */
export type Said = (who: string, line: Record<string, unknown>, message: string) => void;

const quiet = (): void => {};
const instrument = { inc: quiet, set: quiet, observe: quiet, startTimer: () => quiet };
const metrics = { counter: () => instrument, gauge: () => instrument, histogram: () => instrument } as unknown as Metrics;
const meter: EdgeMeter = { received: quiet, acknowledged: quiet, rejected: quiet, quarantined: quiet, noted: quiet, batch: quiet, spooled: quiet, replayed: quiet, ledger: { taken: quiet, adopted: quiet, ended: quiet, watch: quiet, open: () => ({}) } };

const logOf = (who: string, said: Said): Logger => ({
  trace: quiet, debug: quiet, info: quiet, warn: quiet, error: (line: Record<string, unknown>, message = '') => said(who, line, message), fatal: quiet,
}) as unknown as Logger;

/** Sealing is not what is simulated: texts stand as they are, indexes are readable. */
export const plainSeal: Seal = {
  seal: (_, text) => Buffer.from(text), open: (_, sealed) => Buffer.from(sealed).toString(), sealOrNull: (_, text) => (text == null ? null : Buffer.from(text)), openOrNull: (_, s) => (s == null ? null : Buffer.from(s).toString()),
  openIfReadable: (_, s) => (s == null ? null : Buffer.from(s).toString()), blind: (_, text) => Buffer.from(text), secretHash: (secret) => Buffer.from(secret), sign: (purpose, text) => Buffer.from(`${purpose} ${text}`), secretMatches: () => false, chain: (previous) => Buffer.from(previous), hookSecret: 'hook',
};

export type House = {
  workers: Process[]; edge: Process; web: Process; urgent: Urgent; respond: Respond;
  /** A process that died comes back as a new one. */ revive(which: 'worker a' | 'worker b' | 'edge' | 'web'): Process;
};
/** Around the house: what it runs on, and who looks at it. */
export type Around = { database: Database; disk: Disk; wall: Wall; gateway: (who: Process) => Gateway; said: Said };

/** Everything begins as `who`'s own doing, so that it dies and is held with it. */
function within<T>(database: Database, who: Process, begin: () => T): T {
  const before = database.clock.current;
  database.clock.current = who;
  try { return begin(); } finally { database.clock.current = before; }
}

function startWorker({ database, gateway, said }: Around, name: string): Process {
  const who = new Process(name, database.clock.now);
  database.processes.add(who);
  within(database, who, () => {
    const db = database.db(who);
    const tools = { db, seal: plainSeal, log: logOf(name, said), metrics };
    const own = gateway(who);
    const evaluate = startEvaluate({ ...tools, lanes: 2 });
    const timers = startTimers(tools);
    const replies = startReplies(tools);
    startFailures(tools);
    startWatch(tools);
    startClockWatch(tools);
    const senders = startSender({ ...tools, urgentDb: db, gateway: own, settings: () => standinProvider, trouble: { note: quiet, reason: () => null } });
    startReconcile({ ...tools, gateway: own });
    const wake = (loops: readonly Loop[]) => (): void => { for (const loop of loops) loop.wake(); };
    who.hear.set('anling_event', wake([evaluate])).set('anling_timer', wake([timers])).set('anling_reply', wake([replies])).set('anling_outbox', wake(senders));
  });
  return who;
}

/** The urgent lane of an edge, with the spool on its disk behind it. */
function startDoor({ database, disk, said }: Around, who: Process): Urgent {
  return within(database, who, () => {
    const tools = { meter, log: logOf(who.name, said) };
    const spooling = openSpooling({ ...tools, spool: disk.open(who), seal: plainSeal });
    const urgent = openUrgent({ ...tools, db: database.db(who), spooling, poisoned: async () => { throw new Error('no event of the simulation is refused'); } });
    database.clock.at(database.clock.now, who, () => spooling.start()); // its loop is this process's from its first nap on
    return urgent;
  });
}

/** What the desk does, and the feed to the wall; a web process that finds no database begins again, as its supervisor would make it. */
function startWeb({ database, wall, said }: Around, who: Process): Respond {
  const tools = { db: database.db(who), seal: plainSeal, log: logOf(who.name, said), metrics };
  let feed: Feed | null = null;
  const hub = { head: 0, epoch: '', clients: new Set(), presence: [{}], sendBeat: quiet, sendPresence: quiet, closeAll: quiet, broadcast(items: readonly FeedItem[]) { wall.hear(feed, items); hub.head = items.at(-1)?.seq ?? hub.head; } };
  const later = (then: () => void) => (): void => { database.clock.at(database.clock.now + 1_000, who, then); };
  // A socket that breaks while it catches up comes again; the feed goes on.
  const connect = (started: Feed): void => { wall.connect(started, () => hub.head).catch(later(() => connect(started))); };
  const begin = (): void => {
    startFeed({ ctx: { ...tools, settings: { gateway: 'standin' } } as unknown as WebContext, hub: hub as unknown as Hub })
      .then((started) => { feed = started; connect(started); }, later(begin));
  };
  database.clock.at(database.clock.now, who, begin);
  return createRespond(tools);
}

export function openHouse(around: Around): House {
  const { database } = around;
  const plain = (name: string): Process => { const p = new Process(name, database.clock.now); database.processes.add(p); return p; };
  const [edge, web] = [plain('edge'), plain('web')];
  const house: House = {
    workers: [startWorker(around, 'worker a'), startWorker(around, 'worker b')], edge, web, urgent: startDoor(around, edge), respond: startWeb(around, web),
    revive(which) {
      if (which === 'edge') { house.edge = plain('edge'); house.urgent = startDoor(around, house.edge); return house.edge; }
      if (which === 'web') { house.web = plain('web'); house.respond = startWeb(around, house.web); return house.web; }
      const made = startWorker(around, which);
      house.workers[which === 'worker a' ? 0 : 1] = made;
      return made;
    },
  };
  return house;
}

/** Runs what somebody outside does through a process: nothing happens when that process is dead. */
export function by<T>(database: Database, who: Process, begin: () => Promise<T>): Promise<T> {
  return within(database, who, begin);
}
