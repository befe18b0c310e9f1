/**
 * The composition root: which services make up each role, and which functions they get from each other. It alone knows
 * them all (law 10). Services start in the order of their list and stop in the reverse.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { startAssurance } from '#alerts/assurance.ts';
import { startClockWatch } from '#alerts/clock-watch.ts';
import { startCommitProof } from '#alerts/commit-proof.ts';
import { startDaily } from '#alerts/digest.ts';
import { createRespond } from '#alerts/respond.ts';
import { startDrills } from '#alerts/drill.ts';
import { startSweep } from '#alerts/sweep.ts';
import { startFlood } from '#alerts/flood.ts';
import { startVigilance } from '#alerts/vigilance.ts';
import { startAuditor } from '#auditor/auditor.ts';
import type { PageCall } from '#auditor/page.ts';
import { startCanary } from '#canary/canary.ts';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { ProviderSettings } from '#core/provider.ts';
import { traceSource } from '#core/publish.ts';
import { type Config, type GatewayKind, mapOf, type Role } from '#config';
import { fullCases } from '#alerts/cases.ts';
import { handoverLabel, takeOverOpen } from '#alerts/handover.ts';
import { composeOne } from '#alerts/outgoing.ts';
import { readPush, type ReceiptKind } from '#notify/channels/aliyun/receipts.ts';
import { createDirect } from '#notify/direct.ts';
import { replyKey } from '#notify/receipts.ts';
import { dutyGate, onDuty } from '#ops/duty.ts';
import { readAlerts } from '#store/alerts.ts';
import { readSnapshot, writeSnapshot } from '#store/standby-files.ts';
import { takenEvents } from '#store/standby-ledger.ts';
import { reliefOver, relieve } from '#standby/relief.ts';
import { startStandby } from '#standby/standby.ts';
import type { Said } from '#standby/room.ts';
import { createTryRules } from '#alerts/rules-try.ts';
import { startAlerts } from '#alerts/start.ts';
import { startDeviceCache } from '#doors/devices.ts';
import { startHttpDoor } from '#doors/http/door.ts';
import { createLogin } from '#doors/login.ts';
import { deviceCertificate } from '#doors/mqtt/certificate.ts';
import { createAlink } from '#doors/mqtt/alink.ts';
import { startCommands } from '#doors/mqtt/commands.ts';
import { startMoves } from '#doors/moves.ts';
import { startMqttDoor, type MqttDoor } from '#doors/mqtt/listen.ts';
import { startIntake } from '#intake/accept.ts';
import { replayQuarantined } from '#intake/replay.ts';
import { startUpkeep } from '#intake/upkeep.ts';
import { createEdgeMeter, gaugeOf } from '#ops/edge-meter.ts';
import { type NotifyOptions, startNotify } from '#notify/notify.ts';
import { standinKey } from '#notify/standin-key.ts';
import type { OpsPeer } from '#ops/health.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { builtPages } from '#ops/pages.ts';
import { answerClock, clockChannel } from '#store/clock-travel.ts';
import { missCall } from '#store/calls.ts';
import { openSpool } from '#store/spool.ts';
import { endedSessions, enterSessions, forgetFormerEdges, leftSessions, movesChannel } from '#store/device-sessions.ts';
import { findByDoor, findDevices, listDevices } from '#store/devices.ts';
import { openEcho } from '#store/echo.ts';
import { knownDevicesFile, readKnownDevices, writeKnownDevices } from '#store/known-devices.ts';
import { openDb, type Db } from '#store/pool.ts';
import { readSetting } from '#store/settings.ts';
import { hasRealPeople } from '#store/startup.ts';
import type { Seal } from '#store/seal.ts';
import { anling } from '#vendors/anling/index.ts';
import { doorWords } from '#vendors/door-words.ts';
import { auditWriter } from '#web/audit-writer.ts';
import { startKeptHooks } from '#web/kept-hooks.ts';
import { startWeb as serveWeb } from '#web/server.ts';
import type { Service } from '#work/loop.ts';
import { commandStore } from './edge-commands.ts';
import { startVendors, type Vendors } from './edge-vendors.ts';
import { startFlows } from './flow-role.ts';
import project from '../package.json' with { type: 'json' };

export type RoleContext = {
  config: Config; log: Logger; metrics: Metrics; seal: Seal;
  /** This process among all nodes; a restart is a new one. */ nodeId: string;
  databaseUrl: string;
  /** A pool of its own with `max` connections; closed after the services. */ db(name: string, max: number, statementMs?: number): Db;
  /** Ops addresses of the processes that the supervisor runs. */ peers(): readonly OpsPeer[];
  /** Answers a path of this process's ops port. */ serve?(path: string, body: () => unknown): void;
  /** Says something more of this process with each of its beats, in its row of `node`. */ say?(name: string, read: () => unknown): void;
};

export const newNodeId = (role: Role): string => `${role}-${hostname().slice(0, 30)}-${newId('', 8)}`;

/** The services of a role, started; whoever fails to start has stopped what was started before it. */
export async function startRole(role: Role, ctx: RoleContext): Promise<Service[]> {
  const started: Service[] = [];
  const add = <S extends Service>(service: S): S => { started.push(service); return service; };
  try {
    await parts[role](ctx, add);
    return started;
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

/** Stops the last first; one that fails does not keep the others. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  for (const service of services.toReversed()) await service.stop().catch(() => {});
}

/** The pools of one process, closed together. */
export function pools(databaseUrl: string, log: Logger): { db: RoleContext['db']; close(): Promise<void> } {
  const open: Db[] = [];
  return {
    db(name, max, statementMs) {
      const db = openDb({ url: databaseUrl, max, name, log, ...(statementMs === undefined ? {} : { statementMs }) });
      open.push(db);
      return db;
    },
    async close() { await Promise.all(open.map((db) => db.close().catch(() => {}))); },
  };
}

export const { version } = project;

type Add = <S extends Service>(service: S) => S;
const parts: Record<Role, (ctx: RoleContext, add: Add) => Promise<void>> = { edge: startEdge, worker: startWorker, web: startWeb, standby: startStandbyRole, auditor: startAuditorRole, flows: startFlows };

/** Doors, and the durable gate behind them. The urgent lane has connections of its own (law 8). */
async function startEdge(ctx: RoleContext, add: Add): Promise<void> {
  const { config, seal, log, metrics } = ctx;
  const meter = createEdgeMeter(metrics);
  const newTrace = traceSource();
  const db = ctx.db('edge', 8);
  const down = commandStore(ctx.db('commands', 2, 4_000), seal, ctx.nodeId);
  // An alarm is taken without a spool too, as long as the database is there.
  const spool = await openSpool({ folder: join(config.data, 'spool'), maxBytes: limits.spoolBytes }).catch((error: Error) => {
    log.error({ error: error.message }, 'the spool cannot be opened: while the database is away nothing is acknowledged');
    return null;
  });
  // Before the intake: it stops after it, and nobody's last frames wait for the roll-up of a day.
  add(startUpkeep({ db: ctx.db('upkeep', 1, 300_000), log, days: { heartbeat: config.heartbeatDays, vital: limits.vitalDays } }));
  const intake = add(startIntake({ spool, urgentDb: ctx.db('urgent', 4, 4_000), db, seal, log, meter, vendor: anling, newTrace, answered: down.answered, held: dutyGate(config.data, ['away', 'events'], null) }));
  let mqtt: MqttDoor | null = null;
  let watching: Vendors['watches'] | null = null;
  const memory = knownDevicesFile(config.data);
  const known = await readKnownDevices(memory, seal).catch((error: Error) => { log.error({ error: error.message }, 'the devices kept on the disk cannot be read; the database is asked'); return []; });
  const devices = add(startDeviceCache({
    lookup: { find: (ids) => findDevices(db, seal, ids), list: (afterNo, rows) => listDevices(db, seal, afterNo, rows), byDoor: (names) => findByDoor(db, seal, names) }, log,
    onChange(id, device) { mqtt?.deviceChanged(id, device); watching?.deviceChanged(id, device); },
    known, save: (all) => writeKnownDevices(memory, seal, all),
  }));
  // Not waited for, here and below: doors open while the database is away.
  const moves = add(startMoves({
    enter: (entered) => db.tx((sql) => enterSessions(sql, ctx.nodeId, entered)), left: () => leftSessions(db, ctx.nodeId), ended: (ids) => endedSessions(db, ctx.nodeId, ids), tidy: () => forgetFormerEdges(db),
    ageMs: (id) => mqtt?.ageMs(id) ?? watching?.ageMs(id) ?? null, end(id) { mqtt?.moved(id); watching?.moved(id); }, forget: intake.forget, log,
  }));
  const unlisten = db.listen(['anling_device', 'anling_rules', clockChannel, movesChannel], (channel, payload) => {
    if (channel === 'anling_device') devices.changed(payload);
    else if (channel === movesChannel) moves.wake();
    else if (channel === 'anling_rules') intake.rulesChanged();
    else if (payload === '') intake.clockMoved();
    else void intake.writeSigns().then(() => answerClock(db, payload)).catch((error: unknown) => log.warn({ error: (error as Error).message }, 'signs of life were not written before the clock moves'));
  });
  add(hints('device-hints', unlisten));
  const door = {
    host: config.deviceHost, shared: config.edges > 1, accept: intake.accept, misuse: intake.misuse, log, meter, newTrace,
    login: createLogin({ devices, secretMatches: seal.secretMatches, refused: intake.refused }),
  };
  // Before the doors, so that it stops after them: what is under way then ends with its connection.
  const { doors, deliver, watches } = await startVendors({ ...ctx, entered: moves.entered, store: db, add, devices, intake, meter, newTrace });
  watching = watches;
  const commands = add(startCommands({
    ...down, log, metrics, reachable: (id) => (mqtt?.reachable(id) ?? false) || watches.reachable(id),
    send: async (id, payload) => (watches.reachable(id) ? await watches.sendCommand(id, payload) : ((await mqtt?.sendCommand(id, payload)) ?? 'not-connected')),
  }));
  add(hints('command-hints', down.listen(commands.wake)));
  const certificate = await deviceCertificate(config.data, [config.deviceHost, new URL(config.publicUrl).hostname]);
  const opened = add(await startMqttDoor({ ...door, known: () => devices.size, port: config.mqttPort, tlsPort: config.mqttsPort, certificate, alink: createAlink({ doors, devices, deliver, refused: intake.refused, now: intake.now }), hurry: intake.hurry, entered: moves.entered, connected: intake.connected }));
  mqtt = opened;
  add(await startHttpDoor({ ...door, port: config.doorPort, takeWebSocket: opened.takeWebSocket, vendors: { doors, deliver, stranger: intake.stranger, refusedPush: intake.refusedPush, log, meter, newTrace, now: intake.now } }));
  gaugeOf(metrics, 'devices_connected', 'Devices connected over MQTT', () => opened.counts().connected);
  gaugeOf(metrics, 'sockets_half_open', 'Sockets that have not logged in', () => opened.counts().halfOpen);
  gaugeOf(metrics, 'devices_known', 'Devices the doors remember', () => devices.size);
  gaugeOf(metrics, 'urgent_waiting', 'Events waiting for their commit', () => intake.waiting().urgent);
  gaugeOf(metrics, 'telemetry_waiting', 'Telemetry rows waiting for their commit', () => intake.waiting().telemetry);
  ctx.say?.('edge', () => ({ spooled: intake.waiting().spooled, open: meter.ledger.open() }));
  gaugeOf(metrics, 'spool_rows', 'Items kept in the spool that the database does not have yet', () => intake.waiting().spooled);
  gaugeOf(metrics, 'presence_waiting', 'Devices whose sign of life waits to be written', () => intake.waiting().presence);
}

/** Hints that are heard once the database answers. */
function hints(name: string, unlisten: Promise<() => Promise<void>>): Service {
  return { name, ready: () => null, async stop() { await (await unlisten)(); } };
}

/** The alarm path behind the doors, and supervision with connections of its own. */
async function startWorker(ctx: RoleContext, add: Add): Promise<void> {
  const { seal, log, metrics } = ctx;
  const reliefDb = ctx.db('relief', 2, 4_000);
  const echo = openEcho(ctx.config.data, seal);
  const relief = (): Promise<void> => relieve({ data: ctx.config.data, db: reliefDb, seal, log, handoverLabel, takeOverOpen: (sql, handed) => takeOverOpen(sql, { seal, log, echo }, handed) });
  add(await startAlerts({ seal, log, metrics, db: ctx.db, handlers: { call: (sql, timer) => missCall(sql, seal, String(timer.payload['callId'])) }, held: dutyGate(ctx.config.data, ['away'], limits.standbyPatienceMs, relief), taken: takenEvents(ctx.config.data, onDuty(ctx.config.data)), echo }));
  const supervision = { db: ctx.db('supervision', 4, 20_000), seal, log, metrics };
  const watching = [add(startSweep(supervision)), add(startDaily(supervision)), add(startVigilance(supervision)), add(startFlood(supervision)), add(startAssurance(supervision)), add(startDrills(supervision))];
  add(startCanary({ db: ctx.db('canary', 2, 5_000), seal, log, metrics, host: hostname() }));
  add(startClockWatch({ db: ctx.db('clock', 1, 3_000), log, metrics }));
  const db = ctx.db('notify', 4);
  const unlisten = await db.listen([clockChannel], (_, payload) => { if (payload === '') for (const loop of watching) loop.wake(); });
  add({ name: 'clock-hints', ready: () => null, stop: unlisten });
  add(startCommitProof({ db: ctx.db('proof', 1, 4_000), data: ctx.config.data }));
  add(await startNotify({ urgentDb: ctx.db('notify-urgent', 4), db, seal, log, metrics, gateway: await gatewayOf(ctx, db), held: dutyGate(ctx.config.data, ['away'], limits.standbyPatienceMs, relief) }));
}

/** The configured gateway; without a word about it the stand-in while all data is demonstration data, else none. */
async function gatewayOf(ctx: RoleContext, db: Db): Promise<NotifyOptions['gateway']> {
  const kind = ctx.config.gateway ?? (await hasRealPeople(db) ? null : 'standin');
  return kind && gatewayAs(ctx, kind);
}

function gatewayAs({ config, seal }: RoleContext, kind: GatewayKind): NonNullable<NotifyOptions['gateway']> {
  const own = config.accessKeyId && config.accessKeySecret ? { id: config.accessKeyId, secret: config.accessKeySecret } : null;
  return {
    kind, smsUrl: config.smsEndpoint, voiceUrl: config.voiceEndpoint, standinUrl: `http://127.0.0.1:${config.standinPort}`, credentials: kind === 'standin' ? standinKey(seal) : own,
    second: config.gateway2, http: config.httpGatewayUrl && config.httpGatewayKey ? { url: config.httpGatewayUrl, key: config.httpGatewayKey } : null, modemFolder: config.modemFolder,
  };
}

/** Escalation without the database, from snapshot and spools; it shares the alarm path's decisions and the gateway, nothing else. */
async function startStandbyRole(ctx: RoleContext, add: Add): Promise<void> {
  const { config, seal, log, metrics } = ctx;
  const db = ctx.db('standby', 2, 4_000);
  const gateway = await standbyGateway(ctx, db);
  await reliefOver(config.data);
  add(startStandby({
    data: config.data, seal, log, metrics, db, proofDb: ctx.db('standby-proof', 1, 1_500), readDb: ctx.db('standby-read', 2, 30_000), handoverLabel,
    readCases: async (sql, ids) => [...(await fullCases(sql, await readAlerts(sql, ids))).values()],
    takeOverOpen: (sql, handed) => takeOverOpen(sql, { seal, log }, handed),
    compose: (item, known, now) => composeOne(item, known, seal, now), sender: (provider) => createDirect(gateway, provider),
    ...(ctx.serve ? { serve: ctx.serve } : {}), read: (kind, body) => saidBy(seal, kind as ReceiptKind, body),
  }));
}

/** Started while the database is away: the configured gateway, else the one that this machine used last. */
async function standbyGateway(ctx: RoleContext, db: Db): Promise<NotifyOptions['gateway']> {
  const { config, seal, log } = ctx;
  if (config.gateway !== null) return gatewayAs(ctx, config.gateway);
  const folder = join(config.data, 'standby');
  try {
    const gateway = await gatewayOf(ctx, db);
    try { writeSnapshot(folder, 'gateway', seal, gateway?.kind ?? null); } catch (error) { log.warn({ error: (error as Error).message }, 'standby cannot note its gateway'); }
    return gateway;
  } catch {
    const kind = readSnapshot<GatewayKind | null>(folder, 'gateway', seal)?.value ?? null;
    return kind && gatewayAs(ctx, kind);
  }
}

/** What a push says to standby: answers, keys and failures. */
function saidBy(seal: Seal, kind: ReceiptKind, body: string): Said[] {
  return readPush(kind, body).flatMap((r): Said[] => {
    if (r.kind === 'answer') return [{ kind: 'answer', from: r.from, content: r.content, dedupe: replyKey(seal, r) ?? '' }];
    if (r.kind === 'key') return [{ kind: 'key', outId: r.outId, providerId: r.providerId, key: r.key, dedupe: replyKey(seal, r) ?? '' }];
    return r.kind === 'fate' && r.fate.kind === 'failed' ? [{ kind: 'failed', outId: r.outId, providerId: r.providerId, code: r.fate.code, class: r.fate.class }] : [];
  });
}

/** Judges the rows by itself, over connections of its own; of the others it has the gateway alone. */
async function startAuditorRole(ctx: RoleContext, add: Add): Promise<void> {
  const { config, seal, log, metrics } = ctx;
  const db = ctx.db('auditor', 2, limits.auditLookMs);
  const gateway = await gatewayOf(ctx, db);
  let provider: Partial<ProviderSettings> | null = null;
  const send = createDirect(gateway, () => provider);
  const call: PageCall = async (message) => { provider = await readSetting<Partial<ProviderSettings>>(db, 'provider').catch(() => provider); return send(message); };
  add(startAuditor({ db, seal, log, metrics, deadManUrl: config.deadManUrl, call: gateway && call }));
}

/** The authority of the duty PCs' client certificates, where somebody has put it into the data folder. */
function dutyAuthority(data: string): { ca?: Buffer } {
  const file = join(data, 'client-ca.pem');
  return existsSync(file) ? { ca: readFileSync(file) } : {};
}

/** Pages, API and live channel. What people do to alerts has connections of its own, so that no list can keep it waiting (law 8). */
async function startWeb({ config, log, metrics, seal, nodeId, db, peers }: RoleContext, add: Add): Promise<void> {
  const trail = db('audit', 2);
  const kept = add(await startKeptHooks({ data: config.data, db: trail, seal, log }));
  add(await serveWeb({
    settings: {
      host: config.httpHost, port: config.httpPort, publicUrl: config.publicUrl, pages: builtPages(config.data), data: config.data, gateway: config.gateway, heartbeatDays: config.heartbeatDays, map: mapOf(config),
      tls: config.tlsCert && config.tlsKey ? { cert: readFileSync(config.tlsCert), key: readFileSync(config.tlsKey), ...dutyAuthority(config.data) } : null,
      door: { host: config.deviceHost, port: config.doorPort },
    },
    version, nodeId, seal, log, metrics, peers, db: db('web', 10), respond: createRespond({ db: db('respond', 4), seal, log, metrics, echo: openEcho(config.data, seal) }),
    audit: auditWriter({ db: trail, seal }), keepHook: kept.keep,
    vendors: doorWords, replay: (id, by) => replayQuarantined({ db: trail, seal, vendor: anling }, id, by),
    standinUrl: `http://127.0.0.1:${config.standinPort}`, tryRules: createTryRules({ db: db('rules-try', 1, limits.tryStatementMs), seal, breathe }),
  }));
}
