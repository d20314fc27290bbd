import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from '../ca/api/gen/istio_ca_pb.js';
import { ecKey, makeRequest } from '../ca/signing-request.testing.ts';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { ControlPlane } from '../e2e/cluster/control-plane.ts';
import { createAuthenticator } from '../lib/authentication.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import { namespaces, pods, secrets, serviceAccounts } from '../lib/kube/resources.ts';
import { reviewToken } from '../lib/kube/token-review.ts';
import type { IstiodProcess } from './istiod-process.testing.ts';
import { startIstiod } from './istiod-process.testing.ts';

const namespace = 'shop';
/** What this process and the API server remember together, and time for a busy machine. */
const soon = { timeout: 60_000, interval: 200 };

let cluster: ControlPlane;
let client: KubeClient;
let replica: IstiodProcess;
let root: Buffer;

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'token-life-test' });
  client = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  for (const name of [namespace, 'istio-system']) await client.create(namespaces, { metadata: { name } });
  await client.create(serviceAccounts, { metadata: { namespace, name: 'web' } });
  replica = await startIstiod(cluster.kubeconfig);
  await vi.waitFor(async () => expect(await replica.ready()).toMatchObject({ status: 200 }), soon);
  const secret = await client.get(secrets, { namespace: 'istio-system', name: 'istio-ca-secret' });
  root = Buffer.from(secret?.data?.['root-cert.pem'] ?? '', 'base64');
});

afterAll(async () => {
  await replica.stop();
  await client.close();
  await cluster.stop();
});

/** Makes a pod, which no kubelet runs, and a token bound to it. */
async function podToken(name: string): Promise<string> {
  const metadata = { namespace, name };
  const containers = [{ name: 'app', image: 'none' }];
  const pod = await client.create(pods, { metadata, spec: { serviceAccountName: 'web', containers } });
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { namespace, name: 'web' },
    spec: {
      audiences: ['istio-ca'],
      expirationSeconds: 3600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid: pod.metadata.uid },
    },
  };
  const answer = await client.create(serviceAccounts, request, { subresource: 'token' });
  return (answer as KubeObject & { readonly status: { readonly token: string } }).status.token;
}

const deletePod = (name: string): Promise<boolean> =>
  client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 });

/** How many certificates the chain has, or the refusal's words. */
function order(token: string): Promise<number | { readonly code: number; readonly details: string }> {
  const caller = new Client(`127.0.0.1:${replica.ports.secure}`, credentials.createSsl(root), {
    'grpc.ssl_target_name_override': 'istiod.istio-system.svc',
  });
  onTestFinished(() => caller.close());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const bytes = (value: Buffer): Buffer => value;
  const message = create(IstioCertificateRequestSchema, { csr: makeRequest({ key: ecKey() }) });
  const encoded = Buffer.from(toBinary(IstioCertificateRequestSchema, message));
  const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
  return new Promise((resolve) => {
    caller.makeUnaryRequest(path, bytes, bytes, encoded, metadata, (error, value) => {
      if (error !== null) resolve({ code: error.code, details: error.details });
      else resolve(fromBinary(IstioCertificateResponseSchema, value ?? Buffer.alloc(0)).certChain.length);
    });
  });
}

describe('the token of a pod', () => {
  it('is good for a certificate until the pod is gone, and not for one after', async () => {
    const token = await podToken('web-1');
    expect(await order(token)).toBe(2);
    await deletePod('web-1');
    // By the watch: the API server itself would still take it.
    const gone = { code: status.UNAUTHENTICATED, details: "the token's pod web-1 is gone" };
    await expect.poll(() => order(token), soon).toEqual(gone);
  });

  it('does not come back with another pod of the same name', async () => {
    const first = await podToken('web-2');
    expect(await order(first)).toBe(2);
    await deletePod('web-2');
    const second = await podToken('web-2');
    expect(await order(second)).toBe(2);
    await expect.poll(() => order(first), soon).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await order(second)).toBe(2);
  });

  it('is believed for a bounded time where no watch says that the pod is gone', async () => {
    const token = await podToken('web-3');
    const authenticate = createAuthenticator({
      trustDomain: 'cluster.local',
      audience: 'istio-ca',
      reviewToken: (shown) => reviewToken(client, shown, 'istio-ca'),
    });
    const outcome = (): Promise<string> =>
      authenticate({ authorization: `Bearer ${token}` }).then(
        ({ pod }) => pod?.name ?? '',
        (error: unknown) => String(error),
      );
    expect(await outcome()).toBe('web-3');
    await deletePod('web-3');
    await expect.poll(outcome, soon).toMatch(/the API server does not know the token/);
  });

  it('is in no log, whether it is taken or refused', async () => {
    const token = await podToken('web-4');
    await order(token);
    await order(`${token.slice(0, -8)}AAAAAAAA`);
    await expect.poll(() => replica.output(), soon).toMatch(/"component":"audit".*certificate refused/);
    expect(replica.output()).toMatch(/"component":"audit","message":"certificate issued".*"pod":"shop\/web-4"/);
    expect(replica.output()).not.toContain(token.split('.')[1]);
  });
});
