import { describe, expect, it } from 'vitest';
import { versionObjection } from './version-guard.ts';

describe('the order of versions', () => {
  it.each([
    ['0.1.0', '0.1.9'],
    ['0.1.3', '0.2.0'],
    ['0.1.0', '0.1.0'],
    ['latest', '0.1.0'],
  ])('lets %s be followed by %s', (from, to) => {
    expect(versionObjection(from, to, false)).toBeUndefined();
  });

  it.each([
    ['0.2.0', '0.1.9', 'is older than 0.2.0'],
    ['0.1.0', '0.3.0', 'leaves out 0.2'],
    ['0.9.0', '1.0.0', 'another major version'],
  ])('does not let %s be followed by %s, but by force', (from, to, why) => {
    expect(versionObjection(from, to, false)).toContain(why);
    expect(versionObjection(from, to, true)).toBeUndefined();
  });
});
