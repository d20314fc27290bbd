import type { Panel } from '../dashboard.ts';

/** How fast counters grow, over what Grafana holds for a good time. */
export function rate(series: string): string {
  return `rate(${series}[$__rate_interval])`;
}

/** The median and the slowest hundredth of a histogram. */
export function quantiles(histogram: string): Panel['queries'] {
  return [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (${rate(withSuffix(histogram))}))`,
    legend: `p${quantile * 100}`,
  }));
}

/** `name{labels}` → `name_bucket{labels}` */
function withSuffix(histogram: string): string {
  return histogram.replace(/^\w+/, (name) => `${name}_bucket`);
}

/** What the processes need that export a series; `marker` is one that only they have. */
export function processPanels(marker: string): readonly Panel[] {
  const of = (series: string): string => `${series} and on (instance) ${marker}`;
  const legend = '{{pod}} {{instance}}';
  return [
    {
      title: 'CPU',
      description: 'Cores that each replica uses.',
      show: 'graph',
      unit: 'short',
      queries: [{ expr: of(rate('process_cpu_seconds_total')), legend }],
    },
    {
      title: 'Memory',
      description: 'Resident memory of each replica.',
      show: 'graph',
      unit: 'bytes',
      queries: [{ expr: of('process_resident_memory_bytes'), legend }],
    },
    {
      title: 'Event loop lag',
      description: 'How late the process gets to what is due; what lasts above 0.1 s is too little CPU.',
      show: 'graph',
      unit: 's',
      queries: [{ expr: of('nodejs_eventloop_lag_p99_seconds'), legend }],
    },
  ];
}
