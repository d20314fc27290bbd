import { describe, expect, it } from 'vitest';
import type { HttpMatchRequest, HttpRoute, VirtualService, VirtualServiceSpec } from '../../crds/virtual-service.ts';
import type { Key } from '../../lib/kube/object.ts';
import { keyOf } from '../../lib/kube/object.ts';
import { mergeMatches } from './delegate-match.ts';
import { delegatesOf, expandDelegates } from './delegates.ts';
import { defaultMeshSettings } from './mesh-settings.ts';

function named(name: string, spec: VirtualServiceSpec, namespace = 'default'): VirtualService {
  return { metadata: { name, namespace }, spec };
}

function expand(root: HttpRoute, ...delegates: readonly VirtualService[]) {
  const { virtualService, problems } = expandDelegates(rooted(root), find(delegates), defaultMeshSettings);
  return { http: virtualService.spec.http, problems };
}

function rooted(...http: readonly HttpRoute[]): VirtualService {
  return named('root', { hosts: ['reviews'], http });
}

function find(all: readonly VirtualService[]) {
  return (key: Key) => all.find((it) => keyOf(it) === key);
}

const to = (host: string) => [{ destination: { host } }];
const delegate = { name: 'leaf', namespace: 'other' };

describe('expandDelegates', () => {
  it('leaves VirtualServices without delegates as they are', () => {
    const plain = named('a', { hosts: ['a'], http: [{ route: to('a') }] });
    const expansion = expandDelegates(plain, find([plain]), defaultMeshSettings);
    expect(expansion.virtualService).toBe(plain);
    expect(expansion.problems).toEqual([]);
  });

  it('puts the rules of the delegate in the place of the rule, with its own hosts and what they do not say', () => {
    const root = {
      name: 'root',
      match: [{ uri: { prefix: '/a' } }],
      delegate,
      timeout: '5s',
      retries: { attempts: 1 },
    };
    const leaf = named(
      'leaf',
      {
        http: [
          { name: 'one', match: [{ uri: { exact: '/a/1' } }], route: to('ratings'), timeout: '1s' },
          { route: to('full.example.com'), mirror: { host: 'copy' } },
        ],
      },
      'other',
    );
    expect(expand(root, leaf)).toMatchObject({
      problems: [],
      http: [
        {
          name: 'root-one',
          match: [{ uri: { exact: '/a/1' } }],
          route: to('ratings.other.svc.cluster.local'),
          timeout: '1s',
          retries: { attempts: 1 },
          origin: { object: 'VirtualService/other/leaf', path: 'spec.http[0]' },
        },
        {
          name: 'root',
          match: [{ uri: { prefix: '/a' } }],
          route: to('full.example.com'),
          mirror: { host: 'copy.other.svc.cluster.local' },
          timeout: '5s',
        },
      ],
    });
  });

  it('looks for a delegate in the own namespace by default', () => {
    const leaf = named('leaf', { http: [{ route: to('a') }] });
    expect(expand({ delegate: { name: 'leaf' } }, leaf).http).toHaveLength(1);
  });

  it.each([
    [[], 'does not exist'],
    [[named('leaf', { hosts: ['b'], http: [{ route: to('a') }] }, 'other')], 'has hosts'],
    [[named('leaf', { exportTo: ['.'], http: [{ route: to('a') }] }, 'other')], 'not exported'],
  ])('leaves out a rule whose delegate can not be had, and says why', (delegates, reason) => {
    const { http, problems } = expand({ delegate }, ...delegates);
    expect(http).toEqual([]);
    expect(problems).toMatchObject([{ object: 'VirtualService/default/root', path: 'spec.http[0].delegate' }]);
    expect(problems[0]?.message).toContain(reason);
  });

  it('reports rules that lie outside of what was delegated, and delegates of delegates', () => {
    const rules = [{ match: [{ uri: { prefix: '/b' } }], route: to('a') }, { delegate }];
    const { http, problems } = expand(
      { match: [{ uri: { prefix: '/a' } }], delegate },
      named('leaf', { http: rules }, 'other'),
    );
    expect(http).toEqual([]);
    expect(problems).toMatchObject([
      { object: 'VirtualService/other/leaf', path: 'spec.http[0]' },
      { object: 'VirtualService/other/leaf', path: 'spec.http[1]' },
    ]);
  });
});

describe('expandDelegates with many matches', () => {
  it('leaves out a rule that would grow beyond bounds', () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ headers: { [`x-${i}`]: {} } }));
    const { http, problems } = expand(
      { match: many, delegate },
      named('leaf', { http: [{ match: many, route: to('a') }] }, 'other'),
    );
    expect(http).toEqual([]);
    expect(problems[0]?.message).toContain('more than 1000 matches');
  });
});

describe('delegatesOf', () => {
  it('names each delegate once, there or not, in its own namespace by default', () => {
    const here = { delegate: { name: 'leaf' } };
    const there = { delegate: { name: 'leaf', namespace: 'other' } };
    expect(delegatesOf(rooted(here, { route: to('a') }, there, here))).toEqual(['default/leaf', 'other/leaf']);
  });

  it('is nothing for a delegate itself, which can not delegate further', () => {
    expect(delegatesOf(named('leaf', { http: [{ delegate }] }))).toEqual([]);
  });
});

describe('mergeMatches', () => {
  it('takes every request for no match', () => {
    const matches = [{ uri: { prefix: '/a' } }];
    expect(mergeMatches([], matches)).toEqual(matches);
    expect(mergeMatches(matches, [])).toEqual(matches);
  });

  it('pairs every match with every other that can hold with it', () => {
    const roots = [{ uri: { prefix: '/a' } }, { headers: { x: { exact: '1' } } }];
    const leaves = [{ uri: { exact: '/a/b' }, port: 80 }, { uri: { prefix: '/c' } }];
    expect(mergeMatches(roots, leaves)).toEqual([
      { uri: { exact: '/a/b' }, port: 80 },
      { uri: { exact: '/a/b' }, port: 80, headers: { x: { exact: '1' } } },
      { uri: { prefix: '/c' }, headers: { x: { exact: '1' } } },
    ]);
  });

  it.each<[HttpMatchRequest, HttpMatchRequest]>([
    [{ uri: { prefix: '/a' } }, { uri: { prefix: '/b' } }],
    [{ uri: { prefix: '/a' } }, { uri: { regex: '/a.*' } }],
    [{ uri: { exact: '/a' } }, { uri: { prefix: '/a' } }],
    [{ uri: { regex: '/a' } }, { uri: { exact: '/a' } }],
    [{ uri: { prefix: '/a' }, ignoreUriCase: true }, { uri: { prefix: '/a/b' } }],
    [{ headers: { x: { exact: '1' } } }, { headers: { x: { exact: '2' } } }],
    [{ port: 80 }, { port: 81 }],
    [{ sourceNamespace: 'a' }, { sourceNamespace: 'b' }],
    [{ sourceLabels: { app: 'a' } }, { sourceLabels: { app: 'b' } }],
  ])('knows that %j does not surely take all of %j', (root, leaf) => {
    expect(mergeMatches([root], [leaf])).toBeUndefined();
  });
});
