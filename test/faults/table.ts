/** What repeated faults came to: a row per fault, printed as a table, and what none of them may show. */
export type FaultRow = { fault: string; times: number; acknowledged: number; lost: number; duplicated: number; stalled: number; note?: string };

export function tableOf(rows: readonly FaultRow[]): string {
  const head = ['fault', 'times', 'acknowledged', 'lost', 'duplicated', 'stalled', ''];
  const cells = rows.map((r) => [r.fault, r.times, r.acknowledged, r.lost, r.duplicated, r.stalled, r.note ?? ''].map(String));
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((c) => (c[i] ?? '').length)));
  return [head, ...cells].map((line) => line.map((cell, i) => (i === 0 || i === 6 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ').trimEnd()).join('\n');
}

/** Rows that show what must not be, or a fault that did not happen often enough. */
export const broken = (rows: readonly FaultRow[], timesMin: number): FaultRow[] => rows.filter((r) => r.lost > 0 || r.duplicated > 0 || r.stalled > 0 || r.times < timesMin);
