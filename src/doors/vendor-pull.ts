/**
 * Pull beside push (FEATURES 2.15): every few minutes one edge reads what each vendor's cloud has heard since it was last compared, and
 * back-fills what was never pushed. The lease is a row; whoever loses it moves no cursor, and what two edges deliver both is one occurrence
 * to the gate. A device that cannot be read is left behind by itself, with the time from which it is missing, and is first in the next round.
 */
import { DecodeError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { VendorDoor } from '#core/vendor-door.ts';
import type { Logger } from '#ops/log.ts';
import { type History, histories, type ListedDevice, type Told } from '#vendors/history.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { askVendor, VendorBusy, VendorFailed } from './vendor-ask.ts';
import type { Backfill, Filled } from './vendor-backfill.ts';

export type PullClaim = { door: string; token: string; cursorAt: number | null; behind: Record<string, number> };
export type PullEnd = { cursorAt: number | null; behind: Readonly<Record<string, number>>; ok: boolean; why: string | null; skewMs: number | null; nextMs: number } & Filled;
export type PullOptions = {
  doors(): readonly VendorDoor[]; backfill: Backfill; log: Logger; /** the database's clock */ now(): number;
  claim(doors: readonly string[]): Promise<PullClaim | null>; /** false: the lease was lost */ finish(claim: PullClaim, end: PullEnd): Promise<boolean>;
};
type Round = { door: VendorDoor; history: History; base: string; signal: AbortSignal; /** the vendor's now */ vendorNow(): number; sum: Filled; why: string | null; waitMs: number };

/** The doors whose vendor keeps a history, and whose settings say that it is read. */
const readable = (doors: readonly VendorDoor[]): VendorDoor[] => doors.filter((door) => door.enabled && door.settings.history != null && histories[door.kind]?.needs.every((name) => door.secrets[name] !== undefined));

export function startPulls(options: PullOptions): Loop {
  return startLoop({
    name: 'vendor-pull', pollMs: limits.pollMs,
    onError: (error, inARow) => { if (inARow === 1) options.log.warn({ error: (error as Error).message }, 'vendors’ histories not read, trying again'); },
    async turn(signal) {
      const doors = readable(options.doors());
      if (doors.length === 0) return false;
      const claim = await options.claim(doors.map((door) => door.name));
      const door = claim && doors.find((d) => d.name === claim.door);
      if (!claim || !door) return false;
      const end = await readRound(options, door, claim, signal);
      const kept = await options.finish(claim, end);
      if (end.missing > 0 || !end.ok) options.log[end.ok ? 'info' : 'warn']({ door: door.name, kept, ...end, behind: Object.keys(end.behind).length }, 'a vendor’s history was read');
      return true;
    },
  });
}

/** One round over an account, bounded in time; says how far it came. Throws only for faults of our own database. */
async function readRound(options: PullOptions, door: VendorDoor, claim: PullClaim, signal: AbortSignal): Promise<PullEnd> {
  const history = histories[door.kind] as History;
  const base = door.settings.history?.url ?? history.url;
  const sum: Filled = { records: 0, missing: 0, filled: 0, alarms: 0, oldestMs: 0 };
  let skewMs = 0;
  const round: Round = { door, history, base, signal, vendorNow: () => Math.round(options.now() + skewMs), sum, why: null, waitMs: 0 };
  const failed = (error: unknown): PullEnd => ({ ...sum, cursorAt: null, behind: claim.behind, ok: false, why: wordsOf(error), skewMs: null, nextMs: error instanceof VendorBusy ? Math.max(error.waitMs, limits.vendorBusyMs) : limits.vendorPullMs });
  let devices: ListedDevice[];
  try {
    const { header } = await askVendor(base, history.clock.ask, signal);
    const at = Number(header(history.clock.header));
    if (Number.isFinite(at) && at > 0) skewMs = at - options.now();
    devices = await devicesOf(round);
  } catch (error) {
    if (!isVendors(error)) throw error;
    return failed(error);
  }
  const to = round.vendorNow() - limits.vendorPullSettleMs;
  const begin = claim.cursorAt === null ? to - limits.vendorPullFirstMs : Math.max(claim.cursorAt - limits.vendorPullOverlapMs, to - limits.vendorPullBackMs);
  const fromOf = (device: ListedDevice): number => Math.min(begin, Math.max(claim.behind[device.id] ?? begin, to - limits.vendorPullBackMs));
  // Who was left behind comes first; a vendor that answers slowly starves nobody.
  const queue = [...devices].sort((a, b) => Number(b.id in claim.behind) - Number(a.id in claim.behind));
  const behind = Object.fromEntries(devices.map((device) => [device.id, fromOf(device)]));
  const tally = await readDevices(options, round, queue, { fromOf, to }, (device) => { delete behind[device.id]; });
  const left = Object.keys(behind).length;
  const far = left > limits.vendorPullBehind;
  return {
    ...sum, cursorAt: far ? null : to, behind: far ? claim.behind : behind, skewMs, why: round.why,
    // One device that its vendor cannot show is no fault of the account; half of them are.
    ok: tally.failed * 2 <= tally.tried && (round.waitMs === 0 || tally.tried > tally.failed) && (tally.tried > 0 || devices.length === 0),
    nextMs: round.waitMs > 0 ? round.waitMs : tally.unbegun > 0 ? 0 : limits.vendorPullMs,
  };
}

type Tally = { tried: number; failed: number; unbegun: number };

async function readDevices(options: PullOptions, round: Round, queue: readonly ListedDevice[], { fromOf, to }: { fromOf(device: ListedDevice): number; to: number }, done: (device: ListedDevice) => void): Promise<Tally> {
  const until = performance.now() + limits.vendorPullRoundMs;
  const tally: Tally = { tried: 0, failed: 0, unbegun: 0 };
  let next = 0;
  let fault: unknown = null;
  const lane = async (): Promise<void> => {
    while (next < queue.length && fault === null && round.waitMs === 0 && performance.now() < until && !round.signal.aborted) {
      const device = queue[next++] as ListedDevice;
      tally.tried++;
      try {
        const told = await recordsOf(options, round, device, fromOf(device), to);
        const filled = await options.backfill(round.door, told, round.vendorNow());
        add(round.sum, filled);
        done(device);
      } catch (error) {
        tally.failed++;
        if (error instanceof VendorBusy) round.waitMs = Math.max(round.waitMs, error.waitMs);
        if (isVendors(error)) round.why = wordsOf(error);
        else fault ??= error; // ours: nothing of this round counts as read that was not durable
      }
    }
  };
  await Promise.all(Array.from({ length: limits.vendorAsks }, lane));
  if (fault !== null) throw fault;
  tally.unbegun = queue.length - next;
  return tally;
}

/** Everything that the vendor heard of one device between `from` and `to`, by its clock. */
async function recordsOf(options: PullOptions, { door, history, base, signal, vendorNow }: Round, device: ListedDevice, from: number, to: number): Promise<Told[]> {
  const told: Told[] = [];
  for (const list of history.lists) {
    let page: string | null = null;
    for (let pages = 0; ; pages++) {
      if (pages >= limits.vendorPages) throw new VendorFailed(`more than ${limits.vendorPages} pages of one device`);
      const { text } = await askVendor(base, history.askRecords(door, device, list, { from, to, page }, vendorNow()), signal);
      const answer = history.readRecords(text, device, list, door.settings, options.now());
      told.push(...answer.told.filter(({ at }) => at >= from && at <= to));
      // A page that says itself as the next one would never end.
      if (answer.next === null || answer.next === page) break;
      page = answer.next;
    }
  }
  return told;
}

/** The account's devices as its vendor lists them. */
async function devicesOf({ door, history, base, signal, vendorNow }: Round): Promise<ListedDevice[]> {
  const devices: ListedDevice[] = [];
  for (const product of history.products(door)) {
    for (let page = 1; devices.length < limits.vendorListRows; page++) {
      const { text } = await askVendor(base, history.askDevices(door, product, page, vendorNow()), signal);
      const answer = history.readDevices(text, product);
      devices.push(...answer.devices);
      if (!answer.more) break;
    }
  }
  return devices;
}

const isVendors = (error: unknown): boolean => error instanceof VendorBusy || error instanceof VendorFailed || error instanceof DecodeError;
const wordsOf = (error: unknown): string => (error as Error).message;
function add(sum: Filled, one: Filled): void {
  sum.records += one.records; sum.missing += one.missing; sum.filled += one.filled; sum.alarms += one.alarms;
  sum.oldestMs = Math.max(sum.oldestMs, one.oldestMs);
}
