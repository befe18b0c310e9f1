/** What the database does while a part runs (`--profile`): each 10 ms, which of our connections are busy, with which statement, and what they wait for. */
import type { Db } from '#store/pool.ts';

type Seen = { app: string; what: string; wait: string };
export type Waits = { stop(): Promise<void>; print(rows?: number): void };

/** Begins to look. A row of the result: share of the looks in which it was found; `cpu` is a backend that waits for nothing. */
export function watchDatabase(db: Db): Waits {
  const seen = new Map<string, number>();
  let [looks, running] = [0, true];
  const done = (async () => {
    while (running) {
      const rows = await db.query<Seen>(
        `select coalesce(nullif(application_name, ''), backend_type) as app, regexp_replace(left(ltrim(query), 160), '\\s+', ' ', 'g') as what, coalesce(wait_event_type || ':' || wait_event, 'cpu') as wait
         from pg_stat_activity where pid <> pg_backend_pid() and (state = 'active' or (state is null and wait_event_type is distinct from 'Activity') or state = 'idle in transaction')`, [], 'waits').catch((): Seen[] => []);
      looks++;
      for (const { app, what, wait } of rows) {
        const key = `${app.padEnd(22)} ${wait.padEnd(24)} ${what.slice(0, 110)}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    async stop() { running = false; await done; },
    print(shown = 30) {
      console.log(`\ndatabase: ${looks} looks`);
      for (const [key, n] of [...seen].sort((a, b) => b[1] - a[1]).slice(0, shown)) console.log(`  ${(n / looks * 100).toFixed(1).padStart(5)} %  ${key}`);
    },
  };
}
