/**
 * The keeper of the flows (role `flows`): it starts the contained process, hands its calls on to the API of the flows with the token that it alone holds, watches
 * its beat, memory and rate from outside, and when it must end it, or finds it dead, names the last node, switches that tab off, waits, and starts it again.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readItems } from '#core/flow-change.ts';
import { requestAct } from '#core/flow-acts.ts';
import { flowsHeader, flowsSecretOf, noFlowSettings, type FlowSettings } from '#core/flows.ts';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { noteAct } from '#store/flow-trials.ts';
import { keepVersion, newestVersion } from '#store/flow-versions.ts';
import { type FlowIncident, noteIncident } from '#store/flows.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { readSetting } from '#store/settings.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { callApi } from './calls.ts';
import { lastNode, type Life, rssOf, startLife } from './child.ts';
import type { Answer, Call, FromHost, HostBeat } from './messages.ts';
import { askOutside } from './outside.ts';
import { nameIn, without } from './tabs.ts';

export type KeeperOptions = {
  root: string; /** The folder of the flows: flow file, credentials. */ folder: string; db: Db; seal: Seal; log: Logger; metrics: Metrics;
  /** Where the web role is reached from this machine. */ api: string; /** The flows' token. */ token: string;
};
export type KeeperState = { port: number | null; restarts: number; pausedMs: number | null; safe: boolean; rss: number | null };
export type Keeper = Service & { state(): KeeperState };

type Cut = Pick<FlowIncident, 'what' | 'detail'> & { /** the tab that floods or grows, when it is known better than by the last message */ tab?: string; node?: string };
const watchMs = 250;
const stopMs = 1_500;
/** Ends in a row whose tab nobody can name: then it is started without any flow. */
const namelessMax = 3;

export function startKeeper(options: KeeperOptions): Keeper {
  const keeper = new FlowKeeper(options);
  const loop = startLoop({
    name: 'flows', pollMs: watchMs, turn: async () => { await keeper.agree(); keeper.watch(performance.now()); return false; },
    onError: (error, inARow) => { if (inARow === 1) options.log.warn({ error: (error as Error).message }, 'the flows could not be watched'); },
  });
  return { name: 'flows', state: () => keeper.state(), ready: () => keeper.ready(), async stop() { await loop.stop(); await keeper.stop(); } };
}

class FlowKeeper {
  readonly #o: KeeperOptions;
  readonly #restarts;
  #life: Life | null = null;
  #port: number | null = null;
  #beat: HostBeat | null = null;
  #startedAt = 0;
  #heardAt = 0;
  #watchedAt = performance.now();
  #floodSince: number | null = null;
  #cut: Cut | null = null;
  #startAt = 0;
  #ends = 0;
  #nameless = 0;
  /** The tab that ran last when somebody outside ended the process: the second time in a row it is off. */
  #suspect: string | null = null;
  #restartCount = 0;
  #safe = false;
  #stopped = false;
  #agreed = false;
  #calls = 0;
  #lines = { second: 0, count: 0 };
  #requests = { minute: 0, count: 0 };

  constructor(options: KeeperOptions) {
    this.#o = options;
    this.#restarts = options.metrics.counter('flows_ended_total', 'Ends of the process that runs the flows, by what was found', ['what']);
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  state(): KeeperState {
    return { port: this.#port, restarts: this.#restartCount, pausedMs: this.#life ? null : Math.max(0, Math.round(this.#startAt - performance.now())), safe: this.#safe, rss: this.#beat?.rss ?? null };
  }

  /** Flows that are ended and wait are no reason to call the house unready: the alarm path does not know them. */
  ready(): string | null { return this.#restartCount === 0 && this.#port === null && this.#life !== null ? 'the flows are being started' : null; }

  async stop(): Promise<void> { this.#stopped = true; await this.#life?.stop(stopMs); }

  /** Once, before the first start: the flow file and its versions say the same. A file that is not there (another machine, after a restore) is written from the newest version. */
  async agree(): Promise<void> {
    if (this.#agreed || this.#stopped) return;
    const { folder, db, seal, log } = this.#o;
    const text = readText(join(folder, 'flows.json'));
    if (text === null) {
      const newest = await newestVersion(db, seal);
      if (newest && newest.items.length > 0) { writeWhole(join(folder, 'flows.json'), `${JSON.stringify(newest.items, null, 4)}\n`); log.warn({ version: newest.id }, 'there was no flow file: it is the newest version again, without its secrets'); }
    } else await this.#keep(text, 'found');
    this.#agreed = true;
  }

  async #keep(text: string, why: 'found' | 'switched-off'): Promise<void> {
    const items = readItems(text);
    if (items && (items.length > 0 || why !== 'found')) await keepVersion(this.#o.db, this.#o.seal, items, { by: 'house', why });
  }

  watch(now: number): void {
    const late = now - this.#watchedAt > 2_000; // a machine that stood still proves nothing about the flows
    this.#watchedAt = now;
    if (this.#stopped) return;
    if (!this.#life) { if (now >= this.#startAt) this.#start(now); return; }
    if (late) this.#heardAt = now;
    const quietMs = now - this.#heardAt;
    if (this.#cut) return;
    if (this.#port === null ? now - this.#startedAt > limits.flowsStartMs : quietMs > limits.flowsStuckMs) this.#end({ what: 'stuck', detail: `no beat for ${Math.round(quietMs)} ms` });
    else if (rssOf(this.#life.pid, this.#beat?.rss) > limits.flowsRssBytes) {
      const grower = this.#beat?.grower;
      this.#end({ what: 'memory', detail: `more than ${Math.round(limits.flowsRssBytes / 1_048_576)} MB`, ...(grower ? { tab: String(grower.tab), node: String(grower.node) } : {}) });
    }
  }

  #start(now: number): void {
    const { root, folder, seal, log } = this.#o;
    this.#startedAt = this.#heardAt = now;
    this.#port = null; this.#beat = null; this.#cut = null; this.#floodSince = null;
    const life = startLife({ root, userDir: folder, onMessage: (m) => this.#hear(m), onLine: (line) => this.#line(line), onEnd: (how) => { if (this.#life === life) void this.#ended(how); } });
    this.#life = life;
    life.send({
      type: 'begin', userDir: folder, nodesDir: join(root, 'flows', 'nodes'), editorHeader: flowsHeader, editorSecret: seal.secretHash(flowsSecretOf.editor).toString('base64url'),
      credentialSecret: seal.secretHash(flowsSecretOf.credentials).toString('base64url'), safe: this.#safe, language: 'zh-CN',
    });
    log.info({ childPid: life.pid, safe: this.#safe }, 'flows are started');
  }

  /** What it says is judged, never trusted: a flow may have got hold of the channel. */
  #hear(message: FromHost): void {
    if (message?.type === 'up' && Number.isInteger(message.port)) { this.#heardAt = performance.now(); this.#port = message.port; this.#o.log.info({ port: message.port }, 'flows run'); }
    else if (message?.type === 'beat' && typeof message.rss === 'number') this.#took(message);
    else if ((message?.type === 'api' || message?.type === 'http') && Number.isInteger(message.id)) void this.#answer(message);
  }

  #took(beat: HostBeat): void {
    const now = performance.now();
    const spanMs = Math.max(100, now - this.#heardAt);
    this.#heardAt = now;
    this.#beat = beat;
    const perSecond = typeof beat.busiest?.count === 'number' ? beat.busiest.count / (spanMs / 1000) : 0;
    if (perSecond <= limits.flowsFlood) { this.#floodSince = null; return; }
    this.#floodSince ??= now;
    if (now - this.#floodSince > limits.flowsFloodSeconds * 1000) this.#end({ what: 'flood', detail: `${Math.round(perSecond)} messages a second`, tab: String(beat.busiest?.tab), node: String(beat.busiest?.node) });
  }

  async #answer(call: Call): Promise<void> {
    const life = this.#life;
    const say = (a: Omit<Answer, 'type' | 'id'>): void => life?.send({ type: 'answer', id: call.id, ...a });
    if (this.#calls >= limits.flowsCalls || JSON.stringify(call).length > limits.flowsCallBytes) { say({ status: 0, body: 'too many calls at once, or one that is too long' }); return; }
    this.#calls++;
    try {
      if (call.type === 'http') this.#noteRequest(call);
      say(call.type === 'api' ? await callApi(this.#o, call.path, call.body) : await askOutside(await readSetting<FlowSettings>(this.#o.db, 'flows') ?? noFlowSettings, { method: String(call.method), url: String(call.url), headers: call.headers ?? {}, body: typeof call.body === 'string' ? call.body : null }));
    } catch (error) {
      say({ status: 0, body: (error as Error).message });
    } finally { this.#calls--; }
  }

  /** For trials to be compared with; a flow that asks without end fills no table. */
  #noteRequest(call: Extract<Call, { type: 'http' }>): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#requests.minute) this.#requests = { minute, count: 0 };
    if (++this.#requests.count > limits.flowsActsMinute) return;
    void noteAct(this.#o.db, this.#o.seal, String(call.flow).slice(0, 80), requestAct(String(call.method), String(call.url), typeof call.body === 'string' ? call.body : null)).catch((error: unknown) => this.#o.log.warn({ error: (error as Error).message }, 'a request of a flow could not be written down'));
  }

  #end(cut: Cut): void { this.#cut = cut; this.#life?.kill(); }

  async #ended(how: string): Promise<void> {
    this.#life = null; this.#port = null;
    if (this.#stopped) return;
    const now = performance.now();
    this.#ends = now - this.#startedAt > limits.flowsSteadyMs ? 1 : this.#ends + 1;
    this.#restartCount++;
    this.#startAt = now + Math.min(limits.flowsPauseMs * 2 ** (this.#ends - 1), limits.flowsPauseMsMax);
    // V8 ends a full heap by SIGABRT.
    const cut: Cut = this.#cut ?? (/SIGABRT|SIGTRAP|exit 134/.test(how) ? { what: 'memory', detail: `the heap of ${limits.flowsHeapMb} MB was full` } : { what: 'ended', detail: how });
    // No flow can signal a process: such an end came from outside (an operator, a machine short of memory), and the tab that ran then is the cause only when it happens again.
    const { incident, changed } = this.#switchOff(cut, this.#cut === null && /^SIG(KILL|TERM)$/.test(how));
    this.#restarts.inc({ what: incident.what });
    this.#o.log.warn({ ...incident, again: this.#ends }, changed === null ? 'flows were ended' : 'flows were ended; the tab is off');
    await noteIncident(this.#o.db, incident).then(() => (changed === null ? undefined : this.#keep(changed, 'switched-off'))).catch((error: unknown) => this.#o.log.warn({ error: (error as Error).message }, 'what happened to the flows could not be written down'));
  }

  /** The tab of the last node is off from now on; one that nobody can name, again and again, leaves only a start without flows. */
  #switchOff(cut: Cut, fromOutside: boolean): { incident: FlowIncident; /** the flow file as it is now */ changed: string | null } {
    const { folder, log } = this.#o;
    const last = lastNode(folder);
    const [tab, node] = [cut.tab ?? last?.tab ?? '', cut.node ?? last?.node ?? ''];
    const file = join(folder, 'flows.json');
    const incident: FlowIncident = { what: cut.what, tab: null, tabName: null, node: node === '' ? null : node.slice(0, 80), nodeName: last?.node === node ? last.name : null, detail: cut.detail };
    try {
      const text = readFileSync(file, 'utf8');
      const named = nameIn(text, tab, node);
      const changed = named && without(text, named.tabs);
      if (named) Object.assign(incident, { tab: named.tabs[0] ?? null, tabName: named.tabName, nodeName: named.nodeName ?? incident.nodeName });
      const first = fromOutside && (this.#ends === 1 || this.#suspect !== named?.tabs[0]);
      this.#suspect = fromOutside ? named?.tabs[0] ?? null : null;
      if (changed && first) { this.#nameless = 0; return { incident: { ...incident, detail: `${cut.detail} from outside: the tab stays on` }, changed: null }; }
      if (changed) { writeWhole(file, changed); this.#nameless = 0; this.#safe = false; return { incident, changed }; }
    } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.warn({ error: (error as Error).message }, 'the flow file cannot be read'); }
    this.#nameless++;
    if (this.#nameless < namelessMax) return { incident, changed: null };
    this.#safe = true;
    return { incident: { ...incident, what: 'unusable', detail: `${cut.what}: ${cut.detail}; started without flows` }, changed: null };
  }

  #line(line: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#lines.second) {
      if (this.#lines.count > limits.flowsLines) this.#o.log.warn({ dropped: this.#lines.count - limits.flowsLines }, 'flows wrote more than is kept');
      this.#lines = { second, count: 0 };
    }
    if (++this.#lines.count <= limits.flowsLines) this.#o.log.info({ line }, 'flows say');
  }
}

function readText(file: string): string | null { try { return readFileSync(file, 'utf8'); } catch (error) { if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null; throw error; } }
function writeWhole(file: string, text: string): void { writeFileSync(`${file}.new`, text, { mode: 0o600 }); renameSync(`${file}.new`, file); }
