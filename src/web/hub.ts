/**
 * The open live sockets and what goes to all of them. Alert frames are sent to each socket in feed order and never merged
 * or dropped; presence is, when a socket is slow; a socket that falls behind the bound is closed and resumes by number.
 */
import { limits } from '#core/limits.ts';
import { type AuditNews, openSetHash, type PresenceCount, type ServerFrame } from '#core/live.ts';
import type { CallRow } from '#store/calls.ts';
import type { OpenAlert } from '#store/alert-views.ts';
import type { Counter, Gauge } from '#ops/metrics.ts';
import { seesRegion } from './access.ts';
import type { WebContext } from './context.ts';

/** One feed row as frames: for those who act, and for the others. `desk` is null when the row concerns no alert. */
export type FeedItem = { seq: number; regionCode: string | null; desk: string | null; public: string | null; /** to everybody, without a number */ canary?: string };
export type Beat = {
  epoch: string; seq: number; open: readonly OpenAlert[]; serverTime: number; cannotHear: readonly { code: string; count: number }[];
  consoles: { open: number; hearing: number }; gateway: 'standin' | 'aliyun' | 'http'; demo: boolean; danger: boolean; vigilance: { askedAt: number; missed: number } | null; aheadMs: number; drills: readonly { code: string; count: number }[];
};

export type StandbyFrame = Extract<ServerFrame, { type: 'standby' }>;

/** One browser. `sent` is the number it is covered up to; only a live one hears broadcasts, the others are catching up. */
export type HubClient = {
  readonly tabId: string | null; readonly scopeCode: string; readonly desk: boolean; readonly credential: Buffer;
  sent: number; live: boolean;
  send(text: string): void; buffered(): number; close(code: number, reason: string): void;
  /** Pings it; how many pings nobody has answered. A browser answers for a tab that sleeps. */ ask(): number;
};

export class Hub {
  readonly #clients = new Set<HubClient>();
  readonly #open: Gauge;
  readonly #closed: Counter;
  readonly #skipped: Counter;
  #presence = new Map<string, PresenceCount>();
  #calls: readonly CallRow[] = [];
  #standby: StandbyFrame | null = null;
  /** What the auditor finds, or its silence; null: all is well. */
  audit: AuditNews | null = null;
  /** The last feed number that was broadcast, and its history. */
  head = 0;
  epoch = '';

  constructor(ctx: Pick<WebContext, 'metrics'>) {
    this.#open = ctx.metrics.gauge('live_sockets', 'Open live sockets');
    this.#closed = ctx.metrics.counter('live_closed_total', 'Live sockets closed by us', ['reason']);
    this.#skipped = ctx.metrics.counter('live_presence_skipped_total', 'Presence frames left out for slow sockets');
  }

  get clients(): ReadonlySet<HubClient> { return this.#clients; }
  get presence(): PresenceCount[] { return [...this.#presence.values()]; }

  add(client: HubClient): void { this.#clients.add(client); this.#open.set(this.#clients.size); }
  remove(client: HubClient): void { this.#clients.delete(client); this.#open.set(this.#clients.size); }

  /** Sends the next feed items to every live socket; items must follow `head` without a hole. */
  broadcast(items: readonly FeedItem[]): void {
    for (const item of items) {
      for (const client of this.#clients) if (client.live) this.deliver(client, item);
      this.head = item.seq;
    }
  }

  /** One item to one socket: a frame if it is in scope; `prev` tells what was left out before it. */
  deliver(client: HubClient, item: FeedItem): void {
    if (item.seq <= client.sent) return;
    if (item.canary !== undefined) { this.#send(client, item.canary); return; }
    const text = client.desk ? item.desk : item.public;
    if (text === null || !seesRegion(client.scopeCode, item.regionCode)) return;
    const whole = client.sent === item.seq - 1 ? text : `${text.slice(0, -1)},"prev":${client.sent}}`;
    client.sent = item.seq;
    this.#send(client, whole);
  }

  /** Regions whose counts changed since the last call, to those who may see them and keep up. */
  sendPresence(counts: readonly PresenceCount[]): void {
    const changed = counts.filter((c) => JSON.stringify(c) !== JSON.stringify(this.#presence.get(c.code)));
    const now = new Set(counts.map((c) => c.code));
    for (const code of this.#presence.keys()) if (!now.has(code)) changed.push({ code, online: 0, offline: 0, never: 0, presumed: 0 });
    this.#presence = new Map(counts.map((c) => [c.code, c]));
    if (changed.length === 0) return;
    const texts = new Map<string, string>();
    for (const client of this.#clients) {
      if (!client.live) continue;
      if (client.buffered() > limits.socketBufferBytes / 2) { this.#skipped.inc(); continue; }
      const text = texts.get(client.scopeCode) ?? presenceText(changed, client.scopeCode);
      texts.set(client.scopeCode, text);
      if (text !== '') this.#send(client, text);
    }
  }

  /** The calls that wait, to every console when they have changed, or to one that just caught up. */
  sendCalls(calls: readonly CallRow[] = this.#calls, only?: HubClient): void {
    if (!only && JSON.stringify(calls) === JSON.stringify(this.#calls)) return;
    this.#calls = calls;
    for (const client of only ? [only] : this.#clients) {
      if (!client.live || !client.desk) continue;
      const seen = calls.filter((c) => seesRegion(client.scopeCode, c.regionCode)).map(({ regionCode: _r, ...call }) => call);
      this.#send(client, JSON.stringify({ type: 'calls', calls: seen } satisfies ServerFrame));
    }
  }

  /** What standby does while the database is away, or that it is over, to all or to one that just caught up: with people for those who act, without for the others. */
  sendStandby(frame: StandbyFrame | null = this.#standby, only?: HubClient): void {
    this.#standby = frame;
    if (frame === null) return;
    for (const client of only ? [only] : this.#clients) {
      if (!client.live) continue;
      const cases = frame.cases.filter((c) => seesRegion(client.scopeCode, c.regionCode)).map((c) => (client.desk ? c : { ...c, name: null, reached: [], dial: [] }));
      this.#send(client, JSON.stringify({ ...frame, cases } satisfies ServerFrame));
    }
  }

  /** The beat of one moment to all live sockets, or to one that just caught up. */
  sendBeat(beat: Beat, only?: HubClient): void {
    const texts = new Map<string, string>();
    for (const client of only ? [only] : this.#clients) {
      if (!client.live) continue;
      const text = texts.get(client.scopeCode) ?? JSON.stringify(beatFrame(beat, client.scopeCode, this.audit));
      texts.set(client.scopeCode, text);
      this.#send(client, text);
    }
  }

  /** Ends sockets behind which nobody is any more: a laptop that was shut, a wire that was cut, and no FIN came. Counted in asks, not in time: our own pause is nobody's silence. */
  endSilent(): void {
    for (const client of [...this.#clients]) if (client.ask() > limits.liveUnanswered) this.end(client, 1013, 'nobody answers', 'silent');
  }

  /** Ends sockets whose session or token is no longer good. */
  endDead(alive: ReadonlySet<string>, asked: readonly HubClient[]): void {
    for (const client of asked) if (!alive.has(client.credential.toString('hex'))) this.end(client, 1008, 'the session has ended', 'session');
  }

  closeAll(code: number, reason: string): void { for (const client of [...this.#clients]) this.end(client, code, reason, 'shutdown'); }

  end(client: HubClient, code: number, reason: string, why: string): void {
    this.#closed.inc({ reason: why });
    this.remove(client);
    client.close(code, reason);
  }

  #send(client: HubClient, text: string): void {
    if (client.buffered() > limits.socketBufferBytes) { this.end(client, 1013, 'too slow: resume by number', 'slow'); return; }
    client.send(text);
  }
}

/** The presence frame of a scope; empty when nothing of it changed. */
export function presenceText(counts: readonly PresenceCount[], scopeCode: string): string {
  const regions = counts.filter((c) => seesRegion(scopeCode, c.code));
  return regions.length === 0 ? '' : JSON.stringify({ type: 'presence', regions } satisfies ServerFrame);
}

/** What one scope may know of a beat: its own open alerts, their hash, its own unheard people. */
function beatFrame(beat: Beat, scopeCode: string, audit: AuditNews | null): ServerFrame {
  const open = { 1: 0, 2: 0, 3: 0, 4: 0 };
  const mine = beat.open.filter((a) => seesRegion(scopeCode, a.regionCode));
  for (const alert of mine) open[alert.priority]++;
  const cannotHear = beat.cannotHear.reduce((sum, r) => sum + (seesRegion(scopeCode, r.code) ? r.count : 0), 0);
  const drills = beat.drills.reduce((sum, r) => sum + (seesRegion(scopeCode, r.code) ? r.count : 0), 0);
  return {
    type: 'beat', epoch: beat.epoch, headSeq: beat.seq, open, openSetHash: openSetHash(mine), serverTime: beat.serverTime, cannotHear,
    consoles: beat.consoles, gateway: beat.gateway, demo: beat.demo, danger: beat.danger, ...(beat.aheadMs > 0 ? { aheadMs: beat.aheadMs } : {}),
    ...(audit ? { audit } : {}), ...(drills > 0 ? { drills } : {}),
    ...(beat.vigilance && scopeCode.endsWith('000000') ? { vigilance: beat.vigilance } : {}),
  };
}
