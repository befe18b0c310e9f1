/**
 * The service standby: keeps a sealed snapshot while the database is there, goes on duty when it is away (or when emergencies stand in a
 * spool), and hands over on its return, before the spools are replayed. Judged twice and by the monotonic clock. Two fences: the ledger's
 * token (a newer standby has it: this one is over, for good) and the flag (let go of, or a worker has relieved us: nothing is sent).
 */
import { join } from 'node:path';
import { newId } from '#core/ids.ts';
import type { ServerFrame } from '#core/live.ts';
import { limits } from '#core/limits.ts';
import { type DutyMode, openDuty } from '#ops/duty.ts';
import { gaugeOf } from '#ops/edge-meter.ts';
import type { Metrics } from '#ops/metrics.ts';
import { followEchoes } from '#store/echo.ts';
import { openTail } from '#store/spool-tail.ts';
import { type CountyFacts, proveCommit } from '#store/standby.ts';
import { openLedger } from '#store/standby-ledger.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { pause } from '#work/pause.ts';
import type { Kept } from './case.ts';
import { hearEchoes } from './echoes.ts';
import { forgetKnown, handOver, settle, taken } from './hand.ts';
import { answers, away, current, type Parts, proofMs, type StandbyOptions, type State } from './parts.ts';
import { newState, presentOf, takeCounty, takeOpen } from './snapshot.ts';
import { pressing, readSpools } from './spools.ts';
import { viewOf } from './view.ts';
import { createWork } from './work.ts';

const tickMs = 200;
/** After a word that devices have changed: soon, not with each of a thousand. */
const hintedMs = 3_000;
const openMs = 1_000;
const flagMs = 1_000;
const proofPauseMs = 20;

export function startStandby(options: StandbyOptions): Service {
  const meters = metersOf(options.metrics);
  // A worker that relieved it has taken its ledger, and handed over what was in it: it begins anew, from what others have committed since.
  let p = partsOf(options, meters);
  serve(options, () => p);
  const { log } = options;
  const onError = (what: string) => (error: unknown, inARow: number): void => { if (inARow === 1 || inARow % 60 === 0) log.warn({ error: (error as Error).message, inARow }, what); };
  const loop = (name: string, pollMs: number, what: string, work: () => Promise<void> | void): ReturnType<typeof startLoop> =>
    startLoop({ name, pollMs, onError: onError(what), async turn() { if (!p.s.superseded) await work(); return false; } });
  const anew = async (): Promise<void> => { await ended(p); p = partsOf(options, meters); };
  const loops = [
    startLoop({ name: 'standby', pollMs: tickMs, onError: onError('standby stumbled'), async turn() { if (!p.s.superseded) await tick(p); else if (isOver(p)) await anew(); return false; } }),
    // A loop of its own: a handover may take longer than a flag means something.
    loop('standby-flag', flagMs, 'the flag of standby was not refreshed', () => { if (p.s.duty !== null) p.duty.refresh(); }),
    loop('standby-proof', proofMs, 'the database does not commit', () => prove(p)),
    loop('standby-county', hintedMs, 'the snapshot of the county was not taken', () => takeCounty(p)),
    loop('standby-open', openMs, 'the snapshot of the open cases was not taken', () => takeOpen(p)),
  ];
  // What the worker has just done must not be done again: the last look before an absence follows each change, as fast as it is cheap.
  const deaf = options.readDb.listen(['anling_device', 'anling_feed'], (channel) => { if (channel === 'anling_device') p.s.hinted = true; else loops.at(-1)?.wake(); });
  return {
    name: 'standby', ready: () => whyNotReady(p.s),
    async stop() {
      await (await deaf)();
      await Promise.all(loops.map((l) => l.stop()));
      await ended(p);
    },
  };
}

/** The worker that relieved it has handed over, or has given up. */
const isOver = ({ ledger, duty }: Parts): boolean => ledger.relieved() && !duty.relieving();

async function ended(p: Parts): Promise<void> {
  await p.work.settled();
  p.spool.close();
  p.answers.close();
  p.ledger.close();
}

type Meters = Record<'faults' | 'sends', ReturnType<Metrics['counter']>>;
const metersOf = (metrics: Metrics): Meters => ({
  faults: metrics.counter('standby_ledger_faults', 'Times that the disk of standby did not take or give what it should', []),
  sends: metrics.counter('standby_sends', 'Messages that standby has sent', ['channel', 'state']),
});

/** Its view and its figures, of whichever life it is in. */
function serve({ metrics, seal, serve: path }: StandbyOptions, parts: () => Parts): void {
  path?.('/standby', () => {
    const { s, county, work, now } = parts();
    return { type: 'standby', on: s.duty !== null, cases: s.duty === null ? [] : viewOf(county(), [...work.cases.values()].filter((k) => !k.handed), seal, now()) } satisfies ServerFrame;
  });
  gaugeOf(metrics, 'standby_on_duty', 'Whether standby works instead of the database', () => (parts().s.duty === null ? 0 : 1));
  gaugeOf(metrics, 'standby_cases', 'Cases that standby works on or has not been relieved of', () => parts().work.cases.size);
  gaugeOf(metrics, 'standby_snapshot_age_ms', 'Milliseconds since the snapshot of the open cases', () => Math.round(performance.now() - parts().s.openAt));
}

function partsOf(options: StandbyOptions, { faults, sends }: Meters): Parts {
  const { data, seal, log } = options;
  const folder = join(data, 'standby');
  const token = newId('s', 12);
  const duty = openDuty(data, token);
  const s = newState(data, folder, seal);
  const ledger = openLedger<Kept>(folder, seal, token, (error) => { faults.inc(); log.error({ error: error.message }, 'the ledger of standby cannot be read or written: it goes on from memory'); });
  const now = (): number => presentOf(s);
  const county = (): CountyFacts => s.county ?? noCounty();
  const work = createWork({
    seal, log, ledger, county, now, compose: options.compose, send: options.sender(() => s.county?.provider ?? null), held: duty.held,
    running: () => (s.duty === 'events' || (!s.resumed && current(s)) ? (s.open?.cases.map((c) => c.alert) ?? []) : []), sent: (channel, state) => sends.inc({ channel, state }),
  });
  return { ...options, s, duty, ledger, work, folder, now, county, spool: openTail(join(data, 'spool'), ['urgent', 'quarantine-urgent']), answers: openTail(join(data, 'spool-web'), ['receipt']), echoes: followEchoes(data, seal) };
}

const noCounty = (): CountyFacts => ({ devices: new Map(), persons: new Map(), homes: new Map(), roster: { responders: [], contacts: [], places: [], scopes: [], turns: [] }, lines: new Map(), plans: [], provider: null, regions: new Map(), nowMs: 0 });

function whyNotReady(s: State): string | null {
  if (s.superseded) return 'another standby has taken over';
  if (s.duty) return 'standby is on duty: the database is away';
  return s.county === null || s.open === null || performance.now() - s.openAt > limits.standbyStaleMs ? 'standby has no fresh snapshot' : null;
}

/** One commit under way; each second without its word counts as a failure. Throws then, for the log. */
async function prove({ s, proofDb }: Parts): Promise<void> {
  const { proofs } = s;
  if (!proofs.pending) {
    proofs.pending = true;
    proofDb.tx(proveCommit).then(
      () => { const at = performance.now(); Object.assign(proofs, { failed: 0, since: at, at, pending: false }); },
      (error: Error) => { Object.assign(proofs, { failed: proofs.failed + 1, pending: false, why: error.message }); });
  }
  const before = proofs.failed;
  const began = performance.now();
  while (proofs.pending && performance.now() - began < proofMs) await pause(proofPauseMs);
  if (proofs.pending) proofs.failed++;
  if (proofs.failed > before) throw new Error(proofs.pending ? 'no commit within a second' : proofs.why ?? 'no commit');
}

async function tick(p: Parts): Promise<void> {
  const { s, work } = p;
  if (superseded(p)) return;
  readSpools(p);
  hearEchoes(p);
  const wanted = wantedDuty(p);
  if (wanted !== null && (s.duty === null || (s.duty === 'events' && wanted === 'away'))) begin(p, wanted);
  if (s.duty !== 'away') forgetKnown(p);
  if (s.duty === null) return quiet(p);
  lookAtFlag(p);
  if (s.duty === 'away' && !s.resumed && away(s) && s.open && current(s)) { work.resume(s.open); s.resumed = true; }
  if (answers(s)) {
    s.resumed = false; // if it goes away in the middle, what is open is judged anew
    const handed = await handOver(p);
    if (superseded(p)) return;
    if (handed === 'over') return await end(p);
    if (handed === 'known' && s.duty === 'away') begin(p, 'events');
  }
  for (const w of s.waiting.values()) work.event(w.spooled, p.now() - (performance.now() - w.arrivedMs));
  // A worker that had looked at the flag just before it was taken is given the time to commit, and is heard.
  if (!s.fenced && performance.now() - s.begunAt >= limits.standbySettleMs) work.turn();
}

/** Whoever is not the newest any more does nothing more, ever: he neither sends nor hands over, and takes no snapshot. */
function superseded({ s, ledger, log }: Parts): boolean {
  if (s.superseded || ledger.holds()) return s.superseded;
  Object.assign(s, { superseded: true, duty: null });
  log.error(ledger.relieved() ? 'a worker hands over in the place of this standby, which begins anew afterwards' : 'another standby has taken over: this one does nothing more');
  return true;
}

/** Cases of an earlier life wait for one proof only: the absence was judged then; if it is over they are handed over. */
function wantedDuty({ s, work }: Parts): DutyMode | null {
  if (s.county === null) return null; // it knows nobody, and would only hold up those who do
  const left = s.duty === null && [...work.cases.values()].some((k) => !k.handed) && (answers(s) || (s.proofs.at === null && s.proofs.failed > 0));
  return away(s) || left ? 'away' : pressing(s) ? 'events' : null;
}

function begin({ s, duty, work, log }: Parts, mode: DutyMode): void {
  Object.assign(s, { duty: mode, resumed: false, fenced: duty.relieved(), begunAt: performance.now() });
  if (!s.fenced) duty.begin(mode);
  log.error({ mode, open: work.cases.size, snapshot: s.county !== null, relieved: s.fenced }, 'standby is on duty');
}

/** Without the flag nothing is sent, until it is judged anew that nobody has the database (or, for events, that they still cannot be written). */
function lookAtFlag({ s, duty, log }: Parts): void {
  if (s.duty === null || duty.held()) return;
  if (!s.fenced) {
    Object.assign(s, { fenced: true, proofs: { failed: 0, since: performance.now(), at: null } });
    log.error('standby has lost its flag (relieved, or it stood still for too long): nothing is sent until the absence is judged anew');
  } else if ((away(s) || (s.duty === 'events' && answers(s))) && !duty.relieved()) {
    Object.assign(s, { fenced: false, begunAt: performance.now() });
    duty.begin(s.duty);
    log.error({ mode: s.duty }, 'nobody goes on: standby is on duty again');
  }
}

/** Off duty: what was handed over is forgotten once it is taken; a flag that a dead one has left means nothing any more. */
async function quiet(p: Parts): Promise<void> {
  if (!answers(p.s)) return;
  p.duty.end();
  await settle(p);
}

/** The flag goes when the open cases are known as they are now: the next absence must not go on from what they were before this one. */
async function end(p: Parts): Promise<void> {
  const { s, duty, log } = p;
  await taken(p);
  await takeOpen(p, true).catch((error: Error) => log.warn({ error: error.message }, 'the open cases could not be read after the handover'));
  duty.end();
  Object.assign(s, { duty: null, fenced: false });
  for (const w of s.waiting.values()) w.seenMs = performance.now(); // its edge has the same time again to replay it
}
