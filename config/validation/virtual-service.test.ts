import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.ts';

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

const rules: readonly Case[] = [
  [
    'no action',
    '{match: [{uri: {exact: /a}}]}',
    'error spec.http[0]: must have one of route, redirect, directResponse and delegate',
  ],
  [
    'two actions',
    `{${route}, redirect: {uri: /b}}`,
    'error spec.http[0]: must have one of route and redirect, not all of them',
  ],
  [
    'a redirect with a fault',
    '{redirect: {uri: /b}, fault: {abort: {httpStatus: 500}}}',
    'error spec.http[0].fault: must not be there together with redirect',
  ],
  [
    'a direct response with a rewrite',
    '{directResponse: {status: 200}, rewrite: {uri: /b}}',
    'error spec.http[0].rewrite: must not be there together with directResponse',
  ],
  [
    'a negative weight',
    '{route: [{destination: {host: a}, weight: -5}, {destination: {host: b}, weight: 1}]}',
    'error spec.http[0].route[0].weight: must not be negative, is -5',
  ],
  [
    'weights that are all 0',
    '{route: [{destination: {host: a}, weight: 0}, {destination: {host: b}}]}',
    'error spec.http[0].route: the weights of several destinations must not all be 0',
  ],
  [
    'weights beyond what Envoy counts to',
    '{route: [{destination: {host: a}, weight: 2147483647}, {destination: {host: b}, weight: 2147483647}, {destination: {host: c}, weight: 2}]}',
    'error spec.http[0].route: the sum of the weights must not exceed 4294967295, is 4294967296',
  ],
  [
    'no destination host',
    '{route: [{destination: {host: ""}}]}',
    'error spec.http[0].route[0].destination.host: must name a service',
  ],
  [
    'any destination host',
    '{route: [{destination: {host: "*"}}]}',
    'error spec.http[0].route[0].destination.host: "*" is no host name',
  ],
  ['a missing destination', '{route: [{weight: 1}]}', 'error spec.http[0].route[0].destination: is required'],
  [
    'a subset that is no label',
    '{route: [{destination: {host: a, subset: v_1}}]}',
    'error spec.http[0].route[0].destination.subset: "v_1" is no DNS label, as names of subsets are',
  ],
  [
    'a destination port of 0',
    '{route: [{destination: {host: a, port: {}}}]}',
    'error spec.http[0].route[0].destination.port.number: must be from 1 to 65535, is 0',
  ],
  [
    'a port beyond the last',
    `{match: [{port: 65536}], ${route}}`,
    'error spec.http[0].match[0].port: must be from 1 to 65535, is 65536',
  ],
  [
    'two ways to match',
    `{match: [{uri: {exact: /a, prefix: /b}}], ${route}}`,
    'error spec.http[0].match[0].uri: must have one of exact, prefix and regex, has exact and prefix',
  ],
  [
    'a lookahead',
    `{match: [{uri: {regex: "/a(?=b)"}}], ${route}}`,
    'error spec.http[0].match[0].uri.regex: "/a(?=b)" is no regular expression of RE2: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
  ],
  [
    'a back reference',
    `{match: [{headers: {x: {regex: '(a)\\1'}}}], ${route}}`,
    'error spec.http[0].match[0].headers.x.regex: "(a)\\1" is no regular expression of RE2: error parsing regexp: invalid escape sequence: `\\1`',
  ],
  [
    'an open bracket',
    `{match: [{authority: {regex: "a("}}], ${route}}`,
    'error spec.http[0].match[0].authority.regex: "a(" is no regular expression of RE2: error parsing regexp: missing closing ): `a(`',
  ],
  [
    'an empty regex',
    `{match: [{scheme: {regex: ""}}], ${route}}`,
    'error spec.http[0].match[0].scheme.regex: a regular expression must not be empty',
  ],
  [
    'a regex without end',
    `{match: [{uri: {regex: ${'a'.repeat(1025)}}}], ${route}}`,
    'error spec.http[0].match[0].uri.regex: must have 1024 characters at most, has 1025',
  ],
  [
    'an empty prefix of a header',
    `{match: [{headers: {x: {prefix: ""}}}], ${route}}`,
    'error spec.http[0].match[0].headers.x.prefix: must not be empty',
  ],
  [
    'a path without slash',
    `{match: [{uri: {prefix: api}}], ${route}}`,
    'warning spec.http[0].match[0].uri.prefix: "api" matches no path, since paths begin with /',
  ],
  [
    'ignoreUriCase with a regex',
    `{match: [{uri: {regex: /a}, ignoreUriCase: true}], ${route}}`,
    'warning spec.http[0].match[0].ignoreUriCase: is without effect on a regex; begin the regex with (?i)',
  ],
  [
    'a header that is none',
    `{match: [{withoutHeaders: {"a b": {exact: c}}}], ${route}}`,
    'error spec.http[0].match[0].withoutHeaders: "a b" is no name of a header',
  ],
  [
    'a query parameter without name',
    `{match: [{queryParams: {"": {exact: c}}}], ${route}}`,
    'error spec.http[0].match[0].queryParams: the name of a query parameter must not be empty',
  ],
  [
    'a source namespace that is none',
    `{match: [{sourceNamespace: A_B}], ${route}}`,
    'error spec.http[0].match[0].sourceNamespace: "A_B" is no name of a namespace',
  ],
  [
    'a source label that is none',
    `{match: [{sourceLabels: {"a b": c, d: "e f"}}], ${route}}`,
    'error spec.http[0].match[0].sourceLabels: "a b" is no label key',
    'error spec.http[0].match[0].sourceLabels.d: "e f" is no label value',
  ],
  [
    'an empty redirect',
    '{redirect: {redirectCode: 302}}',
    'error spec.http[0].redirect: must have at least one of uri, prefixRewrite, authority, scheme, port and derivePort',
  ],
  [
    'a redirect that Envoy has not',
    '{redirect: {uri: /b, redirectCode: 304}}',
    'error spec.http[0].redirect.redirectCode: must be one of 301, 302, 303, 307, 308, is 304',
  ],
  [
    'a scheme to redirect to',
    '{redirect: {scheme: ftp}}',
    'error spec.http[0].redirect.scheme: must be http or https, is "ftp"',
  ],
  [
    'a port to redirect to',
    '{redirect: {port: 70000}}',
    'error spec.http[0].redirect.port: must be from 1 to 65535, is 70000',
  ],
  [
    'uri and prefixRewrite',
    '{redirect: {uri: /a, prefixRewrite: /b}}',
    'error spec.http[0].redirect: must not have both uri and prefixRewrite',
  ],
  [
    'port and derivePort',
    '{redirect: {port: 80, derivePort: FROM_REQUEST_PORT}}',
    'error spec.http[0].redirect: must not have both port and derivePort',
  ],
  [
    'a status to answer with',
    '{directResponse: {status: 100}}',
    'error spec.http[0].directResponse.status: must be from 200 to 599, is 100',
  ],
  [
    'two bodies',
    '{directResponse: {status: 200, body: {string: a, bytes: YQ==}}}',
    'error spec.http[0].directResponse.body: must not have both string and bytes',
  ],
  [
    'a body too large',
    `{directResponse: {status: 200, body: {string: ${'a'.repeat(1024 * 1024 + 1)}}}}`,
    'error spec.http[0].directResponse.body: must be 1 MiB at most, is 1048577 bytes',
  ],
  [
    'a large body',
    `{directResponse: {status: 200, body: {string: ${'a'.repeat(200_000)}}}}`,
    'warning spec.http[0].directResponse.body: has 200000 bytes, which every proxy has to be sent and to hold',
  ],
  [
    'a delegate without name',
    '{delegate: {namespace: a}}',
    'error spec.http[0].delegate.name: must be the name of a VirtualService, is ""',
  ],
  [
    'a delegate in no namespace',
    '{delegate: {name: a, namespace: B_}}',
    'error spec.http[0].delegate.namespace: "B_" is no name of a namespace',
  ],
  [
    'an empty rewrite',
    `{rewrite: {}, ${route}}`,
    'error spec.http[0].rewrite: must have at least one of uri, authority and uriRegexRewrite',
  ],
  [
    'two rewrites',
    `{rewrite: {uri: /a, uriRegexRewrite: {match: a, rewrite: b}}, ${route}}`,
    'error spec.http[0].rewrite: must not have both uri and uriRegexRewrite',
  ],
  [
    'a rewrite without slash',
    `{match: [{uri: {prefix: /a}}], rewrite: {uri: b}, ${route}}`,
    'warning spec.http[0].rewrite.uri: "b" does not begin with /, so that the new path may not either',
  ],
  [
    'a rewrite by a wrong regex',
    `{rewrite: {uriRegexRewrite: {match: "[", rewrite: b}}, ${route}}`,
    'error spec.http[0].rewrite.uriRegexRewrite.match: "[" is no regular expression of RE2: error parsing regexp: missing closing ]: `[`',
  ],
  [
    'a rewrite to a missing group',
    `{rewrite: {uriRegexRewrite: {match: "(a)", rewrite: '\\2'}}, ${route}}`,
    'error spec.http[0].rewrite.uriRegexRewrite.rewrite: "\\2" names a group, but the expression has 1',
  ],
  [
    'the authority changed twice',
    `{rewrite: {authority: a}, headers: {request: {set: {Host: b}}}, ${route}}`,
    'error spec.http[0]: the authority is changed in several places; keep one of rewrite.authority and headers',
  ],
  ['a timeout below 1ms', `{timeout: 100us, ${route}}`, 'error spec.http[0].timeout: must be 1ms or more, is 100us'],
  [
    'a timeout that is none',
    `{timeout: "5", ${route}}`,
    'error spec.http[0].timeout: must be a duration such as 250ms, 1.5s or 2h, is "5"',
  ],
  [
    'negative attempts',
    `{retries: {attempts: -1}, ${route}}`,
    'error spec.http[0].retries.attempts: must not be negative, is -1',
  ],
  [
    'a policy for no attempts',
    `{retries: {attempts: 0, retryOn: 5xx}, ${route}}`,
    'error spec.http[0].retries.attempts: is 0, which turns retries off, but the policy says how to retry',
  ],
  [
    'a try without time',
    `{retries: {attempts: 1, perTryTimeout: 0s}, ${route}}`,
    'error spec.http[0].retries.perTryTimeout: must be 1ms or more, is 0s',
  ],
  [
    'a pause without time',
    `{retries: {attempts: 1, backoff: 0s}, ${route}}`,
    'error spec.http[0].retries.backoff: must be 1ms or more, is 0s',
  ],
  [
    'an unknown condition of retries',
    `{retries: {attempts: 1, retryOn: "5xx,bad-luck,999"}, ${route}}`,
    'error spec.http[0].retries.retryOn: "bad-luck" is neither a condition that Envoy retries on nor a status code',
    'error spec.http[0].retries.retryOn: "999" is neither a condition that Envoy retries on nor a status code',
  ],
  ['a fault without fault', `{fault: {}, ${route}}`, 'error spec.http[0].fault: must have delay, abort or both'],
  [
    'a delay without time',
    `{fault: {delay: {percentage: {value: 5}}}, ${route}}`,
    'warning spec.http[0].fault.delay: delays nothing without fixedDelay',
  ],
  [
    'an exponential delay',
    `{fault: {delay: {exponentialDelay: 1s}}, ${route}}`,
    'error spec.http[0].fault.delay.exponentialDelay: is not supported; use fixedDelay',
  ],
  [
    'the deprecated percent',
    `{fault: {delay: {fixedDelay: 1s, percent: 50}}, ${route}}`,
    'warning spec.http[0].fault.delay.percent: is deprecated; use percentage',
  ],
  [
    'a percentage beyond 100',
    `{fault: {delay: {fixedDelay: 1s, percentage: {value: 100.5}}}, ${route}}`,
    'error spec.http[0].fault.delay.percentage.value: must be from 0 to 100, is 100.5',
  ],
  [
    'an abort without error',
    `{fault: {abort: {percentage: {value: 5}}}, ${route}}`,
    'warning spec.http[0].fault.abort: aborts nothing without httpStatus or grpcStatus',
  ],
  [
    'an abort with two errors',
    `{fault: {abort: {httpStatus: 500, grpcStatus: INTERNAL}}, ${route}}`,
    'error spec.http[0].fault.abort: must not have both httpStatus and grpcStatus',
  ],
  [
    'an abort with no status',
    `{fault: {abort: {httpStatus: 42}}, ${route}}`,
    'error spec.http[0].fault.abort.httpStatus: must be from 200 to 599, is 42',
  ],
  [
    'an abort with no gRPC status',
    `{fault: {abort: {grpcStatus: SAD}}, ${route}}`,
    'error spec.http[0].fault.abort.grpcStatus: "SAD" is no gRPC status such as UNAVAILABLE',
  ],
  [
    'an abort of HTTP/2',
    `{fault: {abort: {http2Error: CANCEL}}, ${route}}`,
    'error spec.http[0].fault.abort.http2Error: is not supported; use httpStatus or grpcStatus',
  ],
  [
    'mirror and mirrors',
    `{mirror: {host: a}, mirrors: [{destination: {host: b}}], ${route}}`,
    'error spec.http[0]: must not have both mirror and mirrors',
  ],
  [
    'a mirrored share',
    `{mirror: {host: a}, mirrorPercentage: {value: -1}, ${route}}`,
    'error spec.http[0].mirrorPercentage.value: must be from 0 to 100, is -1',
  ],
  [
    'a deprecated mirrored share',
    `{mirror: {host: a}, mirrorPercent: 101, ${route}}`,
    'error spec.http[0].mirrorPercent: must be from 0 to 100, is 101',
    'warning spec.http[0].mirrorPercent: is deprecated; use mirrorPercentage',
  ],
  [
    'the share of a mirror',
    `{mirrors: [{destination: {host: a}, percentage: {value: 101}}], ${route}}`,
    'error spec.http[0].mirrors[0].percentage.value: must be from 0 to 100, is 101',
  ],
  [
    'an origin without match',
    `{corsPolicy: {allowOrigins: [{}]}, ${route}}`,
    'error spec.http[0].corsPolicy.allowOrigins[0]: must have exact, prefix or regex, and not an empty one',
  ],
  [
    'the deprecated origin',
    `{corsPolicy: {allowOrigin: ["*"]}, ${route}}`,
    'warning spec.http[0].corsPolicy.allowOrigin: is deprecated; use allowOrigins',
  ],
  [
    'a method that is none',
    `{corsPolicy: {allowMethods: [FETCH]}, ${route}}`,
    'error spec.http[0].corsPolicy.allowMethods[0]: "FETCH" is no HTTP method',
  ],
  [
    'headers that are none',
    `{corsPolicy: {allowHeaders: ["a b"], exposeHeaders: [""]}, ${route}}`,
    'error spec.http[0].corsPolicy.allowHeaders[0]: "a b" is no name of a header',
    'error spec.http[0].corsPolicy.exposeHeaders[0]: "" is no name of a header',
  ],
  [
    'an age in parts of seconds',
    `{corsPolicy: {maxAge: 1500ms}, ${route}}`,
    'error spec.http[0].corsPolicy.maxAge: must be whole seconds, is 1500ms',
  ],
  [
    'a header name that is none',
    `{headers: {request: {set: {"a:b": c}}}, ${route}}`,
    'error spec.http[0].headers.request.set: "a:b" is no name of a header',
  ],
  [
    'the authority of a response',
    `{headers: {response: {set: {host: c}}}, ${route}}`,
    'error spec.http[0].headers.response.set: "host" can only be changed, and on requests only',
  ],
  [
    'a lone percent sign',
    `{headers: {response: {add: {x-share: "100%"}}}, ${route}}`,
    "error spec.http[0].headers.response.add.x-share: the % at position 3 begins no command of Envoy's; write %% for a percent sign",
  ],
  [
    'headers of a destination',
    '{route: [{destination: {host: a}, headers: {request: {remove: [":path"]}}}]}',
    'error spec.http[0].route[0].headers.request.remove[0]: ":path" is no name of a header',
  ],
];

const layer4: readonly Case[] = [
  [
    'TLS without match',
    '{hosts: [a], tls: [{match: [], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match: must have at least one entry',
  ],
  [
    'TLS without server name',
    '{hosts: [a], tls: [{match: [{sniHosts: []}], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match[0].sniHosts: must have at least one entry',
  ],
  [
    'a server name of other hosts',
    '{hosts: [a], tls: [{match: [{sniHosts: [b]}], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match[0].sniHosts[0]: "b" is covered by none of spec.hosts',
  ],
  [
    'a server name that is none',
    '{hosts: [a], tls: [{match: [{sniHosts: ["a b"]}], route: [{destination: {host: a}}]}]}',
    'error spec.tls[0].match[0].sniHosts[0]: "a b" is neither a host name nor a wildcard of one',
  ],
  [
    'an address as server name',
    '{hosts: ["::1"], tls: [{match: [{sniHosts: ["::1"]}], route: [{destination: {host: a}}]}]}',
    'warning spec.tls[0].match[0].sniHosts[0]: "::1" is an IP address, which clients do not send as server name',
  ],
  [
    'TLS without destination',
    '{hosts: [a], tls: [{match: [{sniHosts: [a]}]}]}',
    'error spec.tls[0].route: must have at least one destination',
  ],
  [
    'TCP without destination',
    '{hosts: [a], tcp: [{match: [{port: 80}]}]}',
    'error spec.tcp[0].route: must have at least one destination',
  ],
  [
    'a subnet that is none',
    '{hosts: [a], tcp: [{match: [{destinationSubnets: [10.0.0.0/8, 10.0.0.0/33, "fd00::/8", x]}], route: [{destination: {host: a}}]}]}',
    'error spec.tcp[0].match[0].destinationSubnets[1]: "10.0.0.0/33" is neither an IP address nor a CIDR range',
    'error spec.tcp[0].match[0].destinationSubnets[3]: "x" is neither an IP address nor a CIDR range',
  ],
  [
    'the deprecated source subnet',
    '{hosts: [a], tcp: [{match: [{sourceSubnet: 10.0.0.0/8}], route: [{destination: {host: a}}]}]}',
    'warning spec.tcp[0].match[0].sourceSubnet: is deprecated and without effect',
  ],
  [
    'weights of TCP',
    '{hosts: [a], tcp: [{route: [{destination: {host: a}, weight: -1}]}]}',
    'error spec.tcp[0].route[0].weight: must not be negative, is -1',
  ],
];

describe('validation of a VirtualService', () => {
  it.each(wholes)('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));
  it.each(rules)('finds %s in a rule for HTTP', (_, yaml, ...expected) => expect(rule(yaml)).toEqual(expected));
  it.each(layer4)('finds %s', (_, yaml, ...expected) => expect(problems(yaml)).toEqual(expected));

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
