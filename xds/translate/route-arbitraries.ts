import fc from 'fast-check';
import type { HttpMatchRequest, HttpRoute, StringMatch, VirtualServiceSpec } from '../../crds/virtual-service.ts';

/** For property tests: text as users write it, on purpose and by mistake. */
const text = fc.oneof(
  fc.constantFrom(
    '',
    '*',
    '/',
    '/a',
    '.*',
    '[',
    '(a)b',
    '%',
    '%%',
    '%REQ(x)%',
    'a\nb',
    'Host',
    ':authority',
    'x-user',
    '\\1',
  ),
  fc.string({ maxLength: 12, unit: 'binary' }),
);
const host = fc.constantFrom(
  'reviews',
  'ratings.other.svc.cluster.local',
  'nobody',
  '',
  '*',
  'REVIEWS',
  'a..b',
  '::1',
  '*.example.com',
  'www.example.com',
);
const duration = fc.constantFrom('1s', '250ms', '0s', '', 'soon', '-1s', '1h30m', '9999999999h');
const number = fc.oneof(fc.constantFrom(0, 1, 80, 200, 301, 503, 9080, 2_147_483_647, -1), fc.integer());
const value = fc.oneof(fc.constantFrom(0, 0.0001, 50, 100, 1e9, -1, NaN), fc.double());
const percentage = fc.record({ value }, { requiredKeys: [] });
const entries = <T>(of: fc.Arbitrary<T>) => fc.dictionary(text, of, { maxKeys: 3 });
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 });

function optional<T extends object>(fields: { [K in keyof T]-?: fc.Arbitrary<NonNullable<T[K]>> }): fc.Arbitrary<T> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<T>;
}

const stringMatch: fc.Arbitrary<StringMatch> = optional<StringMatch>({ exact: text, prefix: text, regex: text });

const clientConditions = {
  port: fc.constantFrom(0, 80, 9080),
  gateways: list(fc.constantFrom('mesh', 'ingress')),
  sourceLabels: entries(text),
  sourceNamespace: fc.constantFrom('default', 'other', ''),
};

const match: fc.Arbitrary<HttpMatchRequest> = optional<HttpMatchRequest>({
  ...clientConditions,
  name: text,
  uri: stringMatch,
  scheme: stringMatch,
  method: stringMatch,
  authority: stringMatch,
  headers: entries(stringMatch),
  withoutHeaders: entries(stringMatch),
  queryParams: entries(stringMatch),
  ignoreUriCase: fc.boolean(),
  statPrefix: text,
});

const operations = optional({ set: entries(text), add: entries(text), remove: list(text) });
const headers = optional({ request: operations, response: operations });
const destination = fc.record(
  { host, subset: text, port: fc.record({ number }, { requiredKeys: [] }) },
  { requiredKeys: ['host'] },
);
const routeDestination = fc.record({ destination, weight: number, headers }, { requiredKeys: ['destination'] });
const body = optional({ string: text, bytes: text });

const forwardingFields = {
  name: text,
  match: list(match),
  route: list(routeDestination),
  delegate: optional({ name: text, namespace: text }),
  rewrite: optional({ uri: text, authority: text, uriRegexRewrite: optional({ match: text, rewrite: text }) }),
  timeout: duration,
  retries: optional({
    attempts: number,
    perTryTimeout: duration,
    retryOn: fc.constantFrom('5xx', '503,reset', '', ',,', 'nonsense'),
    retryRemoteLocalities: fc.boolean(),
    retryIgnorePreviousHosts: fc.boolean(),
    backoff: duration,
  }),
  fault: optional({
    delay: optional({ fixedDelay: duration, exponentialDelay: duration, percentage, percent: number }),
    abort: optional({ httpStatus: number, grpcStatus: fc.constantFrom('OK', 'no'), http2Error: text, percentage }),
  }),
  mirror: destination,
  mirrors: list(fc.record({ destination, percentage }, { requiredKeys: ['destination'] })),
  mirrorPercentage: percentage,
  mirrorPercent: number,
  mirror_percent: number,
  corsPolicy: optional({
    allowOrigins: list(stringMatch),
    allowOrigin: list(text),
    allowMethods: list(text),
    allowHeaders: list(text),
    exposeHeaders: list(text),
    maxAge: duration,
    allowCredentials: fc.boolean(),
    unmatchedPreflights: fc.constantFrom('UNSPECIFIED', 'FORWARD', 'IGNORE'),
  }),
  headers,
};

const answeringFields = {
  redirect: optional({
    uri: text,
    prefixRewrite: text,
    authority: text,
    port: fc.nat(70_000),
    derivePort: fc.constantFrom('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'),
    scheme: text,
    redirectCode: fc.constantFrom(0, 301, 302, 404),
  }),
  directResponse: fc.record({ status: number, body }, { requiredKeys: ['status'] }),
};

/** Most rules forward: one that also answers by itself does nothing else. */
const rule: fc.Arbitrary<HttpRoute> = fc.oneof(
  { weight: 3, arbitrary: optional<Omit<HttpRoute, 'redirect' | 'directResponse'>>(forwardingFields) },
  { weight: 1, arbitrary: optional<HttpRoute>({ ...forwardingFields, ...answeringFields }) },
);

const layer4Route = list(fc.record({ destination, weight: number }, { requiredKeys: ['destination'] }));
const subnets = { destinationSubnets: list(fc.oneof(text, fc.constantFrom('10.0.0.0/8', '::/0', '1.2.3.4/33'))) };

/** For property tests: any spec that has the right types, whether or not it makes sense. */
export const anyVirtualServiceSpec: fc.Arbitrary<VirtualServiceSpec> = optional<VirtualServiceSpec>({
  hosts: list(fc.oneof(host, text)),
  gateways: list(fc.constantFrom('mesh', 'ingress')),
  http: list(rule),
  tls: list(
    fc.record(
      {
        match: list(
          fc.record({ sniHosts: list(text), ...subnets, ...clientConditions }, { requiredKeys: ['sniHosts'] }),
        ),
        route: layer4Route,
      },
      { requiredKeys: ['match'] },
    ),
  ),
  tcp: list(optional({ match: list(optional({ ...subnets, ...clientConditions })), route: layer4Route })),
  exportTo: list(fc.constantFrom('.', '*', 'other')),
});
