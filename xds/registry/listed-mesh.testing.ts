import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import { keyOf } from '../../lib/kube/object.ts';
import { hostOf } from '../model/destination-rules.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { hostnameMatches } from '../model/hostname.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Mesh } from '../model/mesh.ts';
import type { Hostname, Service } from '../model/service.ts';
import { ClientTraitsIndex } from './client-traits-index.ts';
import { NamespacedPolicies } from './namespaced-policies.ts';
import { byPrecedence } from './precedence.ts';
import { ServiceIndex } from './service-index.ts';
import { VirtualServiceIndex } from './virtual-service-index.ts';

/** For tests: what there is of a mesh. */
export interface MeshLists {
  readonly services?: readonly Service[];
  readonly endpoints?: Readonly<Record<Hostname, readonly Endpoint[]>>;
  readonly virtualServices?: readonly VirtualService[];
  readonly destinationRules?: readonly DestinationRule[];
  readonly peerAuthentications?: readonly PeerAuthentication[];
  readonly settings?: Partial<MeshSettings>;
}

/** For tests: a mesh of these model objects, as they are, without workloads and nodes; and every host that it knows. */
export function listedMesh(lists: MeshLists): Mesh & { hosts(): ReadonlySet<Hostname> } {
  const settings = { ...defaultMeshSettings, ...lists.settings };
  const services = new ServiceIndex();
  for (const service of lists.services ?? []) services.put(service.hostname, service);
  const virtualServices = new VirtualServiceIndex();
  const clientTraits = new ClientTraitsIndex();
  for (const it of lists.virtualServices ?? []) {
    for (const key of virtualServices.put(keyOf(it), it, settings).keys) {
      clientTraits.putVirtualService(key, virtualServices.sourceLabelTests(key));
    }
  }
  const rules = [...(lists.destinationRules ?? [])].sort(byPrecedence);
  for (const rule of rules) clientTraits.putDestinationRule(keyOf(rule), rule);
  const policies = new NamespacedPolicies<PeerAuthentication>();
  for (const policy of lists.peerAuthentications ?? []) policies.put(keyOf(policy), policy);
  const endpoints = new Map(Object.entries(lists.endpoints ?? {}));
  const hostOfRule = (rule: DestinationRule): Hostname => hostOf(rule, settings);
  return {
    settings,
    serviceFamilies: services.families,
    hosts: () => new Set([...services.byHost.keys(), ...virtualServices.hosts(), ...rules.map(hostOfRule)]),
    service: (host) => services.byHost.get(host),
    endpoints: (host) => endpoints.get(host) ?? [],
    servicesMatching: (wildcard) => services.matching(wildcard),
    servicesAt: (address) => services.at(address),
    servicesSelecting: (namespace, labels) => services.selecting(namespace, labels),
    virtualServices: (host) => virtualServices.about(host),
    virtualServicesNaming: (otherName) => virtualServices.about(otherName).naming,
    virtualServiceProblems: (virtualService) => virtualServices.problemsOf(virtualService),
    destinationRules: (host) => rules.filter((rule) => hostnameMatches(hostOfRule(rule), host)),
    peerAuthentications: (namespace) => policies.of(namespace, settings.rootNamespace),
    workload: () => undefined,
    hostsAt: (address) =>
      [...endpoints].flatMap(([host, all]) => (all.some((it) => it.address === address) ? [host] : [])),
    locality: () => undefined,
    clientTraits: () => clientTraits.traits,
  };
}
