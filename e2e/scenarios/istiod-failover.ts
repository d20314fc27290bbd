import { pods } from '../../lib/kube/resources.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { ensureMesh, meshNamespace, waitForControlPlane } from '../mesh.ts';
import { deployQuotes, sendRequests, splitTraffic, startRequests } from '../quotes.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-failover';
const rate = 200;
const seconds = 20;

export const istiodFailover: Scenario = {
  name: 'istiod-failover',
  summary: 'a replica of istiod killed under 200 requests a second costs no failed request',
  async run(environment, check) {
    await ensureMesh(environment);
    try {
      await deployQuotes(environment, namespace);
      await splitTraffic(environment, namespace);
      // A pod is Ready before its endpoint is everywhere; what gets lost then has nothing to do with the replica.
      await eventually('quotes to answer', async () => {
        const { failedRequests } = await sendRequests(environment, namespace, { requests: 100 });
        return failedRequests === 0 ? true : undefined;
      });
      const load = startRequests(environment, namespace, { requests: rate * seconds, rate });
      const killed = await killReplica(environment);
      const report = await load;
      const { errors, failedBetweenSeconds } = report;
      check('no request failed', report.failedRequests === 0, { errors, failedBetweenSeconds });
      check('no connection was reset', report.resetConnections === 0, report.resetConnections);
      await eventually('the replica is replaced', async () => {
        await waitForControlPlane(environment);
        return true;
      });
      check('the control plane is Ready again', true);
      const { requests, failedRequests, resetConnections, p50Ms, p99Ms } = report;
      return { requests, failedRequests, resetConnections, p50Ms, p99Ms, killed };
    } finally {
      await removeNamespace(environment, namespace);
    }
  },
};

/** Without a grace period, as when a node dies. */
async function killReplica({ client }: Environment): Promise<string> {
  const { items } = await client.list(pods, { namespace: meshNamespace, labelSelector: 'app=istiod' });
  const [pod] = items;
  if (pod === undefined) throw new Error(`there is no istiod pod in ${meshNamespace}`);
  await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });
  return pod.metadata.name;
}
