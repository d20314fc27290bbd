import type { SemanticVersion } from '../../lib/semver.ts';
import { parseVersion } from '../../lib/semver.ts';
import type { Release } from './releases.ts';
import type { VersionReason, VersionVerdict } from './verdict.ts';
import { versionReasons } from './verdict.ts';

/** What a sidecar consists of, as it tells istiod (`ISTIO_VERSION` and the build version in Envoy's node). */
export interface ProxyVersions {
  /** `pod.namespace`. */
  readonly name: string;
  /** Of the agent. */
  readonly version: string;
  /** Of Envoy, where it is known: a sidecar may run another image than that of its release. */
  readonly envoy?: string;
}

/** How many minors a proxy may be behind its istiod. */
export const servedMinors = 1;

/** How many proxies a message names. */
const named = 5;

/**
 * What keeps an istiod from serving some proxies; undefined when it can serve all. It serves those of its own minor
 * and of the one before, patches in any order: istiod is upgraded first, sidecars follow. An Envoy has to be one of
 * those that the releases in this range have. What is no version by semver.org cannot be judged, and passes.
 */
export function checkSkew(
  istiod: string,
  proxies: readonly ProxyVersions[],
  known: readonly Release[] = [],
): VersionVerdict | undefined {
  const server = parseVersion(istiod);
  if (server === undefined) return undefined;
  const findings = proxies.flatMap((proxy) => {
    const reason = agentSkew(server, proxy) ?? envoySkew(server, proxy, known);
    return reason === undefined ? [] : [{ reason, proxy }];
  });
  const [first] = findings;
  if (first === undefined) return undefined;
  const alike = findings.filter(({ reason }) => reason === first.reason).map(({ proxy }) => proxy);
  return { reason: first.reason, message: message(first.reason, istiod, alike) };
}

function agentSkew(server: SemanticVersion, { version }: ProxyVersions): VersionReason | undefined {
  const proxy = parseVersion(version);
  if (proxy === undefined) return undefined;
  const behind =
    proxy.major === server.major ? server.minor - proxy.minor : server.major - proxy.major > 0 ? Infinity : -Infinity;
  if (behind < 0) return versionReasons.proxyTooNew;
  return behind > servedMinors ? versionReasons.proxyTooOld : undefined;
}

/** Envoy takes configuration by minors too: of a newer one fields may be gone, to an older one they may be unknown. */
function envoySkew(
  server: SemanticVersion,
  { envoy = '' }: ProxyVersions,
  known: readonly Release[],
): VersionReason | undefined {
  const proxy = parseVersion(envoy);
  const minors = known.flatMap((release) => {
    const version = parseVersion(release.version);
    if (version?.major !== server.major) return [];
    const behind = server.minor - version.minor;
    const itsEnvoy = parseVersion(release.envoy);
    return behind >= 0 && behind <= servedMinors && itsEnvoy !== undefined ? [itsEnvoy.minor] : [];
  });
  if (proxy === undefined || minors.length === 0) return undefined;
  if (proxy.minor > Math.max(...minors)) return versionReasons.envoyTooNew;
  return proxy.minor < Math.min(...minors) ? versionReasons.envoyTooOld : undefined;
}

const explanations: Readonly<Partial<Record<VersionReason, string>>> = {
  [versionReasons.proxyTooNew]: 'have sidecars newer than their istiod; upgrade istiod first',
  [versionReasons.proxyTooOld]:
    'have sidecars more than one minor older than istiod; restart them with a version between',
  [versionReasons.envoyTooNew]: 'have an Envoy newer than that of the release; use the image of the release',
  [versionReasons.envoyTooOld]: 'have an Envoy older than those that istiod serves; use the image of the release',
};

function message(reason: VersionReason, istiod: string, proxies: readonly ProxyVersions[]): string {
  const isAboutEnvoy = reason === versionReasons.envoyTooNew || reason === versionReasons.envoyTooOld;
  const names = proxies
    .slice(0, named)
    .map(({ name, version, envoy = '' }) => `${name} (${isAboutEnvoy ? `Envoy ${envoy}` : version})`);
  const more = proxies.length > named ? ` and ${String(proxies.length - named)} more` : '';
  return `pods ${explanations[reason] ?? ''}: istiod is ${istiod}, and there are ${names.join(', ')}${more}`;
}
