/**
 * 核查 (E3): a process of its own that looks at the rows every few seconds, says within a minute what should have happened and has not,
 * calls the duty line itself when no worker takes that up, and tells an outside watcher that all is well only while it is. It mends
 * nothing: what can be mended is mended by the worker (alerts/watch), and an auditor that writes what it judges would judge itself.
 */
import { createHold, type Finding, findingClasses, findingKinds, summarize } from '#core/findings.ts';
import { limits } from '#core/limits.ts';
import { startDeadMan } from '#ops/dead-man.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { lookForFindings, readConservation } from '#store/audit-looks.ts';
import { holdAudit, noteOutside, openFindings, pruneFindings, raiseAudit, saveFindings } from '#store/findings.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { createPager, type PageCall } from './page.ts';

export type AuditorOptions = {
  db: Db; seal: Seal; log: Logger; metrics: Metrics; /** ANLING_DEADMAN_URL; null: nobody outside listens */ deadManUrl: string | null;
  /** Rings one telephone past the worker and the outbox; null: no gateway. */ call: PageCall | null;
  /** Tests shorten them. */ everyMs?: number; deadManMs?: number; monotonic?(): number;
};
export type Auditor = Service & { /** One look at once. */ look(): Promise<Finding[]> };
/** `looking`: another auditor has the lock, or nothing is known yet. */
type State = { found: Finding[]; lookedAtMs: number; /** null: what an auditor before this one has said is not known */ told: Set<string> | null; looking: boolean };

export function createAuditor(options: AuditorOptions): { look(): Promise<Finding[]>; state: Readonly<State> } {
  const { db, seal, log } = options;
  const monotonic = options.monotonic ?? ((): number => performance.now());
  const hold = createHold(monotonic);
  const page = createPager({ ...options, monotonic });
  const meter = createMeter(options.metrics);
  const state: State = { found: [], lookedAtMs: Number.NEGATIVE_INFINITY, told: null, looking: false };
  let looks = 0;
  const look = async (): Promise<Finding[]> => {
    const began = monotonic();
    const done = await db.tx(async (sql) => {
      if (!(await holdAudit(sql))) return null;
      const found = hold(await lookForFindings(sql), looks === 0 ? await openFindings(sql) : []);
      return { found, fresh: await saveFindings(sql, found, !found.some((f) => findingClasses[f.kind].stuck)) };
    });
    state.looking = done !== null;
    if (done === null) return [];
    state.found = done.found;
    state.lookedAtMs = monotonic();
    for (const f of done.fresh) log.error({ finding: f.kind, ref: f.ref, ...f.detail }, 'the audit finds what should not be');
    meter(done.found, state.lookedAtMs - began, looks % 6 === 0 ? await readConservation(db) : null);
    await tell(state, (raised) => raiseAudit(db, seal, raised));
    await page(state.found.filter((f) => findingClasses[f.kind].stuck));
    if (looks++ % 720 === 0) await pruneFindings(db);
    return done.found;
  };
  return { look, state };
}

/** The desk hears of each class once, and of the end of all. */
async function tell(state: State, raise: (raised: string) => Promise<boolean>): Promise<void> {
  const kinds = summarize(state.found).map(({ kind }) => kind);
  if (kinds.length === 0 ? state.told?.size !== 0 : kinds.some((kind) => !state.told?.has(kind))) await raise(kinds.join(' '));
  state.told = new Set(kinds.length === 0 ? [] : [...state.told ?? [], ...kinds]);
}

export function startAuditor(options: AuditorOptions): Auditor {
  const { db, log, metrics } = options;
  const { look, state } = createAuditor(options);
  const everyMs = options.everyMs ?? limits.auditEveryMs;
  const loop = startLoop({
    name: 'audit', pollMs: everyMs,
    async turn() { await look(); return false; },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) log.error({ error: (error as Error).message, inARow }, 'the audit could not be made: nothing is known of what was missed'); },
  });
  const stuck = (): Finding[] => state.found.filter((f) => findingClasses[f.kind].stuck);
  const deadMan = startDeadMan({
    url: options.deadManUrl, log, metrics, everyMs: options.deadManMs ?? limits.deadManMs,
    alive: () => state.looking && performance.now() - state.lookedAtMs < everyMs * 3 && stuck().length === 0,
    note: (outside, error) => noteOutside(db, outside, error).catch(() => {}), // what is said outside does not wait for the database
  });
  return {
    name: 'audit', look,
    ready: () => loop.ready() ?? (stuck().length > 0 ? `the audit finds: ${summarize(stuck()).map(({ kind, n }) => `${kind} ${n}`).join(', ')}` : null),
    async stop() { await Promise.all([loop.stop(), deadMan.stop()]); },
  };
}

type Conserved = Awaited<ReturnType<typeof readConservation>>;
function createMeter(metrics: Metrics): (found: readonly Finding[], ms: number, law: Conserved | null) => void {
  const open = metrics.gauge('audit_findings', 'What the audit finds wrong now', ['kind']);
  const seconds = metrics.histogram('audit_look_seconds', 'One look of the audit', [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4]);
  const raises = metrics.gauge('audit_p1_raises', 'Raises of emergencies touched lately, counted by their events (side=events) and by their alerts (opened, merged); equal at every moment', ['side']);
  const messages = metrics.gauge('audit_outbox_messages', 'Messages made lately, in all and by what became of them; the parts make up the whole', ['fate']);
  return (found, ms, law) => {
    for (const kind of findingKinds) open.set({ kind }, found.filter((f) => f.kind === kind).length);
    seconds.observe(ms / 1000);
    if (!law) return;
    for (const [side, n] of Object.entries({ events: law.raises, opened: law.opened, merged: law.merged, lost: law.lost })) raises.set({ side }, n);
    for (const [fate, n] of Object.entries({ all: law.outbox, ...law.messages })) messages.set({ fate }, n);
  };
}
