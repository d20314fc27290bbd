import { create } from '@bufbuild/protobuf';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import type { EncodedResource } from '../snapshot/resource.ts';
import { encodeResource } from '../snapshot/resource.ts';
import type { Changes, Cursor } from '../snapshot/resource-set.ts';
import type { VisibleSets } from '../snapshot/snapshot-engine.ts';
import { Rejections } from './rejections.ts';
import type { VirtualHostScope } from './virtual-host-scope.ts';

/** Resources to send; undefined where there is nothing to say. */
export interface Update {
  readonly resources: readonly EncodedResource[];
  /** Names that are no longer there, or never were; a state of the world says so by leaving them out. */
  readonly removed: readonly string[];
  /** The first of `resources`, where they are a list that many streams are sent. */
  readonly shared?: readonly EncodedResource[];
  /** State of the world: those of `resources` that the client does not have yet; left out for all of them. */
  readonly changed?: readonly EncodedResource[];
}

/** The answer to what was sent last. */
export interface Acknowledgement {
  readonly nonce: string;
  /** Envoy's words where it rejected the response. */
  readonly error?: string;
}

/**
 * Types of which a client that names nothing wants everything (Envoy xDS protocol, "How the client specifies what
 * resources to return"). For virtual hosts Envoy asks once, without names, for all its route configurations.
 */
const wildcardTypes: ReadonlySet<ResourceType> = new Set<ResourceType>(['cluster', 'listener', 'virtualHost']);

/** A response that the client has not answered. */
interface Outstanding extends Update {
  readonly version: string;
}

/**
 * One type's state on one stream: what the client asked for, what it was sent last and how it answered. It knows
 * nothing of gRPC. Memory: the names asked for, and a place in the history of sets that are shared.
 */
export class Subscription {
  readonly type: ResourceType;
  #wildcard = false;
  /** Whether the client has ever named resources: from then on, naming none means wanting none. */
  #explicit = false;
  readonly #names = new Set<string>();
  /** How far the client has been told, of the sets that it saw then. */
  #told: { readonly shared: Cursor; readonly own: Cursor } | undefined;
  readonly #outstanding = new Map<string, Outstanding>();
  readonly #rejections = new Rejections();
  /** Of virtual hosts: the route configurations that the client has. */
  readonly #scope: VirtualHostScope | undefined;
  nonceSent = '';
  /** Of the last response that was accepted. */
  nonceAcked = '';
  versionSent = '';
  versionAcked = '';
  lastSentAt: Date | undefined;
  /** State of the world: Envoy's words of the last rejection, until it accepts a response. */
  #wholeRejected: string | undefined;

  constructor(type: ResourceType, scope?: VirtualHostScope) {
    this.type = type;
    this.#scope = scope;
  }

  /** Envoy's words of a rejection that still holds. */
  get lastError(): string | undefined {
    return this.#rejections.lastError ?? this.#wholeRejected;
  }

  /** Whether the client has answered everything; only then is a change sent, so that changes merge meanwhile. */
  get settled(): boolean {
    return this.#outstanding.size === 0;
  }

  /** The number of responses that the client has not answered. */
  get unanswered(): number {
    return this.#outstanding.size;
  }

  /** State of the world: whether a response must hold everything that the client is subscribed to. */
  get isWhole(): boolean {
    return wildcardTypes.has(this.type);
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
    if (this.#rejections.hasRetries || this.#scope?.hasFresh === true) return true;
    const { resources, removed } = this.#changes(now);
    return resources.length + removed.length > 0;
  }

  wants(name: string): boolean {
    if (this.#scope !== undefined) return this.#scope.hasHost(name);
    return this.#wildcard || this.#names.has(name);
  }

  /** Whether the client has named this resource. */
  names(name: string): boolean {
    return this.#names.has(name);
  }

  /** Gives back what it holds of shared sets. */
  close(): void {
    this.#told?.shared.close();
    this.#told?.own.close();
    this.#told = undefined;
  }

  /**
   * Returns the response that is answered; undefined for a stale nonce, `again` for that of the last response: with it
   * a client changes its names. An answer holds for all earlier responses too: Envoy puts answers off while clusters
   * warm, and then gives the last one only (state of the world).
   */
  acknowledge({ nonce, error }: Acknowledgement): Outstanding | 'again' | undefined {
    const answered = this.#outstanding.get(nonce);
    if (answered === undefined) return nonce === this.nonceSent ? 'again' : undefined;
    for (const earlier of this.#outstanding.keys()) {
      this.#outstanding.delete(earlier);
      if (earlier === nonce) break;
    }
    this.#wholeRejected = error;
    if (error === undefined) {
      this.nonceAcked = nonce;
      this.versionAcked = answered.version;
    }
    return answered;
  }

  /** Sees to it that what was rejected with others is sent without them, see {@link Rejections}. */
  retry(response: Update, error: string): readonly EncodedResource[] {
    this.#wholeRejected = undefined;
    return this.#rejections.add(response, error);
  }

  markSent(nonce: string, version: string, update: Update): void {
    const { resources, removed } = update;
    this.#rejections.forget(update);
    this.#outstanding.set(nonce, { version, resources, removed });
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
    this.#addNames(subscribe, now);
    this.#move(now);
    const wanted = this.#wanted(now);
    const differing = held.size === 0 ? wanted : without(wanted, (it) => this.#isHeld(it, held, now));
    const gone = [...held.keys()].filter(
      (name) => this.#answer(name, now) === undefined && (this.type === 'virtualHost' || this.wants(name)),
    );
    const absent = [...this.#names].filter((name) => !held.has(name) && this.#answer(name, now) === undefined);
    return { ...differing, removed: [...gone, ...absent, ...(this.#scope?.takeAll(now.shared) ?? [])] };
  }

  /**
   * Whether the client need not be sent what it says that it holds. Of virtual hosts that is to be believed where it
   * holds their route configuration. Endpoints that are gone stay until their cluster goes: routes may still lead there.
   */
  #isHeld({ name, version }: EncodedResource, held: ReadonlyMap<string, string>, now: VisibleSets): boolean {
    if (!held.has(name) || this.#scope?.isFresh(name) === true) return false;
    return held.get(name) === version || find(now, name) === undefined;
  }

  /**
   * Delta: takes in a change of the subscription; returns what the client must be sent at once: what it newly asks
   * for, also when it asks again, and also when it does not exist. Who stops asking by name for what a wildcard still
   * covers is told whether it is there (Envoy xDS protocol, "Unsubscribing from resources"). Undefined where nothing
   * is to be said.
   */
  changeDelta(subscribe: readonly string[], unsubscribe: readonly string[], now: VisibleSets): Update | undefined {
    const dropped = unsubscribe.filter((name) => this.#names.delete(name));
    this.#rejections.forget({ resources: [], removed: dropped });
    if (unsubscribe.includes('*')) this.#wildcard = false;
    const becameWildcard = subscribe.includes('*') && !this.#wildcard;
    const names = subscribe.filter((name) => name !== '*');
    const asked = this.#wildcard || becameWildcard ? [...names, ...dropped] : names;
    if (asked.length === 0 && !becameWildcard) return undefined;
    // Whatever else changed meanwhile goes the same way: the client's state is again exactly `now`.
    const pending = this.#changes(now);
    this.#addNames(names, now);
    if (becameWildcard) this.#wildcard = true;
    this.#move(now);
    const found = becameWildcard ? this.#wanted(now).resources : this.#answers(asked, now);
    const resources = [...new Map([...pending.resources, ...found].map((it) => [it.name, it])).values()];
    const absent = asked.filter((name) => this.#answer(name, now) === undefined);
    const sending = new Set(resources.map(({ name }) => name));
    const removed = new Set([...pending.removed, ...absent].filter((name) => !sending.has(name)));
    return { resources, removed: [...removed] };
  }

  /** Delta: what has changed since the last response, and `again`, names to be sent even if unchanged. */
  updateDelta(now: VisibleSets, again: ReadonlySet<string>): Update | undefined {
    const retried = this.#rejections.next((name) => (this.wants(name) ? this.#answer(name, now) : undefined));
    if (retried !== undefined) return retried;
    const changes = this.#unrejected(this.#changes(now));
    const fresh = this.#scope?.hasFresh === true ? this.#scope.hostsOfFresh(now.shared) : [];
    this.#move(now);
    const freshEmpty = this.#scope?.takeFresh(now.shared) ?? [];
    if (again.size + fresh.length + freshEmpty.length === 0) {
      return changes.resources.length + changes.removed.length === 0 ? undefined : changes;
    }
    const sending = new Set(changes.resources.map(({ name }) => name));
    const repeated = this.#answers(
      [...again, ...fresh].filter((name) => !sending.has(name) && this.wants(name)),
      now,
    );
    const answered = new Set(repeated.map(({ name }) => name));
    const gone = changes.removed.filter((name) => !answered.has(name));
    if (changes.resources.length + gone.length + repeated.length + freshEmpty.length === 0) return undefined;
    return { resources: [...changes.resources, ...repeated], removed: [...gone, ...freshEmpty] };
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
    this.#addNames(names, now);
    const added = [...this.#names].filter((name) => !before.has(name));
    if (this.#wildcard !== wasWildcard || (added.length > 0 && wildcardTypes.has(this.type)))
      return this.wholeState(now);
    const asked = this.#answers(added, now);
    if (asked.length === 0) return undefined;
    this.#move(now);
    const still = pending.resources.filter(({ name }) => this.#names.has(name));
    return { resources: [...new Map([...still, ...asked].map((it) => [it.name, it])).values()], removed: [] };
  }

  /** State of the world: everything that the client is subscribed to. */
  wholeState(now: VisibleSets): Update {
    this.#move(now);
    return { ...this.#wanted(now), removed: [] };
  }

  /**
   * State of the world: what to send after a change. Of types that clients want as a whole a response must hold
   * everything; of the others it may hold just what changed.
   */
  updateSotw(now: VisibleSets, again: ReadonlySet<string>): Update | undefined {
    if (wildcardTypes.has(this.type)) {
      const { resources: changed, removed } = this.#changes(now);
      if (changed.length + removed.length === 0) return undefined;
      return { ...this.wholeState(now), removed, changed };
    }
    const update = this.updateDelta(now, again);
    return update === undefined || update.resources.length === 0 ? undefined : { ...update, removed: [] };
  }

  #addNames(names: readonly string[], now: VisibleSets): void {
    for (const name of names) {
      // The set's own string, so that not every stream keeps one of its own.
      if (name !== '*') this.#names.add(find(now, name)?.name ?? name);
    }
  }

  /** The client is told of everything up to now. */
  #move({ shared, own }: VisibleSets): void {
    if (this.#told?.shared.set === shared && this.#told.own.set === own) {
      this.#told.shared.advance();
      this.#told.own.advance();
    } else {
      this.close();
      this.#told = { shared: shared.cursor('now'), own: own.cursor('now') };
    }
  }

  /**
   * What to say of a name that was asked for. Endpoints that do not exist, as of a cluster that went while the client
   * was taking it in, are an empty assignment: Envoy warms a cluster for as long as it has no answer, and takes no
   * other clusters in meanwhile.
   */
  #answer(name: string, now: VisibleSets): EncodedResource | undefined {
    return find(now, name) ?? (this.type === 'endpoint' ? noEndpoints(name) : undefined);
  }

  #answers(names: Iterable<string>, now: VisibleSets): readonly EncodedResource[] {
    const answers: EncodedResource[] = [];
    for (const name of names) {
      const answer = this.#answer(name, now);
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  }

  /** What is there of all that the client is subscribed to. */
  #wanted(now: VisibleSets): Wanted {
    const all = now.shared.everything().changed;
    const isEverything = this.#wildcard
      ? this.#scope?.covers(all) !== false
      : this.#names.size === all.length && now.own.size === 0 && all.every(({ name }) => this.#names.has(name));
    if (isEverything) return { resources: now.own.size === 0 ? all : [...all, ...now.own.values()], shared: all };
    if (!this.#wildcard) return { resources: this.#answers(this.#names, now) };
    return { resources: [...all.filter(({ name }) => this.wants(name)), ...now.own.values()] };
  }

  #changes(now: VisibleSets): Update {
    if (this.#told === undefined) return { resources: [], removed: [] };
    const shared = now.shared.changesFrom(this.#told.shared);
    const own = now.own.changesFrom(this.#told.own);
    if (isNothing(own)) return this.#ofInterest(shared, now);
    return this.#ofInterest(isNothing(shared) ? own : joined(shared, own), now);
  }

  /** Without what changed while it was being found out that the client rejects it. */
  #unrejected(changes: Update): Update {
    if (!changes.resources.some((it) => this.#rejections.isRejected(it))) return changes;
    return { ...without(changes, (it) => this.#rejections.isRejected(it)), removed: changes.removed };
  }

  /** The part of changes that the client asked for; the very list where that is all of them. */
  #ofInterest({ changed, removed }: Changes, now: VisibleSets): Update {
    const mine = ({ name }: EncodedResource): boolean => this.wants(name);
    // A name that moved from one set to the other is not gone.
    const isGone = (name: string): boolean => this.wants(name) && find(now, name) === undefined;
    const all = changed.every(mine);
    return {
      resources: all ? changed : changed.filter(mine),
      removed: removed.every(isGone) ? removed : removed.filter(isGone),
      ...(all && changed.length > 0 ? { shared: changed } : {}),
    };
  }
}

type Wanted = Pick<Update, 'resources' | 'shared'>;

function without({ resources, shared }: Wanted, isHeld: (resource: EncodedResource) => boolean): Wanted {
  const differing = resources.filter((resource) => !isHeld(resource));
  if (differing.length < resources.length || shared === undefined) return { resources: differing };
  return { resources, shared };
}

function isNothing({ changed, removed }: Changes): boolean {
  return changed.length + removed.length === 0;
}

function joined(a: Changes, b: Changes): Changes {
  return { changed: [...a.changed, ...b.changed], removed: [...a.removed, ...b.removed] };
}

function find({ shared, own }: VisibleSets, name: string): EncodedResource | undefined {
  return own.get(name) ?? shared.get(name);
}

function noEndpoints(clusterName: string): EncodedResource {
  const assignment = create(ClusterLoadAssignmentSchema, { clusterName });
  return encodeResource('endpoint', clusterName, ClusterLoadAssignmentSchema, assignment);
}
