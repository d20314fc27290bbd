import { describe, expect, it } from 'vitest';
import type { VirtualService, VirtualServiceSpec } from '../../crds/virtual-service.ts';
import { defaultMeshSettings as settings } from './mesh-settings.ts';
import type { View } from './view.ts';
import {
  hostsOf,
  httpVirtualServiceFor,
  layer4VirtualServicesFor,
  sourceLabelTests,
  unusedRules,
  virtualServicesFor,
} from './virtual-services.ts';

const http = [{ route: [{ destination: { host: 'reviews' } }] }];
const fullName = 'reviews.default.svc.cluster.local';

function named(name: string, spec: VirtualServiceSpec, namespace = 'default'): VirtualService {
  return { metadata: { name, namespace }, spec: { http, ...spec } };
}

/** The rules about a host, where all of them name it. */
function naming(...rules: readonly VirtualService[]) {
  return { naming: rules, covering: [], misnaming: [] };
}

function names(rules: readonly VirtualService[]): readonly string[] {
  return rules.map(({ metadata }) => metadata.name);
}

function namesFor(rules: readonly VirtualService[], view: View = { namespace: 'default' }): readonly string[] {
  return names(virtualServicesFor(naming(...rules), view).naming);
}

describe('virtualServicesFor', () => {
  it('takes those that are for sidecars', () => {
    const rules = [
      named('default', { hosts: ['reviews'] }),
      named('gateway', { hosts: ['reviews'], gateways: ['ingress'] }),
      named('both', { hosts: ['reviews'], gateways: ['ingress', 'mesh'] }),
      named('none', { hosts: ['reviews'], gateways: [] }),
    ];
    expect(namesFor(rules)).toEqual(['default', 'both', 'none']);
  });

  it('takes those that the namespace of the view sees', () => {
    const rules = [
      named('all', { hosts: [fullName], exportTo: ['*'] }, 'other'),
      named('own', { hosts: [fullName], exportTo: ['.'] }, 'other'),
      named('listed', { hosts: [fullName], exportTo: ['default'] }, 'other'),
    ];
    expect(namesFor(rules)).toEqual(['all', 'listed']);
    expect(namesFor(rules, { namespace: 'other' })).toEqual(['all', 'own']);
  });

  it('does so of those that name the host, cover it or can not be used, each apart', () => {
    const gateway = named('gateway', { gateways: ['ingress'] });
    const rules = {
      naming: [gateway, named('a', {})],
      covering: [named('b', {}), gateway],
      misnaming: [gateway, named('c', {})],
    };
    const found = virtualServicesFor(rules, { namespace: 'default' });
    expect([found.naming, found.covering, found.misnaming].map(names)).toEqual([['a'], ['b'], ['c']]);
  });
});

describe('unusedRules', () => {
  const problemsOf = (...rules: readonly VirtualService[]) => unusedRules(fullName, rules, { namespace: 'default' });

  it('tells the younger of two for one host that its rules are not used', () => {
    const problems = problemsOf(
      named('narrow', { hosts: ['reviews'], http: [{ match: [{ port: 80 }] }] }),
      named('old', { hosts: ['reviews'] }, 'default'),
      named('tcp-only', { hosts: ['reviews'], http: [] }),
      named('young', { hosts: ['a.example.com', 'reviews'] }),
    );
    expect(problems).toMatchObject([{ object: 'VirtualService/default/young', path: 'spec.hosts' }]);
    expect(problems[0]?.message).toContain('VirtualService/default/old');
  });

  it('tells the same of rules for TLS and TCP, apart from those for HTTP', () => {
    const route = [{ destination: { host: 'reviews' } }];
    const problems = problemsOf(
      named('http', { hosts: ['reviews'], http: [{}] }),
      named('one-port', { hosts: ['reviews'], http: [], tcp: [{ match: [{ port: 80 }], route }] }),
      named('old', { hosts: ['reviews'], http: [], tls: [{ match: [{ sniHosts: ['a.example.com'] }], route }] }),
      named('young', { hosts: ['reviews'], http: [], tcp: [{ route }] }),
    );
    expect(problems).toMatchObject([{ object: 'VirtualService/default/young', path: 'spec.hosts' }]);
    expect(problems[0]?.message).toMatch(/^the tls and tcp rules .*VirtualService\/default\/old/);
  });
});

describe('hostsOf', () => {
  it('completes short hosts with the namespace of the VirtualService, once', () => {
    const { usable } = hostsOf(named('v', { hosts: ['Reviews', 'reviews', '*.example.com'] }, 'other'), settings);
    expect(usable).toEqual(['reviews.other.svc.cluster.local', '*.example.com']);
  });

  it.each(['*', '', 'a b', '*foo.com', 'a..b', 'http://a'])('leaves out and reports the host "%s"', (host) => {
    const { usable, unusable, problems } = hostsOf(named('bad', { hosts: ['reviews', host] }), settings);
    expect(usable).toEqual([fullName]);
    expect(unusable).toHaveLength(1);
    expect(problems).toMatchObject([{ object: 'VirtualService/default/bad', path: 'spec.hosts[1]' }]);
  });
});

describe('httpVirtualServiceFor', () => {
  it('passes over those without an HTTP rule for the view and port', () => {
    const ofHost = [
      named('tcp-only', { hosts: ['reviews'], http: [] }),
      named('other-port', { hosts: ['reviews'], http: [{ match: [{ port: 81 }] }] }),
      named('other-clients', { hosts: ['reviews'], http: [{ match: [{ sourceLabels: { app: 'x' } }] }] }),
    ];
    const wildcard = named('this', {
      hosts: ['*.svc.cluster.local'],
      http: [{ match: [{ port: 81 }, { port: 80 }] }],
    });
    const rules = { ...naming(...ofHost), covering: [wildcard] };
    const view = { namespace: 'default' };
    expect(httpVirtualServiceFor(rules, view, 80)?.metadata.name).toBe('this');
    expect(httpVirtualServiceFor(rules, view, 81)?.metadata.name).toBe('other-port');
    expect(httpVirtualServiceFor(rules, view, 82)).toBeUndefined();
    const front = { ...view, sourceLabels: { app: 'x' } };
    expect(httpVirtualServiceFor(rules, front, 82)?.metadata.name).toBe('other-clients');
  });
});

describe('layer4VirtualServicesFor', () => {
  it('takes those with rules for TCP or TLS, those that name the host before wildcards', () => {
    const route = [{ destination: { host: 'reviews' } }];
    const tcp = named('tcp', { tcp: [{ route }] });
    const tls = named('tls', { tls: [{ match: [{ sniHosts: ['a'] }], route }] });
    const rules = {
      naming: [named('http', {}), tls],
      covering: [tcp],
      misnaming: [named('bad', { tcp: [{ route }] })],
    };
    expect(names(layer4VirtualServicesFor(rules))).toEqual(['tls', 'tcp']);
  });
});

describe('sourceLabelTests', () => {
  it('gathers the labels of HTTP, TLS and TCP matches', () => {
    const ofHttp = named('a', { http: [{ match: [{ sourceLabels: { app: 'x' } }, {}] }] });
    expect(sourceLabelTests(ofHttp)).toEqual(['app=x']);
    const ofAll = named('b', {
      http: [{ match: [{ sourceLabels: { app: 'x' } }, { sourceLabels: { app: 'y' } }] }],
      tls: [{ match: [{ sniHosts: ['a'], sourceLabels: { tier: 'x' } }] }],
      tcp: [{ match: [{ sourceLabels: { version: 'x' } }] }],
    });
    expect([...sourceLabelTests(ofAll)].sort()).toEqual(['app=x', 'app=y', 'tier=x', 'version=x']);
  });
});
