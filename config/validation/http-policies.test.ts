import { describe, expect, it } from 'vitest';
import { problemsOf } from './problems-of.testing.ts';

const problems = (yaml: string) => problemsOf('networking.istio.io/v1', 'VirtualService', yaml);
/** A rule of a VirtualService that is right but for what the rule says. */
const rule = (yaml: string) => problems(`{hosts: [reviews], http: [${yaml}]}`);
const route = 'route: [{destination: {host: reviews}}]';

type Case = readonly [what: string, yaml: string, ...problems: string[]];

const policies: readonly Case[] = [
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

describe('validation of the policies of a rule for HTTP', () => {
  it.each(policies)('finds %s', (_, yaml, ...expected) => expect(rule(yaml)).toEqual(expected));
});
