/**
 * 正在查看: which case is open at which console, told to the other consoles. A courtesy between seats, kept in this process only: it is
 * coalesced, it holds nobody up, it ends with the tab (or with its beats), and a slow socket does without it.
 */
import { limits } from '#core/limits.ts';
import type { ServerFrame } from '#core/live.ts';
import { seesRegion } from './access.ts';
import type { Hub, HubClient } from './hub.ts';

export type Look = { id: string; regionCode: string | null; name: string };
const coalesceMs = 200;

export class Looking {
  readonly #hub: Pick<Hub, 'clients'>;
  readonly #now: () => number;
  readonly #looks = new Map<HubClient, Look & { at: number }>();
  readonly #sent = new WeakMap<HubClient, string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(hub: Pick<Hub, 'clients'>, now: () => number = () => performance.now()) { this.#hub = hub; this.#now = now; }

  /** This console has this case open, or none. */
  set(client: HubClient, look: Look | null): void {
    if (look) this.#looks.set(client, { ...look, at: this.#now() }); else if (!this.#looks.delete(client)) return;
    this.#soon(coalesceMs);
  }
  /** It still beats, and its case is the same. */
  still(client: HubClient): void {
    const look = this.#looks.get(client);
    if (look) look.at = this.#now();
  }
  /** A console that comes anew has heard nothing yet. */
  forget(client: HubClient): void { this.#sent.delete(client); this.#soon(coalesceMs); }

  #soon(ms: number): void {
    this.#timer ??= setTimeout(() => { this.#timer = null; this.send(); if (this.#looks.size > 0) this.#soon(limits.lookMs / 2); }, ms).unref();
  }

  /** To each console what it has not been told yet; its own look is left out, and what its scope does not see. */
  send(): void {
    for (const [client, look] of this.#looks) if (this.#now() - look.at > limits.lookMs) this.#looks.delete(client);
    for (const client of this.#hub.clients) {
      if (!client.live || !client.desk || client.buffered() > limits.socketBufferBytes / 2) continue;
      const cases = new Map<string, Set<string>>();
      for (const [other, look] of this.#looks) if (other !== client && seesRegion(client.scopeCode, look.regionCode)) cases.set(look.id, (cases.get(look.id) ?? new Set()).add(look.name));
      const text = JSON.stringify({ type: 'looking', cases: [...cases].map(([id, who]) => ({ id, who: [...who] })) } satisfies ServerFrame);
      if (text === (this.#sent.get(client) ?? nobody)) continue;
      this.#sent.set(client, text);
      client.send(text);
    }
  }
}

const nobody = JSON.stringify({ type: 'looking', cases: [] } satisfies ServerFrame);
