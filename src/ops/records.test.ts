import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { birthMark, isAlive, portIsFree, portOwner } from './processes.ts';
import { claimDatabase, endOrphans, recordLife } from './records.ts';

const idle = join(mkdtempSync(join(tmpdir(), 'anling-idle-')), 'idle.mjs');
writeFileSync(idle, 'process.on("disconnect", () => {}); setInterval(() => {}, 1000);');
const folder = (): string => mkdtempSync(join(tmpdir(), 'anling-run-'));
const gone = (pid: number): Promise<void> => expect.poll(() => isAlive(pid)).toBe(false);

it('lets one process own a folder, and takes over from a dead one', async () => {
  const data = folder();
  const first = claimDatabase(data);
  expect(first.owner).toBeNull();
  expect(claimDatabase(data).owner).toBe(process.pid);
  first.release();
  const other = fork(idle);
  await expect.poll(() => birthMark(other.pid!)).not.toBe('');
  writeFileSync(join(data, 'run', 'database.lock'), JSON.stringify({ pid: other.pid, birth: birthMark(other.pid!) }));
  expect(claimDatabase(data).owner).toBe(other.pid);
  other.kill('SIGKILL');
  await gone(other.pid!);
  expect(claimDatabase(data).owner).toBeNull();
});

it('takes a later process with the same pid for a stranger', () => {
  const data = folder();
  claimDatabase(data).release();
  writeFileSync(join(data, 'run', 'database.lock'), JSON.stringify({ pid: process.pid, birth: 'boot-of-yesterday:1' }));
  expect(claimDatabase(data).owner).toBeNull();
});

it('kills what a dead supervisor left behind, and nobody else', async () => {
  const data = folder();
  const orphan = fork(idle);
  const stranger = fork(idle);
  await expect.poll(() => birthMark(orphan.pid!) !== '' && birthMark(stranger.pid!) !== '').toBe(true);
  const life = recordLife(data, (error) => { throw error; });
  life.children([stranger.pid!]); // we live: our children are ours
  writeFileSync(join(data, 'run', 'life-1.json'), JSON.stringify({
    supervisor: { pid: 1, birth: 'another boot:1' }, children: [{ pid: orphan.pid, birth: birthMark(orphan.pid!) }, { pid: stranger.pid, birth: 'another boot:2' }],
  }));
  expect(await endOrphans(data, 200)).toEqual({ found: true, killed: [orphan.pid] });
  expect(await endOrphans(data, 200)).toEqual({ found: false, killed: [] });
  await gone(orphan.pid!);
  expect(isAlive(stranger.pid!)).toBe(true);
  expect(JSON.parse(readFileSync(join(data, 'run', `life-${process.pid}.json`), 'utf8')).children).toHaveLength(1);
  stranger.kill('SIGKILL');
  life.end();
});

it('names who listens on a port', async () => {
  const { createServer } = await import('node:net');
  const server = createServer();
  const port = await new Promise<number>((resolve) => { server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)); });
  expect(portOwner(port)).toMatchObject({ pid: process.pid });
  expect(await portIsFree(port, '127.0.0.1')).toBe(false);
  await new Promise((resolve) => { server.close(resolve); });
  expect(portOwner(port)).toBeNull();
  expect(await portIsFree(port, '127.0.0.1')).toBe(true);
});
