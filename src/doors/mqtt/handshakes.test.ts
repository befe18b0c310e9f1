/** Handshakes in their turn, over real sockets: silent ones stand nowhere and go, each is counted as half-open until it is made. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHandshakes } from './handshakes.ts';

let line: (() => void)[];
let counted: Set<unknown>;
let begun: { bytes: string; address: string }[];
let rejected: string[];
let close: () => void;
let port: number;
beforeEach(async () => {
  [line, counted, begun, rejected] = [[], new Set(), [], []];
  const server = createServer(createHandshakes({
    halfOpen: { add: (s) => counted.add(s), remove: (s) => { counted.delete(s); } }, rejected: (reason) => rejected.push(reason), share: { later: (work) => line.push(work) }, connectMs: 150,
    begin: (socket, address) => { begun.push({ bytes: String(socket.read() as Buffer), address }); socket.end('made'); },
  }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  close = () => server.close();
});
afterEach(() => close());

const open = (say?: string): { socket: Socket; heard: Promise<string> } => {
  const socket = connect(port, '127.0.0.1');
  const heard = new Promise<string>((resolve) => { let all = ''; socket.on('data', (b) => { all += String(b); }); socket.on('close', () => resolve(all)); socket.on('error', () => {}); });
  if (say) socket.write(say);
  return { socket, heard };
};
const until = async (what: () => boolean): Promise<void> => { while (!what()) await new Promise((resolve) => setImmediate(resolve)); };

it('stands in line from its first bytes on, which are there when its turn comes, however long that takes; half-open until then', async () => {
  const { heard } = open('hello');
  await until(() => line.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([begun.length, counted.size, rejected]).toEqual([0, 1, []]);
  line[0]?.();
  expect(begun).toEqual([{ bytes: 'hello', address: '127.0.0.1' }]);
  expect(counted.size).toBe(0);
  expect(await heard).toBe('made');
});

it('one that says nothing stands nowhere and goes after the connect time', async () => {
  const quiet = open();
  await until(() => counted.size === 1);
  expect(await quiet.heard).toBe('');
  expect([rejected, line.length, begun]).toEqual([['connect-timeout'], 0, []]);
  await until(() => counted.size === 0);
});

it('one that was evicted before its turn is not begun', async () => {
  open('x').socket.on('error', () => {});
  await until(() => line.length === 1);
  for (const socket of counted) (socket as Socket).destroy();
  line[0]?.();
  expect(begun).toEqual([]);
  await until(() => counted.size === 0);
});
