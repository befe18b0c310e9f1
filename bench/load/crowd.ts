/**
 * A crowd of devices that only stay connected, in a thread of its own: told to come, all at once, it comes, and comes again (after a second or two, as
 * devices do) until each is in. Told to storm, all sockets are cut off and all come again. A socket that is in costs a few hundred bytes here.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { generate, type Packet } from 'mqtt-packet';

export type CrowdOptions = { port: number; tls: boolean; devices: readonly { id: string; secret: string }[] };
/** Milliseconds until all were in; tries that were refused (CONNACK) or cut off before they were in; connections lost afterwards. */
export type Came = { ms: number; refused: number; cut: number; lost: number };
export type Crowd = { come(): Promise<Came>; storm(): Promise<Came>; leave(): Promise<void> };

/** A crowd that is not connected yet. */
export function startCrowd(options: CrowdOptions): Crowd {
  const worker = new Worker(new URL('./crowd.ts', import.meta.url), { workerData: options });
  const gone = new Promise<never>((_, reject) => { worker.once('error', reject); worker.once('exit', () => reject(new Error('the crowd ended'))); });
  gone.catch(() => {});
  const ask = (what: string): Promise<Came> => { worker.postMessage(what); return Promise.race([gone, new Promise<Came>((resolve) => worker.once('message', resolve))]); };
  return { come: () => ask('come'), storm: () => ask('storm'), async leave() { worker.postMessage('leave'); await gone.catch(() => {}); } };
}

if (parentPort) serve(workerData as CrowdOptions, parentPort);

function serve({ port, tls, devices }: CrowdOptions, parent: NonNullable<typeof parentPort>): void {
  const hello = devices.map(({ id, secret }) => generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 3_600, clientId: id, username: id, password: Buffer.from(secret) } as Packet));
  const sockets: (Socket | null)[] = devices.map(() => null);
  let [inside, refused, cut, lost, began] = [0, 0, 0, 0, 0];
  let coming = false;
  let leaving = false;
  const enter = (at: number): void => {
    // Without an address of its own: a port that is bound stays taken for a minute after its end, and two storms use them all up.
    const to = { port, host: '127.0.0.1', noDelay: true };
    const socket = tls ? connectTls({ ...to, rejectUnauthorized: false, checkServerIdentity: () => undefined }) : connect(to);
    let state: 'coming' | 'in' | 'out' = 'coming';
    sockets[at] = socket;
    socket.on('error', () => {});
    socket.once('data', (bytes: Buffer) => {
      if (bytes[0] !== 0x20 || bytes[3] !== 0) { refused++; cut--; socket.destroy(); return; }
      state = 'in';
      if (++inside === devices.length && coming) { coming = false; parent.postMessage({ ms: performance.now() - began, refused, cut, lost } satisfies Came); }
    });
    socket.once('close', () => {
      if (sockets[at] !== socket || leaving) return;
      if (state === 'in') { inside--; lost++; } else cut++;
      state = 'out';
      setTimeout(enter, 1_000 + Math.random() * 1_000, at);
    });
    socket.write(hello[at] as Buffer);
  };
  const come = (): void => {
    [inside, refused, cut, lost, began, coming] = [0, 0, 0, 0, performance.now(), true];
    for (const [at, old] of sockets.entries()) { sockets[at] = null; old?.destroy(); }
    for (const at of devices.keys()) enter(at);
  };
  parent.on('message', (what: 'come' | 'storm' | 'leave') => {
    if (what !== 'leave') { come(); return; }
    leaving = true;
    for (const socket of sockets) socket?.destroy();
    setTimeout(() => process.exit(0), 200);
  });
}
