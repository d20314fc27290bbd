import { create } from '@bufbuild/protobuf';
import type { HttpMatchRequest, StringMatch } from '../../crds/virtual-service.ts';
import type {
  HeaderMatcher,
  QueryParameterMatcher,
  RouteMatch,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import {
  HeaderMatcherSchema,
  QueryParameterMatcherSchema,
  RouteMatchSchema,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { Report } from '../model/problem.ts';
import { within } from '../model/problem.ts';
import { isHeaderName } from '../../config/syntax/header-syntax.ts';
import { regularExpression } from './regular-expression.ts';
import { stringCondition } from './string-match.ts';

type PathSpecifier = RouteMatch['pathSpecifier'];

const everyPath: PathSpecifier = { case: 'prefix', value: '/' };

/** The match of a rule without conditions: every request. */
export function everyRequest(): RouteMatch {
  return create(RouteMatchSchema, { pathSpecifier: everyPath });
}

/**
 * Translates the conditions on a request. Undefined where one of them can't be expressed: leaving it out would let the
 * rule match more than it says, so the rule has to match nothing.
 */
export function translateRouteMatch(match: HttpMatchRequest, report: Report): RouteMatch | undefined {
  const pathSpecifier = translatePath(match.uri, within(report, 'uri'));
  const headers = [
    ...named(match.headers, (name, it) => headerMatcher(name, it, within(report, `headers[${name}]`))),
    ...named(match.withoutHeaders, (name, it) => absentMatcher(name, it, within(report, `withoutHeaders[${name}]`))),
    ...pseudoHeader(':method', match.method, within(report, 'method')),
    ...pseudoHeader(':authority', match.authority, within(report, 'authority')),
    ...pseudoHeader(':scheme', match.scheme, within(report, 'scheme')),
  ];
  const parameters = named(match.queryParams, (name, it) =>
    queryParameterMatcher(name, it, within(report, `queryParams[${name}]`)),
  );
  if (pathSpecifier === undefined || !allDefined(headers) || !allDefined(parameters)) return undefined;
  const ignoreCase = match.ignoreUriCase === true ? { caseSensitive: false } : {};
  return create(RouteMatchSchema, { pathSpecifier, headers, queryParameters: parameters, ...ignoreCase });
}

/** Whether a route takes every request, so that no route behind it is ever used. */
export function isCatchAll({ pathSpecifier, headers, queryParameters }: RouteMatch): boolean {
  const anyPath =
    (pathSpecifier.case === 'prefix' && (pathSpecifier.value === '/' || pathSpecifier.value === '')) ||
    (pathSpecifier.case === 'safeRegex' && pathSpecifier.value.regex === '.*');
  return anyPath && headers.length === 0 && queryParameters.length === 0;
}

function translatePath(uri: StringMatch | undefined, report: Report): PathSpecifier | undefined {
  if (uri?.exact !== undefined) return { case: 'path', value: uri.exact };
  if (uri?.prefix !== undefined) return { case: 'prefix', value: uri.prefix };
  if (uri?.regex === undefined) return everyPath;
  const regex = regularExpression(uri.regex);
  if (regex.valid) return { case: 'safeRegex', value: regex.matcher };
  report('regex', `${regex.reason}; the match is left out`);
  return undefined;
}

function headerMatcher(name: string, match: StringMatch, report: Report): HeaderMatcher | undefined {
  if (name.startsWith('@request.auth.')) {
    report('', 'sidecars know no claims of a token when they route; claims can be matched at gateways only');
    return undefined;
  }
  if (!isHeaderName(name.startsWith(':') ? name.slice(1) : name)) {
    report('', `"${name}" is no header name; the match is left out`);
    return undefined;
  }
  const condition = stringCondition(match);
  switch (condition.kind) {
    case 'present': {
      const headerMatchSpecifier = { case: 'presentMatch', value: true } as const;
      return create(HeaderMatcherSchema, { name, headerMatchSpecifier });
    }
    case 'matcher': {
      const headerMatchSpecifier = { case: 'stringMatch', value: condition.matcher } as const;
      return create(HeaderMatcherSchema, { name, headerMatchSpecifier });
    }
    case 'invalid':
      report('regex', `${condition.reason}; the match is left out`);
      return undefined;
  }
}

/** A missing header does not match a pattern, so it fulfils `withoutHeaders`. */
function absentMatcher(name: string, match: StringMatch, report: Report): HeaderMatcher | undefined {
  const matcher = headerMatcher(name, match, report);
  if (matcher === undefined) return undefined;
  matcher.invertMatch = true;
  // Envoy takes this for a way to compare values; next to "present" it would make every header present.
  matcher.treatMissingHeaderAsEmpty = matcher.headerMatchSpecifier.case === 'stringMatch';
  return matcher;
}

function pseudoHeader(name: string, match: StringMatch | undefined, report: Report) {
  return match === undefined ? [] : [headerMatcher(name, match, report)];
}

function queryParameterMatcher(name: string, match: StringMatch, report: Report): QueryParameterMatcher | undefined {
  if (name === '' || name.length > 1024) {
    report('', 'a query parameter has a name of 1 to 1024 characters; the match is left out');
    return undefined;
  }
  const condition = stringCondition(match);
  switch (condition.kind) {
    case 'present': {
      const queryParameterMatchSpecifier = { case: 'presentMatch', value: true } as const;
      return create(QueryParameterMatcherSchema, { name, queryParameterMatchSpecifier });
    }
    case 'matcher': {
      const queryParameterMatchSpecifier = { case: 'stringMatch', value: condition.matcher } as const;
      return create(QueryParameterMatcherSchema, { name, queryParameterMatchSpecifier });
    }
    case 'invalid':
      report('regex', `${condition.reason}; the match is left out`);
      return undefined;
  }
}

/** Translates the entries of a map in the order of their names, so that equal rules give equal bytes. */
function named<T>(
  matches: Readonly<Record<string, StringMatch>> | undefined,
  translate: (name: string, match: StringMatch) => T,
): T[] {
  return Object.entries(matches ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, match]) => translate(name, match));
}

function allDefined<T>(items: (T | undefined)[]): items is T[] {
  return items.every((item) => item !== undefined);
}
