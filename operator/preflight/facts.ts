import type { ProxyVersions } from '../versions/skew.ts';
import type { Release } from '../versions/releases.ts';
import type { Known } from './finding.ts';

/** All that the checks look at. */
export interface Facts {
  /** The release that the spec asks for. */
  readonly release: Release;
  readonly releases: readonly Release[];
  /** The minor version of Kubernetes, the 31 of 1.31. */
  readonly kubernetesMinor: Known<number>;
  /** `apps/v1`: what the API server serves. */
  readonly served: Known<ReadonlySet<string>>;
  /** What the operator may not do and has to, in words. */
  readonly missingPermissions: Known<readonly string[]>;
  readonly brokenObjects: Known<readonly BrokenObject[]>;
  readonly room: Known<Room>;
  readonly deadWebhooks: Known<readonly DeadWebhook[]>;
  readonly budgets: Known<readonly Budget[]>;
  readonly proxies: Known<readonly ProxyVersions[]>;
}

/** A configuration object that cannot work. */
export interface BrokenObject {
  /** `VirtualService shop/cart`. */
  readonly name: string;
  /** The first of its errors: `spec.http[0].timeout: must be …`. */
  readonly problem: string;
}

/** Where istiod's pods could go. */
export interface Room {
  /** Pods that there are at the height of the upgrade. */
  readonly wanted: number;
  /** Pods that would fit on the nodes if they were empty. */
  readonly fitting: number;
  readonly schedulableNodes: number;
  /** `500m CPU and 512Mi memory`. */
  readonly request: string;
}

/** A webhook that pods wait for and nobody answers. */
export interface DeadWebhook {
  /** `MutatingWebhookConfiguration other-injector (webhook inject.other.dev)`. */
  readonly name: string;
  /** `Service other/injector`. */
  readonly service: string;
}

export interface Budget {
  /** `shop/cart` */
  readonly name: string;
  readonly disruptionsAllowed: number;
  readonly expectedPods: number;
}
