import { describe, expect, it } from 'vitest';
import { referenceInManifest, shortReference } from './image-reference.ts';

it.each([
  ['meltemi/proxy:0.1.0', 'meltemi/proxy:0.1.0'],
  ['example.org/meltemi/proxy:0.1.0', 'meltemi/proxy:0.1.0'],
  ['localhost:5000/web:1', 'web:1'],
  ['example.org/library/web:1', 'web:1'],
  ['web:1', 'web:1'],
])('shortReference(%j) is %j', (reference, short) => {
  expect(shortReference(reference)).toBe(short);
});

describe('referenceInManifest', () => {
  it('is the first name', () => {
    const manifest = [{ RepoTags: null }, { RepoTags: ['example.org/a/b:1', 'c:2'] }];
    expect(referenceInManifest(JSON.stringify(manifest))).toBe('a/b:1');
  });

  it.each(['{}', '[]', '[{"RepoTags":[]}]', '[null]'])('is missing in %s', (json) => {
    expect(() => referenceInManifest(json)).toThrow('names no image');
  });
});
