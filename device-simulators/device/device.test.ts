/** The simulated device against a real broker: what it sends, what it hears, what it sends again. */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decode } from '#vendors/anling/decode.ts';
import { encodeCommand } from '#vendors/anling/encode.ts';
import { SimDevice } from './device.ts';
import { Refusal } from './wire.ts';

const now = 1_790_000_000_000;
const secret = 's-1';
let broker: Aedes;
let server: Server;
let sockets: Socket[];
let frames: { topic: string; payload: Uint8Array }[];
/** Publishes that the broker refuses before it acknowledges again. */
let refuse: number;
let device: SimDevice;
let told: (() => void)[];

/** Resolves with the next frame that fits, also one that came already. */
const frame = async (end: string): Promise<Uint8Array> => {
  for (;;) {
    const at = frames.findIndex((f) => f.topic.endsWith(end));
    const [found] = at < 0 ? [] : frames.splice(at, 1);
    if (found) return found.payload;
    await new Promise<void>((resolve) => told.push(resolve));
  }
};
const address = (): { host: string; port: number; tls: boolean } => ({ host: '127.0.0.1', port: (server.address() as { port: number }).port, tls: false });
const make = (more: Partial<ConstructorParameters<typeof SimDevice>[0]> = {}): SimDevice => new SimDevice({ id: 'd1', secret, model: 'sos-button', address: address(), now: () => now, ...more });

beforeEach(async () => {
  [frames, told, sockets, refuse] = [[], [], [], 0];
  broker = await Aedes.createBroker();
  broker.authenticate = (_client, id, password, done) => { if (id === 'd1' && password?.toString() === secret) done(null, true); else done(Object.assign(new Error('no'), { returnCode: 4 }), null); };
  broker.authorizePublish = (_client, packet, done) => {
    if (refuse > 0) { refuse--; done(new Error('not durable')); return; }
    frames.push({ topic: packet.topic, payload: packet.payload as Buffer });
    for (const tell of told.splice(0)) tell();
    done(null);
  };
  server = createServer((socket) => { sockets.push(socket); broker.handle(socket); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  device = make();
});
afterEach(async () => {
  device.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => broker.close(() => server.close(resolve)));
});

describe('a simulated device', () => {
  it('logs in with its own secret and says what the protocol says', async () => {
    await device.connect();
    expect(device.connected).toBe(true);
    device.state.battery = 42.4;
    expect(await device.heartbeat()).toMatchObject({ at: now });
    expect(decode('heartbeat', await frame('/heartbeat'), now)).toMatchObject({ reading: { deviceTime: now, seq: 1, battery: 42, rssi: -70, mains: true }, extra: null });
    const ack = await device.event({ kind: 'sos', id: 'e1' });
    expect(ack).toMatchObject({ eventId: 'e1', at: now, sends: 1 });
    expect(decode('event', await frame('/event'), now)).toMatchObject({ event: { kind: 'sos', edge: 'raise', sourceEventId: 'e1', deviceTime: now } });
    await device.vitals({ heartRate: 72 });
    expect(decode('vitals', await frame('/vitals'), now)).toMatchObject({ reading: { heartRate: 72 } });
    // A second event of the same moment is another event.
    const [a, b] = [await device.event({ kind: 'sos' }), await device.event({ kind: 'sos' })];
    expect(a?.eventId).not.toBe(b?.eventId);
  });

  it('is told why it may not come in', async () => {
    const stranger = make({ secret: 'wrong' });
    await expect(stranger.connect()).rejects.toSatisfy((e) => e instanceof Refusal && e.code === 4 && e.message.includes('wrong id or secret'));
    expect(stranger.connected).toBe(false);
    const nowhere = make({ address: { host: '127.0.0.1', port: 1, tls: false } });
    await expect(nowhere.connect()).rejects.toThrow('ECONNREFUSED');
  });

  it('sends an alarm again until it is acknowledged, over a new connection; a heartbeat only once', async () => {
    let downs = 0;
    const gone = new Promise<void>((resolve) => { device = make({ down: () => { downs++; resolve(); } }); });
    await device.connect();
    refuse = 2;
    const beat = device.heartbeat();
    const press = device.event({ kind: 'sos', id: 'again' });
    await gone;
    expect(await beat).toBeNull();
    expect([device.connected, device.unacknowledged, downs]).toEqual([false, 1, 1]);
    refuse = 0;
    await device.connect();
    expect(await press).toMatchObject({ eventId: 'again', sends: 2 });
    expect(device.unacknowledged).toBe(0);
  });

  it('is missed by its will when the cable is pulled, and not when it says goodbye', async () => {
    await device.connect();
    device.drop();
    expect(new TextDecoder().decode(await frame('/status'))).toBe('{"online":false}');
    await device.connect();
    await device.heartbeat();
    const closed = new Promise<void>((resolve) => { sockets.at(-1)?.on('close', () => resolve()); });
    device.close();
    await closed;
    expect(frames.filter((f) => f.topic.endsWith('/status'))).toEqual([]);
  });

  it('hears commands, does and answers them, each once; keeps what the elder hears and sees', async () => {
    const heard: string[] = [];
    device = make({ heard: (command) => heard.push(command.name) });
    await device.connect();
    const tell = (command: object): void => broker.publish({ topic: 'care/v1/d1/command', payload: Buffer.from(encodeCommand(command as never)), qos: 1, retain: false, cmd: 'publish', dup: false }, () => {});
    const replies = async (): Promise<unknown> => JSON.parse(new TextDecoder().decode(await frame('/command/reply')));
    tell({ id: 'c1', name: 'voice', args: { text: '有人来看您了' } });
    expect(await replies()).toEqual({ id: 'c1', ok: true, data: { playing: true } });
    tell({ id: 'c1', name: 'voice', args: { text: '有人来看您了' } });
    expect(await replies()).toMatchObject({ id: 'c1', ok: true });
    tell({ id: 'c2', name: 'led', args: { color: 'green' } });
    await replies();
    tell({ id: 'c3', name: 'test-call' });
    expect(await replies()).toMatchObject({ id: 'c3', ok: true, data: { battery: 100 } });
    tell({ id: 'c4', name: 'config', args: { periodS: 30 } });
    await replies();
    tell({ id: 'c5', name: 'sing' });
    expect(await replies()).toMatchObject({ id: 'c5', ok: false });
    expect(device.state).toMatchObject({ voice: { text: '有人来看您了' }, led: { color: 'green' }, testCalls: 1, config: { periodS: 30 } });
    expect([heard, device.heard.map((h) => h.id)]).toEqual([['voice', 'led', 'test-call', 'config', 'sing'], ['c1', 'c2', 'c3', 'c4', 'c5']]);
    tell('not a command' as never);
    await device.heartbeat();
    expect(device.heard).toHaveLength(5);
  });
});
