import { describe, expect, it } from 'vitest';
import type { HttpRoute } from '../../crds/virtual-service.ts';
import { translateTestRules } from './route-testing.ts';

describe('redirects', () => {
  const redirected = (redirect: HttpRoute['redirect'], port = 9080) =>
    translateTestRules([redirect === undefined ? {} : { redirect }], { port });

  it('name path, host, scheme and code', () => {
    const redirect = { uri: '/new', authority: 'n.example.com', scheme: 'https', redirectCode: 308 };
    expect(redirected(redirect).routes[0]).toMatchObject({
      redirect: {
        pathRedirect: '/new',
        hostRedirect: 'n.example.com',
        schemeRedirect: 'https',
        responseCode: 'PERMANENT_REDIRECT',
      },
    });
  });

  it.each([
    [{ derivePort: 'FROM_REQUEST_PORT' }, 8080, '8080'],
    [{ derivePort: 'FROM_REQUEST_PORT' }, 80, undefined],
    [{ derivePort: 'FROM_PROTOCOL_DEFAULT' }, 8080, undefined],
    [{ port: 8443 }, 80, '8443'],
    [{ port: 443, scheme: 'https' }, 80, undefined],
    [{ port: 443 }, 80, '443'],
  ] as const)('name a port where it is not the default of the scheme: %j at port %i', (redirect, port, expected) => {
    const [, named] = /"portRedirect":(\d+)/.exec(JSON.stringify(redirected(redirect, port).routes)) ?? [];
    expect(named).toBe(expected);
  });

  it('answer 500 and report a code that is no redirect', () => {
    const { routes, problems } = redirected({ redirectCode: 200 });
    expect(routes).toMatchObject([{ directResponse: { status: 500 } }]);
    expect(problems).toMatchObject([{ path: 'spec.http[0].redirect.redirectCode' }]);
  });
});

describe('direct responses', () => {
  const answered = (directResponse: NonNullable<HttpRoute['directResponse']>) =>
    translateTestRules([{ directResponse }]);

  it('have a status and a body', () => {
    expect(answered({ status: 418, body: { string: 'teapot' } }).routes[0]).toMatchObject({
      directResponse: { status: 418, body: { inlineString: 'teapot' } },
    });
    expect(answered({ status: 200, body: { bytes: 'AQID' } }).routes[0]).toMatchObject({
      directResponse: { status: 200, body: { inlineBytes: 'AQID' } },
    });
  });

  it.each([
    [{ status: 99 }, 'status'],
    [{ status: 200, body: { string: 'x'.repeat(1024 * 1024 + 1) } }, 'body'],
  ])('answer 500 where Envoy would refuse them', (directResponse, path) => {
    const { routes, problems } = answered(directResponse);
    expect(routes).toMatchObject([{ directResponse: { status: 500 } }]);
    expect(problems).toMatchObject([{ path: `spec.http[0].directResponse.${path}` }]);
  });
});
