import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkUpgradePath } from './upgrade-path.ts';
import { testRelease } from './versions.testing.ts';

const known = ['0.1.0', '0.2.0', '0.3.0', '1.0.0', '1.1.0'].map((version) => testRelease(version));
const reason = (from: string, to: string, force = false) => checkUpgradePath(from, to, { force, known })?.reason;

describe('the way from one version to another', () => {
  it.each([
    ['0.1.0', '0.1.0'],
    ['0.1.0', '0.1.9'],
    ['0.1.3', '0.2.0'],
    ['0.1.0', '0.2.0-rc.1'],
    ['0.2.0-rc.1', '0.2.0'],
    ['0.3.0', '1.0.0'],
    ['0.3.4', '1.0.2'],
    ['custom', '0.2.0'],
  ])('leads from %s to %s', (from, to) => {
    expect(reason(from, to)).toBeUndefined();
  });

  it.each([
    ['0.1.1', '0.1.0', 'Downgrade'],
    ['0.2.0', '0.2.0-rc.1', 'Downgrade'],
    ['1.0.0', '0.3.0', 'Downgrade'],
    ['0.1.0', '0.3.0', 'MinorSkipped'],
    ['0.9.0', '0.11.0', 'MinorSkipped'],
    ['0.2.0', '1.0.0', 'MajorSkipped'],
    ['0.3.0', '1.1.0', 'MajorSkipped'],
    ['0.3.0', '2.0.0', 'MajorSkipped'],
  ])('does not lead from %s to %s: %s', (from, to, expected) => {
    expect(reason(from, to)).toBe(expected);
    expect(reason(from, to, true)).toBeUndefined();
  });

  it('is told with what to do instead', () => {
    const message = (from: string, to: string) => checkUpgradePath(from, to, { force: false, known })?.message;
    expect(message('0.1.0', '0.3.0')).toBe(
      'from 0.1.0 to 0.3.0 leaves out 0.2; upgrade to that first, or set spec.upgrade.force to do it all the same',
    );
    expect(message('0.2.0', '0.1.0')).toBe(
      '0.1.0 is older than 0.2.0, which runs; set spec.upgrade.force to do it all the same',
    );
    expect(message('0.2.0', '1.0.0')).toContain('upgrade to 0.3 first');
  });

  it('never leads both ways between two versions, and always one way within a minor', () => {
    const patch = fc.tuple(fc.nat({ max: 20 }), fc.constantFrom('', '-rc.1', '-rc.2', '-alpha.11', '-alpha.2'));
    fc.assert(
      fc.property(fc.nat({ max: 3 }), fc.nat({ max: 3 }), patch, patch, (a, b, [p, pre], [q, post]) => {
        const from = `0.${String(a)}.${String(p)}${pre}`;
        const to = `0.${String(b)}.${String(q)}${post}`;
        const ways = [reason(from, to), reason(to, from)].filter((found) => found === undefined).length;
        if (from === to) expect(ways).toBe(2);
        else if (Math.abs(a - b) <= 1) expect(ways).toBe(1);
        else expect(ways).toBe(0);
      }),
    );
  });
});
