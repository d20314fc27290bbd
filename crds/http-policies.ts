import { duration, int32, percent, uint32 } from './istio-scalars.ts';
import type { Infer } from './schema.ts';
import { array, boolean, enumeration, nullable, object, required, string } from './schema.ts';
import { stringMatch } from './string-match.ts';

export const httpRedirect = object(
  'Answers with a redirect.',
  {
    uri: string('The path to redirect to, replacing the whole path.'),
    prefixRewrite: string('What replaces the matched prefix of the path.'),
    authority: string('The host to redirect to.'),
    port: uint32('The port to redirect to.'),
    derivePort: enumeration('Where the port comes from when none is given.', [
      'FROM_PROTOCOL_DEFAULT',
      'FROM_REQUEST_PORT',
    ]),
    scheme: string('The scheme to redirect to: http or https.'),
    redirectCode: uint32('The status of the answer; 301 when not given.'),
  },
  { atMostOne: [['port', 'derivePort']] },
);

const body = object(
  'The body of the answer.',
  { string: string('The body as text.'), bytes: string('The body as base64.', { format: 'byte' }) },
  { atMostOne: [['string', 'bytes']] },
);

export const httpDirectResponse = object('Answers at once, without a destination.', {
  status: required(uint32('The status of the answer.')),
  body,
});

export const delegate = object('Another VirtualService that holds the routes.', {
  name: string('Its name.'),
  namespace: string("Its namespace; this VirtualService's own when not given."),
});

export const httpRewrite = object('Changes to the request before it is forwarded.', {
  uri: string('What replaces the path, or its matched prefix.'),
  authority: string('What replaces the Host or :authority header.'),
  uriRegexRewrite: object('Rewrites the path by a regular expression.', {
    match: string('A regular expression in RE2 syntax, of the part to replace.'),
    rewrite: string(String.raw`What it is replaced by; \1, \2 and so on stand for captured groups.`),
  }),
});

export const httpRetry = object('How failed requests are tried again.', {
  attempts: int32('How often a request is tried again; 0 turns retries off.'),
  perTryTimeout: duration("Timeout of each try; the route's timeout when not given."),
  retryOn: string("Comma-separated conditions for another try, by Envoy's names, or status codes."),
  retryRemoteLocalities: nullable(boolean('Try in other localities too.')),
  retryIgnorePreviousHosts: nullable(boolean('Avoid hosts that were tried already.')),
  backoff: duration('Base of the pause between tries.'),
});

const delay = object(
  'Delays requests before they are forwarded.',
  {
    fixedDelay: duration('How long the request is held.'),
    exponentialDelay: duration('Not supported; kept for compatibility.'),
    percentage: percent('The share of requests that is delayed.'),
    percent: int32('Deprecated: the share as a whole number. Use percentage.'),
  },
  { atMostOne: [['fixedDelay', 'exponentialDelay']] },
);

const abort = object(
  'Answers requests with an error instead of forwarding them.',
  {
    httpStatus: int32('The HTTP status to answer with.'),
    grpcStatus: string('The gRPC status to answer with, such as UNAVAILABLE.'),
    http2Error: string('Not supported; kept for compatibility.'),
    percentage: percent('The share of requests that is aborted.'),
  },
  { atMostOne: [['httpStatus', 'grpcStatus', 'http2Error']] },
);

export const httpFaultInjection = object('Faults to inject, for testing.', { delay, abort });

export const corsPolicy = object('Cross-origin resource sharing.', {
  allowOrigins: array('Origins that may read the answers.', stringMatch('An origin.')),
  allowOrigin: array('Deprecated: origins, matched exactly. Use allowOrigins.', string('An origin.')),
  allowMethods: array('Methods that are allowed.', string('An HTTP method.')),
  allowHeaders: array('Request headers that are allowed.', string('Name of a header.')),
  exposeHeaders: array('Response headers that scripts may read.', string('Name of a header.')),
  maxAge: duration('How long browsers may keep the answer to a preflight request.'),
  allowCredentials: nullable(boolean('Allow requests with credentials.')),
  unmatchedPreflights: enumeration('What happens to preflight requests from other origins.', [
    'UNSPECIFIED',
    'FORWARD',
    'IGNORE',
  ]),
});

export type HttpRedirect = Infer<typeof httpRedirect>;
export type HttpDirectResponse = Infer<typeof httpDirectResponse>;
export type Delegate = Infer<typeof delegate>;
export type HttpRewrite = Infer<typeof httpRewrite>;
export type HttpRetry = Infer<typeof httpRetry>;
export type HttpFaultInjection = Infer<typeof httpFaultInjection>;
export type HttpFaultDelay = Infer<typeof delay>;
export type HttpFaultAbort = Infer<typeof abort>;
export type CorsPolicy = Infer<typeof corsPolicy>;
