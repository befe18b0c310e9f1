/** The live channel as a machine watches it: what alert is seen when, without asking. It comes back by itself with what it had seen. */
import type { ClientFrame, ServerFrame } from '#core/live.ts';
import type { HouseApi } from './client.ts';

export type Live = { readonly open: boolean; close(): void };

const backMs = 1_000;

/** Node's WebSocket takes headers; the browser's type does not know it. */
const connectTo = WebSocket as unknown as new (url: string, options: { headers: Readonly<Record<string, string>> }) => WebSocket;

/** Calls `see` for every frame, in order; a snapshot comes first. */
export function watchLive(api: HouseApi, see: (frame: ServerFrame) => void): Live {
  let epoch: string | null = null;
  let lastSeq = 0;
  let socket: WebSocket | null = null;
  let closed = false;
  let again: NodeJS.Timeout | null = null;
  const tabId = crypto.randomUUID();
  const open = (): void => {
    const ws = new connectTo(`${api.url.replace(/^http/, 'ws')}/api/v1/live`, { headers: api.headers });
    socket = ws;
    ws.onopen = () => ws.send(JSON.stringify({ type: 'hello', epoch, lastSeq, tabId } satisfies ClientFrame));
    ws.onmessage = ({ data }) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type === 'snapshot') epoch = frame.epoch;
      if (frame.type === 'snapshot' || frame.type === 'alert') lastSeq = frame.seq;
      see(frame);
    };
    ws.onerror = () => {};
    ws.onclose = () => { if (!closed) again = setTimeout(open, backMs); };
  };
  open();
  return {
    get open() { return socket?.readyState === WebSocket.OPEN; },
    close() { closed = true; if (again) clearTimeout(again); socket?.close(); },
  };
}
