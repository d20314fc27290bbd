import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareVersions, parseVersion } from './semver.ts';

const identifier = fc.constantFrom('0', '2', '11', 'alpha', 'beta', 'rc-1', 'A');
const version = fc.record({
  major: fc.nat({ max: 3 }),
  minor: fc.nat({ max: 12 }),
  patch: fc.nat({ max: 12 }),
  prerelease: fc.array(identifier, { maxLength: 3 }),
});

it('orders versions totally: whatever two compare to, the other way around is its opposite, and a third agrees', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      expect(compareVersions(a, b) === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

it('has previews before what they precede', () => {
  fc.assert(
    fc.property(version, (one) => {
      fc.pre(one.prerelease.length > 0);
      expect(compareVersions(one, { ...one, prerelease: [] })).toBeLessThan(0);
    }),
  );
});

it('reads what it is written as', () => {
  fc.assert(
    fc.property(version, (one) => {
      const { major, minor, patch, prerelease } = one;
      const rest = prerelease.length > 0 ? `-${prerelease.join('.')}` : '';
      expect(parseVersion(`${String(major)}.${String(minor)}.${String(patch)}${rest}`)).toEqual(one);
    }),
  );
});
