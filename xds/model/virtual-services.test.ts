import { describe, expect, it } from 'vitest';
import type { VirtualService, VirtualServiceSpec } from '../../crds/virtual-service.ts';
import { defaultMeshSettings } from './mesh-settings.ts';
import type { View } from './view.ts';
import {
  httpVirtualServiceFor,
  indexVirtualServices,
  sourceLabelKeys,
  virtualServicesFor,
} from './virtual-services.ts';

const http = [{ route: [{ destination: { host: 'reviews' } }] }];
const fullName = 'reviews.default.svc.cluster.local';

function named(name: string, spec: VirtualServiceSpec, namespace = 'default'): VirtualService {
  return { metadata: { name, namespace }, spec: { http, ...spec } };
}

function index(virtualServices: readonly VirtualService[], view: View = { namespace: 'default' }) {
  return indexVirtualServices(virtualServices, view, defaultMeshSettings);
}

function namesFor(virtualServices: readonly VirtualService[], host: string, view?: View): readonly string[] {
  return virtualServicesFor(index(virtualServices, view), host).map(({ metadata }) => metadata.name);
}

describe('indexVirtualServices', () => {
  it('completes short hosts with the namespace of the VirtualService', () => {
    const rules = [named('mine', { hosts: ['reviews'] }), named('theirs', { hosts: ['reviews'] }, 'other')];
    expect(namesFor(rules, fullName)).toEqual(['mine']);
    expect(namesFor(rules, 'reviews.other.svc.cluster.local')).toEqual(['theirs']);
  });

  it('keeps the order of precedence among those for one host', () => {
    const rules = [named('old', { hosts: [fullName] }, 'other'), named('young', { hosts: ['reviews'] })];
    expect(namesFor(rules, fullName)).toEqual(['old', 'young']);
  });

  it('puts the named host before wildcards and long wildcards before short ones', () => {
    const rules = [
      named('short', { hosts: ['*.com'] }),
      named('long', { hosts: ['*.example.com'] }),
      named('exact', { hosts: ['a.example.com'] }),
    ];
    expect(namesFor(rules, 'a.example.com')).toEqual(['exact', 'long', 'short']);
    expect(namesFor(rules, 'example.com')).toEqual(['short']);
  });

  it('takes those that are for sidecars', () => {
    const rules = [
      named('default', { hosts: ['reviews'] }),
      named('gateway', { hosts: ['reviews'], gateways: ['ingress'] }),
      named('both', { hosts: ['reviews'], gateways: ['ingress', 'mesh'] }),
    ];
    expect(namesFor(rules, fullName)).toEqual(['default', 'both']);
  });

  it('takes those that the namespace of the view sees', () => {
    const rules = [
      named('all', { hosts: [fullName], exportTo: ['*'] }, 'other'),
      named('own', { hosts: [fullName], exportTo: ['.'] }, 'other'),
      named('listed', { hosts: [fullName], exportTo: ['default'] }, 'other'),
    ];
    expect(namesFor(rules, fullName)).toEqual(['all', 'listed']);
    expect(namesFor(rules, fullName, { namespace: 'other' })).toEqual(['all', 'own']);
  });

  it('tells the younger of two for one host that its rules are not used', () => {
    const { problems } = index([
      named('narrow', { hosts: ['reviews'], http: [{ match: [{ port: 80 }] }] }),
      named('old', { hosts: ['reviews'] }, 'default'),
      named('tcp-only', { hosts: ['reviews'], http: [] }),
      named('young', { hosts: ['a.example.com', 'reviews'] }),
    ]);
    expect(problems).toMatchObject([{ object: 'VirtualService/default/young', path: 'spec.hosts' }]);
    expect(problems[0]?.message).toContain('VirtualService/default/old');
  });

  it('tells the same of rules for TLS and TCP, apart from those for HTTP', () => {
    const route = [{ destination: { host: 'reviews' } }];
    const { problems } = index([
      named('http', { hosts: ['reviews'], http: [{}] }),
      named('one-port', { hosts: ['reviews'], http: [], tcp: [{ match: [{ port: 80 }], route }] }),
      named('old', { hosts: ['reviews'], http: [], tls: [{ match: [{ sniHosts: ['a.example.com'] }], route }] }),
      named('young', { hosts: ['reviews'], http: [], tcp: [{ route }] }),
    ]);
    expect(problems).toMatchObject([{ object: 'VirtualService/default/young', path: 'spec.hosts' }]);
    expect(problems[0]?.message).toMatch(/^the tls and tcp rules .*VirtualService\/default\/old/);
  });

  it.each(['*', '', 'a b', '*foo.com', 'a..b', 'http://a'])('leaves out and reports the host "%s"', (host) => {
    const { byHost, problems } = index([named('bad', { hosts: ['reviews', host] })]);
    expect([...byHost.keys()]).toEqual([fullName]);
    expect(problems).toMatchObject([{ object: 'VirtualService/default/bad', path: 'spec.hosts[1]' }]);
  });
});

describe('httpVirtualServiceFor', () => {
  it('passes over those without an HTTP rule for the view and port', () => {
    const rules = [
      named('tcp-only', { hosts: ['reviews'], http: [] }),
      named('other-port', { hosts: ['reviews'], http: [{ match: [{ port: 81 }] }] }),
      named('other-clients', { hosts: ['reviews'], http: [{ match: [{ sourceLabels: { app: 'x' } }] }] }),
      named('this', { hosts: ['*.svc.cluster.local'], http: [{ match: [{ port: 81 }, { port: 80 }] }] }),
    ];
    expect(httpVirtualServiceFor(index(rules), fullName, 80)?.metadata.name).toBe('this');
    expect(httpVirtualServiceFor(index(rules), fullName, 81)?.metadata.name).toBe('other-port');
    expect(httpVirtualServiceFor(index(rules), fullName, 82)).toBeUndefined();
  });
});

describe('sourceLabelKeys', () => {
  it('gathers the keys of HTTP, TLS and TCP matches', () => {
    const keys = sourceLabelKeys([
      named('a', { http: [{ match: [{ sourceLabels: { app: 'x' } }, {}] }] }),
      named('b', {
        tls: [{ match: [{ sniHosts: ['a'], sourceLabels: { tier: 'x' } }] }],
        tcp: [{ match: [{ sourceLabels: { version: 'x' } }] }],
      }),
    ]);
    expect([...keys].sort()).toEqual(['app', 'tier', 'version']);
  });
});
