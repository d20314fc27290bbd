import { headers } from './header-operations.ts';
import { httpMatchRequest } from './http-match.ts';
import {
  corsPolicy,
  delegate,
  httpDirectResponse,
  httpFaultInjection,
  httpRedirect,
  httpRetry,
  httpRewrite,
} from './http-policies.ts';
import { duration, int32, percent, uint32 } from './istio-scalars.ts';
import { destination } from './route-destination.ts';
import type { Infer } from './schema.ts';
import { array, nullable, object, required, string } from './schema.ts';

const httpRouteDestination = object('A destination with its share of the requests.', {
  destination: required(destination('Where the requests go.')),
  weight: int32('Its share, relative to the sum of all weights of the route.'),
  headers: headers('Changes to headers for this destination only.'),
});

const httpMirrorPolicy = object('A destination that gets copies of requests.', {
  destination: required(destination('Where the copies go.')),
  percentage: percent('The share of requests that is copied; all when not given.'),
});

/** Istio's HTTPRoute: what happens to requests that one of the matches holds for. */
export const httpRoute = object('One rule for HTTP, HTTP/2 and gRPC requests; the first that matches is used.', {
  name: string('Name of the rule, shown in access logs.'),
  match: array('Conditions, one of which has to hold; all requests when empty.', httpMatchRequest),
  route: array('Where requests are forwarded to, by weight.', httpRouteDestination),
  redirect: httpRedirect,
  directResponse: httpDirectResponse,
  delegate,
  rewrite: httpRewrite,
  timeout: duration('How long a request may take in all; no limit when not given.'),
  retries: httpRetry,
  fault: httpFaultInjection,
  mirror: destination('A destination that gets a copy of each request. Use mirrors for several.'),
  mirrors: array('Destinations that get copies of requests.', httpMirrorPolicy),
  mirrorPercentage: percent('The share of requests that mirror gets.'),
  mirrorPercent: nullable(uint32('Deprecated: the share as a whole number. Use mirrorPercentage.')),
  mirror_percent: nullable(uint32('Deprecated: the share as a whole number. Use mirrorPercentage.')),
  corsPolicy,
  headers: headers('Changes to headers, for all destinations of the rule.'),
});

export type HttpRoute = Infer<typeof httpRoute>;
export type HttpRouteDestination = Infer<typeof httpRouteDestination>;
export type HttpMirrorPolicy = Infer<typeof httpMirrorPolicy>;
