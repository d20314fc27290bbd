import { proxyReport } from '../config/istiod-names.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { formatMicroTime } from '../lib/kube/clock.ts';
import { leases } from '../lib/kube/resources.ts';
import type { Logger } from '../lib/logger.ts';

const fieldManager = 'meltemi-istiod';
const intervalMs = 5_000;
const leaseDurationSeconds = 60;
/** A report that takes longer is given up; the end of the process waits for it, too. */
const timeoutMs = 3_000;

export interface ProxyReportOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly revision: string;
  /** This replica's pod; its uid makes the Lease go when the pod goes. */
  readonly pod: { readonly name: string; readonly uid?: string };
  readonly status: () => { readonly connected: number; readonly synced: number };
  readonly logger: Logger;
}

/**
 * Tells the operator how many proxies this replica serves: in annotations of a Lease named after the pod, written when
 * the numbers change, looked at every five seconds. Returns a function that stops it and removes the Lease.
 */
export function startProxyReport(options: ProxyReportOptions): () => Promise<void> {
  const { client, namespace, pod, logger } = options;
  let written = '';
  let running: Promise<void> = Promise.resolve();
  const report = async (): Promise<void> => {
    const { connected, synced } = options.status();
    const numbers = `${connected}/${synced}`;
    if (numbers === written) return;
    await client.apply(leases, reportLease(options, connected, synced), { fieldManager, force: true, timeoutMs });
    written = numbers;
  };
  const tick = (): void => {
    running = running.then(report).catch((error: unknown) => {
      logger.warn('cannot report the number of proxies; trying again', { lease: `${namespace}/${pod.name}`, error });
    });
  };
  const timer = setInterval(tick, intervalMs);
  tick();
  return async () => {
    clearInterval(timer);
    await running;
    await client.delete(leases, { namespace, name: pod.name }, { timeoutMs }).catch((error: unknown) => {
      logger.warn('cannot remove the report of proxies', { lease: `${namespace}/${pod.name}`, error });
    });
  };
}

function reportLease({ namespace, revision, pod }: ProxyReportOptions, connected: number, synced: number) {
  const { name, uid } = pod;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace,
      labels: { [proxyReport.label]: revision },
      annotations: {
        [proxyReport.connected]: String(connected),
        [proxyReport.synced]: String(synced),
      },
      ...(uid === undefined ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }] }),
    },
    spec: { holderIdentity: name, leaseDurationSeconds, renewTime: formatMicroTime(Date.now()) },
  };
}
