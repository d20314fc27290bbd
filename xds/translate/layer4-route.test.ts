import { describe, expect, it } from 'vitest';
import type { VirtualServiceSpec } from '../../crds/virtual-service.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Layer4Route } from './layer4-route.ts';
import { layer4RoutesFor } from './layer4-route.ts';
import { testDestinations, testService, testVirtualService } from './route-testing.ts';

const database = testService('database', { 5432: 'tcp' });
const cluster = (subset: string) => `outbound|5432|${subset}|database.default.svc.cluster.local`;
const to = (subset: string, weight?: number) => {
  const destination = { host: 'database', subset };
  return weight === undefined ? { destination } : { destination, weight };
};

function routesOf(...specs: readonly VirtualServiceSpec[]) {
  const destinations = { ...testDestinations([database]), hasSubset: () => true };
  const { routes, problems } = layer4RoutesFor({
    service: database,
    port: 5432,
    virtualServices: specs.map((spec, position) => testVirtualService(`v${position}`, spec)),
    environment: { view: { namespace: 'default' }, settings: defaultMeshSettings, destinations },
  });
  return { routes: routes.map(describeRoute), paths: problems.map(({ path }) => path) };
}

/** `server name | ranges -> cluster=weight` */
function describeRoute({ serverName, destinationRanges, clusters }: Layer4Route): string {
  const ranges = destinationRanges.map(({ addressPrefix, prefixLen }) => `${addressPrefix}/${String(prefixLen)}`);
  const shares = clusters.map((target) => `${target.cluster}=${target.weight}`);
  return `${serverName ?? ''}|${ranges.join(',')} -> ${shares.join(',')}`;
}

const toService = `| -> ${cluster('')}=1`;

describe('layer4RoutesFor', () => {
  it('leads to the service itself without rules', () => {
    expect(routesOf()).toEqual({ routes: [toService], paths: [] });
    expect(routesOf({ http: [] }).routes).toEqual([toService]);
  });

  it('shares connections out by weight', () => {
    const tcp = [{ route: [to('v1', 9), to('v2', 0), to('v3', 1)] }];
    expect(routesOf({ tcp }).routes).toEqual([`| -> ${cluster('v1')}=9,${cluster('v3')}=1`]);
  });

  it('tells connections apart by destination address and keeps the service for the others', () => {
    const tcp = [{ match: [{ destinationSubnets: ['10.0.0.0/8', '192.168.0.1'] }], route: [to('v1')] }];
    expect(routesOf({ tcp }).routes).toEqual([`|10.0.0.0/8,192.168.0.1/32 -> ${cluster('v1')}=1`, toService]);
  });

  it('tells TLS connections apart by server name', () => {
    const tls = [
      { match: [{ sniHosts: ['A.example.com', '*.example.org'] }], route: [to('v1')] },
      { match: [{ sniHosts: ['b.example.com'], port: 443 }], route: [to('v2')] },
    ];
    expect(routesOf({ tls }).routes).toEqual([
      `a.example.com| -> ${cluster('v1')}=1`,
      `*.example.org| -> ${cluster('v1')}=1`,
      toService,
    ]);
  });

  it('never matches the same connections twice, which Envoy would refuse', () => {
    const tcp = [
      { match: [{ destinationSubnets: ['10.1.0.0/8'] }], route: [to('v1')] },
      { match: [{ destinationSubnets: ['10.0.0.0/8', 'fd00::/8'] }], route: [to('v2')] },
      { match: [{ destinationSubnets: ['fd00:0:0::1/8'] }], route: [to('v3')] },
      { route: [to('v1')] },
      { match: [{ destinationSubnets: ['1.2.3.4'] }], route: [to('v2')] },
    ];
    expect(routesOf({ tcp }).routes).toEqual([
      `|10.1.0.0/8 -> ${cluster('v1')}=1`,
      `|fd00::/8 -> ${cluster('v2')}=1`,
      `| -> ${cluster('v1')}=1`,
    ]);
  });

  it('uses the best VirtualService that has a rule for the view', () => {
    const others = { tcp: [{ match: [{ sourceNamespace: 'other' }], route: [to('v1')] }] };
    expect(routesOf(others, { tcp: [{ route: [to('v2')] }] }, { tcp: [{ route: [to('v3')] }] }).routes).toEqual([
      `| -> ${cluster('v2')}=1`,
    ]);
  });

  it('reports what it can not use', () => {
    const tcp = [{ match: [{ destinationSubnets: ['10.0.0.0/33'] }], route: [to('v1')] }, { route: [] }];
    const tls = [{ match: [{ sniHosts: ['*'] }], route: [to('v1')] }];
    expect(routesOf({ tls, tcp: [...tcp, { route: [to('v2')] }] })).toEqual({
      routes: [`| -> ${cluster('v2')}=1`],
      paths: ['spec.tls[0].match', 'spec.tcp[0].match[0].destinationSubnets[0]', 'spec.tcp[1].route'],
    });
  });
});
