import { ports } from '../lib/ports.ts';

/** Annotations by which Prometheus commonly finds what to scrape. */
const scrape = 'prometheus.io/scrape';
const port = 'prometheus.io/port';
const path = 'prometheus.io/path';

type Annotations = Readonly<Record<string, string>>;

/** What is changed so that one scrape of the agent gives the metrics of the application and the proxy together. */
export interface MergedMetrics {
  readonly annotations: Annotations;
  /** Where the application's own metrics are, for the agent; undefined when it has none. */
  readonly application?: { readonly scrape: string; readonly path: string; readonly port: string };
}

/** An application that says `prometheus.io/scrape: "false"` is left alone. */
export function mergeMetrics(annotations: Annotations): MergedMetrics {
  const wish = annotations[scrape];
  if (wish !== undefined && wish !== 'true') return { annotations: {} };
  const merged = {
    annotations: { [scrape]: 'true', [port]: String(ports.agentStatus), [path]: '/stats/prometheus' },
  };
  if (wish === undefined || annotations[port] === String(ports.agentStatus)) return merged;
  return {
    ...merged,
    application: { scrape: wish, path: annotations[path] ?? '/metrics', port: annotations[port] ?? '80' },
  };
}
