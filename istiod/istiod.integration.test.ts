import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { IstioCertificateRequestSchema, IstioCertificateResponseSchema } from '../ca/api/gen/istio_ca_pb.js';
import { ecKey, makeRequest } from '../ca/signing-request.testing.ts';
import { virtualServices } from '../crds/kinds.ts';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { ControlPlane } from '../e2e/cluster/control-plane.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import {
  customResourceDefinitions,
  endpointSlices,
  namespaces,
  secrets,
  serviceAccounts,
  services,
} from '../lib/kube/resources.ts';
import type { CustomResourceDefinition } from '../lib/kube/types.ts';
import type { DeltaDiscoveryResponse } from '../xds/envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import { AdsClient, sidecarNode } from '../xds/serve/ads-client.testing.ts';
import type { IstiodProcess } from './istiod-process.testing.ts';
import { startIstiod } from './istiod-process.testing.ts';

const serverName = 'istiod.istio-system.svc';
const namespace = 'shop';
const soon = { timeout: 60_000, interval: 100 };
const webCluster = 'outbound|80||web.shop.svc.cluster.local';

let cluster: ControlPlane;
let client: KubeClient;
/** Two replicas, started on an API server that has neither their namespace nor their kinds. */
let replicas: readonly [IstiodProcess, IstiodProcess];
/** The root in the Secret, PEM. */
let root: string;

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'istiod-test' });
  client = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  await client.create(namespaces, { metadata: { name: namespace } });
  for (const name of ['web', 'other']) await client.create(serviceAccounts, { metadata: { namespace, name } });
  await putService('web', '10.1.0.1');
  replicas = await Promise.all([startIstiod(cluster.kubeconfig), startIstiod(cluster.kubeconfig)]);
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()));
  await client.close();
  await cluster.stop();
});

async function putService(name: string, ...addresses: string[]): Promise<void> {
  const options = { fieldManager: 'test', force: true };
  const spec = { ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
  await client.apply(services, { metadata: { namespace, name }, spec }, options);
  const slice = {
    metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address] })),
    ports: [{ name: 'http', port: 8080 }],
  };
  await client.apply(endpointSlices, slice, options);
}

async function tokenOf(serviceAccount: string, audience = 'istio-ca'): Promise<string> {
  const order = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { namespace, name: serviceAccount },
    spec: { audiences: [audience], expirationSeconds: 3600 },
  };
  const answer = await client.create(serviceAccounts, order, { subresource: 'token' });
  return (answer as KubeObject & { readonly status: { readonly token: string } }).status.token;
}

function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** A stream that asks for all clusters. */
function connect({ ports }: IstiodProcess, token?: string, serviceAccount = 'web'): AdsClient {
  const proxy =
    token === undefined
      ? new AdsClient(`127.0.0.1:${ports.plaintext}`, credentials.createInsecure())
      : new AdsClient(`127.0.0.1:${ports.secure}`, credentials.createSsl(Buffer.from(root)), bearer(token), serverName);
  onTestFinished(() => proxy.vanish());
  proxy.subscribe('cluster', ['*'], sidecarNode('web-1', namespace, serviceAccount));
  return proxy;
}

const namesIn = ({ resources }: DeltaDiscoveryResponse): string[] => resources.map(({ name }) => name);

/** Reads responses until one holds the text. */
async function untilSent(proxy: AdsClient, text: string): Promise<void> {
  const holds = ({ resources }: DeltaDiscoveryResponse): boolean =>
    resources.some(({ resource }) => Buffer.from(resource?.value ?? []).includes(text));
  while (!holds(await proxy.next()));
}

function post(replica: IstiodProcess, path: string, body: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { webhook: port } = replica.ports;
    const options = { host: '127.0.0.1', port, path, method: 'POST', ca: root, servername: serverName };
    const call = request(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(JSON.parse(text)));
    });
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
}

/** The certificates that the CA gives for a request. */
function createCertificate(replica: IstiodProcess, token: string): Promise<readonly string[]> {
  const caller = new Client(`127.0.0.1:${replica.ports.secure}`, credentials.createSsl(Buffer.from(root)), {
    'grpc.ssl_target_name_override': serverName,
  });
  onTestFinished(() => caller.close());
  const bytes = (value: Buffer): Buffer => value;
  const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
  const message = create(IstioCertificateRequestSchema, { csr: makeRequest({ key: ecKey() }) });
  const encoded = Buffer.from(toBinary(IstioCertificateRequestSchema, message));
  return new Promise((resolve, reject) => {
    caller.makeUnaryRequest(path, bytes, bytes, encoded, bearer(token), (error, value) => {
      if (error !== null) reject(error);
      else resolve(fromBinary(IstioCertificateResponseSchema, value ?? Buffer.alloc(0)).certChain);
    });
  });
}

describe('istiod, on a real API server', () => {
  it('says what it waits for, and serves plaintext xDS meanwhile', async () => {
    for (const replica of replicas) {
      const waiting = { status: 503, body: 'waiting for the certificate authority\n' };
      await vi.waitFor(async () => expect(await replica.ready()).toEqual(waiting), soon);
      expect(namesIn(await connect(replica).next())).toContain(webCluster);
    }
  });

  it('makes one certificate authority for all replicas once there is a place for it', async () => {
    await client.create(namespaces, { metadata: { name: 'istio-system' } });
    for (const replica of replicas) {
      await vi.waitFor(async () => expect(await replica.ready()).toEqual({ status: 200, body: 'ok\n' }), soon);
    }
    const { items } = await client.list(secrets, { namespace: 'istio-system' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['istio-ca-secret']);
    root = Buffer.from(items[0]?.data?.['root-cert.pem'] ?? '', 'base64').toString();
    for (const replica of replicas) {
      const chain = await createCertificate(replica, await tokenOf('web'));
      expect(chain.at(-1)).toBe(root);
    }
  });

  it('gives a caller the certificate of its service account', async () => {
    const chain = await createCertificate(replicas[0], await tokenOf('web'));
    const [leaf, ...issuers] = chain.map((pem) => new X509Certificate(pem));
    expect(leaf?.subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/web');
    expect(issuers.some((issuer) => leaf?.verify(issuer.publicKey) === true)).toBe(true);
  });

  it('serves who shows a token for it, and refuses who claims another identity, by name', async () => {
    const token = await tokenOf('web');
    expect(namesIn(await connect(replicas[0], token).next())).toContain(webCluster);
    const { code, details } = await connect(replicas[0], token, 'other').status();
    expect(code).toBe(status.PERMISSION_DENIED);
    expect(details).toContain('shop/web');
    expect(details).toContain('shop/other');
    const foreign = await connect(replicas[0], await tokenOf('web', 'somebody-else')).status();
    expect(foreign).toMatchObject({ code: status.UNAUTHENTICATED, details: 'the token is not for audience istio-ca' });
    await expect(createCertificate(replicas[0], await tokenOf('web', 'somebody-else'))).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });

  it('follows a kind from when the API server begins to serve it', async () => {
    for (const kind of ['virtualservices.networking', 'destinationrules.networking', 'peerauthentications.security']) {
      const file = new URL(`../charts/meltemi/files/crds/${kind}.istio.io.yaml`, import.meta.url);
      const definition = load(readFileSync(file, 'utf8')) as CustomResourceDefinition;
      await client.apply(customResourceDefinitions, definition, { fieldManager: 'test' });
    }
    const rule = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { namespace, name: 'web' },
      spec: { hosts: ['web'], http: [{ match: [{ uri: { prefix: '/probe' } }], redirect: { uri: '/found-it' } }] },
    };
    await vi.waitFor(() => client.apply(virtualServices, rule, { fieldManager: 'test' }), soon);
    const proxy = connect(replicas[0]);
    await proxy.next();
    proxy.subscribe('route', ['80']);
    await proxy.next();
    proxy.subscribe('virtualHost', []);
    await untilSent(proxy, '/found-it');
  });

  it('shows what a proxy was sent and should have', async () => {
    const proxy = connect(replicas[0]);
    await proxy.next();
    for (const [type, names] of [
      ['endpoint', [webCluster]],
      ['listener', ['*']],
      ['route', ['80']],
    ] as const) {
      proxy.subscribe(type, names);
      await proxy.next();
    }
    const page = async (path: string): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${replicas[0].ports.debug}/debug/${path}`);
      expect(response.status).toBe(200);
      return response.json();
    };
    const id = 'proxyID=web-1.shop';
    await vi.waitFor(async () => {
      const [shown] = (await page('syncz?namespace=shop')) as Record<string, string>[];
      expect(shown).toMatchObject({ proxy: sidecarNode('web-1', namespace).id, route_acked: shown?.route_sent });
    }, soon);
    expect(await page('connections')).toMatchObject({ totalClients: 1, clients: [{ protocol: 'delta' }] });
    const dump = JSON.stringify(await page(`config_dump?${id}&include_eds`));
    for (const text of [webCluster, '10.1.0.1', '0.0.0.0_80', '/found-it', 'UpstreamTlsContext']) {
      expect(dump).toContain(text);
    }
    // Sidecars have their keys from their agents; none passes through istiod.
    expect(dump).not.toMatch(/privateKey|PRIVATE KEY|inlineBytes|v3\.Secret/);
    const known = (await page('endpointz')) as Record<string, unknown>;
    expect(Object.keys(known)).toContain('web.shop.svc.cluster.local');
    expect(JSON.stringify(await page(`endpointz?${id}`))).toContain('10.1.0.1');
    const metrics = await (await fetch(`http://127.0.0.1:${replicas[0].ports.monitoring}/metrics`)).text();
    for (const line of ['pilot_services 2', 'pilot_virt_services 1', 'pilot_xds{version=""} 1']) {
      expect(metrics).toContain(`\n${line}\n`);
    }
  });

  it('answers the webhooks', async () => {
    const pod = {
      metadata: { name: 'web-1', namespace, labels: { 'sidecar.istio.io/inject': 'true' } },
      spec: { serviceAccountName: 'web', containers: [{ name: 'web', image: 'web:1' }] },
    };
    const review = (object: object, group: string, kind: string) => ({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u1', namespace, operation: 'CREATE', kind: { group, version: 'v1', kind }, object },
    });
    const injected = await post(replicas[0], '/inject', review(pod, '', 'Pod'));
    expect(injected).toMatchObject({ response: { uid: 'u1', allowed: true, patchType: 'JSONPatch' } });
    const rule = (regex: string) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { namespace, name: 'web' },
      spec: { hosts: ['web'], http: [{ match: [{ uri: { regex } }], route: [{ destination: { host: 'web' } }] }] },
    });
    const validate = (regex: string) =>
      post(replicas[1], '/validate', review(rule(regex), 'networking.istio.io', 'VirtualService'));
    expect(await validate('/a.*')).toMatchObject({ response: { uid: 'u1', allowed: true } });
    const message = expect.stringContaining('spec.http[0].match[0].uri.regex') as string;
    expect(await validate('/a(')).toMatchObject({ response: { uid: 'u1', allowed: false, status: { message } } });
  });

  it('loses nothing, and goes on following, when the API server restarts', async () => {
    const proxy = connect(replicas[0]);
    expect(namesIn(await proxy.next())).toContain(webCluster);
    proxy.subscribe('endpoint', [webCluster]);
    expect(namesIn(await proxy.next())).toEqual([webCluster]);
    await cluster.stopApiServer();
    // Whom it knows it serves, API server or not.
    expect(namesIn(await connect(replicas[0]).next())).toContain(webCluster);
    await cluster.startApiServer();
    await putService('late', '10.1.0.2');
    const response = await proxy.next();
    expect(namesIn(response)).toEqual(['outbound|80||late.shop.svc.cluster.local']);
    expect(response.removedResources).toEqual([]);
  });

  it('ends its streams with UNAVAILABLE, and itself with exit code 0, when it is told to stop', async () => {
    const replica = await startIstiod(cluster.kubeconfig);
    onTestFinished(async () => {
      await replica.stop();
    });
    await vi.waitFor(async () => expect(await replica.ready()).toMatchObject({ status: 200 }), soon);
    const proxies = [connect(replica), connect(replica, await tokenOf('web'))];
    for (const proxy of proxies) await proxy.next();
    const stopped = replica.stop();
    for (const proxy of proxies) expect(await proxy.status()).toMatchObject({ code: status.UNAVAILABLE });
    const { code, tookMs } = await stopped;
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(10_000);
    expect(replica.output()).not.toContain('"level":"error"');
  });

  it('ends also when it is told to before it has begun to serve', async () => {
    const replica = await startIstiod(cluster.kubeconfig, ['--namespace', 'nowhere']);
    onTestFinished(async () => {
      await replica.stop();
    });
    await vi.waitFor(async () => expect((await replica.ready()).status).toBe(503), soon);
    expect(await replica.stop()).toMatchObject({ code: 0 });
  });

  it('ends with an error, and does not linger, when it cannot listen', async () => {
    const taken = replicas[0].ports.plaintext;
    const replica = await startIstiod(cluster.kubeconfig, ['--plaintext-address', `127.0.0.1:${taken}`]);
    onTestFinished(async () => {
      await replica.stop();
    });
    expect(await replica.exited).toBe(1);
    expect(replica.output()).toContain(`cannot listen on 127.0.0.1:${taken}`);
  });
});

it('lists all its flags', () => {
  const main = new URL('../bin/meltemi.ts', import.meta.url).pathname;
  const help = execFileSync(process.execPath, [main, 'istiod', '--help'], { encoding: 'utf8' });
  for (const flag of [
    'kubeconfig',
    'context',
    'namespace',
    'revision',
    'config',
    'secure-address',
    'plaintext-address',
    'webhook-address',
    'monitoring-address',
    'debug-address',
    'pod-name',
    'pod-uid',
    'log-format',
    'log-level',
  ]) {
    expect(help).toContain(`--${flag} <`);
  }
});
