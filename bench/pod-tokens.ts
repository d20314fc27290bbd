import type { KubeClient } from '../lib/kube/client.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import { namespaces, pods, serviceAccounts } from '../lib/kube/resources.ts';
import { sidecar } from '../lib/sidecar.ts';

/** A pod's identity, and the token that proves it. */
export interface PodToken {
  readonly identity: string;
  readonly token: string;
}

interface TokenRequest extends KubeObject {
  readonly status?: { readonly token: string };
}

const namespace = 'callers';
const atOnce = 16;

/** Makes so many pods, each with a service account of its own, and a token bound to each, as the kubelet projects it. */
export async function makePodTokens(client: KubeClient, count: number): Promise<readonly PodToken[]> {
  await client.apply(namespaces, { metadata: { name: namespace } }, { fieldManager: 'meltemi-bench' });
  const tokens: PodToken[] = [];
  for (let made = 0; made < count; made += atOnce) {
    const names = Array.from({ length: Math.min(atOnce, count - made) }, (_, at) => `caller-${made + at}`);
    tokens.push(...(await Promise.all(names.map((name) => makePodToken(client, name)))));
  }
  return tokens;
}

async function makePodToken(client: KubeClient, name: string): Promise<PodToken> {
  const metadata = { namespace, name };
  await client.create(serviceAccounts, { metadata });
  const containers = [{ name: 'app', image: 'none' }];
  const pod = await client.create(pods, { metadata, spec: { serviceAccountName: name, containers } });
  const { uid } = pod.metadata;
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata,
    spec: {
      audiences: [sidecar.tokenAudience],
      expirationSeconds: 43_200,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  };
  const answer: TokenRequest = await client.create(serviceAccounts, request, { subresource: 'token' });
  return { identity: `spiffe://cluster.local/ns/${namespace}/sa/${name}`, token: answer.status?.token ?? '' };
}
