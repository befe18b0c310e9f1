/**
 * One role as a process: logs, health port, database pools, the services of engine.ts, beats to the supervisor and to the
 * database. It ends when its supervisor does, and crashes rather than run on after a fault of ours: rows are truth.
 */
import { flushCompileCache } from 'node:module';
import { hostname } from 'node:os';
import { type Config, opsPortOf, processName, type Role } from '#config';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import { type OpsPeer, startHealth } from '#ops/health.ts';
import { createLog, type Logger } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { beat, beatMs, pruneNodes } from '#store/nodes.ts';
import { type Db, isTransient } from '#store/pool.ts';
import { createSeal, readKeys } from '#store/seal.ts';
import { unsafeSettings } from '#store/startup.ts';
import { longestTurn, startLoop, type Service } from '#work/loop.ts';
import { waitFor } from '#work/wait-for.ts';
import { newNodeId, pools, startRole, stopAll, version } from './engine.ts';

const stopMs = 5_000; // then the process ends with what is still open; nothing acknowledged depends on it

/** Runs the role until a signal or the end of its supervisor; then resolves with the exit code. */
export async function runRole(config: Config, role: Role): Promise<number> {
  const name = processName(role, config.instance);
  const log = createLog(name, config.logLevel);
  crashOnFaults(log);
  const metrics = createMetrics(name);
  const nodeId = newNodeId(role);
  const services: Service[] = [];
  let phase: string | null = `${role} is starting`;
  let peers: readonly OpsPeer[] = [];
  const said = new Map<string, () => unknown>();
  const reasons = (): string[] => (phase === null ? services.flatMap((service) => service.ready() ?? []) : [phase]);
  const end = endOfProcess((message) => { peers = (message as { peers?: OpsPeer[] }).peers ?? peers; });
  const health = await startHealth({ role: name, port: opsPortOf(config, role), reasons, metrics });
  const tell = (): void => { if (process.connected) process.send?.({ type: 'beat', reasons: reasons(), facts: { ops: health.url } }, undefined, undefined, () => {}); };
  tell();
  const beating = setInterval(tell, 1_000);
  flushCompileCache(); // now rather than at the end, where half a second of the bounded stop would go into it
  const databaseUrl = config.databaseUrl ?? '';
  let close = (): Promise<void> => Promise.resolve();
  try {
    const seal = createSeal(readKeys(config.keyFile, false));
    // A database that goes away while a role starts is waited for as it is later: a house is not built up again for that.
    const started = await waitFor({
      given: end, passes: isTransient,
      async start() {
        const open = pools(databaseUrl, log);
        try {
          const made = await startRole(role, { config, log, metrics, seal, nodeId, databaseUrl, db: open.db, peers: () => peers, serve: health.serve, say: (name, read) => { said.set(name, read); } });
          return { open, made };
        } catch (error) { await open.close(); throw error; }
      },
      onWait(error, inARow) {
        phase = `${role} waits for the database: ${(error as Error).message}`;
        if (inARow === 1 || inARow % 60 === 0) log.warn({ error: (error as Error).message, inARow }, `${role} waits for the database`);
      },
    });
    if (started === null) { clearInterval(beating); await health.stop(); return 0; }
    const { open, made } = started;
    close = open.close;
    services.push(...made);
    // Last, because an edge that beats is one whose doors are open.
    services.push(startBeats({ db: open.db('beat', 1, 3_000), role, nodeId, log, detail: () => ({ pid: process.pid, ops: health.url, version, listen: listenOf(config, role), ...Object.fromEntries([...said].map(([name, read]) => [name, read()])) }) }));
    phase = null;
    // The supervisor hears of readiness at once, not with the next beat.
    const watch = setInterval(() => { if (reasons().length === 0) { clearInterval(watch); tell(); } }, 50);
    log.info({ nodeId, ops: health.url }, `${role} runs`);
    const why = await end;
    phase = `${role} is stopping`;
    log.info({ why }, `${role} stops`);
  } catch (error) {
    log.fatal({ error: (error as Error).message, code: (error as OperatingError).code, stack: error instanceof OperatingError ? undefined : (error as Error).stack }, `${role} could not start`);
    return 1;
  }
  clearInterval(beating);
  const bound = setTimeout(() => { log.warn(`${role} did not stop in time`); process.exit(0); }, stopMs);
  await stopAll(services);
  await close();
  await health.stop();
  clearTimeout(bound);
  return 0;
}

/** Resolves with the reason to stop: a signal, or the supervisor's end. Ctrl-C belongs to the supervisor, who then stops us in order. */
function endOfProcess(hear: (message: unknown) => void): Promise<string> {
  return new Promise((resolve) => {
    process.on('SIGTERM', () => resolve('SIGTERM'));
    process.on('SIGINT', () => {});
    process.on('message', hear);
    process.on('disconnect', () => resolve('the supervisor ended'));
    // A supervisor killed before this listener stood has closed the channel already.
    if (!process.connected) resolve('the supervisor ended');
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}); // nobody reads any more
  });
}

function crashOnFaults(log: Logger): void {
  const crash = (error: unknown): never => {
    log.fatal({ error: (error as Error)?.message, stack: (error as Error)?.stack }, 'a fault of ours; the process ends and is started again');
    process.exit(70);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

/** Where this process can be reached, for the self-check: another may run on another machine. */
function listenOf(config: Config, role: Role): Record<string, unknown> {
  const at = { edge: [config.deviceHost, config.mqttPort, false], web: [config.httpHost, config.httpPort, config.tlsCert !== null], worker: ['', 0, false], standby: ['', 0, false], auditor: ['', 0, false], flows: ['', 0, false] }[role];
  return { host: hostname(), bind: at[0], port: at[1], tls: at[2] };
}

/** Called while the database answers: a turn that lasts so long all the same waits for what will never come, and no beat tells of it. */
function endIfHeld(log: Logger): void {
  const held = longestTurn();
  if (held === null || held.ms < limits.stuckMs) return;
  log.fatal({ loop: held.name, ms: Math.round(held.ms) }, 'a loop does not go on although the database answers; the process ends and is started again');
  process.exit(70);
}

type Beats = { db: Db; role: Role; nodeId: string; log: Logger; detail(): Record<string, unknown> };

/** The row of this process in `node`, and the look at whether the database still keeps its commits. */
function startBeats({ db, role, nodeId, log, detail }: Beats): Service {
  let unsafe: string | null = null;
  let turns = 0;
  const loop = startLoop({
    name: 'beat', pollMs: beatMs,
    async turn() {
      if (await beat(db, { id: nodeId, role, detail: detail() })) log.warn('a blind window ended: no door was open for a while');
      if (turns % 15 === 0) {
        const found = await unsafeSettings(db);
        if (found !== unsafe && found) log.error({ code: 'E_DATABASE_UNSAFE', found }, 'the database would lose a commit');
        unsafe = found;
      }
      if (turns % 1_800 === 0) await pruneNodes(db);
      turns++;
      endIfHeld(log);
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) log.warn({ error: (error as Error).message, inARow }, 'beat failed'); },
  });
  return {
    name: loop.name, stop: () => loop.stop(),
    ready: () => (unsafe === null ? loop.ready()?.replace(/^beat: \d+ failures in a row/, 'database unreachable') ?? null : `the database would lose a commit: ${unsafe}`),
  };
}
