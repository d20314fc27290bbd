import { compareVersions, parseVersion } from '../../lib/semver.ts';
import { knownReleases, parsed } from './known-releases.ts';
import type { Channel, Release } from './releases.ts';
import { channelAliases, channels } from './releases.ts';
import type { VersionReason, VersionVerdict } from './verdict.ts';
import { versionReasons } from './verdict.ts';

export type Resolution =
  | { readonly kind: 'resolved'; readonly release: Release }
  | { readonly kind: 'refused'; readonly verdict: VersionVerdict };

/**
 * The release that `spec.version` stands for: an exact version (`1.2.3`, `v1.2.3`), the newest patch of a minor (`1.2`),
 * the newest of a channel (`stable`, `candidate`, `latest`), or the operator's own when it is left out.
 *
 * @param known the operator's releases, newest first; see {@link knownReleases}
 * @param running the version that runs already, which is not refused for being at its end of life
 */
export function resolveVersion(spec: string | undefined, known: readonly Release[], running?: string): Resolution {
  const [own] = known;
  if (own === undefined) return refused(versionReasons.unknown, 'this operator knows no version at all');
  if (spec === undefined) return { kind: 'resolved', release: own };
  const channel = channelOf(spec);
  if (channel !== undefined) return newestOf(known, channel);
  const text = plainVersion(spec);
  if (/^\d+\.\d+$/.test(text)) return newestPatch(text, known);
  if (parseVersion(text) === undefined) {
    return refused(versionReasons.malformed, `"${spec}" is no version, minor or channel; ${choice(known)}`);
  }
  const release = known.find(({ version }) => version === text);
  if (release === undefined) return refusedVersion(text, text, known);
  return release.endOfLife && release.version !== running ? pastItsEnd(text, known) : { kind: 'resolved', release };
}

/** The exact version of `spec.version` for an operator; what cannot be resolved stays as it is, and is refused later. */
export function exactVersion(spec: string | undefined, own: string): string {
  if (spec === undefined) return own;
  const text = plainVersion(spec);
  // An exact one needs no look at the releases, and is that version even where it is at its end of life.
  if (parseVersion(text) !== undefined) return text;
  const resolution = resolveVersion(spec, knownReleases(own));
  return resolution.kind === 'resolved' ? resolution.release.version : text;
}

/** `v1.2.3` and `1.2.3` are the same version. */
function plainVersion(version: string): string {
  return version.replace(/^v(?=\d)/, '');
}

function channelOf(spec: string): Channel | undefined {
  return (
    channels.find((channel) => channel === spec) ??
    (Object.hasOwn(channelAliases, spec) ? channelAliases[spec] : undefined)
  );
}

function newestOf(known: readonly Release[], channel: Channel): Resolution {
  const release = known.find((candidate) => !candidate.endOfLife && candidate.channels.includes(channel));
  if (release !== undefined) return { kind: 'resolved', release };
  return refused(versionReasons.unknown, `channel ${channel} has no version yet; ${choice(known)}`);
}

/** A preview is the newest patch of its minor only as long as there is no other. */
function newestPatch(minor: string, known: readonly Release[]): Resolution {
  const patches = known.filter(({ version }) => minorOf(version) === minor);
  if (patches.length === 0) return refusedVersion(`${minor}.0`, minor, known);
  const living = patches.filter(({ endOfLife }) => !endOfLife);
  const release = living.find(({ version }) => parsed(version).prerelease.length === 0) ?? living[0];
  return release === undefined ? pastItsEnd(minor, known) : { kind: 'resolved', release };
}

/** What the operator has no release of: one that comes after it, or one that never was. */
function refusedVersion(version: string, asked: string, known: readonly Release[]): Resolution {
  const own = known[0]?.version ?? '';
  const isNewer = compareVersions(parsed(version), parsed(own)) > 0;
  if (!isNewer) return refused(versionReasons.unknown, `there is no version ${asked}; ${choice(known)}`);
  const way = `upgrade the operator first, or ${choice(known)}`;
  return refused(versionReasons.tooNew, `${asked} is newer than this operator, which is of version ${own}; ${way}`);
}

function pastItsEnd(asked: string, known: readonly Release[]): Resolution {
  return refused(
    versionReasons.endOfLife,
    `${asked} is at its end of life and not installed any more; ${choice(known)}`,
  );
}

function choice(known: readonly Release[]): string {
  const versions = known.filter(({ endOfLife }) => !endOfLife).map(({ version }) => version);
  return `choose from ${versions.toReversed().join(', ')}`;
}

function minorOf(version: string): string {
  const { major, minor } = parsed(version);
  return `${major}.${minor}`;
}

function refused(reason: VersionReason, message: string): Resolution {
  return { kind: 'refused', verdict: { reason, message } };
}
