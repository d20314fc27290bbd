import { expect, it } from 'vitest';
import { projectImages, repositoryOf } from './images.ts';

it('names the images of a version by it', () => {
  expect(projectImages('1.2.3')).toEqual({ istiod: 'meltemi/meltemi:1.2.3', proxy: 'meltemi/proxy:1.2.3' });
});

it.each([
  ['meltemi/proxy:0.1.0', 'meltemi/proxy'],
  ['registry.example:5000/a/b:1.2.3', 'registry.example:5000/a/b'],
  ['registry.example:5000/a/b', 'registry.example:5000/a/b'],
  ['a/b@sha256:0123', 'a/b'],
  ['registry.example:5000/a/b:1.2.3@sha256:0123', 'registry.example:5000/a/b'],
])('%s is of repository %s', (image, repository) => {
  expect(repositoryOf(image)).toBe(repository);
});
