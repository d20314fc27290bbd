import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import { formatKey, keyOf, parseKey } from '../../lib/kube/object.ts';
import type { Key, ObjectRef } from '../../lib/kube/object.ts';
import type { EndpointSlice, Service as KubernetesService, Node, Pod } from '../../lib/kube/types.ts';
import { hostOf } from '../model/destination-rules.ts';
import type { Endpoint, Locality } from '../model/endpoint.ts';
import { serviceHostname } from '../model/hostname.ts';
import type { IpFamilies } from '../model/ip-families.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import type { Mesh, MeshChange, VirtualServicesOfHost } from '../model/mesh.ts';
import type { ClientTraits } from '../model/client-traits.ts';
import type { Problem } from '../model/problem.ts';
import type { Hostname, Service } from '../model/service.ts';
import type { Workload } from '../model/workload.ts';
import { ClientTraitsIndex } from './client-traits-index.ts';
import { EndpointIndex } from './endpoint-index.ts';
import { HostIndex } from './host-index.ts';
import { NamespacedPolicies } from './namespaced-policies.ts';
import { byPrecedence } from './precedence.ts';
import { selectorKey, ServiceIndex } from './service-index.ts';
import { serviceFromKubernetes } from './service.ts';
import { VirtualServiceIndex } from './virtual-service-index.ts';
import { workloadFromPod } from './workload.ts';
import { WorkloadIndex } from './workload-index.ts';

export type RuleKind = 'VirtualService' | 'DestinationRule' | 'PeerAuthentication';

export interface Rules {
  readonly VirtualService: VirtualService;
  readonly DestinationRule: DestinationRule;
  readonly PeerAuthentication: PeerAuthentication;
}

/**
 * The mesh as it follows Kubernetes objects one by one. Each object becomes a model object once, when it changes;
 * everything else keeps its identity, and every question that has another answer now is told of.
 */
export class MeshStore implements Mesh {
  #settings: MeshSettings;
  readonly #services = new ServiceIndex();
  readonly #endpoints = new EndpointIndex();
  readonly #workloads = new WorkloadIndex();
  readonly #localities = new Map<string, Locality>();
  readonly #kubernetesServices = new Map<Key, KubernetesService>();
  readonly #virtualServices = new VirtualServiceIndex();
  readonly #destinationRules = new Map<Key, DestinationRule>();
  readonly #destinationRulesByHost = new HostIndex<DestinationRule>(byPrecedence);
  readonly #peerAuthentications = new NamespacedPolicies<PeerAuthentication>();
  readonly #clientTraits = new ClientTraitsIndex();
  readonly #listeners = new Set<(change: MeshChange) => void>();

  constructor(settings: MeshSettings) {
    this.#settings = settings;
  }

  /** Calls back at every change, at once; what is asked then is the new state. */
  onChange(listener: (change: MeshChange) => void): void {
    this.#listeners.add(listener);
  }

  #changed(question: MeshChange['question'], about: string): void {
    for (const listener of this.#listeners) listener({ question, about });
  }

  get settings(): MeshSettings {
    return this.#settings;
  }
  get serviceFamilies(): IpFamilies {
    return this.#services.families;
  }
  get serviceCount(): number {
    return this.#services.byHost.size;
  }
  get virtualServiceCount(): number {
    return this.#virtualServices.size;
  }
  get workloadCount(): number {
    return this.#workloads.byAddress.size;
  }

  services(): readonly Service[] {
    return [...this.#services.byHost.values()];
  }

  /** Every host that something is known of: services', and those that rules are about. */
  hosts(): ReadonlySet<Hostname> {
    return new Set([
      ...this.#services.byHost.keys(),
      ...this.#virtualServices.hosts(),
      ...this.#destinationRulesByHost.hosts(),
    ]);
  }

  service(host: Hostname): Service | undefined {
    return this.#services.byHost.get(host);
  }
  endpoints(host: Hostname): readonly Endpoint[] {
    return this.#endpoints.of(this.#keyOf(host));
  }
  servicesMatching(wildcard: Hostname): readonly Service[] {
    return this.#services.matching(wildcard);
  }
  servicesAt(address: string): readonly Service[] {
    return this.#services.at(address);
  }
  servicesSelecting(namespace: string, labels: Readonly<Record<string, string>>): readonly Service[] {
    return this.#services.selecting(namespace, labels);
  }
  virtualServices(host: Hostname): VirtualServicesOfHost {
    return this.#virtualServices.about(host);
  }
  virtualServicesNaming(otherName: string): readonly VirtualService[] {
    return this.#virtualServices.about(otherName).naming;
  }
  virtualServiceProblems(virtualService: VirtualService): readonly Problem[] {
    return this.#virtualServices.problemsOf(virtualService);
  }
  destinationRules(host: Hostname): readonly DestinationRule[] {
    const naming = this.#destinationRulesByHost.naming(host);
    const covering = this.#destinationRulesByHost.covering(host);
    return covering.length === 0 ? naming : [...naming, ...covering].sort(byPrecedence);
  }
  peerAuthentications(namespace: string): readonly PeerAuthentication[] {
    return this.#peerAuthentications.of(namespace, this.#settings.rootNamespace);
  }
  workload(address: string): Workload | undefined {
    return this.#workloads.byAddress.get(address);
  }
  locality(node: string): Locality | undefined {
    return this.#localities.get(node);
  }
  clientTraits(): ClientTraits {
    return this.#clientTraits.traits;
  }

  setSettings(settings: MeshSettings): void {
    const domainChanged = settings.clusterDomain !== this.#settings.clusterDomain;
    this.#settings = settings;
    if (domainChanged) this.#rename();
    this.#changed('settings', '');
  }

  /** Every host has another name under another domain of the cluster. */
  #rename(): void {
    this.#services.clear();
    for (const [key, service] of this.#kubernetesServices) {
      this.#services.put(this.#hostOf(key), serviceFromKubernetes(service, this.#settings.clusterDomain));
    }
    this.#virtualServices.rebuild(this.#settings);
    for (const [key, rule] of this.#destinationRules) {
      this.#destinationRulesByHost.put(key, [hostOf(rule, this.#settings)], rule);
    }
  }

  setService(object: KubernetesService): void {
    const key = keyOf(object);
    const before = this.#kubernetesServices.get(key);
    this.#kubernetesServices.set(key, object);
    const host = this.#hostOf(key);
    const service = serviceFromKubernetes(object, this.#settings.clusterDomain);
    if (JSON.stringify(this.#services.byHost.get(host)) !== JSON.stringify(service)) this.#putService(host, service);
    if (publishesNotReady(before) !== publishesNotReady(object)) this.#updateEndpoints(key);
  }

  deleteService(ref: ObjectRef): void {
    const key = formatKey(ref.namespace, ref.name);
    const before = this.#kubernetesServices.get(key);
    if (!this.#kubernetesServices.delete(key)) return;
    this.#putService(this.#hostOf(key), undefined);
    if (publishesNotReady(before)) this.#updateEndpoints(key);
  }

  #putService(host: Hostname, service: Service | undefined): void {
    const before = this.#services.byHost.get(host);
    const families = JSON.stringify(this.#services.families);
    this.#services.put(host, service);
    if (JSON.stringify(this.#services.families) !== families) this.#changed('settings', '');
    const versions = [before, service].filter((version) => version !== undefined);
    const addresses = new Set(versions.flatMap((version) => version.addresses));
    // Who shares an address with a service may gain or lose it.
    const sharing = [...addresses].flatMap((address) => this.#services.at(address).map(({ hostname }) => hostname));
    for (const changed of new Set([host, ...sharing])) this.#changed('service', changed);
    for (const selector of new Set(versions.map(selectorKey))) {
      if (selector !== undefined) this.#changed('servicesSelecting', selector);
    }
  }

  setEndpointSlice(slice: EndpointSlice): void {
    for (const service of this.#endpoints.setSlice(slice)) this.#updateEndpoints(service);
  }

  deleteEndpointSlice(ref: ObjectRef): void {
    for (const service of this.#endpoints.deleteSlice(ref)) this.#updateEndpoints(service);
  }

  setPod(pod: Pod): void {
    const key = keyOf(pod);
    const workload = workloadFromPod(pod);
    // A pod's status changes often; the mesh reads little of it.
    if (JSON.stringify(this.#workloads.ofPod(key)) === JSON.stringify(workload)) return;
    const { creationTimestamp: createdAt = '' } = pod.metadata;
    this.#workloadMoved(key, this.#workloads.put(key, workload && { workload, createdAt }));
  }

  deletePod(ref: ObjectRef): void {
    const key = formatKey(ref.namespace, ref.name);
    if (this.#workloads.ofPod(key) !== undefined) this.#workloadMoved(key, this.#workloads.put(key, undefined));
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

  #nodeMoved(node: string): void {
    this.#changed('locality', node);
    for (const service of this.#endpoints.servicesOn(node)) this.#updateEndpoints(service);
  }

  setRule<K extends RuleKind>(kind: K, rule: Rules[K]): void {
    // A rule without a spec, which schemas let through, is none.
    if (!hasSpec(rule)) return this.deleteRule(kind, rule.metadata);
    const key = keyOf(rule);
    const before = this.#ruleOf(kind, key);
    // Status is written often, by this control plane too; nothing is translated from it.
    if (before !== undefined && meaningOf(before) === meaningOf(rule)) return;
    this.#putRule({ kind, key, rule } as RuleUpdate);
  }

  deleteRule(kind: RuleKind, ref: ObjectRef): void {
    const key = formatKey(ref.namespace, ref.name);
    if (this.#ruleOf(kind, key) !== undefined) this.#putRule({ kind, key, rule: undefined });
  }

  #ruleOf(kind: RuleKind, key: Key): Rules[RuleKind] | undefined {
    if (kind === 'VirtualService') return this.#virtualServices.get(key);
    return kind === 'DestinationRule' ? this.#destinationRules.get(key) : this.#peerAuthentications.get(key);
  }

  #putRule(update: RuleUpdate): void {
    if (update.kind === 'VirtualService') this.#putVirtualService(update.key, update.rule);
    else if (update.kind === 'DestinationRule') this.#putDestinationRule(update.key, update.rule);
    else {
      this.#peerAuthentications.put(update.key, update.rule);
      this.#changed('peerAuthentications', parseKey(update.key).namespace ?? '');
    }
  }

  #putVirtualService(key: Key, virtualService: VirtualService | undefined): void {
    const { hosts, keys } = this.#virtualServices.put(key, virtualService, this.#settings);
    const traits = keys.filter((changed) =>
      this.#clientTraits.putVirtualService(changed, this.#virtualServices.sourceLabelTests(changed)),
    );
    if (traits.length > 0) this.#changed('clientTraits', '');
    for (const host of new Set(hosts.flatMap((named) => [named, ...this.#otherwiseKnown(named)]))) {
      this.#changed('virtualServices', host);
    }
  }

  /** Hosts of services that a VirtualService's host is another name or an address of: it takes that name from them. */
  #otherwiseKnown(host: Hostname): readonly Hostname[] {
    const name = host.replace(/^\*\./, '').replace(/\.$/, '');
    const [first = '', namespace, svc, ...rest] = name.split('.');
    const addressed = this.#services.at(host).map(({ hostname }) => hostname);
    // As `*.web`, below which the pods of a headless service `web` are known in its own namespace.
    if (namespace === undefined) return [...addressed, ...this.#services.named(first)];
    const short = rest.length === 0 && (svc === undefined || svc === 'svc');
    const full = short ? serviceHostname(first, namespace, this.#settings.clusterDomain) : name;
    return full === host ? addressed : [...addressed, full];
  }

  #putDestinationRule(key: Key, rule: DestinationRule | undefined): void {
    if (rule === undefined) this.#destinationRules.delete(key);
    else this.#destinationRules.set(key, rule);
    if (this.#clientTraits.putDestinationRule(key, rule)) this.#changed('clientTraits', '');
    const hosts =
      rule === undefined
        ? this.#destinationRulesByHost.delete(key)
        : this.#destinationRulesByHost.put(key, [hostOf(rule, this.#settings)], rule);
    for (const host of hosts) this.#changed('destinationRules', host);
  }

  #hostOf(key: Key): Hostname {
    const [namespace = '', name = ''] = key.split('/');
    return serviceHostname(name, namespace, this.#settings.clusterDomain);
  }

  /** The inverse of `#hostOf`; empty for a host that can be no service's. */
  #keyOf(host: Hostname): Key {
    const [name = '', namespace] = host.split('.');
    const key = formatKey(namespace, name);
    return this.#hostOf(key) === host ? key : '';
  }

  #workloadMoved(pod: Key, addresses: readonly string[]): void {
    for (const address of addresses) this.#changed('workload', address);
    const touched = new Set(addresses.flatMap((address) => this.#endpoints.servicesAt(address)));
    for (const service of this.#endpoints.servicesOfPod(pod)) touched.add(service);
    for (const service of touched) this.#updateEndpoints(service);
  }

  /** Silent when a service's endpoints come out the same. */
  #updateEndpoints(service: Key): void {
    const moved = this.#endpoints.update(service, {
      workloadOf: (pod) => this.#workloads.ofPod(pod),
      workloadAt: (address) => this.#workloads.byAddress.get(address),
      localityOf: (node) => this.#localities.get(node),
      publishNotReady: publishesNotReady(this.#kubernetesServices.get(service)),
    });
    if (moved === undefined) return;
    this.#changed('endpoints', this.#hostOf(service));
    for (const address of moved) this.#changed('hostsAt', address);
  }

  /** Hosts of the services that have an endpoint at the address, sorted. */
  hostsAt(address: string): readonly Hostname[] {
    return this.#endpoints
      .servicesAt(address)
      .map((key) => this.#hostOf(key))
      .sort();
  }
}

type RuleUpdate = {
  readonly [K in RuleKind]: { readonly kind: K; readonly key: Key; readonly rule: Rules[K] | undefined };
}[RuleKind];

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
