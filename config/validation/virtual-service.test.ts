import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'VirtualService', yaml);
/** A rule of a VirtualService that is right but for what the rule says. */
const rule = (yaml: string) => problems(`{hosts: [reviews], http: [${yaml}]}`);
const route = 'route: [{destination: {host: reviews}}]';

type Case = readonly [what: string, yaml: string, ...problems: string[]];

const wholes: readonly Case[] = [
  ['no routes', '{hosts: [a]}', 'error spec: must have at least one of http, tls and tcp'],
  ['no hosts but gateways', `{gateways: [gw], http: [{${route}}]}`, 'error spec.hosts: must name at least one host'],
  [
    'no hosts at all, which makes a delegate',
    `{http: [{${route}}]}`,
    'warning spec.hosts: names no host, so that the rules hold only where another VirtualService delegates to them',
  ],
  [
    'a delegate that delegates on',
    '{http: [{delegate: {name: a}}]}',
    'warning spec.hosts: names no host, so that the rules hold only where another VirtualService delegates to them',
    'error spec.http[0].delegate: a VirtualService without hosts is a delegate itself and must not delegate on',
  ],
  [
    'a host that is none',
    `{hosts: [a, "-b"], http: [{${route}}]}`,
    'error spec.hosts[1]: "-b" is neither a host name, nor a wildcard of one, nor an IP address',
  ],
  [
    'an empty host',
    `{hosts: [""], http: [{${route}}]}`,
    'error spec.hosts[0]: "" is neither a host name, nor a wildcard of one, nor an IP address',
  ],
  [
    'a wildcard within',
    `{hosts: ["a.*.com"], http: [{${route}}]}`,
    'error spec.hosts[0]: "a.*.com" is neither a host name, nor a wildcard of one, nor an IP address',
  ],
  [
    '* for sidecars',
    `{hosts: ["*"], http: [{${route}}]}`,
    'error spec.hosts[0]: * is for gateways only; name the hosts that sidecars are to route',
  ],
  ['a host twice', `{hosts: [a, b, a], http: [{${route}}]}`, 'error spec.hosts[2]: host "a" stands here twice'],
  [
    'overlapping hosts',
    `{hosts: ["a.example.com", "*.example.com"], http: [{${route}}]}`,
    'error spec.hosts[0]: "a.example.com" is covered by "*.example.com" too',
  ],
  [
    'a gateway that is none',
    `{hosts: [a], gateways: [a/b/c], http: [{${route}}]}`,
    'error spec.gateways[0]: "a/b/c" is neither mesh nor a gateway as name or namespace/name',
  ],
  [
    'the old form of a gateway',
    `{hosts: [a], gateways: [gw.ns.svc], http: [{${route}}]}`,
    'warning spec.gateways[0]: "gw.ns.svc" is an old form of naming a gateway; use namespace/name',
  ],
  [
    'exportTo * and more',
    `{hosts: [a], exportTo: ["*", b], http: [{${route}}]}`,
    'error spec.exportTo[0]: * must be the only entry',
  ],
  [
    'exportTo no namespace',
    `{hosts: [a], exportTo: ["~"], http: [{${route}}]}`,
    'error spec.exportTo[0]: "~" is neither . nor * nor the name of a namespace',
  ],
  [
    'exportTo its own namespace twice',
    `{hosts: [a], exportTo: [., default], http: [{${route}}]}`,
    'error spec.exportTo[1]: namespace "default" stands here twice',
  ],
  [
    'a rule behind one that takes everything',
    `{hosts: [a], http: [{${route}}, {match: [{uri: {exact: /a}}], ${route}}]}`,
    'warning spec.http[1]: is never used, since spec.http[0] before it has no match and takes everything',
  ],
  [
    'the same match twice',
    `{hosts: [a], http: [{match: [{name: x, uri: {exact: /a}}], ${route}}, {match: [{name: y, uri: {exact: /a}}], ${route}}]}`,
    'warning spec.http[1].match[0]: is never used, since spec.http[0] has the same match',
  ],
  ['hosts that are no list', `{hosts: a, http: [{${route}}]}`, 'error spec.hosts: must be a list, is of type string'],
];

describe('validation of a VirtualService', () => {
  it.each(wholes)('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));

  it.each([
    [
      'a split',
      '{hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 90}, {destination: {host: reviews, subset: v2}, weight: 10}]}]}',
    ],
    [
      'a destination without traffic',
      '{hosts: [reviews], http: [{route: [{destination: {host: a}, weight: 100}, {destination: {host: b}, weight: 0}]}]}',
    ],
    [
      'wildcards, an address and a gateway',
      `{hosts: ["*.example.com", "*-api.example.org", 10.0.0.1], gateways: [mesh, ns/gw], http: [{${route}}]}`,
    ],
    ['* at a gateway', `{hosts: ["*"], gateways: [gw], http: [{${route}}]}`],
    [
      'every match',
      `{hosts: [a], http: [{match: [{uri: {prefix: ""}, scheme: {exact: https}, method: {regex: "GET|HEAD"}, authority: {prefix: a.}, headers: {":method": {exact: GET}, x: {}, "@request.auth.claims.group": {exact: b}}, withoutHeaders: {y: {regex: "*"}}, queryParams: {q: {regex: '\\d+$'}}, port: 80, sourceLabels: {"example.com/app": b}, sourceNamespace: c, gateways: [mesh]}], ${route}}]}`,
    ],
    [
      'rewrites and redirects',
      '{hosts: [a], http: [{match: [{uri: {exact: /a}}], redirect: {uri: /b, authority: c, redirectCode: 308, scheme: https, derivePort: FROM_PROTOCOL_DEFAULT}}, {rewrite: {authority: b, uriRegexRewrite: {match: "^/(.*)/(.*)$", rewrite: "/\\\\2/\\\\1"}}, route: [{destination: {host: a}}]}]}',
    ],
    [
      'policies',
      `{hosts: [a], http: [{timeout: 10s, retries: {attempts: 3, perTryTimeout: 2s, retryOn: "gateway-error, 503,connect-failure", backoff: 25ms, retryRemoteLocalities: true}, fault: {delay: {fixedDelay: 5s, percentage: {value: 0.1}}, abort: {grpcStatus: UNAVAILABLE, percentage: {value: 100}}}, mirror: {host: b, port: {number: 80}}, mirrorPercentage: {value: 50}, corsPolicy: {allowOrigins: [{exact: "https://example.com"}, {regex: ".*"}], allowMethods: [GET, "*"], allowHeaders: ["*", x-a], maxAge: 24h, allowCredentials: null}, headers: {request: {set: {Host: b, x-at: "%START_TIME(%s)%", x-share: "100%%"}, remove: [x-b]}}, ${route}}]}`,
    ],
    ['no retries', `{hosts: [a], http: [{retries: {attempts: 0}, ${route}}]}`],
    [
      'an answer of its own',
      '{hosts: [a], http: [{directResponse: {status: 503, body: {string: "{}"}}, headers: {response: {set: {content-type: application/json}}}}]}',
    ],
    ['delegation', '{hosts: [a], http: [{match: [{uri: {prefix: /a}}], delegate: {name: b, namespace: c}}]}'],
    [
      'TLS and TCP',
      '{hosts: ["*.example.com"], tls: [{match: [{port: 443, sniHosts: [a.example.com, "*.b.example.com", "outbound_.80_._.a.example.com"]}], route: [{destination: {host: a.example.com}}]}], tcp: [{match: [{port: 9000, destinationSubnets: ["10.0.0.0/8"]}], route: [{destination: {host: b, port: {number: 1}}}]}]}',
    ],
    ['exportTo', `{hosts: [a], exportTo: [., other], http: [{${route}}]}`],
  ])('has nothing against %s', (_, yaml) => expect(problems(yaml)).toEqual([]));

  it('bounds what one object may make the control plane compute', () => {
    const list = (count: number, item: (index: number) => string) =>
      Array.from({ length: count }, (_, n) => item(n)).join();
    expect(problems(`{hosts: [${list(501, (n) => `"*.${n}.com"`)}], http: [{${route}}]}`)).toEqual([
      'error spec.hosts: must not have more than 500 wildcards, has 501',
    ]);
    const match = `{uri: {regex: "${'a'.repeat(1000)}"}}`;
    expect(rule(`{match: [${list(66, () => match)}], ${route}}`)).toEqual([
      'error spec.http: has regular expressions of 66000 characters, and must have 65536 at most',
    ]);
    expect(rule(`{match: [{uri: {regex: "${'a{1000}'.repeat(20)}"}}], ${route}}`)).toEqual([
      expect.stringMatching(/ needs \d+ steps, and must need 16384 at most$/),
    ]);
  });

  it('compares thousands of matches and hosts without comparing each with each', () => {
    const many = Array.from({ length: 20_000 }, (_, n) => n);
    const matches = many.map((n) => `{uri: {exact: /${n}}}`).join();
    const yaml = `{hosts: [${many.map((n) => `h${n}`).join()}], http: [{match: [${matches}], ${route}}, {match: [${matches}], ${route}}]}`;
    expect(problems(yaml)).toHaveLength(20_000);
  });

  it('checks objects of the older versions alike', () => {
    expect(problemsOf('networking.istio.io/v1alpha3', 'VirtualService', '{hosts: [a]}')).toHaveLength(1);
  });
});
