import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export { Registry } from 'prom-client';
export type { Counter, Gauge, Histogram } from 'prom-client';

interface MetricOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly L[];
}

/** A registry, with the process's own metrics (memory, CPU, event loop) unless told otherwise. */
export function createRegistry(options: { readonly processMetrics?: boolean } = {}): Registry {
  const registry = new Registry();
  if (options.processMetrics !== false) collectDefaultMetrics({ register: registry });
  return registry;
}

/** The body of `/metrics` and its content type (Prometheus text format 0.0.4). */
export async function renderMetrics(
  registry: Registry,
): Promise<{ readonly contentType: string; readonly body: string }> {
  return { contentType: registry.contentType, body: await registry.metrics() };
}

/**
 * The registry's counter of that name, made on first use, so that several instances of a component share one. The
 * same holds for `gauge` and `histogram`. Throws when the name is taken by another type of metric.
 */
export function counter<L extends string>(registry: Registry, options: MetricOptions<L>): Counter<L> {
  const known = registry.getSingleMetric(options.name);
  if (known === undefined)
    return new Counter({ ...options, labelNames: options.labelNames ?? [], registers: [registry] });
  if (known instanceof Counter) return known;
  throw new Error(`metric ${options.name} is already registered and is not a counter`);
}

/** `collect` sets the value at each scrape, for gauges of what changes by itself. */
export function gauge<L extends string>(
  registry: Registry,
  options: MetricOptions<L> & { readonly collect?: (metric: Gauge<L>) => void },
): Gauge<L> {
  const { collect, ...rest } = options;
  const known = registry.getSingleMetric(options.name);
  if (known === undefined) {
    const onScrape =
      collect === undefined
        ? {}
        : {
            collect(this: Gauge<L>): void {
              collect(this);
            },
          };
    return new Gauge({ ...rest, ...onScrape, labelNames: options.labelNames ?? [], registers: [registry] });
  }
  if (known instanceof Gauge) return known;
  throw new Error(`metric ${options.name} is already registered and is not a gauge`);
}

/** `buckets` are upper bounds, in the unit of the observed value. */
export function histogram<L extends string>(
  registry: Registry,
  options: MetricOptions<L> & { readonly buckets: readonly number[] },
): Histogram<L> {
  const known = registry.getSingleMetric(options.name);
  if (known === undefined) {
    return new Histogram({
      ...options,
      labelNames: options.labelNames ?? [],
      buckets: [...options.buckets],
      registers: [registry],
    });
  }
  if (known instanceof Histogram) return known;
  throw new Error(`metric ${options.name} is already registered and is not a histogram`);
}
