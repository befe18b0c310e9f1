/** The provider's frequency windows (PROVIDERS 1 and 2): every accepted submit counts, whatever becomes of it. */
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const keysMax = 50_000;

type Window = { name: string; spanMs: number; permits: number };
const voiceWindows: Window[] = [{ name: '分钟', spanMs: minuteMs, permits: 1 }, { name: '小时', spanMs: hourMs, permits: 5 }, { name: '天', spanMs: dayMs, permits: 20 }];
const smsWindows: Window[] = [{ name: '天', spanMs: dayMs, permits: 50 }];

export type Windows = {
  /** Null and counted when allowed, else the provider's words. */
  take(channel: 'sms' | 'voice', key: string, nowMs: number): string | null;
};

/** Windows open with the first submit and close after their span. */
export function createWindows(): Windows {
  const open = new Map<string, { since: number; count: number }>();
  return {
    take(channel, key, nowMs) {
      const wanted = (channel === 'sms' ? smsWindows : voiceWindows).map((window) => {
        const id = `${channel}|${key}|${window.spanMs}`;
        const current = open.get(id);
        return { id, window, slot: current && nowMs - current.since < window.spanMs ? current : { since: nowMs, count: 0 } };
      });
      const full = wanted.find(({ window, slot }) => slot.count >= window.permits);
      if (full) return `触发${full.window.name}级流控Permits:${full.window.permits}`;
      for (const { id, slot } of wanted) { slot.count++; open.delete(id); open.set(id, slot); }
      for (const oldest of open.keys()) { if (open.size <= keysMax) break; open.delete(oldest); }
      return null;
    },
  };
}
