import { create } from '@bufbuild/protobuf';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import type { EncodedResource } from '../snapshot/resource.ts';
import { encodeResource } from '../snapshot/resource.ts';
import type { ResourceSet } from '../snapshot/resource-set.ts';
import { difference, emptySet } from '../snapshot/resource-set.ts';

/**
 * What a proxy may see of one type: the set it shares with its class and the set that is its own. A name is in one of
 * them at most.
 */
export interface VisibleSets {
  readonly shared: ResourceSet;
  readonly own: ResourceSet;
}

export const nothingVisible: VisibleSets = { shared: emptySet, own: emptySet };

/** Resources to send; undefined where there is nothing to say. */
export interface Update {
  readonly resources: readonly EncodedResource[];
  /** Names that are no longer there, or never were; a state of the world says so by leaving them out. */
  readonly removed: readonly string[];
  /** State of the world: those of `resources` that the client does not have yet; left out for all of them. */
  readonly changed?: readonly EncodedResource[];
}

/** The answer to what was sent last. */
export interface Acknowledgement {
  readonly nonce: string;
  /** Envoy's words where it rejected the response. */
  readonly error?: string;
}

/** Types of which a client that names nothing wants everything (Envoy xDS protocol, "How the client specifies what resources to return"). */
const wildcardTypes: ReadonlySet<ResourceType> = new Set<ResourceType>(['cluster', 'listener']);

/**
 * One type's state on one stream: what the client asked for, what it was sent last and how it answered. It knows
 * nothing of gRPC. Memory: the names asked for, and references to sets that are shared.
 */
export class Subscription {
  readonly type: ResourceType;
  #wildcard = false;
  /** Whether the client has ever named resources: from then on, naming none means wanting none. */
  #explicit = false;
  readonly #names = new Set<string>();
  #sent: VisibleSets = nothingVisible;
  /** Responses that the client has not answered yet: nonce to version. */
  readonly #outstanding = new Map<string, string>();
  nonceSent = '';
  nonceAcked = '';
  versionSent = '';
  versionAcked = '';
  lastSentAt: Date | undefined;
  /** Envoy's words of the last rejection; cleared by an acknowledgement. */
  lastError: string | undefined;

  constructor(type: ResourceType) {
    this.type = type;
  }

  /** Whether the client has answered everything; only then is a change sent, so that changes merge meanwhile. */
  get settled(): boolean {
    return this.#outstanding.size === 0;
  }

  /** The number of responses that the client has not answered. */
  get unanswered(): number {
    return this.#outstanding.size;
  }

  get isWildcard(): boolean {
    return this.#wildcard;
  }

  /** The number of names that the client is subscribed to, `*` not counted. */
  get nameCount(): number {
    return this.#names.size;
  }

  /** Whether the client lacks something of what it may see now. */
  isBehind(now: VisibleSets): boolean {
    const { resources, removed } = this.#changes(now);
    return resources.length + removed.length > 0;
  }

  wants(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** The number of resources that the client is subscribed to and that exist. */
  get resourceCount(): number {
    if (this.#wildcard) return this.#sent.shared.resources.size + this.#sent.own.resources.size;
    let count = 0;
    for (const name of this.#names) if (find(this.#sent, name) !== undefined) count++;
    return count;
  }

  /**
   * Returns false for a stale nonce. That of the last response may come again: with it a client changes its names. An
   * answer holds for all earlier responses too: Envoy puts answers off while clusters warm, and then gives the last one
   * only (state of the world).
   */
  acknowledge({ nonce, error }: Acknowledgement): boolean {
    const version = this.#outstanding.get(nonce);
    if (version === undefined) return nonce === this.nonceSent;
    for (const earlier of this.#outstanding.keys()) {
      this.#outstanding.delete(earlier);
      if (earlier === nonce) break;
    }
    this.nonceAcked = nonce;
    this.lastError = error;
    if (error === undefined) this.versionAcked = version;
    return true;
  }

  markSent(nonce: string, version: string): void {
    this.#outstanding.set(nonce, version);
    this.nonceSent = nonce;
    this.versionSent = version;
    this.lastSentAt = new Date();
  }

  /**
   * Delta: takes in the first request of the type. `held` are the versions that the client still has from another
   * stream; only what differs from them is sent.
   */
  startDelta(subscribe: readonly string[], held: ReadonlyMap<string, string>, now: VisibleSets): Update {
    this.#wildcard = subscribe.includes('*') || (subscribe.length === 0 && wildcardTypes.has(this.type));
    for (const name of subscribe) if (name !== '*') this.#names.add(name);
    this.#sent = now;
    const wanted = this.#wildcard ? everything(now) : this.#answers(this.#names, now);
    const resources = wanted.filter(({ name, version }) => held.get(name) !== version);
    const gone = [...held.keys()].filter((name) => this.wants(name) && this.#answer(name, now) === undefined);
    const absent = [...this.#names].filter((name) => !held.has(name) && this.#answer(name, now) === undefined);
    return { resources, removed: [...gone, ...absent] };
  }

  /**
   * Delta: takes in a change of the subscription; returns what the client must be sent at once: what it newly asks
   * for, also when it asks again, and also when it does not exist. Who stops asking by name for what a wildcard still
   * covers is told whether it is there (Envoy xDS protocol, "Unsubscribing from resources"). Undefined where nothing
   * is to be said.
   */
  changeDelta(subscribe: readonly string[], unsubscribe: readonly string[], now: VisibleSets): Update | undefined {
    const dropped = unsubscribe.filter((name) => this.#names.delete(name));
    if (unsubscribe.includes('*')) this.#wildcard = false;
    const becameWildcard = subscribe.includes('*') && !this.#wildcard;
    const names = subscribe.filter((name) => name !== '*');
    const asked = this.#wildcard || becameWildcard ? [...names, ...dropped] : names;
    if (asked.length === 0 && !becameWildcard) return undefined;
    // Whatever else changed meanwhile goes the same way: the client's state is again exactly `now`.
    const pending = this.#changes(now);
    for (const name of names) this.#names.add(name);
    if (becameWildcard) this.#wildcard = true;
    this.#sent = now;
    const found = becameWildcard ? everything(now) : this.#answers(asked, now);
    const resources = [...new Map([...pending.resources, ...found].map((it) => [it.name, it])).values()];
    const absent = asked.filter((name) => this.#answer(name, now) === undefined);
    const sending = new Set(resources.map(({ name }) => name));
    const removed = new Set([...pending.removed, ...absent].filter((name) => !sending.has(name)));
    return { resources, removed: [...removed] };
  }

  /** Delta: what has changed since the last response, and `again`, names to be sent even if unchanged. */
  updateDelta(now: VisibleSets, again: ReadonlySet<string>): Update | undefined {
    const { resources, removed } = this.#changes(now);
    this.#sent = now;
    const sending = new Set(resources.map(({ name }) => name));
    const repeated = this.#answers(
      [...again].filter((name) => !sending.has(name) && this.wants(name)),
      now,
    );
    const answered = new Set(repeated.map(({ name }) => name));
    const gone = removed.filter((name) => !answered.has(name));
    if (resources.length + gone.length + repeated.length === 0) return undefined;
    return { resources: [...resources, ...repeated], removed: gone };
  }

  /**
   * State of the world: takes in the names of a request. Returns what has to be sent for them; undefined where they
   * are those of the last request, or fewer.
   */
  changeSotw(names: readonly string[], now: VisibleSets): Update | undefined {
    const before = new Set(this.#names);
    const wasWildcard = this.#wildcard;
    // Whatever else changed meanwhile goes the same way.
    const pending = this.#changes(now);
    this.#explicit ||= names.length > 0;
    this.#wildcard = names.includes('*') || (!this.#explicit && wildcardTypes.has(this.type));
    this.#names.clear();
    for (const name of names) if (name !== '*') this.#names.add(name);
    const added = [...this.#names].filter((name) => !before.has(name));
    if (this.#wildcard !== wasWildcard || (added.length > 0 && wildcardTypes.has(this.type)))
      return this.wholeState(now);
    const asked = this.#answers(added, now);
    if (asked.length === 0) return undefined;
    this.#sent = now;
    const still = pending.resources.filter(({ name }) => this.#names.has(name));
    return { resources: [...new Map([...still, ...asked].map((it) => [it.name, it])).values()], removed: [] };
  }

  /** State of the world: everything that the client is subscribed to. */
  wholeState(now: VisibleSets): Update {
    this.#sent = now;
    const resources = this.#wildcard ? everything(now) : this.#answers(this.#names, now);
    return { resources, removed: [] };
  }

  /**
   * State of the world: what to send after a change. Of types that clients want as a whole a response must hold
   * everything; of the others it may hold just what changed.
   */
  updateSotw(now: VisibleSets, again: ReadonlySet<string>): Update | undefined {
    if (wildcardTypes.has(this.type)) {
      const { resources: changed, removed } = this.#changes(now);
      if (changed.length + removed.length === 0) return undefined;
      return { resources: this.wholeState(now).resources, removed, changed };
    }
    const update = this.updateDelta(now, again);
    return update === undefined || update.resources.length === 0 ? undefined : { ...update, removed: [] };
  }

  /**
   * What to say of a name that was asked for. Endpoints that do not exist, as of a cluster that went while the client
   * was taking it in, are an empty assignment: Envoy warms a cluster for as long as it has no answer, and takes no
   * other clusters in meanwhile.
   */
  #answer(name: string, now: VisibleSets): EncodedResource | undefined {
    return find(now, name) ?? (this.type === 'endpoint' ? noEndpoints(name) : undefined);
  }

  #answers(names: Iterable<string>, now: VisibleSets): EncodedResource[] {
    return [...names].flatMap((name) => this.#answer(name, now) ?? []);
  }

  #changes(now: VisibleSets): Update {
    const shared = difference(this.#sent.shared, now.shared);
    const own = difference(this.#sent.own, now.own);
    const changed = [...shared.changed, ...own.changed];
    // A name that moved from one set to the other is not gone.
    const removed = [...shared.removed, ...own.removed].filter((name) => find(now, name) === undefined);
    if (this.#wildcard) return { resources: changed, removed };
    return {
      resources: changed.filter(({ name }) => this.#names.has(name)),
      removed: removed.filter((name) => this.#names.has(name)),
    };
  }
}

function find({ shared, own }: VisibleSets, name: string): EncodedResource | undefined {
  return own.resources.get(name) ?? shared.resources.get(name);
}

function noEndpoints(clusterName: string): EncodedResource {
  const assignment = create(ClusterLoadAssignmentSchema, { clusterName });
  return encodeResource('endpoint', clusterName, ClusterLoadAssignmentSchema, assignment);
}

function everything({ shared, own }: VisibleSets): EncodedResource[] {
  return [...shared.resources.values(), ...own.resources.values()];
}
