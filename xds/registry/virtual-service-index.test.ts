import { describe, expect, it } from 'vitest';
import type { VirtualService, VirtualServiceSpec } from '../../crds/virtual-service.ts';
import { keyOf } from '../../lib/kube/object.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { View } from '../model/view.ts';
import { virtualServicesFor } from '../model/virtual-services.ts';
import { VirtualServiceIndex } from './virtual-service-index.ts';

const http = [{ route: [{ destination: { host: 'reviews' } }] }];
const fullName = 'reviews.default.svc.cluster.local';

function named(name: string, spec: VirtualServiceSpec, namespace = 'default'): VirtualService {
  return { metadata: { name, namespace }, spec: { http, ...spec } };
}

function created(day: number, virtualService: VirtualService): VirtualService {
  const creationTimestamp = `2026-01-0${day}T00:00:00Z`;
  return { ...virtualService, metadata: { ...virtualService.metadata, creationTimestamp } };
}

function put(index: VirtualServiceIndex, virtualService: VirtualService) {
  return index.put(keyOf(virtualService), virtualService, defaultMeshSettings);
}

function indexOf(virtualServices: readonly VirtualService[]): VirtualServiceIndex {
  const index = new VirtualServiceIndex();
  for (const virtualService of virtualServices) put(index, virtualService);
  return index;
}

function names(virtualServices: readonly VirtualService[]): readonly string[] {
  return virtualServices.map(({ metadata }) => metadata.name);
}

function namesFor(virtualServices: readonly VirtualService[], host: string, view: View = { namespace: 'default' }) {
  const { naming, covering } = virtualServicesFor(indexOf(virtualServices).about(host), view);
  return names([...naming, ...covering]);
}

describe('the VirtualServices about a host', () => {
  it('have short hosts completed with their own namespace', () => {
    const rules = [named('mine', { hosts: ['reviews'] }), named('theirs', { hosts: ['reviews'] }, 'other')];
    expect(namesFor(rules, fullName)).toEqual(['mine']);
    expect(namesFor(rules, 'reviews.other.svc.cluster.local')).toEqual(['theirs']);
  });

  it('stand in order of precedence, whatever order they came in', () => {
    const old = created(1, named('z-old', { hosts: [fullName] }, 'other'));
    const young = created(2, named('a-young', { hosts: ['reviews'] }));
    const younger = created(2, named('b-young', { hosts: ['reviews'] }));
    for (const rules of [
      [old, young, younger],
      [younger, young, old],
    ]) {
      expect(namesFor(rules, fullName)).toEqual(['z-old', 'a-young', 'b-young']);
    }
  });

  it('are those of the named host before wildcards, and of long wildcards before short ones', () => {
    const rules = [
      created(1, named('short', { hosts: ['*.com'] })),
      created(2, named('long', { hosts: ['*.example.com'] })),
      created(3, named('exact', { hosts: ['a.example.com'] })),
    ];
    expect(namesFor(rules, 'a.example.com')).toEqual(['exact', 'long', 'short']);
    expect(namesFor(rules, 'example.com')).toEqual(['short']);
    const { naming, covering } = indexOf(rules).about('*.example.com');
    expect([names(naming), names(covering)]).toEqual([['long'], ['short']]);
  });

  it('are those that are for sidecars and that the view sees', () => {
    const rules = [
      named('all', { hosts: [fullName], exportTo: ['*'] }, 'other'),
      named('gateway', { hosts: [fullName], gateways: ['ingress'] }),
      named('own', { hosts: [fullName], exportTo: ['.'] }, 'other'),
    ];
    expect(namesFor(rules, fullName)).toEqual(['all']);
    expect(namesFor(rules, fullName, { namespace: 'other' })).toEqual(['all', 'own']);
  });

  it.each(['*', 'a b', '*foo.com', 'a..b', 'http://a'])('leave out and report the host "%s"', (host) => {
    const index = indexOf([named('bad', { hosts: ['reviews', host] })]);
    expect([...index.hosts()]).toEqual([fullName]);
    expect(index.about(host).naming).toEqual([]);
    const [bad] = index.about(fullName).naming;
    const problems = bad && index.problemsOf(bad);
    expect(problems).toMatchObject([{ object: 'VirtualService/default/bad', path: 'spec.hosts[1]' }]);
  });

  it('are known by what they say where none of their hosts can be used, so that somebody tells', () => {
    const index = indexOf([named('bad', { hosts: ['a b.com', '*'] })]);
    expect([...index.hosts()]).toEqual(['a b.com', '*']);
    const { naming, misnaming } = index.about('a b.com');
    expect([names(naming), names(misnaming)]).toEqual([[], ['bad']]);
    expect(misnaming[0] && index.problemsOf(misnaming[0])).toHaveLength(2);
  });
});

describe('putting a VirtualService into the index', () => {
  it('says of which hosts it changes what is known: those it was about and those it is about', () => {
    const index = new VirtualServiceIndex();
    expect(put(index, named('v', { hosts: ['a.example.com'] })).hosts).toEqual(['a.example.com']);
    const moved = put(index, named('v', { hosts: ['b.example.com', 'a b.com'] }));
    expect(moved).toEqual({ hosts: ['a.example.com', 'b.example.com'], keys: ['default/v'] });
    expect(put(index, named('v', { hosts: ['a b.com'] })).hosts).toEqual(['b.example.com', 'a b.com']);
    expect(index.put('default/v', undefined, defaultMeshSettings).hosts).toEqual(['a b.com']);
    expect([[...index.hosts()], index.size]).toEqual([[], 0]);
  });

  it("puts a delegate's rules into those that name it, whichever of them comes first", () => {
    const root = named('root', { hosts: ['reviews'], http: [{ delegate: { name: 'leaf', namespace: 'other' } }] });
    const leaf = named('leaf', { http: [{ name: 'one', match: [{ sourceLabels: { app: 'x' } }] }] }, 'other');
    for (const order of [
      [root, leaf],
      [leaf, root],
    ]) {
      const index = indexOf(order);
      const [expanded] = index.about(fullName).naming;
      expect(expanded?.spec.http).toMatchObject([{ name: 'one' }]);
      expect(expanded && index.problemsOf(expanded)).toEqual([]);
      expect(index.sourceLabelTests('default/root')).toEqual(['app=x']);
      expect(index.get('default/root')).toBe(root);
    }
  });

  it('changes the hosts of those that delegate to it', () => {
    const index = indexOf([named('root', { hosts: ['reviews'], http: [{ delegate: { name: 'leaf' } }] })]);
    const problems = () => index.about(fullName).naming.flatMap((it) => index.problemsOf(it));
    expect(problems()).toMatchObject([{ path: 'spec.http[0].delegate' }]);
    const come = put(index, named('leaf', { http }));
    expect(come).toEqual({ hosts: [fullName], keys: ['default/leaf', 'default/root'] });
    expect(problems()).toEqual([]);
    expect(index.put('default/leaf', undefined, defaultMeshSettings).hosts).toEqual([fullName]);
    expect(problems()).toHaveLength(1);
  });

  it('forgets who delegated to it once they do not any more', () => {
    const index = indexOf([named('root', { hosts: ['reviews'], http: [{ delegate: { name: 'leaf' } }] })]);
    put(index, named('root', { hosts: ['reviews'] }));
    expect(put(index, named('leaf', { http }))).toEqual({ hosts: [], keys: ['default/leaf'] });
  });
});

it('completes all hosts anew under another domain of the cluster', () => {
  const index = indexOf([named('v', { hosts: ['reviews'] }), named('w', { hosts: ['a.example.com'] })]);
  index.rebuild({ ...defaultMeshSettings, clusterDomain: 'other.local' });
  expect([...index.hosts()].sort()).toEqual(['a.example.com', 'reviews.default.svc.other.local']);
});
