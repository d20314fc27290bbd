import type { SemanticVersion } from '../../lib/semver.ts';
import { compareVersions, parseVersion } from '../../lib/semver.ts';
import type { Release } from './releases.ts';
import { releases } from './releases.ts';

/**
 * The releases that an operator of version `own` can bring up, newest first: those that came before it, and its own,
 * which is the newest. A build between releases has no entry; it is taken for one that follows the last, like it in
 * everything, and is stable unless it is a preview.
 */
export function knownReleases(own: string, all: readonly Release[] = releases): readonly Release[] {
  const self = parsed(own);
  const before = all
    .filter(({ version }) => compareVersions(parsed(version), self) < 0)
    .sort((a, b) => compareVersions(parsed(b.version), parsed(a.version)));
  const entry = all.find(({ version }) => version === own);
  const like = entry ?? before[0] ?? all[0];
  if (like === undefined) throw new Error(`operator ${own} knows no release at all`);
  if (entry !== undefined) return [entry, ...before];
  const channels = self.prerelease.length > 0 ? (['candidate'] as const) : (['stable', 'candidate'] as const);
  return [{ ...like, version: own, channels, endOfLife: false }, ...before];
}

/** @throws Error for what is no version: versions of builds and releases are. */
export function parsed(version: string): SemanticVersion {
  const found = parseVersion(version);
  if (found === undefined) throw new Error(`${version} is not a version (MAJOR.MINOR.PATCH)`);
  return found;
}
