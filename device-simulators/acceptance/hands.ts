/** Who acts at the device: a simulated one does it itself; an installer is told what to do, with the time that is left. */
import { SimDevice } from '#simulators/device/device.ts';
import type { Address } from '#simulators/device/wire.ts';
import type { DeviceKind } from '#core/event.ts';
import type { Profile, StepName, Words } from '#core/acceptance.ts';

export type Hands = {
  readonly simulated: boolean;
  /** Provokes the step; resolves when it is provoked (the installer: when he has been told). The device's own evidence, if it has any. */
  provoke(step: StepName, profile: Profile): Promise<string | null>;
  /** What the device says of the words to the elder since `at`; null: only the elder's ears know. */ heard(at: number): readonly string[] | null;
  /** Shown while it waits. */ waiting(leftMs: number): void;
  end(): void;
};

export type SimulatedHands = { id: string; secret: string; model: string; address: Address; now(): number };

export function simulatedHands(options: SimulatedHands): Hands {
  let gone = (): void => {};
  const device = new SimDevice({ ...options, keepAliveS: 60, down: () => gone() });
  /** The cable is out, and the device knows it. */
  const drop = async (): Promise<void> => { if (device.connected) await new Promise<void>((resolve) => { gone = resolve; device.drop(); }); };
  let raised: string | undefined;
  const acts: Partial<Record<StepName, (profile: Profile) => Promise<string | null>>> = {
    connected: async () => { const began = performance.now(); await device.connect(); return `CONNACK ${ms(performance.now() - began)}`; },
    heartbeat: async () => { const ack = await device.heartbeat(); return ack === null ? null : `PUBACK ${ms(ack.ms)}`; },
    alarm: async ({ alarm }) => { const ack = await device.event({ kind: alarm }); raised = ack?.eventId; return ack === null ? null : `PUBACK ${ms(ack.ms)}`; },
    cancel: async ({ alarm, back }) => {
      const event = back === 'cancel' ? { kind: 'cancel' as DeviceKind, ...(raised === undefined ? {} : { ref: raised }) } : { kind: alarm, edge: 'clear' as const };
      const ack = await device.event(event);
      return ack === null ? null : `PUBACK ${ms(ack.ms)}`;
    },
    offline: async () => { await drop(); return null; },
    reconnect: async () => { await drop(); await device.connect(); const ack = await device.heartbeat(); return ack === null ? null : `PUBACK ${ms(ack.ms)}`; },
  };
  return {
    simulated: true,
    provoke: (step, profile) => acts[step]?.(profile) ?? Promise.resolve(null),
    heard: (at) => device.heard.filter((h) => h.at >= at).map((h) => `${h.name} ${String(h.args['text'] ?? h.args['mode'] ?? '')}`.trim()),
    waiting: () => {}, end: () => device.close(),
  };
}

const ms = (value: number): string => `${Math.max(1, Math.round(value))} ms`;

/** `write` is the terminal; `live` false leaves the countdown out (a log file). */
export function installerHands(write: (text: string) => void, live: boolean): Hands {
  const tell = (words: Words | undefined): void => { if (words) write(`    → ${words.zh}\n      ${words.en}\n`); };
  let shown = false;
  return {
    simulated: false,
    async provoke(step, profile) { tell(profile.provoke[step]); return null; },
    heard: () => null,
    waiting(leftMs) {
      if (!live) return;
      shown = leftMs > 0;
      write(shown ? `\r      ⏳ ${Math.ceil(leftMs / 1000)} s ` : '\r              \r');
    },
    end() { if (shown) write('\n'); },
  };
}
