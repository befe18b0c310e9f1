/** One reading as the properties of a thing model: what simulators of vendors' clouds push. thing.ts reads it back. */
import type { Json } from './anling/fields.ts';
import type { Decoded } from './vendor.ts';

export function propertiesOf(decoded: Decoded): Json {
  switch (decoded.channel) {
    case 'event': return { [decoded.event.kind]: decoded.event.edge === 'clear' ? 0 : 1, ...decoded.event.location };
    case 'heartbeat': case 'vitals': {
      const { deviceTime: _, ...reading } = decoded.reading;
      return { ...reading };
    }
    case 'status': return { online: decoded.online ? 1 : 0 };
    case 'reply': return { id: decoded.id, ok: decoded.ok };
  }
}
