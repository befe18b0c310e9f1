/** What a run shows: one line while it goes on, a table and the verdicts at its end. Pure: figures in, text out. */
import type { Verdict } from '#simulators/scenarios/scenario.ts';
import type { Histogram } from './histogram.ts';

export type Progress = { devices: number; connected: number; refused: number; sent: number; acknowledged: number; perSecond: number; alerts: number; open: number };
export type Totals = {
  sent: number; acknowledged: number; emergencies: number; alerts: number; committed: number; closed: number;
  /** The share of a duration's distribution: PUBACK, alert on the live channel, first message taken by the gateway. */ puback: Histogram; beatAck: Histogram; visible: Histogram; told: Histogram;
};

export function progressLine(p: Progress): string {
  const refused = p.refused > 0 ? `, ${p.refused} refused` : '';
  return `connected ${p.connected}/${p.devices}${refused} · sent ${p.sent} (${p.perSecond}/s) · acknowledged ${p.acknowledged} · alerts ${p.alerts} · open ${p.open}`;
}

const ms = (value: number | null): string => (value === null ? '–' : value < 10 ? `${value.toFixed(1)} ms` : value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`);
const spread = (h: Histogram): string => (h.count === 0 ? '–' : `p50 ${ms(h.percentile(0.5))}   p99 ${ms(h.percentile(0.99))}   (${h.count})`);

export function table(t: Totals): string {
  const rows: [string, string, string][] = [
    ['sent', '已发送', String(t.sent)], ['acknowledged', '已确认', String(t.acknowledged)], ['emergencies acknowledged', '已确认的紧急报警', String(t.emergencies)],
    ['alerts', '警情', String(t.alerts)], ['committed', '已叫应', String(t.committed)], ['closed', '已办结', String(t.closed)],
    ['PUBACK of events', '上报确认', spread(t.puback)], ['PUBACK of heartbeats', '心跳确认', spread(t.beatAck)], ['alert visible', '警情可见', spread(t.visible)], ['first message taken', '首条短信受理', spread(t.told)],
  ];
  return rows.map(([en, zh, value]) => `  ${en.padEnd(26)}${zh}${' '.repeat(Math.max(1, 20 - 2 * zh.length))}${value}`).join('\n');
}

export function verdictLines(verdicts: readonly Verdict[]): string {
  return verdicts.map((v) => `  ${v.ok ? 'ok    ' : 'FAILED'} ${v.en} · ${v.zh} — ${v.evidence}`).join('\n');
}
