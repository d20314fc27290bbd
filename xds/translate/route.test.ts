import { describe, expect, it } from 'vitest';
import type { HttpRoute } from '../../crds/virtual-service.ts';
import { translateTestRules } from './route-testing.ts';

const toReviews: NonNullable<HttpRoute['route']> = [{ destination: { host: 'reviews' } }];

function namesOf(http: readonly HttpRoute[], changes = {}): unknown {
  return translateTestRules(http, changes).routes.map((route) => {
    return typeof route === 'object' && route !== null && 'name' in route ? route['name'] : undefined;
  });
}

describe('translateHttpRules', () => {
  it('makes a route of each match, in order, named after rule and match', () => {
    const http = [
      {
        name: 'rule',
        match: [{ name: 'a', uri: { prefix: '/a' } }, { uri: { prefix: '/b' } }],
        route: toReviews,
      },
      { match: [{ name: 'c', uri: { exact: '/c' } }], route: toReviews },
    ];
    expect(namesOf(http)).toEqual(['rule.a', 'rule', '.c']);
  });

  it('stops behind a route that takes every request', () => {
    expect(
      namesOf([
        { name: 'all', route: toReviews },
        { name: 'never', route: toReviews },
      ]),
    ).toEqual(['all']);
    const byPrefix = { name: 'all', match: [{ uri: { prefix: '/' } }, { uri: { prefix: '/a' } }], route: toReviews };
    expect(namesOf([byPrefix, { name: 'never', route: toReviews }])).toEqual(['all']);
  });

  it('goes on behind a match of all paths that has further conditions', () => {
    const guarded = { name: 'some', match: [{ uri: { prefix: '/' }, method: { exact: 'GET' } }], route: toReviews };
    expect(namesOf([guarded, { name: 'rest', route: toReviews }])).toEqual(['some', 'rest']);
  });

  it('leaves out matches for other ports, namespaces, labels and gateways', () => {
    const http = [
      { name: 'port', match: [{ port: 80 }], route: toReviews },
      { name: 'namespace', match: [{ sourceNamespace: 'other' }], route: toReviews },
      { name: 'labels', match: [{ sourceLabels: { app: 'front', version: 'v2' } }], route: toReviews },
      { name: 'gateway', match: [{ gateways: ['ingress'] }], route: toReviews },
      {
        name: 'mine',
        match: [{ port: 9080, sourceLabels: { app: 'front' }, uri: { prefix: '/a' } }],
        route: toReviews,
      },
      { name: 'mesh', match: [{ gateways: ['ingress', 'mesh'] }], route: toReviews },
    ];
    const view = { namespace: 'default', sourceLabels: { app: 'front' } };
    expect(namesOf(http, { view })).toEqual(['mine', 'mesh']);
  });

  it('leaves out a match that it can not express, and says which', () => {
    const http = [
      { name: 'bad', match: [{ uri: { regex: '(?!x)' } }, { uri: { prefix: '/ok' } }], route: toReviews },
      { name: 'rest', route: toReviews },
    ];
    expect(namesOf(http)).toEqual(['bad', 'rest']);
    expect(translateTestRules(http).problems).toMatchObject([{ path: 'spec.http[0].match[0].uri.regex' }]);
  });

  it('answers 500 where a rule has no way to go on', () => {
    const { routes, problems } = translateTestRules([{ name: 'nothing' }]);
    expect(routes).toMatchObject([{ directResponse: { status: 500 } }]);
    expect(problems).toMatchObject([{ object: 'VirtualService/default/reviews', path: 'spec.http[0]' }]);
  });

  it('says which object a route comes from and names its spans after destination and path', () => {
    const { routes } = translateTestRules([
      { match: [{ uri: { exact: '/a' }, statPrefix: 'stats' }], route: toReviews },
    ]);
    const config = '/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews';
    expect(routes).toMatchObject([
      {
        metadata: { filterMetadata: { istio: { config } } },
        decorator: { operation: 'reviews.default.svc.cluster.local:9080/a' },
        statPrefix: 'stats',
      },
    ]);
  });

  it('names the spans of several destinations after the VirtualService', () => {
    const route = [
      { destination: { host: 'reviews', subset: 'v1' }, weight: 1 },
      { destination: { host: 'reviews', subset: 'v2' }, weight: 1 },
    ];
    expect(translateTestRules([{ route }]).routes).toMatchObject([{ decorator: { operation: 'reviews:9080/*' } }]);
  });
});
