import { describe, expect, it } from 'vitest';
import type { HttpRoute } from '../../crds/virtual-service.ts';
import { testDestinationRule, testDestinations, translateTestRules } from './route-testing.ts';
import { ratings, reviews } from './route-testing.ts';

const reviewsHost = 'reviews.default.svc.cluster.local';

function clusterOf(destination: NonNullable<HttpRoute['route']>[number]['destination']) {
  return translateTestRules([{ route: [{ destination }] }]);
}

describe('destinations', () => {
  it('completes a short host with the namespace of the VirtualService and takes the only port of the service', () => {
    expect(clusterOf({ host: 'reviews' }).routes).toMatchObject([
      { route: { cluster: `outbound|9080||${reviewsHost}` } },
    ]);
  });

  it('takes the port that is given', () => {
    const host = 'ratings.other.svc.cluster.local';
    const { routes, problems } = clusterOf({ host, port: { number: 8080 } });
    expect(routes).toMatchObject([{ route: { cluster: `outbound|8080||${host}` } }]);
    expect(problems).toEqual([]);
  });

  it('takes the port being routed where the service has several', () => {
    const route = [{ destination: { host: 'ratings.other.svc.cluster.local' } }];
    const { routes } = translateTestRules([{ route }], { port: 80 });
    expect(routes).toMatchObject([{ route: { cluster: 'outbound|80||ratings.other.svc.cluster.local' } }]);
  });

  it('leads to the cluster of a subset', () => {
    expect(clusterOf({ host: 'reviews', subset: 'v2' })).toMatchObject({
      routes: [{ route: { cluster: `outbound|9080|v2|${reviewsHost}` } }],
      problems: [],
    });
  });

  it.each([
    [{ host: 'nobody' }, 'host', 'outbound|9080||nobody.default.svc.cluster.local'],
    [{ host: 'reviews', subset: 'v9' }, 'subset', `outbound|9080|v9|${reviewsHost}`],
    [{ host: 'reviews', port: { number: 1 } }, 'port.number', `outbound|1||${reviewsHost}`],
  ])('routes to what nobody knows, for Envoy to answer 503, and reports it: %j', (destination, path, cluster) => {
    const { routes, problems } = clusterOf(destination);
    expect(routes).toMatchObject([{ route: { cluster } }]);
    expect(problems).toMatchObject([{ path: `spec.http[0].route[0].destination.${path}` }]);
  });

  it('says how a half-qualified host has to be written', () => {
    expect(clusterOf({ host: 'ratings.other' }).problems[0]?.message).toContain(
      'write ratings.other.svc.cluster.local',
    );
  });

  it('follows an external name to the service of the mesh that it stands for', () => {
    const alias = { ...reviews, hostname: 'alias.default.svc.cluster.local', kind: 'external-name' as const };
    const destinations = testDestinations([reviews, { ...alias, externalName: reviewsHost }]);
    const { routes } = translateTestRules([{ route: [{ destination: { host: 'alias' } }] }], { destinations });
    expect(routes).toMatchObject([{ route: { cluster: `outbound|9080||${reviewsHost}` } }]);
  });
});

describe('weights', () => {
  const to = (subset: string, weight?: number) => {
    const destination = { host: 'reviews', subset };
    return weight === undefined ? { destination } : { destination, weight };
  };

  it('shares requests out and drops destinations without weight', () => {
    const { routes } = translateTestRules([{ route: [to('v1', 90), to('v2', 0), to('v3', 10)] }]);
    expect(routes).toMatchObject([
      {
        route: {
          weightedClusters: {
            clusters: [
              { name: `outbound|9080|v1|${reviewsHost}`, weight: 90 },
              { name: `outbound|9080|v3|${reviewsHost}`, weight: 10 },
            ],
          },
        },
      },
    ]);
  });

  it('sends all requests to an only destination whatever its weight', () => {
    for (const route of [[to('v1')], [to('v1', 0)], [to('v1', 100), to('v2', 0)]]) {
      expect(translateTestRules([{ route }]).routes).toMatchObject([
        { route: { cluster: `outbound|9080|v1|${reviewsHost}` } },
      ]);
    }
  });

  it.each([
    [[to('v1', 0), to('v2')]],
    [[to('v1', -5), to('v2', -5)]],
    [[to('v1', 2_147_483_647), to('v2', 2_147_483_647), to('v3', 2)]],
  ])('answers 500 for weights that Envoy would refuse: %j', (route) => {
    const { routes, problems } = translateTestRules([{ route }]);
    expect(routes).toMatchObject([{ directResponse: { status: 500 } }]);
    expect(problems).toMatchObject([{ path: 'spec.http[0].route' }]);
  });

  it('keeps header changes of weighted destinations apart', () => {
    const changes = { request: { set: { 'x-v': '1', Host: 'v1.example.com' } } };
    const { routes } = translateTestRules([{ route: [{ ...to('v1', 1), headers: changes }, to('v2', 1)] }]);
    expect(routes).toMatchObject([
      {
        route: {
          weightedClusters: {
            clusters: [
              { requestHeadersToAdd: [{ header: { key: 'x-v', value: '1' } }], hostRewriteLiteral: 'v1.example.com' },
              {},
            ],
          },
        },
      },
    ]);
  });
});

describe('timeouts', () => {
  const route = [{ destination: { host: 'reviews' } }];

  it('has none by default, for gRPC neither', () => {
    expect(translateTestRules([{ route }]).routes).toMatchObject([
      { route: { timeout: '0s', maxStreamDuration: { grpcTimeoutHeaderMax: '0s' } } },
    ]);
  });

  it('has the one given, which bounds what gRPC clients ask for', () => {
    expect(translateTestRules([{ route, timeout: '1.5s' }]).routes).toMatchObject([
      { route: { timeout: '1.500s', maxStreamDuration: { grpcTimeoutHeaderMax: '1.500s' } } },
    ]);
  });

  it('leaves out and reports one that is none', () => {
    const { routes, problems } = translateTestRules([{ route, timeout: 'soon' }]);
    expect(routes).toMatchObject([{ route: { timeout: '0s' } }]);
    expect(problems).toMatchObject([{ path: 'spec.http[0].timeout' }]);
  });
});

describe('hash policies', () => {
  const destinationRules = [
    testDestinationRule({
      host: 'reviews',
      trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } },
      subsets: [
        {
          name: 'v2',
          trafficPolicy: {
            loadBalancer: { consistentHash: { httpCookie: { name: 'session', ttl: '0s', path: '/' } } },
          },
        },
      ],
    }),
  ];
  const destinations = testDestinations([reviews, ratings], destinationRules);

  it('hash requests as the DestinationRule of the destination says, and retries stay with the host', () => {
    const { routes } = translateTestRules([{ route: [{ destination: { host: 'reviews' } }] }], { destinations });
    expect(routes).toMatchObject([{ route: { hashPolicy: [{ header: { headerName: 'x-user' } }] } }]);
    expect(JSON.stringify(routes)).not.toContain('retryHostPredicate');
  });

  it('follow the subset', () => {
    const route = [{ destination: { host: 'reviews', subset: 'v2' } }];
    const { routes } = translateTestRules([{ route }], { destinations });
    expect(routes).toMatchObject([{ route: { hashPolicy: [{ cookie: { name: 'session', ttl: '0s', path: '/' } }] } }]);
  });
});
