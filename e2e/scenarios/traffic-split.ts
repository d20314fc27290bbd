import { ensureMesh } from '../mesh.ts';
import { deployQuotes, sendRequests, splitTraffic } from '../quotes.ts';
import type { ClientReport } from '../quotes.ts';
import { eventually } from '../eventually.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-split';
const requests = 1_000;

export const trafficSplit: Scenario = {
  name: 'traffic-split',
  summary: 'a VirtualService splits traffic 90/10 and by header, over mutual TLS with both identities known',
  async run(environment, check) {
    await ensureMesh(environment);
    try {
      await deployQuotes(environment, namespace);
      await splitTraffic(environment, namespace);
      await eventually('the split holds', async () => {
        const probe = await sendRequests(environment, namespace, { requests: 20 });
        return probe.failedRequests === 0 && !('v3' in probe.versions) ? probe : undefined;
      });
      const report = await sendRequests(environment, namespace, { requests });
      const { v1 = 0, v2 = 0 } = report.versions;
      check('no request failed', report.failedRequests === 0, report.errors);
      // Four standard deviations of a binomial distribution: wrong once in 16,000 runs.
      const tolerance = 4 * Math.sqrt(requests * 0.9 * 0.1);
      check('nine of ten went to v1', Math.abs(v1 - 0.9 * requests) <= tolerance, report.versions);
      check('all others went to v2', v1 + v2 === requests, report.versions);
      check('every request was authenticated', report.unauthenticated === 0, report.unauthenticated);
      checkIdentities(report, check);
      const byHeader = await sendRequests(environment, namespace, { requests: 50, headers: ['x-version: v3'] });
      check('the header leads to v3 alone', byHeader.versions['v3'] === 50, byHeader.versions);
      const { failedRequests, resetConnections, versions, p50Ms, p99Ms } = report;
      return { requests, failedRequests, resetConnections, versions, p50Ms, p99Ms };
    } finally {
      await removeNamespace(environment, namespace);
    }
  },
};

function checkIdentities(report: ClientReport, check: Parameters<Scenario['run']>[1]): void {
  const client = `spiffe://cluster.local/ns/${namespace}/sa/front`;
  const server = `spiffe://cluster.local/ns/${namespace}/sa/quotes`;
  check("the client's identity is that of its service account", report.clients[client] === requests, report.clients);
  check("the server's identity is that of its service account", report.servers[server] === requests, report.servers);
}
