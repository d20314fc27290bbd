import type { ClientReport } from '../quotes.ts';

export interface DemoReport {
  readonly client: ClientReport;
  /** Wanted share of each version, percent. */
  readonly wanted: Readonly<Record<string, number>>;
  /** What `kubectl get meshcontrolplane` prints. */
  readonly controlPlanes: string;
  /** How to call kubectl for this cluster. */
  readonly kubectl: string;
  readonly namespace: string;
  /** How to remove it all. */
  readonly down: string;
  readonly seconds: number;
}

/** The demo's outcome, for people. */
export function renderReport(report: DemoReport): string {
  const { client, controlPlanes, kubectl, namespace, down, seconds } = report;
  return [
    '',
    `${client.requests} requests from front to quotes, ${client.failedRequests} failed (p50 ${client.p50Ms} ms, p99 ${client.p99Ms} ms)`,
    '',
    ...splitTable(report),
    '',
    ...identityLines(client),
    '',
    '$ kubectl get meshcontrolplane',
    controlPlanes.trimEnd(),
    '',
    'What to try next:',
    '  # Change the weights; the next requests follow.',
    `  ${kubectl} -n ${namespace} edit virtualservice quotes`,
    '  # Send requests yourself, here to version 3 by a header.',
    `  ${kubectl} -n ${namespace} exec deploy/front -c front -- \\`,
    '    /usr/local/bin/node /app/client.ts --url http://quotes/ --requests 100 --header "x-version: v3"',
    '  # Conditions, components and events of the control plane.',
    `  ${kubectl} describe meshcontrolplane default`,
    '  # Remove all of it.',
    `  ${down}`,
    '',
    `Done in ${Math.round(seconds)} s.`,
    '',
  ].join('\n');
}

function splitTable({ client, wanted }: DemoReport): readonly string[] {
  const answered = client.requests - client.failedRequests;
  const versions = [...new Set([...Object.keys(wanted), ...Object.keys(client.versions)])].sort();
  const row = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(10) : cell.padStart(9))).join('  ');
  return [
    row(['version', 'asked for', 'requests', 'share']),
    ...versions.map((version) => {
      const count = client.versions[version] ?? 0;
      const share = answered === 0 ? 0 : (100 * count) / answered;
      return row([`quotes ${version}`, `${wanted[version] ?? 0} %`, String(count), `${share.toFixed(1)} %`]);
    }),
  ];
}

function identityLines(client: ClientReport): readonly string[] {
  const answered = client.requests - client.failedRequests;
  const authenticated = answered - client.unauthenticated;
  const names = (ids: Readonly<Record<string, number>>): string =>
    Object.entries(ids)
      .map(([id, count]) => `${id} (${count})`)
      .join(', ') || 'nobody';
  return [
    `Mutual TLS: in ${authenticated} of ${answered} answered requests both ends were authenticated`,
    `  client  ${names(client.clients)}`,
    `  server  ${names(client.servers)}`,
  ];
}
