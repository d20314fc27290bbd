import { describe, expect, it } from 'vitest';
import { renderedBundle } from '../bundle.ts';
import { bundleSource } from '../generate.ts';
import { broken } from './broken-bundles.testing.ts';
import { isImageReference } from './bundle-content.ts';
import { loadBundle } from './loaded-bundle.ts';
import { rules } from './rules.ts';

const files = renderedBundle({ ...bundleSource(), scorecardImage: 'own.example/scorecard-test:v1' });
const bundle = loadBundle(files);
const plain = loadBundle(renderedBundle(bundleSource()));

describe('the bundle', () => {
  it.each(rules)('keeps $name', ({ check }) => {
    expect(check(bundle)).toEqual([]);
    expect(check(plain)).toEqual([]);
  });
});

describe('a broken bundle', () => {
  it('is there for each rule', () => {
    expect(Object.keys(broken).sort()).toEqual(rules.map(({ name }) => name).sort());
  });

  const cases = Object.entries(broken).flatMap(([name, breakages]) =>
    breakages.map((breakage, index) => ({ name, number: index + 1, breakage })),
  );

  it.each(cases)('is found by $name ($number)', ({ name, breakage }) => {
    const rule = rules.find((one) => one.name === name);
    expect(rule?.check(loadBundle(breakage(files)))).not.toEqual([]);
  });
});

describe('a reference of an image', () => {
  const digest = `sha256:${'0'.repeat(64)}`;

  it.each(['a', 'a/b:1', 'own.example/a', 'own.example:5000/a/b:v1.2', `a/b@${digest}`, `localhost/a:1@${digest}`])(
    'can be %s',
    (text) => {
      expect(isImageReference(text)).toBe(true);
    },
  );

  it.each(['', 'a/B', 'a b', 'a:', 'a@sha256:0', ':1', 'a//b', 'https://own.example/a'])('cannot be "%s"', (text) => {
    expect(isImageReference(text)).toBe(false);
  });
});
