import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ImageRecipe } from './image-build.ts';
import { meltemiRecipe, proxyRecipe } from './meltemi-images.ts';

/** What a Dockerfile copies out of its context. */
function copied({ dockerfile }: ImageRecipe): readonly string[] {
  const copies = [...readFileSync(dockerfile, 'utf8').matchAll(/^COPY (.*)$/gm)];
  return copies.flatMap(([, words = '']) =>
    words
      .split(' ')
      .slice(0, -1)
      .map((path) => path.replace(/\/$/, '')),
  );
}

it.each([meltemiRecipe(), proxyRecipe('/envoy')])('$reference gets all that its Dockerfile copies', (recipe) => {
  const given = Object.keys(recipe.files);
  expect(copied(recipe).length).toBeGreaterThan(0);
  for (const path of copied(recipe))
    expect(
      given.some((name) => name === path || name.startsWith(`${path}/`)),
      path,
    ).toBe(true);
});

it.each([meltemiRecipe(), proxyRecipe('/envoy')])('$reference runs as a number that is not root', ({ dockerfile }) => {
  expect(readFileSync(dockerfile, 'utf8')).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
});
