import { describe, expect, it } from 'vitest';
import { reasonAgainst, type Machine } from './requirements.ts';

const good: Machine = { platform: 'linux', architecture: 'x64', root: true, apt: true, missing: ['containerd'] };

describe('reasonAgainst', () => {
  it('has none on Debian as root, whatever must still be installed', () => {
    expect(reasonAgainst(good)).toBeUndefined();
    expect(reasonAgainst({ ...good, apt: false, missing: [] })).toBeUndefined();
  });

  it.each([
    [{ ...good, root: false }, /it needs root/],
    [{ ...good, apt: false }, /no apt-get to install containerd/],
    [{ ...good, platform: 'darwin' as const, root: false }, /it needs Linux, not darwin;/],
    [{ ...good, architecture: 'arm64' }, /not arm64/],
  ])('says in one line what is missing, and the way out', (machine, pattern) => {
    const reason = reasonAgainst(machine);
    expect(reason).toMatch(pattern);
    expect(reason).toContain('--context NAME');
    expect(reason).not.toContain('\n');
  });
});
