import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { CorsPolicy, StringMatch } from '../../crds/virtual-service.ts';
import { CorsPolicySchema } from '../envoy/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import type { StringMatcher } from '../envoy/gen/envoy/type/matcher/v3/string_pb.js';
import { StringMatcherSchema } from '../envoy/gen/envoy/type/matcher/v3/string_pb.js';
import type { Report } from '../model/problem.ts';
import { parseDuration } from './duration.ts';
import { isHeaderName } from '../../config/syntax/header-syntax.ts';
import { runtimePercent } from './percent.ts';
import { regularExpression } from './regular-expression.ts';
import { stringCondition } from './string-match.ts';

/** Name of Envoy's filter for cross-origin requests; the connection manager has to hold it. */
export const corsFilter = 'envoy.filters.http.cors';

/** Translates a CORS policy into the CORS filter's settings for a route. */
export function translateCors(cors: CorsPolicy | undefined, report: Report): Any | undefined {
  if (cors === undefined) return undefined;
  const policy = create(CorsPolicySchema, {
    allowOriginStringMatch: origins(cors, report),
    allowMethods: names(cors.allowMethods, 'allowMethods', report),
    allowHeaders: names(cors.allowHeaders, 'allowHeaders', report),
    exposeHeaders: names(cors.exposeHeaders, 'exposeHeaders', report),
    maxAge: maxAgeSeconds(cors.maxAge, report),
    forwardNotMatchingPreflights: cors.unmatchedPreflights !== 'IGNORE',
    filterEnabled: runtimePercent(100),
  });
  if (cors.allowCredentials !== undefined && cors.allowCredentials !== null) {
    policy.allowCredentials = cors.allowCredentials;
  }
  return anyPack(CorsPolicySchema, policy);
}

function origins(cors: CorsPolicy, report: Report): StringMatcher[] {
  const given: readonly StringMatch[] = cors.allowOrigins ?? (cors.allowOrigin ?? []).map((exact) => ({ exact }));
  return given.flatMap((match, position) => {
    const condition = stringCondition(match);
    switch (condition.kind) {
      case 'present':
        return [anyOrigin()];
      case 'matcher':
        return [condition.matcher];
      case 'invalid':
        report(`allowOrigins[${position}].regex`, `${condition.reason}; the origin is left out`);
        return [];
    }
  });
}

function anyOrigin(): StringMatcher {
  const regex = regularExpression('.*');
  if (!regex.valid) return create(StringMatcherSchema);
  return create(StringMatcherSchema, { matchPattern: { case: 'safeRegex', value: regex.matcher } });
}

/** Joined by commas, as they stand in the header of the answer; methods are tokens as header names are. */
function names(items: readonly string[] | undefined, path: string, report: Report): string {
  const usable = (items ?? []).filter((name, position) => {
    if (isHeaderName(name)) return true;
    report(`${path}[${position}]`, `"${name}" can't stand in a header; it is left out`);
    return false;
  });
  return usable.join(',');
}

function maxAgeSeconds(text: string | undefined, report: Report): string {
  if (text === undefined) return '';
  const duration = parseDuration(text);
  if (duration !== undefined) return duration.seconds.toString();
  report('maxAge', `"${text}" is no duration such as 24h; it is left out`);
  return '';
}
