import { describe, expect, it } from 'vitest';
import { parseVersion } from '../../lib/semver.ts';
import { version as ownVersion } from '../../lib/version.ts';
import { knownReleases } from './known-releases.ts';
import { releases } from './releases.ts';
import { testRelease } from './versions.testing.ts';

const all = ['0.1.0', '0.1.1', '0.2.0', '0.10.0'].map((version) => testRelease(version));
const versions = (own: string) => knownReleases(own, all).map(({ version }) => version);

describe('the releases that an operator knows', () => {
  it('are its own and those before it, newest first', () => {
    expect(versions('0.1.0')).toEqual(['0.1.0']);
    expect(versions('0.2.0')).toEqual(['0.2.0', '0.1.1', '0.1.0']);
    expect(versions('0.10.0')).toEqual(['0.10.0', '0.2.0', '0.1.1', '0.1.0']);
  });

  it('begin with a build that is no release yet, like the release before it', () => {
    const [own] = knownReleases('0.2.1', [testRelease('0.2.0', { envoy: '1.41.0', endOfLife: true })]);
    expect(own).toEqual(testRelease('0.2.1', { envoy: '1.41.0' }));
    expect(versions('0.2.1')).toEqual(['0.2.1', '0.2.0', '0.1.1', '0.1.0']);
  });

  it('have a preview among the candidates alone', () => {
    expect(knownReleases('0.3.0-rc.1', all)[0]?.channels).toEqual(['candidate']);
    expect(versions('0.2.0-rc.1')).toEqual(['0.2.0-rc.1', '0.1.1', '0.1.0']);
  });
});

describe('the definition', () => {
  it('has each version once, oldest first, and the newest is no end-of-life one', () => {
    const listed = releases.map(({ version }) => version);
    expect(listed.every((version) => parseVersion(version) !== undefined)).toBe(true);
    expect(new Set(listed).size).toBe(listed.length);
    expect(releases.at(-1)?.endOfLife).toBe(false);
  });

  it('has an entry for the version of this tree', () => {
    expect(releases.map(({ version }) => version)).toContain(ownVersion.replace(/-.*/, ''));
  });
});
