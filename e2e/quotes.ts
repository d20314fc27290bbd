import { readFile } from 'node:fs/promises';
import { namespaces } from '../lib/kube/resources.ts';
import { version } from '../lib/version.ts';
import type { Environment } from './environment.ts';
import { inRepository } from './environment.ts';
import { eventually } from './eventually.ts';

/** What `samples/quotes/client.ts` prints. */
export interface ClientReport {
  readonly requests: number;
  readonly failedRequests: number;
  readonly resetConnections: number;
  /** Answers by version of quotes. */
  readonly versions: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  /** SPIFFE ids that the server's sidecar saw, with the number of answers. */
  readonly clients: Readonly<Record<string, number>>;
  readonly servers: Readonly<Record<string, number>>;
  readonly unauthenticated: number;
  readonly errors: Readonly<Record<string, number>>;
  /** When the first and the last failed request were sent, in seconds from the start; empty when none failed. */
  readonly failedBetweenSeconds: readonly number[];
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The sample's manifests for another namespace, with the images of this version. */
export async function quotesManifest(file: 'quotes.yaml' | 'split.yaml', namespace: string): Promise<string> {
  const text = await readFile(inRepository(`samples/quotes/${file}`), 'utf8');
  return text
    .replaceAll(/namespace: quotes\b/g, `namespace: ${namespace}`)
    .replace(/kind: Namespace\nmetadata:\n {2}name: quotes/, `kind: Namespace\nmetadata:\n  name: ${namespace}`)
    .replaceAll(/(meltemi\/sample-quotes):\S+/g, `$1:${version}`);
}

/** Brings the sample up in a namespace and waits until all of it is ready. */
export async function deployQuotes({ cluster, client, progress }: Environment, namespace: string): Promise<void> {
  progress(`sample: bringing up quotes in namespace ${namespace}`);
  await eventually(`namespace ${namespace} of an earlier run to be gone`, async () => {
    const found = await client.get(namespaces, { name: namespace });
    return found?.metadata.deletionTimestamp === undefined ? true : undefined;
  });
  await cluster.kubectl(['apply', '-f', '-'], { input: await quotesManifest('quotes.yaml', namespace) });
  for (const name of ['front', 'quotes-v1', 'quotes-v2', 'quotes-v3']) {
    await cluster.kubectl(['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=180s']);
  }
}

/** As many pods of version 1. */
export async function scaleQuotes({ cluster }: Environment, namespace: string, replicas: number): Promise<void> {
  await cluster.kubectl(['-n', namespace, 'scale', 'deployment/quotes-v1', `--replicas=${replicas}`]);
  await cluster.kubectl(['-n', namespace, 'rollout', 'status', 'deployment/quotes-v1', '--timeout=180s']);
}

export async function splitTraffic({ cluster }: Environment, namespace: string): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], { input: await quotesManifest('split.yaml', namespace) });
}

export interface Load {
  readonly url?: string;
  readonly requests: number;
  /** Requests a second; as fast as it goes without. */
  readonly rate?: number;
  readonly headers?: readonly string[];
  /** `deploy/front` by default. */
  readonly from?: string;
  readonly container?: string;
}

/** Starts sending, for a scenario that does something meanwhile; a failure is told when the result is awaited. */
export function startRequests(environment: Environment, namespace: string, load: Load): Promise<ClientReport> {
  const report = sendRequests(environment, namespace, load);
  // Without a listener of its own, a failure would end the process before the scenario gets to it.
  report.catch(() => undefined);
  return report;
}

/** Sends requests from a pod of the sample and gives what came back. */
export async function sendRequests({ cluster }: Environment, namespace: string, load: Load): Promise<ClientReport> {
  const { url = 'http://quotes/', requests, rate = 0, headers = [], from = 'deploy/front', container = 'front' } = load;
  const client = ['/usr/local/bin/node', '/app/client.ts', '--url', url, '--requests', String(requests)];
  const flags = ['--rate', String(rate), ...headers.flatMap((header) => ['--header', header])];
  const output = await cluster.kubectl(['-n', namespace, 'exec', from, '-c', container, '--', ...client, ...flags], {
    timeoutMs: 300_000,
  });
  return JSON.parse(output) as ClientReport;
}
