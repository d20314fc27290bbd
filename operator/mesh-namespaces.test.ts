import { describe, expect, it } from 'vitest';
import { testControlPlane, testStores } from './fixtures.testing.ts';
import { bothSelect, isInMesh, parseMeshNamespaces } from './mesh-namespaces.ts';

const on = { matchLabels: { mesh: 'on' } };

describe('parseMeshNamespaces', () => {
  it('takes a label selector', () => {
    const selector = { ...on, matchExpressions: [{ key: 'stage', operator: 'In', values: ['prod'] }] };
    expect(parseMeshNamespaces(JSON.stringify(selector))).toEqual(selector);
  });

  it.each(['', '{}', '{"matchLabels":{},"matchExpressions":[]}'])('takes "%s" for all namespaces', (json) => {
    expect(parseMeshNamespaces(json)).toBeUndefined();
  });

  it.each([
    ['mesh=on'],
    ['[]'],
    ['{"matchLables":{"mesh":"on"}}'],
    ['{"matchLabels":{"mesh":true}}'],
    ['{"matchExpressions":[{"key":"mesh","operator":"Equals","values":["on"]}]}'],
    ['{"matchExpressions":[{"key":"mesh","operator":"In"}]}'],
    ['{"matchExpressions":[{"key":"mesh","operator":"Exists","values":["on"]}]}'],
  ])('refuses %s', (json) => {
    expect(() => parseMeshNamespaces(json)).toThrow(/must be a label selector/);
  });
});

describe('isInMesh', () => {
  it('goes by the labels of the namespace, and takes those of control planes whatever theirs', () => {
    const stores = { ...testStores(), meshNamespaces: on };
    stores.namespaces.put({ metadata: { name: 'shop', labels: { mesh: 'on' } } });
    stores.namespaces.put({ metadata: { name: 'other' } });
    stores.namespaces.put({ metadata: { name: 'istio-system' } });
    stores.controlPlanes.put(testControlPlane('default'));
    const members = ['shop', 'other', 'istio-system', 'unknown'].filter((name) => isInMesh(stores, name));
    expect(members).toEqual(['shop', 'istio-system']);
    expect(isInMesh(testStores(), 'other')).toBe(true);
  });
});

describe('bothSelect', () => {
  it('asks for everything that either asks for, of the same label too', () => {
    expect(bothSelect(on, { matchLabels: { mesh: 'off' } })).toEqual({
      matchExpressions: [
        { key: 'mesh', operator: 'In', values: ['on'] },
        { key: 'mesh', operator: 'In', values: ['off'] },
      ],
    });
  });
});
