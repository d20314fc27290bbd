import { create } from '@bufbuild/protobuf';
import type { HttpRedirect } from '../../crds/virtual-service.ts';
import type { RedirectAction } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import {
  RedirectAction_RedirectResponseCode,
  RedirectActionSchema,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { Report } from '../model/problem.ts';
import { isHeaderValue } from '../../config/syntax/header-syntax.ts';

const responseCodes: ReadonlyMap<number, RedirectAction_RedirectResponseCode> = new Map([
  [0, RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY],
  [301, RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY],
  [302, RedirectAction_RedirectResponseCode.FOUND],
  [303, RedirectAction_RedirectResponseCode.SEE_OTHER],
  [307, RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT],
  [308, RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT],
]);

/** Translates a redirect of requests that came by plain HTTP to `port`; undefined where it can't be done as written. */
export function translateRedirect(redirect: HttpRedirect, port: number, report: Report): RedirectAction | undefined {
  const responseCode = responseCodes.get(redirect.redirectCode ?? 0);
  if (responseCode === undefined) {
    report('redirectCode', `${redirect.redirectCode ?? 0} is none of 301, 302, 303, 307 and 308; the rule answers 500`);
    return undefined;
  }
  for (const field of ['uri', 'prefixRewrite', 'authority', 'scheme'] as const) {
    if (isHeaderValue(redirect[field] ?? '')) continue;
    report(field, 'a redirect holds no line ends; the rule answers 500');
    return undefined;
  }
  return create(RedirectActionSchema, {
    hostRedirect: redirect.authority ?? '',
    pathRewriteSpecifier: pathRewrite(redirect),
    schemeRewriteSpecifier: redirect.scheme ? { case: 'schemeRedirect', value: redirect.scheme } : { case: undefined },
    portRedirect: redirectPort(redirect, port),
    responseCode,
  });
}

function pathRewrite({ uri, prefixRewrite }: HttpRedirect): RedirectAction['pathRewriteSpecifier'] {
  if (uri) return { case: 'pathRedirect', value: uri };
  if (prefixRewrite) return { case: 'prefixRewrite', value: prefixRewrite };
  return { case: undefined };
}

/** The port to name in the answer, 0 for none; the default port of the scheme is not named. */
function redirectPort(redirect: HttpRedirect, requestPort: number): number {
  const port = redirect.derivePort === 'FROM_REQUEST_PORT' ? requestPort : (redirect.port ?? 0);
  const scheme = redirect.scheme ? redirect.scheme : 'http';
  const isDefault = (port === 80 && scheme === 'http') || (port === 443 && scheme === 'https');
  return isDefault ? 0 : port;
}
