/**
 * The contained process: Node-RED with an empty environment, files of its own folder alone, no way out but the channel to its keeper. Started by keeper.ts,
 * never by hand. It holds no token, no key of the house and no address of the database.
 */
import { mkdirSync, openSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { closeTheWays } from './guard.ts';
import type { Answer, Begin, Call, FromHost, ToHost } from './messages.ts';
import { type Listener, TrialDrive } from './trial-drive.ts';
import { installClock, type VirtualClock } from './virtual-clock.ts';

const beatMs = 500;
/** The real one: a trial has a clock of its own. */
const every = setInterval;
/** What could reach beside the API of the flows, or has nothing to do here. */
const excluded = ['90-exec.js', '10-file.js', '23-watch.js', '21-httprequest.js', '21-httpin.js', '31-tcpin.js', '32-udp.js', '22-websocket.js', '10-mqtt.js', '06-httpproxy.js', '05-tls.js'];

type Waiting = { resolve(answer: Answer): void };
const waiting = new Map<number, Waiting>();
let calls = 0;
let answered: (() => void) | null = null;
let clock: VirtualClock | null = null;
let drive: TrialDrive | null = null;
let messages = 0;
const tell = (message: FromHost): void => { process.send?.(message, undefined, undefined, (error) => { if (error) process.exit(0); }); };

/** Asks the keeper; resolves with its answer. Nothing else leaves this process. */
const ask = (call: { type: 'api'; path: string; body: unknown } | Omit<Extract<Call, { type: 'http' }>, 'id' | 'at'>): Promise<Answer> => new Promise((resolve) => {
  const id = ++calls;
  waiting.set(id, { resolve });
  tell({ ...call, id, ...(clock ? { at: clock.now() } : {}) } as Call);
});

process.on('message', (message: ToHost) => {
  if (message.type === 'begin') void begin(message);
  else { waiting.get(message.id)?.resolve(message); waiting.delete(message.id); answered?.(); answered = null; }
});
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', (error) => { console.error(`uncaught: ${error?.stack ?? String(error)}`); process.exit(70); });
process.on('unhandledRejection', (error) => { console.error(`unhandled: ${(error as Error)?.stack ?? String(error)}`); process.exit(70); });

type Delivered = { destination?: { node?: { id?: string; z?: string; name?: string; type?: string } } };
type RedApi = { init(server: unknown, settings: unknown): void; start(): Promise<void>; httpAdmin: unknown; events: { once(name: string, act: () => void): void }; hooks: { add(id: string, act: (event: Delivered) => void): void } };

async function begin(given: Begin): Promise<void> {
  mkdirSync(given.userDir, { recursive: true, mode: 0o700 });
  if (given.trial) prepareTrial(given.trial);
  const { default: red } = await import('node-red') as unknown as { default: RedApi };
  const { default: express } = await import('express');
  const app = express();
  const inner = createServer(app);
  const front = createServer((request, response) => { if (admitted(request, given)) inner.emit('request', request, response); else refuse(response); });
  front.on('upgrade', (request: IncomingMessage, socket, head) => { if (admitted(request, given)) inner.emit('upgrade', request, socket, head); else socket.destroy(); });
  red.init(inner, settingsOf(given));
  app.use('/flows', red.httpAdmin as never);
  await new Promise<void>((resolve) => { front.listen(0, '127.0.0.1', resolve); });
  closeTheWays(front);
  trace(red, join(given.userDir, lastNodeFile));
  const started = new Promise<void>((resolve) => { red.events.once('flows:started', resolve); });
  await red.start();
  tell({ type: 'up', port: (front.address() as AddressInfo).port });
  if (drive) void started.then(runTrial);
}

/** Before a start the span lies this far off: nodes that are to wait a moment at the start have waited. */
const leadMs = 60_000;
let pump: ReturnType<typeof every> | null = null;

function prepareTrial(span: NonNullable<Begin['trial']>): void {
  const own = installClock(span.from - leadMs);
  clock = own;
  drive = new TrialDrive({ clock: own, span, ask: (path, body) => ask({ type: 'api', path, body }), messages: () => messages, waiting: () => (waiting.size === 0 ? null : new Promise((resolve) => { answered = resolve; })) });
  pump = every(() => { if (own.now() < span.from - beatMs) own.jump(20); }, 20);
}

async function runTrial(): Promise<void> {
  if (!drive) return;
  if (pump) clearInterval(pump);
  let less = false;
  let detail = '';
  try { less = await drive.run(); } catch (error) { detail = (error as Error).message; }
  tell({ type: 'trial-done', ...drive.at(), less, detail });
}

const admitted = (request: IncomingMessage, given: Begin): boolean => request.headers[given.editorHeader] === given.editorSecret;
function refuse(response: ServerResponse): void { response.writeHead(403, { 'content-type': 'text/plain' }).end('only through the pages of the house'); }

function settingsOf({ userDir, nodesDir, credentialSecret, safe, language }: Begin): Record<string, unknown> {
  return {
    userDir, flowFile: 'flows.json', flowFilePretty: true, credentialSecret, safeMode: safe, nodesDir: [nodesDir], nodesExcludes: excluded, lang: language,
    httpAdminRoot: '/flows', httpNodeRoot: false, httpStatic: false, disableEditor: false,
    functionExternalModules: false, functionGlobalContext: {}, exportGlobalContextKeys: false, functionTimeout: 5, globalFunctionTimeout: 5,
    externalModules: { autoInstall: false, palette: { allowInstall: false, allowUpload: false, allowUpdate: false }, modules: { allowInstall: false } },
    editorTheme: { page: { title: '安铃 自定规则' }, header: { title: '安铃 自定规则' }, projects: { enabled: false }, tours: false, palette: { catalogues: [] }, userMenu: false, codeEditor: { lib: 'ace' } },
    telemetry: { enabled: false, updateNotification: false }, diagnostics: { enabled: false, ui: false }, runtimeState: { enabled: false, ui: false },
    logging: { console: { level: 'warn', metrics: false, audit: false } }, debugMaxLength: 1000, nodeMessageBufferMaxLength: 1000,
    anling: { ...(drive ? { listen: (listener: Listener) => drive?.listen(listener) } : {}), api: (path: string, body: unknown) => ask({ type: 'api', path, body }), http: (r: { flow: string; method: string; url: string; headers: Record<string, string>; body: string | null }) => ask({ type: 'http', ...r }) },
  };
}

/** Beside the flows: which node took a message last, written before it runs, so that whoever finds this process dead can name it. */
const lastNodeFile = '.last-node';
const recordBytes = 256;

function trace(red: RedApi, file: string): void {
  const fd = openSync(file, 'w', 0o600);
  const record = Buffer.alloc(recordBytes);
  const counts = new Map<string, { tab: string; node: string; count: number }>();
  const grown = new Map<string, { tab: string; node: string; bytes: number }>();
  let last = '';
  let lastTab = '';
  let outside = 0; // memory that no heap bounds: what it grew by since a node took its message is laid at that node's door
  red.hooks.add('onReceive.anling', ({ destination }) => {
    const node = destination?.node;
    if (!node?.id) return;
    messages++;
    const tab = String(node.z ?? '');
    const external = getHeapStatistics().external_memory;
    if (last !== '' && external > outside) { const g = grown.get(last) ?? { tab: lastTab, node: last, bytes: 0 }; g.bytes += external - outside; grown.set(last, g); }
    outside = external;
    const seen = counts.get(tab);
    if (seen) { seen.count++; seen.node = node.id; } else counts.set(tab, { tab, node: node.id, count: 1 });
    if (node.id === last) return;
    last = node.id;
    lastTab = tab;
    record.fill(32);
    record.write(`${tab}\t${node.id}\t${String(node.name || node.type || '').slice(0, 60)}\n`, 0, recordBytes, 'utf8');
    writeSync(fd, record, 0, recordBytes, 0);
  });
  every(() => {
    const [busiest = null] = [...counts.values()].sort((a, b) => b.count - a.count);
    counts.clear();
    const [grower = null] = [...grown.values()].sort((a, b) => b.bytes - a.bytes);
    tell({ type: 'beat', rss: process.memoryUsage.rss(), busiest, grower, ...(drive ? { trial: drive.at() } : {}) });
  }, beatMs);
}
