/** What a version of the control plane may be followed by. `stable` has no previews, `candidate` has every version. */
export const channels = ['stable', 'candidate'] as const;
export type Channel = (typeof channels)[number];

/** Other words for a channel. */
export const channelAliases: Readonly<Record<string, Channel>> = { latest: 'candidate' };

/** What is known of a version. */
export interface Release {
  /** `MAJOR.MINOR.PATCH`, after semver.org. */
  readonly version: string;
  /** When it was released, RFC 3339. */
  readonly createdAt: string;
  readonly channels: readonly Channel[];
  /** The oldest Kubernetes that it runs on: the `30` of 1.30. */
  readonly minKubernetesMinor: number;
  /** The Envoy in its sidecars. */
  readonly envoy: string;
  /** No longer to be installed: there are no more fixes for it. What runs of it is kept until it is upgraded. */
  readonly endOfLife: boolean;
}

/** Every released version, and the one that is being made, oldest first. */
export const releases: readonly Release[] = [
  {
    version: '0.1.0',
    createdAt: '2026-11-24T00:00:00Z',
    channels: ['stable', 'candidate'],
    minKubernetesMinor: 30,
    envoy: '1.40.0',
    endOfLife: false,
  },
];
