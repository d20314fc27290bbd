import { sampleImage } from '../environment.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { ensureMesh } from '../mesh.ts';
import { deployQuotes, sendRequests } from '../quotes.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const namespace = 'e2e-mtls';
const outside = 'e2e-mtls-outside';

export const mutualTls: Scenario = {
  name: 'mutual-tls',
  summary: 'PERMISSIVE takes a plaintext client from outside the mesh, STRICT refuses it; clients inside do not notice',
  async run(environment, check) {
    const { cluster } = environment;
    await ensureMesh(environment);
    try {
      await deployQuotes(environment, namespace);
      await startOutsider(environment);
      const url = `http://quotes.${namespace}/`;
      const fromOutside = (requests: number) =>
        sendRequests(environment, outside, { url, requests, from: 'pod/outsider', container: 'app' });
      const permissive = await fromOutside(20);
      check('PERMISSIVE takes a plaintext client', permissive.failedRequests === 0, permissive.errors);
      check('... and does not take it for an authenticated one', permissive.unauthenticated === 20);

      await setMode(environment, 'STRICT');
      const strict = await eventually('STRICT refuses a plaintext client', async () => {
        const report = await fromOutside(5);
        return report.failedRequests === 5 ? report : undefined;
      });
      check('STRICT refuses a plaintext client', strict.failedRequests === 5, strict);
      const inside = await sendRequests(environment, namespace, { requests: 100 });
      check('clients inside the mesh go on', inside.failedRequests === 0, inside.errors);
      check('... with their identities', inside.unauthenticated === 0, inside.unauthenticated);

      await setMode(environment, 'PERMISSIVE');
      await eventually('PERMISSIVE takes it again', async () => {
        const report = await fromOutside(5);
        return report.failedRequests === 0 ? report : undefined;
      });
      check('PERMISSIVE takes it again', true);
      return { requests: inside.requests, failedRequests: inside.failedRequests, refused: strict.errors };
    } finally {
      await cluster.kubectl(['-n', namespace, 'delete', 'peerauthentication', '--all', '--ignore-not-found']);
      await removeNamespace(environment, namespace);
      await removeNamespace(environment, outside);
    }
  },
};

async function startOutsider({ cluster }: Environment): Promise<void> {
  const manifest = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: outside } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'outsider', namespace: outside },
      spec: { containers: [{ name: 'app', image: sampleImage }], terminationGracePeriodSeconds: 0 },
    },
  ];
  const list = { apiVersion: 'v1', kind: 'List', items: manifest };
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(list) });
  await cluster.kubectl(['-n', outside, 'wait', 'pod/outsider', '--for=condition=Ready', '--timeout=90s']);
}

async function setMode({ cluster }: Environment, mode: string): Promise<void> {
  const policy = {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace },
    spec: { mtls: { mode } },
  };
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(policy) });
}
