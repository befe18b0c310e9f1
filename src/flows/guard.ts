/**
 * Closes the ways that Node's permissions leave open (24 has none for the network): no connection outwards, no further listener, no datagram, no name looked
 * up, no signal to another process. It is done at the handles themselves, so that whatever reaches Node's own modules out of a flow's sandbox stands before it too.
 */
import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import process from 'node:process';
import v8 from 'node:v8';

const refused = -13; // EACCES, as libuv says it
type Bag = Record<string | symbol, unknown>;

function seal(target: object, name: string, value: unknown): void {
  if (name in target) Object.defineProperty(target, name, { value, writable: false, configurable: false, enumerable: true });
}
const prototypeOf = (handle: unknown): object => Object.getPrototypeOf(handle as object) as object;
const no = (): number => refused;
function denied(what: string): () => never {
  return () => { throw Object.assign(new Error(`flows may not ${what}`), { code: 'ERR_ACCESS_DENIED' }); };
}

/** Call it once our own port is open; `listening` is that server. */
export function closeTheWays(listening: net.Server): void {
  const tcp = prototypeOf((listening as unknown as { _handle: unknown })._handle);
  for (const name of ['connect', 'connect6', 'bind', 'bind6', 'open', 'listen']) seal(tcp, name, no);
  const socket = new net.Socket().on('error', () => {});
  socket.connect({ path: '/nowhere' });
  const pipe = (socket as unknown as { _handle: unknown })._handle;
  if (pipe) for (const name of ['connect', 'bind', 'open', 'listen']) seal(prototypeOf(pipe), name, no);
  socket.destroy();
  const datagram = dgram.createSocket('udp4');
  const state = Object.getOwnPropertySymbols(datagram).map((s) => (datagram as unknown as Bag)[s]).find((v) => (v as { handle?: unknown } | null)?.handle) as { handle: object };
  for (const name of ['bind', 'bind6', 'connect', 'connect6', 'send', 'send6', 'open']) seal(prototypeOf(state.handle), name, no);
  datagram.close();
  const resolver = (new dns.Resolver() as unknown as { _handle: object })._handle;
  for (const name of Object.getOwnPropertyNames(prototypeOf(resolver)).filter((n) => /^(query|getHostByAddr)/.test(n))) seal(prototypeOf(resolver), name, no);
  for (const from of [dns, dns.promises] as object[]) for (const name of ['lookup', 'lookupService']) seal(from, name, denied('look up names'));
  for (const name of ['kill', '_kill', 'abort', 'dlopen', '_debugProcess', 'execve']) seal(process, name, denied(name));
  seal(os, 'setPriority', denied('set priorities'));
  seal(v8, 'setFlagsFromString', denied('set flags'));
  syncBuiltinESMExports();
}
