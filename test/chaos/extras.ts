/** The devices that play a part in the faults: they come back by themselves, and what they see acknowledged stands in the journal too. */
import { SimDevice } from '#simulators/device/device.ts';
import type { EventInput } from '#simulators/device/device.ts';
import type { Device, Journal } from './journal.ts';
import type { Town } from './town.ts';

export type Extra = { readonly id: string; readonly device: SimDevice; /** Reports it until it is acknowledged, and writes that down. */ report(input: EventInput): Promise<void>; stop(): void };
export type Extras = { readonly of: (part: Device['part']) => readonly Extra[]; /** What is not yet acknowledged. */ waiting(): number; stop(): void };

const againMs = 400;

export function startExtras(town: Town, devices: readonly Device[], journal: Journal): Extras {
  const made = devices.filter((d) => d.part !== 'presser').map((d) => ({ part: d.part, extra: start(town, d, journal) }));
  return {
    of: (part) => made.filter((m) => m.part === part).map((m) => m.extra),
    waiting: () => made.reduce((n, { extra }) => n + extra.device.unacknowledged, 0),
    stop() { for (const { extra } of made) extra.stop(); },
  };
}

function start(town: Town, d: Device, journal: Journal): Extra {
  let stopped = false;
  const again = (): void => { if (!stopped) setTimeout(connect, againMs); };
  const device: SimDevice = new SimDevice({ id: d.id, secret: d.secret, model: 'sos-button', address: { host: '127.0.0.1', port: town.ports.edges[d.edge]?.mqtt ?? 0, tls: false }, now: Date.now, down: again });
  // A refused or failed login ends in `down` like every other end of a connection.
  function connect(): void { if (!stopped) device.connect().catch(() => {}); }
  connect();
  return {
    id: d.id, device,
    async report(input) {
      const ack = await device.event(input);
      if (ack !== null) journal.note({ t: 'ack', at: Date.now(), device: d.id, event: ack.eventId });
    },
    stop() { stopped = true; device.close(); },
  };
}
