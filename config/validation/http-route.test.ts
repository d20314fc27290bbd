import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'VirtualService', yaml);
/** A rule of a VirtualService that is right but for what the rule says. */
const rule = (yaml: string) => problems(`{hosts: [reviews], http: [${yaml}]}`);
const route = 'route: [{destination: {host: reviews}}]';

type Case = readonly [what: string, yaml: string, ...problems: string[]];

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
];

describe('validation of a rule for HTTP', () => {
  it.each(rules)('finds %s', (_, yaml, ...expected) => expect(rule(yaml)).toEqual(expected));
});
