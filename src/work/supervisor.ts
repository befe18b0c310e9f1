/**
 * Child processes kept alive: each beats over IPC, a dead one is started again with growing pauses, one that hangs is killed.
 * A child ends with its parent by the 'disconnect' of its channel. Knows nothing of what the children do.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { limits } from '#core/limits.ts';

export type ChildSpec = {
  name: string; file: string; args: readonly string[]; env: Readonly<Record<string, string | undefined>>;
  /** False: it does not beat; only its death is noticed. */ beats: boolean;
};
/** What a child tells each second: why it is not ready (empty: it is), and whatever else its parent needs to know of it. */
export type Beat = { type: 'beat'; reasons: readonly string[]; facts: Readonly<Record<string, string>> };
export type ChildStatus = {
  name: string; pid: number | null; restarts: number;
  /** The last beat of the living process; null: none yet. */ beat: Beat | null; lastWords: string | null;
};
export type SupervisorOptions = {
  children: readonly ChildSpec[];
  /** Lines of the children, whole. */ onLine(name: string, line: string): void;
  onEvent(event: { child: string; what: 'started' | 'ended' | 'hung' | 'ready'; pid: number | null; detail?: string }): void;
  /** Called when the set of living processes or what they tell has changed. */ onChange?(): void;
  /** Milliseconds; tests shorten them. */ hungMs?: number; pauseMs?: number;
};
export type Supervisor = {
  status(): ChildStatus[];
  /** One more, started at once; a name that is there already stays as it is. */ add(spec: ChildSpec): void;
  send(name: string, message: unknown): void;
  /** Stops these children (all when none are named) together; who is not gone after `boundMs` is killed. */ stop(boundMs: number, names?: readonly string[]): Promise<void>;
  killAll(): void;
};

const startMs = 60_000; // until its first beat, and silent before it was ready once: a cold disk, a database in recovery, a machine with too much to do
const pauseMsMax = 10_000;
const steadyMs = 30_000; // having lived so long, the next death begins with the short pause again

export function startSupervisor(options: SupervisorOptions): Supervisor {
  const kept = new Map(options.children.map((spec) => [spec.name, new Child(spec, options)]));
  let lastTick = performance.now();
  const tick = setInterval(() => {
    const now = performance.now();
    // Our own pause (a stopped or starved machine) proves nothing about the children.
    const late = now - lastTick > 3_000;
    lastTick = now;
    for (const child of kept.values()) if (late) child.forgive(); else child.judge(now);
  }, 500);
  for (const child of kept.values()) child.start();
  return {
    add(spec) {
      if (kept.has(spec.name)) return;
      const child = new Child(spec, options);
      kept.set(spec.name, child);
      child.start();
    },
    status: () => [...kept.values()].map((child) => child.status()),
    send: (name, message) => kept.get(name)?.send(message),
    async stop(boundMs, names) {
      for (const child of kept.values()) child.ending = true; // who ends by the same signal as we is not started again
      const ending = names ?? [...kept.keys()];
      await Promise.all(ending.map((name) => kept.get(name)?.stop(boundMs)));
      if ([...kept.values()].every((child) => child.stopped)) clearInterval(tick);
    },
    killAll() { clearInterval(tick); for (const child of kept.values()) child.kill(); },
  };
}

class Child {
  readonly #spec: ChildSpec;
  readonly #options: SupervisorOptions;
  #process: ChildProcess | null = null;
  #beat: Beat | null = null;
  #heardAt = 0;
  #startedAt = 0;
  #wasReady = false;
  #failures = 0;
  #restarts = 0;
  #again: NodeJS.Timeout | null = null;
  #lastWords: string | null = null;
  stopped = false;
  ending = false;

  constructor(spec: ChildSpec, options: SupervisorOptions) { this.#spec = spec; this.#options = options; }

  start(): void {
    const { name, file, args, env } = this.#spec;
    const child = fork(file, [...args], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'json' });
    this.#process = child;
    this.#beat = null;
    this.#wasReady = false;
    this.#heardAt = this.#startedAt = performance.now();
    this.#options.onEvent({ child: name, what: 'started', pid: child.pid ?? null });
    lines(child, (line) => { this.#lastWords = line; this.#options.onLine(name, line); });
    child.on('message', (message) => this.#hear(message));
    child.on('error', () => {}); // a send into a closing channel; its end is told by 'exit'
    child.once('exit', (code, signal) => this.#ended(child, code === null ? String(signal) : `exit ${code}`));
    this.#options.onChange?.();
  }

  status(): ChildStatus {
    return { name: this.#spec.name, pid: this.#process?.pid ?? null, restarts: this.#restarts, beat: this.#beat, lastWords: this.#process ? null : this.#lastWords };
  }

  send(message: unknown): void { if (this.#process?.connected) this.#process.send(message as object, () => {}); }

  forgive(): void { this.#heardAt = performance.now(); }

  judge(now: number): void {
    if (!this.#spec.beats || !this.#process || this.stopped) return;
    const starting = this.#beat === null || (!this.#wasReady && now - this.#startedAt <= startMs);
    const bound = starting ? startMs : (this.#options.hungMs ?? limits.hungMs);
    if (now - this.#heardAt <= bound) return;
    this.#options.onEvent({ child: this.#spec.name, what: 'hung', pid: this.#process.pid ?? null, detail: `no beat for ${Math.round(now - this.#heardAt)} ms` });
    this.#heardAt = now;
    this.#process.kill('SIGKILL');
  }

  async stop(boundMs: number): Promise<void> {
    this.stopped = true;
    if (this.#again) clearTimeout(this.#again);
    const child = this.#process;
    if (!child) return;
    const gone = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
    child.kill('SIGTERM');
    const bound = setTimeout(() => child.kill('SIGKILL'), boundMs);
    await gone;
    clearTimeout(bound);
  }

  kill(): void {
    this.stopped = true;
    if (this.#again) clearTimeout(this.#again);
    this.#process?.kill('SIGKILL');
  }

  #hear(message: unknown): void {
    this.#heardAt = performance.now();
    const beat = message as Beat;
    if (beat?.type !== 'beat') return;
    const before = this.#beat;
    this.#beat = beat;
    this.#wasReady ||= beat.reasons.length === 0;
    if (beat.reasons.length === 0 && before?.reasons.length !== 0) this.#options.onEvent({ child: this.#spec.name, what: 'ready', pid: this.#process?.pid ?? null });
    if (before === null || JSON.stringify(before.facts) !== JSON.stringify(beat.facts)) this.#options.onChange?.();
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#process !== child) return;
    this.#process = null;
    this.#beat = null;
    this.#options.onEvent({ child: this.#spec.name, what: 'ended', pid: child.pid ?? null, detail: how });
    this.#options.onChange?.();
    if (this.stopped || this.ending) return;
    this.#failures = performance.now() - this.#startedAt > steadyMs ? 0 : this.#failures + 1;
    this.#restarts++;
    // The first restart is at once: a role that was killed should be back before a device resends.
    const pause = this.#failures <= 1 ? 0 : Math.min((this.#options.pauseMs ?? 200) * 2 ** (this.#failures - 2), pauseMsMax);
    this.#again = setTimeout(() => { this.#again = null; this.start(); }, pause);
  }
}

function lines(child: ChildProcess, take: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = (parts.pop() ?? '').slice(-64 * 1024);
      for (const part of parts) if (part !== '') take(part);
    });
    stream?.on('end', () => { if (rest !== '') take(rest); });
  }
}
