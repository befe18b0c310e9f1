/** One run: the fleet is gathered and comes up, the scenario plays, the ledger is held against the house, verdicts and totals come out. */
import type { ServerFrame } from '#core/live.ts';
import type { HouseApi } from './api/client.ts';
import { readAlert, readStatus, rest } from './api/house.ts';
import { watchLive } from './api/live.ts';
import type { PhonesApi } from './api/phones.ts';
import { gather } from './county/gather.ts';
import type { Address } from './device/wire.ts';
import { Fleet } from './fleet/fleet.ts';
import { type People, startPeople } from './people/people.ts';
import { Histogram } from './report/histogram.ts';
import { type Found, Ledger, settle } from './report/ledger.ts';
import { type Progress, progressLine, type Totals } from './report/report.ts';
import { close, firstTold } from './scenarios/looks.ts';
import { minuteMs, type Scenario, some, type Stage, type Verdict, verdict } from './scenarios/scenario.ts';
import { Stopped, type World } from './world/world.ts';

export type RunOptions = {
  api: HouseApi; address: Address; phones: PhonesApi | null; world: World; scenario: Scenario;
  devices: number; seed: number; speed: number; minutes: number | null; falseShare: number;
  say(line: string): void; /** The line of now, every few seconds. */ progress(line: string): void;
  /** Told of the fleet as soon as there is one: whoever travels in time waits for its acknowledgements. */ onFleet?: (fleet: Fleet) => void;
};
export type Outcome = { totals: Totals; verdicts: Verdict[]; stopped: boolean; ok: boolean };

/** Alerts looked at in full for the table; a flood of thousands is counted, not read. */
const readInFull = 400;
const progressMs = 5_000;
const evaluatedMs = minuteMs;

export async function simulate(o: RunOptions): Promise<Outcome> {
  const { world, api, scenario } = o;
  const gathered = scenario.own ? { devices: [], adopted: 0, registered: 0 } : await gather(api, { devices: o.devices, seed: o.seed, first: scenario.needs, together: scenario.together === true });
  if (!scenario.own) o.say(`${gathered.adopted} demonstration devices adopted, ${gathered.registered} registered · 接管演示设备 ${gathered.adopted} 台，新登记 ${gathered.registered} 台`);
  const ledger = new Ledger();
  const fleet = new Fleet({ world, address: o.address, ledger, seed: o.seed, speed: o.speed, falseShare: scenario.cries ? o.falseShare : null });
  o.onFleet?.(fleet);
  const watch = watching(o, ledger, fleet);
  let people: People | null = null;
  const verdicts: Verdict[] = [];
  let stopped = false;
  try {
    people = await answering(o);
    fleet.add(gathered.devices);
    const up = await fleet.online(2 * minuteMs + o.devices * 20);
    if (!scenario.own) verdicts.push(verdict(up === gathered.devices.length, '全部设备已上线', 'Every device came up', `${up}/${gathered.devices.length}`));
    const stage: Stage = { world, api, fleet, ledger, phones: o.phones, people, minutes: o.minutes ?? scenario.minutes, seed: o.seed, say: o.say };
    o.say(`${scenario.name}: ${scenario.en} · ${scenario.zh}`);
    verdicts.push(...await scenario.run(stage));
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    stopped = true;
  } finally {
    people?.stop();
    watch.stop();
  }
  try {
    const { ledgerVerdict, found } = await compare(o, ledger, stopped);
    verdicts.push(ledgerVerdict);
    const { totals, open } = await totalsOf(api, ledger, found);
    // The story is over: what it has opened must not ring on, and only a human's close ends it. Here the simulator is the human.
    const left = await close({ api }, open, 'F2', '模拟结束，由模拟器办结');
    if (left.length > 0) o.say(`${left.length} alerts of this run could not be closed and ring on · ${left.length} 条警情未能办结`);
    return { totals, verdicts, stopped, ok: verdicts.every((v) => v.ok) };
  } finally {
    fleet.stop();
    await rest(api, fleet.members.map((m) => m.id)).catch((error: Error) => o.say(`The devices could not be put to rest, the house will miss them: ${error.message}`));
  }
}

async function answering(o: RunOptions): Promise<People | null> {
  const { people } = o.scenario;
  if (o.phones === null || people === 'nobody') return null;
  return startPeople({ world: o.world, phones: o.phones, seed: o.seed, ...(people === 'town' ? {} : { persona: () => people }) });
}

type Watching = { stop(): void };
/** The live channel for what is seen when, and the line of now. */
function watching(o: RunOptions, ledger: Ledger, fleet: Fleet): Watching {
  const alerts = new Set<string>();
  let open = 0;
  const see = (frame: ServerFrame): void => {
    if (frame.type === 'beat') open = frame.open[1] + frame.open[2] + frame.open[3] + frame.open[4];
    if (frame.type !== 'alert') return;
    if (frame.what === 'opened') alerts.add(frame.alert.id);
    if (frame.what === 'opened' || frame.what === 'raised-again') ledger.seen(frame.alert);
  };
  const live = watchLive(o.api, see);
  let shownAt = 0;
  let before = 0;
  const stopTicking = o.world.each(() => {
    const now = performance.now();
    if (now - shownAt < progressMs) return;
    const sent = ledger.beats.sent + ledger.entries.length;
    const acknowledged = ledger.beats.acknowledged + ledger.entries.filter((e) => e.ack !== null).length;
    const figures: Progress = { ...fleet.figures(), sent, acknowledged, perSecond: Math.round(((sent - before) * 1_000) / Math.max(1, now - shownAt)), alerts: alerts.size, open };
    if (shownAt > 0) o.progress(progressLine(figures));
    [shownAt, before] = [now, sent];
  });
  return { stop() { stopTicking(); live.close(); } };
}

/** The last word: every emergency that a device saw acknowledged must be counted by an alert. After a Ctrl-C one look must do. */
async function compare(o: RunOptions, ledger: Ledger, stopped: boolean): Promise<{ ledgerVerdict: Verdict; found: Found[] }> {
  const presses = ledger.emergencies();
  let found = await settle(o.api, presses);
  const missing = (): Found[] => found.filter((f) => f.why !== 'counted' && !(stopped && f.why === 'not-evaluated'));
  if (!stopped && missing().length > 0) await o.world.until(async () => { found = await settle(o.api, presses); return missing().length === 0; }, evaluatedMs).catch(() => null);
  const gone = missing().map((f) => `${f.entry.deviceId} ${f.entry.kind} ${f.entry.eventId} (${f.why}${f.result === null ? '' : `, ${f.result}`})`);
  return { found, ledgerVerdict: verdict(gone.length === 0, '每条已确认的紧急报警都有警情', 'Every acknowledged emergency is counted by an alert', gone.length === 0 ? `${presses.length}/${presses.length}` : some(gone, presses.length)) };
}

/** The table's figures, and which alerts are still open. */
async function totalsOf(api: HouseApi, ledger: Ledger, found: readonly Found[]): Promise<{ totals: Totals; open: string[] }> {
  const told = new Histogram();
  const ids = [...new Set(found.flatMap((f) => f.alertId ?? []))];
  const open: string[] = ids.slice(readInFull);
  let [committed, closed] = [0, 0];
  for (const id of ids.slice(0, readInFull)) {
    const alert = await readAlert(api, id);
    if (alert.committedAt !== null) committed++;
    if (alert.closedAt !== null) closed++; else open.push(id);
    const first = firstTold(alert);
    if (first !== null) told.add(first);
  }
  const acknowledged = ledger.entries.filter((e) => e.ack !== null).length;
  const totals = {
    sent: ledger.beats.sent + ledger.entries.length, acknowledged: ledger.beats.acknowledged + acknowledged, emergencies: ledger.emergencies().length, alerts: ids.length, committed, closed,
    puback: ledger.pubacks, beatAck: ledger.beatAcks, visible: ledger.visible, told,
  };
  return { totals, open };
}

/** By how much the house's clock is ahead of this machine's: half a round trip is nothing against a second. */
export async function aheadOf(api: HouseApi): Promise<number> {
  const before = Date.now();
  const { serverTime } = await readStatus(api);
  return serverTime - (before + Date.now()) / 2;
}
