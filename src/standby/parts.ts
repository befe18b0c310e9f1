/** What the loops of standby share: options, files, and the state that they turn by. */
import type { Case } from '#core/change.ts';
import type { Handover } from '#core/handover.ts';
import type { AlertId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Duty, DutyMode } from '#ops/duty.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { Echoed, Echoes } from '#store/echo.ts';
import type { Db, Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import type { Tail } from '#store/spool-tail.ts';
import type { CountyFacts } from '#store/standby.ts';
import type { Ledger } from '#store/standby-ledger.ts';
import type { Kept } from './case.ts';
import type { OpenNow, Spooled } from './county.ts';
import type { Said, WorkTools } from './room.ts';
import type { DutyWork } from './work.ts';

export type StandbyOptions = {
  data: string; seal: Seal; log: Logger; metrics: Metrics; /** For handing over; for proofs; for snapshots. */ db: Db; proofDb: Db; readDb: Db;
  /** Open cases in full (alerts). */ readCases(sql: Sql, ids: readonly AlertId[]): Promise<Case[]>;
  takeOverOpen(sql: Sql, handed: readonly { alertId: AlertId; handover: Handover }[]): Promise<void>; handoverLabel: string;
  compose: WorkTools['compose']; sender(provider: () => CountyFacts['provider']): WorkTools['send'];
  /** What a provider's push says. Throws when nobody can read it. */ read(kind: string, body: string): Said[];
  /** Serves what standby knows on the ops port. */ serve?(path: string, body: () => unknown): void;
};
/** An event that stands in a spool; times by this process's monotonic clock. */
export type Waiting = { spooled: Spooled; key: string; arrivedMs: number; seenMs: number };
/** Tries to commit: how many have failed in a row since when, and when the last one came. `at` null: none has come yet. A late one counts when it comes: slow is not away. */
export type Proofs = { failed: number; since: number; at: number | null; /** One is under way. */ pending?: boolean; /** why the last one failed */ why?: string };
export type State = {
  county: CountyFacts | null; countyAt: number; hinted: boolean;
  open: OpenNow | null; openAt: number; /** When the last look began; when something was last handed over. */ lookedAt: number; handedAt: number; /** cases of the last look by alert, with the version they were read at */ known: Map<AlertId, Case>; lookNext: number; wholeNext: number; unwritten: boolean; writeNext: number;
  /** The database's clock at a moment of ours. */ base: { db: number; perf: number } | null;
  /** What others have committed since the look before the last one, by alert. */ echoes: Map<AlertId, Echoed>;
  /** Urgent events that others have evaluated, oldest first: whoever heard nothing of their commit keeps them in a spool. */ evaluated: Set<string>;
  /** A worker of this machine has committed a moment ago. */ othersCommit(): boolean;
  proofs: Proofs; duty: DutyMode | null; resumed: boolean; begunAt: number; /** its flag is not held any more: nothing is sent */ fenced: boolean;
  /** A newer standby has the ledger: this one is over. */ superseded: boolean; waiting: Map<string, Waiting>;
};
export type Parts = StandbyOptions & { s: State; duty: Duty; ledger: Ledger<Kept>; work: DutyWork; folder: string; now(): number; county(): CountyFacts; spool: Tail; answers: Tail; /** What others have committed and has not been heard. */ echoes(): Echoes };

export const proofMs = 1_000;
/** The database takes commits now. */
export const answers = ({ proofs }: State): boolean => proofs.failed === 0 && proofs.at !== null && performance.now() - proofs.at < proofMs * 2;
/**
 * The open cases as they were when the database last took a commit, or so nearly that a step or two are all that may be made again: an old look says it too where
 * the echo has told of every commit since, that is where nobody works on another machine.
 */
export const current = ({ open, openAt, proofs }: State): boolean => open !== null && performance.now() - openAt < limits.standbyOldMs
  && (open.elsewhere === false || (proofs.at ?? Number.NEGATIVE_INFINITY) - openAt < limits.standbyLagMs);
/** It has taken none for long enough, twice asked, from nobody on this machine: where only standby is cut off the others go on. */
export const away = ({ proofs, othersCommit }: State): boolean => proofs.failed >= 2 && performance.now() - proofs.since >= limits.standbyAwayMs && !othersCommit();
