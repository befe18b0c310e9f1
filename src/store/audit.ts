/**
 * The audit: append-only and hash-chained, h(n) = HMAC(key, h(n-1) || row), so that nobody with only the database can
 * change, delete or reorder a row unseen (RELIABILITY W20). The head row serialises the writers; rows are gapless.
 */
import type { Seal } from './seal.ts';
import type { Db, Sql } from './pool.ts';

export type AuditEntry = {
  /** `user:ID`, `token:ID`, `party:…`, `system:…` or `anonymous`. */ actor: string;
  action: string; target?: string; result: 'ok' | 'failed' | 'denied' | 'conflict';
  /** Never personal data: ids, codes, counts, addresses. */ detail?: Record<string, unknown>;
};
export type AuditVerdict = { ok: true; rows: number; hash: string } | { ok: false; firstBad: string; why: string };
type Head = { id: string; hash: Buffer };

/** Appends inside the caller's transaction; writers queue on the head row until its end. */
export async function appendAudit(sql: Sql, seal: Seal, entries: readonly AuditEntry[]): Promise<void> {
  const [head] = await sql.query<Head & { now: number }>('select id, hash, anling_now() as now from audit_head for update');
  if (!head) throw new Error('audit_head has no row');
  let { hash } = head;
  let id = BigInt(head.id);
  const rows = entries.map((entry) => {
    const previous = hash;
    const detail = storable(entry.detail ?? {}) as Record<string, unknown>;
    const row = { id: String(++id), at: head.now, actor: text(entry.actor), action: entry.action, target: entry.target === undefined ? null : text(entry.target), result: entry.result, detail };
    hash = seal.chain(previous, rowText(row));
    return { ...row, previous, hash };
  });
  await sql.query(
    `insert into audit (id, at, actor, action, target, result, detail, prev_hash, hash)
     select v.id, to_timestamp($1 / 1000.0), v.actor, v.action, v.target, v.result, v.detail, v.previous, v.hash
     from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bytea[], $9::bytea[]) as v (id, actor, action, target, result, detail, previous, hash)`,
    [head.now, rows.map((r) => r.id), rows.map((r) => r.actor), rows.map((r) => r.action), rows.map((r) => r.target), rows.map((r) => r.result), rows.map((r) => JSON.stringify(r.detail)),
      rows.map((r) => r.previous), rows.map((r) => r.hash)], 'audit-append');
  await sql.query('update audit_head set id = $1, hash = $2', [String(id), hash]);
}

/**
 * Walks the whole chain and names the first bad row. `anchor` is a head noted outside the database before (the log has
 * one a minute): with it a cut-off tail is found too, even when the head row was rewound with it.
 */
export async function verifyAudit(db: Db, seal: Seal, anchor?: { id: string; hash: string }): Promise<AuditVerdict> {
  const bad = (id: bigint, why: string): AuditVerdict => ({ ok: false, firstBad: String(id), why });
  const [head] = await db.query<Head>('select id, hash from audit_head');
  if (!head) return bad(0n, 'the head row is gone');
  let hash: Buffer = Buffer.of(0);
  let next = 1n;
  for (;;) {
    const rows = await db.query<AuditRow & { prevHash: Buffer; hash: Buffer }>(
      'select id, at, actor, action, target, result, detail, prev_hash as "prevHash", hash from audit where id >= $1 order by id limit 1000', [String(next)]);
    for (const row of rows) {
      if (BigInt(row.id) !== next) return bad(next, 'the row is missing');
      if (!row.prevHash.equals(hash)) return bad(next, 'the row does not follow its predecessor');
      hash = seal.chain(hash, rowText(row));
      if (!row.hash.equals(hash)) return bad(next, 'the row was changed');
      if (anchor && BigInt(anchor.id) === next && anchor.hash !== hash.toString('hex')) return bad(next, 'the row differs from the anchor noted outside');
      next++;
    }
    if (rows.length < 1000) break;
  }
  // Rows appended while we read are past the head we saw at first; only fewer rows than the head are a cut tail.
  if (next - 1n < BigInt(head.id)) return bad(next, 'the tail is cut off');
  if (anchor && next - 1n < BigInt(anchor.id)) return bad(next, 'the tail is cut off: the anchor noted outside is further');
  return { ok: true, rows: Number(next - 1n), hash: hash.toString('hex') };
}

/** The chain's head, to be noted outside the database. */
export async function auditHead(sql: Sql): Promise<{ id: string; hash: string }> {
  const [head] = await sql.query<Head>('select id, hash from audit_head');
  return { id: head?.id ?? '0', hash: head?.hash.toString('hex') ?? '' };
}

export type AuditRow = { id: string; at: number; actor: string; action: string; target: string | null; result: string; detail: Record<string, unknown> };

/** Newest rows first, before an id, optionally of one actor, action or target. */
export function listAudit(sql: Sql, filter: { before?: string; actor?: string; action?: string; target?: string; limit: number }): Promise<AuditRow[]> {
  return sql.query<AuditRow>(
    `select id, at, actor, action, target, result, detail from audit
     where ($1::bigint is null or id < $1) and ($2::text is null or actor = $2) and ($3::text is null or action = $3) and ($4::text is null or target = $4)
     order by id desc limit $5`, [filter.before ?? null, filter.actor ?? null, filter.action ?? null, filter.target ?? null, filter.limit]);
}

const rowText = (row: AuditRow): string => JSON.stringify([row.id, row.at, row.actor, row.action, row.target, row.result, sorted(row.detail)]);
const text = (value: string): string => value.replaceAll('\0', '\u{FFFD}').toWellFormed().slice(0, 300);

// jsonb reorders keys and refuses NUL: what is hashed must be what comes back.
function storable(value: unknown): unknown {
  const clean = JSON.parse(JSON.stringify(value), (_, inner: unknown) => (typeof inner === 'string' ? text(inner) : inner)) as unknown;
  return clean;
}
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
