/**
 * The API at a constant arrival rate: lists, one alert in full, the status. What fails is judged as a share, and times are
 * only reported: they belong to the machine. Environment: BASE, TOKEN, RATE (requests per second), SECONDS, SUMMARY (a file).
 */
import { check } from 'k6';
import http, { type Response } from 'k6/http';
import { Trend } from 'k6/metrics';

const base = __ENV['BASE'] ?? 'http://127.0.0.1:8080';
const headers = { authorization: `Bearer ${__ENV['TOKEN'] ?? ''}` };
const paths = ['/api/v1/alerts?state=open', '/api/v1/people?limit=50', '/api/v1/homes?limit=50', '/api/v1/devices?limit=50', '/api/v1/status'];
const times = new Map([...paths, 'detail'].map((path) => [path, new Trend(`ms_${path.replace(/^.*\/(\w+)(\?.*)?$/, '$1')}`, true)]));

export const options = {
  scenarios: { api: { executor: 'constant-arrival-rate', rate: Number(__ENV['RATE'] ?? 60), timeUnit: '1s', duration: `${__ENV['SECONDS'] ?? '20'}s`, preAllocatedVUs: 20, maxVUs: 60 } },
  thresholds: { http_req_failed: ['rate<0.01'], checks: ['rate>0.99'] },
  summaryTrendStats: ['med', 'p(99)', 'max'],
};

/** Ids of alerts that are open now, found once per virtual user. */
let ids: string[] | null = null;

function get(path: string, name: string): Response {
  const began = Date.now();
  const answer = http.get(`${base}${path}`, { headers, tags: { name } });
  times.get(name)?.add(Date.now() - began);
  check(answer, { 'status is 200': (r) => r.status === 200 });
  return answer;
}

let turn = __VU;
export default function api(): void {
  const path = paths[turn++ % (paths.length + 1)];
  if (path !== undefined) { get(path, path); return; }
  ids ??= (get(paths[0] as string, paths[0] as string).json('alerts.#.id') as string[] | null) ?? [];
  const id = ids[turn % Math.max(1, ids.length)];
  if (id !== undefined) get(`/api/v1/alerts/${id}`, 'detail');
}

export function handleSummary(data: unknown): Record<string, string> { return { [__ENV['SUMMARY'] ?? 'stdout']: JSON.stringify(data) }; }
