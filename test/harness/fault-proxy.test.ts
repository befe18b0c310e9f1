/** The bad network itself: what it says it does, it does, and no more. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

let echo: Server;
let heard = '';
let proxy: FaultProxy;
const sockets: Socket[] = [];
beforeEach(async () => {
  heard = '';
  echo = createServer((socket) => { sockets.push(socket); socket.on('error', () => {}).on('data', (bytes) => { heard += bytes.toString(); socket.write(bytes); }); });
  await new Promise<void>((resolve) => { echo.listen(0, '127.0.0.1', resolve); });
  proxy = await startFaultProxy({ port: (echo.address() as { port: number }).port, seed: 7 });
});
afterEach(async () => { for (const socket of sockets.splice(0)) socket.destroy(); await proxy.close(); await new Promise((resolve) => { echo.close(resolve); }); });

type Client = { socket: Socket; text(): string; closed(): string | null };
async function client(): Promise<Client> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  sockets.push(socket);
  let text = '';
  let closed: string | null = null;
  socket.on('data', (bytes) => { text += bytes.toString(); }).on('error', (error: NodeJS.ErrnoException) => { closed = error.code ?? 'error'; }).on('close', () => { closed ??= 'end'; });
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  return { socket, text: () => text, closed: () => closed };
}
const soon = { timeout: 5_000, interval: 5 };

describe('the fault proxy', () => {
  it('carries both ways in order, and ends with either side', async () => {
    const one = await client();
    one.socket.write('a');
    one.socket.write('b'.repeat(300_000));
    one.socket.end('c');
    await expect.poll(one.closed, soon).toBe('end');
    expect([one.text().length, one.text().at(-1), proxy.counts.open, proxy.through('postgres://u:p@far:1/x')]).toEqual([300_002, 'c', 0, `postgres://u:p@127.0.0.1:${proxy.port}/x`]);
  });

  it('delays each way, keeps the order under jitter, and slows down to a rate', async () => {
    await proxy.set({ latencyMs: 100, jitterMs: 50 });
    const one = await client();
    const from = performance.now();
    for (const letter of 'abcdefgh') one.socket.write(letter);
    await expect.poll(one.text, soon).toBe('abcdefgh');
    expect(performance.now() - from).toBeGreaterThan(195);
    await proxy.set({ latencyMs: 0, jitterMs: 0, bytesPerSecond: 200_000 });
    const slow = performance.now();
    one.socket.write('x'.repeat(60_000));
    await expect.poll(() => one.text().length, soon).toBe(60_008);
    expect(performance.now() - slow).toBeGreaterThan(200);
  });

  it('stands still and goes on where it was', async () => {
    const one = await client();
    await proxy.set({ mode: 'stall' });
    one.socket.write('later');
    const two = await client(); // taken, and stands too
    two.socket.write('too');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([heard, one.closed(), two.closed()]).toEqual(['', null, null]);
    await proxy.heal();
    await expect.poll(() => [one.text(), two.text()], soon).toEqual(['later', 'too']);
  });

  it('swallows: the peer is gone and nobody is told, not even after the healing', async () => {
    const one = await client();
    await proxy.set({ mode: 'swallow' });
    const two = await client();
    one.socket.write('into nothing');
    two.socket.write('into nothing');
    await proxy.heal();
    const three = await client();
    three.socket.write('heard');
    await expect.poll(three.text, soon).toBe('heard');
    expect([heard, one.closed(), two.closed(), proxy.counts.swallowed]).toEqual(['heard', null, null, 2]);
  });

  it('refuses as if nobody listened, cuts who was there, and is back on the same port', async () => {
    const one = await client();
    await proxy.set({ mode: 'refuse' });
    await expect.poll(one.closed, soon).toBe('ECONNRESET');
    expect((await client()).closed()).toBe('ECONNREFUSED');
    await proxy.set({ mode: 'reset' });
    const two = await client();
    await expect.poll(two.closed, soon).toBe('ECONNRESET');
    await proxy.heal();
    const three = await client();
    three.socket.write('again');
    await expect.poll(three.text, soon).toBe('again');
  });

  it('cuts after so many bytes, drawn from its seed', async () => {
    await proxy.set({ cutAfterBytes: [100, 200] });
    const one = await client();
    one.socket.write('x'.repeat(1_000));
    await expect.poll(one.closed, soon).toBe('ECONNRESET');
    const drawn = heard.length;
    expect(drawn).toBeGreaterThanOrEqual(100);
    expect(drawn).toBeLessThanOrEqual(200);
    const again = await startFaultProxy({ port: (echo.address() as { port: number }).port, seed: 7 });
    await proxy.close();
    proxy = again;
    await proxy.set({ cutAfterBytes: [100, 200] });
    heard = '';
    const two = await client();
    two.socket.write('x'.repeat(1_000));
    await expect.poll(two.closed, soon).toBe('ECONNRESET');
    expect(heard.length).toBe(drawn);
  });

  it('cuts at a word, having lost its answer or the word itself, so many times [RF5]', async () => {
    proxy.cutAt({ at: 'commit', times: 1 });
    const one = await client();
    one.socket.write('commit');
    await expect.poll(one.closed, soon).toBe('ECONNRESET');
    expect([heard, one.text()]).toEqual(['commit', '']);
    proxy.cutAt({ at: 'commit', times: 1, lose: 'word' });
    const two = await client();
    two.socket.write('commit');
    await expect.poll(two.closed, soon).toBe('ECONNRESET');
    expect([heard, two.text()]).toEqual(['commit', '']);
    const three = await client();
    three.socket.write('commit');
    await expect.poll(three.text, soon).toBe('commit');
    expect([proxy.counts.cuts, proxy.cutAll()]).toEqual([2, 1]);
  });
});
