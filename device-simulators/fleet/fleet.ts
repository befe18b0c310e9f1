/**
 * Thousands of devices in one process: who connects, beats, cries and comes back when. One pass over all of them at every tick of
 * the world's clock; connects are paced and sends of one tick bounded, so that no turn of the event loop is long. Everything that
 * chance decides comes from the seed.
 */
import { type Random, randomOf } from '#core/demo-random.ts';
import { type Ack, type EventInput, SimDevice } from '#simulators/device/device.ts';
import type { Heard } from '#simulators/device/commands.ts';
import type { Address } from '#simulators/device/wire.ts';
import type { Entry, Ledger } from '#simulators/report/ledger.ts';
import type { World } from '#simulators/world/world.ts';
import { age, firstState, type Model, modelOf } from './models.ts';
import { cryOf, nextCry, type Step } from './warnings.ts';

export type FleetDevice = { id: string; secret: string; model: string; homeId: string | null; personId: string | null; regionCode: string | null };
export type Member = FleetDevice & {
  device: SimDevice; behaviour: Model;
  /** Out of reach: no mains, no mast. It neither beats nor comes back until it is revived. */ silent: boolean;
  /** Its own chance: what it cries does not depend on when others beat. */ chance: Random;
  beatAt: number; agedAt: number; pingAt: number; connectAt: number | null; cryAt: number | null; tries: number; refused: string | null;
};
export type FleetOptions = {
  world: World; address: Address; ledger: Ledger; seed: number; /** Multiplies rates only. */ speed: number;
  /** Cry by the raw-warning model with this false share; null: only what scenarios press. */ falseShare: number | null;
  heard?: (member: Member, command: Heard) => void;
};
export type Figures = { devices: number; connected: number; refused: number; silent: number };

/** Connects under way at once: the house's guard lets 200 unauthenticated sockets of one address wait. */
const connectsAtOnce = 100;
/** Frames begun in one tick. */
const sendsPerTick = 1_000;
/** First connects are spread over this long for a thousand devices. */
const spreadMs = 2_000;
const backMs = { first: 1_000, most: 60_000 } as const;
/** Well inside the hour that the house grants to whoever names no keep-alive. */
const pingMs = 40 * 60_000;

/** FNV-1a: a number of its own for every text. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export class Fleet {
  readonly members: Member[] = [];
  readonly #options: FleetOptions;
  readonly #random: Random;
  readonly #stopTicking: () => void;
  readonly #later: { at: number; work: () => void }[] = [];
  #connecting = 0;
  #from = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#random = randomOf(options.seed);
    this.#stopTicking = options.world.each((now) => this.#tick(now));
  }

  /** Takes devices in; they come up spread over a while, and beat from a phase of their own on. */
  add(devices: readonly FleetDevice[]): Member[] {
    const { world, speed } = this.#options;
    const now = world.now();
    const spread = (spreadMs * devices.length) / 1_000;
    const added = devices.map((d): Member => {
      const behaviour = modelOf(d.model);
      const chance = randomOf(hashOf(`${this.#options.seed}/${d.id}`));
      const connectAt = now + chance.below(Math.ceil(spread) + 1);
      const member: Member = {
        ...d, behaviour, silent: false, chance, connectAt, beatAt: connectAt, agedAt: now, pingAt: now + pingMs, tries: 0, refused: null,
        cryAt: this.#options.falseShare === null ? null : nextCry(behaviour, now, speed, chance),
        device: new SimDevice({
          id: d.id, secret: d.secret, model: d.model, address: this.#options.address, now: () => world.now(), state: firstState(behaviour, chance),
          down: () => this.#comeBack(member), heard: (command) => this.#options.heard?.(member, command),
        }),
      };
      return member;
    });
    this.members.push(...added);
    return added;
  }

  /** Where its devices connect to. */
  get address(): Address { return this.#options.address; }

  figures(): Figures {
    const count = (test: (m: Member) => boolean): number => this.members.reduce((n, m) => n + Number(test(m)), 0);
    return { devices: this.members.length, connected: count((m) => m.device.connected), refused: count((m) => m.refused !== null), silent: count((m) => m.silent) };
  }

  /** Resolves with how many are connected: all who can be, or as many as are within this time. */
  async online(withinMs: number, members: readonly Member[] = this.members): Promise<number> {
    const up = (): number => members.filter((m) => m.device.connected).length;
    await this.#options.world.until(() => members.every((m) => m.device.connected || m.silent || m.refused !== null), withinMs);
    return up();
  }

  /** Reports an event of this device, in the ledger from the press to the PUBACK; null when it was closed before. */
  async press(member: Member, input: EventInput, real = true): Promise<Entry | null> {
    const { ledger, world } = this.#options;
    const entry = ledger.press({ deviceId: member.id, homeId: member.homeId, kind: input.kind, edge: input.edge ?? 'raise', at: world.now(), real });
    const ack: Ack | null = await member.device.event(input);
    if (ack === null) return null;
    ledger.acknowledged(entry, ack);
    return entry;
  }

  /** No power or no mast: mains devices' wires go, battery devices fall asleep with theirs open. Nobody beats. */
  silence(members: readonly Member[]): void {
    for (const m of members) {
      m.silent = true;
      if (m.behaviour.power === 'mains') m.device.drop();
    }
  }

  /** Power and masts are back: all return at once; a radar that looks at its room anew may cry fall. Answers who cried. */
  revive(members: readonly Member[], options: { rebootFalls?: boolean } = {}): Member[] {
    const now = this.#options.world.now();
    const cried: Member[] = [];
    for (const m of members) {
      Object.assign(m, { silent: false, connectAt: m.device.connected ? null : now, beatAt: now, tries: 0 });
      if (m.behaviour.power === 'mains') m.device.state.seq = 0;
      if (options.rebootFalls === true && m.chance.chance(m.behaviour.rebootFall)) {
        cried.push(m);
        void this.press(m, { kind: 'fall', data: { uptimeS: 40 } }, false);
      }
    }
    return cried;
  }

  /** Every wire goes at once and every device comes back at once: a router, a carrier, a restart. */
  storm(members: readonly Member[]): void {
    for (const m of members) m.device.drop();
    for (const m of members) m.connectAt = this.#options.world.now();
  }

  /** Frames that wait for their PUBACK. */
  unacknowledged(): number { return this.members.reduce((n, m) => n + (m.device.connected ? m.device.unacknowledged : 0), 0); }

  /** Connects under way. */
  connecting(): number { return this.#connecting; }

  stop(): void {
    this.#stopTicking();
    for (const m of this.members) { m.silent = true; m.device.close(); }
  }

  #tick(now: number): void {
    for (let i = this.#later.length - 1; i >= 0; i--) if ((this.#later[i]?.at ?? 0) <= now) this.#later.splice(i, 1)[0]?.work();
    let sends = 0;
    const count = this.members.length;
    for (let n = 0; n < count; n++) {
      const m = this.members[(this.#from + n) % count] as Member;
      if (m.silent) continue;
      if (!m.device.connected) { if (m.connectAt !== null && m.connectAt <= now) this.#connect(m, now); continue; }
      if (m.cryAt !== null && m.cryAt <= now) this.#cry(m, now);
      if (m.pingAt <= now) { m.device.ping(); m.pingAt = now + pingMs; }
      if (m.beatAt > now) continue;
      if (sends === sendsPerTick) { this.#from = (this.#from + n) % count; return; }
      sends++;
      this.#beat(m, now);
    }
  }

  #beat(m: Member, now: number): void {
    const { ledger, speed } = this.#options;
    const period = m.behaviour.periodMs / speed;
    age(m.device.state, m.behaviour, now - m.agedAt, this.#random);
    m.agedAt = now;
    // The first beat gives the device its phase: everybody who came up together spreads over one period.
    m.beatAt = m.device.state.seq === 0 ? now + this.#random.below(Math.ceil(period) + 1) : Math.max(m.beatAt + period, now);
    ledger.beats.sent++;
    void m.device.heartbeat().then((ack) => {
      if (ack === null) return;
      ledger.beats.acknowledged++;
      ledger.beatAcks.add(ack.ms);
    });
  }

  #cry(m: Member, now: number): void {
    const { falseShare, speed } = this.#options;
    m.cryAt = falseShare === null ? null : nextCry(m.behaviour, now, speed, m.chance);
    const cry = cryOf(m.behaviour, falseShare ?? 0, m.chance);
    let first: Promise<Entry | null> = Promise.resolve(null);
    const say = ({ kind, edge, confidence, refers, data }: Step): void => {
      void first.then((cried) => this.press(m, { kind, edge, ...(confidence === undefined ? {} : { confidence }), ...(refers === true && cried?.eventId ? { ref: cried.eventId } : {}), data: { ...data, cause: cry.cause } }, cry.real));
    };
    for (const [i, step] of cry.steps.entries())
      if (i === 0) first = this.press(m, { kind: step.kind, edge: step.edge, ...(step.confidence === undefined ? {} : { confidence: step.confidence }) }, cry.real);
      else this.#later.push({ at: now + step.afterMs, work: () => say(step) });
  }

  #connect(m: Member, now: number): void {
    if (this.#connecting >= connectsAtOnce) return;
    this.#connecting++;
    m.connectAt = null;
    m.pingAt = now + pingMs;
    m.device.connect().then(() => { m.tries = 0; m.refused = null; }, (error: Error) => { m.refused = error.name === 'Refusal' ? error.message : null; this.#comeBack(m); })
      .finally(() => { this.#connecting--; });
  }

  /** By a growing, random pause, as docs/protocol.md asks of every device. */
  #comeBack(m: Member): void {
    if (m.silent || m.connectAt !== null) return;
    const pause = Math.min(backMs.most, backMs.first * 2 ** Math.min(m.tries++, 6));
    m.connectAt = this.#options.world.now() + pause * (0.5 + this.#random.share());
  }
}
