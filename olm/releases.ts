import { compareVersions } from '../lib/semver.ts';
import { knownReleases, parsed } from '../operator/versions/known-releases.ts';
import type { Release as KnownRelease } from '../operator/versions/releases.ts';
import { releases } from '../operator/versions/releases.ts';

/** What a bundle has to be told about its release; its time is written down, so that it is always the same bundle. */
export type Release = Pick<KnownRelease, 'version' | 'createdAt'>;

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
 * what is stable is so for those who follow one major version, too.
 */
export function channelsOf(version: string): readonly string[] {
  const isStable = knownRelease(version).channels.includes('stable');
  return isStable ? ['candidate', defaultChannel, `${defaultChannel}-v${parsed(version).major}`] : ['candidate'];
}

/** The oldest Kubernetes that a version runs on, as OLM asks for it. */
export function minKubeVersion(version: string): string {
  return `1.${knownRelease(version).minKubernetesMinor}.0`;
}

/** What is known of a version; one that is not released yet is like the last one that is. */
function knownRelease(version: string): KnownRelease {
  const [own] = knownReleases(version);
  if (own === undefined) throw new Error(`nothing is known of version ${version}`);
  return own;
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

export function byVersion(a: string, b: string): number {
  return compareVersions(parsed(a), parsed(b));
}
