import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../lib/semver.ts';
import { knownReleases, parsed } from './known-releases.ts';
import { exactVersion, resolveVersion } from './resolve-version.ts';
import { testRelease } from './versions.testing.ts';

const all = [
  testRelease('0.1.0', { endOfLife: true }),
  testRelease('0.2.0'),
  testRelease('0.2.9'),
  testRelease('0.2.10'),
  testRelease('0.3.0'),
  testRelease('0.4.0-rc.1'),
];
const newest = knownReleases('0.4.0-rc.1', all);

function resolved(spec: string | undefined, running?: string): string {
  const resolution = resolveVersion(spec, newest, running);
  return resolution.kind === 'resolved' ? resolution.release.version : resolution.verdict.reason;
}

function refusal(spec: string): string {
  const resolution = resolveVersion(spec, newest);
  return resolution.kind === 'refused' ? resolution.verdict.message : '';
}

describe('spec.version', () => {
  it.each([
    [undefined, '0.4.0-rc.1'],
    ['0.2.9', '0.2.9'],
    ['v0.2.9', '0.2.9'],
    ['0.4.0-rc.1', '0.4.0-rc.1'],
    ['0.2', '0.2.10'],
    ['v0.2', '0.2.10'],
    ['stable', '0.3.0'],
    ['candidate', '0.4.0-rc.1'],
    ['latest', '0.4.0-rc.1'],
    ['0.4', '0.4.0-rc.1'],
  ])('%s stands for %s', (spec, version) => {
    expect(resolved(spec)).toBe(version);
  });

  it.each([
    ['0.2.4', 'VersionUnknown', 'there is no version 0.2.4; choose from 0.2.0, 0.2.9, 0.2.10, 0.3.0, 0.4.0-rc.1'],
    ['0.0', 'VersionUnknown', 'there is no version 0.0; choose from'],
    [
      '0.4.0',
      'VersionTooNew',
      '0.4.0 is newer than this operator, which is of version 0.4.0-rc.1; upgrade the operator',
    ],
    ['0.5', 'VersionTooNew', '0.5 is newer than this operator'],
    ['0.1.0', 'VersionEndOfLife', '0.1.0 is at its end of life and not installed any more; choose from 0.2.0,'],
    ['0.1', 'VersionEndOfLife', '0.1 is at its end of life'],
    ['nightly', 'VersionMalformed', '"nightly" is no version, minor or channel; choose from'],
    ['constructor', 'VersionMalformed', '"constructor" is no version'],
    ['vstable', 'VersionMalformed', '"vstable" is no version'],
    ['01.2.3', 'VersionMalformed', '"01.2.3" is no version'],
  ])('%s is refused: %s', (spec, reason, message) => {
    expect(resolved(spec)).toBe(reason);
    expect(refusal(spec)).toContain(message);
  });

  it('can stay at an end-of-life version that runs', () => {
    expect(resolved('0.1.0', '0.1.0')).toBe('0.1.0');
    expect(resolved('0.1.0', '0.2.0')).toBe('VersionEndOfLife');
  });

  it('cannot name a channel that has nothing yet', () => {
    const resolution = resolveVersion('stable', knownReleases('0.1.0-rc.1', [testRelease('0.1.0')]));
    expect(resolution).toMatchObject({
      verdict: { message: 'channel stable has no version yet; choose from 0.1.0-rc.1' },
    });
  });

  it('is an exact version wherever it can be resolved, and names itself where it cannot', () => {
    expect(['stable', 'latest', '0.1', 'v0.1.0', undefined].map((spec) => exactVersion(spec, '0.1.0'))).toEqual(
      Array.from({ length: 5 }, () => '0.1.0'),
    );
    expect(exactVersion('v9.0.0', '0.1.0')).toBe('9.0.0');
  });
});

const number = fc.nat({ max: 12 });
const preview = fc.constantFrom('', '', '-rc.1', '-rc.2', '-rc.10', '-beta');
const anyVersion = fc
  .tuple(number, number, number, preview)
  .map(([major, minor, patch, rest]) => `${String(major)}.${String(minor)}.${String(patch)}${rest}`);
const anyReleases = fc
  .uniqueArray(anyVersion, { minLength: 1, maxLength: 12 })
  .map((versions) => versions.map((version) => testRelease(version)));

describe('whatever the releases are', () => {
  it('they are known newest first, and none is newer than the operator', () => {
    fc.assert(
      fc.property(anyReleases, anyVersion, (releases, own) => {
        const known = knownReleases(own, releases).map(({ version }) => parsed(version));
        expect(known.toSorted((a, b) => compareVersions(b, a))).toEqual(known);
        expect(known[0]).toEqual(parsed(own));
      }),
    );
  });

  it('a minor has its newest patch, and a channel its newest release', () => {
    fc.assert(
      fc.property(anyReleases, anyVersion, (releases, own) => {
        const known = knownReleases(own, releases);
        const { major, minor } = parsed(own);
        const released = known.filter(({ version }) => parsed(version).prerelease.length === 0);
        const patches = released.filter(({ version }) => version.startsWith(`${String(major)}.${String(minor)}.`));
        const ofMinor = resolveVersion(`${String(major)}.${String(minor)}`, known);
        const ofStable = resolveVersion('stable', known);
        expect(ofMinor).toEqual({ kind: 'resolved', release: patches[0] ?? known[0] });
        if (released[0] !== undefined) expect(ofStable).toEqual({ kind: 'resolved', release: released[0] });
        else expect(ofStable.kind).toBe('refused');
        expect(resolveVersion('latest', known)).toEqual({ kind: 'resolved', release: known[0] });
      }),
    );
  });

  it('what resolves once resolves to itself', () => {
    fc.assert(
      fc.property(anyReleases, anyVersion, anyVersion, (releases, own, asked) => {
        const known = knownReleases(own, releases);
        const first = resolveVersion(asked, known);
        if (first.kind === 'refused') expect(known.map(({ version }) => version)).not.toContain(asked);
        else expect(resolveVersion(first.release.version, known)).toEqual(first);
      }),
    );
  });
});
