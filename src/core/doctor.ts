/**
 * 台风前自检 (`npm run doctor`), pure: what was found out about house, machine and county → one line each, 正常 or 要处理. What could not
 * be asked is 不知道 and never counted as well. What /ops judges is judged here by the same function.
 */
import { canaryTrouble, type CanaryState } from './canary.ts';
import { limits } from './limits.ts';
import { judge, type OpsFigures, type OpsLineId, type OpsMark } from './ops-verdict.ts';
import { outOfMoney } from './provider.ts';

export const doctorIds = [
  'house', 'database', 'safety', 'keys', 'disk', 'spool', 'backup', 'apart', 'packs', 'clock', 'ups', 'canary', 'audit', 'outside', 'gateway', 'templates', 'balance', 'provider', 'consoles', 'events', 'timers', 'outbox', 'unsent', 'blind', 'quarantine',
  'refused', 'desk', 'villages', 'gaps', 'towns', 'numbers', 'battery', 'never', 'silent',
] as const;
export type DoctorId = (typeof doctorIds)[number];
export type DoctorLine = { id: DoctorId; mark: OpsMark; /** what is, in words */ zh: string; en: string };

/** A few names and how many there are in all. */
export type Named = { count: number; names: string[] };
export type CountyFacts = {
  /** Villages with people and nobody who could be told */ villages: Named; /** villages whose people are all away now, with when the first is back */ gaps: Named; towns: Named;
  /** Leaders of the desk that a phone reaches */ leaders: number; optedOut: number; /** responders whom nothing has reached of late, though it was tried */ dead: Named; lowBattery: number; neverReported: number; silent: number; refused: number;
};
export type Volume = { name: 'data' | 'database' | 'backup' | 'log'; freeBytes: number; totalBytes: number };
/** The edges' spool folder of this machine. */
export type SpoolFacts = { folder: string; writable: boolean; freeBytes: number; /** files, one per edge */ slots: number; /** kept and in no database yet */ rows: number; /** files that cannot be read, or were laid aside */ unreadable: number };
export type MachineFacts = { spool: SpoolFacts; volumes: Volume[]; /** by timedatectl; null: not there */ synchronized: boolean | null; ups: { state: string; onMains: boolean; charge: number | null } | null };
export type DatabaseFacts = {
  unsafe: string | null; /** why the key file is not the one of this database */ keys: string | null; /** roles that beat and are on this machine or another; reasons where one is not ready */ roles: { role: string; ready: boolean; reasons: string[] }[];
  ops: OpsFigures; /** database's wall clock minus the machine's */ driftMs: number; canary: CanaryState | null; county: CountyFacts;
  provider: { sign: string; mode: 'public' | 'dedicated' }; /** what the provider refused in a day, by its codes */ refusals: readonly { code: string; count: number }[]; /** towns with people: without a passphrase for their offline pack, without one younger than limits.packOldMs here */ packs: { towns: number; keyless: Named; old: Named }; /** bytes a day, from the backups on record; null: fewer than two days */ growth: number | null; backup: { folder: string | null; sameDisk: boolean | null; failed: string | null };
};
/** `database` is the reason when it could not be asked. */
export type DoctorFacts = { machine: MachineFacts; database: DatabaseFacts | string };

type Said = [zh: string, en: string];
const size = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);
const span = (ms: number): Said => (Math.abs(ms) < 1_000 ? [`${Math.round(ms)} 毫秒`, `${Math.round(ms)} ms`] : Math.abs(ms) < 120_000 ? [`${Math.round(ms / 1_000)} 秒`, `${Math.round(ms / 1_000)} s`]
  : Math.abs(ms) < 2 * 3_600_000 ? [`${Math.round(ms / 60_000)} 分钟`, `${Math.round(ms / 60_000)} min`] : [`${Math.round(ms / 3_600_000)} 小时`, `${Math.round(ms / 3_600_000)} h`]);
const named = ({ count, names }: Named): Said => (count === 0 ? ['无', 'none'] : [`${count}:${names.join('、')}${count > names.length ? '等' : ''}`, `${count}: ${names.join(', ')}${count > names.length ? ', …' : ''}`]);
const worded: Readonly<Record<Volume['name'], Said>> = { data: ['数据', 'data'], database: ['数据库', 'database'], backup: ['备份', 'backups'], log: ['日志', 'logs'] };

/** Said of every line whose question needs the database, when that does not answer. */
export const unasked = { zh: '数据库没有回答,问不到', en: 'not asked, for the database does not answer' };

/** Every line, in the order in which a person before a storm needs them. */
export function diagnose({ machine, database: db }: DoctorFacts): DoctorLine[] {
  const line = (id: DoctorId, bad: boolean | null, [zh, en]: Said): DoctorLine => ({ id, mark: bad === null ? 'unknown' : bad ? 'attention' : 'good', zh, en });
  const ofMachine = [diskLine(machine, typeof db === 'string' ? null : db.growth, line), spoolLine(machine, line), upsLine(machine, line)];
  const lines = typeof db === 'string' ? withoutDatabase(db, machine, line) : [...houseLines(db, machine, line), ...opsLines(db.ops), ...backupLines(db, line), packsLine(db, line), ...countyLines(db, line)];
  const found = new Map([...lines, ...ofMachine].map((l) => [l.id, l]));
  return doctorIds.map((id) => found.get(id) ?? { id, mark: 'unknown', ...unasked });
}

type MakeLine = (id: DoctorId, bad: boolean | null, said: Said) => DoctorLine;

function withoutDatabase(why: string, machine: MachineFacts, line: MakeLine): DoctorLine[] {
  return [line('database', true, [why, why]), ...(machine.synchronized === false ? [line('clock', true, ['本机时钟没有对时', 'this machine is not synchronized'])] : [])];
}

function diskLine({ volumes }: MachineFacts, growth: number | null, line: MakeLine): DoctorLine {
  const home = volumes.find((v) => v.name === 'database');
  const days = growth !== null && growth > 0 && home ? Math.floor(home.freeBytes / growth) : null;
  const full = volumes.filter((v) => v.freeBytes < limits.opsDiskBytes || v.freeBytes < v.totalBytes * limits.opsDiskShare);
  const each = (i: 0 | 1): string => volumes.map((v) => `${worded[v.name][i]} ${size(v.freeBytes)}`).join(', ');
  const left: Said = days === null ? ['增长还不知道(要两次隔天的备份)', 'growth not known yet (two backups a day apart tell)'] : [`按现在的增长还能用 ${days} 天`, `${days} days left as it grows now`];
  return line('disk', volumes.length === 0 ? null : full.length > 0 || (days !== null && days < limits.doctorDiskDays), [`剩余:${each(0)};${left[0]}`, `free: ${each(1)}; ${left[1]}`]);
}

/** Where alarms are kept while the database is away: it must be writable, have room, and be empty in quiet times. */
function spoolLine({ spool: s }: MachineFacts, line: MakeLine): DoctorLine {
  const bad = !s.writable || s.freeBytes < 2 * limits.spoolBytes || s.rows > 0 || s.unreadable > 0;
  const broken: Said = s.unreadable === 0 ? ['', ''] : [`;${s.unreadable} 个文件读不出`, `; ${s.unreadable} files cannot be read`];
  return line('spool', bad, s.writable ? [`可写,剩余 ${size(s.freeBytes)};${s.slots} 个文件,待入库 ${s.rows} 条${broken[0]}`, `writable, ${size(s.freeBytes)} free; ${s.slots} files, ${s.rows} rows not in the database yet${broken[1]}`] : [`写不了:${s.folder}`, `cannot be written: ${s.folder}`]);
}

function upsLine({ ups }: MachineFacts, line: MakeLine): DoctorLine {
  if (ups === null) return line('ups', null, ['此处不知道(没有装 apcupsd 或 nut)', 'not known here (neither apcupsd nor nut is installed)']);
  const charge = ups.charge === null ? '' : `, ${ups.charge} %`;
  return line('ups', !ups.onMains || (ups.charge !== null && ups.charge < limits.doctorUpsPercent), [`${ups.state}${charge}`, `${ups.state}${charge}`]);
}

function houseLines(db: DatabaseFacts, machine: MachineFacts, line: MakeLine): DoctorLine[] {
  const { ops, canary } = db;
  const missing = ['edge', 'worker', 'web', 'standby', 'auditor'].filter((role) => !db.roles.some((r) => r.role === role));
  const reasons = db.roles.flatMap((r) => (r.ready ? [] : r.reasons.map((why) => `${r.role}: ${why}`)));
  const trouble = canary === null ? null : canaryTrouble(canary);
  const offset = ops.gateway.demo ? 0 : ops.clockOffsetMs;
  const wrong = Math.abs(offset) > limits.clockStepMs || Math.abs(db.driftMs) > limits.clockStepMs || machine.synchronized === false;
  const ntp: Said = machine.synchronized === null ? ['是否对时不知道', 'whether it is synchronized is not known'] : machine.synchronized ? ['已对时', 'synchronized'] : ['没有对时', 'not synchronized'];
  const house: Said = db.roles.length === 0 ? ['没有运行', 'it does not run'] : missing.length > 0 ? [`缺 ${missing.join('、')}`, `missing: ${missing.join(', ')}`] : reasons.length > 0 ? [reasons.join(';'), reasons.join('; ')] : [`${db.roles.length} 个进程都就绪`, `all ${db.roles.length} processes are ready`];
  return [
    line('house', missing.length > 0 || reasons.length > 0, house),
    line('safety', db.unsafe !== null, db.unsafe === null ? ['提交不会丢', 'no commit can be lost'] : [`会丢提交:${db.unsafe}`, `it would lose commits: ${db.unsafe}`]),
    line('keys', db.keys !== null, db.keys === null ? ['是这个数据库的', 'they belong to this database'] : [db.keys, db.keys]),
    line('clock', wrong, [`偏移 ${span(offset)[0]},与本机差 ${span(db.driftMs)[0]},${ntp[0]}`, `offset ${span(offset)[1]}, ${span(db.driftMs)[1]} from this machine's, ${ntp[1]}`]),
    line('canary', canary === null ? null : trouble !== null, canary === null ? ['还没有按过', 'never pressed yet'] : trouble !== null ? [trouble, trouble]
      : canary.okAt === null ? ['第一次正在进行', 'the first is under way'] : [`${span(canary.now - canary.okAt)[0]}前通过`, `passed ${span(canary.now - canary.okAt)[1]} ago`]),
    line('gateway', ops.gateway.danger, [`${ops.gateway.kind}, 模式 ${db.provider.mode}, 签名 ${db.provider.sign || '无'}`, `${ops.gateway.kind}, mode ${db.provider.mode}, sign ${db.provider.sign || 'none'}`]),
    balanceLine(db, line),
  ];
}

/** The money itself is known to the provider alone; that it ran out is known by what it refused. */
function balanceLine({ refusals }: DatabaseFacts, line: MakeLine): DoctorLine {
  const unpaid = refusals.reduce((sum, { code, count }) => (outOfMoney.test(code) ? sum + count : sum), 0);
  return line('balance', unpaid > 0 ? true : null, unpaid > 0 ? [`欠费:一天内 ${unpaid} 条因此没发出`, `out of money: ${unpaid} refused for it in a day`] : ['此处不知道(一天内没有因欠费被拒)', 'not known here (nothing was refused for it in a day)']);
}

/** What /ops says too, in a terminal's words. */
function opsLines(f: OpsFigures): DoctorLine[] {
  const waiting = (n: number, ms: number): Said => (n === 0 ? ['没有积压', 'nothing waits'] : [`${n} 条,最久 ${span(ms)[0]}`, `${n}, the oldest ${span(ms)[1]}`]);
  const outside: Readonly<Record<OpsFigures['outside']['state'], Said>> = { unset: ['没有设置(ANLING_DEADMAN_URL)', 'not set (ANLING_DEADMAN_URL)'], good: [`${span(f.outside.ageMs ?? 0)[0]}前报过平安`, `told ${span(f.outside.ageMs ?? 0)[1]} ago`], failing: ['报不出去', 'it does not take it'], held: ['没有报:核查有发现', 'withheld: the audit finds something'] };
  const said: Partial<Record<OpsLineId & DoctorId, Said>> = {
    audit: f.audit.lookedMs === null ? ['从未核查过', 'never looked yet'] : [`${span(f.audit.lookedMs)[0]}前核查,${f.audit.found} 项发现`, `looked ${span(f.audit.lookedMs)[1]} ago, ${f.audit.found} findings`], outside: outside[f.outside.state],
    database: [`${f.database.answerMs} 毫秒回答,${size(f.database.bytes)}`, `answers in ${f.database.answerMs} ms, ${size(f.database.bytes)}`],
    templates: f.templates.checked === 0 ? ['网关还没有被问过', 'the gateway was not asked yet'] : [`${f.templates.checked} 项中 ${f.templates.bad} 项不行`, `${f.templates.bad} of ${f.templates.checked} are not approved`],
    events: waiting(f.events.count, f.events.oldestMs), timers: waiting(f.timers.count, f.timers.oldestMs), outbox: waiting(f.outbox.due, f.outbox.oldestDueMs),
    unsent: [`失败无人接手 ${f.outbox.failed},结果不明 ${f.outbox.unknown}`, `${f.outbox.failed} failed and taken over by nothing, ${f.outbox.unknown} of unknown outcome`],
    provider: [`24 小时 ${f.provider.sent} 条,${f.provider.failed} 条出错`, `${f.provider.failed} of ${f.provider.sent} refused in 24 h`], consoles: [`${f.consoles.open} 个在值,${f.consoles.hearing} 个能出声`, `${f.consoles.open} on duty, ${f.consoles.hearing} can sound`],
    blind: f.blind.count === 0 ? ['一周内没有', 'none in a week'] : [`一周内 ${f.blind.count} 次,共 ${span(f.blind.totalMs)[0]}`, `${f.blind.count} in a week, ${span(f.blind.totalMs)[1]} in all`], quarantine: [`一天内 ${f.quarantined} 条`, `${f.quarantined} in a day`],
  };
  return judge(f).flatMap(({ id, mark }) => { const words = said[id as OpsLineId & DoctorId]; return words ? [{ id: id as DoctorId, mark, zh: words[0], en: words[1] }] : []; });
}

function backupLines({ ops, backup }: DatabaseFacts, line: MakeLine): DoctorLine[] {
  const { ageMs, bytes } = ops.backup;
  const failed = backup.failed === null ? '' : ` (${backup.failed})`;
  return [
    line('backup', backup.failed !== null || ageMs === null || ageMs > limits.opsBackupMs, ageMs === null ? [`没有做过${failed}`, `none was ever made${failed}`] : [`${span(ageMs)[0]}前,${size(bytes)}${failed}`, `${span(ageMs)[1]} ago, ${size(bytes)}${failed}`]),
    line('apart', ageMs === null || backup.sameDisk === null ? null : backup.sameDisk, ageMs === null ? ['没有备份', 'there is no backup'] : backup.sameDisk === null ? ['备份目录看不到', 'its folder cannot be seen'] : [`${backup.sameDisk ? '同一块盘' : '另一块盘'}:${backup.folder}`, `on ${backup.sameDisk ? 'the same' : 'another'} disk: ${backup.folder}`]),
  ];
}

/** 离线清点包: what a town's duty room opens when this house is dead. */
function packsLine({ packs: { towns, keyless, old } }: DatabaseFacts, line: MakeLine): DoctorLine {
  const parts: Said[] = [...(keyless.count > 0 ? [[`没有口令 ${named(keyless)[0]}`, `no passphrase ${named(keyless)[1]}`] as Said] : []), ...(old.count > 0 ? [[`没有 36 小时内的包 ${named(old)[0]}`, `none of the last 36 h ${named(old)[1]}`] as Said] : [])];
  return line('packs', parts.length > 0, parts.length > 0 ? [parts.map((p) => p[0]).join(';'), parts.map((p) => p[1]).join('; ')] : [`${towns} 个乡镇都有`, `all ${towns} towns have one`]);
}

function countyLines({ county: c }: DatabaseFacts, line: MakeLine): DoctorLine[] {
  const count = (id: DoctorId, n: number, zh: string, en: string): DoctorLine => line(id, n > 0, [`${n} ${zh}`, `${n} ${en}`]);
  const dead = named(c.dead);
  return [
    count('refused', c.refused, '个编号一天内被拒', 'ids refused in a day'), line('desk', c.leaders === 0, [`${c.leaders} 位值班长或带班领导电话可通`, `${c.leaders} shift or duty leaders can be called`]),
    line('villages', c.villages.count > 0, named(c.villages)), line('gaps', c.gaps.count > 0, named(c.gaps)), line('towns', c.towns.count > 0, named(c.towns)),
    line('numbers', c.optedOut > 0 || c.dead.count > 0, [`退订 ${c.optedOut};打不通 ${dead[0]}`, `${c.optedOut} opted out; not reached of late: ${dead[1]}`]),
    count('battery', c.lowBattery, '台', 'devices'), count('never', c.neverReported, '台', 'devices'), count('silent', c.silent, '台', 'devices'),
  ];
}
