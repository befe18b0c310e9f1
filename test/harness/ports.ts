/**
 * Ports for whole houses. They lie below the range from which the system itself gives ports out, so that no outgoing connection takes
 * one while its house is being started again, and a file per port keeps test runs beside each other apart.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, portIsFree } from '#ops/processes.ts';

const first = 12_000;
const count = 20_000;
const folder = join(tmpdir(), 'anling-test-ports');
const held = new Set<string>();
process.on('exit', () => { for (const file of held) rmSync(file, { force: true }); });

/** Whether the port is ours now; what a process that has gone held is taken over. */
function claim(port: number): boolean {
  const file = join(folder, String(port));
  for (let tries = 0; tries < 2; tries++) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      held.add(file);
      return true;
    } catch {
      try { if (isAlive(Number(readFileSync(file, 'utf8')))) return false; } catch { return false; }
      rmSync(file, { force: true });
    }
  }
  return false;
}

/** So many different ports that nobody listens on, ours until this process ends. */
export async function reservePorts(wanted: number): Promise<number[]> {
  mkdirSync(folder, { recursive: true });
  const ports: number[] = [];
  for (let at = Math.floor(Math.random() * count), tries = 0; ports.length < wanted; at++, tries++) {
    if (tries > count) throw new Error(`no ${wanted} free ports between ${first} and ${first + count}`);
    const port = first + (at % count);
    if (claim(port) && await portIsFree(port, '127.0.0.1')) ports.push(port);
  }
  return ports;
}
