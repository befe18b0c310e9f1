/** What a device of protocol v1 would send, and what we send down to it: the canonical bytes (DEVICES 0). */
import type { DecodedEvent } from '#core/event.ts';
import type { Decoded } from '#vendors/vendor.ts';
import { isObject, unknownFields } from './fields.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** See Vendor.encode. */
export function encode(decoded: Decoded): Uint8Array {
  switch (decoded.channel) {
    case 'event': return bytes(eventFrame(decoded.event));
    case 'heartbeat':
    case 'vitals': {
      const { deviceTime, ...reading } = decoded.reading;
      return bytes({ ...decoded.extra, ...(deviceTime !== undefined && { time: deviceTime }), ...reading });
    }
    case 'status': return bytes({ online: decoded.online });
    case 'reply': return bytes({ id: decoded.id, ok: decoded.ok, data: decoded.data });
  }
}

function eventFrame(event: DecodedEvent): Record<string, unknown> {
  const { deviceTime, sourceEventId, data, flags: _flags, ...rest } = event;
  const { [unknownFields]: extra, ...own } = data ?? {};
  const unknown = isObject(extra) ? extra : {};
  const derived = sourceEventId === `t:${deviceTime}:${unknown['seq'] ?? ''}`;
  return {
    ...rest, ...(sourceEventId !== undefined && !derived && { id: sourceEventId }), ...(deviceTime !== undefined && { time: deviceTime }),
    ...(Object.keys(own).length > 0 && { data: own }), ...unknown,
  };
}

export type Command = { id: string; name: 'test-call' | 'led' | 'voice' | 'config' | 'reboot'; args?: Record<string, unknown> };

/** A command downwards, for `care/v1/{deviceId}/command`. */
export function encodeCommand(command: Command): Uint8Array {
  return bytes({ id: command.id, name: command.name, args: command.args ?? {} });
}
