/** What a device does with a command from the house (`care/v1/{id}/command`) and what it answers (`command/reply`). */
import type { DeviceState } from './state.ts';

export type Command = { id: string; name: string; args: Record<string, unknown> };
/** A command as the device heard it; `at` by the house's clock. */
export type Heard = Command & { at: number; ok: boolean };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The command in these bytes, or null when it is none: then nobody can be answered. */
export function readCommand(payload: Uint8Array): Command | null {
  try {
    const frame: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (!isObject(frame) || typeof frame['id'] !== 'string' || typeof frame['name'] !== 'string') return null;
    return { id: frame['id'], name: frame['name'], args: isObject(frame['args']) ? frame['args'] : {} };
  } catch {
    return null;
  }
}

/** Each command's work on the state; its answer is the reply's `data`. */
const work: Readonly<Record<string, (state: DeviceState, args: Record<string, unknown>) => Record<string, unknown>>> = {
  voice: (state, args) => { state.voice = args; return { playing: true }; },
  led: (state, args) => { state.led = args; return { lit: true }; },
  'test-call': (state) => { state.testCalls++; return { battery: state.battery, rssi: state.rssi, mains: state.mains, fw: state.fw }; },
  config: (state, args) => { Object.assign(state.config, args); return { ...state.config }; },
  reboot: (state) => { state.reboots++; return {}; },
};

/** Does it; a name that this device does not know is answered `ok: false`. */
export function obey(state: DeviceState, command: Command): { ok: boolean; data: Record<string, unknown> } {
  const act = work[command.name];
  return act ? { ok: true, data: act(state, command.args) } : { ok: false, data: { error: `unknown command ${command.name.slice(0, 40)}` } };
}
