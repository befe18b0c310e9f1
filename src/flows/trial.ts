/**
 * Trials of flows: a second contained process, as contained as the one that runs them, with one tab, a clock of its own and the last 24 hours instead of what comes. What it would
 * do is written down here and goes nowhere: it holds no way to do it, and the token that this keeper adds to its look-ups only reads.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { actOf, compareActs, createWindows, type FlowAct, type FlowActAt, refusedAct, requestAct, type Trial } from '#core/flow-acts.ts';
import { flowsHeader } from '#core/flows.ts';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import { actsOf, claimTrial, dropTrials, endTrial, pruneActs, type TrialToRun } from '#store/flow-trials.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { callApi } from './calls.ts';
import { lastNode, type Life, rssOf, startLife } from './child.ts';
import type { Call, FromHost, TrialAt, TrialDone } from './messages.ts';
import { nameIn } from './tabs.ts';

export type TrialsOptions = { root: string; /** beside the flows' own */ folder: string; db: Db; seal: Seal; log: Logger; api: string; /** reads only */ token: string };
const watchMs = 250;
const stopMs = 1_500;
const pruneMs = 600_000;

/** Runs what is asked for, one at a time. */
export function startTrials(options: TrialsOptions): Service {
  let first = true;
  let prunedAt: number | null = null;
  let running: { run: TrialRun; ended: Promise<void> } | null = null;
  const warn = (error: unknown): void => options.log.warn({ error: (error as Error).message }, 'trials of flows could not be run');
  const one = async (run: TrialRun, id: string): Promise<void> => {
    const found = await run.run();
    await endTrial(options.db, options.seal, id, found);
    options.log.info({ trial: id, end: found.end, items: found.items, messages: found.messages, tried: found.tried, ms: found.ms }, 'a trial of a flow has ended');
  };
  const loop = startLoop({
    name: 'flow-trials',
    // A turn only begins one: it lasts longer than a turn may.
    async turn() {
      if (first) { await dropTrials(options.db, options.seal); first = false; }
      if (prunedAt === null || performance.now() - prunedAt > pruneMs) { await pruneActs(options.db); prunedAt = performance.now(); }
      if (running !== null) return false;
      const asked = await claimTrial(options.db, options.seal);
      if (asked === null) return false;
      const run = new TrialRun(options, asked);
      running = { run, ended: one(run, asked.id).catch(warn).finally(() => { running = null; }) };
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1) warn(error); },
  });
  return { name: 'flow-trials', ready: () => null, async stop() { await loop.stop(); running?.run.cut({ end: 'ended', detail: 'the house was stopped' }); await running?.ended; } };
}

type Cut = Pick<Trial, 'end' | 'detail'>;

class TrialRun {
  readonly #o: TrialsOptions;
  readonly #asked: TrialToRun;
  readonly #span: { from: number; to: number; rows: number };
  readonly #take = createWindows();
  readonly #acts: FlowActAt[] = [];
  readonly #refused: Trial['refused'] = [];
  readonly #lines: string[] = [];
  readonly #begun = performance.now();
  #life: Life | null = null;
  #heardAt = performance.now();
  #at: TrialAt;
  #rss: number | undefined;
  #watchedAt = performance.now();
  #up = false;
  #moved = 0;
  #calls = 0;
  #done: TrialDone | null = null;
  #cut: Cut | null = null;

  constructor(options: TrialsOptions, asked: TrialToRun) {
    this.#o = options;
    this.#asked = asked;
    this.#span = { from: asked.now - limits.flowsTrialMs, to: asked.now, rows: limits.flowsTrialRows };
    this.#at = { at: this.#span.from, items: 0, messages: 0 };
  }

  cut(cut: Cut): void { this.#cut ??= cut; this.#life?.kill(); }

  async run(): Promise<Trial> {
    const { root, folder } = this.#o;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'flows.json'), JSON.stringify(this.#asked.items), { mode: 0o600 });
    let watch: ReturnType<typeof setInterval> | undefined;
    try {
      const how = await new Promise<string>((resolve) => {
        const life = startLife({ root, userDir: folder, onMessage: (m) => this.#hear(m), onLine: (line) => { if (this.#lines.length < limits.flowsTrialShown) this.#lines.push(line.slice(0, 300)); }, onEnd: resolve });
        this.#life = life;
        // A secret of its own: nobody is let in to an editor of a trial.
        life.send({ type: 'begin', userDir: folder, nodesDir: join(root, 'flows', 'nodes'), editorHeader: flowsHeader, editorSecret: randomBytes(32).toString('base64url'), credentialSecret: randomBytes(32).toString('base64url'), safe: false, language: 'zh-CN', trial: this.#span });
        watch = setInterval(() => this.#watch(), watchMs);
      });
      return await this.#found(how);
    } finally {
      clearInterval(watch);
      await this.#life?.stop(stopMs);
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #watch(): void {
    const now = performance.now();
    if (now - this.#watchedAt > 2_000) this.#heardAt = now; // a machine that stood still proves nothing
    this.#watchedAt = now;
    const quietMs = now - this.#heardAt; // a flow may be stuck before the start is through: who has beaten once is waited for less long
    if (now - this.#begun > limits.flowsTrialRunMs) this.cut({ end: 'time', detail: `more than ${limits.flowsTrialRunMs / 1000} s` });
    else if (quietMs > (this.#up ? limits.flowsStuckMs : this.#rss === undefined ? limits.flowsStartMs : limits.flowsStuckMs * 3)) this.cut({ end: 'stuck', detail: `no beat for ${Math.round(quietMs)} ms` });
    else if (rssOf(this.#life?.pid, this.#rss) > limits.flowsRssBytes) this.cut({ end: 'memory', detail: `more than ${Math.round(limits.flowsRssBytes / 1_048_576)} MB` });
    else if (this.#at.messages > limits.flowsTrialMessages) this.cut({ end: 'messages', detail: `more than ${limits.flowsTrialMessages} messages` });
    else if (this.#at.messages - this.#moved > limits.flowsTrialBurst) this.cut({ end: 'messages', detail: `more than ${limits.flowsTrialBurst} messages at one moment` });
    else if (this.#acts.length + this.#refused.length >= limits.flowsTrialActs) this.cut({ end: 'messages', detail: `more than ${limits.flowsTrialActs} things to do` });
  }

  /** What it says is judged, never trusted, as with the flows themselves. */
  #hear(message: FromHost): void {
    this.#heardAt = performance.now();
    if (message?.type === 'up') this.#up = true;
    else if (message?.type === 'beat') { this.#rss = message.rss; if (message.trial) this.#reached(message.trial); }
    else if (message?.type === 'trial-done') { this.#reached(message); this.#done ??= message; this.#life?.kill(); }
    else if ((message?.type === 'api' || message?.type === 'http') && Number.isInteger(message.id)) void this.#answer(message);
  }
  #reached(at: TrialAt): void {
    const next = { at: Math.max(this.#at.at, this.#timeOf(at.at)), items: Number(at.items) || 0, messages: Number(at.messages) || 0 };
    if (next.at !== this.#at.at || next.items !== this.#at.items) this.#moved = next.messages;
    this.#at = next;
  }
  #timeOf = (at: unknown): number => Math.min(Math.max(Number(at) || this.#span.from, this.#span.from), this.#span.to);

  async #answer(call: Call): Promise<void> {
    let said: { status: number; body: string };
    const full = this.#calls >= limits.flowsCalls || this.#acts.length + this.#refused.length >= limits.flowsTrialActs;
    this.#calls++;
    if (full || JSON.stringify(call).length > limits.flowsCallBytes) said = { status: 0, body: 'too many calls at once, or one that is too long' };
    else try { said = call.type === 'http' ? this.#request(call) : await this.#api(call); } catch (error) { said = { status: 0, body: (error as Error).message }; }
    this.#calls--;
    this.#life?.send({ type: 'answer', id: call.id, headers: {}, ...said });
  }

  /** Written down, answered as it was asked for, made by nobody. */
  #request(call: Extract<Call, { type: 'http' }>): { status: number; body: string } {
    this.#acts.push({ ...requestAct(String(call.method), String(call.url), typeof call.body === 'string' ? call.body : null), at: this.#timeOf(call.at) });
    return { status: 200, body: this.#asked.answer };
  }

  async #api(call: Extract<Call, { type: 'api' }>): Promise<{ status: number; body: string }> {
    const body = (typeof call.body === 'object' && call.body !== null ? call.body : {}) as Record<string, unknown>;
    const act = actOf(String(call.path), body);
    if (act === null) return callApi(this.#o, call.path, call.body);
    const at = this.#timeOf(call.at);
    const why = refusedAct(act, body) ?? await this.#absent(act, body);
    if (why !== null) { this.#refused.push({ ...act, at, why }); return { status: 422, body: JSON.stringify({ error: { code: 'E_INVALID', message: why } }) }; }
    const leftMs = this.#take(act.what, at);
    if (leftMs !== null) { this.#refused.push({ ...act, at, why: '429' }); return { status: 429, body: JSON.stringify({ error: { code: 'E_RATE_LIMITED', message: 'Flows may do no more of these now.', retryAfterS: Math.ceil(leftMs / 1000) } }) }; }
    this.#acts.push({ ...act, at });
    return { status: act.what === 'notify' ? 200 : 201, body: JSON.stringify(act.what === 'notify' ? { told: 0 } : act.what === 'command' ? { id: '0' } : { ok: true }) };
  }

  /** Whom a flow would raise on must be there. */
  async #absent(act: FlowAct, body: Record<string, unknown>): Promise<string | null> {
    if (act.what !== 'raise') return null;
    const { personId, homeId, deviceId } = body;
    const answer = await callApi(this.#o, '/api/v1/flows/lookup', { personId, homeId, deviceId });
    const seen = JSON.parse(answer.body) as { device?: unknown; home?: unknown; people?: unknown[] };
    return answer.status === 200 && (seen.device || seen.home || (seen.people ?? []).length > 0) ? null : `${act.target}: there is no such thing`;
  }

  async #found(how: string): Promise<Trial> {
    const { folder, db, seal } = this.#o;
    const last = lastNode(folder);
    const named = last ? nameIn(JSON.stringify(this.#asked.items), last.tab, last.node)?.nodeName ?? last.name : null;
    const cut: Cut = this.#done ? { end: this.#done.detail === '' ? 'whole' : 'ended', detail: String(this.#done.detail).slice(0, 300) } : this.#cut ?? { end: /SIGABRT|SIGTRAP|exit 134/.test(how) ? 'memory' : 'ended', detail: how };
    const upTo = cut.end === 'whole' && !this.#done?.less ? this.#span.to : this.#at.at;
    const done = await actsOf(db, seal, this.#asked.names, { from: this.#span.from, to: upTo });
    const difference = compareActs(this.#acts, done);
    const [added, gone, changed, refused] = [difference.added, difference.gone, difference.changed, this.#refused].map((list) => list.slice(0, limits.flowsTrialShown)) as [FlowActAt[], FlowActAt[], typeof difference.changed, Trial['refused']];
    return {
      ...cut, detail: this.#done || named === null ? cut.detail : `${cut.detail} (${named})`, upTo, items: this.#at.items, less: this.#done?.less === true, messages: this.#at.messages, ms: Math.round(performance.now() - this.#begun), lines: this.#lines, tried: this.#acts.length, refused,
      difference: { added, gone, changed, same: difference.same }, cut: added.length + gone.length + changed.length + refused.length < difference.added.length + difference.gone.length + difference.changed.length + this.#refused.length,
    };
  }
}
