/** The ports a start needs: all taken ones are reported at once, each in one line that names port, owner and variable. */
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatingError } from '#core/errors.ts';
import { portIsFree, portOwner } from './processes.ts';

export type WantedPort = { port: number; host: string; what: string; variable: string };

/** Throws E_PORT_IN_USE when any stays taken for `waitMs` (what a killed life held may be closing). */
export async function requirePorts(wanted: readonly WantedPort[], waitMs: number): Promise<void> {
  const problems: string[] = [];
  for (const [i, { port, what, variable }] of wanted.entries()) {
    const twin = wanted.slice(0, i).find((other) => port !== 0 && other.port === port);
    if (twin) problems.push(`Port ${port} is asked for twice: ${twin.what} (${twin.variable}) and ${what} (${variable}).`);
  }
  let taken = await takenOf(wanted.filter(({ port }, i) => port === 0 || wanted.findIndex((other) => other.port === port) === i));
  for (let waited = 0; taken.length > 0 && waited < waitMs; waited += 100) { await sleep(100); taken = await takenOf(taken); }
  for (const { port, what, variable } of taken) {
    const owner = portOwner(port);
    problems.push(`Port ${port} (${what}, ${variable}) is in use by ${owner ? `process ${owner.pid}: ${owner.command}` : 'a process of another user'}.`);
  }
  if (problems.length > 0) throw new OperatingError('E_PORT_IN_USE', problems.join('\n'));
}

async function takenOf(wanted: readonly WantedPort[]): Promise<WantedPort[]> {
  const free = await Promise.all(wanted.map(({ port, host }) => portIsFree(port, host)));
  return wanted.filter((_, i) => !free[i]);
}
