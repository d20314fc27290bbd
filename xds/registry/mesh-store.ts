import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import { formatKey, keyOf } from '../../lib/kube/object.ts';
import type { Key, ObjectMeta, ObjectRef } from '../../lib/kube/object.ts';
import type { EndpointSlice, Service as KubernetesService, Node, Pod } from '../../lib/kube/types.ts';
import type { Endpoint, Locality } from '../model/endpoint.ts';
import { serviceHostname } from '../model/hostname.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import type { Mesh } from '../model/mesh.ts';
import type { Hostname, Service } from '../model/service.ts';
import type { Workload } from '../model/workload.ts';
import { endpointsFromSlice, serviceNameLabel, sortedEndpoints } from './endpoints.ts';
import { serviceFromKubernetes } from './service.ts';
import { workloadFromPod } from './workload.ts';
import { WorkloadIndex } from './workload-index.ts';

/** What a change touched; `hosts` are services whose own object or whose endpoints changed. */
export type MeshChange =
  | { readonly kind: 'service' | 'endpoints'; readonly host: Hostname }
  | { readonly kind: RuleKind; readonly object: Key }
  | { readonly kind: 'workload'; readonly addresses: readonly string[] }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'settings' };

export type RuleKind = 'VirtualService' | 'DestinationRule' | 'PeerAuthentication';

export interface Rules {
  readonly VirtualService: VirtualService;
  readonly DestinationRule: DestinationRule;
  readonly PeerAuthentication: PeerAuthentication;
}

/**
 * The mesh as it follows Kubernetes objects one by one. Each object becomes a model object once, when it changes;
 * everything else keeps its identity, by which translation knows what it has computed already.
 */
export class MeshStore implements Mesh {
  #settings: MeshSettings;
  readonly #services = new Map<Hostname, Service>();
  readonly #endpoints = new Map<Hostname, readonly Endpoint[]>();
  readonly #workloads = new WorkloadIndex();
  readonly #localities = new Map<string, Locality>();
  readonly #kubernetesServices = new Map<Key, KubernetesService>();
  /** Slices by service, then by the slice's own name. */
  readonly #slices = new Map<Key, Map<string, EndpointSlice>>();
  readonly #serviceOfSlice = new Map<Key, Key>();
  /** Services that have an endpoint at an address. */
  readonly #servicesAt = new Map<string, Set<Key>>();
  readonly #rules: { readonly [K in RuleKind]: Map<Key, Rules[K]> } = {
    VirtualService: new Map(),
    DestinationRule: new Map(),
    PeerAuthentication: new Map(),
  };
  /** Rules in precedence order, made when first asked for after a change. */
  #ordered: { -readonly [K in RuleKind]?: readonly Rules[K][] } = {};
  readonly #onChange: (change: MeshChange) => void;

  constructor(settings: MeshSettings, onChange: (change: MeshChange) => void = () => undefined) {
    this.#settings = settings;
    this.#onChange = onChange;
  }

  get settings(): MeshSettings {
    return this.#settings;
  }
  get services(): ReadonlyMap<Hostname, Service> {
    return this.#services;
  }
  get endpoints(): ReadonlyMap<Hostname, readonly Endpoint[]> {
    return this.#endpoints;
  }
  get workloads(): ReadonlyMap<string, Workload> {
    return this.#workloads.byAddress;
  }
  get virtualServices(): readonly VirtualService[] {
    return (this.#ordered.VirtualService ??= inPrecedence(this.#rules.VirtualService));
  }
  get destinationRules(): readonly DestinationRule[] {
    return (this.#ordered.DestinationRule ??= inPrecedence(this.#rules.DestinationRule));
  }
  get peerAuthentications(): readonly PeerAuthentication[] {
    return (this.#ordered.PeerAuthentication ??= inPrecedence(this.#rules.PeerAuthentication));
  }

  setSettings(settings: MeshSettings): void {
    const domainChanged = settings.clusterDomain !== this.#settings.clusterDomain;
    this.#settings = settings;
    if (domainChanged) {
      this.#services.clear();
      this.#endpoints.clear();
      for (const [key, service] of this.#kubernetesServices) this.#putService(key, service);
      for (const key of this.#slices.keys()) this.#updateEndpoints(key);
    }
    this.#onChange({ kind: 'settings' });
  }

  setService(object: KubernetesService): void {
    const key = keyOf(object);
    const before = this.#kubernetesServices.get(key);
    this.#kubernetesServices.set(key, object);
    if (this.#putService(key, object)) this.#onChange({ kind: 'service', host: this.#hostOf(key) });
    if (publishesNotReady(before) !== publishesNotReady(object)) this.#updateEndpoints(key);
  }

  deleteService(ref: ObjectRef): void {
    const key = formatKey(ref.namespace, ref.name);
    const before = this.#kubernetesServices.get(key);
    if (!this.#kubernetesServices.delete(key)) return;
    const host = this.#hostOf(key);
    this.#services.delete(host);
    this.#onChange({ kind: 'service', host });
    if (publishesNotReady(before)) this.#updateEndpoints(key);
  }

  setEndpointSlice(slice: EndpointSlice): void {
    const sliceKey = keyOf(slice);
    const service = slice.metadata.labels?.[serviceNameLabel];
    const serviceKey = service === undefined ? undefined : formatKey(slice.metadata.namespace, service);
    const before = this.#serviceOfSlice.get(sliceKey);
    if (before !== undefined && before !== serviceKey) this.deleteEndpointSlice(slice.metadata);
    if (serviceKey === undefined) return;
    this.#serviceOfSlice.set(sliceKey, serviceKey);
    const slices = this.#slices.get(serviceKey) ?? new Map<string, EndpointSlice>();
    slices.set(slice.metadata.name, slice);
    this.#slices.set(serviceKey, slices);
    this.#updateEndpoints(serviceKey);
  }

  deleteEndpointSlice(ref: ObjectRef): void {
    const sliceKey = formatKey(ref.namespace, ref.name);
    const serviceKey = this.#serviceOfSlice.get(sliceKey);
    if (serviceKey === undefined) return;
    this.#serviceOfSlice.delete(sliceKey);
    const slices = this.#slices.get(serviceKey);
    slices?.delete(ref.name);
    if (slices?.size === 0) this.#slices.delete(serviceKey);
    this.#updateEndpoints(serviceKey);
  }

  setPod(pod: Pod): void {
    const key = keyOf(pod);
    const workload = workloadFromPod(pod);
    // A pod's status changes often; the mesh reads little of it.
    if (JSON.stringify(this.#workloads.ofPod(key)) === JSON.stringify(workload)) return;
    const { creationTimestamp: createdAt = '' } = pod.metadata;
    this.#workloadMoved(this.#workloads.put(key, workload && { workload, createdAt }));
  }

  deletePod(ref: ObjectRef): void {
    const key = formatKey(ref.namespace, ref.name);
    if (this.#workloads.ofPod(key) !== undefined) this.#workloadMoved(this.#workloads.put(key, undefined));
  }

  setNode(node: Node): void {
    const labels = node.metadata.labels ?? {};
    const region = labels['topology.kubernetes.io/region'] ?? '';
    const zone = labels['topology.kubernetes.io/zone'] ?? '';
    const before = this.#localities.get(node.metadata.name);
    if ((before?.region ?? '') === region && (before?.zone ?? '') === zone) return;
    if (region === '' && zone === '') this.#localities.delete(node.metadata.name);
    else this.#localities.set(node.metadata.name, { region, zone });
    this.#nodeMoved(node.metadata.name);
  }

  deleteNode({ name }: ObjectRef): void {
    if (this.#localities.delete(name)) this.#nodeMoved(name);
  }

  localityOf(node: string): Locality | undefined {
    return this.#localities.get(node);
  }

  #nodeMoved(node: string): void {
    this.#onChange({ kind: 'node', node });
    for (const key of this.#slices.keys()) this.#updateEndpoints(key);
  }

  /** A rule without a spec, which schemas let through, is none. */
  setRule<K extends RuleKind>(kind: K, rule: Rules[K]): void {
    if (!hasSpec(rule)) return this.deleteRule(kind, rule.metadata);
    const key = keyOf(rule);
    const before = this.#rules[kind].get(key);
    // Status is written often, by this control plane too; nothing is translated from it.
    if (before !== undefined && meaningOf(before) === meaningOf(rule)) return;
    this.#rules[kind].set(key, rule);
    this.#ruleChanged(kind, key);
  }

  deleteRule(kind: RuleKind, ref: ObjectRef): void {
    const key = formatKey(ref.namespace, ref.name);
    if (this.#rules[kind].delete(key)) this.#ruleChanged(kind, key);
  }

  #ruleChanged(kind: RuleKind, object: Key): void {
    const { [kind]: _stale, ...others } = this.#ordered;
    this.#ordered = others;
    this.#onChange({ kind, object });
  }

  #hostOf(key: Key): Hostname {
    const [namespace = '', name = ''] = key.split('/');
    return serviceHostname(name, namespace, this.#settings.clusterDomain);
  }

  /** Returns whether the service came out another one than it was. */
  #putService(key: Key, object: KubernetesService): boolean {
    const host = this.#hostOf(key);
    const service = serviceFromKubernetes(object, this.#settings.clusterDomain);
    if (JSON.stringify(this.#services.get(host)) === JSON.stringify(service)) return false;
    this.#services.set(host, service);
    return true;
  }

  #workloadMoved(addresses: readonly string[]): void {
    this.#onChange({ kind: 'workload', addresses });
    const touched = new Set(addresses.flatMap((address) => [...(this.#servicesAt.get(address) ?? [])]));
    for (const serviceKey of touched) this.#updateEndpoints(serviceKey);
  }

  /** Makes a service's endpoints anew from its slices; silent when they come out the same. */
  #updateEndpoints(serviceKey: Key): void {
    const host = this.#hostOf(serviceKey);
    const context = {
      workloadAt: (address: string) => this.#workloads.byAddress.get(address),
      localityOf: (node: string) => this.#localities.get(node),
      publishNotReady: publishesNotReady(this.#kubernetesServices.get(serviceKey)),
    };
    const before = this.#endpoints.get(host) ?? [];
    const slices = [...(this.#slices.get(serviceKey)?.values() ?? [])];
    const endpoints = sortedEndpoints(slices.flatMap((slice) => endpointsFromSlice(slice, context)));
    this.#indexAddresses(serviceKey, before, endpoints);
    if (JSON.stringify(before) === JSON.stringify(endpoints)) return;
    if (endpoints.length === 0) this.#endpoints.delete(host);
    else this.#endpoints.set(host, endpoints);
    this.#onChange({ kind: 'endpoints', host });
  }

  #indexAddresses(serviceKey: Key, before: readonly Endpoint[], after: readonly Endpoint[]): void {
    for (const { address } of before) {
      const services = this.#servicesAt.get(address);
      services?.delete(serviceKey);
      if (services?.size === 0) this.#servicesAt.delete(address);
    }
    for (const { address } of after) {
      const services = this.#servicesAt.get(address);
      if (services === undefined) this.#servicesAt.set(address, new Set([serviceKey]));
      else services.add(serviceKey);
    }
  }

  /** Hosts of the services that have an endpoint at the address. */
  hostsAt(address: string): readonly Hostname[] {
    return [...(this.#servicesAt.get(address) ?? [])].map((key) => this.#hostOf(key)).sort();
  }
}

function publishesNotReady(service: KubernetesService | undefined): boolean {
  return service?.spec?.publishNotReadyAddresses === true;
}

function hasSpec(rule: { readonly spec?: object }): boolean {
  return rule.spec !== undefined;
}

/** All of a rule that translation may read. */
function meaningOf({ metadata, spec }: Rules[RuleKind]): string {
  const { labels, annotations, creationTimestamp } = metadata;
  return JSON.stringify([spec, labels, annotations, creationTimestamp]);
}

/** Oldest first, then by namespace and name: the order in which rules win. */
function inPrecedence<T extends { readonly metadata: ObjectMeta }>(rules: ReadonlyMap<Key, T>): readonly T[] {
  const rank = ({ metadata }: T): string => `${metadata.creationTimestamp ?? ''}|${keyOf({ metadata })}`;
  return [...rules.values()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
