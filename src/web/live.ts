/**
 * `GET /api/v1/live`: the handshake, hello, and catching up. A socket says what it has seen; it gets what follows, row by
 * row from the feed, or a snapshot when that is not known any more; then it is live. Frames: core/live.ts.
 */
import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { WebSocket, WebSocketServer } from 'ws';
import { limits } from '#core/limits.ts';
import type { ClientFrame, ServerFrame } from '#core/live.ts';
import type { Caller } from '#core/user.ts';
import { findAlertView, readFeedHead, readSnapshot } from '#store/alert-views.ts';
import { beatConsole } from '#store/county-status.ts';
import { alertReaders, deskRoles, requireProof, seesRegion } from './access.ts';
import type { WebContext } from './context.ts';
import { refusalOf, refuse, type Upgrade } from './door-proxy.ts';
import { ApiError } from './errors.ts';
import { type Feed, pieces } from './feed.ts';
import { type Hub, type HubClient, presenceText } from './hub.ts';
import type { Looking } from './looking.ts';
import { type Authenticate, authenticator, cookieRule, isOwnOrigin } from './session.ts';

const Frame = Compile(Type.Union([
  Type.Object({ type: Type.Literal('hello'), epoch: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]), lastSeq: Type.Integer({ minimum: 0 }), tabId: Type.String({ minLength: 1, maxLength: 64 }) }),
  Type.Object({
    type: Type.Literal('beat'), tabId: Type.String({ minLength: 1, maxLength: 64 }), visible: Type.Boolean(), lastSeq: Type.Integer({ minimum: 0 }),
    audio: Type.Union([Type.Literal('running'), Type.Literal('suspended'), Type.Literal('muted')]), inputAgoMs: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.sessionIdleMs })), looking: Type.Optional(Type.String({ pattern: '^[0-9]{1,19}$' })),
  }),
]));
/** One console row per tab in this time, whatever the tab sends. */
const consoleMs = 2_800;
/** Frames of one catch-up chunk; the next waits until these have left. */
const flushMs = 30_000;

type Deps = { ctx: WebContext; hub: Hub; feed: Feed; looking: Looking };

/** Handles upgrades of the live path: origin and caller first, a socket only then (W6, W7). */
export function liveUpgrade(deps: Deps): Upgrade {
  const { ctx, hub } = deps;
  const server = new WebSocketServer({ noServer: true, maxPayload: limits.liveFrameBytes, perMessageDeflate: false, clientTracking: false });
  const authenticate = authenticator({ db: ctx.db, seal: ctx.seal, rule: cookieRule(ctx.settings.publicUrl) });
  return (request, socket, head) => {
    void admit(ctx, hub, authenticate, request).then((caller) => {
      if (socket.destroyed) return;
      // Handlers are attached in this same turn: a frame sent with the handshake must find them.
      server.handleUpgrade(request, socket, head, (ws) => new LiveSocket(deps, ws, caller, publicView(request)));
    }, (error: unknown) => {
      if (refusalOf(error) >= 500) ctx.log.warn({ err: error }, 'a live socket could not be admitted');
      refuse(socket, refusalOf(error));
    });
  };
}

async function admit(ctx: WebContext, hub: Hub, authenticate: Authenticate, request: IncomingMessage): Promise<Caller> {
  const origin = request.headers.origin;
  const byToken = request.headers.authorization !== undefined;
  // A browser always names its origin; only a machine with a token may leave it out.
  if (origin === undefined ? !byToken : !isOwnOrigin(origin, request.headers.host, ctx.settings.publicUrl)) throw new ApiError('E_FORBIDDEN', 'The live channel is for our own pages.');
  if (hub.clients.size >= limits.liveSockets) throw new ApiError('E_OVERLOADED', 'Too many live sockets.');
  const caller = await authenticate(request.headers);
  if (!caller) throw new ApiError('E_UNAUTHENTICATED', 'Log in.');
  if (!alertReaders.includes(caller.role)) throw new ApiError('E_FORBIDDEN', 'Your role sees no alerts.');
  requireProof(caller, '/api/v1/live');
  return caller;
}

/** A page that visitors see asks for the view without people, whoever is logged in there; it is no console either. */
const publicView = (request: IncomingMessage): boolean => URL.parse(request.url ?? '', 'http://x')?.searchParams.get('view') === 'public';

/** One connection. States: waiting for hello, catching up, live; a second hello begins the catch-up anew. */
class LiveSocket implements HubClient {
  readonly #deps: Deps;
  readonly #ws: WebSocket;
  readonly #caller: Caller;
  readonly #publicView: boolean;
  #hello: NodeJS.Timeout | null;
  #frames = { count: 0, since: performance.now() };
  #consoleAt = Number.NEGATIVE_INFINITY;
  #unanswered = 0;
  #looksAt: string | null = null;
  #run = 0;
  tabId: string | null = null;
  sent = 0;
  live = false;

  constructor(deps: Deps, ws: WebSocket, caller: Caller, asPublic: boolean) {
    this.#deps = deps;
    this.#ws = ws;
    this.#caller = caller;
    this.#publicView = asPublic;
    this.#hello = setTimeout(() => deps.hub.end(this, 1008, 'no hello', 'hello'), limits.helloMs);
    ws.on('message', (data, binary) => this.#take(data.toString(), binary));
    ws.on('pong', () => { this.#unanswered = 0; });
    ws.on('error', () => ws.terminate());
    ws.on('close', () => { this.live = false; this.#run++; this.#clearHello(); deps.hub.remove(this); this.#looksAt = null; deps.looking.set(this, null); });
    deps.hub.add(this);
  }

  get scopeCode(): string { return this.#caller.scopeCode; }
  get desk(): boolean { return !this.#publicView && deskRoles.has(this.#caller.role); }
  get credential(): Buffer { return this.#caller.credential; }
  send(text: string): void { if (this.#ws.readyState === WebSocket.OPEN) this.#ws.send(text); }
  buffered(): number { return this.#ws.bufferedAmount; }
  ask(): number { if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping(); return ++this.#unanswered; }
  close(code: number, reason: string): void {
    this.live = false;
    this.#run++;
    this.#ws.close(code, reason);
    // A peer that does not answer the close is cut; its socket would hold the buffer for ever.
    setTimeout(() => this.#ws.terminate(), 2_000).unref();
  }

  #clearHello(): void { if (this.#hello) clearTimeout(this.#hello); this.#hello = null; }

  #take(text: string, binary: boolean): void {
    const now = performance.now();
    if (now - this.#frames.since > 10_000) this.#frames = { count: 0, since: now };
    if (++this.#frames.count > limits.liveFramesPer10s) { this.#deps.hub.end(this, 1008, 'too many frames', 'flood'); return; }
    let frame: unknown;
    try { frame = binary ? null : JSON.parse(text); } catch { frame = null; }
    if (!Frame.Check(frame)) { this.#deps.hub.end(this, 1008, 'not a frame of this channel', 'frame'); return; }
    if (frame.type === 'hello') {
      this.#clearHello();
      this.tabId = frame.tabId;
      void this.#catchUp(frame, ++this.#run);
    } else this.#beat(frame, now);
  }

  #beat(frame: Extract<ClientFrame, { type: 'beat' }>, now: number): void {
    const { ctx } = this.#deps;
    if (this.#caller.kind === 'user' && this.desk) this.#look(frame.visible ? frame.looking ?? null : null);
    // The row is what the worker judges by; machines and readers hold no console.
    if (this.#caller.kind !== 'user' || !this.desk || (now - this.#consoleAt < consoleMs && frame.inputAgoMs === undefined)) return;
    this.#consoleAt = now;
    beatConsole(ctx.db, { tabId: frame.tabId, userId: this.#caller.id, visible: frame.visible, audio: frame.audio, lastSeq: frame.lastSeq, inputAgoMs: frame.inputAgoMs ?? null })
      .catch((error: unknown) => ctx.log.warn({ err: error }, 'a console beat was not noted'));
  }

  /** Which case is open here: looked up once when it changes; only what this user may see counts. */
  #look(id: string | null): void {
    const { ctx, looking } = this.#deps;
    if (id === this.#looksAt) { looking.still(this); return; }
    this.#looksAt = id;
    if (id === null) { looking.set(this, null); return; }
    findAlertView(ctx.db, id).then((row) => {
      if (this.#looksAt === id) looking.set(this, row && seesRegion(this.scopeCode, row.regionCode) ? { id, regionCode: row.regionCode, name: this.#caller.name } : null);
    }, (error: unknown) => ctx.log.warn({ err: error }, 'who looks at which case was not noted'));
  }

  /** Sends what the socket has missed, in order, then joins the broadcast at exactly the number it has reached. */
  async #catchUp(hello: Extract<ClientFrame, { type: 'hello' }>, run: number): Promise<void> {
    const { ctx, hub, feed } = this.#deps;
    this.live = false;
    try {
      const head = await readFeedHead(ctx.db);
      const missed = head.seq - hello.lastSeq;
      const known = hello.epoch === head.epoch && hello.lastSeq > 0 && missed >= 0 && missed <= limits.replayRows && (missed === 0 || (head.oldest !== null && head.oldest <= hello.lastSeq + 1));
      if (known) this.sent = hello.lastSeq; else await this.#snapshot(run);
      // Rows out of scope send nothing and leave `sent` behind, so the cursor is a number of its own. The loop's last test
      // and `live = true` run in one turn: no broadcast can fall between them.
      for (let cursor = this.sent; cursor < hub.head;) {
        const items = await feed.after(cursor);
        if (run !== this.#run) return;
        if (items.length === 0) throw new Error(`feed rows after ${cursor} are gone`);
        for (const piece of pieces(items)) {
          for (const item of piece) { hub.deliver(this, item); cursor = item.seq; }
          await this.#flushed();
          if (run !== this.#run) return;
        }
      }
      this.live = true;
      const presence = known ? presenceText(hub.presence, this.scopeCode) : '';
      if (presence !== '') this.send(presence);
      hub.sendCalls(undefined, this);
      hub.sendStandby(undefined, this);
      this.#deps.looking.forget(this);
      await feed.beatTo(this);
    } catch (error) {
      ctx.log.warn({ err: error }, 'a live socket could not catch up');
      if (run === this.#run) hub.end(this, 1013, 'try again', 'catch-up');
    }
  }

  async #snapshot(run: number): Promise<void> {
    const { ctx, hub, feed } = this.#deps;
    const shot = await readSnapshot(ctx.db);
    const which = this.desk ? 'desk' : 'public';
    const alerts = shot.rows.filter((r) => seesRegion(this.scopeCode, r.regionCode)).map((r) => feed.views(r)[which]);
    const presence = hub.presence.filter((p) => seesRegion(this.scopeCode, p.code));
    if (run !== this.#run) return;
    this.sent = Number(shot.seq);
    this.send(JSON.stringify({ type: 'snapshot', epoch: shot.epoch, seq: this.sent, serverTime: shot.now, alerts, presence } satisfies ServerFrame));
    await this.#flushed();
  }

  /** Resolves when everything sent so far has left for the kernel; a peer that takes it too slowly is not waited for. */
  #flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the peer does not read')), flushMs);
      this.#ws.ping(undefined, undefined, () => { clearTimeout(timer); resolve(); });
    });
  }
}
