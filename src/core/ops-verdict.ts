/** 正常 or 要处理: each figure of /ops with its mark, so that who looks once in the morning reads one word first. Pure. */
import { limits } from './limits.ts';

export type OpsMark = 'good' | 'attention' | 'unknown';
export const opsLineIds = [
  'roles', 'gateway', 'templates', 'events', 'timers', 'outbox', 'unsent', 'provider', 'consoles', 'doors', 'spool', 'database', 'connections', 'standby', 'disk', 'clock', 'nodes', 'blind', 'quarantine', 'feed', 'audit', 'outside', 'backup',
] as const;
export type OpsLineId = (typeof opsLineIds)[number];
export type OpsLine = { id: OpsLineId; mark: OpsMark; values: Record<string, number | string | null> };
export type OpsFigures = {
  roles: readonly { ready: boolean }[]; gateway: { kind: string; danger: boolean; demo: boolean }; templates: { checked: number; bad: number };
  events: { count: number; oldestMs: number }; timers: { count: number; oldestMs: number }; outbox: { due: number; oldestDueMs: number; unknown: number; failed: number };
  provider: { sent: number; failed: number }; consoles: { open: number; hearing: number };
  /** Null: the doors' own figures cannot be read from here. */ doors: { connected: number; perSecond: number | null; waiting: number; /** kept on the edges' disks, not in the database yet */ spooled: number } | null;
  database: { answerMs: number; bytes: number; oldestTxMs: number; connections: number; connectionsMax: number; standbys: number; standbyLagMs: number | null };
  disk: { freeBytes: number; totalBytes: number } | null; clockOffsetMs: number;
  /** `lookedMs` null: no auditor has ever looked. */ audit: { lookedMs: number | null; found: number; worst: string | null };
  /** The dead-man outside this house. */ outside: { state: 'unset' | 'good' | 'failing' | 'held'; ageMs: number | null };
  nodes: readonly { version: string | null }[]; blind: { count: number; totalMs: number }; quarantined: number; feed: { seq: string; at: number | null };
  /** `ageMs` null: none was ever made; `failed`: the last attempt. */ backup: { ageMs: number | null; bytes: number; failed: boolean };
};

/** Every line, in the order in which trouble is worse. */
export function judge(f: OpsFigures): OpsLine[] {
  const line = (id: OpsLineId, bad: boolean | null, values: OpsLine['values']): OpsLine => ({ id, mark: bad === null ? 'unknown' : bad ? 'attention' : 'good', values });
  const { database: db, disk } = f;
  const versions = new Set(f.nodes.map((n) => n.version));
  return [
    line('roles', f.roles.length === 0 ? null : f.roles.some((r) => !r.ready), { ready: f.roles.filter((r) => r.ready).length, all: f.roles.length }),
    line('gateway', f.gateway.danger, { kind: f.gateway.kind }),
    line('templates', f.templates.checked === 0 ? null : f.templates.bad > 0, { bad: f.templates.bad, checked: f.templates.checked }),
    line('events', f.events.oldestMs > limits.opsEventMs, { n: f.events.count, ms: f.events.oldestMs }),
    line('timers', f.timers.oldestMs > limits.opsTimerMs, { n: f.timers.count, ms: f.timers.oldestMs }),
    line('outbox', f.outbox.oldestDueMs > limits.opsOutboxMs, { n: f.outbox.due, ms: f.outbox.oldestDueMs }),
    line('unsent', f.outbox.failed > 0, { failed: f.outbox.failed, unknown: f.outbox.unknown }),
    line('provider', f.provider.failed >= limits.opsErrors && f.provider.failed > f.provider.sent * limits.opsErrorShare, { failed: f.provider.failed, sent: f.provider.sent }),
    line('consoles', f.consoles.hearing === 0, { open: f.consoles.open, hearing: f.consoles.hearing }),
    line('doors', f.doors === null ? null : f.doors.waiting > limits.inflightPerClient * 100, { connected: f.doors?.connected ?? null, rate: f.doors?.perSecond ?? null, waiting: f.doors?.waiting ?? null }),
    line('spool', f.doors === null ? null : f.doors.spooled > 0, { n: f.doors?.spooled ?? null }),
    line('database', db.answerMs > limits.opsAnswerMs || db.oldestTxMs > limits.opsTxMs, { ms: db.answerMs, bytes: db.bytes, tx: db.oldestTxMs }),
    line('connections', db.connections > db.connectionsMax * limits.opsConnectionShare, { n: db.connections, max: db.connectionsMax }),
    line('standby', db.standbys > 0 && (db.standbyLagMs ?? 0) > limits.opsStandbyMs, { n: db.standbys, ms: db.standbyLagMs }),
    line('disk', disk === null ? null : disk.freeBytes < limits.opsDiskBytes || disk.freeBytes < disk.totalBytes * limits.opsDiskShare, { free: disk?.freeBytes ?? null, total: disk?.totalBytes ?? null }),
    line('clock', !f.gateway.demo && Math.abs(f.clockOffsetMs) > limits.clockStepMs, { ms: f.clockOffsetMs }),
    line('nodes', versions.size > 1, { n: f.nodes.length, versions: versions.size }),
    line('blind', f.blind.totalMs > limits.opsBlindMs, { n: f.blind.count, ms: f.blind.totalMs }),
    line('quarantine', f.quarantined > 0, { n: f.quarantined }),
    line('feed', false, { seq: f.feed.seq, at: f.feed.at }),
    line('audit', f.audit.lookedMs === null ? null : f.audit.found > 0 || f.audit.lookedMs > limits.auditSilentMs, { n: f.audit.found, ms: f.audit.lookedMs, worst: f.audit.worst }),
    line('outside', outsideBad(f), { state: f.outside.state, ms: f.outside.ageMs }),
    line('backup', f.backup.failed || (f.backup.ageMs === null ? null : f.backup.ageMs > limits.opsBackupMs), { ms: f.backup.ageMs, bytes: f.backup.bytes }),
  ];
}

/** Without an address nobody outside notices that this house has died: to be set before it calls real people. A beat that is old is no beat. */
function outsideBad({ outside: { state, ageMs }, gateway }: OpsFigures): boolean | null {
  if (state === 'unset') return gateway.kind === 'standin' ? null : true;
  return state !== 'good' || (ageMs ?? Number.POSITIVE_INFINITY) > 3 * limits.deadManMs;
}
