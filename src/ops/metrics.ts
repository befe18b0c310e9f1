/** Figures for Prometheus, one registry per role; every name begins with `anling_` and carries the role as a label. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type { Counter, Gauge, Histogram };
export type Metrics = {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  /** `buckets` in the unit of the name, ascending. */
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram;
  /** The exposition text of everything in this role. */
  text(): Promise<string>;
};

const full = (name: string): string => (name.startsWith('anling_') ? name : `anling_${name}`);

/** A registry of one role, with the process's own figures in it. Asking for a name twice gives the same instrument. */
export function createMetrics(role: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry, prefix: 'anling_' });
  const once = <T>(name: string, make: (options: { name: string; registers: Registry[] }) => T): T =>
    (registry.getSingleMetric(full(name)) as T | undefined) ?? make({ name: full(name), registers: [registry] });
  return {
    counter: (name, help, labels = []) => once(name, (o) => new Counter({ ...o, help, labelNames: labels })),
    gauge: (name, help, labels = []) => once(name, (o) => new Gauge({ ...o, help, labelNames: labels })),
    histogram: (name, help, buckets, labels = []) => once(name, (o) => new Histogram({ ...o, help, buckets: [...buckets], labelNames: labels })),
    text: () => registry.metrics(),
  };
}
