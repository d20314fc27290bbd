import { describe, expect, it } from 'vitest';
import type { Release } from './releases.ts';
import { channelEntries, channelsOf, csvName, minKubeVersion, releaseOf, upgradeOf } from './releases.ts';
import { parseVersion } from '../lib/semver.ts';
import { releases } from '../operator/versions/releases.ts';

const made = (...versions: readonly string[]): readonly Release[] =>
  versions.map((version) => ({ version, createdAt: '2026-01-01T00:00:00Z' }));

describe('the channels of a version', () => {
  it('are those for everyone, and one for its major version', () => {
    expect(channelsOf('0.1.0')).toEqual(['candidate', 'stable', 'stable-v0']);
    expect(channelsOf('2.3.4')).toEqual(['candidate', 'stable', 'stable-v2']);
  });

  it('are not the stable ones for a preview', () => {
    expect(channelsOf('0.2.0-rc.1')).toEqual(['candidate']);
  });
});

describe('the upgrade graph', () => {
  it('begins with a version that upgrades nothing', () => {
    expect(channelEntries('stable', made('0.1.0'))).toEqual([{ name: 'meltemi.v0.1.0' }]);
  });

  it('is one chain, in which the versions of this minor and the one before can be left at once', () => {
    expect(channelEntries('stable', made('0.2.1', '0.1.0', '0.3.0', '0.1.1', '0.2.0'))).toEqual([
      { name: 'meltemi.v0.1.0' },
      { name: 'meltemi.v0.1.1', replaces: 'meltemi.v0.1.0', skipRange: '>=0.1.0 <0.1.1' },
      { name: 'meltemi.v0.2.0', replaces: 'meltemi.v0.1.1', skipRange: '>=0.1.0 <0.2.0' },
      { name: 'meltemi.v0.2.1', replaces: 'meltemi.v0.2.0', skipRange: '>=0.1.0 <0.2.1' },
      { name: 'meltemi.v0.3.0', replaces: 'meltemi.v0.2.1', skipRange: '>=0.2.0 <0.3.0' },
    ]);
  });

  it('has previews among the candidates alone', () => {
    const all = made('0.1.0', '0.2.0-rc.1', '0.2.0');
    expect(channelEntries('stable', all).map(({ name }) => name)).toEqual(['meltemi.v0.1.0', 'meltemi.v0.2.0']);
    expect(channelEntries('candidate', all).map(({ replaces }) => replaces)).toEqual([
      undefined,
      'meltemi.v0.1.0',
      'meltemi.v0.2.0-rc.1',
    ]);
  });

  it('leaves a version of its major for the next one through the chain alone', () => {
    expect(upgradeOf('1.0.0', made('0.9.0', '1.0.0'))).toEqual({ replaces: 'meltemi.v0.9.0' });
  });

  it('gives a stable version what it replaces among the stable ones', () => {
    expect(upgradeOf('0.2.0', made('0.1.0', '0.2.0-rc.1', '0.2.0'))).toEqual({
      replaces: 'meltemi.v0.1.0',
      skipRange: '>=0.1.0 <0.2.0',
    });
    expect(upgradeOf('0.2.0-rc.1', made('0.1.0', '0.2.0-rc.1')).replaces).toBe('meltemi.v0.1.0');
  });
});

describe('the releases', () => {
  it('are versions, each once, with a time', () => {
    const versions = releases.map(({ version }) => version);
    expect(new Set(versions).size).toBe(versions.length);
    for (const { version, createdAt } of releases) {
      expect(parseVersion(version), version).toBeDefined();
      expect(new Date(createdAt).toISOString().replace('.000', '')).toBe(createdAt);
      expect(csvName(version).length).toBeLessThanOrEqual(63);
    }
  });

  it('say on which Kubernetes they run', () => {
    expect(minKubeVersion('0.1.0')).toBe('1.30.0');
  });

  it('say what to do about a version that is none of them', () => {
    expect(() => releaseOf('9.9.9')).toThrow('operator/versions/releases.ts has no entry for version 9.9.9: add it');
  });
});
