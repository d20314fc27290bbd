import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../authentication.ts';
import { loadKubeClient } from './client.ts';
import type { KubeClient } from './client.ts';
import { startTestControlPlane } from './control-plane.testing.ts';
import type { TestControlPlane } from './control-plane.testing.ts';
import type { KubeObject } from './object.ts';
import { serviceAccounts } from './resources.ts';
import { reviewToken } from './token-review.ts';

let cluster: TestControlPlane;
let client: KubeClient;
const namespace = 'default';

beforeAll(async () => {
  cluster = await startTestControlPlane('token-review-test');
  client = loadKubeClient({ kubeconfig: cluster.kubeconfig });
});

afterAll(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

interface TokenRequest extends KubeObject {
  readonly status?: { readonly token: string };
}

async function tokenOf(serviceAccount: string, audience: string): Promise<string> {
  const metadata = { namespace, name: serviceAccount };
  await client.apply(serviceAccounts, { metadata }, { fieldManager: 'test' });
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata,
    spec: { audiences: [audience], expirationSeconds: 600 },
  };
  const answer: TokenRequest = await client.create(serviceAccounts, request, { subresource: 'token' });
  return answer.status?.token ?? '';
}

describe('a token of a real API server', () => {
  it('proves its service account', async () => {
    const authenticate = createAuthenticator({
      trustDomain: 'cluster.local',
      audience: 'istio-ca',
      reviewToken: (token) => reviewToken(client, token, 'istio-ca'),
    });
    const authorization = `Bearer ${await tokenOf('web', 'istio-ca')}`;
    expect(await authenticate({ authorization })).toEqual({
      identity: { trustDomain: 'cluster.local', namespace, serviceAccount: 'web' },
      provenBy: 'service-account-token',
    });
  });

  it('is refused when it was made for another audience', async () => {
    const token = await tokenOf('web', 'vault');
    expect(await reviewToken(client, token, 'istio-ca')).toMatchObject({ authenticated: false });
  });

  it('is refused when it was changed, and once its service account is gone', async () => {
    const token = await tokenOf('short-lived', 'istio-ca');
    const changed = `${token.slice(0, -8)}AAAAAAAA`;
    expect(await reviewToken(client, changed, 'istio-ca')).toMatchObject({ authenticated: false });
    expect(await reviewToken(client, token, 'istio-ca')).toMatchObject({ authenticated: true });
    await client.delete(serviceAccounts, { namespace, name: 'short-lived' });
    // The API server remembers a token that it has seen for ten seconds.
    await expect
      .poll(() => reviewToken(client, token, 'istio-ca'), { timeout: 30_000, interval: 500 })
      .toMatchObject({ authenticated: false });
  });
});
