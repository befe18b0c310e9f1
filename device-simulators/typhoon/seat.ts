/** A seat of the desk as the house sees it: an operator who logs in, a wall tab that beats, and now and then a key. */
import type { ClientFrame, ServerFrame } from '#core/live.ts';
import { createApi, type HouseApi } from '#simulators/api/client.ts';
import type { World } from '#simulators/world/world.ts';

export type Seat = { readonly api: HouseApi; press(): void; leave(): Promise<void> };

/** Beats of real time apart: the console is healthy whatever the night does. */
const beatMs = 2_900;
const connectTo = WebSocket as unknown as new (url: string, options: { headers: Readonly<Record<string, string>> }) => WebSocket;

/** Makes the operator, logs in and opens the tab. `admin` is who may make users. */
export async function takeSeat(admin: HouseApi, world: World): Promise<Seat> {
  const username = `typhoon-${crypto.randomUUID().slice(0, 8)}`;
  const { id, version, password } = await admin.call<{ id: string; version: number; password: string }>('POST', '/api/v1/users', { username, role: 'operator', scopeCode: '350425000000', displayName: '台风夜一号席' });
  const login = await fetch(`${admin.url}/api/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json', origin: admin.url }, body: JSON.stringify({ username, password }) });
  const cookie = login.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
  await login.body?.cancel();
  const api = createApi(admin.url, { cookie });
  const tabId = crypto.randomUUID();
  const ws = new connectTo(`${api.url.replace(/^http/, 'ws')}/api/v1/live`, { headers: { ...api.headers, origin: admin.url } });
  const send = (frame: ClientFrame): void => { if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify(frame)); };
  let lastSeq = 0; // followed as a wall does: the auditor looks whether a console stays behind
  ws.onmessage = ({ data }) => {
    const frame = JSON.parse(String(data)) as ServerFrame;
    if (frame.type === 'snapshot' || frame.type === 'alert') lastSeq = frame.seq;
  };
  const beat = (input: boolean): void => send({ type: 'beat', tabId, visible: true, audio: 'running', lastSeq, ...(input ? { inputAgoMs: 0 } : {}) });
  await new Promise<void>((resolve, reject) => {
    ws.onopen = () => { send({ type: 'hello', epoch: null, lastSeq: 0, tabId }); beat(true); resolve(); };
    ws.onerror = () => reject(new Error('the seat cannot open its live channel'));
  });
  let beatAt = 0;
  const stopTicking = world.each(() => { if (performance.now() - beatAt > beatMs) { beatAt = performance.now(); beat(false); } });
  return {
    api,
    press() { beat(true); },
    async leave() {
      stopTicking();
      ws.close();
      await admin.call('PATCH', `/api/v1/users/${id}`, { disabled: true, version }).catch(() => null);
    },
  };
}
