/**
 * What standby knows when the database goes away: the county each minute (and soon after a change of devices), the open emergencies each second.
 * Of these only what has changed is read, as often as costs a quarter of a connection, and the whole as often as costs a tenth: a flood must not make the last seconds blind.
 */
import { hostname } from 'node:os';
import type { Case } from '#core/change.ts';
import type { AlertId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { commitAgeMs } from '#ops/commit-mark.ts';
import { machineNow, uptimeMs } from '#ops/machine.ts';
import type { Seal } from '#store/seal.ts';
import { slipKey } from '#store/slips.ts';
import { type CountyFacts, openEmergencies, othersElsewhere, readCounty, recentSlips } from '#store/standby.ts';
import { readSnapshot, writeSnapshot } from '#store/standby-files.ts';
import { readNow } from '#store/timers.ts';
import { pause } from '#work/pause.ts';
import type { OpenNow } from './county.ts';
import { putOn } from './echoes.ts';
import type { Parts, State } from './parts.ts';

const countyMs = 60_000;
const share = 10;
const settleMs = 100;
/** With 5,000 open cases a look takes a quarter of a second: looks take a quarter of the time at most, and none is waited for longer than this. Between them the echo of commits tells. */
const lookShare = 3;
const lookMsMax = 1_000;
/** Those that were given in transactions which lasted so long are seen with the next look, all others with the next whole one. */
const slipsMs = 10_000;

export function newState(data: string, folder: string, seal: Seal): State {
  const s: State = {
    county: readSnapshot<CountyFacts>(folder, 'county', seal)?.value ?? null, countyAt: 0, hinted: true, open: null, openAt: 0, lookedAt: 0, handedAt: 0, known: new Map(), lookNext: 0, wholeNext: 0, unwritten: false, writeNext: 0, base: null,
    echoes: new Map(), evaluated: new Set(), othersCommit: () => commitAgeMs(data) < limits.standbyAwayMs,
    proofs: { failed: 0, since: performance.now(), at: null }, duty: null, resumed: false, begunAt: 0, fenced: false, superseded: false, waiting: new Map(),
  };
  const open = readSnapshot<OpenNow>(folder, 'open', seal);
  return open === null ? s : { ...s, open: open.value, known: new Map(open.value.cases.map((c) => [c.alert.id, c])), base: { db: open.value.nowMs, perf: performance.now() - open.ageMs }, openAt: performance.now() - open.ageMs };
}

/** The present by the database's clock, as it was when it was last there. */
export const presentOf = (s: State): number => (s.base ? s.base.db + performance.now() - s.base.perf : machineNow());

const notNow = (s: State): boolean => s.superseded || s.duty === 'away';

export async function takeCounty({ s, readDb, folder, seal }: Parts): Promise<void> {
  if (notNow(s) || (!s.hinted && performance.now() - s.countyAt < countyMs)) return;
  s.hinted = false;
  s.county = await readCounty(readDb);
  s.countyAt = performance.now();
  if (!notNow(s)) writeSnapshot(folder, 'county', seal, s.county);
}

/** `anew`: at the end of a duty, everything. */
export async function takeOpen(p: Parts, anew = false): Promise<void> {
  const { s, readDb, folder, seal } = p;
  if (notNow(s) && !anew) return;
  if (!anew) await pause(Math.min(Math.max(settleMs, s.lookNext - performance.now()), lookMsMax)); // changes that come together are read together
  const began = performance.now();
  const beganUp = uptimeMs();
  const whole = anew || began >= s.wholeNext;
  const look = await readDb.tx(async (sql) => {
    const rows = await openEmergencies(sql);
    const changed = rows.filter((r) => whole || s.known.get(r.id)?.alert.version !== r.version).map((r) => r.id);
    return { ids: rows.map((r) => r.id), cases: changed.length > 0 ? await p.readCases(sql, changed) : [], slips: await recentSlips(sql, whole || s.open === null ? null : s.open.nowMs - slipsMs), nowMs: await readNow(sql), elsewhere: whole || s.open?.elsewhere === undefined ? await othersElsewhere(sql, hostname()) : s.open.elsewhere };
  });
  if (notNow(s) && !anew) return;
  s.unwritten ||= whole || look.elsewhere !== s.open?.elsewhere || look.cases.length > 0 || look.ids.length !== s.known.size;
  s.known = merged(whole ? new Map() : s.known, look);
  const open: OpenNow = { cases: [...s.known.values()], slips: whole || s.open === null ? look.slips : withMore(s.open.slips, look.slips), nowMs: look.nowMs, elsewhere: look.elsewhere };
  Object.assign(s, { open, openAt: performance.now(), lookedAt: began, base: { db: look.nowMs, perf: performance.now() } });
  putOn(s, beganUp);
  s.lookNext = performance.now() + lookShare * (performance.now() - began);
  if (whole) s.wholeNext = performance.now() + share * (performance.now() - began);
  if (!s.unwritten || performance.now() < s.writeNext) return;
  const from = performance.now();
  writeSnapshot(folder, 'open', seal, s.open);
  s.unwritten = false;
  s.writeNext = performance.now() + share * (performance.now() - from);
}

/** What was given lately, on top of what was known. */
function withMore(known: OpenNow['slips'], fresh: OpenNow['slips']): OpenNow['slips'] {
  if (fresh.length === 0) return known;
  const keys = new Set(fresh.map((f) => slipKey(f.party, f.alertId)));
  return [...known.filter((k) => !keys.has(slipKey(k.party, k.alertId))), ...fresh];
}

/** Calls are counted over all cases in one map that they share: times of a number as last read. */
function merged(known: ReadonlyMap<AlertId, Case>, look: { ids: readonly AlertId[]; cases: readonly Case[] }): Map<AlertId, Case> {
  const fresh = new Map(look.cases.map((c) => [c.alert.id, c]));
  const calls = new Map([...(known.values().next().value?.calls ?? []), ...(look.cases[0]?.calls ?? [])]);
  return new Map(look.ids.flatMap((id) => { const c = fresh.get(id) ?? known.get(id); return c ? [[id, { ...c, calls }] as const] : []; }));
}

