import { create } from '@bufbuild/protobuf';
import type { ConsistentHash, TrafficPolicy } from '../../crds/destination-rule.ts';
import type {
  RouteAction_HashPolicy,
  RouteAction_HashPolicy_Cookie,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import {
  RouteAction_HashPolicy_ConnectionPropertiesSchema,
  RouteAction_HashPolicy_CookieSchema,
  RouteAction_HashPolicy_HeaderSchema,
  RouteAction_HashPolicy_QueryParameterSchema,
  RouteAction_HashPolicySchema,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { parseDuration } from './duration.ts';
import { isHeaderName } from '../../config/syntax/header-syntax.ts';

type PolicySpecifier = RouteAction_HashPolicy['policySpecifier'];

/**
 * What a request is hashed by on its way to a host whose DestinationRule asks for consistent hashing; undefined where it
 * does not. What is wrong with the rule is for the translation of its cluster to report.
 */
export function translateHashPolicy(policy: TrafficPolicy | undefined): RouteAction_HashPolicy | undefined {
  const hash = policy?.loadBalancer?.consistentHash;
  const policySpecifier = hash === undefined ? undefined : specifier(hash);
  return policySpecifier === undefined ? undefined : create(RouteAction_HashPolicySchema, { policySpecifier });
}

function specifier(hash: ConsistentHash): PolicySpecifier | undefined {
  if (hash.httpHeaderName !== undefined) {
    if (!isHeaderName(hash.httpHeaderName)) return undefined;
    const value = create(RouteAction_HashPolicy_HeaderSchema, { headerName: hash.httpHeaderName });
    return { case: 'header', value };
  }
  if (hash.httpCookie !== undefined) {
    return hash.httpCookie.name === '' ? undefined : { case: 'cookie', value: cookie(hash.httpCookie) };
  }
  if (hash.httpQueryParameterName !== undefined) {
    if (hash.httpQueryParameterName === '') return undefined;
    const value = create(RouteAction_HashPolicy_QueryParameterSchema, { name: hash.httpQueryParameterName });
    return { case: 'queryParameter', value };
  }
  if (hash.useSourceIp !== true) return undefined;
  const value = create(RouteAction_HashPolicy_ConnectionPropertiesSchema, { sourceIp: true });
  return { case: 'connectionProperties', value };
}

/** With a TTL, of zero too (a session cookie), Envoy makes the cookie where it is missing. */
function cookie({
  name,
  path,
  ttl,
  attributes,
}: NonNullable<ConsistentHash['httpCookie']>): RouteAction_HashPolicy_Cookie {
  const message = create(RouteAction_HashPolicy_CookieSchema, {
    name,
    path: path ?? '',
    attributes: (attributes ?? []).map((it) => ({ name: it.name, value: it.value ?? '' })),
  });
  const lifetime = ttl === undefined ? undefined : parseDuration(ttl);
  if (lifetime !== undefined) message.ttl = lifetime;
  return message;
}
