import type { SemanticVersion } from '../lib/semver.ts';
import { compareVersions, parseVersion } from '../lib/semver.ts';
import { releases as allReleases } from '../operator/versions/releases.ts';

export interface Release {
  readonly version: string;
  /** When it was released, RFC 3339. Written down, so that the same version always gives the same bundle. */
  readonly createdAt: string;
}

/** Every released version, and the one that is being made. The catalog offers them all. */
export const releases: readonly Release[] = allReleases;

/** Name of the package in catalogs. */
export const packageName = 'meltemi';

/** The channel of those who choose none. */
export const defaultChannel = 'stable';

/** Name of a version's bundle and ClusterServiceVersion: `<package>.v<version>`, as the framework recommends. */
export function csvName(version: string): string {
  return `${packageName}.v${version}`;
}

/**
 * The entry of a version.
 * @throws Error when there is none.
 */
export function releaseOf(version: string): Release {
  const found = releases.find((release) => release.version === version);
  if (found === undefined) {
    throw new Error(
      `operator/versions/releases.ts has no entry for version ${version}: add it, with the time of the release`,
    );
  }
  return found;
}

/**
 * The channels that a version is in, after the framework's convention for their names: every version is a candidate;
 * what is not a preview is stable too, and stays so for who follows one major version only.
 */
export function channelsOf(version: string): readonly string[] {
  const { major, prerelease } = parsed(version);
  return prerelease.length > 0 ? ['candidate'] : ['candidate', defaultChannel, `${defaultChannel}-v${major}`];
}

/** A place in the upgrade graph of a channel (`olm.channel` of a file-based catalog). */
export interface ChannelEntry {
  readonly name: string;
  readonly replaces?: string;
  readonly skipRange?: string;
}

/** The entries of a channel, oldest first: one chain, each version replacing the one before it. */
export function channelEntries(channel: string, all: readonly Release[]): readonly ChannelEntry[] {
  const versions = all
    .map(({ version }) => version)
    .filter((version) => channelsOf(version).includes(channel))
    .sort(byVersion);
  return versions.map((version, index) => ({
    name: csvName(version),
    ...upgradeFrom(version, versions.slice(0, index)),
  }));
}

/** What a version upgrades from, among those of its most stable channel. */
export function upgradeOf(version: string, all: readonly Release[]): Omit<ChannelEntry, 'name'> {
  const channel = channelsOf(version).includes(defaultChannel) ? defaultChannel : 'candidate';
  const entry = channelEntries(channel, all).find(({ name }) => name === csvName(version));
  if (entry === undefined) return {};
  const { name: _name, ...upgrade } = entry;
  return upgrade;
}

/**
 * A version replaces the one before it, and can be reached at once from every version of its own minor and of the one
 * before: from those the operator upgrades, and it refuses what would skip a minor.
 */
function upgradeFrom(version: string, before: readonly string[]): Omit<ChannelEntry, 'name'> {
  const last = before.at(-1);
  if (last === undefined) return {};
  const { major, minor } = parsed(version);
  const reachable = before.map(parsed).filter((old) => old.major === major && old.minor >= minor - 1);
  const lowest = reachable.reduce((least, old) => Math.min(least, old.minor), minor);
  const range = reachable.length === 0 ? {} : { skipRange: `>=${major}.${lowest}.0 <${version}` };
  return { replaces: csvName(last), ...range };
}

function parsed(version: string): SemanticVersion {
  const found = parseVersion(version);
  if (found === undefined) throw new Error(`${version} is not a version (MAJOR.MINOR.PATCH)`);
  return found;
}

export function byVersion(a: string, b: string): number {
  return compareVersions(parsed(a), parsed(b));
}
