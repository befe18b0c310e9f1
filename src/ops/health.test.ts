import { expect, it } from 'vitest';
import { aggregateMetrics, aggregateReadiness, mergeExpositions, startHealth } from './health.ts';
import { createMetrics } from './metrics.ts';

it('tells alive, ready with reasons, and figures, per role and together [G3]', async () => {
  let reasons: string[] = ['database unreachable'];
  const edgeMetrics = createMetrics('edge');
  edgeMetrics.counter('frames_total', 'Frames', ['door']).inc({ door: 'mqtt' }, 3);
  const edge = await startHealth({ role: 'edge', port: 0, reasons: () => reasons, metrics: edgeMetrics });
  const web = await startHealth({ role: 'web', port: 0, reasons: () => [], metrics: createMetrics('web') });
  const peers = [{ role: 'edge', url: edge.url }, { role: 'web', url: web.url }];
  expect((await fetch(`${edge.url}/healthz`)).status).toBe(200);
  const bad = await fetch(`${edge.url}/readyz`);
  expect(bad.status).toBe(503);
  expect(await bad.json()).toEqual({ ready: false, role: 'edge', reasons: ['database unreachable'] });
  expect(await aggregateReadiness(peers)).toMatchObject({ ready: false });
  reasons = [];
  expect((await fetch(`${edge.url}/readyz`)).status).toBe(200);
  expect(await aggregateReadiness(peers)).toEqual({ ready: true, roles: [{ role: 'edge', ready: true, reasons: [] }, { role: 'web', ready: true, reasons: [] }] });
  const text = await aggregateMetrics(peers);
  expect(text).toContain('anling_frames_total{door="mqtt",role="edge"} 3');
  expect(text.match(/^# TYPE anling_process_cpu_seconds_total /gm)).toHaveLength(1);
  expect((await fetch(`${edge.url}/other`)).status).toBe(404);
  expect((await fetch(`${edge.url}/readyz`, { method: 'POST' })).status).toBe(405);
  await edge.stop();
  const gone = await aggregateReadiness(peers);
  expect(gone.ready).toBe(false);
  expect(gone.roles[0]?.reasons[0]).toMatch(/edge does not answer/);
  expect(await aggregateMetrics(peers)).toContain('anling_up{role="edge"} 0');
  await web.stop();
  expect((await aggregateReadiness([])).ready).toBe(false);
});

it('keeps the samples of one metric together', () => {
  const merged = mergeExpositions(['# HELP a A\n# TYPE a counter\na{role="x"} 1\n# TYPE b gauge\nb 2', '# HELP a A\n# TYPE a counter\na{role="y"} 3\n']);
  expect(merged.split('\n')).toEqual(['# HELP a A', '# TYPE a counter', 'a{role="x"} 1', 'a{role="y"} 3', '# TYPE b gauge', 'b 2']);
});
