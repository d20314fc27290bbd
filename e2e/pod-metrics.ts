import { pods } from '../lib/kube/resources.ts';
import type { Environment } from './environment.ts';

export interface MetricsSource {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly port: number;
}

/** The metrics pages of all running pods that a selector chooses, as the API server fetches them. */
export async function podMetrics({ client }: Environment, source: MetricsSource): Promise<readonly string[]> {
  const { namespace, labelSelector, port } = source;
  const { items } = await client.list(pods, { namespace, labelSelector });
  const running = items.filter(({ metadata, status }) => !metadata.deletionTimestamp && status?.phase === 'Running');
  return Promise.all(
    running.map(({ metadata: { name } }) =>
      client.raw(`/api/v1/namespaces/${namespace}/pods/${name}:${String(port)}/proxy/metrics`),
    ),
  );
}

/** The sum of all series of a metric. */
export function total(pages: readonly string[], metric: string): number {
  const lines = pages.flatMap((page) => page.split('\n')).filter((line) => /^\w+/.exec(line)?.[0] === metric);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
