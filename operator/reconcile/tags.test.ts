import { describe, expect, it } from 'vitest';
import { activeOf, installed, revision, writesOf } from './test-cluster-steps.testing.ts';

describe('a tag', () => {
  const prod = 'istio-sidecar-injector-prod';
  const first = 'rev.namespace.sidecar-injector.istio.io';

  it('that follows a control plane has webhooks of its own, and says where it leads', async () => {
    const cluster = await installed();
    cluster.applyTag('prod', 'MeshControlPlane', 'default');
    cluster.labelNamespace('shop', { 'istio.io/rev': 'prod' });
    await cluster.settle();
    expect(cluster.webhooks(prod)[first]).toBe('istiod');
    expect(cluster.tag('prod').status).toMatchObject({ revision: activeOf(cluster), namespace: 'istio-system' });
    expect(cluster.conditions(cluster.tag('prod'))).toEqual([
      'Reconciled=True Reconciled',
      'InUse=True UsedByNamespaces',
    ]);
    expect(revision(cluster, activeOf(cluster)).status?.users).toMatchObject({
      namespaces: { count: 1, names: ['shop'] },
      tags: ['prod'],
    });
  });

  it('named default stands for istio-injection=enabled', async () => {
    const cluster = await installed({}, 'blue');
    cluster.applyTag('default', 'MeshControlPlane', 'blue');
    cluster.labelNamespace('shop', { 'istio-injection': 'enabled' });
    await cluster.settle();
    expect(cluster.webhooks('istio-sidecar-injector')).toMatchObject({
      'namespace.sidecar-injector.istio.io': 'istiod-blue',
      'object.sidecar-injector.istio.io': 'istiod-blue',
    });
    expect(cluster.conditions(cluster.tag('default'))).toContain('InUse=True UsedByNamespaces');
  });

  it('goes over to another control plane without ever being without webhooks', async () => {
    const cluster = await installed();
    cluster.apply('blue', { revision: { name: 'blue' } });
    cluster.applyTag('prod', 'MeshControlPlane', 'default');
    await cluster.settle();
    cluster.applyTag('prod', 'MeshControlPlane', 'blue');
    const writes = await writesOf(cluster, () => cluster.settle());
    expect(writes).toEqual([`apply MutatingWebhookConfiguration ${prod}`]);
    expect(cluster.webhooks(prod)[first]).toBe('istiod-blue');
    expect(cluster.conditions(cluster.tag('prod'))).toContain('Reconciled=True Reconciled');
  });

  it.each([
    ['MeshControlPlane', 'gone', 'Reconciled=False RefNotFound'],
    ['MeshRevision', 'gone', 'Reconciled=False RefNotFound'],
  ] as const)('to a %s that is not there says so', async (kind, name, condition) => {
    const cluster = await installed();
    cluster.applyTag('prod', kind, name);
    await cluster.settle();
    expect(cluster.conditions(cluster.tag('prod'))).toContain(condition);
    expect(cluster.webhooks(prod)).toEqual({});
  });

  it('does not take the name of a control plane, which keeps its webhooks', async () => {
    const cluster = await installed();
    cluster.applyTag('default', 'MeshControlPlane', 'default');
    await cluster.settle();
    expect(cluster.conditions(cluster.tag('default'))).toContain('Reconciled=False NameAlreadyExists');
    expect(cluster.webhooks('istio-sidecar-injector')[first]).toBe('istiod');
  });

  it('gives its name up to a control plane that comes later, which takes its webhooks over', async () => {
    const cluster = await installed({ revision: { name: 'blue' } }, 'blue');
    cluster.applyTag('prod', 'MeshControlPlane', 'blue');
    await cluster.settle();
    cluster.apply('prod', {});
    const writes = await writesOf(cluster, () => cluster.settle());
    expect(writes.filter((write) => write.endsWith(prod))).toEqual([`apply MutatingWebhookConfiguration ${prod}`]);
    expect(cluster.webhooks(prod)[first]).toBe('istiod-prod');
    expect(cluster.conditions(cluster.tag('prod'))).toContain('Reconciled=False NameAlreadyExists');
  });

  it('loses its webhooks when it is retired', async () => {
    const cluster = await installed();
    cluster.applyTag('prod', 'MeshControlPlane', 'default');
    await cluster.settle();
    cluster.removeTag('prod');
    expect(await writesOf(cluster, () => cluster.settle())).toEqual([`delete MutatingWebhookConfiguration ${prod}`]);
  });
});
