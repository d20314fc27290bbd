import { describe, expect, it } from 'vitest';
import { testControlPlane, testDefaults, testStores } from '../fixtures.testing.ts';
import { misfitOf } from './misfit.ts';

const defaults = { ...testDefaults, version: '0.1.0' };

describe('misfitOf', () => {
  it('is none for what can be acted upon', () => {
    expect(misfitOf(testStores(), defaults, testControlPlane('default'), undefined)).toBeUndefined();
  });

  it('names the field that cannot be acted upon', () => {
    const stores = testStores();
    const wrong = testControlPlane('default', { namespace: 'kube-public' });
    expect(misfitOf(stores, defaults, wrong, undefined)).toMatchObject({ field: 'spec.namespace' });
    const version = testControlPlane('default', { version: '9.9.9' });
    expect(misfitOf(stores, defaults, version, undefined)).toMatchObject({ field: 'spec.version' });
  });

  it('takes a new one for younger than all others, whatever the clocks say', () => {
    const stores = testStores();
    stores.controlPlanes.put(testControlPlane('older', { revision: { name: 'default' } }));
    const fresh = testControlPlane('default', {}, {});
    const { creationTimestamp, ...metadata } = fresh.metadata;
    expect(creationTimestamp).toBeDefined();
    expect(misfitOf(stores, defaults, { ...fresh, metadata }, undefined)).toMatchObject({
      field: 'spec.revision.name',
      message: expect.stringContaining('MeshControlPlane "older"') as string,
    });
  });

  it('lets pass what passes by itself', () => {
    const stores = testStores();
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    stores.namespaces.put({ metadata: { name: 'istio-system', deletionTimestamp } });
    expect(misfitOf(stores, defaults, testControlPlane('default'), undefined)).toBeUndefined();
  });

  it('refuses to go back to an older version than runs, unless that is forced', () => {
    const stores = testStores();
    const before = testControlPlane('default');
    stores.controlPlanes.put({ ...before, status: { version: '0.2.0' } });
    const after = testControlPlane('default', { version: '0.1.0' });
    expect(misfitOf(stores, { ...defaults, version: '0.2.0' }, after, before)).toMatchObject({
      field: 'spec.version',
      message: expect.stringContaining('older') as string,
    });
    const forced = testControlPlane('default', { version: '0.1.0', upgrade: { force: true } });
    expect(misfitOf(stores, { ...defaults, version: '0.2.0' }, forced, before)).toBeUndefined();
    const other = testControlPlane('default', { version: '0.1.0', pilot: { replicas: 3 } });
    expect(misfitOf(stores, { ...defaults, version: '0.2.0' }, other, after)).toBeUndefined();
  });
});
