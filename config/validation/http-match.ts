import type { HttpMatchRequest } from '../../crds/http-match.ts';
import { isHeaderName } from '../syntax/header-syntax.ts';
import { checkGateways, checkLabels, checkNamespace, checkPort } from './fields.ts';
import type { Problems } from './problem.ts';
import { error, warning } from './problem.ts';
import { checkPathMatch, checkStringMatch, checkStringMatches } from './string-match.ts';

/** Routing by claims of a token uses this prefix in place of a header name (Istio, "JWT claim based routing"). */
const claimPrefix = '@request.auth.claims';
const pseudoHeaders = new Set([':authority', ':method', ':path', ':scheme']);

export function* checkHttpMatch(match: HttpMatchRequest, path: string): Problems {
  yield* checkUri(match, path);
  yield* checkStringMatch(match.scheme, `${path}.scheme`);
  yield* checkStringMatch(match.method, `${path}.method`);
  yield* checkStringMatch(match.authority, `${path}.authority`);
  yield* checkHeaderKeys(match.headers, `${path}.headers`);
  yield* checkHeaderKeys(match.withoutHeaders, `${path}.withoutHeaders`);
  yield* checkStringMatches(match.headers, `${path}.headers`);
  yield* checkStringMatches(withoutPresence(match.withoutHeaders), `${path}.withoutHeaders`);
  yield* checkQueryParams(match, `${path}.queryParams`);
  yield* checkPort(match.port === 0 ? undefined : match.port, `${path}.port`);
  yield* checkLabels(match.sourceLabels, `${path}.sourceLabels`);
  yield* checkNamespace(match.sourceNamespace, `${path}.sourceNamespace`);
  yield* checkGateways(match.gateways, `${path}.gateways`);
}

function* checkUri({ uri, ignoreUriCase }: HttpMatchRequest, path: string): Problems {
  yield* checkPathMatch(uri, `${path}.uri`);
  for (const way of ['exact', 'prefix'] as const) {
    const value = uri?.[way];
    if (value !== undefined && value !== '' && !value.startsWith('/') && value !== '*') {
      yield warning(`${path}.uri.${way}`, `"${value}" matches no path, since paths begin with /`);
    }
  }
  if (ignoreUriCase === true && uri?.regex !== undefined) {
    yield warning(`${path}.ignoreUriCase`, 'is without effect on a regex; begin the regex with (?i)');
  }
}

function* checkHeaderKeys(headers: Readonly<Record<string, unknown>> | undefined, path: string): Problems {
  for (const name of Object.keys(headers ?? {})) {
    const isKnown = name.startsWith(claimPrefix) || pseudoHeaders.has(name) || isHeaderName(name);
    if (!isKnown) yield error(path, `"${name}" is no name of a header`);
  }
}

function* checkQueryParams({ queryParams }: HttpMatchRequest, path: string): Problems {
  yield* checkStringMatches(queryParams, path);
  if (queryParams !== undefined && '' in queryParams) {
    yield error(path, 'the name of a query parameter must not be empty');
  }
}

/** Of headers that must not match, the regex `*` stands for presence and is no regular expression (as in Istio). */
function withoutPresence(headers: HttpMatchRequest['withoutHeaders']): HttpMatchRequest['withoutHeaders'] {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([, match]) => match.regex !== '*'));
}
