import type { Key } from '../../lib/kube/object.ts';
import type { Workload } from '../model/workload.ts';

/** A pod's workload and when the pod was made (RFC 3339). */
export interface Claim {
  readonly workload: Workload;
  readonly createdAt: string;
}

/**
 * Which workload is at which address. An address may be given to a new pod before its last owner is gone; then the
 * younger pod has it, whatever order the two were seen in, and the older gets it back should the younger go first.
 */
export class WorkloadIndex {
  readonly #byAddress = new Map<string, Workload>();
  readonly #ofPod = new Map<Key, Claim>();
  readonly #claims = new Map<string, Map<Key, Claim>>();

  get byAddress(): ReadonlyMap<string, Workload> {
    return this.#byAddress;
  }

  ofPod(pod: Key): Workload | undefined {
    return this.#ofPod.get(pod)?.workload;
  }

  /** Sets or (undefined) removes a pod's workload; returns the addresses that it had or has. */
  put(pod: Key, claim: Claim | undefined): readonly string[] {
    const before = this.#ofPod.get(pod)?.workload.addresses ?? [];
    const after = claim?.workload.addresses ?? [];
    if (claim === undefined) this.#ofPod.delete(pod);
    else this.#ofPod.set(pod, claim);
    for (const address of before) this.#unclaim(address, pod);
    if (claim !== undefined) for (const address of after) this.#claimsOf(address).set(pod, claim);
    const touched = [...new Set([...before, ...after])];
    for (const address of touched) this.#elect(address);
    return touched;
  }

  #claimsOf(address: string): Map<Key, Claim> {
    const claims = this.#claims.get(address) ?? new Map<Key, Claim>();
    this.#claims.set(address, claims);
    return claims;
  }

  #unclaim(address: string, pod: Key): void {
    const claims = this.#claims.get(address);
    claims?.delete(pod);
    if (claims?.size === 0) this.#claims.delete(address);
  }

  #elect(address: string): void {
    let youngest: readonly [Key, Claim] | undefined;
    for (const entry of this.#claims.get(address) ?? noClaims) {
      if (youngest === undefined || rank(entry) > rank(youngest)) youngest = entry;
    }
    if (youngest === undefined) this.#byAddress.delete(address);
    else this.#byAddress.set(address, youngest[1].workload);
  }
}

const noClaims: ReadonlyMap<Key, Claim> = new Map();

function rank([pod, { createdAt }]: readonly [Key, Claim]): string {
  return `${createdAt}|${pod}`;
}
