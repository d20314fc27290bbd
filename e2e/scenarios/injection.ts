import { pods } from '../../lib/kube/resources.ts';
import type { Environment } from '../environment.ts';
import { ensureMesh } from '../mesh.ts';
import { deployQuotes } from '../quotes.ts';
import type { Scenario } from '../scenario.ts';
import { sampleImage } from '../environment.ts';

const namespace = 'e2e-injection';

export const injection: Scenario = {
  name: 'injection',
  summary: 'pods of a labelled namespace get a native sidecar, others and those that say no do not',
  async run(environment, check) {
    const { cluster, client } = environment;
    await ensureMesh(environment);
    try {
      await deployQuotes(environment, namespace);
      const { items } = await client.list(pods, { namespace });
      const proxies = items.map(({ spec }) => spec?.initContainers?.find(({ name }) => name === 'istio-proxy'));
      check('every pod has the sidecar', proxies.length === 4 && proxies.every((proxy) => proxy !== undefined));
      check(
        'it is a native sidecar',
        proxies.every((proxy) => proxy?.restartPolicy === 'Always'),
      );
      const probes = await cluster.kubectl([
        '-n',
        namespace,
        'get',
        'pods',
        '-o',
        'jsonpath={..readinessProbe.httpGet}',
      ]);
      check('the probes of the application go through the agent', probes.includes('/app-health/front/readyz'), probes);

      await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(podThatSaysNo()) });
      await cluster.kubectl(['-n', namespace, 'wait', 'pod/aside', '--for=condition=Ready', '--timeout=60s']);
      const aside = await client.get(pods, { namespace, name: 'aside' });
      check('a pod that says no gets none', (aside?.spec?.initContainers ?? []).length === 0, aside?.spec);
      return { pods: items.length };
    } finally {
      await removeNamespace(environment, namespace);
    }
  },
};

function podThatSaysNo() {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'aside', namespace, labels: { 'sidecar.istio.io/inject': 'false' } },
    spec: { containers: [{ name: 'app', image: sampleImage }], terminationGracePeriodSeconds: 0 },
  };
}

/** Scenarios leave nothing behind; they don't wait for it either. */
export async function removeNamespace({ cluster }: Environment, name: string): Promise<void> {
  await cluster.kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait=false']);
}
