import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKubeClient } from './client.ts';
import type { KubeClient } from './client.ts';
import { startTestControlPlane } from './control-plane.testing.ts';
import type { TestControlPlane } from './control-plane.testing.ts';
import { isAlreadyExists, isConflict, isInvalid, isNotServed } from './error.ts';
import { configMaps, deployments, namespaces, secrets, services, subjectAccessReviews } from './resources.ts';
import { isApplied, stampApplied } from './subset.ts';

let cluster: TestControlPlane;
let client: KubeClient;
const namespace = 'default';

beforeAll(async () => {
  cluster = await startTestControlPlane('client-test');
  client = loadKubeClient({ kubeconfig: cluster.proxiedKubeconfig });
});

afterAll(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

const meltemi = { fieldManager: 'meltemi', force: true };

describe('the client on a real API server', () => {
  it('makes a thousand calls over one connection, and a thousand at once over the pool', async () => {
    const before = cluster.network.connections;
    for (let i = 0; i < 1000; i++) await client.get(namespaces, { name: 'default' });
    expect(cluster.network.connections - before).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 1000 }, () => client.get(namespaces, { name: 'default' })));
    expect(cluster.network.connections - before).toBeLessThanOrEqual(33);
  });

  it('tells absent objects from kinds that are not served', async () => {
    expect(await client.get(services, { namespace, name: 'none' })).toBeUndefined();
    expect(await client.delete(services, { namespace, name: 'none' })).toBe(false);
    const foos = { group: 'example.com', version: 'v1', plural: 'foos', kind: 'Foo', namespaced: true };
    await expect(client.get(foos, { namespace, name: 'none' })).rejects.toSatisfy(isNotServed);
    await expect(client.delete(foos, { namespace, name: 'none' })).rejects.toSatisfy(isNotServed);
  });

  it('names the object and the server’s reason in errors', async () => {
    const bad = client.create(configMaps, { metadata: { namespace, name: 'BAD' } });
    await expect(bad).rejects.toThrow(/^create configmaps default\/BAD: ConfigMap "BAD" is invalid: metadata\.name/);
    await expect(bad).rejects.toSatisfy(isInvalid);
    await expect(client.create(namespaces, { metadata: { name: 'default' } })).rejects.toSatisfy(isAlreadyExists);
  });

  it('writes in every way that the API has', async () => {
    const ref = { namespace, name: 'written' };
    const made = await client.create(configMaps, { metadata: ref, data: { a: '1' } });
    await client.mergePatch(configMaps, ref, { data: { b: '2' } });
    const patched = await client.jsonPatch(configMaps, ref, [{ op: 'add', path: '/data/c', value: '3' }]);
    expect(patched.data).toEqual({ a: '1', b: '2', c: '3' });
    await expect(client.replace(configMaps, made)).rejects.toSatisfy(isConflict);
    expect((await client.replace(configMaps, { ...patched, data: {} })).data).toBeUndefined();
    await expect(client.delete(configMaps, ref, { preconditions: { uid: 'other' } })).rejects.toSatisfy(isConflict);
    expect(await client.delete(configMaps, ref)).toBe(true);
  });

  it('applies only its own fields', async () => {
    const ref = { namespace, name: 'shared' };
    await client.apply(configMaps, { metadata: ref, data: { theirs: 'x' } }, { fieldManager: 'someone' });
    await client.apply(configMaps, { metadata: ref, data: { ours: '1', old: '1' } }, meltemi);
    const applied = await client.apply(configMaps, { metadata: ref, data: { ours: '2' } }, meltemi);
    expect(applied.data).toEqual({ theirs: 'x', ours: '2' });
    // With a version it is as strict as a replacement.
    const late = { metadata: { ...ref, resourceVersion: '1' }, data: { ours: '3' } };
    await expect(client.apply(configMaps, late, meltemi)).rejects.toSatisfy(isConflict);
  });

  it('answers reviews, which are never stored', async () => {
    const review = await client.create(subjectAccessReviews, {
      metadata: { name: '' },
      spec: { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'secrets', namespace } },
    });
    expect(review.status?.allowed).toBe(false);
  });
});

describe('isApplied on what a real API server makes of an object', () => {
  const container = {
    name: 'main',
    image: 'registry.example/istiod:1',
    args: ['istiod'],
    ports: [{ containerPort: 15012 }, { containerPort: 15010, name: 'plain' }],
    env: [
      { name: 'EMPTY', value: '' },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    resources: { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { cpu: '1000m' } },
    readinessProbe: { httpGet: { path: '/ready', port: 8080 }, initialDelaySeconds: 0 },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp', readOnly: false }],
  };
  const deployment = stampApplied({
    metadata: { namespace, name: 'istiod', labels: { app: 'istiod' }, annotations: {} },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'istiod' } },
      template: {
        metadata: { labels: { app: 'istiod' } },
        spec: {
          hostNetwork: false,
          containers: [container],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '0.5Gi' } }],
          nodeSelector: {},
          topologySpreadConstraints: [
            { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
          ],
        },
      },
    },
  });

  it('is true of everything just applied, also after defaults and other spellings', async () => {
    expect(isApplied(deployment, await client.apply(deployments, deployment, meltemi))).toBe(true);
    const service = {
      metadata: { namespace, name: 'istiod' },
      spec: { ports: [{ port: 15012 }], selector: { app: 'x' } },
    };
    expect(isApplied(service, await client.apply(services, service, meltemi))).toBe(true);
    const secret = { kind: 'Secret', metadata: { namespace, name: 's' }, stringData: { password: 'hunter2' } };
    expect(isApplied(secret, await client.apply(secrets, secret, meltemi))).toBe(true);
  });

  it('is true when others added to the object, false when they changed what is ours', async () => {
    const ref = { namespace, name: 'istiod' };
    const grown = await client.jsonPatch(deployments, ref, [
      { op: 'add', path: '/metadata/annotations/theirs', value: 'x' },
      { op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'THEIRS', value: 'x' } },
    ]);
    expect(isApplied(deployment, grown)).toBe(true);
    const scaled = await client.mergePatch(deployments, ref, { spec: { replicas: 3 } });
    expect(isApplied(deployment, scaled)).toBe(false);
    expect(isApplied(deployment, await client.apply(deployments, deployment, meltemi))).toBe(true);
  });
});
