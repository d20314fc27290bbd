import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { VirtualHostSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import type { Service } from '../model/service.ts';
import { ratings, reviews, testDestinationRule, testService, testVirtualService } from '../translate/route-testing.ts';
import type { TestMesh } from './view-resources.testing.ts';
import { testSnapshot, translateTestMesh } from './view-resources.testing.ts';

interface Configuration {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHost[];
}

interface VirtualHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly { readonly name?: string; readonly route?: { readonly cluster?: string } }[];
}

function isConfiguration(json: unknown): json is Configuration {
  return typeof json === 'object' && json !== null && 'name' in json && 'virtualHosts' in json;
}

function translate(mesh: TestMesh) {
  const { configurations, problems } = translateTestMesh(mesh);
  const all: readonly unknown[] = configurations;
  const byName = new Map(all.filter(isConfiguration).map((it) => [it.name, it]));
  // All but the one for hosts that nobody knows say which configuration they are in.
  const host = (configuration: string, name: string) => {
    const full = name.includes(':') ? `${configuration}/${name}` : name;
    return byName.get(configuration)?.virtualHosts.find((it) => it.name === full);
  };
  return { names: [...byName.keys()], hostNames: (name: string) => names(byName.get(name)), host, byName, problems };
}

function names(configuration: Configuration | undefined): readonly string[] {
  return (configuration?.virtualHosts ?? []).map(({ name }) => name);
}

const forward = [{ name: 'ruled', route: [{ destination: { host: 'reviews' } }] }];

describe('route configurations', () => {
  it('are one for each HTTP port and one for each sniffed port of a service', () => {
    const services = [reviews, ratings, testService('sniffed', { 80: 'auto', 81: 'tcp' })];
    const { names: all, hostNames } = translate({ services });
    expect(all).toEqual(['80', '8080', '9080', 'sniffed.default.svc.cluster.local:80']);
    expect(hostNames('80')).toEqual([
      '80/ratings.other.svc.cluster.local:80',
      '80/sniffed.default.svc.cluster.local:80',
      'allow_any',
    ]);
  });

  it('send what is sniffed to its service whatever host it names', () => {
    const { host } = translate({ services: [testService('sniffed', { 80: 'auto' })] });
    const name = 'sniffed.default.svc.cluster.local:80';
    expect(host(name, name)).toMatchObject({
      domains: ['*'],
      routes: [{ route: { cluster: `outbound|80||${name.slice(0, -3)}` } }],
    });
  });

  it('have the settings that Istio gives them', () => {
    expect(translate({ services: [reviews] }).byName.get('9080')).toMatchObject({
      validateClusters: false,
      ignorePortInHostMatching: true,
      maxDirectResponseBodySizeBytes: 1024 * 1024,
    });
  });

  it('pass on or refuse requests to hosts that nobody knows', () => {
    expect(translate({ services: [reviews] }).host('9080', 'allow_any')).toMatchObject({
      domains: ['*'],
      routes: [{ route: { cluster: 'PassthroughCluster', timeout: '0s' } }],
    });
    const closed = translate({ services: [reviews], settings: { outboundTrafficPolicy: 'REGISTRY_ONLY' } });
    expect(closed.host('9080', 'block_all')).toMatchObject({ routes: [{ directResponse: { status: 502 } }] });
  });

  it('hold a default route for a service without rules', () => {
    const destinationRules = [
      testDestinationRule({
        host: 'reviews',
        trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true } } },
      }),
    ];
    const { host } = translate({ services: [reviews], destinationRules });
    expect(host('9080', 'reviews.default.svc.cluster.local:9080')?.routes).toMatchObject([
      {
        name: 'default',
        route: {
          cluster: 'outbound|9080||reviews.default.svc.cluster.local',
          retryPolicy: { numRetries: 2 },
          hashPolicy: [{ connectionProperties: { sourceIp: true } }],
        },
        decorator: { operation: 'reviews.default.svc.cluster.local:9080/*' },
      },
    ]);
  });

  it('hold rules for services on their ports and, on port 80, for hosts that are no service', () => {
    const virtualServices = [testVirtualService('v', { hosts: ['www.example.com'], http: forward })];
    const { hostNames } = translate({ services: [ratings, reviews], virtualServices });
    expect(hostNames('80')).toContain('80/www.example.com:80');
    expect(hostNames('9080')).not.toContain('9080/www.example.com:9080');
  });

  it('hold other hosts of a VirtualService on the ports of its services', () => {
    const hosts = ['reviews', 'www.example.com', '*.example.org'];
    const virtualServices = [testVirtualService('v', { hosts, http: forward })];
    const { host, hostNames } = translate({ services: [ratings, reviews], virtualServices });
    expect(hostNames('80')).not.toContain('80/www.example.com:80');
    expect(host('9080', 'www.example.com:9080')).toMatchObject({
      domains: ['www.example.com'],
      routes: [{ name: 'ruled' }],
    });
    expect(host('9080', '*.example.org:9080')).toMatchObject({ domains: ['*.example.org'] });
  });

  it('obey the older VirtualService of a host', () => {
    const virtualServices = [
      testVirtualService('old', { hosts: ['a.example.com'], http: [{ name: 'old', ...forward[0], match: [] }] }),
      testVirtualService('young', { hosts: ['a.example.com'], http: [{ ...forward[0], name: 'young' }] }),
    ];
    const { host } = translate({ services: [ratings, reviews], virtualServices });
    expect(host('80', 'a.example.com:80')?.routes).toHaveLength(1);
    expect(JSON.stringify(host('80', 'a.example.com:80'))).toContain('virtual-service/old');
  });

  it('fall back to the default route where no rule is for the view', () => {
    const http = [{ match: [{ sourceLabels: { app: 'front' } }], ...forward[0] }];
    const mesh = { services: [reviews], virtualServices: [testVirtualService('v', { hosts: ['reviews'], http })] };
    const name = 'reviews.default.svc.cluster.local:9080';
    expect(translate(mesh).host('9080', name)?.routes).toMatchObject([{ name: 'default' }]);
    const view = { namespace: 'default', sourceLabels: { app: 'front' } };
    expect(translate({ ...mesh, view }).host('9080', name)?.routes).toMatchObject([{ name: 'ruled' }]);
  });
});

describe('domains', () => {
  it('are all names and addresses of a service, short ones as seen from the namespace', () => {
    const service = { ...reviews, addresses: ['10.0.0.1', 'fd00::1'] };
    const name = 'reviews.default.svc.cluster.local:9080';
    const elsewhere = ['reviews.default.svc.cluster.local', 'reviews.default.svc.cluster.local.'];
    const qualified = ['reviews.default.svc', 'reviews.default', '10.0.0.1', '[fd00::1]'];
    expect(translate({ services: [service] }).host('9080', name)?.domains).toEqual([
      ...elsewhere,
      'reviews',
      ...qualified,
    ]);
    const fromOther = translate({ services: [service], view: { namespace: 'other' } });
    expect(fromOther.host('9080', name)?.domains).toEqual([...elsewhere, ...qualified]);
  });

  it('are those of the pods too for a headless service', () => {
    const { host } = translate({ services: [{ ...reviews, kind: 'headless' }] });
    expect(host('9080', 'reviews.default.svc.cluster.local:9080')?.domains).toEqual(
      expect.arrayContaining(['*.reviews.default.svc.cluster.local', '*.reviews']),
    );
  });

  it('stay with the host whose full name they are; the other one is told', () => {
    const virtualServices = [testVirtualService('v', { hosts: ['ratings.other'], http: forward })];
    const { host, problems } = translate({ services: [ratings, reviews], virtualServices });
    expect(host('80', 'ratings.other:80')?.domains).toEqual(['ratings.other']);
    expect(host('80', 'ratings.other.svc.cluster.local:80')?.domains).not.toContain('ratings.other');
    expect(problems).toMatchObject([{ object: 'Service/other/ratings' }]);
  });

  it('go to the first by name where several services have one address, whatever their order', () => {
    const a = testService('a', { 80: 'http' }, { addresses: ['10.0.0.1'] });
    const b = testService('b', { 80: 'http' }, { addresses: ['10.0.0.1'] });
    const one = translateTestMesh({ services: [a, b] });
    const other = translateTestMesh({ services: [b, a] });
    expect(one).toEqual(other);
    expect(one.problems).toMatchObject([{ object: 'Service/default/b', path: '' }]);
  });

  it('of pods below a short name stay with a VirtualService whose host that is', () => {
    const services: readonly Service[] = [{ ...reviews, kind: 'headless' }];
    const virtualServices = [testVirtualService('v', { hosts: ['*.reviews', 'reviews'], http: forward })];
    const { host, problems } = translate({ services, virtualServices });
    expect(host('9080', '*.reviews:9080')?.domains).toEqual(['*.reviews']);
    const ofService = host('9080', 'reviews.default.svc.cluster.local:9080')?.domains;
    expect(ofService).toContain('*.reviews.default');
    expect(ofService).not.toContain('*.reviews');
    expect(problems).toMatchObject([{ object: 'Service/default/reviews', path: '' }]);
  });
});

describe('what a view sees', () => {
  const hidden = testService('hidden', { 80: 'http' }, { namespace: 'other', exportTo: ['.'] });

  it('is nothing of services and rules that are not exported to it', () => {
    const secret = testVirtualService(
      'secret',
      { hosts: ['www.example.com'], http: forward, exportTo: ['.'] },
      'other',
    );
    const mesh = { services: [ratings, hidden], virtualServices: [secret] };
    expect(translate(mesh).hostNames('80')).toEqual(['80/ratings.other.svc.cluster.local:80', 'allow_any']);
    const fromOther = translate({ ...mesh, view: { namespace: 'other' } });
    expect(fromOther.hostNames('80')).toEqual([
      '80/hidden.other.svc.cluster.local:80',
      '80/ratings.other.svc.cluster.local:80',
      '80/www.example.com:80',
      'allow_any',
    ]);
  });

  it('is the rules of the service that an external name is another name for', () => {
    const alias = testService('alias', { 9080: 'http' }, { kind: 'external-name', externalName: reviews.hostname });
    const virtualServices = [testVirtualService('v', { hosts: ['reviews'], http: forward })];
    const { host } = translate({ services: [reviews, alias], virtualServices });
    expect(host('9080', 'alias.default.svc.cluster.local:9080')?.routes).toMatchObject([{ name: 'ruled' }]);
  });

  it('has no shared configuration for a port that only hosts without a service would be on', () => {
    const virtualServices = [testVirtualService('v', { hosts: ['www.example.com'], http: forward })];
    expect(translate({ services: [reviews], virtualServices }).names).toEqual(['9080']);
  });
});

describe('the virtual hosts that Envoy asks for one by one', () => {
  it('are those of the whole route configurations, byte for byte', () => {
    const virtualServices = [testVirtualService('v', { hosts: ['reviews', 'www.example.com'], http: forward })];
    const { sets, wholeRoutes } = snapshotOf({ services: [ratings, reviews], virtualServices });
    const names = [...sets.virtualHost.values()].map(({ name }) => name).sort();
    expect(names).toEqual([
      '80/ratings.other.svc.cluster.local:80',
      '8080/ratings.other.svc.cluster.local:8080',
      '9080/reviews.default.svc.cluster.local:9080',
      '9080/www.example.com:9080',
    ]);
    const whole = fromBinary(RouteConfigurationSchema, wholeRoutes.get('9080')?.value ?? new Uint8Array());
    for (const virtualHost of whole.virtualHosts.slice(0, -1)) {
      const alone = sets.virtualHost.get(virtualHost.name)?.value;
      expect(alone && Buffer.from(toBinary(VirtualHostSchema, virtualHost)).equals(alone)).toBe(true);
    }
    const asked = fromBinary(RouteConfigurationSchema, sets.route.get('9080')?.value ?? new Uint8Array());
    expect(asked.vhds).toBeDefined();
    expect(asked.virtualHosts).toEqual(whole.virtualHosts.slice(-1));
    expect({ ...asked, vhds: undefined, virtualHosts: [] }).toEqual({ ...whole, vhds: undefined, virtualHosts: [] });
  });
});

function snapshotOf(mesh: TestMesh) {
  const snapshot = testSnapshot(mesh);
  return { sets: snapshot.sets, wholeRoutes: snapshot.wholeRoutes() };
}
