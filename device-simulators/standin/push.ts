/**
 * Callbacks to the house: JSON arrays by POST, 700 ms to answer, then re-pushed after 1, 5 and 10 minutes (scaled) and given
 * up (PROVIDERS 5). No signature: the secret is the path.
 */
import type { Fault } from './faults.ts';

export type PushKind = 'sms-report' | 'sms-up' | 'voice-report' | 'voice-call-report';
export type PushRecord = { id: number; at: number; kind: PushKind; items: unknown[]; tries: number; state: 'waiting' | 'done' | 'given-up' | 'off'; lastStatus: number | null };
export type PusherOptions = {
  /** `http://…/hooks/aliyun/SECRET`; null: nobody to tell. */ hooks: string | null;
  /** Takes what would be pushed, when the account has its receipts in queues; else answers false. */ queue?: (kind: PushKind, items: readonly unknown[]) => boolean;
  /** Pauses before the second, third and fourth try. */ scheduleMs: readonly number[]; timeoutMs: number;
};
export type Pusher = {
  push(kind: PushKind, items: unknown[], fault: Fault | null): void;
  list(): readonly PushRecord[];
  /** The GET probe that the provider's console makes before it saves a callback address. */
  probe(kind: PushKind): Promise<boolean>;
  stop(): void;
};

const recordsMax = 1_000;

export function createPusher(options: PusherOptions): Pusher {
  const records: PushRecord[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const stopping = new AbortController();
  let held: (() => void) | null = null;
  let nextId = 1;
  const later = (ms: number, work: () => void): void => {
    const timer = setTimeout(() => { timers.delete(timer); work(); }, ms);
    timers.add(timer);
  };
  const call = async (kind: PushKind, init: RequestInit): Promise<number> => {
    const answer = await fetch(`${options.hooks}/${kind}`, { ...init, signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(options.timeoutMs)]) });
    const { code } = (await answer.json()) as { code?: unknown };
    return answer.status === 200 && typeof code !== 'number' ? 0 : answer.status;
  };
  const attempt = async (record: PushRecord): Promise<void> => {
    if (stopping.signal.aborted) return;
    record.tries++;
    record.lastStatus = await call(record.kind, { method: 'POST', headers: { 'content-type': 'application/json;charset=utf-8' }, body: JSON.stringify(record.items) }).catch(() => null);
    const pause = options.scheduleMs[record.tries - 1];
    if (record.lastStatus === 200) record.state = 'done';
    else if (pause === undefined) record.state = 'given-up';
    else later(pause, () => void attempt(record));
  };
  const start = (kind: PushKind, items: unknown[]): void => {
    if (options.queue?.(kind, items)) return;
    const record: PushRecord = { id: nextId++, at: Date.now(), kind, items, tries: 0, state: options.hooks === null ? 'off' : 'waiting', lastStatus: null };
    records.push(record);
    if (records.length > recordsMax) records.shift();
    if (options.hooks !== null) void attempt(record);
  };
  return {
    push(kind, items, fault) {
      const go = (): void => start(kind, items);
      if (fault?.kind === 'none') return;
      if (fault?.kind === 'late') return later(fault.delayMs, go);
      if (fault?.kind === 'out-of-order') { held = go; return; }
      go();
      if (fault?.kind === 'duplicate') go();
      if (fault?.kind === 'forged') start(kind, items.map(forge));
      const before = held;
      held = null;
      before?.();
    },
    list: () => records,
    probe: (kind) => (options.hooks === null ? Promise.resolve(false) : call(kind, {}).then((status) => status === 200, () => false)),
    stop() {
      stopping.abort();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** A report that nobody's send has caused. */
function forge(item: unknown): unknown {
  const stranger = `${Math.floor(Math.random() * 1e16)}^0`;
  const fields = { ...(item as Record<string, unknown>) };
  for (const name of ['biz_id', 'call_id']) if (name in fields) fields[name] = stranger;
  return { ...fields, out_id: 'forged' };
}
