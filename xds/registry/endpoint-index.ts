import type { Key, ObjectRef } from '../../lib/kube/object.ts';
import { formatKey, keyOf } from '../../lib/kube/object.ts';
import type { EndpointSlice } from '../../lib/kube/types.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { EndpointContext } from './endpoints.ts';
import { endpointsFromSlice, podOf, serviceNameLabel, sortedEndpoints } from './endpoints.ts';

/** The endpoints of services, from their slices. Services go by `namespace/name`; there need not be one. */
export class EndpointIndex {
  /** Slices by service, then by the slice's own name. */
  readonly #slices = new Map<Key, Map<string, EndpointSlice>>();
  readonly #serviceOfSlice = new Map<Key, Key>();
  readonly #endpoints = new Map<Key, readonly Endpoint[]>();
  /** Services that have an endpoint at an address. */
  readonly #servicesAt = new Map<string, Set<Key>>();
  /** Services that have an endpoint on a node, and the reverse. */
  readonly #servicesOn = new Map<string, Set<Key>>();
  readonly #nodesOf = new Map<Key, ReadonlySet<string>>();
  /** Services that have an endpoint of a pod, known or not, and the reverse. */
  readonly #servicesOfPod = new Map<Key, Set<Key>>();
  readonly #podsOf = new Map<Key, ReadonlySet<Key>>();

  of(service: Key): readonly Endpoint[] {
    return this.#endpoints.get(service) ?? none;
  }

  servicesAt(address: string): readonly Key[] {
    return [...(this.#servicesAt.get(address) ?? [])];
  }

  servicesOn(node: string): readonly Key[] {
    return [...(this.#servicesOn.get(node) ?? [])];
  }

  servicesOfPod(pod: Key): readonly Key[] {
    return [...(this.#servicesOfPod.get(pod) ?? [])];
  }

  /** Returns the services whose endpoints have to be worked out anew. */
  setSlice(slice: EndpointSlice): readonly Key[] {
    const sliceKey = keyOf(slice);
    const name = slice.metadata.labels?.[serviceNameLabel];
    const service = name === undefined ? undefined : formatKey(slice.metadata.namespace, name);
    const before = this.#serviceOfSlice.get(sliceKey);
    const left = before === undefined || before === service ? [] : this.deleteSlice(slice.metadata);
    if (service === undefined) return left;
    this.#serviceOfSlice.set(sliceKey, service);
    const slices = this.#slices.get(service) ?? new Map<string, EndpointSlice>();
    slices.set(slice.metadata.name, slice);
    this.#slices.set(service, slices);
    return [...left, service];
  }

  /** Returns the services whose endpoints have to be worked out anew. */
  deleteSlice(ref: ObjectRef): readonly Key[] {
    const sliceKey = formatKey(ref.namespace, ref.name);
    const service = this.#serviceOfSlice.get(sliceKey);
    if (service === undefined) return [];
    this.#serviceOfSlice.delete(sliceKey);
    const slices = this.#slices.get(service);
    slices?.delete(ref.name);
    if (slices?.size === 0) this.#slices.delete(service);
    return [service];
  }

  /**
   * Works a service's endpoints out from its slices. Undefined when they come out the same, else the addresses that
   * they left or came to.
   */
  update(service: Key, context: EndpointContext): readonly string[] | undefined {
    const before = this.of(service);
    const slices = [...(this.#slices.get(service)?.values() ?? [])];
    const endpoints = sortedEndpoints(slices.flatMap((slice) => endpointsFromSlice(slice, context)));
    this.#indexSources(service, slices);
    if (JSON.stringify(before) === JSON.stringify(endpoints)) return undefined;
    if (endpoints.length === 0) this.#endpoints.delete(service);
    else this.#endpoints.set(service, endpoints);
    return move(this.#servicesAt, service, addressesOf(before), addressesOf(endpoints));
  }

  /** Keeps account of what else the endpoints depend on. */
  #indexSources(service: Key, slices: readonly EndpointSlice[]): void {
    const nodes = new Set<string>();
    const pods = new Set<Key>();
    for (const slice of slices) {
      for (const endpoint of slice.endpoints ?? []) {
        const pod = podOf(slice, endpoint);
        if (pod !== undefined) pods.add(pod);
        if (endpoint.nodeName !== undefined) nodes.add(endpoint.nodeName);
      }
    }
    replace(this.#servicesOn, this.#nodesOf, service, nodes);
    replace(this.#servicesOfPod, this.#podsOf, service, pods);
  }
}

const none: readonly Endpoint[] = [];

function addressesOf(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set(endpoints.map(({ address }) => address));
}

/** Moves an owner from some sets to others; returns the names of those that it left or entered. */
function move<Name extends string>(
  sets: Map<Name, Set<Key>>,
  owner: Key,
  before: ReadonlySet<Name>,
  after: ReadonlySet<Name>,
): readonly Name[] {
  const left = [...before].filter((name) => !after.has(name));
  const entered = [...after].filter((name) => !before.has(name));
  for (const name of left) {
    const set = sets.get(name);
    set?.delete(owner);
    if (set?.size === 0) sets.delete(name);
  }
  for (const name of entered) {
    const set = sets.get(name);
    if (set === undefined) sets.set(name, new Set([owner]));
    else set.add(owner);
  }
  return [...left, ...entered];
}

/** As `move`, where what the owner had is kept as well. */
function replace<Name extends string>(
  sets: Map<Name, Set<Key>>,
  ofOwner: Map<Key, ReadonlySet<Name>>,
  owner: Key,
  after: ReadonlySet<Name>,
): void {
  move(sets, owner, ofOwner.get(owner) ?? new Set(), after);
  if (after.size === 0) ofOwner.delete(owner);
  else ofOwner.set(owner, after);
}
