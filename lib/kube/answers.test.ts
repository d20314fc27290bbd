import { describe, expect, it } from 'vitest';
import { requireList, requireObject } from './answers.ts';

const list = { kind: 'PodList', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a' } }] };

describe('an answer to a list', () => {
  it('is a page with its version, its items and the way to the next', () => {
    const { items, resourceVersion } = requireList('list pods', list, undefined);
    expect({ items, resourceVersion }).toEqual({ items: list.items, resourceVersion: '7' });
    const metadata = { resourceVersion: '7', continue: 'more' };
    expect(requireList('list pods', { ...list, metadata }, 'before').continue).toBe('more');
    expect(requireList('list pods', { ...list, items: null }, undefined).items).toEqual([]);
  });

  it.each([
    ['an empty object', {}, 'it has no metadata'],
    ['no object', null, 'it has no metadata'],
    ['a Status', { kind: 'Status', metadata: {}, status: 'Success' }, 'its kind is another'],
    ['no version', { ...list, metadata: {} }, 'it has no version'],
    ['no items', { ...list, items: undefined }, 'it has no items'],
    ['items that are none', { ...list, items: [{}] }, 'it has no items'],
    [
      'the same page again',
      { ...list, metadata: { resourceVersion: '7', continue: 'here' } },
      'its next page is the same',
    ],
  ])('is refused with %s, rather than taken for an empty list', (_, answer, why) => {
    expect(() => requireList('list pods', answer, 'here')).toThrow(`list pods: the answer is no list: ${why}`);
  });
});

describe('an answer about an object', () => {
  it('is refused when it is none', () => {
    expect(requireObject('get pods a/b', { metadata: {} })).toEqual({ metadata: {} });
    for (const answer of [{}, [], null, 'ok', { metadata: null }]) {
      expect(() => requireObject('get pods a/b', answer)).toThrow('get pods a/b: the answer is no Kubernetes object');
    }
  });
});
