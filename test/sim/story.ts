/** What a failing seed tells its reader: first what stands there, who was called and what was wrong with the house, then how it came about, line by line. */
import type { Database } from './database.ts';

export type Line = { at: number; alertId: string | null; text: string };
const clock = (ms: number): string => `day ${Math.floor(ms / 86_400_000) + 1} ${new Date(ms).toISOString().slice(11, 23)}`;
const lasting = / for (\d+) s$/;

/** The alert as its rows have it now. */
function standing(database: Database, id: string, now: number): string[] {
  const { alert, outbox, timer, event } = database.tables;
  const a = alert.rows.get(id);
  if (!a) return [];
  const ago = (ms: number | null): string => (ms === null ? 'never' : `${Math.round((database.now() - ms) / 1_000)} s ago`);
  const presses = [...event.rows.values()].filter((e) => e.alert_id === id);
  const parties = Map.groupBy([...(outbox.indexed('alert', id)?.values() ?? [])], (o) => o.party);
  const timers = [...(timer.indexed('alert', id)?.values() ?? [])].map((t) => `${t.slot} ${t.due_at > database.now() ? `in ${Math.round((t.due_at - database.now()) / 1_000)} s` : `due ${ago(t.due_at)}`}`);
  return [
    `alert ${id}: ${a.kind} of ${a.subject_type} ${a.subject_id}, ${a.state}${a.claimed_by ? ` (${a.claimed_by})` : ''}; its search is ${a.plan_state}, round ${a.plan_round} rung ${a.plan_step}`,
    `pressed: ${presses.map((e) => `${e.device_id} ${e.kind} ${e.edge === 'raise' ? '' : `${e.edge} `}${ago(e.received_at)}`).join(', ') || 'no event of it is left'}`,
    `called: ${[...parties].map(([party, sends]) => `${party} (${sends.map((o) => `${o.channel} ${o.state}`).join(', ')})`).join('; ') || 'nobody'}`,
    `timers: ${timers.join(', ') || 'none'}`,
  ].map((line) => `  ${line}`).concat(`  now: ${clock(now)}`);
}

/** What was wrong with the house since `from`, and is. */
function befallen(lines: readonly Line[], from: number): string {
  const wrong = lines.filter((l) => l.alertId === null && l.at >= from && (lasting.test(l.text) || /^(the clock of|all database)/.test(l.text)));
  return `  wrong with the house since it was opened: ${wrong.map((l) => `${l.text} (${clock(l.at).slice(-12, -4)})`).join('; ') || 'nothing'}`;
}

export function tellStory(database: Database, lines: readonly Line[], of: string | null, most = 40): string {
  const told: (Line & { again: number; last: number })[] = [];
  const complaints = new Map<string, (typeof told)[number]>();
  for (const line of lines.filter((l) => l.alertId === of || l.alertId === null)) {
    // A complaint that comes again and again is told once.
    const same = / says: /.test(line.text) ? complaints.get(line.text) : undefined;
    if (same && line.at - same.last < 10_000) { same.again++; same.last = line.at; continue; }
    const entry = { ...line, again: 0, last: line.at };
    if (/ says: /.test(line.text)) complaints.set(line.text, entry);
    told.push(entry);
  }
  // After the alert's own last line the county goes on: a little of that is enough.
  const lastOwn = of === null ? told.length : told.findLastIndex((l) => l.alertId === of) + 6;
  told.splice(lastOwn);
  const opened = told.find((l) => l.alertId !== null)?.at ?? 0;
  const head = of === null ? [] : [...standing(database, of, lines.at(-1)?.at ?? 0), befallen(lines, opened), ''];
  return [...head, ...told.slice(-most).map((l) => `  ${clock(l.at)}  ${l.alertId === null ? '· ' : `#${l.alertId} `}${l.text}${l.again > 0 ? ` (${l.again} times more, until ${clock(l.last).slice(-12)})` : ''}`)].join('\n');
}
