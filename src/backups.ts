/** `npm run backup` and `npm run restore`: the database as one checked file, the key file apart, and the way back with what was registered since. */
import { chmodSync, copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, readConfig } from '#config';
import { OperatingError } from '#core/errors.ts';
import { readLines } from '#ops/append.ts';
import { appendAudit } from '#store/audit.ts';
import { makeBackup } from '#store/backup.ts';
import { openDb } from '#store/pool.ts';
import { reachForCommand } from '#store/reach.ts';
import { replayRegistrations } from '#store/registrations.ts';
import { readRestored, restoreBackup } from '#store/restore.ts';
import { createSeal, readKeys, type Seal } from '#store/seal.ts';
import { checkKeys, keysMark } from '#store/startup.ts';
import project from '../package.json' with { type: 'json' };

/** A registration under way at the moment of the backup has an earlier time and is not in it. */
const overlapMs = 60_000;
const say = (text: string): void => console.log(text);
const size = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`);
const minute = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** Takes `--name VALUE` of our own out of `argv`; the rest is the configuration's. */
function own(argv: string[], name: string): string | null {
  const at = argv.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  if (at < 0) return null;
  const [word = ''] = argv.splice(at, 1);
  const value = word.includes('=') ? word.slice(word.indexOf('=') + 1) : argv.splice(at, 1)[0];
  if (!value || value.startsWith('--')) throw new OperatingError('E_INVALID', `--${name}: give a folder or file after it.`);
  return resolve(value);
}

async function backup(argv: string[]): Promise<void> {
  const to = own(argv, 'to');
  const keysTo = own(argv, 'keys');
  const config = readConfig(argv, process.env);
  const folder = to ?? join(config.data, 'backups');
  if (keysTo === folder) throw new OperatingError('E_INVALID', '--keys: give another folder than --to. Whoever finds both can read everything.');
  const seal = createSeal(readKeys(config.keyFile, false));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { url, end } = await reachForCommand(config);
  const db = openDb({ url, max: 2, name: 'admin' });
  try {
    await checkKeys(db, seal, config.keyFile);
    const { file, rows, bytes, schema, removed } = await makeBackup(db, url, folder, project.version);
    say(`备份完成 Backup made and read again: ${file}\n  ${rows} rows 行, ${size(bytes)}, schema ${schema}${removed.length > 0 ? `; 旧备份已删 removed ${removed.join(', ')}` : ''}`);
    const copy = `keys-${keysMark(seal).slice(0, 16)}.json`;
    if (keysTo === null) return say(`  密钥文件 Key file: ${config.keyFile} is NOT in it and was not copied (--keys FOLDER copies it as ${copy}). Without it this backup cannot be read 没有它备份打不开.`);
    mkdirSync(keysTo, { recursive: true, mode: 0o700 });
    copyFileSync(config.keyFile, join(keysTo, copy));
    chmodSync(join(keysTo, copy), 0o600);
    say(`  密钥文件已另存 Key file copied apart: ${join(keysTo, copy)}`);
  } finally {
    await db.close();
    await end();
  }
}

async function restore(argv: string[]): Promise<void> {
  const from = argv[0]?.startsWith('--') ? undefined : argv.shift();
  if (from === undefined) throw new OperatingError('E_INVALID', 'Give the backup: npm run restore -- FILE [--registrations FILE] [--keys KEYFILE]');
  const given = own(argv, 'registrations');
  if (given !== null && !existsSync(given)) throw new OperatingError('E_INVALID', `--registrations: there is no file ${given}.`);
  const config = readConfig(argv, process.env);
  const lines = readLines(given ?? join(config.data, 'registrations.jsonl'));
  const seal = keysOf(config);
  const { url, end } = await reachForCommand(config, true);
  const db = openDb({ url, max: 2, name: 'admin', statementMs: 3_600_000 });
  try {
    const { head, rows } = await restoreBackup(db, url, resolve(from), (h) => {
      if (h.keys !== null && !keysMark(seal).startsWith(h.keys)) throw new OperatingError('E_KEYS', `Nothing was restored: ${config.keyFile} is not the key file of this backup; that one is kept as keys-${h.keys}.json.`);
    });
    await checkKeys(db, seal, config.keyFile);
    await db.tx((sql) => appendAudit(sql, seal, [{ actor: 'system:restore', action: 'restore', result: 'ok', detail: { backupAt: head.at, schema: head.schema, rows } }]));
    say(`恢复完成 Restored the backup of ${minute(head.at)} UTC: ${rows} rows 行, schema ${head.schema}`);
    const { registered, refused, unreadable } = await replayRegistrations(db, seal, lines, head.at - overlapMs);
    say(`  其后登记的设备 Registered since, and brought in: ${registered.length}${registered.length > 0 ? ` (${registered.slice(0, 10).join(', ')}${registered.length > 10 ? ', …' : ''})` : ''}`);
    for (const { id, why } of refused) say(`  未能导入 Not brought in: ${id}: ${why}. Its alarms show as 设备未登记 on the desk; register it again.`);
    if (unreadable > 0) say(`  读不出 ${unreadable} line(s) of the copies cannot be read.`);
    if (lines.length === 0) say('  没有登记副本 No copies of registrations were found: devices fitted since show as 设备未登记 on the desk; register them again.');
    const now = await readRestored(db);
    say(`  现有 Now on file: ${now.homes} homes 户, ${now.people} people 人, ${now.devices} devices 台\n  当时未结 Open then, and ringing again at the start: ${now.open} alerts 警情, ${now.due} messages 消息. Close what was done since.`);
  } finally {
    await db.close();
    await end();
  }
}

function keysOf(config: Config): Seal {
  if (!existsSync(config.keyFile)) throw new OperatingError('E_KEYS', `Nothing was restored: the key file ${config.keyFile} is missing. Copy keys-….json of this backup there (chmod 600), or name it: --keys FILE.`);
  return createSeal(readKeys(config.keyFile, false));
}

const [command, ...argv] = process.argv.slice(2);
try {
  await (command === 'restore' ? restore(argv) : backup(argv));
  process.exit(0);
} catch (error) {
  console.error(error instanceof OperatingError ? `${error.message} (${error.code})` : (error as Error).stack);
  process.exit(1);
}
