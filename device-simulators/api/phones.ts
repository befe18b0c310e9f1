/** The stand-in's control API: what the simulated telephones received, and what their owners do. Shapes: standin/phones.ts. */
import type { Item, Phone } from '#simulators/standin/phones.ts';
import type { StandinSettings } from '#simulators/standin/server.ts';

export type PhonesApi = {
  readonly url: string;
  /** Everything on one telephone, or on all. */ messages(phone?: string): Promise<{ messages: Extract<Item, { type: 'sms' }>[]; calls: Extract<Item, { type: 'call' }>[]; replies: Extract<Item, { type: 'reply' }>[] }>;
  reply(phone: string, content: string): Promise<void>;
  /** answer, hang-up, busy, ignore or a key. */ press(callId: string, action: string): Promise<void>;
  settings(change?: Partial<StandinSettings>): Promise<StandinSettings>;
  /** What the gateway does wrong from now on: a code for one number. */ fault(fault: { kind: 'code'; code: string; phone: string }): Promise<void>; clearFaults(): Promise<void>;
  /** Requests that came to the gateway, newest last, bounded. */ requests(): Promise<{ at: number; action: string; phone: string; code: string }[]>;
  /** Tells of every telephone that changed, until closed; comes back by itself. */ watch(see: (phone: Phone) => void): { close(): void };
};

const backMs = 1_000;

export function createPhonesApi(url: string): PhonesApi {
  const base = url.replace(/\/$/, '');
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(base + path, { method, signal: AbortSignal.timeout(10_000), ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`the stand-in answers ${response.status} to ${method} ${path}: ${(await response.text()).slice(0, 200)}`);
    return await response.json() as T;
  };
  return {
    url: base,
    messages: (phone) => call('GET', `/api/messages${phone === undefined ? '' : `?phone=${phone}`}`),
    async reply(phone, content) { await call('POST', '/api/reply', { phone, content }); },
    async press(callId, action) { await call('POST', '/api/press', { callId, action }); },
    settings: (change) => (change === undefined ? call('GET', '/api/settings') : call('POST', '/api/settings', change)),
    async fault(fault) { await call('POST', '/api/faults', fault); },
    async clearFaults() { await call('DELETE', '/api/faults'); },
    requests: async () => (await call<{ requests: { at: number; action: string; phone: string; code: string }[] }>('GET', '/api/requests')).requests,
    watch(see) {
      const stop = new AbortController();
      void follow(`${base}/api/stream`, stop.signal, see);
      return { close: () => stop.abort() };
    },
  };
}

async function follow(url: string, stop: AbortSignal, see: (phone: Phone) => void): Promise<void> {
  while (!stop.aborted) {
    try {
      const response = await fetch(url, { signal: stop });
      let text = '';
      const utf8 = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        const events = (text + utf8.decode(chunk, { stream: true })).split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.+)$/m.exec(event)?.[1];
          if (data !== undefined) see(JSON.parse(data) as Phone);
        }
      }
    } catch { /* it ended, or was never there */ }
    if (!stop.aborted) await new Promise((resolve) => setTimeout(resolve, backMs));
  }
}
