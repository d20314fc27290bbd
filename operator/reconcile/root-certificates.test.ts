import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { meshControlPlanes } from '../../crds/kinds.ts';
import type { LabelSelector } from '../../lib/kube/object.ts';
import { configMaps, deployments } from '../../lib/kube/resources.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { bundleOf, readRootCertificate } from '../components/root-certificate.ts';
import { apiError, fakeApi } from '../fake-api.testing.ts';
import { testControlPlane, testStores } from '../fixtures.testing.ts';
import { FreshObjects } from './fresh-objects.ts';
import { reconcileRootCertificate, trustBundle } from './root-certificates.ts';

let rootA: string;
let rootB: string;

beforeAll(() => {
  rootA = certificate('a');
  rootB = certificate('b');
});

function certificate(name: string): string {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  return execFileSync('openssl', [...args, '-keyout', '/dev/null', '-subj', `/CN=${name}`, '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function secret(namespace: string, data: Readonly<Record<string, string>>): Secret {
  const encoded = new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  return { metadata: { namespace, name: 'istio-ca-secret' }, data: Object.fromEntries(encoded) };
}

describe('readRootCertificate', () => {
  it('takes the root before the certificate that signs', () => {
    const both = secret('istio-system', { 'ca-cert.pem': rootB, 'root-cert.pem': rootA });
    expect(readRootCertificate(both)).toEqual({ state: 'present', pem: rootA });
    expect(readRootCertificate(secret('istio-system', { 'ca-cert.pem': rootB }))).toMatchObject({ pem: rootB });
  });

  it('takes several roots, as there are while it rotates', () => {
    const both = secret('istio-system', { 'root-cert.pem': `${rootA}\n# the old one\n${rootB}` });
    expect(readRootCertificate(both)).toEqual({ state: 'present', pem: rootA + rootB });
  });

  it.each([
    ['no Secret', undefined, 'absent'],
    ['an empty Secret', secret('x', {}), 'absent'],
    ['an empty value', secret('x', { 'root-cert.pem': '' }), 'absent'],
    ['something that is no PEM', secret('x', { 'root-cert.pem': 'hello' }), 'invalid'],
    [
      'PEM that is no certificate',
      secret('x', { 'root-cert.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }),
      'invalid',
    ],
  ])('tells %s from a root', (_name, of, state) => {
    expect(readRootCertificate(of).state).toBe(state);
  });
});

describe('bundleOf', () => {
  it('has each root once, whatever the order they come in', () => {
    expect(bundleOf([rootA, rootB + rootA])).toBe(bundleOf([rootB, rootA]));
    expect(bundleOf([])).toBeUndefined();
  });
});

describe('trustBundle', () => {
  it('has the root of a deleted control plane as long as its istiod is there', () => {
    const stores = testStores();
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    stores.controlPlanes.put(testControlPlane('default', {}, { deletionTimestamp }));
    stores.caSecrets.put(secret('istio-system', { 'root-cert.pem': rootA }));
    expect(trustBundle(stores)).toBeUndefined();
    const labels = { 'meltemi.dev/control-plane': 'default' };
    stores.owned.get(deployments)?.put({ metadata: { namespace: 'istio-system', name: 'istiod', labels } });
    expect(trustBundle(stores)).toBe(rootA);
  });
});

function fixture(meshNamespaces?: LabelSelector) {
  const stores = { ...testStores(), ...(meshNamespaces === undefined ? {} : { meshNamespaces }) };
  const api = fakeApi();
  stores.namespaces.put({ metadata: { name: 'shop' } });
  stores.controlPlanes.put(testControlPlane('default'));
  stores.caSecrets.put(secret('istio-system', { 'root-cert.pem': rootA }));
  const reconcile = async (namespace = 'shop'): Promise<void> => {
    await reconcileRootCertificate({ client: api, stores, fresh: new FreshObjects() }, namespace);
    stores.rootCertificates.keys().forEach((key) => stores.rootCertificates.remove(key));
    for (const object of api.objects(configMaps)) stores.rootCertificates.put(object);
  };
  return { stores, api, reconcile };
}

describe('reconcileRootCertificate', () => {
  it('gives a namespace the roots of all control planes, once', async () => {
    const { stores, api, reconcile } = fixture();
    stores.controlPlanes.put(testControlPlane('second', { namespace: 'mesh' }));
    stores.caSecrets.put(secret('mesh', { 'root-cert.pem': rootB }));
    await reconcile();
    await reconcile();
    expect(api.writes).toEqual(['apply ConfigMap shop/istio-ca-root-cert']);
    expect(api.objects(configMaps)).toMatchObject([
      { metadata: { labels: { 'istio.io/config': 'true' } }, data: { 'root-cert.pem': bundleOf([rootA, rootB]) } },
    ]);
  });

  it('keeps the trust of a control plane whose Secret is not there at the moment', async () => {
    const { stores, api, reconcile } = fixture();
    await reconcile();
    stores.caSecrets.remove('istio-system/istio-ca-secret');
    await reconcile();
    expect(api.objects(configMaps)).toHaveLength(1);
  });

  it('takes it away with the last control plane', async () => {
    const { stores, api, reconcile } = fixture();
    await reconcile();
    stores.controlPlanes.put(testControlPlane('default', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }));
    await reconcile();
    expect(api.objects(configMaps)).toEqual([]);
  });

  it('keeps it while the API server knows of a control plane that the informer has not', async () => {
    const { stores, api, reconcile } = fixture();
    await reconcile();
    api.seed(meshControlPlanes, testControlPlane('default'));
    stores.controlPlanes.remove('default');
    await reconcile();
    expect(api.objects(configMaps)).toHaveLength(1);
    api.seed(meshControlPlanes, testControlPlane('default', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }));
    await reconcile();
    expect(api.objects(configMaps)).toEqual([]);
  });

  it.each([
    ['kube-public', {}],
    ['kube-node-lease', {}],
    ['going', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
  ])('leaves namespace %s out', async (name, metadata) => {
    const { stores, api, reconcile } = fixture();
    stores.namespaces.put({ metadata: { name, ...metadata } });
    await reconcile(name);
    expect(api.writes).toEqual([]);
  });

  it('follows a namespace into the mesh and out of it', async () => {
    const { stores, api, reconcile } = fixture({ matchLabels: { mesh: 'on' } });
    await reconcile();
    expect(api.writes).toEqual([]);
    stores.namespaces.put({ metadata: { name: 'shop', labels: { mesh: 'on' } } });
    await reconcile();
    expect(api.objects(configMaps)).toHaveLength(1);
    stores.namespaces.put({ metadata: { name: 'shop' } });
    await reconcile();
    expect(api.objects(configMaps)).toEqual([]);
  });

  it('does not touch what another mesh has put there, also not when it goes', async () => {
    const { stores, api, reconcile } = fixture();
    api.seed(configMaps, { metadata: { namespace: 'shop', name: 'istio-ca-root-cert' } });
    await reconcile();
    stores.controlPlanes.remove('default');
    await reconcile();
    expect(api.writes).toEqual([]);
  });

  it.each([
    apiError(404, 'NotFound', 'namespaces "shop" not found'),
    apiError(403, 'Forbidden', 'unable to create new content in namespace shop because it is being terminated'),
  ])('does not mind a namespace that goes at the same moment: %s', async (error) => {
    const { api, reconcile } = fixture();
    api.failOnce('apply ConfigMap shop/istio-ca-root-cert', error);
    await expect(reconcile()).resolves.toBeUndefined();
  });
});

describe('trustBundle', () => {
  it('does not hold the root of a control plane that is being deleted', () => {
    const { stores } = fixture();
    stores.controlPlanes.put(testControlPlane('default', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }));
    expect(trustBundle(stores)).toBeUndefined();
  });
});
