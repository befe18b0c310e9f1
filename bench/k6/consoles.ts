/**
 * Consoles at the live channel: each says hello, beats as a page does, and measures how old an alert is when its frame comes
 * (server and k6 read the clock of one machine). Judged: the share of consoles that were let in, kept, and saw every new
 * alert. Environment: BASE, COOKIE, CONSOLES, SECONDS, ALERTS (raised meanwhile), SUMMARY.
 */
import { check } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

type Frame = { type: string; seq?: number; epoch?: string; what?: string; alert?: { id: string; count: number; openedAt: number } };

const base = __ENV['BASE'] ?? 'http://127.0.0.1:8080';
const seconds = Number(__ENV['SECONDS'] ?? 20);
const delay = new Trend('frame_delay', true);
const frames = new Counter('frames');

export const options = {
  scenarios: { consoles: { executor: 'per-vu-iterations', vus: Number(__ENV['CONSOLES'] ?? 50), iterations: 1, maxDuration: `${seconds + 30}s` } },
  thresholds: { checks: ['rate>0.99'] },
  summaryTrendStats: ['med', 'p(99)', 'max'],
};

export default function console_(): void {
  const tabId = `k6-${__VU}`;
  const begin = Date.now();
  const seen = new Set<string>();
  let [snapshot, cut, lastSeq] = [false, true, 0];
  const ws = new WebSocket(`${base.replace(/^http/, 'ws')}/api/v1/live`, null, { headers: { cookie: __ENV['COOKIE'] ?? '', origin: base } });
  ws.onopen = () => {
    ws.send(JSON.stringify({ type: 'hello', epoch: null, lastSeq: 0, tabId }));
    const beat = setInterval(() => ws.send(JSON.stringify({ type: 'beat', tabId, visible: true, audio: 'running', lastSeq })), 3_000);
    setTimeout(() => { cut = false; clearInterval(beat); ws.close(); }, seconds * 1_000);
  };
  ws.onmessage = ({ data }) => {
    const frame = JSON.parse(data) as Frame;
    if (frame.type === 'snapshot') snapshot = true;
    if (frame.type !== 'alert' || !frame.alert) return;
    frames.add(1);
    lastSeq = frame.seq ?? lastSeq;
    if (frame.alert.openedAt < begin || seen.has(frame.alert.id)) return;
    seen.add(frame.alert.id);
    delay.add(Date.now() - frame.alert.openedAt);
  };
  ws.onclose = () => check(null, { 'was let in': () => snapshot, 'was not cut off': () => !cut, 'saw every alert': () => seen.size >= Number(__ENV['ALERTS'] ?? 0) });
}

export function handleSummary(data: unknown): Record<string, string> { return { [__ENV['SUMMARY'] ?? 'stdout']: JSON.stringify(data) }; }
