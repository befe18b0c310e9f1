/** What one device knows of itself: battery, signal, mains, and what it was last told to say and show. */

export type DeviceState = {
  /** Percent. */ battery: number; /** dBm */ rssi: number; mains: boolean; fw: string; temp: number; cell: string | null;
  /** Counts heartbeats since the last boot. */ seq: number;
  /** Milliseconds by which its own clock is wrong. */ skewMs: number;
  /** The last `voice` and `led` commands' arguments: what the elder hears and sees. */ voice: Record<string, unknown> | null; led: Record<string, unknown> | null;
  testCalls: number; reboots: number; config: Record<string, unknown>;
};

export function newState(given: Partial<DeviceState> = {}): DeviceState {
  return { battery: 100, rssi: -70, mains: true, fw: '1.4.2', temp: 21, cell: null, seq: 0, skewMs: 0, voice: null, led: null, testCalls: 0, reboots: 0, config: {}, ...given };
}
