/**
 * The supervisor's life: database, schema, keys, first administrator, pages, then the roles as children, in the order that a
 * machine needs after its power came back. It holds no work of its own; it stops everything in order, within eight seconds.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { configVariables, type Config, opsPortOf, type Role, roles as allRoles } from '#config';
import { OperatingError } from '#core/errors.ts';
import { startHealth, type Health, type OpsPeer } from '#ops/health.ts';
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
import { migrate } from '#store/migrate.ts';
import { openDb, type Db } from '#store/pool.ts';
import { createSeal, readKeys, type Seal } from '#store/seal.ts';
import { checkKeys, ensureAdmin, hasRealPeople, holdsData, reachDatabase, unsafeSettings } from '#store/startup.ts';
import { type ChildSpec, type ChildStatus, startSupervisor, type Supervisor } from '#work/supervisor.ts';

const root = join(import.meta.dirname, '..');
const edgeStopMs = 2_500;
const roleStopMs = 2_500;
const databaseStopMs = 2_500;
const closingMs = 5_000;

type Prepared = { config: Config; seal: Seal; keeper: Keeper | null; password: string | null; standin: boolean; aheadMs: number; pagesError: string | null };

/** Runs until a signal; resolves with the exit code. Throws OperatingError with a text for the operator when it cannot start. */
export async function runHouse(given: Config): Promise<number> {
  const log = createLog('supervisor', given.logLevel, relay);
  const signal = firstSignal();
  const undo: (() => Promise<void> | void)[] = [];
  const stopAll = async (): Promise<void> => { for (const step of undo.toReversed()) await step(); };
  try {
    requireFiles(given);
    const { found, killed } = await endOrphans(given.data, 4_000);
    if (killed.length > 0) log.warn({ killed }, 'ended what a killed life left behind');
    const life = recordLife(given.data);
    undo.push(() => life.end());
    const prepared = await prepare(given, log, undo, found ? closingMs : 0);
    if (signal.seen !== null) { await stopAll(); return 0; }
    const house = await startChildren(prepared, log, life.children);
    undo.push(() => house.stop());
    announce(prepared, house);
    log.info({ why: await signal.first }, 'stopping');
    signal.again(() => house.supervisor.killAll());
    await stopAll();
    log.info('stopped');
    return 0;
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Whole lines to stdout; when nobody reads them they are dropped rather than kept or waited for. */
function relay(line: string): void {
  if (process.stdout.writableLength < 4 * 1024 * 1024) process.stdout.write(line);
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

const wholeHouse = (config: Config): boolean => allRoles.every((role) => config.roles.includes(role));

/** Everything that must be right before a role may run. `portsMs`: how long a killed life's ports may take to close. */
async function prepare(given: Config, log: Logger, undo: (() => Promise<void> | void)[], portsMs: number): Promise<Prepared> {
  const config = await withPorts(given);
  await requirePorts(wantedPorts(config), portsMs);
  const pages = config.roles.includes('web') ? buildPages(config.data) : null;
  const { url, keeper } = config.databaseUrl === null ? await ownDatabase(config, log, undo) : { url: config.databaseUrl, keeper: null };
  const db = openDb({ url, max: 2, name: 'supervisor' });
  try {
    await reachDatabase(db, url, keeper ? 30_000 : 3_000);
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

/** Zero means any: the choice is made here once, so that every process of the house knows it. */
async function withPorts(config: Config): Promise<Config> {
  const chosen: Record<string, number> = {};
  for (const name of ['httpPort', 'mqttPort', 'mqttsPort', 'doorPort', 'standinPort'] as const) if (config[name] === 0) chosen[name] = await freePort();
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
    ...config.roles.map((role) => ({ role, port: opsPortOf(config, role), host: '127.0.0.1', what: `ops port of ${role}`, variable: 'ANLING_OPS_PORT' })),
    ...(wholeHouse(config) ? [{ role: null, port: config.opsPort, host: '127.0.0.1', what: 'ops port of the supervisor', variable: 'ANLING_OPS_PORT' }] : []),
    // Only an explicit or still possible stand-in needs its port; with a real gateway it stays free.
    ...(wholeHouse(config) && (config.gateway ?? 'standin') === 'standin' ? [{ role: null, port: config.standinPort, host: '127.0.0.1', what: 'stand-in gateway', variable: 'ANLING_STANDIN_PORT' }] : []),
  ];
  return list.filter(({ role }) => role === null || config.roles.includes(role));
}

/** The embedded database of the data folder: ours to run, or that of the house that runs there already. */
async function ownDatabase(config: Config, log: Logger, undo: (() => Promise<void> | void)[]): Promise<{ url: string; keeper: Keeper | null }> {
  const claim = claimDatabase(config.data);
  if (claim.owner !== null) {
    const port = embeddedPort(config.data);
    const url = port === null ? null : embeddedUrl(config.data, port);
    if (wholeHouse(config) || url === null) throw new OperatingError('E_CONFIG', `ANLING_DATA: ${config.data} is in use by process ${claim.owner}, another Anling. Stop it, or give this one a folder of its own.`);
    return { url, keeper: null };
  }
  undo.push(() => claim.release());
  const keeper = await keepEmbedded({ data: config.data, port: config.dbPort, log, onEvent: (what, detail) => log.warn({ detail }, what) });
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

type Running = { supervisor: Supervisor; health: Health | null; stop(): Promise<void>; whenReady(act: () => void): void };

async function startChildren(prepared: Prepared, log: Logger, record: (pids: number[]) => void): Promise<Running> {
  const { config, keeper } = prepared;
  const metrics = createMetrics('supervisor');
  const restarts = metrics.gauge('restarts', 'Starts after the first one, by process', ['process']);
  let onReady: (() => void) | null = null;
  let stopping = false;
  const reasons = (): string[] => {
    const status = supervisor.status();
    for (const child of status) restarts.set({ process: child.name }, child.restarts);
    return [...(keeper?.down() ? [keeper.down() as string] : []), ...status.flatMap(whyNotUp)];
  };
  const changed = (): void => {
    record(supervisor.status().flatMap((child) => child.pid ?? []));
    supervisor.send('web', { peers: peersOf(supervisor.status(), health) });
  };
  const health = wholeHouse(config) ? await startHealth({ role: 'supervisor', port: config.opsPort, reasons, metrics }) : null;
  const supervisor: Supervisor = startSupervisor({
    children: childSpecs(prepared), onLine: (_, line) => relay(`${line}\n`),
    onEvent({ child, what, pid, detail }) {
      log[(what === 'ended' && !stopping) || what === 'hung' ? 'warn' : 'info']({ child, childPid: pid, detail }, `${child} ${what}`);
      if (what === 'ready' && supervisor.status().every((c) => whyNotUp(c).length === 0 && (c.beat?.reasons.length ?? 0) === 0)) { onReady?.(); onReady = null; }
    },
    onChange: () => setImmediate(changed), // 'supervisor' is not yet assigned while the first children start
  });
  return {
    supervisor, health, whenReady(act) { onReady = act; },
    async stop() {
      stopping = true;
      // First nothing new comes in, then what is under way is finished, then the pages go.
      await supervisor.stop(edgeStopMs, config.roles.includes('edge') ? ['edge'] : []);
      await supervisor.stop(roleStopMs, config.roles.filter((role) => role !== 'edge'));
      await supervisor.stop(1_000);
      await health?.stop();
    },
  };
}

function whyNotUp(child: ChildStatus): string[] {
  if (child.pid === null) return [`${child.name} ended and is being started again${child.lastWords ? `; its last words: ${child.lastWords.slice(0, 200)}` : ''}`];
  return child.beat === null && child.name !== 'standin' ? [`${child.name} is starting`] : [];
}

function peersOf(status: readonly ChildStatus[], health: Health | null): OpsPeer[] {
  const roles = status.flatMap((child) => (child.beat?.facts['ops'] ? [{ role: child.name, url: child.beat.facts['ops'] }] : []));
  return [...(health ? [{ role: 'supervisor', url: health.url }] : []), ...roles];
}

/** Where compiled code is kept: a killed role is back in a fifth of the time (0.6 s -> 0.15 s for 24,000 lines). Beside the code when it may be written. */
function codeCache(data: string): string {
  const modules = join(root, 'node_modules');
  try { accessSync(modules, constants.W_OK); return join(modules, '.cache', 'compiled'); } catch { return join(data, 'cache'); }
}

function childSpecs({ config, seal, standin, aheadMs }: Prepared): ChildSpec[] {
  const env = { ...process.env, ...configVariables(config), NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? codeCache(config.data) };
  const main = join(root, 'src', 'main.ts');
  const specs: ChildSpec[] = config.roles.map((role) => ({ name: role, file: main, args: ['child', '--role', role], env, beats: true }));
  if (!standin || !wholeHouse(config)) return specs;
  const { id, secret } = standinKey(seal);
  const hooks = `${config.tlsCert ? config.publicUrl : `http://127.0.0.1:${config.httpPort}`}/hooks/aliyun/${seal.hookSecret}`;
  return [...specs, {
    name: 'standin', file: join(root, 'device-simulators', 'standin', 'main.ts'), args: [], beats: false,
    env: { ...process.env, ANLING_STANDIN_PORT: String(config.standinPort), ANLING_STANDIN_KEY_ID: id, ANLING_STANDIN_KEY_SECRET: secret, ANLING_STANDIN_HOOKS: hooks, ANLING_STANDIN_AHEAD_MS: String(aheadMs) },
  }];
}

/** What the person at the terminal needs, in both languages; the password stands here once and nowhere else. */
function announce(prepared: Prepared, house: Running): void {
  const { config, password, standin } = prepared;
  const line = (text: string): void => relay(`${text}\n`);
  if (password) line(`\n  First login 首次登录   user admin   password ${password}   (shown only now 仅显示一次)\n`);
  house.whenReady(() => {
    line('\nAnling 安铃 is ready 已就绪');
    const { deviceHost: host } = config;
    if (config.roles.includes('web')) line(`  Pages, API 页面接口     ${config.publicUrl}   (${config.publicUrl}/readyz, /api/docs)`);
    if (config.roles.includes('edge')) line(`  Devices 设备            mqtt://${host}:${config.mqttPort}   mqtts://${host}:${config.mqttsPort}   http and ws (/mqtt) ${host}:${config.doorPort}`);
    if (standin && wholeHouse(config)) line(`  Phones 模拟手机         http://127.0.0.1:${config.standinPort}   (stand-in gateway: no real phone rings 模拟网关,不拨真实电话)`);
    line('');
  });
}
