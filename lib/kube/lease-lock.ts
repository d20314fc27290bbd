import type { KubeClient } from './client.ts';
import { formatMicroTime } from './clock.ts';
import type { Clock } from './clock.ts';
import { isAlreadyExists, isConflict } from './error.ts';
import { leases } from './resources.ts';
import type { Lease } from './types.ts';

export interface LeaseLockOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseDurationMs: number;
  readonly clock: Clock;
}

/**
 * A Lease as a lock: every write is a PUT with the resourceVersion that was read, so of several writers one wins.
 * Whether another's lease has run out is judged by how long we have seen it unchanged, never by comparing clocks.
 */
export class LeaseLock {
  readonly #options: LeaseLockOptions;
  /** The lease as last read or written. */
  #lease: Lease | undefined;
  #changedAt = 0;
  #holder = '';
  onHolderChange: ((identity: string) => void) | undefined;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
  }

  /** Empty when nobody holds it. */
  get holder(): string {
    return this.#holder;
  }

  get isHeldByOther(): boolean {
    return this.#holder !== '' && this.#holder !== this.#options.identity;
  }

  /** Milliseconds until the lease of another runs out, unless it is renewed; 0 when there is none. */
  untilFreeMs(): number {
    return this.isHeldByOther && this.#lease !== undefined ? Math.max(0, this.#remainingMs(this.#lease)) : 0;
  }

  /** True when the lease is ours after this. Rejects when the API server cannot be asked. */
  async acquireOrRenew(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const limits = { timeoutMs, signal };
    // A holder knows the lease's version and needs no reading, unless somebody meddled.
    if (this.#holder === this.#options.identity && this.#lease !== undefined) {
      if (await this.#write(this.#lease, limits)) return true;
    }
    const lease = await this.#options.client.get(leases, this.#options, limits);
    if (lease === undefined) return this.#create(limits);
    this.#observe(lease);
    if (this.isHeldByOther && this.#remainingMs(lease) > 0) return false;
    return this.#write(lease, limits);
  }

  /** Leaves the lease without a holder, so that the next one need not wait. */
  async release(timeoutMs: number): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined || this.#holder !== this.#options.identity) return;
    const now = formatMicroTime(this.#options.clock.now());
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    this.#holder = '';
    await this.#options.client.replace(leases, { ...lease, spec }, { timeoutMs });
  }

  async #create(limits: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    try {
      const object = { metadata: { namespace, name }, spec: this.#spec(undefined) };
      this.#observe(await client.create(leases, object, limits));
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  async #write(lease: Lease, limits: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<boolean> {
    try {
      const written = await this.#options.client.replace(leases, { ...lease, spec: this.#spec(lease) }, limits);
      this.#observe(written);
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  #spec(lease: Lease | undefined): NonNullable<Lease['spec']> {
    const { identity, leaseDurationMs, clock } = this.#options;
    const now = formatMicroTime(clock.now());
    const isRenewal = lease?.spec?.holderIdentity === identity;
    const transitions = lease?.spec?.leaseTransitions ?? 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: isRenewal ? (lease.spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: isRenewal || lease === undefined ? transitions : transitions + 1,
    };
  }

  #observe(lease: Lease): void {
    if (lease.metadata.resourceVersion !== this.#lease?.metadata.resourceVersion) {
      this.#changedAt = this.#options.clock.monotonic();
    }
    this.#lease = lease;
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder === this.#holder) return;
    this.#holder = holder;
    if (holder !== '') this.onHolderChange?.(holder);
  }

  #remainingMs(lease: Lease): number {
    const durationMs = (lease.spec?.leaseDurationSeconds ?? this.#options.leaseDurationMs / 1000) * 1000;
    return this.#changedAt + durationMs - this.#options.clock.monotonic();
  }
}
