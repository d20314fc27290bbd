/** Every reason that versions give for a refusal. */
export const versionReasons = {
  malformed: 'VersionMalformed',
  unknown: 'VersionUnknown',
  tooNew: 'VersionTooNew',
  endOfLife: 'VersionEndOfLife',
  downgrade: 'Downgrade',
  minorSkipped: 'MinorSkipped',
  majorSkipped: 'MajorSkipped',
  proxyTooNew: 'ProxyTooNew',
  proxyTooOld: 'ProxyTooOld',
  envoyTooNew: 'EnvoyTooNew',
  envoyTooOld: 'EnvoyTooOld',
} as const;

export type VersionReason = (typeof versionReasons)[keyof typeof versionReasons];

/** Why a version cannot be had: a word for machines and a sentence for people. */
export interface VersionVerdict {
  readonly reason: VersionReason;
  readonly message: string;
}
