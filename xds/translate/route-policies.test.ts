import { describe, expect, it } from 'vitest';
import type { HttpRoute } from '../../crds/virtual-service.ts';
import { translateTestRules } from './route-testing.ts';

const route: NonNullable<HttpRoute['route']> = [{ destination: { host: 'reviews' } }];
const istioDefaults = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';

/** The only route of a rule that forwards to reviews and has these policies. */
function translate(policies: HttpRoute, changes = {}) {
  const { routes, problems } = translateTestRules([{ route, ...policies }], changes);
  return { route: routes[0], paths: problems.map(({ path }) => path) };
}

describe('retries', () => {
  it('are those of Istio when nothing is said: twice, at hosts not tried yet', () => {
    expect(translate({}).route).toMatchObject({
      route: {
        retryPolicy: {
          numRetries: 2,
          retryOn: istioDefaults,
          retriableStatusCodes: [503],
          hostSelectionRetryMaxAttempts: '5',
          retryHostPredicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }],
        },
      },
    });
  });

  it.each([{ attempts: 0 }, { attempts: -1 }, {}, { perTryTimeout: '1s' }])('are off with %j', (retries) => {
    expect(JSON.stringify(translate({ retries }).route)).not.toContain('retryPolicy');
  });

  it('take what is given and keep the rest', () => {
    const retries = { attempts: 3, perTryTimeout: '250ms', backoff: '50ms', retryRemoteLocalities: true };
    expect(translate({ retries }).route).toMatchObject({
      route: {
        retryPolicy: {
          numRetries: 3,
          retryOn: istioDefaults,
          perTryTimeout: '0.250s',
          retryBackOff: { baseInterval: '0.050s' },
          retryPriority: { name: 'envoy.retry_priorities.previous_priorities', typedConfig: { updateFrequency: 2 } },
        },
      },
    });
  });

  it('find status codes among the conditions', () => {
    expect(translate({ retries: { attempts: 1, retryOn: '5xx, 409,reset, 504, 999' } }).route).toMatchObject({
      route: { retryPolicy: { retryOn: '5xx,reset,999,retriable-status-codes', retriableStatusCodes: [409, 504] } },
    });
  });

  it('may use hosts that were tried', () => {
    const translated = translate({ retries: { attempts: 1, retryIgnorePreviousHosts: false } });
    expect(JSON.stringify(translated.route)).not.toContain('retryHostPredicate');
  });

  it('report times that are none', () => {
    expect(translate({ retries: { attempts: 1, perTryTimeout: '0s', backoff: 'x' } }).paths).toEqual([
      'spec.http[0].retries.perTryTimeout',
      'spec.http[0].retries.backoff',
    ]);
  });
});

describe('faults', () => {
  const settings = (fault: HttpRoute['fault']) => translate(fault === undefined ? {} : { fault });

  it('delay and abort shares of the requests', () => {
    const delay = { fixedDelay: '5s', percentage: { value: 0.1 } };
    const abort = { httpStatus: 503, percentage: { value: 50 } };
    expect(settings({ delay, abort }).route).toMatchObject({
      typedPerFilterConfig: {
        'envoy.filters.http.fault': {
          delay: { fixedDelay: '5s', percentage: { numerator: 1000, denominator: 'MILLION' } },
          abort: { httpStatus: 503, percentage: { numerator: 500_000, denominator: 'MILLION' } },
        },
      },
    });
  });

  it('abort by gRPC status', () => {
    expect(settings({ abort: { grpcStatus: 'UNAVAILABLE', percentage: { value: 100 } } }).route).toMatchObject({
      typedPerFilterConfig: { 'envoy.filters.http.fault': { abort: { grpcStatus: 14 } } },
    });
  });

  it('take the deprecated whole percent of a delay', () => {
    expect(settings({ delay: { fixedDelay: '1s', percent: 20 } }).route).toMatchObject({
      typedPerFilterConfig: { 'envoy.filters.http.fault': { delay: { percentage: { numerator: 200_000 } } } },
    });
  });

  it.each([
    [{ delay: { exponentialDelay: '1s' } }, 'delay.fixedDelay'],
    [{ delay: { fixedDelay: '0s' } }, 'delay.fixedDelay'],
    [{ abort: { httpStatus: 99 } }, 'abort.httpStatus'],
    [{ abort: { grpcStatus: 'SOMEHOW' } }, 'abort.grpcStatus'],
    [{ abort: { http2Error: 'x' } }, 'abort'],
  ])('leave out and report what Envoy does not know: %j', (fault, path) => {
    const { route: translated, paths } = settings(fault);
    expect(JSON.stringify(translated)).not.toContain('typedPerFilterConfig');
    expect(paths).toEqual([`spec.http[0].fault.${path}`]);
  });
});

describe('CORS', () => {
  it('becomes settings of the filter', () => {
    const corsPolicy = {
      allowOrigins: [{ exact: 'https://a.example.com' }, { regex: '.*b' }],
      allowMethods: ['GET', 'POST'],
      allowHeaders: ['x-a'],
      exposeHeaders: ['x-b', 'x-c'],
      maxAge: '24h',
      allowCredentials: true,
    };
    expect(translate({ corsPolicy }).route).toMatchObject({
      typedPerFilterConfig: {
        'envoy.filters.http.cors': {
          allowOriginStringMatch: [{ exact: 'https://a.example.com' }, { safeRegex: { regex: '.*b' } }],
          allowMethods: 'GET,POST',
          allowHeaders: 'x-a',
          exposeHeaders: 'x-b,x-c',
          maxAge: '86400',
          allowCredentials: true,
          forwardNotMatchingPreflights: true,
        },
      },
    });
  });

  it('can answer preflights of other origins itself, and knows the deprecated list of origins', () => {
    const corsPolicy = { allowOrigin: ['https://a'], unmatchedPreflights: 'IGNORE' } as const;
    expect(translate({ corsPolicy }).route).toMatchObject({
      typedPerFilterConfig: {
        'envoy.filters.http.cors': {
          allowOriginStringMatch: [{ exact: 'https://a' }],
          forwardNotMatchingPreflights: false,
        },
      },
    });
  });

  it('reports what can not stand in a header', () => {
    const corsPolicy = { allowOrigins: [{ regex: '(' }], allowHeaders: ['a\nb'], maxAge: 'long' };
    expect(translate({ corsPolicy }).paths).toEqual([
      'spec.http[0].corsPolicy.allowOrigins[0].regex',
      'spec.http[0].corsPolicy.allowHeaders[0]',
      'spec.http[0].corsPolicy.maxAge',
    ]);
  });
});

describe('headers', () => {
  it('are set, added and removed, in the order of their names', () => {
    const headers = {
      request: { set: { 'x-b': '1', 'x-a': '2' }, add: { 'x-c': '%PROTOCOL%' }, remove: ['x-d'] },
      response: { set: { 'x-e': '3' }, add: { 'x-f': '4' }, remove: ['server'] },
    };
    expect(translate({ headers }).route).toMatchObject({
      requestHeadersToAdd: [
        { header: { key: 'x-a', value: '2' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        { header: { key: 'x-b', value: '1' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        { header: { key: 'x-c', value: '%PROTOCOL%' } },
      ],
      requestHeadersToRemove: ['x-d'],
      responseHeadersToAdd: [{ header: { key: 'x-e' } }, { header: { key: 'x-f' } }],
      responseHeadersToRemove: ['server'],
    });
  });

  it('of an only destination come after those of the rule', () => {
    const ofRule = { request: { set: { a: 'rule' } } };
    const destination = { destination: { host: 'reviews' }, headers: { request: { set: { a: 'destination' } } } };
    expect(translate({ headers: ofRule, route: [destination] }).route).toMatchObject({
      requestHeadersToAdd: [{ header: { value: 'rule' } }, { header: { value: 'destination' } }],
    });
  });

  it.each(['Host', ':authority'])('rewrite the authority by %s', (name) => {
    const { route: translated, paths } = translate({ headers: { request: { set: { [name]: 'b.example.com' } } } });
    expect(translated).toMatchObject({ route: { hostRewriteLiteral: 'b.example.com' } });
    expect(JSON.stringify(translated)).not.toContain('requestHeadersToAdd');
    expect(paths).toEqual([]);
  });

  it.each([
    [{ request: { set: { 'x y': '1' } } }, 'request.set[x y]'],
    [{ request: { set: { ':path': '/' } } }, 'request.set[:path]'],
    [{ request: { add: { x: 'a\r\nb: c' } } }, 'request.add[x]'],
    [{ response: { set: { x: '50%' } } }, 'response.set[x]'],
    [{ request: { remove: ['Host'] } }, 'request.remove[0]'],
    [{ response: { remove: [''] } }, 'response.remove[0]'],
  ])('that Envoy would refuse are left out and reported: %j', (headers, path) => {
    const { route: translated, paths } = translate({ headers });
    expect(JSON.stringify(translated)).not.toMatch(/HeadersTo(Add|Remove)/);
    expect(paths).toEqual([`spec.http[0].headers.${path}`]);
  });
});

describe('rewrites', () => {
  it('replace path and authority', () => {
    expect(translate({ rewrite: { uri: '/v2', authority: 'b.example.com' } }).route).toMatchObject({
      route: { prefixRewrite: '/v2', hostRewriteLiteral: 'b.example.com' },
    });
  });

  it('replace parts of the path by a regular expression, which goes before a plain path', () => {
    const uriRegexRewrite = { match: '^/a/([0-9]+)', rewrite: String.raw`/b/\1` };
    const translated = translate({ rewrite: { uri: '/v2', uriRegexRewrite } }).route;
    expect(translated).toMatchObject({
      route: { regexRewrite: { pattern: { regex: '^/a/([0-9]+)' }, substitution: String.raw`/b/\1` } },
    });
    expect(JSON.stringify(translated)).not.toContain('prefixRewrite');
  });

  it.each([
    ['(', '/', 'match'],
    ['^/a', String.raw`/\1`, 'rewrite'],
    ['^/a', String.raw`/\x`, 'rewrite'],
    ['^/a', '/\\', 'rewrite'],
  ])('report expressions that do not work: %s to %s', (match, rewrite, field) => {
    const { route: translated, paths } = translate({ rewrite: { uriRegexRewrite: { match, rewrite } } });
    expect(JSON.stringify(translated)).not.toContain('regexRewrite');
    expect(paths).toEqual([`spec.http[0].rewrite.uriRegexRewrite.${field}`]);
  });
});

describe('mirrors', () => {
  const host = 'reviews.default.svc.cluster.local';

  it('copy all requests to one destination, with the host they have', () => {
    expect(translate({ mirror: { host: 'reviews', subset: 'v2' } }).route).toMatchObject({
      route: {
        requestMirrorPolicies: [
          {
            cluster: `outbound|9080|v2|${host}`,
            runtimeFraction: { defaultValue: { numerator: 1_000_000, denominator: 'MILLION' } },
            traceSampled: false,
            disableShadowHostSuffixAppend: true,
          },
        ],
      },
    });
  });

  it('copy shares of the requests to several', () => {
    const mirrors = [
      { destination: { host: 'reviews', subset: 'v2' }, percentage: { value: 50 } },
      { destination: { host: 'reviews', subset: 'v3' }, percentage: { value: 0 } },
      { destination: { host: 'nobody' } },
    ];
    const { route: translated, paths } = translate({ mirrors });
    expect(translated).toMatchObject({
      route: {
        requestMirrorPolicies: [
          { cluster: `outbound|9080|v2|${host}`, runtimeFraction: { defaultValue: { numerator: 500_000 } } },
          { cluster: 'outbound|9080||nobody.default.svc.cluster.local' },
        ],
      },
    });
    expect(paths).toEqual(['spec.http[0].mirrors[2].destination.host']);
  });

  it.each([{ mirrorPercentage: { value: 25 } }, { mirrorPercent: 25 }, { mirror_percent: 25 }])(
    'take the share in each of its spellings: %j',
    (share) => {
      expect(translate({ mirror: { host: 'reviews' }, ...share }).route).toMatchObject({
        route: { requestMirrorPolicies: [{ runtimeFraction: { defaultValue: { numerator: 250_000 } } }] },
      });
    },
  );
});
