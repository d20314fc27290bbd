import type { SemanticVersion } from '../../lib/semver.ts';
import { compareVersions, parseVersion } from '../../lib/semver.ts';
import type { Release } from './releases.ts';
import type { VersionReason, VersionVerdict } from './verdict.ts';
import { versionReasons } from './verdict.ts';

export interface UpgradePathOptions {
  /** `spec.upgrade.force`: everything is allowed. */
  readonly force: boolean;
  /** Tells which minor is the last of its major; without, no other major version can be gone to. */
  readonly known?: readonly Release[];
}

const hint = 'set spec.upgrade.force to do it all the same';

/**
 * Why one version may not follow another; undefined when it may. Going back and leaving out a minor are refused; patches
 * may be left out. The first minor of the next major follows the last one of a major. What is no version by semver.org
 * cannot be judged, and may.
 */
export function checkUpgradePath(
  from: string,
  to: string,
  { force, known = [] }: UpgradePathOptions,
): VersionVerdict | undefined {
  const [old, next] = [parseVersion(from), parseVersion(to)];
  if (force || old === undefined || next === undefined) return undefined;
  if (compareVersions(next, old) < 0) {
    return verdict(versionReasons.downgrade, `${to} is older than ${from}, which runs; ${hint}`);
  }
  if (next.major !== old.major) return majorSkipped({ from, old }, { to, next }, known);
  if (next.minor <= old.minor + 1) return undefined;
  const missing = `${String(old.major)}.${String(old.minor + 1)}`;
  return verdict(
    versionReasons.minorSkipped,
    `from ${from} to ${to} leaves out ${missing}; upgrade to that first, or ${hint}`,
  );
}

interface From {
  readonly from: string;
  readonly old: SemanticVersion;
}

interface To {
  readonly to: string;
  readonly next: SemanticVersion;
}

function majorSkipped({ from, old }: From, { to, next }: To, known: readonly Release[]): VersionVerdict | undefined {
  const minors = known.flatMap(({ version }) => {
    const { major, minor } = parseVersion(version) ?? {};
    return major === old.major && minor !== undefined ? [minor] : [];
  });
  const last = Math.max(old.minor, ...minors);
  const isNext = next.major === old.major + 1 && next.minor === 0;
  if (minors.length > 0 && isNext && last === old.minor) return undefined;
  const way = last > old.minor ? `upgrade to ${String(old.major)}.${String(last)} first, or ${hint}` : hint;
  return verdict(versionReasons.majorSkipped, `from ${from} to ${to} is another major version; ${way}`);
}

function verdict(reason: VersionReason, message: string): VersionVerdict {
  return { reason, message };
}
