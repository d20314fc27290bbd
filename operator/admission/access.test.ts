import { describe, expect, it } from 'vitest';
import { deployments, namespaces } from '../../lib/kube/resources.ts';
import { accessesOf, accessTo, describeAccesses, distinctAccesses } from './access.ts';

describe('accesses', () => {
  it('are each single thing that rules grant, subresources and names told apart', () => {
    const rules = [
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['a', 'b'], verbs: ['get'] },
      { apiGroups: ['x.dev'], resources: ['things/status'], verbs: ['patch'] },
    ];
    expect(accessesOf(rules, 'mesh')).toEqual([
      { verb: 'get', group: '', resource: 'secrets', namespace: 'mesh', name: 'a' },
      { verb: 'get', group: '', resource: 'secrets', namespace: 'mesh', name: 'b' },
      { verb: 'patch', group: 'x.dev', resource: 'things', subresource: 'status', namespace: 'mesh' },
    ]);
  });

  it('are asked for once each', () => {
    const access = accessTo(namespaces, 'create');
    expect(distinctAccesses([access, { ...access }])).toEqual([access]);
  });

  it('are told in words, those of one resource together and no more than fit', () => {
    const accesses = [
      accessTo(deployments, 'create', { namespace: 'mesh' }),
      accessTo(namespaces, 'create'),
      accessTo(deployments, 'update', { namespace: 'mesh' }),
      accessTo(deployments, 'update', { namespace: 'mesh', name: 'istiod' }),
    ];
    expect(describeAccesses(accesses, 2)).toBe(
      'create, update deployments.apps in namespace "mesh"; create namespaces; and 1 more',
    );
    expect(describeAccesses(accesses.slice(3), 2)).toBe('update deployments.apps "istiod" in namespace "mesh"');
  });
});
