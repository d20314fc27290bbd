import type { JsonValue } from '@bufbuild/protobuf';
import { toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { HttpMatchRequest } from '../../crds/virtual-service.ts';
import { RouteMatchSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { problemsOf } from '../model/problem.ts';
import { translateRouteMatch } from './route-match.ts';

function translate(match: HttpMatchRequest): { readonly match: JsonValue | undefined; readonly paths: string[] } {
  const { report, problems } = problemsOf('VirtualService/default/reviews');
  const translated = translateRouteMatch(match, report);
  return {
    match: translated && toJson(RouteMatchSchema, translated),
    paths: problems.map(({ path }) => path),
  };
}

describe('translateRouteMatch', () => {
  it.each<[HttpMatchRequest, JsonValue]>([
    [{}, { prefix: '/' }],
    [{ uri: { exact: '/a' } }, { path: '/a' }],
    [{ uri: { prefix: '/a' } }, { prefix: '/a' }],
    [{ uri: { regex: '/a.*' } }, { safeRegex: { regex: '/a.*' } }],
    [
      { uri: { prefix: '/A' }, ignoreUriCase: true },
      { prefix: '/A', caseSensitive: false },
    ],
  ])('matches paths: %j', (match, expected) => {
    expect(translate(match).match).toEqual(expected);
  });

  it('matches headers in the order of their names, whatever order they are written in', () => {
    const { match } = translate({ headers: { 'x-b': { exact: '1' }, 'x-a': { prefix: 'p' }, 'x-c': { regex: 'r+' } } });
    expect(match).toEqual({
      prefix: '/',
      headers: [
        { name: 'x-a', stringMatch: { prefix: 'p' } },
        { name: 'x-b', stringMatch: { exact: '1' } },
        { name: 'x-c', stringMatch: { safeRegex: { regex: 'r+' } } },
      ],
    });
  });

  it.each([{}, { regex: '*' }, { prefix: '' }])('takes %j for any value', (condition) => {
    expect(translate({ headers: { x: condition } }).match).toMatchObject({
      headers: [{ name: 'x', presentMatch: true }],
    });
    expect(translate({ queryParams: { x: condition } }).match).toMatchObject({
      queryParameters: [{ name: 'x', presentMatch: true }],
    });
  });

  it('lets requests without a header fulfil withoutHeaders', () => {
    const { match } = translate({ withoutHeaders: { 'x-a': { exact: '1' }, 'x-b': {} } });
    expect(match).toMatchObject({
      headers: [
        { name: 'x-a', stringMatch: { exact: '1' }, invertMatch: true, treatMissingHeaderAsEmpty: true },
        { name: 'x-b', presentMatch: true, invertMatch: true },
      ],
    });
    expect(JSON.stringify(match)).not.toContain('"presentMatch":true,"invertMatch":true,"treatMissing');
  });

  it('matches method, authority and scheme as pseudo-headers, and query parameters', () => {
    const { match } = translate({
      method: { exact: 'GET' },
      authority: { prefix: 'rev' },
      scheme: { exact: 'http' },
      queryParams: { q: { exact: '1' } },
    });
    expect(match).toMatchObject({
      headers: [{ name: ':method' }, { name: ':authority' }, { name: ':scheme' }],
      queryParameters: [{ name: 'q', stringMatch: { exact: '1' } }],
    });
  });

  it.each<[HttpMatchRequest, string]>([
    [{ uri: { regex: String.raw`(a)\1` } }, 'uri.regex'],
    [{ uri: { regex: '' } }, 'uri.regex'],
    [{ headers: { 'x-a': { regex: '[' } } }, 'headers[x-a].regex'],
    [{ headers: { 'x y': { exact: '1' } } }, 'headers[x y]'],
    [{ headers: { '@request.auth.claims.sub': { exact: '1' } } }, 'headers[@request.auth.claims.sub]'],
    [{ withoutHeaders: { 'x-a': { regex: '(?<=a)b' } } }, 'withoutHeaders[x-a].regex'],
    [{ method: { regex: '*+' } }, 'method.regex'],
    [{ queryParams: { '': { exact: '1' } } }, 'queryParams[]'],
  ])('matches nothing rather than too much where a condition is impossible: %j', (match, path) => {
    expect(translate(match)).toEqual({ match: undefined, paths: [path] });
  });
});
