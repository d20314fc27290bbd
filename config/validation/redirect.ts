import type { HttpDirectResponse, HttpRedirect } from '../../crds/http-policies.ts';
import { isHeaderValue } from '../syntax/header-syntax.ts';
import { checkPort } from './fields.ts';
import type { Problems } from './problem.ts';
import { error, warning } from './problem.ts';

/** The redirects that Envoy makes (Envoy API, RedirectAction.RedirectResponseCode). */
const redirectCodes = [301, 302, 303, 307, 308];
const largestBody = 1024 * 1024;
const largeBody = 100 * 1024;

export function* checkRedirect(redirect: HttpRedirect | undefined, path: string): Problems {
  if (redirect === undefined) return;
  const { uri, prefixRewrite, authority, scheme, port, derivePort, redirectCode = 301 } = redirect;
  if (
    [uri, prefixRewrite, authority, scheme].every((part) => (part ?? '') === '') &&
    port === undefined &&
    derivePort === undefined
  ) {
    yield error(path, 'must have at least one of uri, prefixRewrite, authority, scheme, port and derivePort');
  }
  if (uri !== undefined && prefixRewrite !== undefined) yield error(path, 'must not have both uri and prefixRewrite');
  if (port !== undefined && derivePort !== undefined) yield error(path, 'must not have both port and derivePort');
  yield* checkPort(port, `${path}.port`);
  if (scheme !== undefined && !['', 'http', 'https'].includes(scheme)) {
    yield error(`${path}.scheme`, `must be http or https, is "${scheme}"`);
  }
  if (redirectCode !== 0 && !redirectCodes.includes(redirectCode)) {
    yield error(`${path}.redirectCode`, `must be one of ${redirectCodes.join(', ')}, is ${redirectCode}`);
  }
  for (const [name, value] of Object.entries({ uri, prefixRewrite, authority })) {
    if (!isHeaderValue(value ?? '')) yield error(`${path}.${name}`, 'must hold no line end and be 16 KiB at most');
  }
}

export function* checkDirectResponse(response: HttpDirectResponse | undefined, path: string): Problems {
  if (response === undefined) return;
  const { status, body } = response;
  if (status < 200 || status > 599) yield error(`${path}.status`, `must be from 200 to 599, is ${status}`);
  if (body?.string !== undefined && body.bytes !== undefined) {
    yield error(`${path}.body`, 'must not have both string and bytes');
  }
  const size = Buffer.byteLength(body?.string ?? '') + Buffer.byteLength(body?.bytes ?? '', 'base64');
  if (size > largestBody) yield error(`${path}.body`, `must be 1 MiB at most, is ${size} bytes`);
  else if (size > largeBody) {
    yield warning(`${path}.body`, `has ${size} bytes, which every proxy has to be sent and to hold`);
  }
}
