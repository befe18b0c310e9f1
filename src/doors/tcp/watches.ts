/**
 * GPS watches on TCP: one listener for each door of kind `watch`, at the port that its settings say. Frames of one watch begin on their way
 * at once and are answered in their order, each when it is durable; commands go down through the connection that speaks for the watch.
 * The protocol proves nobody: a door whose list of networks is set counts as proven, on another a stranger is only listed.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { DecodeError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { KnownDevice, RefusedPush } from '#core/publish.ts';
import type { VendorDoor } from '#core/vendor-door.ts';
import type { DeviceCache } from '#doors/devices.ts';
import { createHalfOpen } from '#doors/half-open.ts';
import { allowed, plainAddress } from '#doors/networks.ts';
import type { CommandOutcome } from '#doors/mqtt/sessions.ts';
import type { Deliver } from '#doors/vendor-deliver.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { answerTo, commandOf, cutFrames, readWatch, watchCommand, type WatchFrame, writeFrame } from '#vendors/watch/frame.ts';
import type { Service } from '#work/loop.ts';

export type WatchOptions = { host: string; /** see MqttDoorOptions */ shared?: boolean; devices: Pick<DeviceCache, 'byDoor'>; deliver: Deliver; refusedPush: (refused: RefusedPush) => void; seen: (door: string) => void; /** A watch has told who it is. */ entered?: (deviceId: string) => void; log: Logger; meter: EdgeMeter; now: () => number };
export type Watches = Service & {
  /** Listens where these doors say, and nowhere else. */ open(doors: readonly VendorDoor[]): void;
  reachable(deviceId: string): boolean; sendCommand(deviceId: string, payload: Uint8Array): Promise<CommandOutcome>;
  /** Where a door listens. */ port(door: string): number | null;
  /** As of the MQTT sessions (doors/moves.ts). */ ageMs(deviceId: string): number | null; moved(deviceId: string): void;
  /** The device changed: the connection of one that is refused, deleted, or not bound here any more ends at once (M18). */ deviceChanged(deviceId: string, device: KnownDevice | null): void;
};
type Session = { door: string; /** what the door calls the watch that it speaks for; null: none yet */ key: string | null; socket: Socket; enteredMs: number; frame: Pick<WatchFrame, 'maker' | 'imei' | 'index'>; waiting: Map<string, () => void> };
type Listener = { server: Server; door: VendorDoor; sockets: Set<Socket> };

export function startWatches(options: WatchOptions): Watches {
  const { log, meter } = options;
  const listeners = new Map<string, Listener>();
  const sessions = new Map<string, Session>();
  const halfOpen = createHalfOpen(() => meter.rejected('half-open'));
  const close = ({ server, sockets }: Listener): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  const listen = (door: VendorDoor): void => {
    const listener: Listener = { door, sockets: new Set(), server: createServer({ noDelay: true, keepAlive: true }, (socket) => take(options, listener, sessions, halfOpen, socket)) };
    listeners.set(door.name, listener);
    listener.server.on('error', (error) => {
      log.error({ door: door.name, port: door.settings.port, error: error.message }, 'the port of a watch door cannot be opened; it is tried again at the next change');
      listeners.delete(door.name);
    });
    listener.server.listen({ port: door.settings.port ?? 0, host: options.host, backlog: 4_096, reusePort: options.shared === true });
  };
  return {
    name: 'watches', ready: () => null,
    open(doors) {
      const wanted = new Map(doors.filter((d) => d.kind === 'watch' && d.enabled && d.settings.port !== null).map((d) => [d.name, d]));
      for (const [name, listener] of listeners) {
        const door = wanted.get(name);
        if (door && door.settings.port === listener.door.settings.port) { listener.door = door; wanted.delete(name); continue; }
        listeners.delete(name);
        void close(listener);
      }
      for (const door of wanted.values()) listen(door);
    },
    reachable: (deviceId) => sessions.has(deviceId),
    async sendCommand(deviceId, payload) {
      const session = sessions.get(deviceId);
      if (!session) return 'not-connected';
      const words = watchCommand(JSON.parse(Buffer.from(payload).toString()) as Parameters<typeof watchCommand>[0]);
      return words === null ? 'not-subscribed' : await ask(session, words);
    },
    port(name) {
      const address = listeners.get(name)?.server.address();
      return typeof address === 'object' && address !== null ? address.port : null;
    },
    ageMs(deviceId) {
      const session = sessions.get(deviceId);
      return session ? performance.now() - session.enteredMs : null;
    },
    moved: (deviceId) => { sessions.get(deviceId)?.socket.destroy(); },
    deviceChanged(deviceId, device) {
      const session = sessions.get(deviceId);
      if (!session) return;
      const same = device !== null && device.status !== 'revoked' && device.vendor?.door === session.door && device.vendor.key === session.key;
      if (!same) session.socket.destroy();
    },
    async stop() {
      halfOpen.clear();
      await Promise.all([...listeners.values()].map(close));
    },
  };
}

/** Writes a command and waits for the watch to say its word. */
function ask({ socket, frame, waiting }: Session, words: string): Promise<CommandOutcome> {
  const word = words.split(',', 1)[0] ?? '';
  return new Promise((resolve) => {
    const end = (outcome: CommandOutcome): void => { clearTimeout(timer); waiting.delete(word); resolve(outcome); };
    const timer = setTimeout(() => end('no-answer'), limits.commandMs);
    waiting.set(word, () => end('acknowledged'));
    socket.write(writeFrame(frame, words));
  });
}

function take(options: WatchOptions, listener: Listener, sessions: Map<string, Session>, halfOpen: ReturnType<typeof createHalfOpen>, socket: Socket): void {
  const { meter, log } = options;
  const address = plainAddress(socket.remoteAddress);
  const { name } = listener.door;
  socket.on('error', () => {});
  if (!allowed(listener.door.settings.addresses, address)) {
    options.refusedPush({ door: name, why: 'the address is not on this door’s list', address });
    socket.destroy();
    return;
  }
  listener.sockets.add(socket);
  halfOpen.add(socket, address);
  const session: Session = { door: name, key: null, socket, enteredMs: 0, frame: { maker: '3G', imei: '', index: null }, waiting: new Map() };
  let known: string | null = null;
  let rest: Buffer = Buffer.alloc(0);
  let answered: Promise<void> = Promise.resolve();
  let under = 0;
  const handle = async (frame: WatchFrame): Promise<void> => {
    session.frame = frame;
    session.waiting.get(commandOf(frame))?.();
    const device = await options.devices.byDoor(name, frame.imei);
    if (device && device !== 'unavailable' && device.status !== 'revoked' && known === null) { known = device.id; session.key = frame.imei; session.enteredMs = performance.now(); sessions.set(known, session); halfOpen.remove(socket); options.entered?.(known); options.seen(name); }
    // Refused while its first frame was looked up: its connection ends here, and what it says now is a stranger's.
    else if (device && device !== 'unavailable' && device.status === 'revoked' && device.id === known) socket.destroy();
    // Nobody proves a stranger here, unless only the county's own network is let in.
    if (device === null && listener.door.settings.addresses.length === 0) await options.deliver(listener.door, [{ ...readWatch(frame, options.now()), decoded: [], states: [], unreadable: 'unproven' }], address);
    else await options.deliver(listener.door, [readWatch(frame, options.now())], address);
  };
  const begin = (frame: WatchFrame): void => {
    under++;
    const done = handle(frame).then(() => true, (error: unknown) => {
      if (!(error instanceof DecodeError)) log.warn({ door: name, error: (error as Error).message }, 'a watch is not answered');
      return error instanceof DecodeError;
    });
    answered = answered.then(async () => {
      const durable = await done;
      const answer = durable ? answerTo(frame) : null;
      if (answer && !socket.destroyed) socket.write(answer);
      if (!durable) socket.destroy(); // it comes again, and sends again
      if (--under < limits.inflightPerClient && socket.isPaused()) socket.resume();
    });
  };
  socket.setTimeout(limits.watchIdleMs, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    const cut = cutFrames(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
    rest = cut.rest;
    if (rest.length > limits.watchFrameBytes) { meter.rejected('too-large'); socket.destroy(); return; }
    for (const frame of cut.frames) begin(frame);
    if (under >= limits.inflightPerClient) socket.pause();
  });
  socket.on('close', () => {
    listener.sockets.delete(socket);
    halfOpen.remove(socket);
    if (known !== null && sessions.get(known) === session) sessions.delete(known);
  });
}
