/**
 * The loop that sends commands down to the devices of this edge. Rows are truth (law 2): a hint wakes it, a poll finds everything within
 * a second, a device that connects meanwhile gets what is still valid. One command of a device at a time, in their order; a device
 * that does not answer here is left to other edges for one lease, because it may have moved to one of them.
 */
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import type { CommandOutcome } from './sessions.ts';

export type Claimed = { id: string; deviceId: string; token: string; name: string; attempts: number; trace: string; ageMs: number; payload: Uint8Array };
export type CommandsOptions = {
  /** Connected here and listening for commands. */ reachable(deviceId: string): boolean;
  send(deviceId: string, payload: Uint8Array): Promise<CommandOutcome>;
  /** Waiting commands by id after `after`, at most limits.commandRows. */ open(after: string): Promise<readonly { id: string; deviceId: string }[]>;
  claim(deviceIds: readonly string[]): Promise<readonly Claimed[]>;
  settle(command: Claimed, outcome: 'acknowledged' | 'due' | 'failed'): Promise<void>;
  /** Ends what came too late; answers how many. */ expire(): Promise<number>;
  log: Logger; metrics: Metrics;
};

export function startCommands(options: CommandsOptions): Loop {
  const { log } = options;
  const outcomes = options.metrics.counter('commands_total', 'tries of commands sent down', ['name', 'outcome']);
  const latency = options.metrics.histogram('command_seconds', 'from the row of a command to the acknowledgement of its device', [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 600], ['name']);
  /** Devices with a command under way. */
  const busy = new Set<string>();
  /** Devices that did not answer here, until when others come first (monotonic ms). */
  const resting = new Map<string, number>();
  const sending = new Set<Promise<void>>();
  let after = '0';

  const deliver = async (command: Claimed): Promise<void> => {
    const { deviceId, name, attempts, trace } = command;
    const startedMs = performance.now();
    const outcome = await options.send(deviceId, command.payload);
    outcomes.inc({ name, outcome });
    if (outcome === 'acknowledged') latency.observe({ name }, (command.ageMs + performance.now() - startedMs) / 1000);
    if (outcome === 'no-answer') resting.set(deviceId, performance.now() + limits.commandLeaseMs);
    const final = outcome === 'acknowledged' ? outcome : attempts >= limits.commandTries ? 'failed' : 'due';
    log.info({ deviceId, command: command.id, name, outcome, attempts, trace, ms: Math.round(performance.now() - startedMs) }, 'command sent down');
    await options.settle(command, final);
  };
  const mine = (deviceId: string, now: number): boolean => !busy.has(deviceId) && (resting.get(deviceId) ?? 0) <= now && options.reachable(deviceId);

  const loop = startLoop({
    name: 'commands',
    async turn() {
      const now = performance.now();
      for (const [id, until] of resting) if (until <= now) resting.delete(id);
      if (after === '0') await options.expire();
      const page = await options.open(after);
      const devices = [...new Set(page.filter((c) => mine(c.deviceId, now)).map((c) => c.deviceId))].slice(0, limits.commandsAtOnce - busy.size);
      for (const command of devices.length === 0 ? [] : await options.claim(devices)) {
        busy.add(command.deviceId);
        const done = deliver(command)
          .catch((error: unknown) => log.warn({ deviceId: command.deviceId, command: command.id, error: (error as Error).message }, 'what became of a command could not be saved; it is sent again after its lease'))
          .finally(() => { busy.delete(command.deviceId); sending.delete(done); loop.wake(); });
        sending.add(done);
      }
      const more = page.length === limits.commandRows;
      after = more ? (page.at(-1)?.id ?? '0') : '0';
      return more;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) log.warn({ error: (error as Error).message, inARow }, 'commands cannot be read; they stay due'); },
  });
  return {
    ...loop,
    /** Stopped after the door: what was under way has ended with its connection, and its rows are due for another edge. */
    async stop() { await loop.stop(); await Promise.all(sending); },
  };
}
