/**
 * The supervisor's life: database, schema, keys, first administrator, pages, then the roles as children, in the order that a
 * machine needs after its power came back. It holds no work of its own; it stops everything in order, within eight seconds.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { configVariables, type Config, opsPortOf, processName, type Role, roles as wholeRoles } from '#config';
import { deviceCertificate } from '#doors/mqtt/certificate.ts';
import { OperatingError } from '#core/errors.ts';
import { startHealth } from '#ops/health.ts';
import { createLog, type Logger } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { buildPages } from '#ops/pages.ts';
import { requirePorts, type WantedPort } from '#ops/ports.ts';
import { freePort } from '#ops/processes.ts';
import { claimDatabase, endOrphans, recordLife } from '#ops/records.ts';
import { requireFiles } from '#ops/start-files.ts';
import { standinKey } from '#notify/standin-key.ts';
import { readAhead } from '#store/clock-travel.ts';
import { ensurePlans } from '#store/county-setup.ts';
import { hasDemoPeople, loadDemo } from '#store/demo.ts';
import { embeddedPort, embeddedUrl } from '#store/embedded.ts';
import { keepEmbedded, type Keeper } from '#store/keeper.ts';
import { knownDevicesFile } from '#store/known-devices.ts';
import { migrate } from '#store/migrate.ts';
import { isTransient, openDb, type Db } from '#store/pool.ts';
import { createSeal, readKeys, type Seal } from '#store/seal.ts';
import { checkKeys, ensureAdmin, hasRealPeople, holdsData, reachDatabase, unsafeSettings } from '#store/startup.ts';
import { outlasts } from '#work/outlasts.ts';
import type { ChildSpec } from '#work/supervisor.ts';
import { waitFor } from '#work/wait-for.ts';
import { type Crew, relay, startCrew, whyNotUp } from './crew.ts';

const root = join(import.meta.dirname, '..');
const databaseStopMs = 2_500;
const closingMs = 5_000;
/** The doors of a house that has been up before wait so long for its database to start. */
const doorsMs = 3_000;
/** Pause between two tries of a start to reach its database. */
const tryMs = 1_000;

type Undo = (() => Promise<void> | void)[];
type Prepared = { config: Config; seal: Seal; keeper: Keeper | null; password: string | null; standin: boolean; aheadMs: number; pagesError: string | null };

/** Runs until a signal; resolves with the exit code. Throws OperatingError with a text for the operator when it cannot start. */
export async function runHouse(given: Config): Promise<number> {
  const log = createLog('supervisor', given.logLevel, relay);
  const signal = firstSignal();
  const undo: Undo = [];
  const stopAll = async (): Promise<void> => { for (const step of undo.toReversed()) await step(); };
  try {
    requireFiles(given);
    // Before the doors: several edges have the same one.
    if (given.roles.includes('edge')) await deviceCertificate(given.data, [given.deviceHost, new URL(given.publicUrl).hostname]);
    const { found, killed } = await endOrphans(given.data, 4_000);
    if (killed.length > 0) log.warn({ killed }, 'ended what a killed life left behind');
    const life = recordLife(given.data, (error) => log.error({ error: error.message }, 'the processes of this house cannot be written down: is the disk full? Who is killed may leave some behind'));
    undo.push(() => life.end());
    const crew = startCrew(log, life.children);
    undo.push(() => crew.stop());
    const prepared = await prepare(given, log, { undo, crew, ended: signal.first, portsMs: found ? closingMs : 0 });
    if (prepared === null || signal.seen !== null) { await stopAll(); return 0; }
    undo.push(() => crew.stop()); // before the database
    await startChildren(prepared, crew);
    announce(prepared, crew);
    log.info({ why: await signal.first }, 'stopping');
    signal.again(() => crew.supervisor.killAll());
    await stopAll();
    log.info('stopped');
    return 0;
  } catch (error) {
    await stopAll();
    throw error;
  }
}

type Signal = { readonly seen: string | null; first: Promise<string>; again(act: () => void): void };
function firstSignal(): Signal {
  let seen: string | null = null;
  let seenAt = 0;
  let impatient = (): void => {};
  const first = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => {
        // npm and the terminal both pass a Ctrl-C on: only one that comes clearly later is impatience.
        if (seen !== null && name !== 'SIGHUP' && performance.now() - seenAt > 1_000) impatient();
        if (seen !== null) return;
        seen = name;
        seenAt = performance.now();
        resolve(name);
      });
  });
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  // A pipe that nobody empties must not stop the process that judges the others.
  (process.stdout as { _handle?: { setBlocking?(on: boolean): void } })._handle?.setBlocking?.(false);
  return { get seen() { return seen; }, first, again: (act) => { impatient = act; } };
}

const wholeHouse = (config: Config): boolean => wholeRoles.every((role) => config.roles.includes(role));

type Start = { undo: Undo; crew: Crew; ended: Promise<unknown>; /** How long a killed life's ports may take to close. */ portsMs: number };

/** Everything that must be right before a role may run, the doors of a house that knows its devices excepted. Null: ended before. */
async function prepare(given: Config, log: Logger, start: Start): Promise<Prepared | null> {
  const config = await withPorts(given);
  await requirePorts(wantedPorts(config), start.portsMs);
  const pages = config.roles.includes('web') ? buildPages(config.data) : null;
  const found = await findDatabase(config, log, start);
  if (found === null) return null;
  const { url, keeper, db } = found;
  try {
    const unsafe = await unsafeSettings(db);
    if (unsafe) throw new OperatingError('E_DATABASE_UNSAFE', `The database would lose commits that it has confirmed (${unsafe}). Switch it on; the alarm path does not run without it.`);
    await migrate({ url, log });
    const seal = createSeal(readKeys(config.keyFile, !await holdsData(db)));
    await checkKeys(db, seal, config.keyFile);
    await prepareCounty(db, seal, config, keeper !== null, log);
    const password = await firstAdmin(db, config, log);
    const gateway = config.gateway ?? (await hasRealPeople(db) ? null : 'standin');
    if (gateway === null) log.error({ code: 'E_GATEWAY' }, 'ANLING_GATEWAY is not set and there are real people: nothing is sent until it is (aliyun, http or standin)');
    const built = await pages;
    if (built?.error) log.error({ error: built.error }, 'the pages could not be built; everything else runs');
    else if (built?.built) log.info({ ms: built.ms }, 'pages built');
    const standin = gateway === 'standin' && config.roles.includes('worker');
    return { config: Object.freeze({ ...config, databaseUrl: url }), seal, keeper, password, standin, aheadMs: await readAhead(db), pagesError: built?.error ?? null };
  } finally {
    await db.close();
  }
}

/**
 * A database that answers. Without one a new house ends with what is wrong; one that has been up before opens its doors (W17: alarms
 * are taken from known devices and kept on the disk), and waits for it.
 */
async function findDatabase(config: Config, log: Logger, { undo, crew, ended }: Start): Promise<{ url: string; keeper: Keeper | null; db: Db } | null> {
  const place = config.databaseUrl ?? (config.dbPort === 0 ? null : embeddedUrl(config.data, config.dbPort));
  const been = place !== null && config.roles.includes('edge') && existsSync(config.keyFile) && existsSync(knownDevicesFile(config.data));
  const openDoors = (why: string): void => {
    log.error({ why }, 'the database does not answer: the doors open without it, and standby calls people from what it knew last');
    for (const role of ['edge', 'standby'] as const) if (config.roles.includes(role)) for (const spec of roleSpecs(Object.freeze({ ...config, databaseUrl: place }), role)) crew.supervisor.add(spec);
  };
  let own: { url: string; keeper: Keeper | null } | null = config.databaseUrl === null ? null : { url: config.databaseUrl, keeper: null };
  return waitFor({
    given: ended, pauseMs: tryMs, passes: (error) => been && mayPass(error), onWait: (error, inARow) => { if (inARow === 1 || inARow % 10 === 0) openDoors((error as Error).message); },
    async start() {
      const starting = own ? Promise.resolve(own) : ownDatabase(config, log, undo);
      if (been && await outlasts([starting.catch(() => {})], doorsMs)) openDoors('it is still starting');
      own = await starting;
      const { url, keeper } = own;
      const db = openDb({ url, max: 2, name: 'supervisor' });
      try {
        await reachDatabase(db, url, keeper ? 30_000 : 3_000);
        return { url, keeper, db };
      } catch (error) { await db.close(); throw error; }
    },
  });
}

/** Not a wrong address, user or password: the database or the way to it is away. */
const mayPass = (error: unknown): boolean => {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return code === 'E_DATABASE_UNREACHABLE' && (cause === undefined || isTransient(cause) || /^(ENOTFOUND|EAI_AGAIN)$/.test(cause.code ?? ''));
};

/** Zero means any: the choice is made here once, so that every process of the house knows it. */
async function withPorts(config: Config): Promise<Config> {
  const chosen: Record<string, number> = {};
  const free = async (): Promise<number> => { for (;;) { const port = await freePort(); if (!Object.values(chosen).includes(port)) return port; } }; // the system may give one twice
  for (const name of ['httpPort', 'mqttPort', 'mqttsPort', 'doorPort', 'standinPort'] as const) if (config[name] === 0) chosen[name] = await free();
  const publicUrl = config.httpPort === 0 ? config.publicUrl.replace(/:0$/, `:${chosen['httpPort']}`) : config.publicUrl;
  return Object.freeze({ ...config, ...chosen, publicUrl });
}

function wantedPorts(config: Config): WantedPort[] {
  const { deviceHost, httpHost } = config;
  const list: (WantedPort & { role: Role | null })[] = [
    { role: 'web', port: config.httpPort, host: httpHost, what: 'pages and API', variable: 'ANLING_HTTP_PORT' },
    { role: 'edge', port: config.mqttPort, host: deviceHost, what: 'MQTT', variable: 'ANLING_MQTT_PORT' },
    { role: 'edge', port: config.mqttsPort, host: deviceHost, what: 'MQTT over TLS', variable: 'ANLING_MQTTS_PORT' },
    { role: 'edge', port: config.doorPort, host: deviceHost, what: 'HTTP door', variable: 'ANLING_DOOR_PORT' },
    ...config.roles.flatMap((role) => instancesOf(config, role).map((instance) => ({ role, port: opsPortOf({ ...config, instance }, role), host: '127.0.0.1', what: `ops port of ${processName(role, instance)}`, variable: 'ANLING_OPS_PORT' }))),
    ...(wholeHouse(config) ? [{ role: null, port: config.opsPort, host: '127.0.0.1', what: 'ops port of the supervisor', variable: 'ANLING_OPS_PORT' }] : []),
    // Only an explicit or still possible stand-in needs its port; with a real gateway it stays free.
    ...(wholeHouse(config) && (config.gateway ?? 'standin') === 'standin' ? [{ role: null, port: config.standinPort, host: '127.0.0.1', what: 'stand-in gateway', variable: 'ANLING_STANDIN_PORT' }] : []),
  ];
  return list.filter(({ role }) => role === null || config.roles.includes(role));
}

/** The embedded database of the data folder: ours to run, or that of the house that runs there already. */
async function ownDatabase(config: Config, log: Logger, undo: Undo): Promise<{ url: string; keeper: Keeper | null }> {
  const claim = claimDatabase(config.data);
  if (claim.owner !== null) {
    const port = embeddedPort(config.data);
    const url = port === null ? null : embeddedUrl(config.data, port);
    if (wholeHouse(config) || url === null) throw new OperatingError('E_CONFIG', `ANLING_DATA: ${config.data} is in use by process ${claim.owner}, another Anling. Stop it, or give this one a folder of its own.`);
    return { url, keeper: null };
  }
  const keeper = await keepEmbedded({ data: config.data, port: config.dbPort, log, onEvent: (what, detail) => log.warn({ detail }, what) }).catch((error: unknown) => { claim.release(); throw error; });
  undo.push(() => claim.release());
  undo.push(() => keeper.stop(databaseStopMs));
  return { url: keeper.url, keeper };
}

/** The demonstration county on an unused database where that is allowed, and the default plans on any. Demonstration data and a real gateway do not start together. */
async function prepareCounty(db: Db, seal: Seal, config: Config, embedded: boolean, log: Logger): Promise<void> {
  const real = config.gateway !== null && config.gateway !== 'standin';
  const wanted = config.demo === 'on' || (config.demo === 'auto' && embedded && !real);
  if (wanted && !real && await loadDemo(db, seal)) log.info('the demonstration county is loaded');
  await db.tx(ensurePlans);
  if (real && await hasDemoPeople(db)) {
    throw new OperatingError('E_CONFIG', `ANLING_GATEWAY: "${config.gateway}" is a real gateway, but demonstration data is on file. Remove it (npm run admin -- demo-remove) or use the stand-in.`);
  }
}

async function firstAdmin(db: Db, config: Config, log: Logger): Promise<string | null> {
  const { made, password, weak } = await ensureAdmin(db, config.adminPassword);
  if (weak && made) log.warn(`ANLING_ADMIN_PASSWORD is weak (${weak}); change it after the first login`);
  return password;
}

async function startChildren(prepared: Prepared, crew: Crew): Promise<void> {
  const { config, keeper } = prepared;
  const { supervisor } = crew;
  const metrics = createMetrics('supervisor');
  const restarts = metrics.gauge('restarts', 'Starts after the first one, by process', ['process']);
  const reasons = (): string[] => {
    const status = supervisor.status();
    for (const child of status) restarts.set({ process: child.name }, child.restarts);
    return [...(keeper?.down() ? [keeper.down() as string] : []), ...status.flatMap(whyNotUp)];
  };
  crew.health = wholeHouse(config) ? await startHealth({ role: 'supervisor', port: config.opsPort, reasons, metrics }) : null;
  for (const spec of childSpecs(prepared)) supervisor.add(spec);
}

/** Where compiled code is kept: a killed role is back in a fifth of the time (0.6 s -> 0.15 s for 24,000 lines). Beside the code when it may be written. */
function codeCache(data: string): string {
  const modules = join(root, 'node_modules');
  try { accessSync(modules, constants.W_OK); return join(modules, '.cache', 'compiled'); } catch { return join(data, 'cache'); }
}

/** The doors are the one role of which several may run here: they share nothing but their ports. */
const instancesOf = (config: Config, role: Role): number[] => Array.from({ length: role === 'edge' ? config.edges : 1 }, (_, i) => i + 1);

function roleSpecs(config: Config, role: Role): ChildSpec[] {
  const env = { ...process.env, ...configVariables(config), NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? codeCache(config.data) };
  return instancesOf(config, role).map((instance) => ({ name: processName(role, instance), file: join(root, 'src', 'main.ts'), args: ['child', '--role', role, ...(instance > 1 ? ['--instance', String(instance)] : [])], env, beats: true }));
}

function childSpecs({ config, seal, standin, aheadMs }: Prepared): ChildSpec[] {
  const specs = config.roles.flatMap((role) => roleSpecs(config, role));
  if (!standin || !wholeHouse(config)) return specs;
  const { id, secret } = standinKey(seal);
  const hooks = `${config.tlsCert ? config.publicUrl : `http://127.0.0.1:${config.httpPort}`}/hooks/aliyun/${seal.hookSecret}`;
  return [...specs, {
    name: 'standin', file: join(root, 'device-simulators', 'standin', 'main.ts'), args: [], beats: false,
    env: { ...process.env, ANLING_STANDIN_PORT: String(config.standinPort), ANLING_STANDIN_KEY_ID: id, ANLING_STANDIN_KEY_SECRET: secret, ANLING_STANDIN_HOOKS: hooks, ANLING_STANDIN_AHEAD_MS: String(aheadMs) },
  }];
}

/** What the person at the terminal needs, in both languages; the password stands here once and nowhere else. */
function announce(prepared: Prepared, crew: Crew): void {
  const { config, password, standin } = prepared;
  const line = (text: string): void => relay(`${text}\n`);
  if (password) line(`\n  First login 首次登录   user admin   password ${password}   (shown only now 仅显示一次)\n`);
  crew.whenReady(() => {
    line('\nAnling 安铃 is ready 已就绪');
    const { deviceHost: host } = config;
    if (config.roles.includes('web')) line(`  Pages, API 页面接口     ${config.publicUrl}   (${config.publicUrl}/readyz, /api/docs)`);
    if (config.roles.includes('edge')) line(`  Devices 设备            mqtt://${host}:${config.mqttPort}   mqtts://${host}:${config.mqttsPort}   http and ws (/mqtt) ${host}:${config.doorPort}`);
    if (config.roles.includes('flows')) line(`  Flows 自定规则          ${config.publicUrl}/flows   (admin, technician)`);
    if (standin && wholeHouse(config)) line(`  Phones 模拟手机         http://127.0.0.1:${config.standinPort}   (stand-in gateway: no real phone rings 模拟网关,不拨真实电话)`);
    line('');
  });
}
