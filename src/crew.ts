/**
 * The processes under the supervisor: none at first, since doors may open before the database answers; what they say goes to
 * stdout, who is there is told to the pages and kept in the folder, and they stop in order.
 */
import type { Health, OpsPeer } from '#ops/health.ts';
import type { Logger } from '#ops/log.ts';
import { type ChildStatus, startSupervisor, type Supervisor } from '#work/supervisor.ts';

const edgeStopMs = 2_500;
const roleStopMs = 2_500;

/** Whole lines to stdout; when nobody reads them they are dropped rather than kept or waited for. */
export function relay(line: string): void {
  if (process.stdout.writableLength < 4 * 1024 * 1024) process.stdout.write(line);
}

export type Crew = {
  readonly supervisor: Supervisor; /** of the supervisor itself */ health: Health | null;
  /** Once, when all are ready; at once when they are. */ whenReady(act: () => void): void;
  stop(): Promise<void>;
};

/** `record` keeps the living pids where the next life finds them. */
export function startCrew(log: Logger, record: (pids: number[]) => void): Crew {
  let stopping = false;
  let onReady: (() => void) | null = null;
  const tellReady = (): void => {
    if (!crew.supervisor.status().every((c) => whyNotUp(c).length === 0 && (c.beat?.reasons.length ?? 0) === 0)) return;
    onReady?.();
    onReady = null;
  };
  const crew: Crew = {
    health: null, whenReady(act) { onReady = act; tellReady(); },
    supervisor: startSupervisor({
      children: [], onLine: (_, line) => relay(`${line}\n`),
      onEvent({ child, what, pid, detail }) {
        log[(what === 'ended' && !stopping) || what === 'hung' ? 'warn' : 'info']({ child, childPid: pid, detail }, `${child} ${what}`);
        if (what === 'ready') tellReady();
      },
      onChange: () => setImmediate(() => {
        record(crew.supervisor.status().flatMap((child) => child.pid ?? []));
        crew.supervisor.send('web', { peers: peersOf(crew.supervisor.status(), crew.health) });
      }),
    }),
    async stop() {
      stopping = true;
      // First nothing new comes in, then what is under way is finished, then the pages go.
      const names = crew.supervisor.status().map((child) => child.name);
      await crew.supervisor.stop(edgeStopMs, names.filter(isEdge));
      await crew.supervisor.stop(roleStopMs, names.filter((name) => !isEdge(name) && name !== 'standin'));
      await crew.supervisor.stop(1_000);
      await crew.health?.stop();
    },
  };
  return crew;
}

const isEdge = (name: string): boolean => /^edge(-\d+)?$/.test(name);

/** Why this process is not up; empty: it is. */
export function whyNotUp(child: ChildStatus): string[] {
  if (child.pid === null) return [`${child.name} ended and is being started again${child.lastWords ? `; its last words: ${child.lastWords.slice(0, 200)}` : ''}`];
  return child.beat === null && child.name !== 'standin' ? [`${child.name} is starting`] : [];
}

function peersOf(status: readonly ChildStatus[], health: Health | null): OpsPeer[] {
  const roles = status.flatMap((child) => (child.beat?.facts['ops'] ? [{ role: child.name, url: child.beat.facts['ops'] }] : []));
  return [...(health ? [{ role: 'supervisor', url: health.url }] : []), ...roles];
}
