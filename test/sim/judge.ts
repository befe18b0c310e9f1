/**
 * What must hold, judged at every commit and at every message that leaves (RELIABILITY 6.1 and the laws), and the story of it: each
 * alert's life in plain words, kept so that a failing seed can be read and not only repeated.
 */
import { limits } from '#core/limits.ts';
import type { Written } from './memory.ts';
import type { Database } from './database.ts';
import type { Disk } from './disk.ts';
import { DoorJudge } from './judge-door.ts';
import { TimeJudge } from './judge-time.ts';
import type { Process } from './runtime.ts';
import { type Line, tellStory } from './story.ts';
import type { AlertRow, EventRow, FeedRow, LogRow, OutboxRow, TimerRow } from './tables.ts';

export class Broken extends Error {
  readonly rule: string;
  readonly alertId: string | null;
  constructor(rule: string, alertId: string | null, message: string) { super(message); this.rule = rule; this.alertId = alertId; }
}

const slotOf: Record<string, string> = { confirming: 'confirm', open: 'plan', claimed: 'claim', committed: 'arrival', arrived: 'close' };
const held = (state: string): boolean => state === 'committed' || state === 'arrived' || state === 'closed';

export class Judge {
  readonly lines: Line[] = [];
  broken: Broken | null = null;
  readonly counts: Record<string, number> = {};
  hash = 0x811c9dc5;
  claimed: (who: Process) => void = () => {};
  /** From then on nothing was wrong with the house: lateness counts. */ soundSince = 0;
  /** Why the house is not sound now; empty: it is. */ readonly unsound = new Set<string>();
  readonly #database: Database;
  #feedAt = 0;
  #feedBefore = 0;
  readonly #rungs = new Map<string, { round: number; step: number }>();
  readonly #endedAt = new Map<string, number>();
  readonly #handed = new Map<string, number>();
  readonly #door: DoorJudge;
  readonly #time: TimeJudge;
  readonly #onWall: () => number;
  #steppedAt = -Infinity;

  constructor(database: Database, disk: Disk, onWall: () => number) {
    this.#database = database;
    this.#onWall = onWall;
    const fail = (rule: string, alertId: string | null, message: string): void => this.fail(rule, alertId, message);
    this.#door = new DoorJudge(database, disk, fail);
    this.#time = new TimeJudge(database, fail);
  }

  count(what: string): void { this.counts[what] = (this.counts[what] ?? 0) + 1; }

  tell(alertId: string | null, text: string): void {
    const at = this.#database.clock.now;
    this.lines.push({ at, alertId, text });
    this.#mix(`${at}|${alertId}|${text}`);
  }

  #mix(text: string): void {
    let h = this.hash;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    this.hash = h >>> 0;
  }

  fail(rule: string, alertId: string | null, message: string): void {
    this.broken ??= new Broken(rule, alertId, message);
  }

  // -- the house's health, which excuses lateness and nothing else

  unwell(why: string): void { this.unsound.add(why); }
  well(why: string): void { this.unsound.delete(why); this.soundSince = this.#database.clock.now; }
  shaken(): void { this.soundSince = this.#database.clock.now; }
  stepped(ms: number, workers: readonly Process[]): void { this.#steppedAt = this.#database.clock.now; this.shaken(); this.#time.stepped(ms, workers); }
  soundFor(): number { return this.unsound.size > 0 ? 0 : this.#database.clock.now - this.soundSince; }

  // -- every commit

  commit(written: readonly Written[], who: Process | null): void {
    const touched = new Set<string>();
    for (const w of written) {
      const row = w.after;
      if (!row) continue;
      this.#mix(`${this.#database.clock.now}|${w.table.name}|${row.id}|${String(row['state'] ?? row['what'] ?? '')}`);
      switch (w.table.name) {
        case 'alert': this.#alert(w.before as AlertRow | undefined, row as AlertRow); touched.add(row.id); break;
        case 'clock': this.#time.moved(Number(row['offset_ms']) - Number(w.before?.['offset_ms'] ?? 0)); break;
        case 'timer': this.#time.timer(row as TimerRow); if ((row as TimerRow).alert_id !== null) touched.add((row as TimerRow).alert_id as string); break;
        case 'alert_log': this.#log(row as LogRow); break;
        case 'outbox': this.#outbox(w.before as OutboxRow | undefined, row as OutboxRow, who); break;
        case 'event': this.#event(w.before as EventRow | undefined, row as EventRow); break;
      }
    }
    this.#door.inserted(written.flatMap((w) => (w.table.name === 'event' && w.after && !w.before ? [w.after as EventRow] : [])));
    this.#feed(written.filter((w) => w.table.name === 'feed').map((w) => w.after as FeedRow));
    for (const id of touched) this.#guarded(id);
  }

  #alert(before: AlertRow | undefined, a: AlertRow): void {
    const where = `${a.kind} of ${a.subject_type} ${a.subject_id}`;
    if (!before) { this.count('alerts'); this.tell(a.id, `opened: ${where}, ${a.state}`); }
    else if (before.state !== a.state) this.tell(a.id, `${before.state} -> ${a.state}${a.claimed_by ? ` (${a.claimed_by})` : ''}`);
    if (before?.state === 'closed' && a.state !== 'closed') this.fail('I7', a.id, 'a closed alert was opened again');
    if (a.state === 'closed' && a.priority === 1 && before?.state !== 'closed' && !/^op/.test(a.closed_by ?? '') && !a.flags.includes('self-cancelled')) this.fail('LAW6', a.id, `a P1 was ended by ${a.closed_by}, who is no human`);
    if (held(a.state) && before && !held(before.state)) for (const o of this.#database.tables.outbox.indexed('alert', a.id)?.values() ?? [])
      if (o.purpose === 'search' && o.step !== null && ['due', 'sending', 'accepted', 'unknown'].includes(o.state) && o.withdrawn_at === null) this.fail('I4', a.id, `the search is over, and ${o.channel} ${o.template} to ${o.party} (${o.state}) was not withdrawn`);
    if (held(a.state)) { if (!this.#endedAt.has(a.id)) this.#endedAt.set(a.id, this.#database.clock.now); } else this.#endedAt.delete(a.id);
    const twins = [...(this.#database.tables.alert.indexed('subject', `${a.subject_type} ${a.subject_id}`)?.values() ?? [])].filter((x) => x.kind === a.kind);
    if (twins.length > 1) this.fail('C1', a.id, `two open alerts of ${where}: ${twins.map((x) => x.id).join(' and ')}`);
  }

  /** Law 6: an open P1 has the timer that its state must have, at every commit. */
  #guarded(id: string): void {
    const { alert, timer } = this.#database.tables;
    const a = alert.rows.get(id);
    if (!a || a.priority > 1 || a.state === 'closed') return;
    const slots = [...(timer.indexed('alert', id)?.values() ?? [])].map((t) => t.slot);
    if (!slots.includes(slotOf[a.state] ?? '')) this.fail('LAW6', id, `${a.state} without its timer ${slotOf[a.state]}; live are: ${slots.join(', ') || 'none'}`);
  }

  #log(l: LogRow): void {
    const detail = l.detail as { round?: number; step?: number; sends?: { party: string; channel: string }[]; skipped?: { party?: string; reason: string }[]; why?: string; lateMs?: number };
    const sends = detail.sends?.map((s) => `${s.channel} to ${s.party}`).join(', ');
    const rung = detail.step === undefined ? '' : ` round ${detail.round} rung ${detail.step}`;
    this.tell(l.alert_id, `${l.actor_id}: ${l.action}${rung}${sends ? ` (${sends})` : ''}${detail.why ? ` (${detail.why})` : ''}${(detail.lateMs ?? 0) > 1_000 ? `, ${Math.round((detail.lateMs ?? 0) / 1_000)} s late` : ''}`);
    if (l.action === 'plan-step') this.#rung(l.alert_id, detail.round ?? 0, detail.step ?? 0, detail.lateMs ?? 0);
  }

  /** I3: rungs 0..k of round after round, without a gap, none twice; late only while something is wrong. */
  #rung(id: string, round: number, step: number, lateMs: number): void {
    this.count('rungs');
    const last = this.#rungs.get(id);
    const follows = last === undefined ? step === 0 : round === last.round ? step === last.step + 1 : round > last.round && step === 0;
    if (!follows) this.fail('I3', id, `rung ${step} of round ${round} after ${last ? `rung ${last.step} of round ${last.round}` : 'nothing'}`);
    this.#rungs.set(id, { round, step });
    if (lateMs > 5_000 && this.soundFor() > lateMs + 5_000) this.fail('I3', id, `rung ${step} of round ${round} was ${lateMs} ms late although nothing was wrong`);
  }

  #feed(rows: readonly FeedRow[]): void {
    const head = this.#database.tables.feed_counter.rows.get('1')?.seq ?? 0;
    for (const row of rows.toSorted((a, b) => Number(a.id) - Number(b.id)))
      if (Number(row.id) !== ++this.#feedAt) { this.fail('FEED', row.alert_id, `feed number ${row.id} where ${this.#feedAt} was due`); this.#feedAt = Number(row.id); }
    if (rows.length > 0 && head !== this.#feedAt) this.fail('FEED', null, `the counter stands at ${head}, the last number given is ${this.#feedAt}`);
  }

  #event(before: EventRow | undefined, e: EventRow): void {
    if (!before || before.evaluated_at !== null || e.evaluated_at === null) return;
    this.count('events');
    if (e.device_id === null) return;
    const skipped = [...(this.#database.tables.event.indexed('device', e.device_id)?.values() ?? [])].find((x) => Number(x.id) < Number(e.id) && x.evaluated_at === null);
    if (skipped) this.fail('I7', e.alert_id, `event ${e.id} of ${e.device_id} was evaluated before ${skipped.id}`);
    this.#door.evaluated(e);
  }

  #outbox(before: OutboxRow | undefined, o: OutboxRow, who: Process | null): void {
    const alert = o.alert_id === null ? undefined : this.#database.tables.alert.rows.get(o.alert_id);
    if (!before) {
      this.count(`due ${o.channel}`);
      if (o.purpose === 'search' && o.step !== null && alert && held(alert.state)) this.fail('I4', o.alert_id, `${o.channel} ${o.template} to ${o.party} was made due while the alert was ${alert.state}`);
      return;
    }
    if (before.state === o.state && before.lease_token === o.lease_token) return;
    this.tell(o.alert_id, `${o.channel} ${o.template} to ${o.party}: ${o.state}${o.state === 'sending' ? ` by ${who?.name} (try ${o.attempts})` : ''}${o.error_code ? ` ${o.error_code}` : ''}`);
    if (o.state === 'sending' && who) this.claimed(who);
    // I5: what is called sent was handed over.
    if (['accepted', 'delivered', 'answered'].includes(o.state) && !this.#handed.has(o.out_id)) this.fail('I5', o.alert_id, `${o.channel} ${o.template} to ${o.party} is ${o.state}, but the gateway never saw it`);
  }

  // -- what leaves and what was promised

  /** Called when a process hands a message to the gateway. */
  sending(outId: string, who: Process): void {
    const o = [...(this.#database.tables.outbox.indexed('out', outId)?.values() ?? [])][0];
    if (!o) { this.fail('I5', null, `${outId} leaves, but no row says so`); return; }
    const now = this.#database.clock.now;
    this.#handed.set(outId, (this.#handed.get(outId) ?? 0) + 1);
    this.count(`sent ${o.channel}`);
    // F10: only with a live lease of its own. (A clock that went forward ends leases that nobody could know of.)
    const stepped = now - this.#steppedAt < limits.sendLeaseMs;
    if (!stepped && (o.state === 'sending' || o.state === 'due') && (o.holder !== who || (o.lease_until ?? 0) < this.#database.now())) this.fail('F10', o.alert_id, `${who.name} sends ${o.channel} ${o.template} to ${o.party} with an old lease`);
    const ended = o.alert_id === null ? undefined : this.#endedAt.get(o.alert_id);
    const wasHeld = who.lastHeldAt > now - limits.sendLeaseMs;
    if (o.purpose === 'search' && o.step !== null && ended !== undefined && now > ended + 1_000 && !wasHeld) this.fail('I4', o.alert_id, `${o.channel} ${o.template} to ${o.party} leaves ${now - ended} ms after the end of the search`);
    if ((this.#handed.get(outId) ?? 0) > limits.sendAttempts + 1) this.fail('I6', o.alert_id, `${outId} left ${this.#handed.get(outId)} times`);
  }

  /** A call that the gateway took. */
  called(number: string, outId: string, row: OutboxRow | undefined): void { if (row) this.#time.called(number, outId, row); }

  handed(trace: string): void { this.#door.handed(trace); }

  /** A door told a device that its frame is safe (law 1). */
  acknowledged(device: string, id: string, trace: string): void {
    this.count('acknowledged');
    if (this.#door.acknowledged(device, id, trace)) { this.count('acknowledged from the spool'); this.tell(null, `the edge acknowledges ${id} of ${device} from its spool`); }
  }

  /** Looked at each minute of a sound house: no claim sleeps (law 6), nothing that is due lies. */
  minute(): void {
    const { alert, outbox, event, timer } = this.#database.tables;
    const now = this.#database.now();
    const sound = this.soundFor();
    this.#time.minute(sound);
    // I8: what was written a minute ago is on the wall.
    if (sound > 60_000 && this.#onWall() < this.#feedBefore) this.fail('I8', null, `the wall stands at ${this.#onWall()}, the feed stood at ${this.#feedBefore} a minute ago`);
    this.#feedBefore = this.#feedAt;
    if (sound < 10_000) return;
    this.#door.minute(sound);
    for (const a of alert.indexed('open', '')?.values() ?? []) {
      const idle = now - (a.last_step_at ?? a.claimed_at ?? now);
      if (a.state === 'claimed' && a.plan !== null && idle > limits.claimStepMs + 5_000 && sound > idle) this.fail('LAW6', a.id, `a claim without a step is ${Math.round(idle / 1_000)} s old`);
    }
    for (const o of [...(outbox.indexed('state', 'due')?.values() ?? []), ...(outbox.indexed('state', 'sending')?.values() ?? [])]) {
      const waits = now - (o.state === 'due' ? o.due_at : (o.sent_at ?? o.created_at));
      if (waits > 60_000 && sound > waits) this.fail('I5', o.alert_id, `${o.channel} ${o.template} to ${o.party} is ${o.state} for ${Math.round(waits / 1_000)} s`);
    }
    for (const e of event.indexed('waiting', '')?.values() ?? []) if (now - e.received_at > 30_000 && sound > now - e.received_at) this.fail('LAW3', null, `event ${e.id} of ${e.device_id} waits for ${Math.round((now - e.received_at) / 1_000)} s`);
    for (const t of timer.indexed('live', '')?.values() ?? []) if (now - t.due_at > 15_000 && sound > now - t.due_at + 15_000) this.fail('I3', t.alert_id, `timer ${t.slot} is due for ${Math.round((now - t.due_at) / 1_000)} s`);
  }

  /** After the faults: what was promised has happened, everything that waits has drained. */
  end(): void {
    this.minute();
    this.#door.end();
    const { alert, outbox } = this.#database.tables;
    for (const a of alert.indexed('open', '')?.values() ?? []) {
      if (a.priority > 1 || a.state !== 'open') continue;
      const last = this.#rungs.get(a.id);
      if (a.plan_state !== 'running' || !last) this.fail('LIVE', a.id, `the search is ${a.plan_state}, its last rung ${last ? `${last.round}.${last.step}` : 'none'}`);
    }
    for (const state of ['due', 'sending']) for (const o of outbox.indexed('state', state)?.values() ?? [])
      if (this.#database.now() - o.created_at > 60_000) this.fail('LIVE', o.alert_id, `${o.channel} ${o.template} to ${o.party} is still ${state}`);
  }

  story(of: string | null): string { return tellStory(this.#database, this.lines, of); }

  /** Forgets what is long over. */
  forget(alertIds: ReadonlySet<string>, beforeMs: number): void {
    for (const id of alertIds) { this.#rungs.delete(id); this.#endedAt.delete(id); }
    this.#door.forget(alertIds, beforeMs);
    this.#time.forget((id) => this.#database.tables.timer.rows.has(id));
    const recent = this.lines.filter((l) => l.at > beforeMs);
    this.lines.splice(0, Infinity);
    for (const l of recent) this.lines.push(l);
  }
}
