/** `npm run doctor` (台风前自检): one page about house, machine and county before a typhoon; exit 0 when all is well, 1 when something is to do. */
import { dayMs } from '#core/clock.ts';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type Config, readConfig } from '#config';
import { type DatabaseFacts, diagnose, type DoctorLine, type Named } from '#core/doctor.ts';
import { doctorPage } from '#core/doctor-words.ts';
import { OperatingError } from '#core/errors.ts';
import { type PackState, packState } from '#core/pack.ts';
import { mergeSettings, type ProviderSettings } from '#core/provider.ts';
import { showRegion } from '#core/region.ts';
import { aggregateReadiness } from '#ops/health.ts';
import { machineNow, onSameDisk, readMachine, type RunTool } from '#ops/machine.ts';
import { type BackupRecord, readBackups } from '#store/backup.ts';
import { readCanary } from '#store/canary.ts';
import { readClock } from '#store/clock.ts';
import { countConsoles, readSending } from '#store/county-status.ts';
import { readCounty } from '#store/doctor.ts';
import { auditOf, openFindings, outsideOf, readAuditor } from '#store/findings.ts';
import { livingNodes } from '#store/nodes.ts';
import { readOpsRows, readProviderErrors, recentBlindWindows } from '#store/ops-figures.ts';
import { packTowns } from '#store/packs.ts';
import { type Db, openDb } from '#store/pool.ts';
import { reachForCommand } from '#store/reach.ts';
import { createSeal, readKeys } from '#store/seal.ts';
import { readSetting } from '#store/settings.ts';
import { lookAtSpool } from '#store/spool-look.ts';
import { checkKeys, unsafeSettings } from '#store/startup.ts';
import { listTemplateChecks } from '#store/template-check.ts';
import { judgeTemplates, readGateway } from '#web/gateway.ts';
import { packFiles } from '#web/packs.ts';

/** Every line, whatever does not answer. `run` starts the machine's own tools. */
export async function examine(config: Config, run?: RunTool): Promise<DoctorLine[]> {
  const database = await reachDatabase(config).catch((error: Error) => error.message.replaceAll(/\s+/g, ' '));
  const folder = typeof database === 'string' ? null : database.backup.folder;
  const machine = await readMachine({
    ...(config.databaseUrl === null ? { database: join(config.data, 'pg') } : {}), data: config.data, ...(folder ? { backup: folder } : {}), log: '/var/log',
  }, run);
  return diagnose({ machine: { ...machine, spool: lookAtSpool(join(config.data, 'spool')) }, database });
}

async function reachDatabase(config: Config): Promise<DatabaseFacts> {
  // Asking must not make a house where there is none.
  if (config.databaseUrl === null && !existsSync(join(config.data, 'pg', 'PG_VERSION'))) throw new OperatingError('E_NOT_FOUND', `${config.data} 里还没有数据库 There is no database in ${config.data} yet: npm start makes one.`);
  const { url, running, end } = await reachForCommand(config);
  const db = openDb({ url, max: 4, name: 'doctor' });
  try {
    return await readDatabase(db, config, running);
  } finally {
    await db.close();
    await end();
  }
}

async function readDatabase(db: Db, config: Config, running: boolean): Promise<DatabaseFacts> {
  const began = performance.now();
  const rows = await readOpsRows(db);
  const answerMs = Math.round(performance.now() - began);
  const [clock, sent, blind, checks, outbox, consoles, gateway, backups, roles] = await Promise.all([
    readDrift(db), readProviderErrors(db), recentBlindWindows(db), listTemplateChecks(db), readSending(db), countConsoles(db), readGateway(db, config), readBackups(db), running ? readRoles(db) : [],
  ]);
  const { checked, bad } = judgeTemplates(checks, gateway.kind);
  const [auditor, findings] = [await readAuditor(db), await openFindings(db)];
  const [last] = backups.history;
  return {
    unsafe: await unsafeSettings(db), keys: await keyTrouble(db, config), roles: roles.map(({ version: _, ...role }) => role), driftMs: clock, canary: await readCanary(db), county: await readCounty(db), growth: growthOf(backups, rows), packs: await readPacks(db, config, rows.now),
    refusals: sent.errors,
    provider: mergeSettings(await readSetting<Partial<ProviderSettings>>(db, 'provider'), gateway.kind === 'standin'),
    backup: { folder: last ? dirname(last.file) : null, sameDisk: last && config.databaseUrl === null ? onSameDisk(join(config.data, 'pg'), dirname(last.file)) : null, failed: backups.failed?.why ?? null },
    ops: {
      roles, gateway, templates: { checked, bad: bad.length }, events: rows.events, timers: rows.timers, outbox, consoles, doors: null, disk: null, clockOffsetMs: rows.clockOffsetMs, nodes: roles,
      provider: { sent: sent.sent, failed: sent.errors.reduce((sum, e) => sum + e.count, 0) }, database: { answerMs, ...rows }, blind: { count: blind.length, totalMs: blind.reduce((sum, b) => sum + b.to - b.from, 0) },
      audit: auditOf(auditor, findings), outside: outsideOf(auditor), quarantined: rows.quarantined, feed: { seq: rows.feedSeq, at: rows.feedAt }, backup: { ageMs: last ? rows.now - last.at : null, bytes: last?.bytes ?? 0, failed: backups.failed !== null },
    },
  };
}

/** Offline packs as they lie on this machine: named are towns that a dead house would leave with nothing. */
async function readPacks(db: Db, { data }: Config, now: number): Promise<DatabaseFacts['packs']> {
  const [towns, files] = [await packTowns(db, ''), packFiles(data)];
  const those = (...states: PackState[]): Named => { const names = towns.filter((t) => states.includes(packState(t, files, now))).map((t) => showRegion(t.name)); return { count: names.length, names: names.slice(0, 5) }; };
  return { towns: towns.length, keyless: those('no-passphrase'), old: those('none', 'old') };
}

/** The database's wall clock, without its offset, against this machine's in the middle of the question. */
async function readDrift(db: Db): Promise<number> {
  const before = machineNow();
  const { now, offsetMs } = await readClock(db);
  return Math.round(now - offsetMs - (before + machineNow()) / 2);
}

async function keyTrouble(db: Db, { keyFile }: Config): Promise<string | null> {
  try {
    await checkKeys(db, createSeal(readKeys(keyFile, false)), keyFile);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What each living process says of itself; one of another machine is known by its beat alone. */
async function readRoles(db: Db): Promise<{ role: string; ready: boolean; reasons: string[]; version: string | null }[]> {
  const nodes = (await livingNodes(db)).map((n) => ({ role: n.role, url: String(n.detail['ops'] ?? ''), version: typeof n.detail['version'] === 'string' ? n.detail['version'] : null, here: (n.detail['listen'] as { host?: string } | undefined)?.host === hostname() }));
  const told = await aggregateReadiness(nodes.filter((n) => n.here));
  const mine = told.roles[Symbol.iterator]();
  const asked = nodes.map((n) => ({ role: n.role, version: n.version, ready: true, reasons: [], ...(n.here ? mine.next().value : {}) }));
  // A process that was just replaced still has a young row: its successor speaks for the role.
  const mute = ({ role, reasons }: { role: string; reasons: readonly string[] }): boolean => reasons.some((why) => why.startsWith(`${role} does not answer`));
  return asked.filter((a) => !mute(a) || asked.every((b) => b.role !== a.role || mute(b)));
}

/** Bytes a day since the oldest backup on record. */
function growthOf({ history }: BackupRecord, { now, bytes }: { now: number; bytes: number }): number | null {
  const oldest = history.at(-1);
  return oldest && now - oldest.at > dayMs ? ((bytes - oldest.databaseBytes) / (now - oldest.at)) * dayMs : null;
}

if (import.meta.main) {
  try {
    const lines = await examine(readConfig(process.argv.slice(2), process.env));
    console.log(doctorPage(lines, new Date(machineNow()).toISOString().slice(0, 16).replace('T', ' ')));
    process.exit(lines.some((line) => line.mark === 'attention') ? 1 : 0);
  } catch (error) {
    console.error(error instanceof OperatingError ? `${error.message} (${error.code})` : (error as Error).stack);
    process.exit(1);
  }
}
