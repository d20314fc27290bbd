import { describe, expect, it } from 'vitest';
import { location, referenceOf } from './images.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('the location of an image', () => {
  it.each([
    ['meltemi/proxy:0.1.0', { repository: 'meltemi/proxy', tag: '0.1.0' }],
    ['own.example:5000/proxy:1', { repository: 'own.example:5000/proxy', tag: '1' }],
    [`own.example:5000/proxy@${digest}`, { repository: 'own.example:5000/proxy', tag: '', digest }],
  ])('is read from %s and written again', (reference, expected) => {
    expect(location(reference)).toEqual(expected);
    expect(referenceOf(location(reference))).toBe(reference);
  });

  it('is the digest where there are both', () => {
    expect(referenceOf(location(`proxy:1@${digest}`))).toBe(`proxy@${digest}`);
  });

  it('has to say which image of a name it is', () => {
    expect(() => location('own.example:5000/proxy')).toThrow('own.example:5000/proxy: has neither tag nor digest');
  });
});
